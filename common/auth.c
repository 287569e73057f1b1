#include "auth.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "date.h"
#include "mem.h"
#include "stamp.h"

static const char *
header(const struct sigv4_request *r, const char *name)
{
	for (size_t i = 0; i < r->nheaders; i++)
		if (strcasecmp(r->headers[i].name, name) == 0)
			return r->headers[i].value;
	return NULL;
}

/* Is name in the list "a;b;c"? */
static bool
listed(const char *names, const char *name, size_t n)
{
	for (const char *s = names; ; s++) {
		size_t len = strcspn(s, ";");

		if (len == n && strncasecmp(s, name, n) == 0)
			return true;
		s += len;
		if (*s == '\0')
			return false;
	}
}

/* What the signature is as of: x-amz-date wins over Date. */
static const char *
date_of(const struct sigv4_request *r, const char **name)
{
	const char *date = header(r, *name = "x-amz-date");

	return date != NULL ? date : header(r, *name = "date");
}

static enum auth_rc
say(enum auth_rc rc, struct str *why, const char *text)
{
	str_puts(why, text);
	return rc;
}

/* Must this header be signed?  Of a vault's call what decides its meaning, of S3's all that is Amazon's. */
static bool
must_be_signed(const struct sigv4_request *r, const char *name)
{
	static const char *const needed[] = { "x-amz-date", "x-amz-glacier-version", "x-amz-content-sha256", "x-amz-security-token" };

	if (r->s3)
		return strncasecmp(name, "x-amz-", 6) == 0;
	for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
		if (strcasecmp(name, needed[i]) == 0)
			return true;
	return false;
}

static enum auth_rc
check_names(const struct sigv4_request *r, const char *names, struct str *why)
{
	const char *date;

	if (!listed(names, "host", 4))
		return say(AUTH_UNSIGNED, why, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
	date_of(r, &date);
	if (!listed(names, date, strlen(date)))
		return say(AUTH_UNSIGNED, why, "'X-Amz-Date' or 'Date' must be a 'SignedHeader' in the AWS Authorization.");
	for (size_t i = 0; i < r->nheaders; i++) {
		const char *name = r->headers[i].name;

		if (must_be_signed(r, name) && !listed(names, name, strlen(name))) {
			str_format(why, "'%s' must be a 'SignedHeader' in the AWS Authorization.", name);
			return AUTH_UNSIGNED;
		}
	}
	return AUTH_OK;
}

static enum auth_rc
check_scope(const struct auth_keys *k, const struct sigv4_claim *c, const char *date, struct str *why)
{
	if (strncmp(c->date, date, 8) != 0) {
		str_format(why, "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
		    "'%s' != '%.8s', from '%s'.", c->date, date, date);
		return AUTH_SCOPE;
	}
	if (strcmp(c->region, k->region) != 0) {
		str_format(why, "Credential should be scoped to a valid region, not '%s'.", c->region);
		return AUTH_SCOPE;
	}
	if (strcmp(c->service, k->service) != 0) {
		str_format(why, "Credential should be scoped to correct service: '%s'.", k->service);
		return AUTH_SCOPE;
	}
	return AUTH_OK;
}

static enum auth_rc
check_client(const struct auth_keys *k, const struct sigv4_claim *c, const struct sigv4_request *r, struct str *why)
{
	const char *token = header(r, "x-amz-security-token");
	bool same = token == NULL ? k->token == NULL : k->token != NULL && strcmp(token, k->token) == 0;

	if (strcmp(c->access_key, k->access_key) == 0 && same)
		return AUTH_OK;
	return say(AUTH_STRANGER, why, "The security token included in the request is invalid.");
}

/* The signature that r should have. */
static void
compute(char signature[SHA256_HEX], const struct auth_keys *k, const struct sigv4_claim *c, const char *date,
    const struct sigv4_request *r, struct str *canonical, struct str *string)
{
	struct sigv4_scope scope = { date, c->region, c->service };
	struct sigv4_header *h = mem_array(r->nheaders, sizeof *h);
	struct sigv4_request part = *r;
	uint8_t key[SHA256_SIZE];

	part.headers = h;
	part.nheaders = 0;
	for (size_t i = 0; i < r->nheaders; i++)
		if (listed(c->names, r->headers[i].name, strlen(r->headers[i].name)))
			h[part.nheaders++] = r->headers[i];
	sigv4_canonical(canonical, &part);
	sigv4_string(string, &scope, str_get(canonical));
	sigv4_key(key, k->secret, &scope);
	sigv4_sign(signature, key, str_get(string));
	mem_wipe(key, sizeof key);
	free(h);
}

static bool
same_digits(const char *a, const char *b)
{
	unsigned char differ = 0;

	for (size_t i = 0; i < SHA256_HEX - 1; i++)
		differ |= (unsigned char)(a[i] ^ b[i]);
	return differ == 0;
}

enum auth_rc
auth_check(const struct auth_keys *k, const struct sigv4_request *r, struct str *why)
{
	struct str canonical = { 0 }, string = { 0 };
	const char *authorization = header(r, "authorization"), *name, *date = date_of(r, &name);
	char signature[SHA256_HEX];
	struct sigv4_claim c;
	enum auth_rc rc;
	int64_t time;

	if (authorization == NULL)
		return say(AUTH_MISSING, why, "Request is missing Authentication Token");
	if (!sigv4_claim(&c, authorization))
		return say(AUTH_INCOMPLETE, why, "Authorization header is not of the form AWS4-HMAC-SHA256 "
		    "Credential=KEY/DATE/REGION/SERVICE/aws4_request, SignedHeaders=NAMES, Signature=SIGNATURE.");
	if (date == NULL || !stamp_basic(&time, date))
		return say(AUTH_INCOMPLETE, why, "Date must be in ISO-8601 'basic format'. Authorization header requires "
		    "existence of either a 'X-Amz-Date' or a 'Date' header.");
	if ((rc = check_client(k, &c, r, why)) != AUTH_OK || (rc = check_scope(k, &c, date, why)) != AUTH_OK ||
	    (rc = check_names(r, c.names, why)) != AUTH_OK)
		return rc;
	compute(signature, k, &c, date, r, &canonical, &string);
	if (!same_digits(signature, c.signature)) {
		str_puts(why, "The request signature we calculated does not match the signature you provided. "
		    "Check your AWS Secret Access Key and signing method. Consult the service documentation for details.");
		/* A session's token would stand in it. */
		if (k->token == NULL)
			str_format(why, "\n\nThe Canonical String for this request should have been\n'%s'\n\n"
			    "The String-to-Sign should have been\n'%s'\n", str_get(&canonical), str_get(&string));
		rc = AUTH_SIGNATURE;
	}
	str_free(&canonical);
	str_free(&string);
	return rc;
}

enum auth_rc
auth_fresh(const struct auth_keys *k, const struct sigv4_request *r, int64_t now, struct str *why)
{
	char here[DATE_BASIC], limit[DATE_BASIC];
	const char *name, *date = date_of(r, &name);
	int64_t time = 0, off;

	stamp_basic(&time, date != NULL ? date : "");
	off = time / 1000 - now / 1000;
	date_basic(here, now / 1000);
	if (off < -k->window) {
		date_basic(limit, now / 1000 - k->window);
		str_format(why, "Signature expired: %s is now earlier than %s (%s - %d min.)", date, limit, here, k->window / 60);
		return AUTH_SKEW;
	}
	if (off > k->window) {
		date_basic(limit, now / 1000 + k->window);
		str_format(why, "Signature not yet current: %s is still later than %s (%s + %d min.)", date, limit, here, k->window / 60);
		return AUTH_SKEW;
	}
	return AUTH_OK;
}

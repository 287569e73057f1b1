#include "sigv4.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "hex.h"
#include "mem.h"

static const char algorithm[] = "AWS4-HMAC-SHA256";

static bool
unreserved(unsigned char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	    c == '-' || c == '.' || c == '_' || c == '~';
}

static void
encode(struct str *out, const char *s, size_t n, bool slash)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (unreserved(c) || (slash && c == '/'))
			str_add(out, &s[i], 1);
		else
			str_format(out, "%%%02X", c);
	}
}

/* Dot segments and double slashes removed, as RFC 3986 section 5.2.4 does. */
static void
normalise(struct str *out, const char *path)
{
	const char *s = path;
	size_t n, start = out->len;

	str_puts(out, "/");
	while (*s != '\0') {
		s += strspn(s, "/");
		n = strcspn(s, "/");
		if (n == 2 && s[0] == '.' && s[1] == '.') {
			size_t len = out->len - 1;

			while (len > start + 1 && out->s[len - 1] != '/')
				len--;
			out->len = len > start ? len : start + 1;
			out->s[out->len] = '\0';
		} else if (n != 0 && !(n == 1 && s[0] == '.')) {
			str_add(out, s, n);
			if (s[n] == '/')
				str_puts(out, "/");
		}
		s += n;
	}
}

struct pair { struct str key, value; };

static int
pair_order(const void *a, const void *b)
{
	const struct pair *p = a, *q = b;
	int r = strcmp(str_get(&p->key), str_get(&q->key));

	return r != 0 ? r : strcmp(str_get(&p->value), str_get(&q->value));
}

static int
nibble(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 :
	    c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The wire's encoding, whatever it is, into ours. */
static void
recode(struct str *out, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char c = s[i];

		if (c == '%' && n - i > 2 && nibble(s[i + 1]) >= 0 && nibble(s[i + 2]) >= 0) {
			c = (char)(nibble(s[i + 1]) << 4 | nibble(s[i + 2]));
			i += 2;
		}
		encode(out, &c, 1, false);
	}
}

static void
canonical_query(struct str *out, const char *query)
{
	size_t count = 1, n = 0;
	struct pair *pairs;

	if (*query == '\0')
		return;
	for (const char *s = query; *s != '\0'; s++)
		count += *s == '&';
	pairs = mem_array(count, sizeof *pairs);
	for (const char *s = query; *s != '\0'; ) {
		size_t len = strcspn(s, "&"), key = strcspn(s, "=&");

		if (len != 0) {
			recode(&pairs[n].key, s, key);
			if (key < len)
				recode(&pairs[n].value, s + key + 1, len - key - 1);
			n++;
		}
		s += len + (s[len] == '&');
	}
	qsort(pairs, n, sizeof *pairs, pair_order);
	for (size_t i = 0; i < n; i++) {
		str_format(out, "%s%s=%s", i != 0 ? "&" : "", str_get(&pairs[i].key), str_get(&pairs[i].value));
		str_free(&pairs[i].key);
		str_free(&pairs[i].value);
	}
	free(pairs);
}

/* Headers of one name keep their order, so the place in the request breaks ties. */
static int
header_order(const void *a, const void *b)
{
	const struct sigv4_header *const *p = a, *const *q = b;
	int r = strcasecmp((*p)->name, (*q)->name);

	return r != 0 ? r : (*p > *q) - (*p < *q);
}

static const struct sigv4_header **
sorted(const struct sigv4_request *r)
{
	const struct sigv4_header **h = mem_array(r->nheaders, sizeof *h);

	for (size_t i = 0; i < r->nheaders; i++)
		h[i] = &r->headers[i];
	qsort(h, r->nheaders, sizeof *h, header_order);
	return h;
}

static void
lower(struct str *out, const char *s)
{
	for (; *s != '\0'; s++) {
		char c = (char)tolower((unsigned char)*s);

		str_add(out, &c, 1);
	}
}

/* Trimmed, and each run of white space inside is one blank. */
static void
fold(struct str *out, const char *s)
{
	static const char white[] = " \t\r\n\v\f";
	bool first = true;

	for (s += strspn(s, white); *s != '\0'; s += strspn(s, white)) {
		size_t n = strcspn(s, white);

		if (!first)
			str_puts(out, " ");
		first = false;
		str_add(out, s, n);
		s += n;
	}
}

static void
signed_names(struct str *out, const struct sigv4_request *r)
{
	const struct sigv4_header **h = sorted(r);

	for (size_t i = 0; i < r->nheaders; i++) {
		if (i != 0 && strcasecmp(h[i]->name, h[i - 1]->name) == 0)
			continue;
		if (i != 0)
			str_puts(out, ";");
		lower(out, h[i]->name);
	}
	free(h);
}

void
sigv4_canonical(struct str *out, const struct sigv4_request *r)
{
	const struct sigv4_header **h = sorted(r);
	struct str path = { 0 };

	str_format(out, "%s\n", r->method);
	if (r->s3)
		str_puts(out, *r->path != '\0' ? r->path : "/");
	else {
		normalise(&path, r->path);
		encode(out, str_get(&path), path.len, true);
	}
	str_puts(out, "\n");
	canonical_query(out, r->query);
	for (size_t i = 0; i < r->nheaders; i++) {
		if (i != 0 && strcasecmp(h[i]->name, h[i - 1]->name) == 0)
			str_puts(out, ",");
		else {
			str_puts(out, "\n");
			lower(out, h[i]->name);
			str_puts(out, ":");
		}
		fold(out, h[i]->value);
	}
	str_puts(out, "\n\n");
	signed_names(out, r);
	str_format(out, "\n%s", r->payload);
	str_free(&path);
	free(h);
}

static void
scope_string(struct str *out, const struct sigv4_scope *s)
{
	str_format(out, "%.8s/%s/%s/aws4_request", s->time, s->region, s->service);
}

void
sigv4_string(struct str *out, const struct sigv4_scope *s, const char *canonical)
{
	uint8_t hash[SHA256_SIZE];
	char hex[SHA256_HEX];

	sha256(hash, canonical, strlen(canonical));
	hex_put(hex, hash, sizeof hash);
	str_format(out, "%s\n%s\n", algorithm, s->time);
	scope_string(out, s);
	str_format(out, "\n%s", hex);
}

void
sigv4_key(uint8_t key[SHA256_SIZE], const char *secret, const struct sigv4_scope *s)
{
	static const char last[] = "aws4_request";
	uint8_t next[SHA256_SIZE];
	struct str first = { 0 };

	str_format(&first, "AWS4%s", secret);
	hmac_sha256(key, first.s, first.len, s->time, 8);
	hmac_sha256(next, key, SHA256_SIZE, s->region, strlen(s->region));
	hmac_sha256(key, next, SHA256_SIZE, s->service, strlen(s->service));
	hmac_sha256(next, key, SHA256_SIZE, last, sizeof last - 1);
	memcpy(key, next, SHA256_SIZE);
	mem_wipe(next, sizeof next);
	mem_wipe(first.s, first.len);
	str_free(&first);
}

void
sigv4_sign(char hex[SHA256_HEX], const uint8_t key[SHA256_SIZE], const char *string)
{
	uint8_t mac[SHA256_SIZE];

	hmac_sha256(mac, key, SHA256_SIZE, string, strlen(string));
	hex_put(hex, mac, sizeof mac);
}

void
sigv4_authorization(struct str *out, const char *access_key, const char *secret,
    const struct sigv4_scope *s, const struct sigv4_request *r)
{
	struct str canonical = { 0 }, string = { 0 };
	uint8_t key[SHA256_SIZE];
	char signature[SHA256_HEX];

	sigv4_canonical(&canonical, r);
	sigv4_string(&string, s, str_get(&canonical));
	sigv4_key(key, secret, s);
	sigv4_sign(signature, key, str_get(&string));
	mem_wipe(key, sizeof key);
	str_format(out, "%s Credential=%s/", algorithm, access_key);
	scope_string(out, s);
	str_puts(out, ", SignedHeaders=");
	signed_names(out, r);
	str_format(out, ", Signature=%s", signature);
	str_free(&canonical);
	str_free(&string);
}

/* The value of "key=" in the comma-separated rest of the header; cut out in place. */
static char *
field(char *rest, const char *key)
{
	size_t n = strlen(key);

	for (char *s = rest; s != NULL; s = strchr(s, ',')) {
		s += strspn(s, ", ");
		if (strncmp(s, key, n) == 0 && s[n] == '=')
			return s + n + 1;
	}
	return NULL;
}

bool
sigv4_claim(struct sigv4_claim *c, const char *header)
{
	size_t n = strlen(header);
	uint8_t mac[SHA256_SIZE];
	char *rest, *credential, *last = NULL;

	if (n >= sizeof c->text || strncmp(header, algorithm, sizeof algorithm - 1) != 0 ||
	    header[sizeof algorithm - 1] != ' ')
		return false;
	memcpy(c->text, header, n + 1);
	rest = c->text + sizeof algorithm;
	credential = field(rest, "Credential");
	c->names = field(rest, "SignedHeaders");
	c->signature = field(rest, "Signature");
	if (credential == NULL || c->names == NULL || c->signature == NULL)
		return false;
	credential[strcspn(credential, ", ")] = '\0';
	c->names[strcspn(c->names, ", ")] = '\0';
	c->signature[strcspn(c->signature, ", ")] = '\0';

	c->access_key = strtok_r(credential, "/", &last);
	c->date = strtok_r(NULL, "/", &last);
	c->region = strtok_r(NULL, "/", &last);
	c->service = strtok_r(NULL, "/", &last);
	rest = strtok_r(NULL, "/", &last);
	return c->access_key != NULL && c->date != NULL && c->region != NULL && c->service != NULL &&
	    rest != NULL && strcmp(rest, "aws4_request") == 0 && strtok_r(NULL, "/", &last) == NULL &&
	    strlen(c->date) == 8 && strlen(c->signature) == 64 && hex_get(mac, c->signature, sizeof mac);
}

#include "aws.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "cred.h"
#include "date.h"
#include "err.h"
#include "hex.h"
#include "mem.h"
#include "sigv4.h"

enum {
	SKEW = 240,             /* seconds: the service allows 300, and the request takes its time */
	NAP = 100,              /* milliseconds of a wait between two looks at whether to stop */
	SKEW_TRIES = 2          /* a clock is set once; the second time is for a jump in between */
};

static const char empty_sha256[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/* Where requests go.  It may change when the service says so; what was before stays until the end, for who uses it. */
struct place {
	struct place *before;
	char *region, *endpoint, *host, *base;
};

struct aws {
	struct aws_options o;
	char *endpoint, *host, *base, *region, *ca_bundle;      /* as set; endpoint NULL: it follows from the region */
	_Atomic(struct place *) at;
	unsigned tries;
	struct profile *profile;
	struct creds *creds;
	struct http_options http_options;
	struct http **http;             /* by lane; made when first used */

	pthread_mutex_t lock;           /* guards quota, and changes of at */
	int quota;
	_Atomic int64_t skew;           /* seconds that the service's clock is ahead of ours */
};

/* Settings */

static const char *
set(const char *s)
{
	return s != NULL && s[0] != '\0' ? s : NULL;
}

static bool
truth(profile_env *env, const char *name)
{
	const char *s = env(name);

	return s != NULL && strcasecmp(s, "true") == 0;
}

/* A name of a region goes into a host name and into the signature. */
static bool
region_good(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return n > 0 && n < 64 && s[n] == '\0';
}

static char *
region_of_host(const struct aws_options *o, const char *host)
{
	size_t n = strlen(o->service), len;

	if (strncmp(host, o->service, n) != 0 || host[n] != '.')
		return NULL;
	host += n + 1;
	len = strcspn(host, ".");
	return strncmp(host + len, ".amazonaws.com", 14) == 0 ? mem_format("%.*s", (int)len, host) : NULL;
}

static bool
find_region(struct aws *a, struct str *why)
{
	struct str s = { 0 };
	const char *r = set(a->o.region);

	if (r == NULL)
		r = set(a->o.env("AWS_REGION"));
	if (r == NULL)
		r = set(a->o.env("AWS_DEFAULT_REGION"));
	if (r == NULL && profile_config(a->profile, NULL, "region", &s))
		r = str_get(&s);
	if (r != NULL)
		a->region = mem_copy(r);
	else if (a->host != NULL)
		a->region = region_of_host(&a->o, a->host);
	str_free(&s);
	if (a->region == NULL)
		str_puts(why, "no region: give --region, or set AWS_REGION");
	else if (!region_good(a->region))
		str_format(why, "%s: is not the name of a region", a->region);
	else
		return true;
	return false;
}

/* AWS_ENDPOINT_URL_GLACIER */
static const char *
endpoint_variable(struct aws *a)
{
	char *name = mem_format("AWS_ENDPOINT_URL_%s", a->o.service);
	const char *url;

	for (char *c = name; *c != '\0'; c++)
		if (*c >= 'a' && *c <= 'z')
			*c = (char)(*c - 'a' + 'A');
	url = set(a->o.env(name));
	free(name);
	return url != NULL ? url : set(a->o.env("AWS_ENDPOINT_URL"));
}

/* The endpoint where one is set by somebody; else it follows from the region. */
static bool
find_endpoint(struct aws *a, struct str *why)
{
	struct str s = { 0 }, host = { 0 }, base = { 0 };
	const char *url = set(a->o.endpoint);
	bool plain, good = true;

	if (url == NULL && !truth(a->o.env, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")) {
		url = endpoint_variable(a);
		if (url == NULL && profile_endpoint(a->profile, a->o.service, &s))
			url = str_get(&s);
	}
	if (url == NULL) {
		str_free(&s);
		return true;
	}
	if (!http_url(url, &plain, &host, &base)) {
		str_format(why, "%s: is not the URL of an endpoint", url);
		good = false;
	} else if (plain && !a->o.insecure && !http_loopback(str_get(&host))) {
		str_format(why, "%s: is neither https nor on this machine; --insecure-http allows it", url);
		good = false;
	} else {
		a->endpoint = mem_format("%s://%s%s", plain ? "http" : "https", str_get(&host), str_get(&base));
		a->host = mem_copy(str_get(&host));
		a->base = mem_copy(str_get(&base));
		/* The header, and so the signature, has no port where it is the usual one. */
		char *port = strrchr(a->host, ':');
		if (port != NULL && strcmp(port, plain ? ":80" : ":443") == 0)
			*port = '\0';
	}
	str_free(&s);
	str_free(&host);
	str_free(&base);
	return good;
}

/* The names of hosts, as the SDKs' endpoint rules have them. */
static char *
host_in(const struct aws_options *o, const char *region)
{
	const char *cn = strncmp(region, "cn-", 3) == 0 ? ".cn" : "";
	bool fips = truth(o->env, "AWS_USE_FIPS_ENDPOINT") && strncmp(region, "us-gov-", 7) != 0;
	bool dual = truth(o->env, "AWS_USE_DUALSTACK_ENDPOINT");
	const char *bucket = o->bucket != NULL ? o->bucket : "", *dot = o->bucket != NULL ? "." : "";

	if (dual && !o->s3)
		return mem_format("%s%s.%s.api.%s", o->service, fips ? "-fips" : "", region,
		    *cn != '\0' ? "amazonwebservices.com.cn" : "aws");
	return mem_format("%s%s%s%s%s.%s.amazonaws.com%s", bucket, dot, o->service, fips ? "-fips" : "",
	    dual ? ".dualstack" : "", region, cn);
}

/* From now on, in this region. */
static void
move_to(struct aws *a, const char *region)
{
	struct place *p = mem_alloc(sizeof *p);

	p->region = mem_copy(region);
	p->host = a->endpoint != NULL ? mem_copy(a->host) : host_in(&a->o, region);
	p->endpoint = a->endpoint != NULL ? mem_copy(a->endpoint) : mem_format("https://%s", p->host);
	p->base = mem_copy(a->base != NULL ? a->base : "");
	p->before = a->at;
	a->at = p;
}

static bool
find_tries(struct aws *a, struct str *why)
{
	const char *s = set(a->o.env("AWS_MAX_ATTEMPTS"));
	char *end;
	unsigned long n;

	a->tries = RETRY_TRIES;
	if (s == NULL)
		return true;
	n = strtoul(s, &end, 10);
	if (*s < '0' || *s > '9' || *end != '\0' || n < 1 || n > 1000) {
		str_format(why, "AWS_MAX_ATTEMPTS %s: must be a number from 1 to 1000", s);
		return false;
	}
	a->tries = (unsigned)n;
	return true;
}

static void
find_authorities(struct aws *a)
{
	struct str s = { 0 };
	const char *path = set(a->o.env("AWS_CA_BUNDLE"));

	if (path == NULL && profile_config(a->profile, NULL, "ca_bundle", &s))
		path = str_get(&s);
	if (path != NULL)
		a->ca_bundle = mem_copy(path);
	str_free(&s);
}

struct aws *
aws_open(const struct aws_options *o, enum aws_rc *rc, struct str *why)
{
	struct aws *a = mem_alloc(sizeof *a);

	a->o = *o;
	a->quota = RETRY_QUOTA;
	a->http = mem_array(o->lanes, sizeof *a->http);
	pthread_mutex_init(&a->lock, NULL);
	*rc = AWS_DENIED;
	if ((a->profile = profile_open(o->env, why)) == NULL) {
		aws_close(a);
		return NULL;
	}
	*rc = AWS_REFUSED;
	if (find_endpoint(a, why) && find_region(a, why) &&
	    find_tries(a, why)) {
		move_to(a, a->region);
		find_authorities(a);
		a->http_options.ca_bundle = a->ca_bundle;
		if ((a->creds = creds_open(&(struct cred_options){ o->env, a->profile, o->properties, a->at->region, a->ca_bundle,
		    o->insecure }, why)) != NULL) {
			*rc = AWS_OK;
			return a;
		}
		*rc = AWS_DENIED;
	}
	aws_close(a);
	return NULL;
}

void
aws_close(struct aws *a)
{
	struct place *p;

	if (a == NULL)
		return;
	for (unsigned i = 0; i < a->o.lanes; i++)
		http_free(a->http[i]);
	free(a->http);
	while ((p = a->at) != NULL) {
		a->at = p->before;
		free(p->region);
		free(p->endpoint);
		free(p->host);
		free(p->base);
		free(p);
	}
	creds_free(a->creds);
	profile_free(a->profile);
	pthread_mutex_destroy(&a->lock);
	free(a->endpoint);
	free(a->host);
	free(a->base);
	free(a->region);
	free(a->ca_bundle);
	free(a);
}

const char *
aws_region(const struct aws *a)
{
	return a->at->region;
}

const char *
aws_endpoint(const struct aws *a)
{
	return a->at->endpoint;
}

bool
aws_custom(const struct aws *a)
{
	return a->endpoint != NULL;
}

const char *
aws_source(const struct aws *a)
{
	return creds_source(a->creds);
}

/* One try */

void
aws_call_header(struct aws_call *c, const char *name, const char *value)
{
	if (c->nheaders == AWS_HEADERS)
		die(ST_FAIL, "%s: one header too many", name);
	c->headers[c->nheaders++] = (struct http_header){ name, value };
}

struct into { uint8_t *buf; size_t room, n; };

static int
keep(void *with, const void *data, size_t n)
{
	struct into *i = with;

	if (n > i->room - i->n) {
		errno = EMSGSIZE;
		return -1;
	}
	memcpy(i->buf + i->n, data, n);
	i->n += n;
	return 0;
}

/*
 * What is sent with the call's own headers.  host and date belong to it and so
 * they are signed; user-agent is left out of the signature, proxies may change it.
 */
static void
try(struct aws *a, unsigned lane, const struct aws_call *c, const struct cred *cred, struct aws_answer *answer)
{
	struct sigv4_header sign[AWS_HEADERS + 4];
	struct http_header send[AWS_HEADERS + 8];
	char date[DATE_BASIC];
	struct str authorization = { 0 };
	const char *sha = c->sha256 != NULL ? c->sha256 : empty_sha256;
	const struct place *at = a->at;
	char *path = mem_format("%s%s", at->base, c->path);
	char *url = mem_format("%s%s%s%s", at->endpoint, c->path, c->query != NULL ? "?" : "",
	    c->query != NULL ? c->query : "");
	struct into into = { c->into, c->room, 0 };
	size_t n = 0;

	date_basic(date, (int64_t)time(NULL) + a->skew);
	for (size_t i = 0; i < c->nheaders; i++)
		send[n++] = c->headers[i];
	send[n++] = (struct http_header){ "Host", at->host };
	send[n++] = (struct http_header){ "x-amz-date", date };
	send[n++] = (struct http_header){ "x-amz-content-sha256", sha };
	if (cred->token != NULL)
		send[n++] = (struct http_header){ "x-amz-security-token", cred->token };
	for (size_t i = 0; i < n; i++)
		sign[i] = (struct sigv4_header){ send[i].name, send[i].value };
	sigv4_authorization(&authorization, cred->access_key, cred->secret,
	    &(struct sigv4_scope){ date, at->region, a->o.service },
	    &(struct sigv4_request){ c->method, path, c->query != NULL ? c->query : "", sign, n, sha, a->o.s3 });
	send[n++] = (struct http_header){ "Authorization", str_get(&authorization) };
	send[n++] = (struct http_header){ "User-Agent", "glacier-toolkit" };

	if (a->http[lane] == NULL)
		a->http[lane] = http_new(&a->http_options);
	http_try(a->http[lane], &(struct http_request){
	    .method = c->method, .url = url, .headers = send, .nheaders = n,
	    .length = c->length, .source = c->source, .from = c->from,
	    .sink = c->into != NULL ? keep : c->sink, .into = c->into != NULL ? &into : c->with }, &answer->http);
	answer->got = answer->http.got;
	str_free(&authorization);
	free(path);
	free(url);
}

/* What the tries add up to */

static void
read_complaint(struct aws *a, struct aws_answer *answer)
{
	str_clear(&answer->code);
	str_clear(&answer->message);
	str_clear(&answer->id);
	http_find(&answer->http, a->o.request_id, &answer->id);
	if (answer->http.status >= 300)
		a->o.complaint(&answer->http, &answer->code, &answer->message);
}

/* How far our clock is from the service's, by the date of its answer. */
static bool
clock_error(const struct http_answer *answer, int64_t *error)
{
	struct str s = { 0 };
	int64_t t = -1;

	if (http_find(answer, "date", &s))
		t = http_date(str_get(&s));
	str_free(&s);
	*error = t - (int64_t)time(NULL);
	return t >= 0;
}

/* A signature refused for its date: set our idea of the time right, if it was wrong.  true: try again. */
static bool
learn_clock(struct aws *a, const struct aws_answer *answer)
{
	static const char *const codes[] = { "InvalidSignatureException", "SignatureDoesNotMatch",
	    "RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture", "AuthFailure" };
	int64_t error;

	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
		if (strcmp(str_get(&answer->code), codes[i]) != 0)
			continue;
		if (!clock_error(&answer->http, &error) || llabs(error - a->skew) < SKEW)
			return false;
		a->skew = error;
		return true;
	}
	return false;
}

/* Temporary keys that the service knows to be over. */
static bool
has_expired(const struct aws_answer *answer)
{
	const char *code = str_get(&answer->code);

	return strcmp(code, "ExpiredTokenException") == 0 || strcmp(code, "ExpiredToken") == 0 || strcmp(code, "RequestExpired") == 0;
}

/* The service says in which region to ask: do so from now on.  true: try again there. */
static bool
learn_region(struct aws *a, const struct aws_answer *answer)
{
	struct str region = { 0 };
	bool moved = false;

	if (a->o.elsewhere != NULL && a->o.elsewhere(&answer->http, str_get(&answer->code), &region) &&
	    region_good(str_get(&region))) {
		pthread_mutex_lock(&a->lock);
		if (strcmp(a->at->region, str_get(&region)) != 0)
			move_to(a, str_get(&region));
		pthread_mutex_unlock(&a->lock);
		moved = true;
	}
	str_free(&region);
	return moved;
}

/* The clock was right, and still the signature was too old: the body took too long on its way. */
static bool
was_slow(const struct aws_answer *answer)
{
	return strcmp(str_get(&answer->code), "InvalidSignatureException") == 0 &&
	    strstr(str_get(&answer->message), "Signature expired") != NULL;
}

static bool
is_denied(const struct aws_answer *answer)
{
	static const char *const codes[] = { "AccessDeniedException", "AccessDenied", "ExpiredTokenException",
	    "ExpiredToken", "IncompleteSignature", "InvalidAccessKeyId", "InvalidClientTokenId",
	    "InvalidSignatureException", "InvalidToken", "MissingAuthenticationTokenException",
	    "SignatureDoesNotMatch", "UnrecognizedClientException" };

	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
		if (strcmp(str_get(&answer->code), codes[i]) == 0)
			return true;
	return answer->http.status == 401 || (answer->http.status == 403 && answer->code.len == 0);
}

/* Sleep before the next try. */
static void
pause_for(struct aws *a, enum retry kind, const struct aws_answer *answer, int *paid)
{
	struct str s = { 0 };
	struct timespec t;
	long hint = -1, ms;
	unsigned dice;

	if (http_find(&answer->http, "x-amz-retry-after", &s))
		hint = strspn(str_get(&s), "0123456789") == s.len && s.len < 7 ? atol(str_get(&s)) : -1;
	else if (http_find(&answer->http, "retry-after", &s))
		hint = strspn(str_get(&s), "0123456789") == s.len && s.len < 4 ? 1000 * atol(str_get(&s)) : -1;
	str_free(&s);
	clock_gettime(CLOCK_MONOTONIC, &t);
	dice = (unsigned)(t.tv_nsec / 1000 * 2654435761U >> 8) % 1000;
	pthread_mutex_lock(&a->lock);
	*paid = retry_pay(&a->quota, kind);
	pthread_mutex_unlock(&a->lock);
	ms = *paid != 0 ? retry_wait(kind, answer->tries, hint, dice) : RETRY_LONGEST;
	if (a->o.tell != NULL) {
		struct str why = { 0 };

		aws_explain(&why, AWS_REFUSED, answer);
		str_format(&why, ", next try in %ld.%03ld s", ms / 1000, ms % 1000);
		a->o.tell(str_get(&why));
		str_free(&why);
	}
	for (; ms > 0 && !http_stopped(); ms -= NAP) {
		t = (struct timespec){ 0, (ms < NAP ? ms : NAP) * 1000000 };
		nanosleep(&t, NULL);
	}
}

static enum retry
judge(struct aws *a, const struct aws_call *c, const struct aws_answer *answer)
{
	enum retry kind = a->o.again(answer->http.status, str_get(&answer->code));

	if (answer->http.untrusted)
		return RETRY_NO;
	if (kind == RETRY_NO && was_slow(answer))
		kind = RETRY_TRANSIENT;
	if (c->once && kind == RETRY_TRANSIENT && !answer->http.unsent)
		return RETRY_NO;
	return kind;
}

enum aws_rc
aws_call(struct aws *a, unsigned lane, const struct aws_call *c, struct aws_answer *answer)
{
	unsigned clocks = 0;
	bool moved = false, renewed = false;
	struct cred cred;
	enum retry kind;
	int paid = 0;

	answer->tries = 0;
	for (;;) {
		str_clear(&answer->message);
		if (creds_get(a->creds, (int64_t)time(NULL) + a->skew, &cred, &answer->message) != 0) {
			answer->http.status = 0;
			return AWS_DENIED;
		}
		try(a, lane, c, &cred, answer);
		cred_free(&cred);
		answer->tries++;
		read_complaint(a, answer);
		if (answer->http.status >= 200 && answer->http.status < 300) {
			pthread_mutex_lock(&a->lock);
			retry_refund(&a->quota, paid);
			pthread_mutex_unlock(&a->lock);
			return AWS_OK;
		}
		if (answer->http.local != 0)
			return answer->http.local == EMSGSIZE ? AWS_LOST : AWS_LOCAL;
		if (answer->http.status == 0 && answer->got != 0)
			return AWS_SHORT;
		if (clocks < SKEW_TRIES && learn_clock(a, answer)) {
			clocks++;
			continue;
		}
		if (!renewed && has_expired(answer) && (renewed = creds_expired(a->creds)))
			continue;
		if (!moved && (moved = learn_region(a, answer)))
			continue;
		kind = judge(a, c, answer);
		if (kind == RETRY_NO || answer->tries >= a->tries || http_stopped())
			break;
		pause_for(a, kind, answer, &paid);
	}
	if (kind != RETRY_NO || a->o.again(answer->http.status, str_get(&answer->code)) != RETRY_NO)
		return AWS_LOST;
	return is_denied(answer) ? AWS_DENIED : AWS_REFUSED;
}

void
aws_answer_free(struct aws_answer *answer)
{
	http_answer_free(&answer->http);
	str_free(&answer->code);
	str_free(&answer->message);
	str_free(&answer->id);
}

void
aws_encode(struct str *out, const char *s, bool path)
{
	for (; *s != '\0'; s++)
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~", *s) != NULL ||
		    (path && *s == '/'))
			str_add(out, s, 1);
		else
			str_format(out, "%%%02X", (unsigned char)*s);
}

bool
aws_begins_at(const struct aws_answer *answer, uint64_t first, uint64_t last)
{
	struct str s = { 0 };
	char want[64];
	bool good;

	snprintf(want, sizeof want, "bytes %" PRIu64 "-%" PRIu64 "/", first, last);
	good = http_find(&answer->http, "content-range", &s) ? strncmp(str_get(&s), want, strlen(want)) == 0 : first == 0;
	str_free(&s);
	return good;
}

void
aws_explain(struct str *out, enum aws_rc rc, const struct aws_answer *answer)
{
	const struct http_answer *h = &answer->http;

	if (rc == AWS_DENIED && h->status == 0)
		str_puts(out, str_get(&answer->message));
	else if (h->status == 0)
		str_puts(out, h->trouble);
	else {
		str_format(out, "%d", h->status);
		if (answer->code.len != 0)
			str_format(out, " %s", str_get(&answer->code));
		if (answer->message.len != 0)
			str_format(out, ": %.300s", str_get(&answer->message));
	}
	while (out->len > 0 && (out->s[out->len - 1] == '.' || out->s[out->len - 1] == '\n'))
		out->s[--out->len] = '\0';
	if (answer->id.len != 0)
		str_format(out, " (request %.100s)", str_get(&answer->id));
	if (answer->tries > 1 && rc != AWS_REFUSED && rc != AWS_DENIED)
		str_format(out, ", giving up after %u tries", answer->tries);
}

/*
 * A request passes two gates, as in service.c: when its headers are in (is it
 * signed, is there such a call and such a bucket, may its body come?), and when
 * its body is (is it the one that was signed, and are its checksums what the
 * client says?).  Unlike a vault's, its date is looked at when it begins.
 */
#include "s3service.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "auth.h"
#include "do_bucket.h"
#include "do_multipart.h"
#include "do_object.h"
#include "hex.h"
#include "mem.h"
#include "range.h"
#include "s3call.h"
#include "spoil.h"
#include "stamp.h"

enum {
	TEXT_MAX = 4 << 20,             /* bytes in a body that is not data: 10,000 parts with their checksums */
	WINDOW = 900                    /* seconds */
};

struct s3service {
	struct service_options o;
	struct buckets *buckets;
};

enum level { SERVICE, BUCKET, OBJECT };

struct s3route {
	const char *name;               /* AWS's, of the operation */
	const char *method;
	enum level level;
	const char *sub;                /* a name in the query, or NULL: none of those that mean something */
	enum { NOTHING, TEXT, DATA } body;
	bool bucket;                    /* it must be there */
	bool (*expect)(struct s3call *);        /* or NULL */
	void (*answer)(struct s3call *);
};

static const struct s3route routes[] = {
	{ "ListBuckets", "GET", SERVICE, NULL, NOTHING, false, NULL, do_bucket_list },
	{ "CreateBucket", "PUT", BUCKET, NULL, TEXT, false, NULL, do_bucket_create },
	{ "HeadBucket", "HEAD", BUCKET, NULL, NOTHING, true, NULL, do_bucket_head },
	{ "DeleteBucket", "DELETE", BUCKET, NULL, NOTHING, true, NULL, do_bucket_delete },
	{ "GetBucketLocation", "GET", BUCKET, "location", NOTHING, true, NULL, do_bucket_location },
	{ "GetBucketVersioning", "GET", BUCKET, "versioning", NOTHING, true, NULL, do_bucket_versioning },
	{ "ListMultipartUploads", "GET", BUCKET, "uploads", NOTHING, true, NULL, do_multipart_list },
	{ "ListObjectsV2", "GET", BUCKET, "list-type", NOTHING, true, NULL, do_bucket_objects },
	{ "ListObjects", "GET", BUCKET, NULL, NOTHING, true, NULL, do_bucket_objects },
	{ "DeleteObjects", "POST", BUCKET, "delete", TEXT, true, NULL, do_bucket_remove },
	{ "UploadPart", "PUT", OBJECT, "uploadId", DATA, true, do_multipart_expect, do_multipart_put },
	{ "PutObject", "PUT", OBJECT, NULL, DATA, true, do_object_expect, do_object_put },
	{ "ListParts", "GET", OBJECT, "uploadId", NOTHING, true, NULL, do_multipart_parts },
	{ "PutObjectTagging", "PUT", OBJECT, "tagging", TEXT, true, NULL, do_object_tag },
	{ "DeleteObjectTagging", "DELETE", OBJECT, "tagging", NOTHING, true, NULL, do_object_untag },
	{ "GetObjectTagging", "GET", OBJECT, "tagging", NOTHING, true, NULL, do_object_tags },
	{ "GetObject", "GET", OBJECT, NULL, NOTHING, true, NULL, do_object_get },
	{ "HeadObject", "HEAD", OBJECT, NULL, NOTHING, true, NULL, do_object_get },
	{ "CreateMultipartUpload", "POST", OBJECT, "uploads", NOTHING, true, NULL, do_multipart_begin },
	{ "CompleteMultipartUpload", "POST", OBJECT, "uploadId", TEXT, true, NULL, do_multipart_complete },
	{ "RestoreObject", "POST", OBJECT, "restore", TEXT, true, NULL, do_object_restore },
	{ "AbortMultipartUpload", "DELETE", OBJECT, "uploadId", NOTHING, true, NULL, do_multipart_abort },
	{ "DeleteObject", "DELETE", OBJECT, NULL, NOTHING, true, NULL, do_object_remove },
};

/* What a query may ask for that is a call of its own. */
static const char *const subs[] = {
	"accelerate", "acl", "analytics", "attributes", "cors", "delete", "encryption", "intelligent-tiering", "inventory",
	"legal-hold", "lifecycle", "location", "logging", "metrics", "notification", "object-lock", "ownershipControls", "policy",
	"policyStatus", "publicAccessBlock", "replication", "requestPayment", "restore", "retention", "select", "tagging", "torrent",
	"uploadId", "uploads", "versioning", "versions", "website"
};

/* The bucket before the endpoint's name, where the host has one: BUCKET.s3.REGION..., BUCKET.localhost. */
static char *
bucket_of_host(const char *host)
{
	const char *end = host != NULL ? strstr(host, ".s3.") : NULL;

	if (end == NULL && host != NULL)
		end = strstr(host, ".localhost");
	return end != NULL && end != host ? mem_format("%.*s", (int)(end - host), host) : NULL;
}

/* Cut the path up; false and refused. */
static bool
take_path(struct s3call *c)
{
	const char *s = httpd_path(c->r);
	size_t n;

	if (*s++ != '/')
		return s3_refuse(c, 400, "InvalidURI", NULL, "Couldn't parse the specified URI.");
	if ((c->name = bucket_of_host(httpd_header(c->r, "host"))) == NULL && *s != '\0') {
		n = strcspn(s, "/");
		c->name = s3_decode(s, n, false);
		s += n + (s[n] == '/');
		if (c->name == NULL)
			return s3_refuse(c, 400, "InvalidURI", NULL, "Couldn't parse the specified URI.");
	}
	if (*s != '\0' && (c->key = s3_decode(s, strlen(s), false)) == NULL)
		return s3_refuse(c, 400, "InvalidURI", NULL, "Couldn't parse the specified URI.");
	return true;
}

static bool
find_route(struct s3call *c)
{
	enum level level = c->key != NULL ? OBJECT : c->name != NULL ? BUCKET : SERVICE;
	bool sub = false;

	for (size_t i = 0; i < sizeof subs / sizeof subs[0]; i++)
		sub = sub || s3_asks(c, subs[i]);
	for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
		const struct s3route *r = &routes[i];

		if (r->level == level && strcmp(r->method, httpd_method(c->r)) == 0 &&
		    (r->sub == NULL ? !sub : s3_asks(c, r->sub))) {
			c->route = r;
			return true;
		}
	}
	if (sub)
		return s3_refuse(c, 501, "NotImplemented", NULL, "A header or query you provided requested a function that is "
		    "not implemented: %s", httpd_query(c->r));
	return s3_refuse(c, 405, "MethodNotAllowed", NULL, "The specified method is not allowed against this resource.");
}

static bool
refuse_auth(struct s3call *c, enum auth_rc rc, const char *why)
{
	char *extra;

	switch (rc) {
	case AUTH_OK:
		return true;
	case AUTH_MISSING:
		return s3_refuse(c, 403, "AccessDenied", NULL, "Access Denied");
	case AUTH_INCOMPLETE:
		return s3_refuse(c, 400, "AuthorizationHeaderMalformed", NULL, "The authorization header is malformed; %s", why);
	case AUTH_STRANGER:
		if (httpd_header(c->r, "x-amz-security-token") != NULL || c->o->keys.token != NULL)
			return s3_refuse(c, 400, "InvalidToken", NULL, "The provided token is malformed or otherwise invalid.");
		return s3_refuse(c, 403, "InvalidAccessKeyId", NULL, "The AWS Access Key Id you provided does not exist in our records.");
	case AUTH_SCOPE:
		httpd_set(c->r, "x-amz-bucket-region", c->o->keys.region);
		extra = mem_format("<Region>%s</Region>", c->o->keys.region);
		s3_refuse(c, 400, "AuthorizationHeaderMalformed", extra, "The authorization header is malformed; %s", why);
		free(extra);
		return false;
	case AUTH_UNSIGNED:
		return s3_refuse(c, 403, "AccessDenied", NULL, "There were headers present in the request which were not signed: %s", why);
	case AUTH_SKEW:
		extra = mem_format("<MaxAllowedSkewMilliseconds>%d</MaxAllowedSkewMilliseconds>", WINDOW * 1000);
		s3_refuse(c, 403, "RequestTimeTooSkewed", extra, "The difference between the request time and the current time is too "
		    "large.");
		free(extra);
		return false;
	case AUTH_SIGNATURE:
		break;
	}
	return s3_refuse(c, 403, "SignatureDoesNotMatch", NULL, "%s", why);
}

/* Is it signed, for what its header says its body is, and not too long ago?  false and refused. */
static bool
check_signature(struct s3call *c)
{
	const char *payload = httpd_header(c->r, "x-amz-content-sha256");
	struct sigv4_request r = { .method = httpd_method(c->r), .path = httpd_path(c->r), .query = httpd_query(c->r),
	    .payload = payload, .s3 = true };
	struct str why = { 0 };
	enum auth_rc rc;
	bool good;

	if (payload == NULL && httpd_header(c->r, "authorization") != NULL)
		return s3_refuse(c, 400, "InvalidRequest", NULL, "Missing required header for this request: x-amz-content-sha256");
	r.payload = payload != NULL ? payload : "";
	r.headers = httpd_headers(c->r, &r.nheaders);
	rc = auth_check(&c->o->keys, &r, &why);
	if (rc == AUTH_OK)
		rc = auth_fresh(&c->o->keys, &r, c->now, &why);
	good = refuse_auth(c, rc, str_get(&why));
	str_free(&why);
	return good;
}

/* Data that is no longer in chunks.  0; -1 and errno. */
static int
keep(struct s3call *c, const void *bytes, size_t n)
{
	checksum_add(c->md5, bytes, n);
	if (c->checksum != NULL)
		checksum_add(c->checksum, bytes, n);
	if (c->put != NULL)
		return mpu_write(c->put, bytes, n);
	if (c->in != NULL)
		return receiving_write(c->in, bytes, n);
	if (c->length <= TEXT_MAX)
		str_add(&c->text, bytes, n);
	return 0;
}

static int
keep_chunk(void *call, const void *bytes, size_t n)
{
	struct s3call *c = call;

	c->decoded += n;
	return keep(c, bytes, n);
}

static void
keep_trailer(void *call, const char *name, const char *value)
{
	struct s3call *c = call;

	if (c->kind != CHECKSUM_NONE && c->trailer == NULL && strcmp(name, checksum_header(c->kind)) == 0)
		c->trailer = mem_copy(value);
}

/* A body in chunks; false and refused. */
static bool
take_chunks(struct s3call *c, const char *payload)
{
	static const struct chunked_calls calls = { keep_chunk, keep_trailer };
	bool is_signed = strncmp(payload, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", 34) == 0;
	const char *date = httpd_header(c->r, "x-amz-date");
	struct chunked_signed s = { .time = date, .region = c->o->keys.region, .service = c->o->keys.service };
	struct sigv4_scope scope = { date, s.region, s.service };
	struct sigv4_claim *claim;

	if (c->route->body != DATA || date == NULL ||
	    (strcmp(payload, "STREAMING-UNSIGNED-PAYLOAD-TRAILER") != 0 && !is_signed) ||
	    (is_signed && payload[34] != '\0' && strcmp(payload + 34, "-TRAILER") != 0))
		return s3_refuse(c, 501, "NotImplemented", NULL, "This way to transfer a payload is not implemented: %s", payload);
	if (is_signed) {
		claim = mem_alloc(sizeof *claim);
		sigv4_claim(claim, httpd_header(c->r, "authorization"));
		memcpy(s.seed, claim->signature, sizeof s.seed);
		free(claim);
		sigv4_key(s.key, c->o->keys.secret, &scope);
	}
	c->chunked = chunked_new(is_signed ? &s : NULL, &calls, c);
	mem_wipe(&s, sizeof s);
	return true;
}

/* What the body is to be checked with; false and refused. */
static bool
take_payload(struct s3call *c)
{
	const char *payload = httpd_header(c->r, "x-amz-content-sha256");
	uint8_t hash[SHA256_SIZE];

	if (strcmp(payload, "UNSIGNED-PAYLOAD") == 0)
		return true;
	if (strncmp(payload, "STREAMING-", 10) == 0)
		return take_chunks(c, payload);
	if (strlen(payload) != 2 * SHA256_SIZE || !hex_get(hash, payload, SHA256_SIZE))
		return s3_refuse(c, 400, "InvalidArgument", NULL, "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, "
		    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD, or a valid sha256 value.");
	c->digest = sha256_new();
	return true;
}

static bool
take_checksums(struct s3call *c)
{
	const char *named = httpd_header(c->r, "x-amz-sdk-checksum-algorithm"), *md5 = httpd_header(c->r, "content-md5"), *s;
	const char *trailer = c->chunked != NULL ? httpd_header(c->r, "x-amz-trailer") : NULL;
	uint8_t raw[SHA256_SIZE];

	for (unsigned k = CHECKSUM_CRC32; k <= CHECKSUM_SHA256; k++) {
		if ((s = httpd_header(c->r, checksum_header((enum checksum_kind)k))) == NULL)
			continue;
		/* Of CompleteMultipartUpload it is of the whole, not of this body. */
		if (c->route->body == TEXT && strcmp(c->route->sub != NULL ? c->route->sub : "", "uploadId") == 0)
			continue;
		if (c->kind != CHECKSUM_NONE)
			return s3_refuse(c, 400, "InvalidRequest", NULL, "Expecting a single x-amz-checksum- header. Multiple checksum "
			    "Types are not allowed.");
		if (!checksum_valid((enum checksum_kind)k, s, raw))
			return s3_refuse(c, 400, "InvalidRequest", NULL, "Value for %s header is invalid.",
			    checksum_header((enum checksum_kind)k));
		c->kind = (enum checksum_kind)k;
		c->checksum = checksum_new(c->kind);
	}
	for (unsigned k = CHECKSUM_CRC32; trailer != NULL && c->kind == CHECKSUM_NONE && k <= CHECKSUM_SHA256; k++)
		if (strcasecmp(trailer, checksum_header((enum checksum_kind)k)) == 0) {
			c->kind = (enum checksum_kind)k;
			c->checksum = checksum_new(c->kind);
		}
	if (named != NULL && c->route->body != NOTHING && (c->kind == CHECKSUM_NONE || checksum_named(named) != c->kind))
		return s3_refuse(c, 400, "InvalidRequest", NULL, "x-amz-sdk-checksum-algorithm specified, but no corresponding "
		    "x-amz-checksum-* or x-amz-trailer headers were found.");
	if (md5 != NULL && !checksum_valid(CHECKSUM_MD5, md5, raw))
		return s3_refuse(c, 400, "InvalidDigest", NULL, "The Content-MD5 you specified is not valid.");
	if (c->route->body != NOTHING)
		c->md5 = checksum_new(CHECKSUM_MD5);
	return true;
}

/* Is a body coming that has its length, and is not too long?  false and refused. */
static bool
check_framing(struct s3call *c)
{
	const char *length = httpd_header(c->r, c->chunked != NULL ? "x-amz-decoded-content-length" : "content-length");
	uint64_t n = 0;

	if ((c->chunked == NULL && httpd_header(c->r, "transfer-encoding") != NULL) || (length == NULL && c->route->body == DATA))
		return s3_refuse(c, 411, "MissingContentLength", NULL, "You must provide the Content-Length HTTP header.");
	if (length != NULL && !range_number(&n, length, INT64_MAX))
		return s3_refuse(c, 400, "BadRequest", NULL, "An error occurred when parsing the HTTP request.");
	if (c->route->body == DATA && n > (uint64_t)OBJECT_MAX_GIB << 30)
		return s3_refuse(c, 400, "EntityTooLarge", NULL, "Your proposed upload exceeds the maximum allowed size");
	if (c->route->body == TEXT && n > TEXT_MAX)
		return s3_refuse(c, 400, "MaxMessageLengthExceeded", NULL, "Your request was too big.");
	return true;
}

static bool
check_bucket(struct s3call *c)
{
	const char *owner = httpd_header(c->r, "x-amz-expected-bucket-owner");

	if (c->route->bucket && (c->bucket = bucket_find(c->buckets, c->name)) == NULL)
		return s3_no_bucket(c);
	return owner == NULL || strcmp(owner, c->o->account) == 0 || s3_refuse(c, 403, "AccessDenied", NULL, "Access Denied");
}

/* The upload or the thawed copy that is named has gone, if that is the fault. */
static void
expire(struct s3call *c)
{
	char *id = c->fault.kind == FAULT_EXPIRE ? s3_query(c, "uploadId") : NULL;
	struct object o = { 0 };
	struct mpu *up;

	if (id != NULL && (up = mpu_find(bucket_uploads(c->bucket), id)) != NULL) {
		if (mpu_end(up))
			mpu_remove(up);
		mpu_drop(up);
	} else if (c->fault.kind == FAULT_EXPIRE && c->key != NULL && bucket_get(c->bucket, c->key, &o) && o.expires > c->now)
		bucket_restore(c->bucket, c->key, c->now, c->now, c->now);
	object_clear(&o);
	free(id);
}

/* An error behind a status of 200, as AWS sends where it began to answer before it knew. */
static void
make_late(struct s3call *c)
{
	static const char text[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\n   \n<Error><Code>InternalError</Code>"
	    "<Message>We encountered an internal error. Please try again.</Message><RequestId>656c76696e6727732072</RequestId>"
	    "<HostId>Uuag1LuByRx9e6j5Onimru9pO4ZVKnJ2Qz7</HostId></Error>";

	httpd_shorten(c->r, 0);
	httpd_text(c->r, text, sizeof text - 1);
	httpd_answer(c->r, 200);
}

/* The answer is there: spoil it, if that is the fault. */
static void
spoil(struct s3call *c)
{
	const char *const hashes[] = { "ETag", checksum_header(CHECKSUM_CRC32), checksum_header(CHECKSUM_CRC32C),
	    checksum_header(CHECKSUM_CRC64NVME), checksum_header(CHECKSUM_SHA1), checksum_header(CHECKSUM_SHA256) };

	if (c->fault.kind == FAULT_LATE && strcmp(c->route->name, "CompleteMultipartUpload") == 0 && c->error.len == 0)
		make_late(c);
	spoil_answer(&c->fault, c->r, strcmp(c->route->name, "GetObject") == 0 && c->error.len == 0, hashes,
	    sizeof hashes / sizeof hashes[0]);
}

static void
open_gate(struct s3call *c)
{
	if (!take_path(c) || !find_route(c) || spoil_begin(&c->fault, c->o, c->r, c->route->name) || s3_fault(c) ||
	    !check_signature(c) || !take_payload(c) || !check_framing(c) || !take_checksums(c) || !check_bucket(c))
		return;
	if (c->bucket != NULL)
		expire(c);
	if (c->route->expect != NULL)
		c->route->expect(c);
}

static void
report(struct s3call *c)
{
	spoil_report(&c->fault, c->o, c->r, str_get(&c->error), c->errnum);
	c->reported = true;
}

static void *
on_begin(void *shared, struct httpd_request *r)
{
	struct s3call *c = mem_alloc(sizeof *c);
	struct s3service *s = shared;

	c->o = &s->o;
	c->buckets = s->buckets;
	c->r = r;
	c->now = stamp_now();
	open_gate(c);
	if (httpd_status(r) != 0)
		report(c);
	return c;
}

static void
on_body(void *call, const void *bytes, size_t n)
{
	struct s3call *c = call;
	int r = 0;

	c->length += n;
	if (c->fault.kind == FAULT_RESET && c->length >= c->fault.n)
		httpd_drop(c->r);
	if (c->errnum != 0)
		return;
	if (c->digest != NULL)
		sha256_add(c->digest, bytes, n);
	if (c->chunked != NULL)
		r = chunked_add(c->chunked, bytes, n) == CHUNKED_SYSTEM ? -1 : 0;
	else if (c->route->body != NOTHING)
		r = keep(c, bytes, n);
	if (r != 0)
		c->errnum = errno;
}

/* Is the body what was signed?  false and refused. */
static bool
check_hash(struct s3call *c)
{
	const char *said = httpd_header(c->r, "x-amz-content-sha256");
	uint8_t hash[SHA256_SIZE];
	char hex[SHA256_HEX], *extra;

	if (c->digest == NULL)
		return true;
	sha256_end(c->digest, hash);
	hex_put(hex, hash, SHA256_SIZE);
	if (strcmp(said, hex) == 0)
		return true;
	extra = mem_format("<ClientComputedContentSHA256>%s</ClientComputedContentSHA256>"
	    "<S3ComputedContentSHA256>%s</S3ComputedContentSHA256>", said, hex);
	s3_refuse(c, 400, "XAmzContentSHA256Mismatch", extra, "The provided 'x-amz-content-sha256' header does not match what was "
	    "computed.");
	free(extra);
	return false;
}

/* Did it come whole, if it came in chunks?  false and refused. */
static bool
check_chunks(struct s3call *c)
{
	uint64_t length = 0;

	if (c->chunked == NULL)
		return true;
	switch (chunked_end(c->chunked)) {
	case CHUNKED_SIGNATURE:
		return s3_refuse(c, 403, "SignatureDoesNotMatch", NULL, "The signature of a chunk does not match.");
	case CHUNKED_OK:
		if (range_number(&length, httpd_header(c->r, "x-amz-decoded-content-length"), INT64_MAX) && length == c->decoded)
			return true;
		break;
	default:
		break;
	}
	return s3_refuse(c, 400, "IncompleteBody", NULL, "The request body terminated unexpectedly");
}

/* And what its checksums say?  false and refused. */
static bool
check_sums(struct s3call *c)
{
	const char *md5 = httpd_header(c->r, "content-md5"), *sum = c->trailer;
	uint8_t raw[SHA256_SIZE];

	if (c->md5 != NULL) {
		checksum_end(c->md5, c->md5_raw);
		c->md5 = NULL;
		if (md5 != NULL && (!checksum_valid(CHECKSUM_MD5, md5, raw) || memcmp(raw, c->md5_raw, MD5_SIZE) != 0))
			return s3_refuse(c, 400, "BadDigest", NULL, "The Content-MD5 you specified did not match what we received.");
	}
	if (c->checksum != NULL) {
		checksum_end(c->checksum, c->raw);
		c->checksum = NULL;
		if (sum == NULL)
			sum = httpd_header(c->r, checksum_header(c->kind));
		if (sum == NULL)
			return s3_refuse(c, 400, "MalformedTrailerError", NULL, "The request contained trailing data that was not "
			    "well-formed or did not conform to our published schema.");
		if (!checksum_valid(c->kind, sum, raw) ||
		    memcmp(raw, c->raw, checksum_size(c->kind)) != 0)
			return s3_refuse(c, 400, "BadDigest", NULL, "The %s you specified did not match the calculated checksum.",
			    checksum_name(c->kind));
	}
	return true;
}

static bool
check_body(struct s3call *c)
{
	if (c->errnum != 0) {
		errno = c->errnum;
		return s3_failed(c);
	}
	return check_hash(c) && check_chunks(c) && check_sums(c);
}

static void
on_end(void *call)
{
	struct s3call *c = call;

	if (c->fault.kind == FAULT_RESET) {
		httpd_drop(c->r);
		return;
	}
	c->now = stamp_now();
	if (check_body(c))
		c->route->answer(c);
	spoil(c);
	report(c);
}

static void
on_gone(void *call)
{
	struct s3call *c = call;

	if (!c->reported)
		report(c);
	mpu_discard(c->put);
	receiving_discard(c->in);
	mpu_drop(c->up);
	sha256_free(c->digest);
	chunked_free(c->chunked);
	free(c->trailer);
	checksum_free(c->md5);
	checksum_free(c->checksum);
	free(c->name);
	free(c->key);
	str_free(&c->text);
	str_free(&c->error);
	free(c);
}

const struct httpd_calls s3service_calls = { on_begin, on_body, on_end, on_gone };

struct s3service *
s3service_new(const struct service_options *o, struct buckets *buckets)
{
	struct s3service *s = mem_alloc(sizeof *s);

	s->o = *o;
	s->o.keys.service = "s3";
	s->o.keys.window = WINDOW;
	s->buckets = buckets;
	return s;
}

void
s3service_free(struct s3service *s)
{
	free(s);
}

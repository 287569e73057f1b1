#include "s3request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "hex.h"
#include "mem.h"
#include "s3name.h"

enum {
	LIST_PAGES = 100000,            /* of one list: a service that never ends one is broken */
	DAYS = 7                        /* that what has thawed stays */
};

static char *
copy(const char *s)
{
	return s != NULL && *s != '\0' ? mem_copy(s) : NULL;
}

static void
s3_free(struct s3 *s)
{
	free(s->bucket);
	free(s->prefix);
	free(s->class);
	free(s->kms_key);
	free(s->tags);
	free(s->owner);
	free(s);
}

/* BUCKET/PREFIX */
static bool
take_name(struct s3 *s, const struct store_options *o, const char *rest, struct str *why)
{
	size_t n = strcspn(rest, "/");
	const char *prefix = rest + n + (rest[n] == '/');
	size_t len = strlen(prefix);

	s->bucket = mem_format("%.*s", (int)n, rest);
	s->prefix = len == 0 ? mem_copy("") : mem_format("%s%s", prefix, prefix[len - 1] == '/' ? "" : "/");
	if (!s3_bucket_good(s->bucket) && !(o->all && n == 0))
		str_format(why, "s3://%s: a bucket's name is 3 to 63 of a-z, 0-9, . and -", rest);
	else if (prefix[0] == '/' || strstr(prefix, "//") != NULL || len > S3_KEY_MAX / 2)
		str_format(why, "s3://%s: what follows the bucket is a relative path, not too long", rest);
	else if (o->class != NULL && !s3_class_good(o->class))
		str_format(why, "--class %s: must be DEEP_ARCHIVE, GLACIER, GLACIER_IR or STANDARD", o->class);
	else
		return true;
	return false;
}

void *
s3_open(const struct store_options *o, const char *rest, enum store_rc *rc, struct str *why)
{
	struct aws_options a = { .service = "s3", .title = "Amazon S3", .endpoint = o->endpoint,
	    .region = o->region, .properties = o->properties, .s3 = true, .insecure = o->insecure, .lanes = o->lanes,
	    .env = o->env, .again = s3_again, .complaint = s3_complaint, .elsewhere = s3_elsewhere,
	    .request_id = "x-amz-request-id", .tell = o->tell };
	struct s3 *s = mem_alloc(sizeof *s);
	enum aws_rc arc;

	*s = (struct s3){ .lanes = o->lanes, .days = o->days != 0 ? o->days : DAYS, .class = copy(o->class),
	    .kms_key = copy(o->kms_key), .tags = copy(o->tags), .owner = copy(o->owner), .tell = o->tell };
	*rc = STORE_WRONG;
	if (take_name(s, o, rest, why)) {
		/* A dot in the name does not go with the certificate of the service. */
		if (strchr(s->bucket, '.') == NULL && !o->all)
			a.bucket = s->bucket;
		if ((s->aws = aws_open(&a, &arc, why)) != NULL) {
			s->by_path = a.bucket == NULL || aws_custom(s->aws);
			return s;
		}
		*rc = arc == AWS_DENIED ? STORE_DENIED : STORE_WRONG;
	}
	s3_free(s);
	return NULL;
}

void
s3_close(void *is)
{
	struct s3 *s = is;

	aws_close(s->aws);
	s3_free(s);
}

const char *
s3_endpoint(const void *is)
{
	return aws_endpoint(((const struct s3 *)is)->aws);
}

const char *
s3_source(const void *is)
{
	return aws_source(((const struct s3 *)is)->aws);
}

const char *
s3_region(const void *is)
{
	return aws_region(((const struct s3 *)is)->aws);
}

const char *
s3_tariff(const void *is)
{
	const struct s3 *s = is;

	return s->class != NULL ? s->class : "DEEP_ARCHIVE";
}

void
s3_prepare(struct s3_request *r, const struct s3 *s, const char *method, const char *key, const char *query)
{
	str_clear(&r->path);
	str_clear(&r->query);
	str_puts(&r->path, "/");
	if (s->by_path && *s->bucket != '\0')
		str_format(&r->path, "%s%s", s->bucket, key != NULL ? "/" : "");
	if (key != NULL)
		aws_encode(&r->path, key, true);
	str_puts(&r->query, query);
	r->call = (struct aws_call){ .method = method, .path = str_get(&r->path) };
	if (s->owner != NULL)
		aws_call_header(&r->call, "x-amz-expected-bucket-owner", s->owner);
}

void
s3_add_query(struct s3_request *r, const char *name, const char *value)
{
	str_format(&r->query, "%s%s=", r->query.len != 0 ? "&" : "", name);
	aws_encode(&r->query, value, false);
}

static int
read_body(void *with, void *buf, size_t n, uint64_t offset)
{
	memcpy(buf, str_get(with) + offset, n);
	return 0;
}

void
s3_attach(struct s3_request *r)
{
	uint8_t hash[SHA256_SIZE];
	struct str sum = { 0 };

	sha256(hash, str_get(&r->body), r->body.len);
	hex_put(r->sha256, hash, SHA256_SIZE);
	base64_put(&sum, BASE64_PADDED, hash, SHA256_SIZE);
	snprintf(r->sum, sizeof r->sum, "%s", str_get(&sum));
	str_free(&sum);
	aws_call_header(&r->call, "x-amz-checksum-sha256", r->sum);
	aws_call_header(&r->call, "Content-Type", "application/xml");
	r->call.length = r->body.len;
	r->call.source = read_body;
	r->call.from = &r->body;
	r->call.sha256 = r->sha256;
}

void
s3_detach_sum(struct s3_request *r)
{
	for (size_t i = 0; i < r->call.nheaders; i++)
		if (r->call.headers[i].value == r->sum)
			r->call.headers[i] = r->call.headers[--r->call.nheaders];
}

void
s3_request_free(struct s3_request *r)
{
	str_free(&r->path);
	str_free(&r->query);
	str_free(&r->body);
	aws_answer_free(&r->answer);
}

bool
s3_code_is(const struct s3_request *r, const char *code)
{
	return strcmp(str_get(&r->answer.code), code) == 0;
}

/* What a refusal means here, said with what to do about it. */
static void
advise(struct str *why, struct s3 *s, const struct s3_request *r)
{
	const char *from = aws_source(s->aws);

	if (s3_code_is(r, "NoSuchBucket") || (r->answer.http.status == 404 && r->answer.code.len == 0))
		str_format(why, "; is there a bucket %s?", s->bucket);
	else if (s3_code_is(r, "InvalidAccessKeyId"))
		str_format(why, "; the access key is not known, it came from %s", from);
	else if (s3_code_is(r, "SignatureDoesNotMatch"))
		str_format(why, "; the secret key is wrong, it came from %s", from);
	else if (s3_code_is(r, "ExpiredToken") || s3_code_is(r, "InvalidToken"))
		str_format(why, "; get new credentials, these came from %s", from);
	else if (s3_code_is(r, "AccessDenied") || r->answer.http.status == 403)
		str_format(why, "; the credentials came from %s", from);
	else if (s3_code_is(r, "GlacierExpeditedRetrievalNotAvailable"))
		str_puts(why, "; ask with -t standard");
	else if (s3_code_is(r, "InvalidStorageClass"))
		str_puts(why, "; this service has no such class, --class STANDARD is one that all have");
	else if (s3_code_is(r, "EntityTooSmall"))
		str_puts(why, "; its parts were too small");
	else if (s3_code_is(r, "RequestTimeTooSkewed"))
		str_puts(why, "; the clock must be right");
}

enum store_rc
s3_call(struct s3 *s, unsigned lane, struct s3_request *r, enum aws_rc *arc, const char *what, struct str *why)
{
	r->call.query = r->query.len != 0 ? str_get(&r->query) : NULL;
	*arc = aws_call(s->aws, lane, &r->call, &r->answer);
	if (*arc == AWS_OK)
		return STORE_OK;
	str_format(why, "%s%s", what, *what != '\0' ? ": " : "");
	if (r->answer.http.status == 0 && *arc != AWS_LOCAL && *arc != AWS_DENIED)
		str_format(why, "%s: ", aws_endpoint(s->aws));
	aws_explain(why, *arc, &r->answer);
	advise(why, s, r);
	return *arc == AWS_DENIED ? STORE_DENIED : r->answer.http.status == 404 ? STORE_ABSENT : STORE_FAILED;
}

enum store_rc
s3_strange(struct str *why, const struct s3_request *r, const char *what)
{
	if (r->answer.http.status != 0)
		str_format(why, "%d: ", r->answer.http.status);
	str_puts(why, what);
	if (r->answer.id.len != 0)
		str_format(why, " (request %.100s)", str_get(&r->answer.id));
	return STORE_FAILED;
}

static bool
ignore(void *with, const char *path, const char *text)
{
	(void)with, (void)path, (void)text;
	return true;
}

enum store_rc
s3_get_page(struct s3 *s, unsigned lane, struct s3_request *r, struct s3_page *p, xml_element *f, void *with, struct str *why)
{
	const struct str *body = &r->answer.http.body;
	enum store_rc rc;
	enum aws_rc arc;

	for (int wrong = 0; ; wrong++) {
		if ((rc = s3_call(s, lane, r, &arc, "", why)) != STORE_OK)
			return rc;
		if (xml_parse(str_get(body), body->len, ignore, NULL))
			break;
		if (wrong == S3_WRONGS)
			return s3_strange(why, r, "the list is not as it should be");
	}
	p->more = false;
	str_clear(&p->next);
	if (!xml_parse(str_get(body), body->len, f, with) || ++p->count == LIST_PAGES || (p->more && p->next.len == 0))
		return s3_strange(why, r, "the list is not as it should be");
	return STORE_OK;
}

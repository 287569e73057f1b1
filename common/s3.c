/*
 * What is shorter than a part goes up with one PutObject, when the archive is
 * finished; anything longer as a multipart upload, begun with its first part.
 * Nothing is overwritten (If-None-Match: *), and so both can be repeated: where the
 * object is there already it is compared with what was to be put, by its tree hash
 * or by its checksum, and the same is as good as stored.
 *
 * Every part carries its SHA-256, which the service checks and keeps; what an
 * earlier run has sent is known by it again.  A service that keeps no checksums
 * (Ceph before 18) is sent everything again.
 *
 * Bodies are always signed with their hash, so nothing depends on TLS for being whole.
 */
#include "s3.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aws.h"
#include "base64.h"
#include "date.h"
#include "hex.h"
#include "mem.h"
#include "pool.h"
#include "tree.h"
#include "xml.h"

enum {
	KEY_MAX = 1024,                 /* bytes */
	LIST_PAGES = 100000,            /* of one list: a service that never ends one is broken */
	PAGE = 1000,                    /* entries of one page, and of one DeleteObjects */
	WRONGS = 3,                     /* times that an answer may make no sense */
	SHORTS = 100,                   /* times that the body of one fetch may break off */
	LATE = 5,                       /* times that the last step says 200 and yet fails */
	SUM = 64,                       /* room for a SHA-256 in base64, and for "-10000" */
	DAYS = 7                        /* that what has thawed stays */
};

#define PART_MIN ((uint64_t)8 << 20)    /* the service says 5 MiB, and parts are powers of two */

static const char tree_header[] = "x-amz-meta-treehash", tree_tag[] = "treehash", version_mark[] = "?versionId=";
static const char single[] = "put";     /* the upload id of what goes up with one PutObject */

struct s3 {
	struct aws *aws;
	char *bucket, *prefix;          /* prefix: "" or with a slash at its end */
	bool by_path;                   /* the bucket is part of the path, not of the host */
	unsigned lanes, days;
	char *class, *kms_key, *tags, *owner;   /* NULL: not given */
	/* What the service turned out not to have (Swift, Ceph). */
	_Atomic bool overwrites;        /* If-None-Match */
	_Atomic bool singly;            /* DeleteObjects, but with an MD5 */
	_Atomic bool thawless;          /* RestoreObject: whatever the class, it can be read */
	void (*tell)(const char *);
	int64_t listed;                 /* when the last list was begun */
};

struct part {
	unsigned number;
	uint64_t size;
	char *etag;
	bool summed;
	uint8_t sum[SHA256_SIZE];
};

struct upload {
	struct s3 *s3;
	char *id, *name, *key;          /* id NULL: there is none yet */
	int64_t begun;
	uint64_t part_size;
	bool expected;
	uint8_t tree[SHA256_SIZE];      /* of the whole, where expected */
	bool lost;                      /* an answer was lost when it was begun */
	const struct store_part *whole; /* the only part, to be put at the end */
	pthread_mutex_t lock;           /* guards what follows, and the making of id */
	struct part *parts;             /* sorted by number */
	size_t nparts;
};

enum retry
s3_again(int status, const char *code)
{
	static const struct { const char *code; enum retry kind; } known[] = {
		{ "BadDigest", RETRY_TRANSIENT },
		{ "GlacierExpeditedRetrievalNotAvailable", RETRY_NO },
		{ "InternalError", RETRY_TRANSIENT },
		{ "NotImplemented", RETRY_NO },
		{ "OperationAborted", RETRY_TRANSIENT },
		{ "RequestLimitExceeded", RETRY_THROTTLED },
		{ "RequestTimeout", RETRY_TRANSIENT },
		{ "ServiceUnavailable", RETRY_TRANSIENT },
		{ "SlowDown", RETRY_THROTTLED },
		{ "Throttling", RETRY_THROTTLED },
		{ "ThrottlingException", RETRY_THROTTLED },
		{ "TooManyRequests", RETRY_THROTTLED },
		{ "XAmzContentSHA256Mismatch", RETRY_TRANSIENT },
	};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (strcmp(code, known[i].code) == 0)
			return known[i].kind;
	switch (status) {
	case 429: case 509:
		return RETRY_THROTTLED;
	case 400:                       /* of a HEAD, which cannot say why: RequestTimeout mostly */
		return *code == '\0' ? RETRY_TRANSIENT : RETRY_NO;
	case 0: case 408: case 500: case 502: case 503: case 504:
		return RETRY_TRANSIENT;
	default:
		return RETRY_NO;
	}
}

static bool
alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool
s3_bucket_good(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-");

	return n >= 3 && n <= 63 && name[n] == '\0' && alnum(name[0]) && alnum(name[n - 1]) && strstr(name, "..") == NULL;
}

/* Answers */

struct complaint { struct str *code, *message, *region; };

static bool
complain(void *with, const char *path, const char *text)
{
	struct complaint *c = with;
	struct str *to = strcmp(path, "Error/Code") == 0 ? c->code : strcmp(path, "Error/Message") == 0 ? c->message :
	    strcmp(path, "Error/Region") == 0 ? c->region : NULL;

	if (to != NULL && to->len == 0)
		str_puts(to, text);
	return true;
}

/* A body that says what is wrong; each of the three may come out empty. */
static void
read_error(const struct http_answer *answer, struct str *code, struct str *message, struct str *region)
{
	struct complaint c = { code, message, region };

	xml_parse(str_get(&answer->body), answer->body.len, complain, &c);
}

/* A HEAD has no body, so its status must do. */
static void
complaint(const struct http_answer *answer, struct str *code, struct str *message)
{
	struct str region = { 0 };

	read_error(answer, code, message, &region);
	str_free(&region);
	if (code->len == 0 && answer->status == 404)
		str_puts(code, "NotFound");
	for (char *s = code->s; s != NULL && *s != '\0'; s++)
		if ((unsigned char)*s <= 0x20 || (unsigned char)*s > 0x7e)
			*s = '?';
}

static bool
elsewhere(const struct http_answer *answer, const char *code, struct str *region)
{
	struct str a = { 0 }, b = { 0 };

	if (answer->status != 301 && answer->status != 302 && answer->status != 307 && answer->status != 400)
		return false;
	if (!http_find(answer, "x-amz-bucket-region", region))
		read_error(answer, &a, &b, region);
	str_free(&a);
	str_free(&b);
	/* A 400 may be about anything else, and names the region all the same. */
	return region->len != 0 && (answer->status != 400 || *code == '\0' || strcmp(code, "AuthorizationHeaderMalformed") == 0 ||
	    strcmp(code, "IllegalLocationConstraintException") == 0);
}

/* Opening */

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

static bool
class_good(const char *class)
{
	static const char *const classes[] = { "DEEP_ARCHIVE", "GLACIER", "GLACIER_IR", "STANDARD" };

	for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
		if (strcmp(class, classes[i]) == 0)
			return true;
	return false;
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
	else if (prefix[0] == '/' || strstr(prefix, "//") != NULL || len > KEY_MAX / 2)
		str_format(why, "s3://%s: what follows the bucket is a relative path, not too long", rest);
	else if (o->class != NULL && !class_good(o->class))
		str_format(why, "--class %s: must be DEEP_ARCHIVE, GLACIER, GLACIER_IR or STANDARD", o->class);
	else
		return true;
	return false;
}

static void *
s3_open(const struct store_options *o, const char *rest, enum store_rc *rc, struct str *why)
{
	struct aws_options a = { .service = "s3", .title = "Amazon S3", .endpoint = o->endpoint,
	    .region = o->region, .properties = o->properties, .s3 = true, .insecure = o->insecure, .lanes = o->lanes,
	    .env = o->env, .again = s3_again, .complaint = complaint, .elsewhere = elsewhere,
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

static void
s3_close(void *is)
{
	struct s3 *s = is;

	aws_close(s->aws);
	s3_free(s);
}

static const char *
endpoint(const void *is)
{
	return aws_endpoint(((const struct s3 *)is)->aws);
}

static const char *
source(const void *is)
{
	return aws_source(((const struct s3 *)is)->aws);
}

static const char *
region(const void *is)
{
	return aws_region(((const struct s3 *)is)->aws);
}

static const char *
tariff(const void *is)
{
	const struct s3 *s = is;

	return s->class != NULL ? s->class : "DEEP_ARCHIVE";
}

static bool
takes_name(const char *name, struct str *why)
{
	if (*name != '\0' && strlen(name) <= KEY_MAX / 2)
		return true;
	str_format(why, "a bucket takes names of 1 to %d bytes", KEY_MAX / 2);
	return false;
}

static bool
takes_id(const char *id)
{
	const char *mark = strstr(id, version_mark);
	size_t n = mark != NULL ? (size_t)(mark - id) : strlen(id);

	if (n == 0 || n > KEY_MAX || strlen(id) > 2 * KEY_MAX || id[0] == '/')
		return false;
	for (const char *s = id; *s != '\0'; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return false;
	return true;
}

/* Objects: key and version out of an id, id out of both */

static char *
key_of(const char *id, const char **version)
{
	const char *mark = strstr(id, version_mark);

	*version = mark != NULL ? mark + strlen(version_mark) : NULL;
	return mem_format("%.*s", mark != NULL ? (int)(mark - id) : (int)strlen(id), id);
}

static void
put_id(struct str *id, const char *key, const char *version)
{
	str_puts(id, key);
	if (version != NULL && *version != '\0' && strcmp(version, "null") != 0)
		str_format(id, "%s%s", version_mark, version);
}

static const char *
name_of(const struct s3 *s, const char *key)
{
	size_t n = strlen(s->prefix);

	return strncmp(key, s->prefix, n) == 0 ? key + n : key;
}

/* Calls */

struct request {
	struct aws_call call;
	struct aws_answer answer;
	struct str path, query, body;
	char sha256[SHA256_HEX], sum[SUM];
};

/* key NULL: the bucket itself. */
static void
prepare(struct request *r, const struct s3 *s, const char *method, const char *key, const char *query)
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

static void
add_query(struct request *r, const char *name, const char *value)
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

/* What is in body goes with it, and its checksum too, which some calls insist on. */
static void
attach(struct request *r)
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

/* Without the checksum: where a call takes it for that of the object. */
static void
detach_sum(struct request *r)
{
	for (size_t i = 0; i < r->call.nheaders; i++)
		if (r->call.headers[i].value == r->sum)
			r->call.headers[i] = r->call.headers[--r->call.nheaders];
}

static void
request_free(struct request *r)
{
	str_free(&r->path);
	str_free(&r->query);
	str_free(&r->body);
	aws_answer_free(&r->answer);
}

static bool
code_is(const struct request *r, const char *code)
{
	return strcmp(str_get(&r->answer.code), code) == 0;
}

/* What a refusal means here, said with what to do about it. */
static void
advise(struct str *why, struct s3 *s, const struct request *r)
{
	const char *from = aws_source(s->aws);

	if (code_is(r, "NoSuchBucket") || (r->answer.http.status == 404 && r->answer.code.len == 0))
		str_format(why, "; is there a bucket %s?", s->bucket);
	else if (code_is(r, "InvalidAccessKeyId"))
		str_format(why, "; the access key is not known, it came from %s", from);
	else if (code_is(r, "SignatureDoesNotMatch"))
		str_format(why, "; the secret key is wrong, it came from %s", from);
	else if (code_is(r, "ExpiredToken") || code_is(r, "InvalidToken"))
		str_format(why, "; get new credentials, these came from %s", from);
	else if (code_is(r, "AccessDenied") || r->answer.http.status == 403)
		str_format(why, "; the credentials came from %s", from);
	else if (code_is(r, "GlacierExpeditedRetrievalNotAvailable"))
		str_puts(why, "; ask with -t standard");
	else if (code_is(r, "InvalidStorageClass"))
		str_puts(why, "; this service has no such class, --class STANDARD is one that all have");
	else if (code_is(r, "EntityTooSmall"))
		str_puts(why, "; its parts were too small");
	else if (code_is(r, "RequestTimeTooSkewed"))
		str_puts(why, "; the clock must be right");
}

/* Make the call; what is said when it fails begins with what ("part 7"), or with nothing. */
static enum store_rc
call(struct s3 *s, unsigned lane, struct request *r, enum aws_rc *arc, const char *what, struct str *why)
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

/* The answer is not what the service's guide says it is. */
static enum store_rc
strange(struct str *why, const struct request *r, const char *what)
{
	if (r->answer.http.status != 0)
		str_format(why, "%d: ", r->answer.http.status);
	str_puts(why, what);
	if (r->answer.id.len != 0)
		str_format(why, " (request %.100s)", str_get(&r->answer.id));
	return STORE_FAILED;
}

static enum store_rc
create(void *is, unsigned lane, struct str *why)
{
	struct s3 *s = is;
	struct request r = { 0 };
	struct str trouble = { 0 };
	enum store_rc rc;
	enum aws_rc arc;

	prepare(&r, s, "PUT", NULL, "");
	if (strcmp(aws_region(s->aws), "us-east-1") != 0) {
		str_puts(&r.body, "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
		xml_put(&r.body, "LocationConstraint", aws_region(s->aws));
		str_puts(&r.body, "</CreateBucketConfiguration>");
		attach(&r);
	}
	rc = call(s, lane, &r, &arc, "", &trouble);
	if (rc != STORE_OK && code_is(&r, "BucketAlreadyOwnedByYou"))
		rc = STORE_OK;
	if (rc != STORE_OK)
		str_puts(why, str_get(&trouble));
	str_free(&trouble);
	request_free(&r);
	return rc;
}

/* What an object is */

struct object {
	bool there;
	uint64_t size;
	int64_t time;
	char class[32];                 /* "" for STANDARD */
	struct str version, restore, sum;       /* sum: x-amz-checksum-sha256 */
	bool hashed;
	uint8_t tree[SHA256_SIZE];
};

static void
object_free(struct object *o)
{
	str_free(&o->version);
	str_free(&o->restore);
	str_free(&o->sum);
}

static bool
hash_good(const char *hex, uint8_t tree[SHA256_SIZE])
{
	return strlen(hex) == 2 * SHA256_SIZE && hex_get(tree, hex, SHA256_SIZE);
}

struct tags { struct object *o; bool mine; };

static bool
read_tag(void *with, const char *path, const char *text)
{
	struct tags *t = with;

	if (strcmp(path, "Tagging/TagSet/Tag/Key") == 0)
		t->mine = strcmp(text, tree_tag) == 0;
	else if (strcmp(path, "Tagging/TagSet/Tag/Value") == 0 && t->mine)
		t->o->hashed = hash_good(text, t->o->tree);
	return true;
}

/* The tree hash from the object's tags, if it is there and may be seen. */
static void
look_at_tags(struct s3 *s, unsigned lane, const char *key, const char *version, struct object *o)
{
	struct tags t = { .o = o };
	struct request r = { 0 };
	struct str ignored = { 0 };
	enum aws_rc arc;

	prepare(&r, s, "GET", key, "tagging");
	if (version != NULL)
		add_query(&r, "versionId", version);
	if (call(s, lane, &r, &arc, "", &ignored) == STORE_OK)
		xml_parse(str_get(&r.answer.http.body), r.answer.http.body.len, read_tag, &t);
	str_free(&ignored);
	request_free(&r);
}

/* HeadObject.  What is not there is no failure. */
static enum store_rc
head(struct s3 *s, unsigned lane, const char *id, struct object *o, struct str *why)
{
	const struct http_answer *h;
	struct request r = { 0 };
	struct str trouble = { 0 }, v = { 0 };
	const char *version;
	char *key = key_of(id, &version);
	enum store_rc rc;
	enum aws_rc arc;

	object_free(o);
	*o = (struct object){ 0 };
	prepare(&r, s, "HEAD", key, "");
	if (version != NULL)
		add_query(&r, "versionId", version);
	aws_call_header(&r.call, "x-amz-checksum-mode", "ENABLED");
	rc = call(s, lane, &r, &arc, "", &trouble);
	h = &r.answer.http;
	if (rc == STORE_OK) {
		o->there = true;
		if (http_find(h, "content-length", &v))
			o->size = strtoull(str_get(&v), NULL, 10);
		str_clear(&v);
		if (http_find(h, "last-modified", &v) && (o->time = http_date(str_get(&v))) < 0)
			o->time = 0;
		str_clear(&v);
		if (http_find(h, "x-amz-storage-class", &v) && strcmp(str_get(&v), "STANDARD") != 0)
			snprintf(o->class, sizeof o->class, "%s", str_get(&v));
		str_clear(&v);
		if (http_find(h, tree_header, &v))
			o->hashed = hash_good(str_get(&v), o->tree);
		http_find(h, "x-amz-version-id", &o->version);
		http_find(h, "x-amz-restore", &o->restore);
		http_find(h, "x-amz-checksum-sha256", &o->sum);
		str_clear(&v);
		if (!o->hashed)
			look_at_tags(s, lane, key, version, o);
	} else if (rc == STORE_ABSENT)
		rc = STORE_OK;
	else
		str_puts(why, str_get(&trouble));
	str_free(&trouble);
	str_free(&v);
	free(key);
	request_free(&r);
	return rc;
}

/* Putting */

/* Index and closing record of a set are read before anything else is, so they do not freeze. */
static const char *
class_for(const struct s3 *s, const char *name)
{
	const char *base = strrchr(name, '/') != NULL ? strrchr(name, '/') + 1 : name;

	if (s->class != NULL)
		return s->class;
	return strncmp(base, "index.tsv", 9) == 0 || strncmp(base, "closing.tsv", 11) == 0 ? "STANDARD" : "DEEP_ARCHIVE";
}

static struct upload *
upload_new(struct s3 *s, const char *name, const char *key, uint64_t part_size, const char *id)
{
	struct upload *u = mem_alloc(sizeof *u);

	*u = (struct upload){ .s3 = s, .id = id != NULL ? mem_copy(id) : NULL, .name = mem_copy(name),
	    .key = key != NULL ? mem_copy(key) : mem_format("%s%s", s->prefix, name), .part_size = part_size };
	pthread_mutex_init(&u->lock, NULL);
	return u;
}

static void
forget_parts(struct upload *u)
{
	for (size_t i = 0; i < u->nparts; i++)
		free(u->parts[i].etag);
	free(u->parts);
	u->parts = NULL;
	u->nparts = 0;
}

static void
upload_free(void *up)
{
	struct upload *u = up;

	forget_parts(u);
	pthread_mutex_destroy(&u->lock);
	free(u->id);
	free(u->name);
	free(u->key);
	free(u);
}

static void *
upload_at(void *is, const char *name, uint64_t part_size, const char *id)
{
	return upload_new(is, name, NULL, part_size, id);
}

static const char *
upload_id(const void *up)
{
	const struct upload *u = up;

	return u->id != NULL ? u->id : single;
}

static const char *
upload_name(const void *up)
{
	return ((const struct upload *)up)->name;
}

static int64_t
upload_begun(const void *up)
{
	return ((const struct upload *)up)->begun;
}

static void
expect(void *up, const uint8_t tree[SHA256_SIZE])
{
	struct upload *u = up;

	memcpy(u->tree, tree, SHA256_SIZE);
	u->expected = true;
}

/* Nothing is begun before its first part comes: only then is it known whether it is the only one. */
static enum store_rc
begin(void *is, unsigned lane, const char *name, uint64_t size, void **up, struct str *why)
{
	(void)lane;
	if (size < PART_MIN) {
		str_puts(why, "parts in a bucket have at least 8M");
		return STORE_WRONG;
	}
	*up = upload_new(is, name, NULL, size, NULL);
	return STORE_OK;
}

/* Lists of uploads and of their parts */

struct page {
	struct s3 *s3;
	bool more;
	struct str next, next_too;      /* the markers */
	/* the entry that is being read */
	struct str key, id;
	int64_t time;
	struct part part;
	/* and what they go into */
	struct upload *upload;
	struct upload **list;
	size_t n;
	const char *only;               /* this key and no other; or NULL */
};

static void
page_free(struct page *p)
{
	str_free(&p->next);
	str_free(&p->next_too);
	str_free(&p->key);
	str_free(&p->id);
	free(p->part.etag);
}

static bool
ends(const char *path, const char *tail)
{
	const char *slash = strchr(path, '/');

	return slash != NULL && strcmp(slash + 1, tail) == 0;
}

static void
keep(struct str *to, const char *text)
{
	str_clear(to);
	str_puts(to, text);
}

static int64_t
moment(const char *text)
{
	int64_t t;

	return date_find(text, strlen(text), &t) == DATE_OK ? t : 0;
}

static bool
read_upload(void *with, const char *path, const char *text)
{
	struct page *p = with;

	if (ends(path, "IsTruncated"))
		p->more = strcmp(text, "true") == 0;
	else if (ends(path, "NextKeyMarker"))
		keep(&p->next, text);
	else if (ends(path, "NextUploadIdMarker"))
		keep(&p->next_too, text);
	else if (ends(path, "Upload/Key"))
		keep(&p->key, text);
	else if (ends(path, "Upload/UploadId"))
		keep(&p->id, text);
	else if (ends(path, "Upload/Initiated"))
		p->time = moment(text);
	else if (ends(path, "Upload") && p->id.len != 0 && takes_id(str_get(&p->key)) &&
	    (p->only == NULL || strcmp(p->only, str_get(&p->key)) == 0)) {
		if ((p->n & (p->n - 1)) == 0)
			p->list = mem_grow(p->list, (p->n != 0 ? 2 * p->n : 1) * sizeof *p->list);
		p->list[p->n] = upload_new(p->s3, name_of(p->s3, str_get(&p->key)), str_get(&p->key), 0, str_get(&p->id));
		p->list[p->n++]->begun = p->time;
	}
	return true;
}

static bool
ignore(void *with, const char *path, const char *text)
{
	(void)with, (void)path, (void)text;
	return true;
}

/*
 * Get a page of a list, and read it; pages counts them.  One that is damaged on its
 * way is asked for again, and nothing of it is read before.
 */
static enum store_rc
get_page(struct s3 *s, unsigned lane, struct request *r, int *pages, xml_element *f, struct page *p, struct str *why)
{
	const struct str *body = &r->answer.http.body;
	enum store_rc rc;
	enum aws_rc arc;

	for (int wrong = 0; ; wrong++) {
		if ((rc = call(s, lane, r, &arc, "", why)) != STORE_OK)
			return rc;
		if (xml_parse(str_get(body), body->len, ignore, NULL))
			break;
		if (wrong == WRONGS)
			return strange(why, r, "the list is not as it should be");
	}
	p->more = false;
	str_clear(&p->next);
	if (!xml_parse(str_get(body), body->len, f, p) || ++*pages == LIST_PAGES || (p->more && p->next.len == 0))
		return strange(why, r, "the list is not as it should be");
	return STORE_OK;
}

/* All uploads below the prefix, or of the one key. */
static enum store_rc
list_uploads(struct s3 *s, unsigned lane, const char *only, struct page *p, struct str *why)
{
	struct request r = { 0 };
	enum store_rc rc;
	int pages = 0;

	*p = (struct page){ .s3 = s, .only = only };
	do {
		prepare(&r, s, "GET", NULL, "uploads");
		add_query(&r, "prefix", only != NULL ? only : s->prefix);
		if (p->next.len != 0) {
			add_query(&r, "key-marker", str_get(&p->next));
			add_query(&r, "upload-id-marker", str_get(&p->next_too));
		}
		rc = get_page(s, lane, &r, &pages, read_upload, p, why);
	} while (rc == STORE_OK && p->more);
	request_free(&r);
	page_free(p);
	for (size_t i = 0; i < p->n && rc != STORE_OK; i++)
		upload_free(p->list[i]);
	if (rc != STORE_OK) {
		free(p->list);
		p->list = NULL;
		p->n = 0;
	}
	return rc;
}

static enum store_rc
uploads(void *is, unsigned lane, void ***found, size_t *n, struct str *why)
{
	struct page p;
	enum store_rc rc = list_uploads(is, lane, NULL, &p, why);

	if (rc != STORE_OK)
		return rc;
	*n = p.n;
	*found = mem_array(p.n + 1, sizeof **found);
	for (size_t i = 0; i < p.n; i++)
		(*found)[i] = p.list[i];
	free(p.list);
	return STORE_OK;
}

static int
by_number(const void *a, const void *b)
{
	const struct part *p = a, *q = b;

	return (p->number > q->number) - (p->number < q->number);
}

/* A part is there: in its place, instead of an earlier one. */
static void
add_part(struct upload *u, const struct part *p)
{
	size_t i;

	for (i = u->nparts; i > 0 && u->parts[i - 1].number > p->number; i--)
		;
	if (i > 0 && u->parts[i - 1].number == p->number) {
		free(u->parts[i - 1].etag);
		u->parts[i - 1] = *p;
		return;
	}
	if ((u->nparts & (u->nparts - 1)) == 0)
		u->parts = mem_grow(u->parts, (u->nparts != 0 ? 2 * u->nparts : 1) * sizeof *u->parts);
	memmove(&u->parts[i + 1], &u->parts[i], (u->nparts - i) * sizeof *u->parts);
	u->parts[i] = *p;
	u->nparts++;
}

static bool
read_part(void *with, const char *path, const char *text)
{
	struct page *p = with;

	if (ends(path, "IsTruncated"))
		p->more = strcmp(text, "true") == 0;
	else if (ends(path, "NextPartNumberMarker"))
		keep(&p->next, text);
	else if (ends(path, "Part/PartNumber"))
		p->part.number = (unsigned)strtoul(text, NULL, 10);
	else if (ends(path, "Part/Size"))
		p->part.size = strtoull(text, NULL, 10);
	else if (ends(path, "Part/ETag")) {
		free(p->part.etag);
		p->part.etag = mem_copy(text);
	} else if (ends(path, "Part/ChecksumSHA256"))
		p->part.summed = base64_get(p->part.sum, SHA256_SIZE, BASE64_PADDED, text, strlen(text)) == SHA256_SIZE;
	else if (ends(path, "Part")) {
		if (p->part.etag != NULL && p->part.number >= 1 && p->part.number <= STORE_PARTS && p->part.size != 0) {
			add_part(p->upload, &p->part);
			p->part.etag = NULL;
		}
		free(p->part.etag);
		p->part = (struct part){ 0 };
	}
	return true;
}

static enum store_rc
look(void *is, void *up, unsigned lane, struct str *why)
{
	struct s3 *s = is;
	struct upload *u = up;
	struct page p = { .s3 = s, .upload = u };
	struct request r = { 0 };
	enum store_rc rc;
	int pages = 0;

	forget_parts(u);
	do {
		prepare(&r, s, "GET", u->key, "");
		add_query(&r, "uploadId", upload_id(u));
		if (p.next.len != 0)
			add_query(&r, "part-number-marker", str_get(&p.next));
		rc = get_page(s, lane, &r, &pages, read_part, &p, why);
	} while (rc == STORE_OK && p.more);
	/*
	 * All parts but the last have one size, a power of two: the first that is there
	 * tells.  Where only the last is there it is of no use, for nobody knows its place.
	 */
	if (u->nparts != 0 && (u->parts[0].size < PART_MIN || (u->parts[0].size & (u->parts[0].size - 1)) != 0))
		forget_parts(u);
	u->part_size = u->nparts != 0 ? u->parts[0].size : PART_MIN;
	page_free(&p);
	request_free(&r);
	return rc;
}

static uint64_t
part_size(const void *up)
{
	return ((const struct upload *)up)->part_size;
}

static bool
held(const void *up, size_t i, uint64_t *offset, uint64_t *length)
{
	const struct upload *u = up;

	if (i >= u->nparts)
		return false;
	*offset = (u->parts[i].number - 1) * u->part_size;
	*length = u->parts[i].size;
	return true;
}

static bool
has(const void *up, const struct store_part *part)
{
	const struct upload *u = up;
	struct part key = { .number = (unsigned)(part->offset / u->part_size) + 1 };
	const struct part *p;
	bool same;

	pthread_mutex_lock((pthread_mutex_t *)(uintptr_t)&u->lock);
	p = u->nparts == 0 ? NULL : bsearch(&key, u->parts, u->nparts, sizeof *u->parts, by_number);
	same = p != NULL && p->size == part->length && p->summed && memcmp(p->sum, part->linear, SHA256_SIZE) == 0;
	pthread_mutex_unlock((pthread_mutex_t *)(uintptr_t)&u->lock);
	return same;
}

static enum store_rc
abandon(void *is, void *up, unsigned lane, struct str *why)
{
	struct s3 *s = is;
	struct upload *u = up;
	struct request r = { 0 };
	enum store_rc rc = STORE_OK;
	enum aws_rc arc;

	if (u->id != NULL && strcmp(u->id, single) != 0) {
		prepare(&r, s, "DELETE", u->key, "");
		add_query(&r, "uploadId", u->id);
		rc = call(s, lane, &r, &arc, "", why);
		if (rc == STORE_ABSENT && r.answer.tries > 1)
			rc = STORE_OK;
	}
	request_free(&r);
	return rc;
}

/* Headers of what is put, with either call. */
static void
describe(struct request *r, const struct s3 *s, const struct upload *u, const char *tree)
{
	const char *class = class_for(s, u->name);

	if (strcmp(class, "STANDARD") != 0)
		aws_call_header(&r->call, "x-amz-storage-class", class);
	if (tree != NULL)
		aws_call_header(&r->call, tree_header, tree);
	if (s->tags != NULL)
		aws_call_header(&r->call, "x-amz-tagging", s->tags);
	if (s->kms_key != NULL) {
		aws_call_header(&r->call, "x-amz-server-side-encryption", "aws:kms");
		aws_call_header(&r->call, "x-amz-server-side-encryption-aws-kms-key-id", s->kms_key);
	}
}

struct found { const char *want; struct str text; };

static bool
find_text(void *with, const char *path, const char *text)
{
	struct found *f = with;

	if (strcmp(path, f->want) == 0)
		keep(&f->text, text);
	return true;
}

/* The text of one element of the answer; false where there is none or the answer is no XML. */
static bool
text_of(const struct request *r, const char *path, struct str *out)
{
	struct found f = { .want = path };
	bool good = xml_parse(str_get(&r->answer.http.body), r->answer.http.body.len, find_text, &f) && f.text.len != 0;

	str_clear(out);
	if (good)
		str_puts(out, str_get(&f.text));
	str_free(&f.text);
	return good;
}

/* Abort what lost answers have left: uploads of that key, begun, and with nothing in them. */
static void
sweep(struct s3 *s, unsigned lane, const struct upload *u)
{
	struct str ignored = { 0 };
	struct page p;

	if (list_uploads(s, lane, u->key, &p, &ignored) == STORE_OK)
		for (size_t i = 0; i < p.n; i++) {
			struct upload *stray = p.list[i];

			if (strcmp(stray->id, u->id) != 0 && look(s, stray, lane, &ignored) == STORE_OK && stray->nparts == 0)
				abandon(s, stray, lane, &ignored);
			upload_free(stray);
		}
	free(p.list);
	str_free(&ignored);
}

/* Begin the multipart upload, once. */
static enum store_rc
initiate(struct s3 *s, unsigned lane, struct upload *u, struct str *why)
{
	struct request r = { 0 };
	struct str id = { 0 };
	char hex[SHA256_HEX];
	enum store_rc rc;
	enum aws_rc arc;

	hex_put(hex, u->tree, SHA256_SIZE);
	for (int wrong = 0; ; wrong++) {
		prepare(&r, s, "POST", u->key, "uploads");
		aws_call_header(&r.call, "x-amz-checksum-algorithm", "SHA256");
		describe(&r, s, u, u->expected ? hex : NULL);
		rc = call(s, lane, &r, &arc, "", why);
		u->lost = u->lost || r.answer.tries > 1;
		if (rc != STORE_OK || text_of(&r, "InitiateMultipartUploadResult/UploadId", &id))
			break;
		u->lost = true;
		if (wrong == WRONGS) {
			rc = strange(why, &r, "the answer has no upload id");
			break;
		}
	}
	if (rc == STORE_OK) {
		u->id = mem_copy(str_get(&id));
		if (u->lost)
			sweep(s, lane, u);
	}
	str_free(&id);
	request_free(&r);
	return rc;
}

static void
sum_text(char out[SUM], const uint8_t sum[SHA256_SIZE])
{
	struct str s = { 0 };

	base64_put(&s, BASE64_PADDED, sum, SHA256_SIZE);
	snprintf(out, SUM, "%s", str_get(&s));
	str_free(&s);
}

/* The checksum that the service echoes, where it does, must be ours. */
static bool
echo_good(const struct request *r, const char *sum)
{
	struct str s = { 0 };
	bool good = !http_find(&r->answer.http, "x-amz-checksum-sha256", &s) || strcmp(str_get(&s), sum) == 0;

	str_free(&s);
	return good;
}

static void
attach_part(struct request *r, const struct store_part *part)
{
	hex_put(r->sha256, part->linear, SHA256_SIZE);
	sum_text(r->sum, part->linear);
	aws_call_header(&r->call, "x-amz-checksum-sha256", r->sum);
	aws_call_header(&r->call, "Content-Type", "application/octet-stream");
	r->call.length = part->length;
	r->call.source = part->read;
	r->call.from = part->from;
	r->call.sha256 = r->sha256;
}

static const char is_other[] = "the service has stored something else, its checksum differs";

static enum store_rc
send(void *is, void *up, unsigned lane, const struct store_part *part, struct str *why)
{
	struct s3 *s = is;
	struct upload *u = up;
	struct part p = { .number = (unsigned)(part->offset / u->part_size) + 1, .size = part->length };
	struct str etag = { 0 }, echo = { 0 };
	struct request r = { 0 };
	enum store_rc rc = STORE_OK;
	char number[16], what[32];
	enum aws_rc arc;

	pthread_mutex_lock(&u->lock);
	if (u->id == NULL && part->offset == 0 && part->length < u->part_size)
		u->whole = part;
	else if (u->id == NULL)
		rc = initiate(s, lane, u, why);
	pthread_mutex_unlock(&u->lock);
	if (rc != STORE_OK || u->whole != NULL)
		return rc;

	snprintf(number, sizeof number, "%u", p.number);
	snprintf(what, sizeof what, "part %u", p.number);
	/* A part may be sent as often as need be: also where what the service says of it makes no sense. */
	for (int wrong = 0; ; wrong++) {
		prepare(&r, s, "PUT", u->key, "");
		add_query(&r, "partNumber", number);
		add_query(&r, "uploadId", u->id);
		attach_part(&r, part);
		rc = call(s, lane, &r, &arc, what, why);
		if (rc != STORE_OK)
			break;
		str_clear(&etag);
		p.summed = http_find(&r.answer.http, "x-amz-checksum-sha256", &echo);
		if (http_find(&r.answer.http, "etag", &etag) && echo_good(&r, r.sum))
			break;
		if (wrong == WRONGS) {
			str_format(why, "%s: ", what);
			rc = strange(why, &r, etag.len == 0 ? "the answer has no ETag" : is_other);
			break;
		}
	}
	if (rc == STORE_OK) {
		memcpy(p.sum, part->linear, SHA256_SIZE);
		p.etag = mem_copy(str_get(&etag));
		pthread_mutex_lock(&u->lock);
		add_part(u, &p);
		pthread_mutex_unlock(&u->lock);
	}
	str_free(&etag);
	str_free(&echo);
	request_free(&r);
	return rc;
}

/* The checksum that an object of these parts has: of their checksums, and how many they are. */
static bool
composite(const struct upload *u, char out[SUM])
{
	struct sha256 *h = sha256_new();
	uint8_t sum[SHA256_SIZE];
	bool all = true;
	size_t n;

	for (size_t i = 0; i < u->nparts; i++) {
		sha256_add(h, u->parts[i].sum, SHA256_SIZE);
		all = all && u->parts[i].summed;
	}
	sha256_end(h, sum);
	sha256_free(h);
	sum_text(out, sum);
	n = strlen(out);
	snprintf(out + n, SUM - n, "-%zu", u->nparts);
	return all;
}

static const char taken[] = "something else is in the bucket under that name, and is not overwritten";

/*
 * Something is there under that key: is it this?  By its tree hash, else by its
 * checksum (NULL: not known).
 */
static enum store_rc
compare(struct s3 *s, unsigned lane, const struct upload *u, uint64_t size, const uint8_t tree[SHA256_SIZE], const char *sum,
    struct str *id, struct str *why)
{
	struct object o = { 0 };
	enum store_rc rc = head(s, lane, u->key, &o, why);

	if (rc == STORE_OK && !o.there) {
		str_puts(why, "it is not there");
		rc = STORE_ABSENT;
	} else if (rc == STORE_OK && (o.size != size || (o.hashed ? memcmp(o.tree, tree, SHA256_SIZE) != 0 :
	    sum == NULL || strcmp(str_get(&o.sum), sum) != 0))) {
		str_puts(why, taken);
		rc = STORE_FAILED;
	}
	if (rc == STORE_OK)
		put_id(id, u->key, str_get(&o.version));
	object_free(&o);
	return rc;
}

static void
id_of(const struct upload *u, const struct request *r, struct str *id)
{
	struct str version = { 0 };

	http_find(&r->answer.http, "x-amz-version-id", &version);
	str_clear(id);
	put_id(id, u->key, str_get(&version));
	str_free(&version);
}

static bool
is_there(const struct request *r)
{
	return r->answer.http.status == 412 || code_is(r, "PreconditionFailed") || code_is(r, "ConditionalRequestConflict");
}

/*
 * A service that has no If-None-Match says so (501): then what is there is looked at
 * first, which is not as good where two put at the same time.  true: it is as if it
 * had been told to.
 */
static bool
learn_overwrites(struct s3 *s, const struct request *r)
{
	if (s->overwrites || r->answer.http.status != 501)
		return false;
	s->overwrites = true;
	return true;
}

/* Where nothing else keeps it from being overwritten: is there something?  STORE_ABSENT: no. */
static enum store_rc
look_first(struct s3 *s, unsigned lane, const struct upload *u, uint64_t size, const uint8_t tree[SHA256_SIZE],
    const char *sum, struct str *id, struct str *why)
{
	struct str absent = { 0 };
	enum store_rc rc = s->overwrites ? compare(s, lane, u, size, tree, sum, id, &absent) : STORE_ABSENT;

	str_puts(why, rc != STORE_OK && rc != STORE_ABSENT ? str_get(&absent) : "");
	str_free(&absent);
	return rc;
}

/* PutObject of the only part. */
static enum store_rc
put(struct s3 *s, unsigned lane, const struct upload *u, uint64_t size, const uint8_t tree[SHA256_SIZE], struct str *id,
    struct str *why)
{
	struct request r = { 0 };
	struct str trouble = { 0 };
	char hex[SHA256_HEX];
	enum store_rc rc;
	enum aws_rc arc;

	hex_put(hex, tree, SHA256_SIZE);
	do {
		str_clear(&trouble);
		sum_text(r.sum, u->whole->linear);
		if ((rc = look_first(s, lane, u, size, tree, r.sum, id, &trouble)) != STORE_ABSENT) {
			str_puts(why, str_get(&trouble));
			str_free(&trouble);
			return rc;
		}
		prepare(&r, s, "PUT", u->key, "");
		if (!s->overwrites)
			aws_call_header(&r.call, "If-None-Match", "*");
		describe(&r, s, u, hex);
		attach_part(&r, u->whole);
		rc = call(s, lane, &r, &arc, "", &trouble);
	} while (rc != STORE_OK && learn_overwrites(s, &r));
	if (rc == STORE_OK && !echo_good(&r, r.sum))
		rc = strange(&trouble, &r, is_other);
	if (rc == STORE_OK)
		id_of(u, &r, id);
	else if (is_there(&r)) {
		str_clear(&trouble);
		str_clear(id);
		rc = compare(s, lane, u, size, tree, r.sum, id, &trouble);
	}
	if (rc != STORE_OK)
		str_puts(why, str_get(&trouble));
	str_free(&trouble);
	request_free(&r);
	return rc;
}

/* Write the tree hash down as a tag, where it came too late for the metadata. */
static void
tag(struct s3 *s, unsigned lane, const char *id, const uint8_t tree[SHA256_SIZE])
{
	struct request r = { 0 };
	struct object o = { 0 };
	struct str why = { 0 };
	char hex[SHA256_HEX], *key;
	const char *version;
	enum aws_rc arc;
	bool there;

	/* A run before this one may have begun it and have known. */
	there = head(s, lane, id, &o, &why) == STORE_OK && o.hashed;
	object_free(&o);
	str_clear(&why);
	if (there)
		return;
	key = key_of(id, &version);
	hex_put(hex, tree, SHA256_SIZE);
	prepare(&r, s, "PUT", key, "tagging");
	if (version != NULL)
		add_query(&r, "versionId", version);
	str_puts(&r.body, "<Tagging><TagSet>");
	/* The other tags would go by this. */
	for (const char *t = s->tags != NULL ? s->tags : ""; *t != '\0'; t += strcspn(t, "&") + (t[strcspn(t, "&")] == '&')) {
		size_t n = strcspn(t, "=&"), end = strcspn(t, "&");
		char *name = mem_format("%.*s", (int)n, t), *value = mem_format("%.*s", n < end ? (int)(end - n - 1) : 0, t + n + (n < end));

		str_puts(&r.body, "<Tag>");
		xml_put(&r.body, "Key", name);
		xml_put(&r.body, "Value", value);
		str_puts(&r.body, "</Tag>");
		free(name);
		free(value);
	}
	str_puts(&r.body, "<Tag>");
	xml_put(&r.body, "Key", tree_tag);
	xml_put(&r.body, "Value", hex);
	str_puts(&r.body, "</Tag></TagSet></Tagging>");
	attach(&r);
	if (call(s, lane, &r, &arc, "", &why) != STORE_OK && s->tell != NULL) {
		struct str said = { 0 };

		str_format(&said, "%s: is stored, but its tree hash could not be written down with it, only the ledger has it: %s",
		    id, str_get(&why));
		s->tell(str_get(&said));
		str_free(&said);
	}
	free(key);
	str_free(&why);
	request_free(&r);
}

/* CompleteMultipartUpload, whose 200 may still bring an error at the end of a long wait. */
static enum store_rc
complete(struct s3 *s, unsigned lane, struct upload *u, uint64_t size, const uint8_t tree[SHA256_SIZE], struct str *id,
    struct str *why)
{
	struct request r = { 0 };
	struct str trouble = { 0 }, text = { 0 };
	char sum[SUM], one[SUM];
	bool summed = composite(u, sum), there = false, made = false;
	enum store_rc rc;
	enum aws_rc arc;

	str_puts(&r.body, "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
	for (size_t i = 0; i < u->nparts; i++) {
		str_format(&r.body, "<Part><PartNumber>%u</PartNumber>", u->parts[i].number);
		xml_put(&r.body, "ETag", u->parts[i].etag);
		sum_text(one, u->parts[i].sum);
		if (u->parts[i].summed)
			xml_put(&r.body, "ChecksumSHA256", one);
		str_puts(&r.body, "</Part>");
	}
	str_puts(&r.body, "</CompleteMultipartUpload>");
	for (int tries = 1; ; tries++) {
		str_clear(&trouble);
		/* Some take If-None-Match and do not heed it here, so they are asked as well. */
		if (tries == 1 && (rc = compare(s, lane, u, size, tree, summed ? sum : NULL, id, &trouble)) != STORE_ABSENT)
			goto out;
		str_clear(&trouble);
		prepare(&r, s, "POST", u->key, "");
		add_query(&r, "uploadId", u->id);
		if (!s->overwrites)
			aws_call_header(&r.call, "If-None-Match", "*");
		attach(&r);
		/* The checksum is not of this text but would be taken for the object's. */
		detach_sum(&r);
		rc = call(s, lane, &r, &arc, "last step", &trouble);
		there = is_there(&r) || rc == STORE_ABSENT;
		if (rc != STORE_OK && learn_overwrites(s, &r))
			continue;
		if (rc != STORE_OK || text_of(&r, "CompleteMultipartUploadResult/ETag", &text))
			break;
		str_clear(&r.answer.code);
		str_clear(&r.answer.message);
		complaint(&r.answer.http, &r.answer.code, &r.answer.message);
		r.answer.http.status = 500;
		aws_explain(&trouble, AWS_REFUSED, &r.answer);
		rc = STORE_FAILED;
		there = is_there(&r);
		if (there || tries == LATE || (r.answer.code.len != 0 && s3_again(200, str_get(&r.answer.code)) == RETRY_NO))
			break;
	}
	if (rc == STORE_OK && text_of(&r, "CompleteMultipartUploadResult/ChecksumSHA256", &text) && summed &&
	    strcmp(str_get(&text), sum) != 0)
		rc = strange(&trouble, &r, is_other);
	made = rc == STORE_OK;
	if (made)
		id_of(u, &r, id);
	else if (there) {
		/* It may have been a try before this one that did it. */
		str_clear(&text);
		str_clear(id);
		rc = compare(s, lane, u, size, tree, summed ? sum : NULL, id, &text);
		if (rc == STORE_FAILED || rc == STORE_DENIED) {
			str_clear(&trouble);
			str_puts(&trouble, str_get(&text));
		}
	}
out:
	/* What is there is there without this upload, whose parts would be paid for. */
	str_clear(&text);
	if (!made && (rc == STORE_OK || strcmp(str_get(&trouble), taken) == 0))
		abandon(s, u, lane, &text);
	if (rc != STORE_OK)
		str_puts(why, str_get(&trouble));
	else if (!u->expected)
		tag(s, lane, str_get(id), tree);
	/* A lost try may have taken its time. */
	if (rc == STORE_OK && u->lost)
		sweep(s, lane, u);
	str_free(&trouble);
	str_free(&text);
	request_free(&r);
	return rc;
}

static enum store_rc
finish(void *is, void *up, unsigned lane, uint64_t size, const uint8_t tree[SHA256_SIZE], struct str *id, struct str *why)
{
	struct s3 *s = is;
	struct upload *u = up;
	enum store_rc rc = STORE_OK;
	struct str ignored = { 0 };
	uint64_t total = 0;

	str_clear(id);
	if (u->whole != NULL)
		return put(s, lane, u, size, tree, id, why);
	if (u->id == NULL || strcmp(u->id, single) == 0)
		return compare(s, lane, u, size, tree, NULL, id, why);
	if (u->nparts == 0 && (rc = look(s, u, lane, &ignored)) != STORE_OK) {
		/* Nothing of it is left: because it was finished? */
		if (rc == STORE_ABSENT)
			rc = compare(s, lane, u, size, tree, NULL, id, why);
		else
			str_puts(why, str_get(&ignored));
		str_free(&ignored);
		return rc;
	}
	str_free(&ignored);
	if (u->expected && memcmp(u->tree, tree, SHA256_SIZE) != 0) {
		str_puts(why, "changed while it was uploaded");
		return STORE_FAILED;
	}
	for (size_t i = 0; i < u->nparts; i++)
		total += u->parts[i].size;
	if (total != size) {
		str_puts(why, "the parts that are there are not all of it");
		return STORE_FAILED;
	}
	return complete(s, lane, u, size, tree, id, why);
}

/* Getting */

static bool
freezes(const char *class)
{
	return strcmp(class, "GLACIER") == 0 || strcmp(class, "DEEP_ARCHIVE") == 0;
}

static enum store_rc
states(void *is, unsigned lane, struct store_item **items, size_t n, struct str *why)
{
	struct s3 *s = is;
	struct object o = { 0 };
	enum store_rc rc = STORE_OK;

	for (size_t i = 0; i < n && rc == STORE_OK; i++) {
		struct store_item *it = items[i];

		if ((rc = head(s, lane, str_get(&it->id), &o, why)) != STORE_OK)
			break;
		it->state = STORE_COLD;         /* asking for what is not there says so */
		if (!o.there)
			continue;
		it->size = it->length = o.size;
		it->tariff = !freezes(o.class) ? NULL : strcmp(o.class, "GLACIER") == 0 ? "GLACIER" : "DEEP_ARCHIVE";
		it->from = 0;
		if ((it->hashed = o.hashed))
			memcpy(it->hash, o.tree, SHA256_SIZE);
		if (!freezes(o.class) || s->thawless || strstr(str_get(&o.restore), "ongoing-request=\"false\"") != NULL)
			it->state = STORE_READY;
		else if (strstr(str_get(&o.restore), "ongoing-request=\"true\"") != NULL)
			it->state = STORE_THAWING;
	}
	object_free(&o);
	return rc;
}

static enum store_rc
thaw(void *is, unsigned lane, struct store_item *i, enum store_tier tier, struct str *why)
{
	static const char *const tiers[] = { "Bulk", "Standard", "Expedited" };
	struct s3 *s = is;
	struct request r = { 0 };
	struct str trouble = { 0 };
	const char *version;
	char *key = key_of(str_get(&i->id), &version);
	enum store_rc rc;
	enum aws_rc arc;

	str_format(&r.body, "<RestoreRequest xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Days>%u</Days>"
	    "<GlacierJobParameters><Tier>%s</Tier></GlacierJobParameters></RestoreRequest>", s->days, tiers[tier]);
	prepare(&r, s, "POST", key, "restore");
	if (version != NULL)
		add_query(&r, "versionId", version);
	attach(&r);
	rc = call(s, lane, &r, &arc, "", &trouble);
	if (rc == STORE_OK || code_is(&r, "RestoreAlreadyInProgress")) {
		rc = STORE_OK;
		i->state = STORE_THAWING;
	} else if (code_is(&r, "ObjectAlreadyInActiveTierError") || r.answer.http.status == 501 || r.answer.http.status == 405) {
		/* A service that has no thawing has nothing frozen. */
		s->thawless = s->thawless || !code_is(&r, "ObjectAlreadyInActiveTierError");
		rc = STORE_OK;
		i->state = STORE_READY;
	} else
		str_puts(why, str_get(&trouble));
	str_free(&trouble);
	free(key);
	request_free(&r);
	return rc;
}

static enum store_rc
fetch(void *is, unsigned lane, const struct store_item *i, uint64_t offset, size_t length, uint8_t *buf,
    uint8_t tree[SHA256_SIZE], struct str *name, struct str *why)
{
	struct s3 *s = is;
	struct request r = { 0 };
	struct str trouble = { 0 };
	uint64_t last = offset + length - 1;
	const char *version;
	char range[64], *key = key_of(str_get(&i->id), &version);
	enum store_rc rc = STORE_OK;
	size_t have = 0;
	enum aws_rc arc;

	for (int again = 0, wrong = 0; have < length; ) {
		prepare(&r, s, "GET", key, "");
		if (version != NULL)
			add_query(&r, "versionId", version);
		snprintf(range, sizeof range, "bytes=%" PRIu64 "-%" PRIu64, offset + have, last);
		aws_call_header(&r.call, "Range", range);
		r.call.into = buf + have;
		r.call.room = length - have;
		str_clear(&trouble);
		rc = call(s, lane, &r, &arc, "", &trouble);
		if (arc == AWS_SHORT && again++ < SHORTS) {
			if (aws_begins_at(&r.answer, offset + have, last))
				have += (size_t)r.answer.got;
			continue;
		}
		if (rc == STORE_OK && (r.answer.got != length - have || !aws_begins_at(&r.answer, offset + have, last)) &&
		    wrong++ < WRONGS)
			continue;
		if (rc == STORE_OK && (r.answer.got != length - have || !aws_begins_at(&r.answer, offset + have, last)))
			rc = strange(&trouble, &r, "the service sent other bytes than those asked for");
		if (rc != STORE_OK)
			break;
		have = length;
	}
	if (code_is(&r, "InvalidObjectState"))
		rc = STORE_ABSENT;              /* it has thawed, and is frozen again */
	if (rc == STORE_OK)
		tree_hash(tree, buf, length);
	else
		str_puts(why, str_get(&trouble));
	if (rc == STORE_OK && name != NULL) {
		str_clear(name);
		str_puts(name, name_of(s, key));
	}
	str_free(&trouble);
	free(key);
	request_free(&r);
	return rc;
}

/* Listing */

/* An object in a page: the list has not all of it, the rest is asked for one by one, on several threads. */
struct entry {
	struct str key;
	struct object object;
	enum store_rc rc;
	struct str why;
};

struct listing {
	struct page page;
	struct entry *entries;          /* PAGE of them */
	size_t n;
	bool thawing;                   /* of the one that is read */
	struct str expiry;
	store_each_job *job;            /* for jobs: told at once */
	void *with;
	bool stopped;
};

static bool
read_entry(void *with, const char *path, const char *text)
{
	struct listing *l = with;
	struct page *p = &l->page;

	if (ends(path, "IsTruncated"))
		p->more = strcmp(text, "true") == 0;
	else if (ends(path, "NextContinuationToken"))
		keep(&p->next, text);
	else if (ends(path, "Contents/Key"))
		keep(&p->key, text);
	else if (ends(path, "Contents/Size"))
		p->part.size = strtoull(text, NULL, 10);
	else if (ends(path, "Contents/RestoreStatus/IsRestoreInProgress"))
		l->thawing = strcmp(text, "true") == 0;
	else if (ends(path, "Contents/RestoreStatus/RestoreExpiryDate"))
		keep(&l->expiry, text);
	else if (ends(path, "Contents")) {
		if (l->job != NULL && (l->thawing || l->expiry.len != 0))
			l->stopped = !l->job(l->with, &(struct store_job){ .state = l->thawing ? STORE_THAWING : STORE_READY,
			    .id = str_get(&p->key), .tier = "", .archive = str_get(&p->key), .size = (int64_t)p->part.size });
		/* What ends with a slash stands for a directory, in some programs. */
		else if (l->job == NULL && takes_id(str_get(&p->key)) && p->key.s[p->key.len - 1] != '/') {
			if (l->n == PAGE)
				return false;
			keep(&l->entries[l->n++].key, str_get(&p->key));
		}
		l->thawing = false;
		str_clear(&l->expiry);
	}
	return !l->stopped;
}

struct asking { struct s3 *s3; unsigned lane; };

static void
ask(void *job, unsigned thread, void *shared)
{
	struct asking *a = shared;
	struct entry **e = job;

	str_clear(&(*e)->why);
	(*e)->rc = head(a->s3, a->lane + thread, str_get(&(*e)->key), &(*e)->object, &(*e)->why);
}

/* Ask for the rest of each, and tell of them in order. */
static enum store_rc
tell_page(struct s3 *s, struct pool *pool, struct listing *l, store_each_archive *each, struct str *why)
{
	enum store_rc rc = STORE_OK;
	struct str id = { 0 };
	struct entry **job;
	size_t next = 0;

	for (;;) {
		while (next < l->n && rc == STORE_OK && !l->stopped && (job = pool_room(pool)) != NULL) {
			*job = &l->entries[next++];
			pool_add(pool);
		}
		if ((job = pool_take(pool)) == NULL)
			break;
		if (rc != STORE_OK || l->stopped)
			continue;
		if ((rc = (*job)->rc) != STORE_OK)
			str_format(why, "%s: %s", str_get(&(*job)->key), str_get(&(*job)->why));
		else if ((*job)->object.there && (*job)->object.size != 0) {
			const struct object *o = &(*job)->object;

			str_clear(&id);
			put_id(&id, str_get(&(*job)->key), str_get(&o->version));
			l->stopped = !each(l->with, &(struct store_archive){ o->time, name_of(s, str_get(&(*job)->key)), str_get(&id),
			    o->size, o->hashed ? o->tree : NULL });
		}
	}
	str_free(&id);
	return l->stopped ? STORE_FAILED : rc;
}

/* Through all pages of the list of objects. */
static enum store_rc
list_objects(struct s3 *s, unsigned lane, struct listing *l, struct pool *pool, store_each_archive *each, struct str *why)
{
	struct request r = { 0 };
	enum store_rc rc;
	int pages = 0;

	l->page = (struct page){ .s3 = s };
	do {
		prepare(&r, s, "GET", NULL, "list-type=2");
		add_query(&r, "prefix", s->prefix);
		if (l->page.next.len != 0)
			add_query(&r, "continuation-token", str_get(&l->page.next));
		aws_call_header(&r.call, "x-amz-optional-object-attributes", "RestoreStatus");
		l->n = 0;
		rc = get_page(s, lane, &r, &pages, read_entry, &l->page, why);
		if (l->stopped) {
			str_clear(why);
			rc = STORE_FAILED;
		}
		if (rc == STORE_OK && pool != NULL)
			rc = tell_page(s, pool, l, each, why);
	} while (rc == STORE_OK && l->page.more);
	request_free(&r);
	page_free(&l->page);
	str_free(&l->expiry);
	return rc;
}

static enum store_rc
list_archives(void *is, unsigned lane, bool anew, store_each_archive *each, void *with, struct str *why)
{
	struct s3 *s = is;
	unsigned threads = s->lanes - lane;
	struct asking a = { s, lane };
	struct listing l = { .with = with, .entries = mem_array(PAGE, sizeof *l.entries) };
	struct pool *pool = pool_new(threads, POOL_RING(threads), sizeof(struct entry *), ask, &a);
	enum store_rc rc;

	(void)anew;
	s->listed = (int64_t)time(NULL);
	rc = list_objects(s, lane, &l, pool, each, why);
	pool_free(pool);
	for (size_t i = 0; i < PAGE; i++) {
		str_free(&l.entries[i].key);
		str_free(&l.entries[i].why);
		object_free(&l.entries[i].object);
	}
	free(l.entries);
	return rc;
}

static int64_t
listed(const void *is)
{
	return ((const struct s3 *)is)->listed;
}

static enum store_rc
jobs(void *is, unsigned lane, store_each_job *each, void *with, struct str *why)
{
	struct listing l = { .job = each, .with = with };

	return list_objects(is, lane, &l, NULL, NULL, why);
}

struct buckets { store_each_place *each; void *with; struct str name; int64_t made; bool stopped; };

static bool
read_bucket(void *with, const char *path, const char *text)
{
	struct buckets *b = with;
	char *full;

	if (ends(path, "Buckets/Bucket/Name"))
		keep(&b->name, text);
	else if (ends(path, "Buckets/Bucket/CreationDate"))
		b->made = moment(text);
	else if (ends(path, "Buckets/Bucket") && b->name.len != 0) {
		full = mem_format("s3://%s", str_get(&b->name));
		b->stopped = !b->each(b->with, &(struct store_place){ .name = full, .made = b->made, .archives = -1, .bytes = -1 });
		free(full);
	}
	return !b->stopped;
}

static enum store_rc
places(void *is, unsigned lane, store_each_place *each, void *with, struct str *why)
{
	struct buckets b = { .each = each, .with = with };
	struct s3 *s = is;
	char *bucket = s->bucket, nothing[] = "";
	struct request r = { 0 };
	enum store_rc rc;
	enum aws_rc arc;

	s->bucket = nothing;
	prepare(&r, s, "GET", NULL, "");
	s->bucket = bucket;
	rc = call(s, lane, &r, &arc, "", why);
	if (rc == STORE_OK && !xml_parse(str_get(&r.answer.http.body), r.answer.http.body.len, read_bucket, &b) && !b.stopped)
		rc = strange(why, &r, "the list is not as it should be");
	str_free(&b.name);
	request_free(&r);
	return b.stopped ? STORE_FAILED : rc;
}

/* Removing */

static enum store_rc
terms(void *is, unsigned lane, struct store_doomed *d, size_t n, struct str *why)
{
	static const struct { const char *class; unsigned days; } known[] = {
		{ "GLACIER", 90 }, { "GLACIER_IR", 90 }, { "DEEP_ARCHIVE", 180 }, { "STANDARD_IA", 30 }, { "ONEZONE_IA", 30 }
	};
	struct object o = { 0 };
	enum store_rc rc = STORE_OK;

	for (size_t i = 0; i < n && rc == STORE_OK; i++) {
		d[i].days = 0;
		d[i].tariff = "STANDARD";
		str_clear(&d[i].version);
		if ((rc = d[i].rc = head(is, lane, d[i].id, &o, why)) != STORE_OK || !o.there)
			continue;
		if (o.time != 0)
			d[i].since = o.time;
		str_puts(&d[i].version, str_get(&o.version));
		for (size_t k = 0; k < sizeof known / sizeof known[0]; k++)
			if (strcmp(o.class, known[k].class) == 0) {
				d[i].days = known[k].days;
				d[i].tariff = known[k].class;
			}
	}
	object_free(&o);
	return rc;
}

struct verdicts {
	struct store_doomed *d;
	size_t n;
	struct str key, version, code, message;
};

/* An entry of the answer is about one of them: which is by its key and version. */
static bool
read_verdict(void *with, const char *path, const char *text)
{
	struct verdicts *v = with;
	bool deleted = ends(path, "Deleted"), error = ends(path, "Error");

	if (ends(path, "Deleted/Key") || ends(path, "Error/Key"))
		keep(&v->key, text);
	else if (ends(path, "Deleted/VersionId") || ends(path, "Error/VersionId"))
		keep(&v->version, text);
	else if (ends(path, "Error/Code"))
		keep(&v->code, text);
	else if (ends(path, "Error/Message"))
		keep(&v->message, text);
	else if (deleted || error) {
		for (size_t i = 0; i < v->n; i++) {
			struct store_doomed *d = &v->d[i];
			const char *version;
			char *key = key_of(d->id, &version);
			bool same = strcmp(key, str_get(&v->key)) == 0 && (v->version.len == 0 || d->version.len == 0 ||
			    strcmp(str_get(&d->version), str_get(&v->version)) == 0);

			free(key);
			if (!same)
				continue;
			d->rc = deleted || strcmp(str_get(&v->code), "NoSuchKey") == 0 || strcmp(str_get(&v->code), "NoSuchVersion") == 0 ?
			    STORE_OK : STORE_FAILED;
			str_clear(&d->why);
			if (d->rc != STORE_OK)
				str_format(&d->why, "%s: %s", str_get(&v->code), str_get(&v->message));
		}
		str_clear(&v->key);
		str_clear(&v->version);
		str_clear(&v->code);
		str_clear(&v->message);
	}
	return true;
}

static enum store_rc
delete_one(struct s3 *s, unsigned lane, struct store_doomed *d, struct str *why)
{
	struct request r = { 0 };
	const char *version;
	char *key = key_of(d->id, &version);
	enum store_rc rc = STORE_OK;
	enum aws_rc arc;

	if (version == NULL && d->version.len != 0)
		version = str_get(&d->version);
	prepare(&r, s, "DELETE", key, "");
	if (version != NULL)
		add_query(&r, "versionId", version);
	str_clear(&d->why);
	d->rc = call(s, lane, &r, &arc, "", &d->why);
	if (d->rc == STORE_ABSENT && !code_is(&r, "NoSuchBucket"))
		d->rc = STORE_OK;
	else if (arc == AWS_DENIED || arc == AWS_LOST) {
		rc = d->rc;
		str_puts(why, str_get(&d->why));
	}
	free(key);
	request_free(&r);
	return rc;
}

/* That very version, where the bucket keeps versions: without it only a marker would be put before it, and it be paid on. */
static enum store_rc
delete(void *is, unsigned lane, struct store_doomed *d, size_t n, struct str *why)
{
	struct s3 *s = is;
	struct verdicts v = { .d = d, .n = n };
	struct request r = { 0 };
	const char *version;
	struct str trouble = { 0 };
	enum store_rc rc = STORE_OK;
	enum aws_rc arc;
	char *key;

	for (size_t i = 0; i < n && s->singly && rc == STORE_OK; i++)
		rc = delete_one(s, lane, &d[i], why);
	if (s->singly)
		return rc;
	prepare(&r, s, "POST", NULL, "delete");
	str_puts(&r.body, "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
	for (size_t i = 0; i < n; i++) {
		d[i].rc = STORE_FAILED;
		str_clear(&d[i].why);
		str_puts(&d[i].why, "the service did not say what became of it");
		key = key_of(d[i].id, &version);
		if (version == NULL && d[i].version.len != 0)
			version = str_get(&d[i].version);
		str_puts(&r.body, "<Object>");
		xml_put(&r.body, "Key", key);
		if (version != NULL)
			xml_put(&r.body, "VersionId", version);
		str_puts(&r.body, "</Object>");
		free(key);
	}
	str_puts(&r.body, "</Delete>");
	attach(&r);
	rc = call(s, lane, &r, &arc, "", &trouble);
	if (rc != STORE_OK && (r.answer.http.status == 501 || strstr(str_get(&r.answer.message), "Content-MD5") != NULL)) {
		s->singly = true;
		str_free(&trouble);
		request_free(&r);
		return delete(s, lane, d, n, why);
	}
	str_puts(why, rc != STORE_OK ? str_get(&trouble) : "");
	str_free(&trouble);
	if (rc == STORE_OK && !xml_parse(str_get(&r.answer.http.body), r.answer.http.body.len, read_verdict, &v))
		rc = strange(why, &r, "the answer is not as it should be");
	str_free(&v.key);
	str_free(&v.version);
	str_free(&v.code);
	str_free(&v.message);
	request_free(&r);
	return rc;
}

const struct store_kind s3_kind = {
	.scheme = "s3://",
	.open = s3_open,
	.close = s3_close,
	.endpoint = endpoint,
	.source = source,
	.region = region,
	.tariff = tariff,
	.create = create,
	.takes_name = takes_name,
	.takes_id = takes_id,
	.begin = begin,
	.expect = expect,
	.part_min = PART_MIN,
	.send = send,
	.finish = finish,
	.abort = abandon,
	.upload_id = upload_id,
	.upload_name = upload_name,
	.upload_begun = upload_begun,
	.uploads = uploads,
	.upload_at = upload_at,
	.look = look,
	.part_size = part_size,
	.held = held,
	.has = has,
	.upload_free = upload_free,
	.states = states,
	.thaw = thaw,
	.fetch = fetch,
	.list = list_archives,
	.listed = listed,
	.places = places,
	.jobs = jobs,
	.batch = PAGE,
	.terms = terms,
	.remove = delete,
};

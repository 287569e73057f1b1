#include "s3object.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hex.h"
#include "mem.h"
#include "s3name.h"

static const char tree_header[] = "x-amz-meta-treehash", tree_tag[] = "treehash";
const char s3_taken[] = "something else is in the bucket under that name, and is not overwritten";
const char s3_is_other[] = "the service has stored something else, its checksum differs";

void
s3_object_free(struct s3_object *o)
{
	str_free(&o->version);
	str_free(&o->restore);
	str_free(&o->sum);
	str_free(&o->lock);
}

static bool
hash_good(const char *hex, uint8_t tree[SHA256_SIZE])
{
	return strlen(hex) == 2 * SHA256_SIZE && hex_get(tree, hex, SHA256_SIZE);
}

struct tags { struct s3_object *o; bool mine; };

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
look_at_tags(struct s3 *s, unsigned lane, const char *key, const char *version, struct s3_object *o)
{
	struct tags t = { .o = o };
	struct s3_request r = { 0 };
	struct str ignored = { 0 };
	enum aws_rc arc;

	s3_prepare(&r, s, "GET", key, "tagging");
	if (version != NULL)
		s3_add_query(&r, "versionId", version);
	if (s3_call(s, lane, &r, &arc, "", &ignored) == STORE_OK)
		xml_parse(str_get(&r.answer.http.body), r.answer.http.body.len, read_tag, &t);
	str_free(&ignored);
	s3_request_free(&r);
}

static void
read_lock(const struct http_answer *h, struct str *lock)
{
	struct str mode = { 0 }, until = { 0 };

	if (http_find(h, "x-amz-object-lock-mode", &mode) && http_find(h, "x-amz-object-lock-retain-until-date", &until))
		str_format(lock, "it is locked until %.10s, mode %.20s", str_get(&until), str_get(&mode));
	str_clear(&mode);
	if (http_find(h, "x-amz-object-lock-legal-hold", &mode) && strcmp(str_get(&mode), "ON") == 0)
		str_format(lock, "%sit is on legal hold", lock->len != 0 ? ", and " : "");
	str_free(&mode);
	str_free(&until);
}

enum store_rc
s3_head(struct s3 *s, unsigned lane, const char *id, struct s3_object *o, struct str *why)
{
	const struct http_answer *h;
	struct s3_request r = { 0 };
	struct str trouble = { 0 }, v = { 0 };
	const char *version;
	char *key = s3_key(id, &version);
	enum store_rc rc;
	enum aws_rc arc;

	s3_object_free(o);
	*o = (struct s3_object){ 0 };
	s3_prepare(&r, s, "HEAD", key, "");
	if (version != NULL)
		s3_add_query(&r, "versionId", version);
	aws_call_header(&r.call, "x-amz-checksum-mode", "ENABLED");
	rc = s3_call(s, lane, &r, &arc, "", &trouble);
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
		read_lock(h, &o->lock);
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
	s3_request_free(&r);
	return rc;
}

enum store_rc
s3_compare(struct s3 *s, unsigned lane, const char *key, uint64_t size, const uint8_t tree[SHA256_SIZE], const char *sum,
    struct str *id, struct str *why)
{
	struct s3_object o = { 0 };
	enum store_rc rc = s3_head(s, lane, key, &o, why);

	if (rc == STORE_OK && !o.there) {
		str_puts(why, "it is not there");
		rc = STORE_ABSENT;
	} else if (rc == STORE_OK && (o.size != size || (o.hashed ? memcmp(o.tree, tree, SHA256_SIZE) != 0 :
	    sum == NULL || strcmp(str_get(&o.sum), sum) != 0))) {
		str_puts(why, s3_taken);
		rc = STORE_FAILED;
	}
	if (rc == STORE_OK)
		s3_put_id(id, key, str_get(&o.version));
	s3_object_free(&o);
	return rc;
}

void
s3_tag(struct s3 *s, unsigned lane, const char *id, const uint8_t tree[SHA256_SIZE])
{
	struct s3_request r = { 0 };
	struct s3_object o = { 0 };
	struct str why = { 0 };
	char hex[SHA256_HEX], *key;
	const char *version;
	enum aws_rc arc;
	bool there;

	/* A run before this one may have begun it and have known. */
	there = s3_head(s, lane, id, &o, &why) == STORE_OK && o.hashed;
	s3_object_free(&o);
	str_clear(&why);
	if (there)
		return;
	key = s3_key(id, &version);
	hex_put(hex, tree, SHA256_SIZE);
	s3_prepare(&r, s, "PUT", key, "tagging");
	if (version != NULL)
		s3_add_query(&r, "versionId", version);
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
	s3_attach(&r);
	if (s3_call(s, lane, &r, &arc, "", &why) != STORE_OK && s->tell != NULL) {
		struct str said = { 0 };

		str_format(&said, "%s: is stored, but its tree hash could not be written down with it, only the ledger has it: %s",
		    id, str_get(&why));
		s->tell(str_get(&said));
		str_free(&said);
	}
	free(key);
	str_free(&why);
	s3_request_free(&r);
}

/* Index and closing record of a set are read before anything else is, so they do not freeze. */
static const char *
class_for(const struct s3 *s, const char *name)
{
	const char *base = strrchr(name, '/') != NULL ? strrchr(name, '/') + 1 : name;

	if (s->class != NULL)
		return s->class;
	return strncmp(base, "index.tsv", 9) == 0 || strncmp(base, "closing.tsv", 11) == 0 ||
	    strcmp(base, "README.restore.txt") == 0 ? "STANDARD" : "DEEP_ARCHIVE";
}

void
s3_describe(struct s3_request *r, const struct s3 *s, const char *name, const char *tree)
{
	const char *class = class_for(s, name);

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

void
s3_attach_part(struct s3_request *r, const struct store_part *part)
{
	hex_put(r->sha256, part->linear, SHA256_SIZE);
	s3_sum_text(r->sum, part->linear);
	aws_call_header(&r->call, "x-amz-checksum-sha256", r->sum);
	/* A bucket that locks wants to hear of it twice. */
	aws_call_header(&r->call, "x-amz-sdk-checksum-algorithm", "SHA256");
	aws_call_header(&r->call, "Content-Type", "application/octet-stream");
	r->call.length = part->length;
	r->call.source = part->read;
	r->call.from = part->from;
	r->call.sha256 = r->sha256;
}

bool
s3_echo_good(const struct s3_request *r, const char *sum)
{
	struct str s = { 0 };
	bool good = !http_find(&r->answer.http, "x-amz-checksum-sha256", &s) || strcmp(str_get(&s), sum) == 0;

	str_free(&s);
	return good;
}

void
s3_id_of(const char *key, const struct s3_request *r, struct str *id)
{
	struct str version = { 0 };

	http_find(&r->answer.http, "x-amz-version-id", &version);
	str_clear(id);
	s3_put_id(id, key, str_get(&version));
	str_free(&version);
}

bool
s3_is_there(const struct s3_request *r)
{
	return r->answer.http.status == 412 || s3_code_is(r, "PreconditionFailed") || s3_code_is(r, "ConditionalRequestConflict");
}

bool
s3_learn_overwrites(struct s3 *s, const struct s3_request *r)
{
	if (s->overwrites || r->answer.http.status != 501)
		return false;
	s->overwrites = true;
	return true;
}

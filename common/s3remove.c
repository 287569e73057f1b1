#include "s3remove.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "s3name.h"

enum store_rc
s3_terms(void *is, unsigned lane, struct store_doomed *d, size_t n, struct str *why)
{
	static const struct { const char *class; unsigned days; } known[] = {
		{ "GLACIER", 90 }, { "GLACIER_IR", 90 }, { "DEEP_ARCHIVE", 180 }, { "STANDARD_IA", 30 }, { "ONEZONE_IA", 30 }
	};
	struct s3_object o = { 0 };
	enum store_rc rc = STORE_OK;

	for (size_t i = 0; i < n && rc == STORE_OK; i++) {
		d[i].days = 0;
		d[i].tariff = "STANDARD";
		str_clear(&d[i].version);
		str_clear(&d[i].held);
		rc = d[i].rc = s3_head(is, lane, d[i].id, &o, why);
		d[i].gone = rc == STORE_OK && !o.there;
		if (rc != STORE_OK || !o.there)
			continue;
		str_puts(&d[i].held, str_get(&o.lock));
		if (o.time != 0)
			d[i].since = o.time;
		str_puts(&d[i].version, str_get(&o.version));
		for (size_t k = 0; k < sizeof known / sizeof known[0]; k++)
			if (strcmp(o.class, known[k].class) == 0) {
				d[i].days = known[k].days;
				d[i].tariff = known[k].class;
			}
	}
	s3_object_free(&o);
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
	bool deleted = s3_ends(path, "Deleted"), error = s3_ends(path, "Error");

	if (s3_ends(path, "Deleted/Key") || s3_ends(path, "Error/Key"))
		s3_keep(&v->key, text);
	else if (s3_ends(path, "Deleted/VersionId") || s3_ends(path, "Error/VersionId"))
		s3_keep(&v->version, text);
	else if (s3_ends(path, "Error/Code"))
		s3_keep(&v->code, text);
	else if (s3_ends(path, "Error/Message"))
		s3_keep(&v->message, text);
	else if (deleted || error) {
		for (size_t i = 0; i < v->n; i++) {
			struct store_doomed *d = &v->d[i];
			const char *version;
			char *key = s3_key(d->id, &version);
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
	struct s3_request r = { 0 };
	const char *version;
	char *key = s3_key(d->id, &version);
	enum store_rc rc = STORE_OK;
	enum aws_rc arc;

	if (version == NULL && d->version.len != 0)
		version = str_get(&d->version);
	s3_prepare(&r, s, "DELETE", key, "");
	if (version != NULL)
		s3_add_query(&r, "versionId", version);
	str_clear(&d->why);
	d->rc = s3_call(s, lane, &r, &arc, "", &d->why);
	if (d->rc == STORE_ABSENT && !s3_code_is(&r, "NoSuchBucket"))
		d->rc = STORE_OK;
	else if (arc == AWS_DENIED || arc == AWS_LOST) {
		rc = d->rc;
		str_puts(why, str_get(&d->why));
	}
	free(key);
	s3_request_free(&r);
	return rc;
}

/* That very version, where the bucket keeps versions: without it only a marker would be put before it, and it be paid on. */
static enum store_rc
remove_all(struct s3 *s, unsigned lane, struct store_doomed *d, size_t n, struct str *why)
{
	struct verdicts v = { .d = d, .n = n };
	struct s3_request r = { 0 };
	const char *version;
	struct str trouble = { 0 };
	enum store_rc rc = STORE_OK;
	enum aws_rc arc;
	char *key;

	for (size_t i = 0; i < n && s->singly && rc == STORE_OK; i++)
		rc = delete_one(s, lane, &d[i], why);
	if (s->singly)
		return rc;
	s3_prepare(&r, s, "POST", NULL, "delete");
	str_puts(&r.body, "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
	for (size_t i = 0; i < n; i++) {
		d[i].rc = STORE_FAILED;
		str_clear(&d[i].why);
		str_puts(&d[i].why, "the service did not say what became of it");
		key = s3_key(d[i].id, &version);
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
	s3_attach(&r);
	rc = s3_call(s, lane, &r, &arc, "", &trouble);
	if (rc != STORE_OK && (r.answer.http.status == 501 || strstr(str_get(&r.answer.message), "Content-MD5") != NULL)) {
		s->singly = true;
		str_free(&trouble);
		s3_request_free(&r);
		return remove_all(s, lane, d, n, why);
	}
	str_puts(why, rc != STORE_OK ? str_get(&trouble) : "");
	str_free(&trouble);
	if (rc == STORE_OK && !xml_parse(str_get(&r.answer.http.body), r.answer.http.body.len, read_verdict, &v))
		rc = s3_strange(why, &r, "the answer is not as it should be");
	str_free(&v.key);
	str_free(&v.version);
	str_free(&v.code);
	str_free(&v.message);
	s3_request_free(&r);
	return rc;
}

/* The versions of one key that are there, but for one. */
struct rest {
	const char *key, *but;
	struct s3_page page;
	struct str k, v, first;         /* of the entry that is being read; and the id of the first */
	uint64_t size, bytes;
	unsigned n;
};

static bool
read_version(void *with, const char *path, const char *text)
{
	struct rest *r = with;

	if (s3_ends(path, "Version/Key"))
		s3_keep(&r->k, text);
	else if (s3_ends(path, "Version/VersionId"))
		s3_keep(&r->v, text);
	else if (s3_ends(path, "Version/Size"))
		r->size = strtoull(text, NULL, 10);
	else if (s3_ends(path, "Version") && strcmp(str_get(&r->k), r->key) == 0 && strcmp(str_get(&r->v), r->but) != 0) {
		if (r->n++ == 0)
			str_format(&r->first, "%s?versionId=%s", r->key, str_get(&r->v));
		r->bytes += r->size;
	}
	return true;
}

/* What is still there under its name, and paid for: of one page, which begins with just that name. */
static void
see_rest(struct s3 *s, unsigned lane, struct store_doomed *d)
{
	struct rest rest = { .but = str_get(&d->version) };
	struct s3_request r = { 0 };
	struct str why = { 0 };
	const char *version;
	char *key = s3_key(d->id, &version);

	rest.key = key;
	s3_prepare(&r, s, "GET", NULL, "versions");
	s3_add_query(&r, "prefix", key);
	str_clear(&d->left);
	if (s3_get_page(s, lane, &r, &rest.page, read_version, &rest, &why) != STORE_OK) {
		if (!d->gone)           /* then it is known that versions are kept */
			str_format(&d->left, "whether other versions of it remain is not known: %s", str_get(&why));
	} else if (rest.n == 1)
		str_format(&d->left, "another version of it remains, %" PRIu64 " bytes, and is paid for: %s", rest.bytes,
		    str_get(&rest.first));
	else if (rest.n > 1)
		str_format(&d->left, "%u other versions of it remain, %" PRIu64 " bytes, and are paid for, the newest is %s", rest.n,
		    rest.bytes, str_get(&rest.first));
	str_free(&rest.page.next);
	str_free(&rest.k);
	str_free(&rest.v);
	str_free(&rest.first);
	str_free(&why);
	free(key);
	s3_request_free(&r);
}

enum store_rc
s3_remove(void *is, unsigned lane, struct store_doomed *d, size_t n, struct str *why)
{
	enum store_rc rc = remove_all(is, lane, d, n, why);

	for (size_t i = 0; i < n && rc == STORE_OK; i++) {
		str_clear(&d[i].left);
		if (d[i].rc != STORE_OK && d[i].held.len != 0)
			str_format(&d[i].why, "; %s", str_get(&d[i].held));
		else if (d[i].rc == STORE_OK && (d[i].version.len != 0 || d[i].gone))
			see_rest(is, lane, &d[i]);
	}
	return rc;
}

#include "s3list.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mem.h"
#include "pool.h"
#include "s3name.h"

enum store_rc
s3_create(void *is, unsigned lane, struct str *why)
{
	struct s3 *s = is;
	struct s3_request r = { 0 };
	struct str trouble = { 0 };
	enum store_rc rc;
	enum aws_rc arc;

	s3_prepare(&r, s, "PUT", NULL, "");
	if (strcmp(aws_region(s->aws), "us-east-1") != 0) {
		str_puts(&r.body, "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
		xml_put(&r.body, "LocationConstraint", aws_region(s->aws));
		str_puts(&r.body, "</CreateBucketConfiguration>");
		s3_attach(&r);
	}
	rc = s3_call(s, lane, &r, &arc, "", &trouble);
	if (rc != STORE_OK && s3_code_is(&r, "BucketAlreadyOwnedByYou"))
		rc = STORE_OK;
	if (rc != STORE_OK)
		str_puts(why, str_get(&trouble));
	str_free(&trouble);
	s3_request_free(&r);
	return rc;
}

struct buckets { store_each_place *each; void *with; struct str name; int64_t made; bool stopped; };

static bool
read_bucket(void *with, const char *path, const char *text)
{
	struct buckets *b = with;
	char *full;

	if (s3_ends(path, "Buckets/Bucket/Name"))
		s3_keep(&b->name, text);
	else if (s3_ends(path, "Buckets/Bucket/CreationDate"))
		b->made = s3_moment(text);
	else if (s3_ends(path, "Buckets/Bucket") && b->name.len != 0) {
		full = mem_format("s3://%s", str_get(&b->name));
		b->stopped = !b->each(b->with, &(struct store_place){ .name = full, .made = b->made, .archives = -1, .bytes = -1 });
		free(full);
	}
	return !b->stopped;
}

enum store_rc
s3_places(void *is, unsigned lane, store_each_place *each, void *with, struct str *why)
{
	struct buckets b = { .each = each, .with = with };
	struct s3 *s = is;
	char *bucket = s->bucket, nothing[] = "";
	struct s3_request r = { 0 };
	enum store_rc rc;
	enum aws_rc arc;

	s->bucket = nothing;
	s3_prepare(&r, s, "GET", NULL, "");
	s->bucket = bucket;
	rc = s3_call(s, lane, &r, &arc, "", why);
	if (rc == STORE_OK && !xml_parse(str_get(&r.answer.http.body), r.answer.http.body.len, read_bucket, &b) && !b.stopped)
		rc = s3_strange(why, &r, "the list is not as it should be");
	str_free(&b.name);
	s3_request_free(&r);
	return b.stopped ? STORE_FAILED : rc;
}

/* An object in a page. */
struct entry {
	struct str key;
	struct s3_object object;
	enum store_rc rc;
	struct str why;
};

struct listing {
	struct s3_page page;
	struct str key;                 /* of the one that is read */
	uint64_t size;
	bool thawing;
	struct str expiry;
	struct entry *entries;          /* S3_PAGE of them */
	size_t n;
	store_each_job *job;            /* for jobs: told at once */
	void *with;
	bool stopped;
};

static bool
read_entry(void *with, const char *path, const char *text)
{
	struct listing *l = with;

	if (s3_ends(path, "IsTruncated"))
		l->page.more = strcmp(text, "true") == 0;
	else if (s3_ends(path, "NextContinuationToken"))
		s3_keep(&l->page.next, text);
	else if (s3_ends(path, "Contents/Key"))
		s3_keep(&l->key, text);
	else if (s3_ends(path, "Contents/Size"))
		l->size = strtoull(text, NULL, 10);
	else if (s3_ends(path, "Contents/RestoreStatus/IsRestoreInProgress"))
		l->thawing = strcmp(text, "true") == 0;
	else if (s3_ends(path, "Contents/RestoreStatus/RestoreExpiryDate"))
		s3_keep(&l->expiry, text);
	else if (s3_ends(path, "Contents")) {
		if (l->job != NULL && (l->thawing || l->expiry.len != 0))
			l->stopped = !l->job(l->with, &(struct store_job){ .state = l->thawing ? STORE_THAWING : STORE_READY,
			    .id = str_get(&l->key), .tier = "", .archive = str_get(&l->key), .size = (int64_t)l->size });
		/* What ends with a slash stands for a directory, in some programs. */
		else if (l->job == NULL && s3_takes_id(str_get(&l->key)) && l->key.s[l->key.len - 1] != '/') {
			if (l->n == S3_PAGE)
				return false;
			s3_keep(&l->entries[l->n++].key, str_get(&l->key));
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
	(*e)->rc = s3_head(a->s3, a->lane + thread, str_get(&(*e)->key), &(*e)->object, &(*e)->why);
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
			const struct s3_object *o = &(*job)->object;

			str_clear(&id);
			s3_put_id(&id, str_get(&(*job)->key), str_get(&o->version));
			l->stopped = !each(l->with, &(struct store_archive){ o->time, s3_name(s->prefix, str_get(&(*job)->key)), str_get(&id),
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
	struct s3_request r = { 0 };
	enum store_rc rc;

	do {
		s3_prepare(&r, s, "GET", NULL, "list-type=2");
		s3_add_query(&r, "prefix", s->prefix);
		if (l->page.next.len != 0)
			s3_add_query(&r, "continuation-token", str_get(&l->page.next));
		aws_call_header(&r.call, "x-amz-optional-object-attributes", "RestoreStatus");
		l->n = 0;
		rc = s3_get_page(s, lane, &r, &l->page, read_entry, l, why);
		if (l->stopped) {
			str_clear(why);
			rc = STORE_FAILED;
		}
		if (rc == STORE_OK && pool != NULL)
			rc = tell_page(s, pool, l, each, why);
	} while (rc == STORE_OK && l->page.more);
	s3_request_free(&r);
	str_free(&l->page.next);
	str_free(&l->key);
	str_free(&l->expiry);
	return rc;
}

enum store_rc
s3_list(void *is, unsigned lane, bool anew, store_each_archive *each, void *with, struct str *why)
{
	struct s3 *s = is;
	unsigned threads = s->lanes - lane;
	struct asking a = { s, lane };
	struct listing l = { .with = with, .entries = mem_array(S3_PAGE, sizeof *l.entries) };
	struct pool *pool = pool_new(threads, POOL_RING(threads), sizeof(struct entry *), ask, &a);
	enum store_rc rc;

	(void)anew;
	s->listed = (int64_t)time(NULL);
	rc = list_objects(s, lane, &l, pool, each, why);
	pool_free(pool);
	for (size_t i = 0; i < S3_PAGE; i++) {
		str_free(&l.entries[i].key);
		str_free(&l.entries[i].why);
		s3_object_free(&l.entries[i].object);
	}
	free(l.entries);
	return rc;
}

int64_t
s3_listed(const void *is)
{
	return ((const struct s3 *)is)->listed;
}

enum store_rc
s3_jobs(void *is, unsigned lane, store_each_job *each, void *with, struct str *why)
{
	struct listing l = { .job = each, .with = with };

	return list_objects(is, lane, &l, NULL, NULL, why);
}

#include "store.h"

#include <stdlib.h>
#include <string.h>

#include "glacier.h"
#include "http.h"
#include "mem.h"
#include "s3.h"

static const struct store_kind *const kinds[] = { &glacier_kind, &s3_kind };

struct store {
	const struct store_kind *kind;
	void *is;
	char *name;
};

struct store_upload {
	struct store *store;
	void *is;
};

struct store *
store_open(const struct store_options *o, enum store_rc *rc, struct str *why)
{
	struct store *s;
	void *is;

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		size_t n = strlen(kinds[i]->scheme);

		if (strncmp(o->name, kinds[i]->scheme, n) != 0)
			continue;
		if ((is = kinds[i]->open(o, o->name + n, rc, why)) == NULL)
			return NULL;
		s = mem_alloc(sizeof *s);
		*s = (struct store){ kinds[i], is, mem_copy(o->name) };
		return s;
	}
	str_format(why, "%s: is not the name of a store; it looks like glacier:VAULT or s3://BUCKET/PREFIX", o->name);
	*rc = STORE_WRONG;
	return NULL;
}

void
store_close(struct store *s)
{
	if (s == NULL)
		return;
	s->kind->close(s->is);
	free(s->name);
	free(s);
}

const char *
store_name(const struct store *s)
{
	return s->name;
}

const char *
store_endpoint(const struct store *s)
{
	return s->kind->endpoint(s->is);
}

const char *
store_source(const struct store *s)
{
	return s->kind->source(s->is);
}

const char *
store_region(const struct store *s)
{
	return s->kind->region(s->is);
}

const char *
store_tariff(const struct store *s)
{
	return s->kind->tariff(s->is);
}

void
store_stop(void)
{
	http_stop();
}

enum store_rc
store_create(struct store *s, unsigned lane, struct str *why)
{
	return s->kind->create(s->is, lane, why);
}

bool
store_takes_name(const struct store *s, const char *name, struct str *why)
{
	return s->kind->takes_name(name, why);
}

static struct store_upload *
wrap(struct store *s, void *is)
{
	struct store_upload *up = mem_alloc(sizeof *up);

	*up = (struct store_upload){ s, is };
	return up;
}

enum store_rc
store_begin(struct store *s, unsigned lane, const char *name, uint64_t part_size, struct store_upload **up,
    struct str *why)
{
	enum store_rc rc;
	void *is;

	if ((rc = s->kind->begin(s->is, lane, name, part_size, &is, why)) != STORE_OK)
		return rc;
	*up = wrap(s, is);
	return STORE_OK;
}

uint64_t
store_part_min(const struct store *s)
{
	return s->kind->part_min;
}

bool
store_expects(const struct store *s)
{
	return s->kind->expect != NULL;
}

void
store_expect(struct store_upload *up, const uint8_t tree[SHA256_SIZE])
{
	if (up->store->kind->expect != NULL)
		up->store->kind->expect(up->is, tree);
}

enum store_rc
store_send(struct store_upload *up, unsigned lane, const struct store_part *part, struct str *why)
{
	return up->store->kind->send(up->store->is, up->is, lane, part, why);
}

enum store_rc
store_finish(struct store_upload *up, unsigned lane, uint64_t size, const uint8_t tree[SHA256_SIZE], struct str *id,
    struct str *why)
{
	return up->store->kind->finish(up->store->is, up->is, lane, size, tree, id, why);
}

enum store_rc
store_abort(struct store_upload *up, unsigned lane, struct str *why)
{
	return up->store->kind->abort(up->store->is, up->is, lane, why);
}

void
store_upload_free(struct store_upload *up)
{
	if (up == NULL)
		return;
	up->store->kind->upload_free(up->is);
	free(up);
}

const char *
store_upload_id(const struct store_upload *up)
{
	return up->store->kind->upload_id(up->is);
}

const char *
store_upload_name(const struct store_upload *up)
{
	return up->store->kind->upload_name(up->is);
}

int64_t
store_upload_begun(const struct store_upload *up)
{
	return up->store->kind->upload_begun(up->is);
}

enum store_rc
store_uploads(struct store *s, unsigned lane, struct store_upload ***list, size_t *n, struct str *why)
{
	void **found = NULL;
	enum store_rc rc;

	*list = NULL;
	*n = 0;
	if ((rc = s->kind->uploads(s->is, lane, &found, n, why)) != STORE_OK)
		return rc;
	*list = mem_array(*n + 1, sizeof **list);
	for (size_t i = 0; i < *n; i++)
		(*list)[i] = wrap(s, found[i]);
	free(found);
	return STORE_OK;
}

struct store_upload *
store_upload_at(struct store *s, const char *name, uint64_t part_size, const char *id)
{
	return wrap(s, s->kind->upload_at(s->is, name, part_size, id));
}

enum store_rc
store_look(struct store_upload *up, unsigned lane, struct str *why)
{
	return up->store->kind->look(up->store->is, up->is, lane, why);
}

uint64_t
store_part_size(const struct store_upload *up)
{
	return up->store->kind->part_size(up->is);
}

bool
store_held(const struct store_upload *up, size_t i, uint64_t *offset, uint64_t *length)
{
	return up->store->kind->held(up->is, i, offset, length);
}

bool
store_has(const struct store_upload *up, const struct store_part *part)
{
	return up->store->kind->has(up->is, part);
}

void
store_item_free(struct store_item *i)
{
	str_free(&i->id);
	str_free(&i->gone);
	str_free(&i->job);
	str_free(&i->reason);
}

bool
store_takes_id(const struct store *s, const char *id)
{
	return s->kind->takes_id(id);
}

enum store_rc
store_states(struct store *s, unsigned lane, struct store_item **items, size_t n, struct str *why)
{
	return s->kind->states(s->is, lane, items, n, why);
}

enum store_rc
store_thaw(struct store *s, unsigned lane, struct store_item *i, enum store_tier tier, struct str *why)
{
	return s->kind->thaw(s->is, lane, i, tier, why);
}

enum store_rc
store_fetch(struct store *s, unsigned lane, const struct store_item *i, uint64_t offset, size_t length, uint8_t *buf,
    uint8_t tree[SHA256_SIZE], struct str *name, struct str *why)
{
	return s->kind->fetch(s->is, lane, i, offset, length, buf, tree, name, why);
}

enum store_rc
store_list(struct store *s, unsigned lane, bool anew, store_each_archive *each, void *with, struct str *why)
{
	return s->kind->list(s->is, lane, anew, each, with, why);
}

int64_t
store_listed(const struct store *s)
{
	return s->kind->listed(s->is);
}

enum store_rc
store_places(struct store *s, unsigned lane, store_each_place *each, void *with, struct str *why)
{
	return s->kind->places(s->is, lane, each, with, why);
}

enum store_rc
store_jobs(struct store *s, unsigned lane, store_each_job *each, void *with, struct str *why)
{
	return s->kind->jobs(s->is, lane, each, with, why);
}

size_t
store_batch(const struct store *s)
{
	return s->kind->batch;
}

enum store_rc
store_terms(struct store *s, unsigned lane, struct store_doomed *d, size_t n, struct str *why)
{
	return s->kind->terms(s->is, lane, d, n, why);
}

enum store_rc
store_remove(struct store *s, unsigned lane, struct store_doomed *d, size_t n, struct str *why)
{
	return s->kind->remove(s->is, lane, d, n, why);
}

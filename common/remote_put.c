#include "remote_put.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "described.h"
#include "hex.h"
#include "json.h"
#include "mem.h"

/* A part that is there. */
struct held {
	uint64_t first, last;
	uint8_t tree[SHA256_SIZE];
};

struct upload {
	struct remote *vault;
	struct upload *next, **from;    /* in known */
	char *id, *name;
	uint64_t part_size;
	int64_t begun;                  /* seconds since 1970; 0: not known */
	struct held *held;              /* by store_look, sorted */
	size_t nheld;
	bool lost;                      /* an answer was lost when it was begun */
};

static struct upload *
upload_new(struct remote *v, const char *name, uint64_t part_size, const char *id)
{
	struct upload *u = mem_alloc(sizeof *u);

	*u = (struct upload){ .vault = v, .id = mem_copy(id), .name = mem_copy(name), .part_size = part_size };
	pthread_mutex_lock(&v->lock);
	u->next = v->known;
	u->from = &v->known;
	if (u->next != NULL)
		u->next->from = &u->next;
	v->known = u;
	pthread_mutex_unlock(&v->lock);
	return u;
}

void
remote_put_free(void *up)
{
	struct upload *u = up;
	struct remote *v = u->vault;

	pthread_mutex_lock(&v->lock);
	*u->from = u->next;
	if (u->next != NULL)
		u->next->from = u->from;
	pthread_mutex_unlock(&v->lock);
	free(u->id);
	free(u->name);
	free(u->held);
	free(u);
}

void *
remote_put_at(void *is, const char *name, uint64_t part_size, const char *id)
{
	struct upload *u = upload_new(is, name, part_size, id);

	u->lost = true;                 /* its program may have died looking for what it had lost */
	return u;
}

const char *
remote_put_id(const void *up)
{
	return ((const struct upload *)up)->id;
}

const char *
remote_put_name(const void *up)
{
	return ((const struct upload *)up)->name;
}

int64_t
remote_put_begun(const void *up)
{
	return ((const struct upload *)up)->begun;
}

struct uploads {
	struct remote *vault;
	struct upload **list;
	size_t n;
	bool unknown;                   /* only those that no upload of this program is */
};

static bool
is_known(struct remote *v, const char *id)
{
	const struct upload *u;

	pthread_mutex_lock(&v->lock);
	for (u = v->known; u != NULL && strcmp(u->id, id) != 0; u = u->next)
		;
	pthread_mutex_unlock(&v->lock);
	return u != NULL;
}

static bool
add_upload(const struct json *j, void *with)
{
	struct uploads *us = with;
	const char *id = json_get_string(j, "MultipartUploadId");
	const char *description = json_get_string(j, "ArchiveDescription");
	int64_t part = json_get_integer(j, "PartSizeInBytes", 0);
	struct str name = { 0 };

	if (id == NULL || !remote_takes_id(id) || part <= 0 || (us->unknown && is_known(us->vault, id)))
		return true;
	described_name(description != NULL ? description : "", &name);
	if ((us->n & (us->n - 1)) == 0)
		us->list = mem_grow(us->list, (us->n != 0 ? 2 * us->n : 1) * sizeof *us->list);
	us->list[us->n] = upload_new(us->vault, str_get(&name), (uint64_t)part, id);
	us->list[us->n++]->begun = remote_time(j, "CreationDate");
	str_free(&name);
	return true;
}

enum store_rc
remote_put_uploads(void *is, unsigned lane, void ***found, size_t *n, struct str *why)
{
	struct uploads us = { .vault = is };
	enum store_rc rc = remote_list(is, lane, "/multipart-uploads", "", "UploadsList", add_upload, &us, why);

	for (size_t i = 0; i < us.n && rc != STORE_OK; i++)
		remote_put_free(us.list[i]);
	if (rc != STORE_OK) {
		free(us.list);
		return rc;
	}
	*n = us.n;
	*found = mem_array(us.n + 1, sizeof **found);
	for (size_t i = 0; i < us.n; i++)
		(*found)[i] = us.list[i];
	free(us.list);
	return STORE_OK;
}

static bool
add_held(const struct json *j, void *with)
{
	struct upload *u = with;
	const char *range = json_get_string(j, "RangeInBytes"), *hex = json_get_string(j, "SHA256TreeHash");
	struct held h;
	char end;

	if (range == NULL || hex == NULL || sscanf(range, "%" SCNu64 "-%" SCNu64 "%c", &h.first, &h.last, &end) != 2 ||
	    h.last < h.first || strlen(hex) != 2 * SHA256_SIZE || !hex_get(h.tree, hex, SHA256_SIZE) ||
	    u->nheld == STORE_PARTS)
		return true;
	if ((u->nheld & (u->nheld - 1)) == 0)
		u->held = mem_grow(u->held, (u->nheld != 0 ? 2 * u->nheld : 1) * sizeof *u->held);
	u->held[u->nheld++] = h;
	return true;
}

static int
by_first(const void *a, const void *b)
{
	const struct held *p = a, *q = b;

	return (p->first > q->first) - (p->first < q->first);
}

enum store_rc
remote_put_look(void *is, void *up, unsigned lane, struct str *why)
{
	struct upload *u = up;
	enum store_rc rc;

	u->nheld = 0;
	rc = remote_list(is, lane, "/multipart-uploads/", u->id, "Parts", add_held, u, why);
	if (u->nheld > 1)
		qsort(u->held, u->nheld, sizeof *u->held, by_first);
	return rc;
}

uint64_t
remote_put_part_size(const void *up)
{
	return ((const struct upload *)up)->part_size;
}

bool
remote_put_held(const void *up, size_t i, uint64_t *offset, uint64_t *length)
{
	const struct upload *u = up;

	if (i >= u->nheld)
		return false;
	*offset = u->held[i].first;
	*length = u->held[i].last - u->held[i].first + 1;
	return true;
}

bool
remote_put_has(const void *up, const struct store_part *part)
{
	const struct upload *u = up;
	struct held key = { .first = part->offset };
	const struct held *h = u->nheld == 0 ? NULL : bsearch(&key, u->held, u->nheld, sizeof *u->held, by_first);

	return h != NULL && h->last == part->offset + part->length - 1 && memcmp(h->tree, part->tree, SHA256_SIZE) == 0;
}

enum store_rc
remote_put_abort(void *is, void *up, unsigned lane, struct str *why)
{
	struct remote *v = is;
	struct upload *u = up;
	struct aws_answer answer = { 0 };
	struct aws_call c;
	struct remote_path p;
	enum aws_rc arc;
	enum store_rc rc;

	remote_prepare(&c, "DELETE", remote_path(&p, v, "/multipart-uploads/", u->id, ""));
	rc = remote_call(v, lane, &c, &answer, &arc, "", why);
	/* A repeated one may find it gone. */
	if (rc == STORE_ABSENT && answer.tries > 1)
		rc = STORE_OK;
	aws_answer_free(&answer);
	return rc;
}

/* Abort what lost answers have left of the upload's kind: what nobody here knows, of that name, with nothing in it. */
static void
sweep(struct remote *v, const struct upload *u, unsigned lane)
{
	struct uploads us = { .vault = v, .unknown = true };
	struct str ignored = { 0 };

	remote_list(v, lane, "/multipart-uploads", "", "UploadsList", add_upload, &us, &ignored);
	for (size_t i = 0; i < us.n; i++) {
		struct upload *stray = us.list[i];

		if (strcmp(stray->name, u->name) == 0 && (u->part_size == 0 || stray->part_size == u->part_size) &&
		    remote_put_look(v, stray, lane, &ignored) == STORE_OK && stray->nheld == 0)
			remote_put_abort(v, stray, lane, &ignored);
		remote_put_free(stray);
	}
	free(us.list);
	str_free(&ignored);
}

enum store_rc
remote_put_begin(void *is, unsigned lane, const char *name, uint64_t size, void **up, struct str *why)
{
	struct remote *v = is;
	struct aws_answer answer = { 0 };
	struct str description = { 0 }, id = { 0 };
	struct upload *u;
	struct aws_call c;
	struct remote_path p;
	char number[24];
	enum aws_rc arc;
	enum store_rc rc;

	str_escape(&description, name, strlen(name), true);
	snprintf(number, sizeof number, "%" PRIu64, size);
	remote_prepare(&c, "POST", remote_path(&p, v, "/multipart-uploads", "", ""));
	aws_call_header(&c, "x-amz-part-size", number);
	aws_call_header(&c, "x-amz-archive-description", str_get(&description));
	rc = remote_call(v, lane, &c, &answer, &arc, "", why);
	if (rc == STORE_OK && !remote_id(&answer, "x-amz-multipart-upload-id", &id))
		rc = remote_strange(why, &answer, "the answer has no upload id");
	if (rc == STORE_OK) {
		*up = u = upload_new(v, name, size, str_get(&id));
		u->lost = answer.tries > 1;
		if (u->lost)
			sweep(v, u, lane);
	}
	str_free(&description);
	str_free(&id);
	aws_answer_free(&answer);
	return rc;
}

enum store_rc
remote_put_send(void *is, void *up, unsigned lane, const struct store_part *part, struct str *why)
{
	struct remote *v = is;
	struct upload *u = up;
	struct aws_answer answer = { 0 };
	char linear[SHA256_HEX], tree[SHA256_HEX], range[64], length[24], what[40];
	struct aws_call c;
	struct remote_path p;
	enum store_rc rc;

	hex_put(linear, part->linear, SHA256_SIZE);
	hex_put(tree, part->tree, SHA256_SIZE);
	snprintf(range, sizeof range, "bytes %" PRIu64 "-%" PRIu64 "/*", part->offset, part->offset + part->length - 1);
	snprintf(length, sizeof length, "%" PRIu64, part->length);
	snprintf(what, sizeof what, "part %" PRIu64, part->offset / u->part_size + 1);
	remote_prepare(&c, "PUT", remote_path(&p, v, "/multipart-uploads/", u->id, ""));
	aws_call_header(&c, "Content-Range", range);
	aws_call_header(&c, "Content-Type", "application/octet-stream");
	aws_call_header(&c, "x-amz-sha256-tree-hash", tree);
	c.length = part->length;
	c.source = part->read;
	c.from = part->from;
	c.sha256 = linear;
	rc = remote_call_echoed(v, lane, &c, &answer, tree, true, what, why);
	aws_answer_free(&answer);
	return rc;
}

enum store_rc
remote_put_finish(void *is, void *up, unsigned lane, uint64_t size, const uint8_t root[SHA256_SIZE], struct str *id,
    struct str *why)
{
	struct remote *v = is;
	struct upload *u = up;
	struct aws_answer answer = { 0 };
	char tree[SHA256_HEX], total[24];
	struct aws_call c;
	struct remote_path p;
	enum store_rc rc;

	hex_put(tree, root, SHA256_SIZE);
	snprintf(total, sizeof total, "%" PRIu64, size);
	remote_prepare(&c, "POST", remote_path(&p, v, "/multipart-uploads/", u->id, ""));
	aws_call_header(&c, "x-amz-archive-size", total);
	aws_call_header(&c, "x-amz-sha256-tree-hash", tree);
	rc = remote_call_echoed(v, lane, &c, &answer, tree, false, "last step", why);
	if (rc == STORE_OK && !remote_id(&answer, "x-amz-archive-id", id))
		rc = remote_strange(why, &answer, "the answer has no archive id");
	/* A lost try may have taken its time. */
	if (rc == STORE_OK && u->lost)
		sweep(v, u, lane);
	aws_answer_free(&answer);
	return rc;
}

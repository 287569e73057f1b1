#include "s3upload.h"

#include <stdio.h>
#include <string.h>

#include "hex.h"

/* Nothing is begun before its first part comes: only then is it known whether it is the only one. */
enum store_rc
s3_upload_begin(void *is, unsigned lane, const char *name, uint64_t size, void **up, struct str *why)
{
	(void)lane;
	if (size < S3_PART_MIN) {
		str_puts(why, "parts in a bucket have at least 8M");
		return STORE_WRONG;
	}
	*up = s3_upload_new(is, name, NULL, size, NULL);
	return STORE_OK;
}

void *
s3_upload_at(void *is, const char *name, uint64_t part_size, const char *id)
{
	return s3_upload_new(is, name, NULL, part_size, id);
}

const char *
s3_upload_name(const void *up)
{
	return ((const struct s3_upload *)up)->name;
}

int64_t
s3_upload_begun(const void *up)
{
	return ((const struct s3_upload *)up)->begun;
}

void
s3_upload_expect(void *up, const uint8_t tree[SHA256_SIZE])
{
	struct s3_upload *u = up;

	memcpy(u->tree, tree, SHA256_SIZE);
	u->expected = true;
}

enum store_rc
s3_upload_send(void *is, void *up, unsigned lane, const struct store_part *part, struct str *why)
{
	struct s3_upload *u = up;
	enum store_rc rc = STORE_OK;

	pthread_mutex_lock(&u->lock);
	if (u->id == NULL && part->offset == 0 && part->length < u->part_size)
		u->whole = part;
	else if (u->id == NULL)
		rc = s3_initiate(is, lane, u, why);
	pthread_mutex_unlock(&u->lock);
	return rc == STORE_OK && u->whole == NULL ? s3_send_part(is, lane, u, part, why) : rc;
}

/* Where nothing else keeps it from being overwritten: is there something?  STORE_ABSENT: no. */
static enum store_rc
look_first(struct s3 *s, unsigned lane, const struct s3_upload *u, uint64_t size, const uint8_t tree[SHA256_SIZE],
    const char *sum, struct str *id, struct str *why)
{
	struct str absent = { 0 };
	enum store_rc rc = s->overwrites ? s3_compare(s, lane, u->key, size, tree, sum, id, &absent) : STORE_ABSENT;

	str_puts(why, rc != STORE_OK && rc != STORE_ABSENT ? str_get(&absent) : "");
	str_free(&absent);
	return rc;
}

/* PutObject of the only part. */
static enum store_rc
put(struct s3 *s, unsigned lane, const struct s3_upload *u, uint64_t size, const uint8_t tree[SHA256_SIZE], struct str *id,
    struct str *why)
{
	struct s3_request r = { 0 };
	struct str trouble = { 0 };
	char hex[SHA256_HEX];
	enum store_rc rc;
	enum aws_rc arc;

	hex_put(hex, tree, SHA256_SIZE);
	do {
		str_clear(&trouble);
		s3_sum_text(r.sum, u->whole->linear);
		if ((rc = look_first(s, lane, u, size, tree, r.sum, id, &trouble)) != STORE_ABSENT) {
			str_puts(why, str_get(&trouble));
			str_free(&trouble);
			return rc;
		}
		s3_prepare(&r, s, "PUT", u->key, "");
		if (!s->overwrites)
			aws_call_header(&r.call, "If-None-Match", "*");
		s3_describe(&r, s, u->name, hex);
		s3_attach_part(&r, u->whole);
		rc = s3_call(s, lane, &r, &arc, "", &trouble);
	} while (rc != STORE_OK && s3_learn_overwrites(s, &r));
	if (rc == STORE_OK && !s3_echo_good(&r, r.sum))
		rc = s3_strange(&trouble, &r, s3_is_other);
	if (rc == STORE_OK)
		s3_id_of(u->key, &r, id);
	else if (s3_is_there(&r)) {
		str_clear(&trouble);
		str_clear(id);
		rc = s3_compare(s, lane, u->key, size, tree, r.sum, id, &trouble);
	}
	if (rc != STORE_OK)
		str_puts(why, str_get(&trouble));
	str_free(&trouble);
	s3_request_free(&r);
	return rc;
}

enum store_rc
s3_upload_finish(void *is, void *up, unsigned lane, uint64_t size, const uint8_t tree[SHA256_SIZE], struct str *id, struct str *why)
{
	struct s3 *s = is;
	struct s3_upload *u = up;
	enum store_rc rc = STORE_OK;
	struct str ignored = { 0 };
	uint64_t total = 0;

	str_clear(id);
	if (u->whole != NULL)
		return put(s, lane, u, size, tree, id, why);
	if (u->id == NULL || strcmp(u->id, s3_single) == 0)
		return s3_compare(s, lane, u->key, size, tree, NULL, id, why);
	if (u->nparts == 0 && (rc = s3_upload_look(s, u, lane, &ignored)) != STORE_OK) {
		/* Nothing of it is left: because it was finished? */
		if (rc == STORE_ABSENT)
			rc = s3_compare(s, lane, u->key, size, tree, NULL, id, why);
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
	return s3_complete(s, lane, u, size, tree, id, why);
}

#include "remote_get.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "described.h"
#include "hex.h"
#include "json.h"
#include "remote_job.h"
#include "tree.h"

struct asked {
	struct store_item **items;
	size_t n;
};

static int
by_id(const void *key, const void *item)
{
	return strcmp(key, str_get(&(*(struct store_item *const *)item)->id));
}

/* The bytes of an archive of this size that a job brings; false where its range is none. */
static bool
range_of(const struct json *job, uint64_t size, uint64_t *from, uint64_t *length)
{
	const char *range = json_get_string(job, "RetrievalByteRange");
	uint64_t last = size - 1;
	char end;

	*from = 0;
	if (range != NULL && sscanf(range, "%" SCNu64 "-%" SCNu64 "%c", from, &last, &end) != 2)
		return false;
	*length = last - *from + 1;
	return *from <= last && last < size;
}

/* Is what a job brings all that is wanted? */
static bool
covers(const struct store_item *i, uint64_t size, uint64_t from, uint64_t length)
{
	uint64_t end = i->count != 0 && i->count < size - i->first ? i->first + i->count : size;

	return i->first < size && i->first >= from && end - from <= length;
}

/* A ready job beats one in progress, that beats a failed one. */
static bool
better(const struct store_item *i, enum store_state state)
{
	return i->state != STORE_READY && !(i->state == STORE_THAWING && state == STORE_BROKEN);
}

/* A job in the list: does it bring one of the items further? */
static bool
job(const struct json *j, void *with)
{
	struct asked *a = with;
	const char *archive = json_get_string(j, "ArchiveId"), *id = json_get_string(j, "JobId");
	const char *status = json_get_string(j, "StatusCode"), *reason = json_get_string(j, "StatusMessage");
	int64_t size = json_get_integer(j, "ArchiveSizeInBytes", -1);
	struct store_item **found, *i;
	uint64_t from = 0, length = 0;
	enum store_state state;
	const char *hex;

	if (archive == NULL || id == NULL || status == NULL || !remote_takes_id(id) ||
	    (found = bsearch(archive, a->items, a->n, sizeof *a->items, by_id)) == NULL)
		return true;
	i = *found;
	if (strcmp(id, str_get(&i->gone)) == 0)
		return true;
	state = strcmp(status, "Succeeded") == 0 ? STORE_READY :
	    strcmp(status, "InProgress") == 0 ? STORE_THAWING : STORE_BROKEN;
	if (!better(i, state) || (size > 0 ? !range_of(j, (uint64_t)size, &from, &length) ||
	    !covers(i, (uint64_t)size, from, length) : state == STORE_READY))
		return true;
	hex = json_get_string(j, length == (uint64_t)size ? "ArchiveSHA256TreeHash" : "SHA256TreeHash");
	i->hashed = hex != NULL && strlen(hex) == 2 * SHA256_SIZE && hex_get(i->hash, hex, SHA256_SIZE);
	if (state == STORE_READY && length == (uint64_t)size && !i->hashed)
		return true;
	i->state = state;
	if (size > 0)
		i->size = (uint64_t)size;
	i->from = from;
	i->length = length;
	str_clear(&i->job);
	str_puts(&i->job, id);
	str_clear(&i->reason);
	str_puts(&i->reason, reason != NULL ? reason : "");
	return true;
}

enum store_rc
remote_get_states(void *is, unsigned lane, struct store_item **items, size_t n, struct str *why)
{
	struct asked a = { items, n };

	for (size_t i = 0; i < n; i++)
		items[i]->state = STORE_COLD;
	return remote_list(is, lane, "/jobs", "", "JobList", job, &a, why);
}

/* What the job is called, so that the list of jobs tells whose it is. */
static const char job_mark[] = "glacier-get";

/* The range to ask for: what is wanted, out to whole MiB or the archive's end.  Empty: all of it. */
static bool
job_range(const struct store_item *i, struct str *range)
{
	uint64_t from = i->first / TREE_LEAF * TREE_LEAF, end = i->first + i->count;

	if (i->first == 0 && i->count == 0)
		return true;
	if (i->size == 0 && i->count == 0)
		return false;
	if (i->size != 0 && (i->count == 0 || end > i->size))
		end = i->size;
	end = (end + TREE_LEAF - 1) / TREE_LEAF * TREE_LEAF;
	if (i->size != 0 && end > i->size)
		end = i->size;
	if (from != 0 || end != i->size)
		str_format(range, "%" PRIu64 "-%" PRIu64, from, end - 1);
	return true;
}

static enum store_rc
thaws(struct remote *v, unsigned lane, void *with, bool *is, struct str *why)
{
	struct store_item *i = with;
	enum store_rc rc = remote_get_states(v, lane, &i, 1, why);

	*is = i->state == STORE_THAWING || i->state == STORE_READY;
	return rc;
}

enum store_rc
remote_get_thaw(void *is, unsigned lane, struct store_item *i, enum store_tier tier, struct str *why)
{
	static const char *const tiers[] = { "Bulk", "Standard", "Expedited" };
	struct remote *v = is;
	struct str range = { 0 };
	enum store_rc rc;
	struct json *j;

	if (!job_range(i, &range)) {
		str_puts(why, "how long it is is not known here, so say where the range ends");
		return STORE_FAILED;
	}
	j = json_new_object();
	json_put_string(j, "Type", "archive-retrieval");
	json_put_string(j, "ArchiveId", str_get(&i->id));
	json_put_string(j, "Description", job_mark);
	json_put_string(j, "Tier", tiers[tier]);
	if (range.len != 0)
		json_put_string(j, "RetrievalByteRange", str_get(&range));
	str_free(&range);
	rc = remote_job_begin(v, lane, j, thaws, i, why);
	if (rc == STORE_OK && i->state != STORE_READY)
		i->state = STORE_THAWING;
	return rc;
}

static void
name_of(const struct aws_answer *answer, struct str *name)
{
	struct str s = { 0 };

	http_find(&answer->http, "x-amz-archive-description", &s);
	described_name(str_get(&s), name);
	str_free(&s);
}

enum store_rc
remote_get_fetch(void *is, unsigned lane, const struct store_item *i, uint64_t offset, size_t length, uint8_t *buf,
    uint8_t tree[SHA256_SIZE], struct str *name, struct str *why)
{
	struct remote *v = is;
	struct aws_answer answer = { 0 };
	struct str trouble = { 0 }, want = { 0 };       /* want: the tree hash of all of it, where the service has said one */
	uint64_t last = offset - i->from + length - 1;         /* ranges count from where the job's begins */
	char range[64], hex[SHA256_HEX];
	size_t have = 0;
	struct aws_call c;
	struct remote_path p;
	enum aws_rc arc;
	enum store_rc rc = STORE_OK;

	offset -= i->from;
	for (int again = 0; rc == STORE_OK && have < length; ) {
		snprintf(range, sizeof range, "bytes=%" PRIu64 "-%" PRIu64, offset + have, last);
		remote_prepare(&c, "GET", remote_path(&p, v, "/jobs/", str_get(&i->job), "/output"));
		aws_call_header(&c, "Range", range);
		c.into = buf + have;
		c.room = length - have;
		str_clear(&trouble);
		rc = remote_call(v, lane, &c, &answer, &arc, "", &trouble);
		/* Said before the first byte, so it is known even if the body breaks off. */
		if (have == 0) {
			str_clear(&want);
			http_find(&answer.http, "x-amz-sha256-tree-hash", &want);
		}
		if (arc == AWS_SHORT && again++ < REMOTE_SHORTS) {
			rc = STORE_OK;
			if (aws_begins_at(&answer, offset + have, last))
				have += answer.got;
			continue;
		}
		if (rc != STORE_OK)
			break;
		if (answer.got != length - have || !aws_begins_at(&answer, offset + have, last)) {
			if (again++ < REMOTE_WRONGS)
				continue;
			rc = remote_strange(&trouble, &answer, "the service sent other bytes than those asked for");
			break;
		}
		if (name != NULL)
			name_of(&answer, name);
		have = length;
		tree_hash(tree, buf, length);
		hex_put(hex, tree, SHA256_SIZE);
		/* Damaged on its way: the bytes are fetched again. */
		if (want.len != 0 && strcmp(str_get(&want), hex) != 0) {
			have = 0;
			if (again++ >= REMOTE_SHORTS)
				rc = remote_strange(&trouble, &answer, "what the service sent does not match its own tree hash");
		}
	}
	str_puts(why, rc != STORE_OK ? str_get(&trouble) : "");
	str_free(&trouble);
	str_free(&want);
	aws_answer_free(&answer);
	return rc;
}

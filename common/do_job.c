#include "do_job.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hex.h"
#include "inventory.h"
#include "io.h"
#include "mem.h"
#include "range.h"
#include "stamp.h"
#include "tree.h"

enum { PAGE = 50 };                     /* items in a list, at most */

/* The tree hash of n bytes of a file from this place on.  0; -1 and errno. */
static int
hash_file(int fd, uint64_t at, uint64_t n, uint8_t root[SHA256_SIZE])
{
	uint8_t *leaf = mem_alloc(TREE_LEAF), node[SHA256_SIZE];
	struct tree t;
	size_t want;

	tree_init(&t);
	for (; n != 0; at += want, n -= want) {
		want = n < TREE_LEAF ? (size_t)n : TREE_LEAF;
		if (io_fill_at(fd, leaf, want, at) != (ssize_t)want) {
			free(leaf);
			errno = errno != 0 ? errno : EIO;
			return -1;
		}
		sha256(node, leaf, want);
		tree_push(&t, 0, node);
	}
	tree_root(&t, root);
	free(leaf);
	return 0;
}

static char *
digits(const uint8_t hash[SHA256_SIZE])
{
	char hex[SHA256_HEX];

	hex_put(hex, hash, SHA256_SIZE);
	return mem_copy(hex);
}

/* A string of the job's parameters: NULL where it is not there, or null.  false and refused where it is something else. */
static bool
parameter(struct call *c, const struct json *j, const char *key, const char **value)
{
	const struct json *v = json_get(j, key);

	*value = json_get_string(j, key);
	if (v != NULL && *value == NULL && !json_is_none(v))
		return call_refuse(c, SERIALIZATION, "%s must be a string", key);
	for (const char *s = *value; s != NULL && *s != '\0'; s++)
		if ((unsigned char)*s < 0x20 || (unsigned char)*s > 0x7e)
			return call_refuse(c, INVALID_PARAMETER, "Invalid %s: %s", key, *value);
	return true;
}

static char *
copy(const char *s)
{
	return s != NULL ? mem_copy(s) : NULL;
}

/* The same, into the job. */
static bool
take(struct call *c, const struct json *j, const char *key, char **value)
{
	const char *s;

	if (!parameter(c, j, key, &s))
		return false;
	*value = copy(s);
	return true;
}

static bool
invalid(struct call *c, const char *key, const char *value)
{
	return call_refuse(c, INVALID_PARAMETER, "Invalid %s: %s", key, value);
}

static bool
missing(struct call *c, const char *key)
{
	return call_refuse(c, MISSING_PARAMETER, "Required parameter missing: %s", key);
}

/* The range and its tree hash, where it is that of a node. */
static bool
set_range(struct call *c, struct job *j, const struct archive *a, const char *range)
{
	uint8_t tree[SHA256_SIZE];
	int fd, r;

	j->first = 0;
	j->last = a->size - 1;
	if (range != NULL && (!range_plain(&j->first, &j->last, range) || !range_aligned(j->first, j->last, a->size)))
		return invalid(c, "RetrievalByteRange", range);
	if (j->last - j->first == a->size - 1)
		j->tree = digits(a->tree);
	else if (range_node(j->first, j->last, a->size)) {
		if ((fd = vault_open_archive(c->vault, a->id)) < 0)
			return call_failed(c);
		r = hash_file(fd, j->first, j->last - j->first + 1, tree);
		close(fd);
		if (r != 0)
			return call_failed(c);
		j->tree = digits(tree);
	}
	return true;
}

static bool
begin_archive(struct call *c, struct job *j, const struct json *p)
{
	const char *id, *range, *format;
	struct archive a;

	if (!parameter(c, p, "ArchiveId", &id) || !parameter(c, p, "RetrievalByteRange", &range) ||
	    !parameter(c, p, "Format", &format))
		return false;
	if (id == NULL)
		return missing(c, "ArchiveId");
	if (format != NULL)
		return invalid(c, "Format", format);
	if (vault_archive(c->vault, id, &a) != VAULT_HAS)
		return call_refuse(c, NOT_FOUND, "The archive ID was not found: %s", id);
	j->archive = mem_copy(a.id);
	j->archive_size = a.size;
	j->archive_tree = digits(a.tree);
	j->archive_description = mem_copy(a.description);
	return set_range(c, j, &a, range);
}

/* An inventory on its way into a file. */
struct listing {
	struct incoming *in;
	struct str text;
	bool csv;
	uint64_t from, to, limit, count, next, size;
};

static int
flush(struct listing *l, size_t keep)
{
	int r = 0;

	if (l->text.len > keep) {
		r = incoming_write(l->in, l->text.s, l->text.len);
		l->size += l->text.len;
		str_clear(&l->text);
	}
	return r;
}

static int
list_item(void *shared, uint64_t at, const struct archive *a)
{
	struct listing *l = shared;

	if ((uint64_t)a->time / 1000 * 1000 < l->from || (uint64_t)a->time / 1000 * 1000 >= l->to)
		return 0;
	if (l->count == l->limit) {
		l->next = at;
		return 1;
	}
	inventory_item(&l->text, l->csv, l->count == 0, a);
	l->count++;
	return flush(l, 1 << 16);
}

static bool
parse_inventory(struct call *c, struct job *j, const struct json *p, struct listing *l, uint64_t *marker)
{
	const struct json *q = json_get(p, "InventoryRetrievalParameters");
	int64_t time;

	if (q != NULL && !json_is_none(q)) {
		if (!json_is_map(q))
			return call_refuse(c, SERIALIZATION, "InventoryRetrievalParameters must be an object");
		if (!take(c, q, "StartDate", &j->from) || !take(c, q, "EndDate", &j->to) ||
		    !take(c, q, "Limit", &j->limit) || !take(c, q, "Marker", &j->marker))
			return false;
	}
	if (j->from != NULL && !stamp_get(&time, j->from))
		return invalid(c, "StartDate", j->from);
	l->from = j->from != NULL ? (uint64_t)time : 0;
	if (j->to != NULL && !stamp_get(&time, j->to))
		return invalid(c, "EndDate", j->to);
	l->to = j->to != NULL ? (uint64_t)time : UINT64_MAX;
	l->limit = UINT64_MAX;
	if (j->limit != NULL && (!range_number(&l->limit, j->limit, INT64_MAX) || l->limit == 0))
		return invalid(c, "Limit", j->limit);
	*marker = 0;
	if (j->marker != NULL && !range_number(marker, j->marker, INT64_MAX))
		return invalid(c, "Marker", j->marker);
	return true;
}

static bool
begin_inventory(struct call *c, struct job *j, const struct json *p)
{
	char *arn = call_arn(c, c->part[2]);
	struct listing l = { 0 };
	struct vault_state state;
	const char *id, *range;
	bool good = false;
	uint64_t marker;

	vault_state(c->vault, c->now, c->o->inventory, &state);
	if (!parameter(c, p, "ArchiveId", &id) || !parameter(c, p, "RetrievalByteRange", &range) ||
	    !take(c, p, "Format", &j->format) || !parse_inventory(c, j, p, &l, &marker))
		goto out;
	j->inventory = true;
	if (j->format == NULL)
		j->format = mem_copy("JSON");
	l.csv = strcmp(j->format, "CSV") == 0;
	if (id != NULL)
		invalid(c, "ArchiveId", id);
	else if (range != NULL)
		invalid(c, "RetrievalByteRange", range);
	else if (!l.csv && strcmp(j->format, "JSON") != 0)
		invalid(c, "Format", j->format);
	else if (state.inventoried == 0)
		call_refuse(c, NOT_FOUND, "The vault has no inventory yet: %s", arn);
	else if ((l.in = vault_receive(c->vault)) == NULL)
		call_failed(c);
	else {
		inventory_begin(&l.text, l.csv, arn, state.inventoried);
		good = vault_inventory(c->vault, marker, state.end, list_item, &l) >= 0;
		inventory_end(&l.text, l.csv);
		good = good && flush(&l, 0) == 0;
		if (!good)
			call_failed(c);
		j->last = l.size - 1;
		j->next = l.next != 0 ? mem_format("%llu", (unsigned long long)l.next) : NULL;
	}
out:
	if (good)
		c->incoming = l.in;
	else
		incoming_discard(l.in);
	str_free(&l.text);
	free(arn);
	return good;
}

static bool
fill(struct call *c, struct job *j, const struct json *p)
{
	static const char *const tiers[] = { [TIER_EXPEDITED] = "Expedited", [TIER_STANDARD] = "Standard", [TIER_BULK] = "Bulk" };
	const char *type;
	int tier = 0;

	if (!parameter(c, p, "Type", &type) || !take(c, p, "Description", &j->description) ||
	    !take(c, p, "SNSTopic", &j->topic) || !take(c, p, "Tier", &j->tier))
		return false;
	if (type == NULL)
		return missing(c, "type");
	if (j->description != NULL && !call_description(c, "Description", j->description))
		return false;
	if (j->topic != NULL && strncmp(j->topic, "arn:aws:sns:", 12) != 0)
		return invalid(c, "SNSTopic", j->topic);
	while (j->tier != NULL && tier < TIERS && strcmp(j->tier, tiers[tier]) != 0)
		tier++;
	if (tier == TIERS)
		return invalid(c, "Tier", j->tier);
	if (j->tier == NULL)
		tier = TIER_STANDARD;
	j->created = c->now;
	j->ripe = c->now + c->o->thaw[tier];
	j->failed = c->fault.kind == FAULT_FAIL;
	if (strcmp(type, "archive-retrieval") == 0) {
		if (j->tier == NULL)
			j->tier = mem_copy("Standard");
		return begin_archive(c, j, p);
	}
	return strcmp(type, "inventory-retrieval") == 0 ? begin_inventory(c, j, p) : invalid(c, "type", type);
}

void
do_job_begin(struct call *c)
{
	struct incoming *in;
	struct json *p = NULL;
	struct job *j;
	int r;

	if (c->text.len == 0)
		missing(c, "Job Parameters");
	else if ((p = json_parse(str_get(&c->text), c->text.len)) == NULL || !json_is_map(p))
		call_refuse(c, SERIALIZATION, "The body is not a JSON object");
	else {
		j = mem_alloc(sizeof *j);
		if (!fill(c, j, p))
			job_free(j);
		else {
			in = c->incoming;
			c->incoming = NULL;
			r = in != NULL ? incoming_add_job(in, j) : vault_add_job(c->vault, j, j->archive);
			if (r != 0)
				call_failed(c);
			else {
				call_location(c, "jobs", j->id);
				httpd_set(c->r, "x-amz-job-id", j->id);
				call_done(c, 202);
				job_drop(j);
			}
		}
	}
	if (p != NULL)
		json_free(p);
}

enum { IN_PROGRESS, SUCCEEDED, FAILED };
static const char *const codes[] = { "InProgress", "Succeeded", "Failed" };

static int
state_of(const struct call *c, const struct job *j)
{
	return c->now < j->ripe ? IN_PROGRESS : j->failed ? FAILED : SUCCEEDED;
}

static struct json *
inventory_parameters(const struct job *j, bool ripe)
{
	struct json *p = json_new_object();

	json_put_string(p, "EndDate", j->to);
	json_put_string(p, "Format", j->format);
	json_put_string(p, "Limit", j->limit);
	json_put_string(p, "Marker", ripe ? j->next : j->marker);
	json_put_string(p, "StartDate", j->from);
	return p;
}

static struct json *
describe(const struct call *c, const struct job *j)
{
	struct json *o = json_new_object();
	char *arn = call_arn(c, c->part[2]), *range = NULL, created[STAMP], completed[STAMP];
	int state = state_of(c, j);
	bool ripe = state != IN_PROGRESS;

	stamp_put(created, j->created);
	stamp_put(completed, j->ripe);
	if (!j->inventory)
		range = mem_format("%llu-%llu", (unsigned long long)j->first, (unsigned long long)j->last);
	json_put_string(o, "Action", j->inventory ? "InventoryRetrieval" : "ArchiveRetrieval");
	json_put_string(o, "ArchiveId", j->archive);
	json_put_string(o, "ArchiveSHA256TreeHash", j->archive_tree);
	if (j->inventory)
		json_put_null(o, "ArchiveSizeInBytes");
	else
		json_put_integer(o, "ArchiveSizeInBytes", (int64_t)j->archive_size);
	json_put_bool(o, "Completed", ripe);
	json_put_string(o, "CompletionDate", ripe ? completed : NULL);
	json_put_string(o, "CreationDate", created);
	if (j->inventory)
		json_put(o, "InventoryRetrievalParameters", inventory_parameters(j, ripe));
	else
		json_put_null(o, "InventoryRetrievalParameters");
	if (j->inventory && state == SUCCEEDED)
		json_put_integer(o, "InventorySizeInBytes", (int64_t)j->last + 1);
	else
		json_put_null(o, "InventorySizeInBytes");
	json_put_string(o, "JobDescription", j->description);
	json_put_string(o, "JobId", j->id);
	json_put_null(o, "JobOutputPath");
	json_put_null(o, "OutputLocation");
	json_put_string(o, "RetrievalByteRange", range);
	json_put_null(o, "SelectParameters");
	json_put_string(o, "SHA256TreeHash", j->tree);
	json_put_string(o, "SNSTopic", j->topic);
	json_put_string(o, "StatusCode", codes[state]);
	json_put_string(o, "StatusMessage", state == IN_PROGRESS ? "Operation in progress." : state == SUCCEEDED ? "Succeeded" :
	    "The operation failed.");
	json_put_string(o, "Tier", j->tier);
	json_put_string(o, "VaultARN", arn);
	free(arn);
	free(range);
	return o;
}

/* The job that the path names, to be dropped; NULL and refused. */
static struct job *
find(struct call *c)
{
	struct job *j;

	jobs_expire(vault_jobs(c->vault), c->now - c->o->job_life);
	if ((j = job_find(vault_jobs(c->vault), c->part[4])) == NULL)
		call_refuse(c, NOT_FOUND, "The job ID was not found: %s", c->part[4]);
	return j;
}

void
do_job_describe(struct call *c)
{
	struct job *j = find(c);

	if (j != NULL)
		call_json(c, 200, describe(c, j));
	job_drop(j);
}

/* Which jobs a list is of; -1 where it does not matter. */
static bool
filters(struct call *c, int *completed, int *state)
{
	char *done = call_query(c, "completed"), *code = call_query(c, "statuscode");
	bool good = true;

	*completed = *state = -1;
	if (done != NULL) {
		*completed = strcmp(done, "true") == 0;
		if (!*completed && strcmp(done, "false") != 0)
			good = call_refuse(c, INVALID_PARAMETER, "The completed parameter is not valid: %s", done);
	}
	for (int i = 0; good && code != NULL && *state < 0 && i < 3; i++)
		if (strcmp(code, codes[i]) == 0)
			*state = i;
	if (good && code != NULL && *state < 0)
		good = call_refuse(c, INVALID_PARAMETER, "The job status code is not valid: %s", code);
	free(done);
	free(code);
	return good;
}

static void
list(struct call *c, uint64_t from, unsigned limit, int completed, int code)
{
	struct json *o = json_new_object(), *items = json_new_array();
	char next[24];
	struct job *j;

	*next = '\0';
	while (*next == '\0' && (j = job_next(vault_jobs(c->vault), from)) != NULL) {
		int state = state_of(c, j);

		if ((completed < 0 || completed == (state != IN_PROGRESS)) && (code < 0 || code == state)) {
			if (limit-- == 0)
				snprintf(next, sizeof next, "%llu", (unsigned long long)j->number);
			else
				json_push(items, describe(c, j));
		}
		from = j->number + 1;
		job_drop(j);
	}
	json_put(o, "JobList", items);
	json_put_string(o, "Marker", *next != '\0' ? next : NULL);
	call_json(c, 200, o);
}

/* A marker is the number of the first job of the page. */
void
do_job_list(struct call *c)
{
	int completed, code;
	unsigned limit;
	uint64_t from = 0;
	char *marker;

	if (!call_limit(c, &limit, PAGE) || !filters(c, &completed, &code))
		return;
	jobs_expire(vault_jobs(c->vault), c->now - c->o->job_life);
	marker = call_query(c, "marker");
	if (marker == NULL || range_number(&from, marker, INT64_MAX))
		list(c, from, limit, completed, code);
	else
		invalid(c, "marker", marker);
	free(marker);
}

/* The hash of a piece goes with it only where it is one node of the archive's tree, and the job's range is too. */
static int
set_hash(struct call *c, const struct job *j, int fd, uint64_t first, uint64_t last)
{
	uint8_t tree[SHA256_SIZE];
	char *hex;

	if (j->tree == NULL || !range_node(first, last, j->archive_size))
		return 0;
	if (first == j->first && last == j->last) {
		httpd_set(c->r, "x-amz-sha256-tree-hash", j->tree);
		return 0;
	}
	if (hash_file(fd, first, last - first + 1, tree) != 0)
		return -1;
	hex = digits(tree);
	httpd_set(c->r, "x-amz-sha256-tree-hash", hex);
	free(hex);
	return 0;
}

static void
send(struct call *c, const struct job *j, int fd)
{
	uint64_t size = j->last - j->first + 1, first = 0, last = size - 1;
	const char *range = httpd_header(c->r, "range");
	char *content;

	/* What is not understood is as if it were not there. */
	if (range != NULL && !range_header(&first, &last, range))
		range = NULL;
	if (range != NULL && first >= size) {
		call_refuse(c, INVALID_PARAMETER, "The start of the range is larger than size of retrieved data: %s", range);
		close(fd);
		return;
	}
	if (range == NULL || last >= size)
		last = size - 1;
	if (range == NULL)
		first = 0;
	if (!j->inventory && set_hash(c, j, fd, j->first + first, j->first + last) != 0) {
		call_failed(c);
		close(fd);
		return;
	}
	httpd_set(c->r, "Accept-Ranges", "bytes");
	httpd_set(c->r, "Content-Type", !j->inventory ? "application/octet-stream" :
	    strcmp(j->format, "CSV") == 0 ? "text/csv" : "application/json");
	if (j->archive_description != NULL && *j->archive_description != '\0')
		httpd_set(c->r, "x-amz-archive-description", j->archive_description);
	if (range != NULL) {
		content = mem_format("bytes %llu-%llu/%llu", (unsigned long long)first, (unsigned long long)last,
		    (unsigned long long)size);
		httpd_set(c->r, "Content-Range", content);
		free(content);
	}
	httpd_file(c->r, fd, j->first + first, last - first + 1);
	call_done(c, range != NULL ? 206 : 200);
}

void
do_job_output(struct call *c)
{
	struct job *j = find(c);
	int fd;

	if (j == NULL)
		return;
	if (state_of(c, j) != SUCCEEDED)
		call_refuse(c, INVALID_PARAMETER, "The job is not currently available for download: %s", j->id);
	else if ((fd = job_output(vault_jobs(c->vault), j)) < 0)
		call_failed(c);
	else
		send(c, j, fd);
	job_drop(j);
}

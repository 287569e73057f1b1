#include "remote_list.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "described.h"
#include "glacier.h"
#include "json.h"
#include "mem.h"
#include "remote_job.h"
#include "stock.h"

/* The newest inventory that was asked for. */
struct newest {
	char time[40];
	enum store_state state;         /* STORE_COLD: there is none */
	char id[REMOTE_ID + 1];
	uint64_t size;                  /* of its text; 0: not known */
};

/* Is it a job for an inventory of the whole vault as JSON? */
static bool
is_inventory(const struct json *j)
{
	static const char *const limits[] = { "StartDate", "EndDate", "Limit", "Marker" };
	const char *action = json_get_string(j, "Action");
	const struct json *p = json_get(j, "InventoryRetrievalParameters");
	const char *format = p != NULL ? json_get_string(p, "Format") : NULL;

	if (action == NULL || strcmp(action, "InventoryRetrieval") != 0 || (format != NULL && strcmp(format, "JSON") != 0))
		return false;
	for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
		if (p != NULL && json_get_string(p, limits[i]) != NULL)
			return false;
	return true;
}

static bool
inventory_job(const struct json *j, void *with)
{
	struct newest *n = with;
	const char *id = json_get_string(j, "JobId");
	const char *time = json_get_string(j, "CreationDate");
	int64_t size = json_get_integer(j, "InventorySizeInBytes", 0);
	enum store_state state = remote_job_state(j);

	/* Dates in their one form sort as text does, and have milliseconds. */
	if (id == NULL || !remote_takes_id(id) || time == NULL || !is_inventory(j) || state == STORE_BROKEN ||
	    (n->state != STORE_COLD && strcmp(time, n->time) < 0))
		return true;
	*n = (struct newest){ .state = state, .size = size > 0 ? (uint64_t)size : 0 };
	snprintf(n->time, sizeof n->time, "%s", time);
	snprintf(n->id, sizeof n->id, "%s", id);
	return true;
}

static enum store_rc
find_inventory(struct remote *v, unsigned lane, struct newest *n, struct str *why)
{
	*n = (struct newest){ 0 };
	return remote_list(v, lane, "/jobs", "", "JobList", inventory_job, n, why);
}

/* One that was not there before. */
static enum store_rc
newer(struct remote *v, unsigned lane, void *with, bool *is, struct str *why)
{
	const char *before = with;
	struct newest n;
	enum store_rc rc = find_inventory(v, lane, &n, why);

	*is = n.state != STORE_COLD && strcmp(n.id, before) != 0;
	return rc;
}

static enum store_rc
ask_inventory(struct remote *v, unsigned lane, struct newest *n, struct str *why)
{
	struct json *j = json_new_object();
	enum store_rc rc;

	json_put_string(j, "Type", "inventory-retrieval");
	json_put_string(j, "Format", "JSON");
	json_put_string(j, "Description", "glacier-ls");
	if ((rc = remote_job_begin(v, lane, j, newer, n->id, why)) == STORE_ABSENT && strstr(str_get(why), "is there a vault") == NULL)
		str_puts(why, "; the first inventory of a vault is made within a day of its first archive");
	return rc;
}

struct taking {
	struct stock *stock;
	const struct aws_answer *answer;
	uint64_t from, got, size;       /* of the text: this try began at from, and got is here */
	const char *wrong;              /* with it, in words; or NULL */
	bool stopped;                   /* that was it */
	store_each_archive *each;
	void *with;
	struct str name;
};

static bool
take_archive(void *with, const struct stock_archive *a)
{
	struct taking *t = with;

	if (!remote_takes_id(a->id))
		return false;
	described_name(a->description, &t->name);
	t->stopped = !t->each(t->with, &(struct store_archive){ a->time, str_get(&t->name), a->id, a->size, a->tree });
	return !t->stopped;
}

static int
take_text(void *with, const void *data, size_t n)
{
	struct taking *t = with;

	if (t->got == t->from && !aws_begins_at(t->answer, t->from, t->size - 1)) {
		t->wrong = "the service sent other bytes than those asked for";
		errno = EPROTO;
		return -1;
	}
	t->got += n;
	if (stock_feed(t->stock, data, n))
		return 0;
	t->wrong = "the inventory is not as it should be";
	errno = EPROTO;
	return -1;
}

/* Fetch the inventory, on after each time it breaks off, and tell of what is in it. */
static enum store_rc
take_stock(struct remote *v, unsigned lane, const struct newest *n, struct taking *t, struct str *why)
{
	struct aws_answer answer = { 0 };
	char range[64];
	struct aws_call c;
	struct remote_path p;
	enum aws_rc arc;
	enum store_rc rc;
	int breaks = 0;

	t->stock = stock_new(take_archive, t);
	t->answer = &answer;
	t->size = n->size;
	do {
		remote_prepare(&c, "GET", remote_path(&p, v, "/jobs/", n->id, "/output"));
		snprintf(range, sizeof range, "bytes=%" PRIu64 "-%" PRIu64, t->got, t->size - 1);
		if (t->got != 0)
			aws_call_header(&c, "Range", range);
		c.sink = take_text;
		c.with = t;
		t->from = t->got;
		str_clear(why);
		rc = remote_call(v, lane, &c, &answer, &arc, "the inventory", why);
	} while (arc == AWS_SHORT && t->size != 0 && t->got < t->size && breaks++ < REMOTE_SHORTS);
	if (t->stopped || t->wrong != NULL) {
		str_clear(why);
		rc = t->stopped ? STORE_FAILED : remote_strange(why, &answer, t->wrong);
	} else if (rc == STORE_OK && !stock_whole(t->stock))
		rc = remote_strange(why, &answer, "the inventory is cut short");
	v->listed = stock_time(t->stock);
	stock_free(t->stock);
	str_free(&t->name);
	aws_answer_free(&answer);
	return rc;
}

enum store_rc
remote_list_archives(void *is, unsigned lane, bool anew, store_each_archive *each, void *with, struct str *why)
{
	struct taking t = { .each = each, .with = with };
	struct remote *v = is;
	struct newest n;
	enum store_rc rc;

	/* Twice: the newest may vanish just then, and what is asked for may be there at once. */
	for (int round = 0; ; round++) {
		if ((rc = find_inventory(v, lane, &n, why)) != STORE_OK)
			return rc;
		if (n.state == STORE_THAWING)
			return STORE_PENDING;
		if (n.state == STORE_READY && !anew) {
			rc = take_stock(v, lane, &n, &t, why);
			if (rc != STORE_ABSENT || t.got != 0 || round != 0)
				return rc;
			str_clear(why);
		} else if (round != 0)
			return STORE_PENDING;
		if ((rc = ask_inventory(v, lane, &n, why)) != STORE_OK)
			return rc;
		anew = false;
	}
}

int64_t
remote_list_time(const void *is)
{
	return ((const struct remote *)is)->listed;
}

struct telling {
	store_each_place *place;
	store_each_job *job;
	void *with;
	bool stopped;
};

static bool
tell_vault(const struct json *j, void *with)
{
	struct telling *t = with;
	const char *name = json_get_string(j, "VaultName");
	struct store_place p = { .made = remote_time(j, "CreationDate"), .looked = remote_time(j, "LastInventoryDate"),
	    .archives = json_get_integer(j, "NumberOfArchives", -1), .bytes = json_get_integer(j, "SizeInBytes", -1) };
	char *full;

	if (name == NULL || !glacier_vault_good(name))
		return true;
	p.name = full = mem_format("glacier:%s", name);
	t->stopped = !t->place(t->with, &p);
	free(full);
	return !t->stopped;
}

enum store_rc
remote_list_places(void *is, unsigned lane, store_each_place *each, void *with, struct str *why)
{
	struct telling t = { .place = each, .with = with };
	enum store_rc rc = remote_list(is, lane, remote_vaults, "", "VaultList", tell_vault, &t, why);

	return t.stopped ? STORE_FAILED : rc;
}

static bool
tell_job(const struct json *j, void *with)
{
	struct telling *t = with;
	const char *archive = json_get_string(j, "ArchiveId"), *tier = json_get_string(j, "Tier");
	struct store_job job = { .time = remote_time(j, "CreationDate"), .state = remote_job_state(j), .id = json_get_string(j, "JobId"),
	    .tier = tier != NULL ? tier : "", .archive = archive != NULL ? archive : "",
	    .size = json_get_integer(j, archive != NULL ? "ArchiveSizeInBytes" : "InventorySizeInBytes", -1) };

	if (job.id == NULL || !remote_takes_id(job.id) || (archive != NULL && !remote_takes_id(archive)))
		return true;
	t->stopped = !t->job(t->with, &job);
	return !t->stopped;
}

enum store_rc
remote_list_jobs(void *is, unsigned lane, store_each_job *each, void *with, struct str *why)
{
	struct telling t = { .job = each, .with = with };
	enum store_rc rc = remote_list(is, lane, "/jobs", "", "JobList", tell_job, &t, why);

	return t.stopped ? STORE_FAILED : rc;
}

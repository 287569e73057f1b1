/*
 * glacier-ls - what is in a store, as lines of a ledger, so that a lost ledger is
 * rebuilt; and the vaults, jobs and unfinished uploads of it.
 */
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "date.h"
#include "err.h"
#include "hex.h"
#include "io.h"
#include "ledger.h"
#include "mem.h"
#include "meter.h"
#include "opt.h"
#include "store.h"
#include "str.h"

static const char usage[] =
    "glacier-ls [-hqvVw] [-s store] [--endpoint-url url] [--fresh] [--insecure-http]\n"
    "           [--jobs | --uploads | --vaults] [--poll seconds] [--properties file]\n"
    "           [--region region]";

enum {
	BLOCK = 64 << 10,       /* bytes of lines that are written at once */
	LANES = 8,              /* calls under way at once, where a list needs so many */
	POLL_MOST = 900         /* seconds between two looks at what is not ready */
};

struct ls {
	struct store *store;
	struct str out;
	struct ledger_line line;
	unsigned long unhashed;         /* archives whose tree hash nobody knows */
};

static int
status_of(enum store_rc rc)
{
	return rc == STORE_DENIED ? ST_CRED : rc == STORE_WRONG ? ST_USAGE : ST_FAIL;
}

static void
tell(const char *what)
{
	note(1, "%s", what);
}

static void
flush(struct ls *l)
{
	if (io_put(STDOUT_FILENO, str_get(&l->out), l->out.len) != 0)
		edie(ST_FAIL, "standard output");
	str_clear(&l->out);
}

static void
end_line(struct ls *l)
{
	str_puts(&l->out, "\n");
	if (l->out.len >= BLOCK)
		flush(l);
}

static void
put_time(struct ls *l, int64_t t)
{
	char text[DATE_RFC3339];

	date_rfc3339(text, t);
	str_puts(&l->out, t != 0 ? text : "-");
}

static void
put_text(struct ls *l, const char *s)
{
	str_puts(&l->out, "\t");
	str_escape(&l->out, *s != '\0' ? s : "-", *s != '\0' ? strlen(s) : 1, true);
}

static void
put_number(struct ls *l, int64_t n)
{
	if (n < 0)
		str_puts(&l->out, "\t-");
	else
		str_format(&l->out, "\t%lld", (long long)n);
}

static bool
archive(void *with, const struct store_archive *a)
{
	struct ls *l = with;
	struct ledger_line *line = &l->line;

	if (a->hash == NULL) {
		warn("%s: has no tree hash, and so no line", a->id);
		l->unhashed++;
		return true;
	}
	date_rfc3339(line->time, a->time);
	str_clear(&line->name);
	str_puts(&line->name, a->name[0] != '\0' ? a->name : a->id);
	str_clear(&line->id);
	str_puts(&line->id, a->id);
	line->size = a->size;
	memcpy(line->hash, a->hash, SHA256_SIZE);
	ledger_format(&l->out, line);
	end_line(l);
	meter_add(a->size);
	return true;
}

static bool
place(void *with, const struct store_place *p)
{
	struct ls *l = with;

	put_time(l, p->made);
	put_text(l, p->name);
	put_number(l, p->archives);
	put_number(l, p->bytes);
	str_puts(&l->out, "\t");
	put_time(l, p->looked);
	end_line(l);
	return true;
}

static bool
job(void *with, const struct store_job *j)
{
	static const char *const states[] = {
		[STORE_COLD] = "none", [STORE_THAWING] = "pending", [STORE_READY] = "ready", [STORE_BROKEN] = "failed"
	};
	struct ls *l = with;

	put_time(l, j->time);
	put_text(l, states[j->state]);
	put_text(l, j->tier);
	put_number(l, j->size);
	put_text(l, j->archive);
	put_text(l, j->id);
	end_line(l);
	return true;
}

static enum store_rc
uploads(struct ls *l, struct str *why)
{
	struct store_upload **list;
	enum store_rc rc;
	size_t n;

	if ((rc = store_uploads(l->store, 0, &list, &n, why)) != STORE_OK)
		return rc;
	for (size_t i = 0; i < n; i++) {
		put_time(l, store_upload_begun(list[i]));
		put_text(l, store_name(l->store));
		put_text(l, store_upload_name(list[i]));
		put_number(l, store_part_size(list[i]) != 0 ? (int64_t)store_part_size(list[i]) : -1);
		put_text(l, store_upload_id(list[i]));
		end_line(l);
		store_upload_free(list[i]);
	}
	free(list);
	return STORE_OK;
}

/* A tenth of the time that was waited so far: prompt where it is a matter of seconds, sparing where of hours. */
static void
wait_more(time_t begin, unsigned poll)
{
	time_t waited = time(NULL) - begin;

	sleep(poll != 0 ? poll : waited < 10 ? 1 : waited / 10 > POLL_MOST ? POLL_MOST : (unsigned)(waited / 10));
}

static enum store_rc
archives(struct ls *l, bool fresh, bool wait, unsigned poll, struct str *why)
{
	time_t begin = time(NULL);
	enum store_rc rc;

	str_puts(&l->line.store, store_name(l->store));
	while ((rc = store_list(l->store, 0, fresh, archive, l, why)) == STORE_PENDING && wait) {
		note(1, "%s: the inventory is not ready", store_name(l->store));
		wait_more(begin, poll);
		fresh = false;
	}
	if (rc == STORE_OK && store_listed(l->store) != 0) {
		char date[DATE_RFC3339];

		date_rfc3339(date, store_listed(l->store));
		note(1, "%s: as of %s", store_name(l->store), date);
	}
	return rc;
}

int
main(int argc, char *argv[])
{
	enum { ENDPOINT = OPT_LONG, FRESH, INSECURE, JOBS, POLL, PROPERTIES, REGION, UPLOADS, VAULTS };
	static const struct option longs[] = {
		{ "endpoint-url", 1, NULL, ENDPOINT }, { "fresh", 0, NULL, FRESH }, { "insecure-http", 0, NULL, INSECURE },
		{ "jobs", 0, NULL, JOBS }, { "poll", 1, NULL, POLL }, { "properties", 1, NULL, PROPERTIES },
		{ "region", 1, NULL, REGION }, { "store", 1, NULL, 's' }, { "uploads", 0, NULL, UPLOADS },
		{ "vaults", 0, NULL, VAULTS }, { "wait", 0, NULL, 'w' }, OPT_COMMON
	};
	struct store_options o = { .name = getenv("GLACIER_STORE"), .env = getenv, .tell = tell, .lanes = LANES };
	bool fresh = false, wait = false;
	int c, what = 0, status = 0;
	struct str why = { 0 };
	struct ls l = { 0 };
	unsigned poll = 0;
	enum store_rc rc;

	err_init(argv);
	while ((c = getopt_long(argc, argv, "hqs:vVw", longs, NULL)) != -1)
		switch (c) {
		case 's': o.name = optarg; break;
		case 'w': wait = true; break;
		case ENDPOINT: o.endpoint = optarg; break;
		case FRESH: fresh = true; break;
		case INSECURE: o.insecure = true; break;
		case POLL: poll = (unsigned)opt_uint("--poll", optarg, 1, 86400); break;
		case PROPERTIES: o.properties = optarg; break;
		case REGION: o.region = optarg; break;
		case JOBS: case UPLOADS: case VAULTS:
			if (what != 0 && what != c)
				opt_usage(usage);
			what = c;
			break;
		default:
			if (!opt_common(c, usage))
				opt_usage(usage);
		}
	if (optind < argc || (what != 0 && (fresh || wait)))
		opt_usage(usage);
	if (o.name == NULL || o.name[0] == '\0')
		die(ST_USAGE, "no store: give -s " STORE_FORMS ", or set GLACIER_STORE");
	meter_start(0);
	o.all = what == VAULTS;
	if ((l.store = store_open(&o, &rc, &why)) == NULL)
		die(status_of(rc), "%s", str_get(&why));
	note(1, "%s: at %s, credentials from %s", o.name, store_endpoint(l.store), store_source(l.store));

	rc = what == JOBS ? store_jobs(l.store, 0, job, &l, &why) :
	    what == UPLOADS ? uploads(&l, &why) :
	    what == VAULTS ? store_places(l.store, 0, place, &l, &why) : archives(&l, fresh, wait, poll, &why);
	flush(&l);
	if (rc == STORE_PENDING) {
		warn("%s: the inventory was asked for and is not ready; run it again to get it", o.name);
		status = ST_AGAIN;
	} else if (rc != STORE_OK)
		die(status_of(rc), "%s: %s", o.name, str_get(&why));
	else if (l.unhashed != 0)
		status = ST_LEFT;
	str_free(&l.out);
	str_free(&why);
	ledger_line_free(&l.line);
	store_close(l.store);
	if (io_close(STDOUT_FILENO) != 0)
		edie(ST_FAIL, "standard output");
	return status;
}

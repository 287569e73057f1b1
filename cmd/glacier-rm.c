/*
 * glacier-rm - remove archives from a store, those that were paid for long enough.
 * Batches go to threads and come back in order, each with what became of it.
 */
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cpu.h"
#include "date.h"
#include "err.h"
#include "io.h"
#include "ledger.h"
#include "lines.h"
#include "mem.h"
#include "meter.h"
#include "names.h"
#include "opt.h"
#include "pool.h"
#include "store.h"
#include "str.h"

static const char usage[] =
    "glacier-rm [-0hNnqvV] [-s store] [-T threads] [--early] [--endpoint-url url]\n"
    "           [--insecure-http] [--now time] [--properties file] [--region region]\n"
    "           [id ...]";

enum { DAY = 86400 };

/* An archive to remove. */
struct victim {
	struct str word;                /* as it was given: what is printed when it is gone */
	struct str id, name;
	bool young;
};

struct batch {
	struct victim *victims;         /* store_batch of them */
	struct store_doomed *doomed;    /* one for each, some of them as they go to the store */
	size_t n;
	enum store_rc rc;               /* of the batch as a whole */
	struct str why;
};

struct rm {
	struct store *store;
	struct pool *pool;
	char **operands;                /* NULL at the end */
	struct names *names;            /* NULL without -N */
	char end;
	bool early, dry;
	int64_t now;
	bool failed, left;              /* something could not be removed; or was left, for it is too young */
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

static const char *
title(const struct victim *v)
{
	return v->name.len != 0 ? str_get(&v->name) : str_get(&v->id);
}

static bool
is_young(const struct rm *r, const struct store_doomed *d)
{
	return d->days != 0 && (d->since == 0 || r->now < d->since + (int64_t)d->days * DAY);
}

/* On a thread: ask what binds them, put those that may go first, and remove these. */
static void
work(void *job, unsigned thread, void *shared)
{
	struct rm *r = shared;
	struct batch *b = job;
	size_t n = 0;

	str_clear(&b->why);
	b->rc = store_terms(r->store, thread, b->doomed, b->n, &b->why);
	for (size_t i = 0; i < b->n && b->rc == STORE_OK; i++) {
		b->victims[i].young = is_young(r, &b->doomed[i]);
		if (b->doomed[i].rc == STORE_OK && (!b->victims[i].young || r->early)) {
			struct store_doomed d = b->doomed[i];
			struct victim v = b->victims[i];

			b->doomed[i] = b->doomed[n];
			b->victims[i] = b->victims[n];
			b->doomed[n] = d;
			b->victims[n++] = v;
		}
	}
	if (b->rc == STORE_OK && n != 0 && !r->dry)
		b->rc = store_remove(r->store, thread, b->doomed, n, &b->why);
}

static void
refuse(struct rm *r, const struct victim *v, const struct store_doomed *d)
{
	char date[DATE_RFC3339];

	if (d->since == 0)
		warn("%s: when it was stored is not known here, and what is removed before %u days is paid for all the same; "
		    "give its ledger line, or --early", title(v), d->days);
	else {
		date_rfc3339(date, d->since + (int64_t)d->days * DAY);
		warn("%s: is paid for until %.10s, %u days in all, so it stays; --early removes it", title(v), date, d->days);
	}
	r->left = true;
}

/* What became of a batch. */
static void
report(struct rm *r, const struct batch *b)
{
	for (size_t i = 0; i < b->n && b->rc == STORE_OK; i++) {
		const struct store_doomed *d = &b->doomed[i];
		const struct victim *v = &b->victims[i];

		if (d->rc != STORE_OK) {
			warn("%s: %s", title(v), str_get(&d->why));
			r->failed = true;
		} else if (v->young && !r->early)
			refuse(r, v, d);
		else {
			if (v->young)
				note(1, "%s: removed early", title(v));
			if (lines_put(STDOUT_FILENO, str_get(&v->word), r->end) != 0)
				edie(ST_FAIL, "standard output");
		}
	}
	if (b->rc != STORE_OK)
		die(status_of(b->rc), "%s: %s", b->n == 1 ? title(b->victims) : store_name(r->store), str_get(&b->why));
}

/* A line of a ledger, or an id. */
static void
take(struct rm *r, const char *word, struct victim *v, struct store_doomed *d)
{
	struct ledger_line l = { 0 };

	str_clear(&v->word);
	str_clear(&v->id);
	str_clear(&v->name);
	str_clear(&d->why);
	str_puts(&v->word, word);
	d->since = 0;
	if (ledger_parse(word, strlen(word), &l)) {
		if (strcmp(str_get(&l.store), store_name(r->store)) != 0)
			die(ST_FAIL, "%s: is in %s, not in %s", str_get(&l.name), str_get(&l.store), store_name(r->store));
		str_puts(&v->id, str_get(&l.id));
		str_puts(&v->name, str_get(&l.name));
		if (date_find(l.time, strlen(l.time), &d->since) != DATE_OK)
			d->since = 0;
	} else
		str_puts(&v->id, word);
	ledger_line_free(&l);
	if (!store_takes_id(r->store, str_get(&v->id)))
		die(ST_FAIL, "%s: is neither a line of a ledger nor the id of an archive", title(v));
	d->id = str_get(&v->id);
}

static const char *
next(struct rm *r)
{
	return r->names != NULL ? names_next(r->names) : *r->operands != NULL ? *r->operands++ : NULL;
}

/* Fill a batch with what is there, at least one; false at the end. */
static bool
fill(struct rm *r, struct batch *b)
{
	size_t most = store_batch(r->store);
	const char *word;

	if (b->victims == NULL) {
		b->victims = mem_array(most, sizeof *b->victims);
		b->doomed = mem_array(most, sizeof *b->doomed);
	}
	for (b->n = 0; b->n < most && (b->n == 0 || r->names == NULL || names_ready(r->names)); b->n++) {
		if ((word = next(r)) == NULL)
			break;
		take(r, word, &b->victims[b->n], &b->doomed[b->n]);
	}
	return b->n != 0;
}

static void
rm(struct rm *r)
{
	bool over = false;
	struct batch *b;
	unsigned in = 0;

	for (;;) {
		/* What is done is told of while the next name is waited for. */
		if (!over && (r->names == NULL || in == 0 || names_ready(r->names)) && (b = pool_room(r->pool)) != NULL) {
			over = !fill(r, b);
			if (!over) {
				pool_add(r->pool);
				in++;
			}
		} else if ((b = pool_take(r->pool)) != NULL) {
			in--;
			report(r, b);
		} else
			break;
	}
}

static void
release(struct rm *r, unsigned ring)
{
	size_t most = store_batch(r->store);

	for (unsigned i = 0; i < ring; i++) {
		struct batch *b = pool_job(r->pool, i);

		for (size_t k = 0; b->victims != NULL && k < most; k++) {
			str_free(&b->victims[k].word);
			str_free(&b->victims[k].id);
			str_free(&b->victims[k].name);
			str_free(&b->doomed[k].why);
			str_free(&b->doomed[k].version);
		}
		free(b->victims);
		free(b->doomed);
		str_free(&b->why);
	}
	pool_free(r->pool);
	names_free(r->names);
	store_close(r->store);
}

static int64_t
now(const char *arg)
{
	int64_t t = (int64_t)time(NULL);

	if (arg != NULL && date_find(arg, strlen(arg), &t) != DATE_OK)
		die(ST_USAGE, "--now %s: must be a date", arg);
	return t;
}

int
main(int argc, char *argv[])
{
	enum { EARLY = OPT_LONG, ENDPOINT, INSECURE, NOW, PROPERTIES, REGION };
	static const struct option longs[] = {
		{ "dry-run", 0, NULL, 'n' }, { "early", 0, NULL, EARLY }, { "endpoint-url", 1, NULL, ENDPOINT },
		{ "insecure-http", 0, NULL, INSECURE }, { "names", 0, NULL, 'N' }, { "now", 1, NULL, NOW },
		{ "null", 0, NULL, '0' }, { "properties", 1, NULL, PROPERTIES }, { "region", 1, NULL, REGION },
		{ "store", 1, NULL, 's' }, { "threads", 1, NULL, 'T' }, OPT_COMMON
	};
	struct store_options o = { .name = getenv("GLACIER_STORE"), .env = getenv, .tell = tell };
	struct rm r = { .end = '\n' };
	unsigned threads = cpu_count();
	const char *date = NULL;
	struct str why = { 0 };
	bool names = false;
	enum store_rc rc;
	int c;

	err_init(argv);
	while ((c = getopt_long(argc, argv, "0hNnqs:T:vV", longs, NULL)) != -1)
		switch (c) {
		case '0': r.end = '\0'; break;
		case 'N': names = true; break;
		case 'n': r.dry = true; break;
		case 's': o.name = optarg; break;
		case 'T': threads = (unsigned)opt_uint("-T", optarg, 1, 256); break;
		case EARLY: r.early = true; break;
		case ENDPOINT: o.endpoint = optarg; break;
		case INSECURE: o.insecure = true; break;
		case NOW: date = optarg; break;
		case PROPERTIES: o.properties = optarg; break;
		case REGION: o.region = optarg; break;
		default:
			if (!opt_common(c, usage))
				opt_usage(usage);
		}
	if (names == (optind < argc))
		opt_usage(usage);
	if (o.name == NULL || o.name[0] == '\0')
		die(ST_USAGE, "no store: give -s glacier:VAULT or s3://BUCKET, or set GLACIER_STORE");
	r.now = now(date);
	signal(SIGPIPE, SIG_IGN);
	meter_start(0);
	o.lanes = threads;
	if ((r.store = store_open(&o, &rc, &why)) == NULL)
		die(status_of(rc), "%s", str_get(&why));
	note(1, "%s: at %s, credentials from %s", o.name, store_endpoint(r.store), store_source(r.store));
	r.pool = pool_new(threads, POOL_RING(threads), sizeof(struct batch), work, &r);
	r.operands = argv + optind;
	if (names)
		r.names = names_new(r.end);

	rm(&r);
	release(&r, POOL_RING(threads));
	if (io_close(STDOUT_FILENO) != 0)
		edie(ST_FAIL, "standard output");
	return r.failed ? ST_FAIL : r.left ? ST_LEFT : 0;
}

/*
 * glacier-rm - remove archives from a store, those that were paid for long enough.
 * Batches go to threads and come back in order, each with what became of it.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <pthread.h>
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
#include "price.h"
#include "store.h"
#include "str.h"

static const char usage[] =
    "glacier-rm [-0hNnqvV] [-l ledger] [-s store] [-T threads] [--early] [--endpoint-url url]\n"
    "           [--insecure-http] [--now time] [--prices file] [--properties file]\n"
    "           [--region region] [--terms] [id ...]";

enum { DAY = 86400, TARIFFS = 8 };

/* An archive to remove. */
struct victim {
	struct str word;                /* as it was given: what is printed when it is gone */
	struct str id, name;
	uint64_t size;
	bool sized;                     /* it is known */
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
	bool early, dry, terms;
	int64_t now;
	struct ledger *ledger;          /* NULL without -l */
	const char *ledger_path;
	pthread_mutex_t lock;           /* guards the ledger */
	char *prices;                   /* the file; NULL without --terms */
	struct tariff { const char *name; struct price price; } tariffs[TARIFFS];
	size_t ntariffs;
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

/* The ledger says that it is gone before it is: what the ledger has, the store has. */
static bool
strike(struct rm *r, const struct victim *v, struct str *why)
{
	struct ledger_line l = { .gone = true };
	enum ledger_rc rc = LEDGER_OK;

	pthread_mutex_lock(&r->lock);
	if (v->name.len != 0)
		str_puts(&l.name, str_get(&v->name));
	else if ((rc = ledger_find_id(r->ledger, store_name(r->store), str_get(&v->id), &l)) == LEDGER_NONE) {
		str_puts(&l.name, str_get(&v->id));
		rc = LEDGER_OK;
	}
	l.gone = true;
	date_rfc3339(l.time, (int64_t)time(NULL));
	str_clear(&l.store);
	str_puts(&l.store, store_name(r->store));
	str_clear(&l.id);
	str_puts(&l.id, str_get(&v->id));
	if (rc == LEDGER_OK)
		rc = ledger_add(r->ledger, &l);
	if (rc == LEDGER_FOREIGN)
		str_format(why, "%s: line %lu: is not a line of a ledger", r->ledger_path, ledger_number(r->ledger));
	else if (rc != LEDGER_OK)
		str_format(why, "%s: %s", r->ledger_path, strerror(errno));
	pthread_mutex_unlock(&r->lock);
	ledger_line_free(&l);
	return rc == LEDGER_OK;
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
	if (r->dry || r->terms)
		n = 0;
	for (size_t i = 0; i < n && r->ledger != NULL && b->rc == STORE_OK; i++)
		if (!strike(r, &b->victims[i], &b->why))
			b->rc = STORE_FAILED;
	if (b->rc == STORE_OK && n != 0)
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

static const struct price *
price(struct rm *r, const char *tariff)
{
	struct str why = { 0 };
	struct tariff *t;

	for (size_t i = 0; i < r->ntariffs; i++)
		if (strcmp(r->tariffs[i].name, tariff) == 0)
			return &r->tariffs[i].price;
	if (r->ntariffs == TARIFFS)
		r->ntariffs--;
	t = &r->tariffs[r->ntariffs++];
	t->name = tariff;
	if (!price_read(r->prices, store_region(r->store), tariff, "storage", &t->price, &why))
		die(ST_FAIL, "%s", str_get(&why));
	if (!t->price.known) {
		warn("%s: has no price for %s, %s, storage; add a line", r->prices, store_region(r->store), tariff);
		r->left = true;
	}
	return &t->price;
}

/* Until when it is paid for, its class, bytes, what is still to be paid whether it stays or goes, what it is. */
static void
say_terms(struct rm *r, const struct victim *v, const struct store_doomed *d)
{
	struct str text = { 0 };
	char date[DATE_RFC3339];
	bool young = is_young(r, d), dated = young && d->since != 0;
	const struct price *p = dated ? price(r, d->tariff) : NULL;

	if (dated)
		date_rfc3339(date, d->since + (int64_t)d->days * DAY);
	str_format(&text, "%s\t%s\t", dated ? date : young ? "?" : "-", d->tariff);
	str_format(&text, v->sized ? "%" PRIu64 "\t" : "?\t", v->size);
	if (!young)
		str_puts(&text, "0\t");
	else if (dated && p->known && v->sized)
		str_format(&text, "%.6f\t", price_storage(p, v->size, (uint64_t)(d->since + (int64_t)d->days * DAY - r->now)));
	else
		str_puts(&text, "?\t");
	str_puts(&text, str_get(&v->word));
	if (lines_put(STDOUT_FILENO, str_get(&text), r->end) != 0)
		edie(ST_FAIL, "standard output");
	str_free(&text);
}

/* What became of a batch. */
static void
report(struct rm *r, const struct batch *b)
{
	for (size_t i = 0; i < b->n && b->rc == STORE_OK; i++) {
		const struct store_doomed *d = &b->doomed[i];
		const struct victim *v = &b->victims[i];

		if (d->rc != STORE_OK) {
			warn("%s: %s%s", title(v), str_get(&d->why), r->ledger != NULL ? "; the ledger has it as removed" : "");
			r->failed = true;
		} else if (r->terms)
			say_terms(r, v, d);
		else if (v->young && !r->early)
			refuse(r, v, d);
		else {
			if (v->young)
				note(1, "%s: removed early", title(v));
			if (lines_put(STDOUT_FILENO, str_get(&v->word), r->end) != 0)
				edie(ST_FAIL, "standard output");
			if (d->left.len != 0) {
				warn("%s: %s", title(v), str_get(&d->left));
				r->left = true;
			}
		}
	}
	if (b->rc != STORE_OK)
		die(status_of(b->rc), "%s: %s", b->n == 1 ? title(b->victims) : store_name(r->store), str_get(&b->why));
}

/* A line of a ledger, or an id.  False: a line that says that it is removed. */
static bool
take(struct rm *r, const char *word, struct victim *v, struct store_doomed *d)
{
	struct ledger_line l = { 0 };

	v->sized = false;
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
		v->sized = !l.gone;
		v->size = l.size;
		if (date_find(l.time, strlen(l.time), &d->since) != DATE_OK)
			d->since = 0;
	} else
		str_puts(&v->id, word);
	ledger_line_free(&l);
	if (!store_takes_id(r->store, str_get(&v->id)))
		die(ST_FAIL, "%s: is neither a line of a ledger nor the id of an archive", title(v));
	d->id = str_get(&v->id);
	return !l.gone;
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
	for (b->n = 0; b->n < most && (b->n == 0 || r->names == NULL || names_ready(r->names)); ) {
		if ((word = next(r)) == NULL)
			break;
		b->n += take(r, word, &b->victims[b->n], &b->doomed[b->n]);
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
			str_free(&b->doomed[k].held);
			str_free(&b->doomed[k].left);
		}
		free(b->victims);
		free(b->doomed);
		str_free(&b->why);
	}
	pool_free(r->pool);
	names_free(r->names);
	ledger_close(r->ledger);
	free(r->prices);
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

static void
open_ledger(struct rm *r)
{
	enum ledger_rc rc = ledger_open(r->ledger_path, true, &r->ledger);

	if (rc == LEDGER_IO)
		edie(ST_FAIL, "%s", r->ledger_path);
	if (rc == LEDGER_FOREIGN)
		die(ST_FAIL, "%s: line %lu: is not a line of a ledger", r->ledger_path, ledger_number(r->ledger));
}

int
main(int argc, char *argv[])
{
	enum { EARLY = OPT_LONG, ENDPOINT, INSECURE, NOW, PRICES, PROPERTIES, REGION, TERMS };
	static const struct option longs[] = {
		{ "dry-run", 0, NULL, 'n' }, { "early", 0, NULL, EARLY }, { "endpoint-url", 1, NULL, ENDPOINT },
		{ "insecure-http", 0, NULL, INSECURE }, { "ledger", 1, NULL, 'l' }, { "names", 0, NULL, 'N' }, { "now", 1, NULL, NOW },
		{ "null", 0, NULL, '0' }, { "prices", 1, NULL, PRICES }, { "properties", 1, NULL, PROPERTIES },
		{ "region", 1, NULL, REGION }, { "store", 1, NULL, 's' }, { "terms", 0, NULL, TERMS },
		{ "threads", 1, NULL, 'T' }, OPT_COMMON
	};
	struct store_options o = { .name = getenv("GLACIER_STORE"), .env = getenv, .tell = tell };
	struct rm r = { .end = '\n', .lock = PTHREAD_MUTEX_INITIALIZER };
	unsigned threads = cpu_count();
	const char *date = NULL, *prices = NULL;
	struct str why = { 0 };
	bool names = false;
	enum store_rc rc;
	int c;

	err_init(argv);
	while ((c = getopt_long(argc, argv, "0hl:Nnqs:T:vV", longs, NULL)) != -1)
		switch (c) {
		case '0': r.end = '\0'; break;
		case 'l': r.ledger_path = optarg; break;
		case 'N': names = true; break;
		case 'n': r.dry = true; break;
		case 's': o.name = optarg; break;
		case 'T': threads = (unsigned)opt_uint("-T", optarg, 1, 256); break;
		case EARLY: r.early = true; break;
		case ENDPOINT: o.endpoint = optarg; break;
		case INSECURE: o.insecure = true; break;
		case NOW: date = optarg; break;
		case PRICES: prices = optarg; break;
		case PROPERTIES: o.properties = optarg; break;
		case REGION: o.region = optarg; break;
		case TERMS: r.terms = true; break;
		default:
			if (!opt_common(c, usage))
				opt_usage(usage);
		}
	if (names == (optind < argc))
		opt_usage(usage);
	if (o.name == NULL || o.name[0] == '\0')
		die(ST_USAGE, "no store: give -s " STORE_FORMS ", or set GLACIER_STORE");
	r.now = now(date);
	signal(SIGPIPE, SIG_IGN);
	meter_start(0);
	o.lanes = threads;
	if ((r.store = store_open(&o, &rc, &why)) == NULL)
		die(status_of(rc), "%s", str_get(&why));
	note(1, "%s: at %s, credentials from %s", o.name, store_endpoint(r.store), store_source(r.store));
	if (r.terms)
		r.prices = price_file(prices);
	if (r.ledger_path != NULL && !r.dry && !r.terms)
		open_ledger(&r);
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

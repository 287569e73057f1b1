/*
 * glacier-get - archives back out of a store.  All of them are asked for before
 * the first is waited for; what is ready is fetched, and a file has its name only
 * when its tree hash is the archive's.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cpu.h"
#include "err.h"
#include "fetcher.h"
#include "file.h"
#include "io.h"
#include "ledger.h"
#include "lines.h"
#include "mem.h"
#include "meter.h"
#include "names.h"
#include "opt.h"
#include "pace.h"
#include "price.h"
#include "store.h"
#include "str.h"

static const char usage[] =
    "glacier-get [-0hNnqvVw] [-L rate] [-l ledger] [-o directory] [-s store]\n"
    "           [-T threads] [-t bulk|standard|expedited] [--bucket-owner account]\n"
    "           [--days days] [--endpoint-url url] [--insecure-http] [--max-cost dollars]\n"
    "           [--poll seconds] [--prices file] [--properties file] [--range first-last]\n"
    "           [--region region] [id | name ...]";

enum {
	ID_LEAST = 40,          /* with a ledger, what is shorter and not in it is a name, not an id */
	POLL_MOST = 900,        /* seconds between two looks at what thaws */
	GONE_MOST = 3           /* times that what was ready may have vanished */
};

/* What a ledger says is gone: of the lines before it with that id. */
struct removed {
	char *id;
	size_t before;                  /* wants of that time */
};

/* One archive that is wanted.  Several may be of one item. */
struct want {
	struct store_item *item;
	struct str name;                /* empty: what the store says when it is there */
	bool known;                     /* size and hash are the ledger's */
	uint64_t size;
	uint8_t hash[SHA256_SIZE];
	unsigned gone;                  /* times that what was ready had vanished when it was fetched */
	bool over;                      /* done, or failed */
};

struct get {
	struct store *store;
	unsigned lane;                  /* of the main thread */
	struct fetcher *fetcher;
	struct ledger *ledger;
	const char *ledger_path, *directory;
	enum store_tier tier;
	bool ranged;                    /* only these bytes of the one archive; count 0: up to its end */
	uint64_t first, count;
	struct want *wants;
	size_t n;
	struct store_item **items;      /* sorted by id, each once */
	size_t nitems;
	char end;
	bool failed;
	bool again;                     /* something must be asked for again */
	bool estimate;                  /* nothing is fetched, nor is said where it is */
	double max_cost;                /* dollars; less than 0: no matter */
	char *prices;                   /* the file of prices; NULL where none is needed */
	struct removed *removed;        /* lines that say so, sorted in the end by id, the last one first */
	size_t nremoved;
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

/* What to call it in messages. */
static const char *
title(const struct want *w)
{
	return w->name.len != 0 ? str_get(&w->name) : str_get(&w->item->id);
}

/* This archive cannot be had; the others may. */
static void
give_up(struct get *g, struct want *w, const char *why)
{
	warn("%s: %s", title(w), why);
	w->over = true;
	g->failed = true;
}

/* What is wanted */

static struct want *
add(struct get *g)
{
	struct want *w;

	if ((g->n & (g->n - 1)) == 0)
		g->wants = mem_grow(g->wants, (g->n != 0 ? 2 * g->n : 1) * sizeof *g->wants);
	w = &g->wants[g->n++];
	*w = (struct want){ .item = mem_alloc(sizeof *w->item) };
	return w;
}

static void
add_line(struct get *g, const struct ledger_line *l)
{
	struct want *w;

	if (strcmp(str_get(&l->store), store_name(g->store)) != 0)
		die(ST_FAIL, "%s: is in %s, not in %s", str_get(&l->name), str_get(&l->store), store_name(g->store));
	if (l->gone) {
		if ((g->nremoved & (g->nremoved - 1)) == 0)
			g->removed = mem_grow(g->removed, (g->nremoved != 0 ? 2 * g->nremoved : 1) * sizeof *g->removed);
		g->removed[g->nremoved++] = (struct removed){ mem_copy(str_get(&l->id)), g->n };
		return;
	}
	w = add(g);
	if (!file_name_safe(str_get(&l->name)))
		die(ST_FAIL, "%s: is no relative path without ., .. and control characters, so nothing is written there; give its id",
		    str_get(&l->name));
	str_puts(&w->name, str_get(&l->name));
	str_puts(&w->item->id, str_get(&l->id));
	w->known = true;
	w->size = w->item->size = l->size;
	memcpy(w->hash, l->hash, SHA256_SIZE);
	if (!store_takes_id(g->store, str_get(&w->item->id)))
		die(ST_FAIL, "%s: %s: is not the id of an archive", title(w), str_get(&l->id));
}

static bool
find(struct get *g, const char *s, struct ledger_line *l)
{
	enum ledger_rc rc = ledger_find(g->ledger, store_name(g->store), s, l);

	if (rc == LEDGER_NONE)
		rc = ledger_find_id(g->ledger, store_name(g->store), s, l);
	if (rc == LEDGER_IO)
		edie(ST_FAIL, "%s", g->ledger_path);
	if (rc == LEDGER_FOREIGN)
		die(ST_FAIL, "%s: line %lu: is not a line of a ledger", g->ledger_path, ledger_number(g->ledger));
	return rc == LEDGER_OK;
}

/* An operand, or a line of stdin: a line of a ledger, a name or an id in the ledger, an id. */
static void
add_word(struct get *g, const char *s, bool lines)
{
	struct ledger_line l = { 0 };

	if ((lines && ledger_parse(s, strlen(s), &l)) || (g->ledger != NULL && find(g, s, &l)))
		add_line(g, &l);
	else if (g->ledger != NULL && strlen(s) < ID_LEAST)
		die(ST_FAIL, "%s: is not in %s", s, g->ledger_path);
	else if (!store_takes_id(g->store, s))
		die(ST_FAIL, "%s: is not the id of an archive%s", s,
		    g->ledger == NULL ? "; -l names the ledger that knows names" : "");
	else
		str_puts(&add(g)->item->id, s);
	ledger_line_free(&l);
}

static int
by_removed(const void *a, const void *b)
{
	const struct removed *p = a, *q = b;
	int c = strcmp(p->id, q->id);

	return c != 0 ? c : (p->before < q->before) - (p->before > q->before);
}

static int
is_removed(const void *key, const void *with)
{
	return strcmp(key, ((const struct removed *)with)->id);
}

/* A whole ledger may come in on stdin: what it says was removed later is not wanted. */
static void
forget_removed(struct get *g)
{
	size_t n = 0, m = 0;

	if (g->nremoved == 0)
		return;
	qsort(g->removed, g->nremoved, sizeof *g->removed, by_removed);
	for (size_t i = 0; i < g->nremoved; i++)        /* of each id the last one */
		if (m == 0 || strcmp(g->removed[m - 1].id, g->removed[i].id) != 0)
			g->removed[m++] = g->removed[i];
		else
			free(g->removed[i].id);
	g->nremoved = m;
	for (size_t i = 0; i < g->n; i++) {
		struct want *w = &g->wants[i];
		struct removed *r = bsearch(str_get(&w->item->id), g->removed, m, sizeof *r, is_removed);

		if (r == NULL || r->before <= i) {
			g->wants[n++] = *w;
			continue;
		}
		str_free(&w->name);
		store_item_free(w->item);
		free(w->item);
	}
	g->n = n;
}

static int
by_id(const void *a, const void *b)
{
	const struct store_item *const *p = a, *const *q = b;

	return strcmp(str_get(&(*p)->id), str_get(&(*q)->id));
}

/* Items sorted and each once; the wants of one archive share it. */
static void
sort_items(struct get *g)
{
	struct store_item **last = NULL, **found;

	g->items = mem_array(g->n, sizeof *g->items);
	for (size_t i = 0; i < g->n; i++)
		g->items[i] = g->wants[i].item;
	qsort(g->items, g->n, sizeof *g->items, by_id);
	for (size_t i = 0; i < g->n; i++)
		if (last == NULL || by_id(last, &g->items[i]) != 0) {
			last = &g->items[g->nitems++];
			*last = g->items[i];
		}
	for (size_t i = 0; i < g->n; i++) {
		found = bsearch(&g->wants[i].item, g->items, g->nitems, sizeof *g->items, by_id);
		if (*found != g->wants[i].item) {
			store_item_free(g->wants[i].item);
			free(g->wants[i].item);
			g->wants[i].item = *found;
		}
	}
}

/* Files */

/* Where to put it; bytes of an archive are not called like the whole. */
static char *
path_of(const struct get *g, const struct want *w, uint64_t size)
{
	bool here = strcmp(g->directory, ".") == 0;
	const char *directory = here ? "" : g->directory, *slash = here ? "" : "/", *name = str_get(&w->name);
	uint64_t end = g->count != 0 && g->count < size - g->first ? g->first + g->count : size;

	if (g->ranged)
		return mem_format("%s%s%s.%" PRIu64 "-%" PRIu64, directory, slash, name, g->first, end - 1);
	return mem_format("%s%s%s", directory, slash, name);
}

static uint64_t
bytes_wanted(const struct get *g, uint64_t size)
{
	return g->count != 0 && g->count < size - g->first ? g->count : size - g->first;
}

static void
done(struct get *g, struct want *w, const char *path)
{
	if (!g->estimate && lines_put(STDOUT_FILENO, path, g->end) != 0)
		edie(ST_FAIL, "standard output");
	w->over = true;
}

/*
 * Is the file there already, and whole?  Another one of that name is an error, because
 * nothing is overwritten.  want is NULL for a range: of that only the length is known.
 */
static bool
is_there(struct get *g, struct want *w, const char *path, uint64_t size, const uint8_t *want)
{
	uint8_t hash[SHA256_SIZE];
	struct stat st;
	bool same;
	int fd;

	if (lstat(path, &st) != 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return false;
		edie(ST_FAIL, "%s", path);
	}
	if ((fd = S_ISREG(st.st_mode) ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1) < 0 && S_ISREG(st.st_mode))
		edie(ST_FAIL, "%s", path);
	same = fd >= 0 && (uint64_t)st.st_size == size &&
	    (want == NULL || (fetcher_hash(fd, size, hash) == 0 && memcmp(hash, want, SHA256_SIZE) == 0));
	if (fd >= 0)
		close(fd);
	if (same) {
		note(1, "%s: is here already", path);
		done(g, w, path);
	} else {
		warn("%s: is something else, and is not overwritten; move it away", path);
		w->over = true;
		g->failed = true;
	}
	return true;
}

/* What needs no store: files that are here. */
static void
settle(struct get *g)
{
	for (size_t i = 0; i < g->n; i++) {
		struct want *w = &g->wants[i];
		char *path;

		if (!w->known)
			continue;
		if (g->ranged && g->first >= w->size)
			die(ST_USAGE, "--range: %s has only %" PRIu64 " bytes", title(w), w->size);
		path = path_of(g, w, w->size);
		is_there(g, w, path, g->ranged ? bytes_wanted(g, w->size) : w->size, g->ranged ? NULL : w->hash);
		free(path);
	}
}

/* The name that the store has for it, if it is one to be trusted; else its id. */
static enum store_rc
ask_name(struct get *g, struct want *w, struct str *why)
{
	uint8_t byte, tree[SHA256_SIZE];
	enum store_rc rc = store_fetch(g->store, g->lane, w->item, w->item->from, 1, &byte, tree, &w->name, why);

	if (rc == STORE_OK && !file_name_safe(str_get(&w->name))) {
		str_clear(&w->name);
		str_puts(&w->name, str_get(&w->item->id));
	}
	return rc;
}

static enum store_rc
fetch_into(struct get *g, struct want *w, const char *path, struct str *why)
{
	struct file *f = NULL;
	uint64_t have = 0;
	bool spoilt = false;
	enum store_rc rc;

	if (file_parents(path) == 0)
		f = g->ranged ? file_create(path, 0666, false) : file_continue(path, 0666, false, &have);
	if (f == NULL) {
		str_format(why, "%s", strerror(errno));
		return STORE_FAILED;
	}
	if (have != 0 && w->item->hashed)
		note(1, "%s: going on behind %llu bytes", path, (unsigned long long)have);
	if (!w->item->hashed)
		note(0, "%s: these bytes have no tree hash that they could be checked with", path);
	if (!w->item->hashed && !g->ranged)
		have = 0;
	rc = g->ranged ? fetcher_range(g->fetcher, w->item, file_fd(f), why) :
	    fetcher_get(g->fetcher, w->item, file_fd(f), have, &spoilt, why);
	if (rc == STORE_OK) {
		if (file_commit(f) == 0)
			return rc;
		str_format(why, "%s", strerror(errno));
		return STORE_FAILED;
	}
	if (spoilt || g->ranged)
		file_abort(f);
	else
		file_keep(f);
	return rc;
}

/* An archive that is ready: fetch it.  One that is no longer there is asked for again. */
static void
fetch(struct get *g, struct want *w)
{
	struct str why = { 0 };
	enum store_rc rc = STORE_OK;
	char *path = NULL;

	/* Where the store does not know its tree hash, the ledger does. */
	if (w->known && !w->item->hashed && w->size == w->item->size && !g->ranged) {
		memcpy(w->item->hash, w->hash, SHA256_SIZE);
		w->item->hashed = true;
	}
	if (w->known && (w->size != w->item->size ||
	    (!g->ranged && memcmp(w->hash, w->item->hash, SHA256_SIZE) != 0))) {
		give_up(g, w, "the store has something else under its id, size or tree hash differ");
		return;
	}
	meter_subject(title(w));
	if (w->name.len == 0)
		rc = ask_name(g, w, &why);
	if (rc == STORE_OK) {
		uint64_t size = w->item->size;

		path = path_of(g, w, size);
		if (is_there(g, w, path, g->ranged ? bytes_wanted(g, size) : size, g->ranged || !w->item->hashed ? NULL : w->item->hash))
			rc = STORE_OK;
		else if ((rc = fetch_into(g, w, path, &why)) == STORE_OK)
			done(g, w, path);
	}
	if (rc == STORE_ABSENT && w->gone++ < GONE_MOST) {
		note(1, "%s: was ready and is there no more, asking again", title(w));
		str_clear(&w->item->gone);
		str_puts(&w->item->gone, str_get(&w->item->job));
		g->again = true;
	} else if (rc == STORE_ABSENT)
		give_up(g, w, str_get(&why));
	else if (rc != STORE_OK) {
		fetcher_free(g->fetcher);
		die(status_of(rc), "%s: %s", path != NULL ? path : title(w), str_get(&why));
	}
	free(path);
	str_free(&why);
}

/* Rounds */

static void
look(struct get *g)
{
	struct str why = { 0 };
	enum store_rc rc = store_states(g->store, g->lane, g->items, g->nitems, &why);

	if (rc != STORE_OK)
		die(status_of(rc), "%s: %s", store_name(g->store), str_get(&why));
}

/* Ask for what is not asked for.  How many were. */
static size_t
ask(struct get *g, bool first)
{
	struct str why = { 0 };
	size_t asked = 0;
	enum store_rc rc;

	for (size_t i = 0; i < g->n; i++) {
		struct want *w = &g->wants[i];

		if (w->over)
			continue;
		if (w->item->state == STORE_BROKEN) {
			/* Before this run: it is tried again.  In it: that is the answer. */
			if (!first) {
				str_clear(&why);
				str_format(&why, "could not be retrieved: %s", str_get(&w->item->reason));
				give_up(g, w, str_get(&why));
				continue;
			}
			note(0, "%s: an earlier retrieval has failed (%s), asking again", title(w), str_get(&w->item->reason));
		} else if (w->item->state != STORE_COLD)
			continue;
		str_clear(&why);
		rc = store_thaw(g->store, g->lane, w->item, g->tier, &why);
		if (rc == STORE_OK) {
			note(1, "%s: asked for", title(w));
			asked++;
		} else if (rc == STORE_ABSENT)
			give_up(g, w, str_get(&why));
		else
			die(status_of(rc), "%s: %s", title(w), str_get(&why));
	}
	str_free(&why);
	return asked;
}

static size_t
pending(const struct get *g)
{
	size_t n = 0;

	for (size_t i = 0; i < g->n; i++)
		n += !g->wants[i].over;
	return n;
}

/* What it would cost */

/* What the archives of one tariff cost. */
struct rate {
	const char *tariff;
	struct price price;
	uint64_t asked, requests;       /* bytes that are to be asked for, with so many requests */
};

struct bill {
	struct rate rates[4];           /* more classes than these do not freeze */
	size_t n;
	uint64_t fetched;               /* bytes that come */
	bool unknown;                   /* a size is not known, */
	bool priceless;                 /* or a price */
};

static const char *const tier_names[] = { "bulk", "standard", "expedited" };

static struct rate *
rate(const struct get *g, struct bill *b, const char *tariff)
{
	struct str why = { 0 };
	struct rate *r;

	for (r = b->rates; r < b->rates + b->n; r++)
		if (strcmp(r->tariff, tariff) == 0)
			return r;
	if (b->n == sizeof b->rates / sizeof b->rates[0])
		die(ST_FAIL, "%s: archives of so many classes are not reckoned together; ask for fewer", store_name(g->store));
	b->n++;
	r->tariff = tariff;
	if (!price_read(g->prices, store_region(g->store), tariff, tier_names[g->tier], &r->price, &why))
		die(ST_FAIL, "%s", str_get(&why));
	return r;
}

static void
say(const char *state, uint64_t bytes, bool sized, double dollars, bool priced, const char *rest, const char *more)
{
	struct str text = { 0 };

	str_format(&text, "%s\t", state);
	str_format(&text, sized ? "%" PRIu64 "\t" : "?\t", bytes);
	str_format(&text, priced ? "%.4f\t" : "?\t", dollars);
	str_escape(&text, rest, strlen(rest), true);
	str_puts(&text, more);
	if (lines_put(STDOUT_FILENO, str_get(&text), '\n') != 0)
		edie(ST_FAIL, "standard output");
	str_free(&text);
}

/* Add one archive to the bill, and print its line where that is wanted. */
static void
reckon(const struct get *g, const struct want *w, struct bill *b, bool print)
{
	static const char *const states[] = { "ask", "thawing", "ready", "ask" };
	uint64_t size = w->known ? w->size : w->item->size, bytes = size == 0 ? 0 : bytes_wanted(g, size);
	bool ask = w->item->state == STORE_COLD || w->item->state == STORE_BROKEN;
	struct rate *r;

	if (w->over) {
		if (print)
			say("here", 0, true, 0, true, title(w), "");
		return;
	}
	r = rate(g, b, w->item->tariff != NULL ? w->item->tariff : store_tariff(g->store));
	b->unknown = b->unknown || size == 0;
	if (ask) {
		r->asked += bytes;
		r->requests++;
	}
	b->fetched += bytes;
	if (print)
		say(states[w->item->state], bytes, size != 0, ask ? price_retrieval(&r->price, bytes, 1) : 0,
		    !ask || (r->price.known && size != 0), title(w), "");
}

static double
retrieval(const struct bill *b)
{
	double sum = 0;

	for (const struct rate *r = b->rates; r < b->rates + b->n; r++)
		sum += price_retrieval(&r->price, r->asked, r->requests);
	return sum;
}

static double
transfer(const struct bill *b)
{
	return price_transfer(&b->rates[0].price, b->fetched);
}

/* All that are wanted and not here. */
static void
reckon_all(struct get *g, struct bill *b, bool print)
{
	settle(g);
	if (pending(g) != 0)
		look(g);
	for (size_t i = 0; i < g->n; i++)
		reckon(g, &g->wants[i], b, print);
	if (b->n == 0)
		rate(g, b, store_tariff(g->store));
	for (const struct rate *r = b->rates; r < b->rates + b->n; r++)
		if (!r->price.known && (r->requests != 0 || b->n == 1)) {
			warn("%s: has no price for %s, %s, %s; add a line", g->prices, store_region(g->store), r->tariff,
			    tier_names[g->tier]);
			b->priceless = true;
		}
	if (b->unknown)
		warn("not all sizes are known here; -l names the ledger that knows them");
}

/* More than may be spent, or it cannot be known: then nothing is asked for. */
static bool
too_dear(const struct get *g, const struct bill *b)
{
	double sum = retrieval(b) + transfer(b);

	if (g->max_cost < 0)
		return false;
	if (b->unknown || b->priceless)
		warn("what it costs is not known, and --max-cost is given: nothing was asked for");
	else if (sum > g->max_cost)
		warn("it costs %.4f dollars, %.4f to ask and %.4f to transfer, more than --max-cost %.4f: nothing was asked for",
		    sum, retrieval(b), transfer(b), g->max_cost);
	else
		return false;
	return true;
}

/* "GLACIER,DEEP_ARCHIVE": of those that something is to be asked for from; of all, where that is nothing. */
static void
add_rates(struct str *text, const struct bill *b, bool wait)
{
	uint64_t requests = 0;
	const char *comma = "";

	for (size_t i = 0; i < b->n; i++)
		requests += b->rates[i].requests;
	for (const struct rate *r = b->rates; r < b->rates + b->n; r++)
		if (r->requests != 0 || requests == 0) {
			str_format(text, "%s%s", comma, !wait ? r->tariff : r->price.wait[0] != '\0' ? r->price.wait : "?");
			comma = ",";
		}
}

/*
 * A line for each archive: state, bytes, dollars to ask for it, name.  Then the sum of them,
 * with requests, tier, time to the first byte, region and tariff; and that of the transfer.
 */
static int
estimate(struct get *g)
{
	struct bill b = { .n = 0 };
	struct str text = { 0 }, more = { 0 };
	uint64_t asked = 0, requests = 0;

	reckon_all(g, &b, true);
	for (size_t i = 0; i < b.n; i++) {
		asked += b.rates[i].asked;
		requests += b.rates[i].requests;
	}
	str_format(&text, "to ask, prices of %s", b.rates[0].price.date[0] != '\0' ? b.rates[0].price.date : "no date");
	str_format(&more, "\t%" PRIu64 "\t%s\t", requests, tier_names[g->tier]);
	add_rates(&more, &b, true);
	str_format(&more, "\t%s\t", store_region(g->store));
	add_rates(&more, &b, false);
	say("total", asked, !b.unknown, retrieval(&b), !b.priceless && !b.unknown, str_get(&text), str_get(&more));
	say("total", b.fetched, !b.unknown, transfer(&b), !b.unknown, "to transfer", "");
	str_free(&text);
	str_free(&more);
	return too_dear(g, &b) || g->failed ? ST_FAIL : b.unknown || b.priceless ? ST_LEFT : 0;
}

/* Before anything is asked for. */
static bool
affordable(struct get *g)
{
	struct bill b = { .n = 0 };

	if (g->max_cost < 0)
		return true;
	reckon_all(g, &b, false);
	return !too_dear(g, &b);
}

/* Over and over, until all are here */

/* A tenth of the time that was waited so far: prompt where it is a matter of seconds, sparing where of hours. */
static void
wait_more(time_t begin, unsigned poll)
{
	time_t waited = time(NULL) - begin;
	unsigned s = poll;

	if (poll == 0)
		s = waited < 10 ? 1 : waited / 10 > POLL_MOST ? POLL_MOST : (unsigned)(waited / 10);
	sleep(s);
}

static int
get(struct get *g, bool wait, unsigned poll)
{
	time_t begin = time(NULL);
	bool first = true;

	if (!affordable(g))
		return ST_FAIL;
	settle(g);
	while (pending(g) != 0) {
		look(g);
		if (ask(g, first) != 0)
			look(g);
		first = g->again = false;
		for (size_t i = 0; i < g->n; i++)
			if (!g->wants[i].over && g->wants[i].item->state == STORE_READY)
				fetch(g, &g->wants[i]);
		if (pending(g) == 0)
			break;
		if (g->again)
			continue;
		if (!wait) {
			warn("%zu of %zu archives are still thawing; run it again to get them", pending(g), g->n);
			break;
		}
		note(1, "%zu of %zu archives are still thawing", pending(g), g->n);
		wait_more(begin, poll);
	}
	return g->failed ? ST_FAIL : pending(g) != 0 ? ST_AGAIN : 0;
}

static struct ledger *
open_ledger(const char *path)
{
	struct ledger *l;
	enum ledger_rc rc = ledger_open(path, false, &l);

	if (rc == LEDGER_IO)
		edie(ST_FAIL, "%s", path);
	if (rc == LEDGER_FOREIGN)
		die(ST_FAIL, "%s: line %lu: is not a line of a ledger", path, ledger_number(l));
	if (ledger_cut(l))
		warn("%s: its last line was cut short by a crash and is left out", path);
	return l;
}

static double
money(const char *arg)
{
	char *end;
	double dollars = strtod(arg, &end);

	if (strspn(arg, "0123456789.") != strlen(arg) || arg[0] == '\0' || *end != '\0' || dollars > 1e9)
		die(ST_USAGE, "--max-cost %s: must be dollars, from 0 to 1000000000", arg);
	return dollars;
}

static enum store_tier
tier(const char *arg)
{
	if (strcmp(arg, "bulk") == 0)
		return STORE_BULK;
	if (strcmp(arg, "standard") == 0)
		return STORE_STANDARD;
	if (strcmp(arg, "expedited") == 0)
		return STORE_EXPEDITED;
	die(ST_USAGE, "-t %s: must be bulk, standard or expedited", arg);
}

/* FIRST-LAST, or FIRST- */
static void
range(struct get *g, const char *arg)
{
	uint64_t last = UINT64_MAX;
	char end;
	int n = 0;

	if (strspn(arg, "0123456789-") == strlen(arg) && arg[0] != '-' &&
	    (sscanf(arg, "%" SCNu64 "-%n", &g->first, &n) == 1 && n != 0) &&
	    (arg[n] == '\0' || (sscanf(arg + n, "%" SCNu64 "%c", &last, &end) == 1 && arg[n] != '-')) &&
	    last >= g->first && g->first < UINT64_MAX / 2) {
		g->ranged = true;
		g->count = last < UINT64_MAX / 2 ? last - g->first + 1 : 0;
	} else
		die(ST_USAGE, "--range %s: must be FIRST-LAST, bytes from 0", arg);
}

static void
read_names(struct get *g)
{
	struct names *names = names_new(g->end);
	const char *line;

	while ((line = names_next(names)) != NULL)
		add_word(g, line, true);
	names_free(names);
}

static void
release(struct get *g)
{
	for (size_t i = 0; i < g->n; i++)
		str_free(&g->wants[i].name);
	for (size_t i = 0; i < g->nitems; i++) {
		store_item_free(g->items[i]);
		free(g->items[i]);
	}
	for (size_t i = 0; i < g->nremoved; i++)
		free(g->removed[i].id);
	free(g->removed);
	free(g->items);
	free(g->wants);
	free(g->prices);
	fetcher_free(g->fetcher);
	ledger_close(g->ledger);
	store_close(g->store);
}

struct settings {
	struct store_options store;
	unsigned threads, poll;
	bool names, wait;
	const char *prices;
};

static void
options(int argc, char *argv[], struct settings *o, struct get *g)
{
	enum { DAYS = OPT_LONG, ENDPOINT, INSECURE, MAX_COST, OWNER, POLL, PRICES, PROPERTIES, RANGE, REGION };
	static const struct option longs[] = {
		{ "bucket-owner", 1, NULL, OWNER }, { "days", 1, NULL, DAYS },
		{ "directory", 1, NULL, 'o' }, { "endpoint-url", 1, NULL, ENDPOINT }, { "estimate", 0, NULL, 'n' },
		{ "insecure-http", 0, NULL, INSECURE }, { "ledger", 1, NULL, 'l' }, { "limit", 1, NULL, 'L' }, { "max-cost", 1, NULL, MAX_COST },
		{ "names", 0, NULL, 'N' }, { "null", 0, NULL, '0' }, { "poll", 1, NULL, POLL }, { "prices", 1, NULL, PRICES },
		{ "properties", 1, NULL, PROPERTIES }, { "range", 1, NULL, RANGE }, { "region", 1, NULL, REGION },
		{ "store", 1, NULL, 's' }, { "threads", 1, NULL, 'T' }, { "tier", 1, NULL, 't' }, { "wait", 0, NULL, 'w' },
		OPT_COMMON
	};
	int c;

	while ((c = getopt_long(argc, argv, "0hL:l:Nno:qs:T:t:vVw", longs, NULL)) != -1)
		switch (c) {
		case '0': g->end = '\0'; break;
		case 'L': pace_set(opt_size("-L", optarg, 1024, STORE_PART_MAX * 1024)); break;
		case 'l': g->ledger_path = optarg; break;
		case 'N': o->names = true; break;
		case 'n': g->estimate = true; break;
		case 'o': g->directory = optarg; break;
		case 's': o->store.name = optarg; break;
		case 'T': o->threads = (unsigned)opt_uint("-T", optarg, 1, 256); break;
		case 't': g->tier = tier(optarg); break;
		case 'w': o->wait = true; break;
		case DAYS: o->store.days = (unsigned)opt_uint("--days", optarg, 1, 3650); break;
		case ENDPOINT: o->store.endpoint = optarg; break;
		case INSECURE: o->store.insecure = true; break;
		case MAX_COST: g->max_cost = money(optarg); break;
		case OWNER: o->store.owner = optarg; break;
		case POLL: o->poll = (unsigned)opt_uint("--poll", optarg, 1, 86400); break;
		case PRICES: o->prices = optarg; break;
		case PROPERTIES: o->store.properties = optarg; break;
		case RANGE: range(g, optarg); break;
		case REGION: o->store.region = optarg; break;
		default:
			if (!opt_common(c, usage))
				opt_usage(usage);
		}
}

/* The store, the ledger, and what is wanted. */
static void
prepare(struct get *g, struct settings *o, char **operand)
{
	struct str why = { 0 };
	enum store_rc rc;

	o->store.lanes = o->threads + 1;
	g->lane = o->threads;
	if ((g->store = store_open(&o->store, &rc, &why)) == NULL)
		die(status_of(rc), "%s", str_get(&why));
	note(1, "%s: at %s, credentials from %s", o->store.name, store_endpoint(g->store), store_source(g->store));
	if (g->ledger_path != NULL)
		g->ledger = open_ledger(g->ledger_path);
	if (o->names)
		read_names(g);
	for (; *operand != NULL; operand++)
		add_word(g, *operand, false);
	if (g->ranged && g->n != 1)
		die(ST_USAGE, "--range: is for one archive, not for %zu", g->n);
	for (size_t i = 0; i < g->n; i++) {
		g->wants[i].item->first = g->first;
		g->wants[i].item->count = g->count;
	}
	forget_removed(g);
	sort_items(g);
	g->fetcher = fetcher_new(g->store, o->threads);
}

int
main(int argc, char *argv[])
{
	struct settings o = { .store = { .name = getenv("GLACIER_STORE"), .env = getenv, .tell = tell }, .threads = cpu_count() };
	struct get g = { .directory = ".", .tier = STORE_STANDARD, .end = '\n', .max_cost = -1 };
	int status;

	err_init(argv);
	options(argc, argv, &o, &g);
	if (o.names == (optind < argc))
		opt_usage(usage);
	if (o.store.name == NULL || o.store.name[0] == '\0')
		die(ST_USAGE, "no store: give -s " STORE_FORMS ", or set GLACIER_STORE");
	signal(SIGPIPE, SIG_IGN);
	meter_start(0);
	prepare(&g, &o, argv + optind);

	if (g.estimate || g.max_cost >= 0)
		g.prices = price_file(o.prices);
	status = g.estimate ? estimate(&g) : get(&g, o.wait, o.poll);
	release(&g);
	if (io_close(STDOUT_FILENO) != 0)
		edie(ST_FAIL, "standard output");
	return status;
}

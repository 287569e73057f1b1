/*
 * retain - say which backups to drop.  Lines in, lines out: each holds the date
 * of the backup that it speaks of, and lines of one date share one verdict.
 * Nothing is printed before all was read and understood, because a list that is
 * damaged or cut short would condemn the wrong ones.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "date.h"
#include "err.h"
#include "io.h"
#include "lines.h"
#include "mem.h"
#include "opt.h"
#include "policy.h"
#include "str.h"

static const char usage[] =
    "retain [-0hkqVv] [--last n] [--hourly n] [--daily n] [--weekly n] [--monthly n] [--yearly n]\n"
    "              [--within time] [--min-age time] [--now date]";

/* All lines are held in memory; a longer list is somebody's mistake. */
static const size_t max_lines = 10000000, max_bytes = (size_t)1 << 30;

enum show { DROPPED, KEPT, ALL };

struct list {
	size_t n, room;
	int64_t *time;
	size_t *end;            /* of each line in text */
	struct str text;        /* the lines one after the other, without their ends */
};

/*
 * The part of a line that its date is looked for in.  A ledger line begins with
 * the time of the upload, but the backup is the one that its third field names;
 * only where that has no date does the time count.
 */
static enum date_rc
date_of_line(const char *line, size_t n, int64_t *t)
{
	const char *tab[5], *at = line, *end = line + n;
	int64_t ignored;
	enum date_rc rc;

	for (int i = 0; i < 5; i++, at++)
		if ((tab[i] = at = memchr(at, '\t', (size_t)(end - at))) == NULL)
			return date_find(line, n, t);
	if (memchr(at, '\t', (size_t)(end - at)) != NULL ||
	    date_find(line, (size_t)(tab[0] - line), &ignored) != DATE_OK)
		return date_find(line, n, t);
	rc = date_find(tab[1] + 1, (size_t)(tab[2] - tab[1] - 1), t);
	return rc != DATE_NONE ? rc : date_find(line, (size_t)(tab[0] - line), t);
}

static void
add(struct list *l, const char *line, size_t len, int64_t t)
{
	if (l->n == max_lines || len > max_bytes - l->text.len)
		die(ST_FAIL, "standard input: is more than %zu lines or %zu MiB; give it in parts", max_lines, max_bytes >> 20);
	if (l->n == l->room) {
		l->room = l->room != 0 ? 2 * l->room : 256;
		l->time = mem_grow(l->time, l->room * sizeof *l->time);
		l->end = mem_grow(l->end, l->room * sizeof *l->end);
	}
	str_add(&l->text, line, len);
	l->time[l->n] = t;
	l->end[l->n++] = l->text.len;
}

static void
read_list(struct list *l, char end)
{
	struct lines *in = lines_new(STDIN_FILENO, end);
	enum date_rc rc;
	const char *line;
	size_t len;
	int64_t t;

	while ((line = lines_next(in, &len)) != NULL) {
		if (lines_cut(in))
			die(ST_FAIL, "standard input: line %lu: is cut short, so what wrote it has failed", lines_number(in));
		if ((rc = date_of_line(line, len, &t)) != DATE_OK)
			die(ST_FAIL, "standard input: line %lu: %s: %.200s", lines_number(in), date_strerror(rc), line);
		add(l, line, len, t);
	}
	if (errno != 0)
		edie(ST_FAIL, "standard input: line %lu", lines_number(in) + 1);
	lines_free(in);
}

/* "keep TAB daily,weekly TAB"; a line that goes has no reason to stay: "-". */
static void
add_verdict(struct str *out, unsigned reasons)
{
	const char *comma = "";

	str_puts(out, reasons != 0 ? "keep\t" : "drop\t-");
	for (unsigned r = 0; r < POLICY_RULES; r++)
		if (reasons >> r & 1) {
			str_format(out, "%s%s", comma, policy_rule_name((enum policy_rule)r));
			comma = ",";
		}
	str_puts(out, "\t");
}

static void
flush(struct str *out)
{
	if (io_put(STDOUT_FILENO, str_get(out), out->len) != 0)
		edie(ST_FAIL, "standard output");
	str_clear(out);
}

static void
write_list(const struct list *l, const unsigned *reasons, enum show show, char end)
{
	struct str out = { 0 };
	size_t from = 0;

	for (size_t i = 0; i < l->n; from = l->end[i++]) {
		if (show != ALL && (reasons[i] != 0) != (show == KEPT))
			continue;
		if (show == ALL)
			add_verdict(&out, reasons[i]);
		str_add(&out, l->text.s + from, l->end[i] - from);
		str_add(&out, &end, 1);
		if (out.len >= 1 << 16)
			flush(&out);
	}
	flush(&out);
	str_free(&out);
	if (io_close(STDOUT_FILENO) != 0)
		edie(ST_FAIL, "standard output");
}

static long
count(const char *name, const char *arg)
{
	if (strcmp(arg, "-1") == 0 || strcmp(arg, "unlimited") == 0)
		return POLICY_ALL;
	return (long)opt_uint(name, arg, 0, 1000000);
}

static struct date_span
span(const char *name, const char *arg)
{
	struct date_span s;

	if (!date_span_parse(arg, &s))
		die(ST_USAGE, "%s %s: must be a time such as 1y6m7d12h (years, months, days, hours)", name, arg);
	return s;
}

static int64_t
date(const char *name, const char *arg)
{
	int64_t t;

	if (date_find(arg, strlen(arg), &t) != DATE_OK)
		die(ST_USAGE, "%s %s: must be a date such as 2026-11-23T10:15:00Z", name, arg);
	return t;
}

int
main(int argc, char *argv[])
{
	enum { WITHIN = OPT_LONG + POLICY_COUNTS, MIN_AGE, NOW };
	static const struct option longs[] = {
		{ "null", 0, NULL, '0' }, { "keep", 0, NULL, 'k' },
		{ "last", 1, NULL, OPT_LONG + POLICY_LAST }, { "hourly", 1, NULL, OPT_LONG + POLICY_HOURLY },
		{ "daily", 1, NULL, OPT_LONG + POLICY_DAILY }, { "weekly", 1, NULL, OPT_LONG + POLICY_WEEKLY },
		{ "monthly", 1, NULL, OPT_LONG + POLICY_MONTHLY }, { "yearly", 1, NULL, OPT_LONG + POLICY_YEARLY },
		{ "within", 1, NULL, WITHIN }, { "min-age", 1, NULL, MIN_AGE }, { "now", 1, NULL, NOW }, OPT_COMMON
	};
	struct policy policy = { 0 };
	struct list list = { 0 };
	bool keep = false, all = false;
	unsigned *reasons;
	char end = '\n', name[32];
	int c;

	err_init(argv);
	while ((c = getopt_long(argc, argv, "0hkqVv", longs, NULL)) != -1)
		switch (c) {
		case '0': end = '\0'; break;
		case 'k': keep = true; break;
		case 'v': all = true; break;
		case WITHIN: policy.within = span("--within", optarg); break;
		case MIN_AGE: policy.min_age = span("--min-age", optarg); break;
		case NOW: policy.now = date("--now", optarg); policy.clock = true; break;
		default:
			if (c >= OPT_LONG && c < OPT_LONG + POLICY_COUNTS) {
				snprintf(name, sizeof name, "--%s", policy_rule_name((enum policy_rule)(c - OPT_LONG)));
				policy.count[c - OPT_LONG] = count(name, optarg);
			} else if (!opt_common(c, usage))
				opt_usage(usage);
		}
	if (argv[optind] != NULL || (keep && all))
		opt_usage(usage);
	if (!policy_given(&policy))
		die(ST_USAGE, "nothing says what to keep: give --last, --hourly, --daily, --weekly, --monthly, --yearly or --within");
	if (!policy.clock && (!date_span_zero(&policy.within) || !date_span_zero(&policy.min_age))) {
		policy.now = time(NULL);
		policy.clock = true;
	}

	read_list(&list, end);
	reasons = mem_array(list.n, sizeof *reasons);
	policy_apply(&policy, list.time, list.n, reasons);
	write_list(&list, reasons, all ? ALL : keep ? KEPT : DROPPED, end);
	free(reasons);
	free(list.time);
	free(list.end);
	str_free(&list.text);
	return 0;
}

/* policy.h: tables of times, what is asked for, and who stays. */
#include <string.h>

#include "policy.h"

#include "tap.h"

enum { MAX = 16 };

static const struct {
	const char *name;
	struct policy policy;
	const char *now;                /* NULL: no clock */
	const char *times[MAX];         /* a '+' in front: to be kept */
} cases[] = {
	{ "the last two", { .count[POLICY_LAST] = 2 }, NULL,
	    { "2026-11-20", "+2026-11-23", "+2026-11-22", "2026-11-21" } },
	{ "equal times are one", { .count[POLICY_LAST] = 2 }, NULL,
	    { "+2026-11-23", "+2026-11-23T00:00Z", "+2026-11-22", "+2026-11-22", "2026-11-21", "2026-11-21" } },
	{ "all", { .count[POLICY_LAST] = POLICY_ALL }, NULL, { "+2026-11-23", "+2020-11-22", "+1999-01-01" } },
	{ "the newest of each day", { .count[POLICY_DAILY] = 2 }, NULL,
	    { "+2026-11-23T10:00Z", "2026-11-23T09:00Z", "+2026-11-22T23:59Z", "2026-11-22T00:00Z", "2026-11-21T10:00Z" } },
	{ "days without one use up nothing", { .count[POLICY_DAILY] = 3 }, NULL,
	    { "+2026-11-23", "+2026-10-01", "+2025-01-01", "2024-01-01" } },
	{ "the oldest while a count is left", { .count[POLICY_DAILY] = 3 }, NULL,
	    { "+2026-11-23T12:00Z", "2026-11-23T11:00Z", "+2026-11-23T10:00Z", "+2026-11-23T10:00Z" } },
	{ "but not beyond it", { .count[POLICY_DAILY] = 1 }, NULL, { "+2026-11-23T12:00Z", "2026-11-23T10:00Z" } },
	{ "the same hour of another day is another hour", { .count[POLICY_HOURLY] = 9 }, NULL,
	    { "+2026-11-23T10:59Z", "2026-11-23T10:00Z", "+2026-11-22T10:30Z", "2026-11-22T10:01Z", "+2026-11-01" } },
	{ "weeks begin on Monday", { .count[POLICY_WEEKLY] = 2 }, NULL,
	    { "+2026-11-24", "2026-11-23", "+2026-11-22T23:59Z", "2026-11-16", "2026-11-15" } },
	{ "a week across the new year is one", { .count[POLICY_WEEKLY] = 2 }, NULL,
	    { "+2027-01-03", "2026-12-31", "2026-12-28", "+2026-12-27", "2026-01-01" } },
	{ "a week across 1970 is one", { .count[POLICY_WEEKLY] = 2 }, NULL,
	    { "+1970-01-04", "1969-12-29", "+1969-12-28", "1960-01-01" } },
	{ "months", { .count[POLICY_MONTHLY] = 2 }, NULL,
	    { "+2026-11-01", "+2026-10-31", "2026-10-01", "2025-11-01" } },
	{ "the same month of another year is another", { .count[POLICY_MONTHLY] = 3 }, NULL,
	    { "+2026-11-01", "+2025-11-30", "+2024-11-30", "2024-11-01" } },
	{ "years", { .count[POLICY_YEARLY] = 2 }, NULL,
	    { "+2026-11-01", "2026-01-01", "+2025-12-31", "2025-01-01", "2024-12-31" } },
	{ "rules add up", { .count = { [POLICY_LAST] = 1, [POLICY_DAILY] = 2, [POLICY_YEARLY] = 2 } }, NULL,
	    { "+2026-11-23T10:00Z", "2026-11-23T09:00Z", "+2026-11-22", "2026-11-21", "+2025-11-21", "2024-11-21" } },
	{ "within starts from the newest", { .within = { .days = 2 } }, "2030-01-01",
	    { "+2026-11-23T10:00Z", "+2026-11-21T10:00:01Z", "2026-11-21T10:00Z" } },
	{ "but not from one of the future", { .within = { .days = 2 } }, "2026-11-23T10:00Z",
	    { "+2099-01-01", "+2026-11-23", "+2026-11-22", "2026-11-20" } },
	{ "one of the future does not push out the newest", { .count[POLICY_LAST] = 1 }, "2026-11-23T10:00Z",
	    { "+2099-01-01", "+2026-11-23T10:00Z", "2026-11-22" } },
	{ "without a clock nothing is the future", { .count[POLICY_LAST] = 1 }, NULL, { "+2099-01-01", "2026-11-23" } },
	{ "nothing that is younger than the least age", { .count[POLICY_LAST] = 1, .min_age = { .days = 30 } }, "2026-11-23",
	    { "+2026-11-23", "+2026-11-01", "+2026-10-24T00:00:01Z", "2026-10-24", "2026-01-01" } },
	{ "the newest even with nothing asked for", { .count[POLICY_LAST] = 0 }, NULL, { "2026-11-22", "+2026-11-23" } },
	{ "one", { .count[POLICY_YEARLY] = 1 }, NULL, { "+2026-11-23" } },
	{ "none", { .count[POLICY_YEARLY] = 1 }, NULL, { NULL } },
};

static int64_t
when(const char *s)
{
	int64_t t = 0;

	date_find(s, strlen(s), &t);
	return t;
}

int
main(void)
{
	struct policy p = { 0 };

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int64_t times[MAX];
		unsigned reasons[MAX];
		bool good = true;
		size_t n = 0;

		for (; n < MAX && cases[i].times[n] != NULL; n++)
			times[n] = when(cases[i].times[n]);
		p = cases[i].policy;
		p.clock = cases[i].now != NULL;
		p.now = p.clock ? when(cases[i].now) : 0;
		policy_apply(&p, times, n, reasons);
		for (size_t k = 0; k < n; k++)
			good = good && (reasons[k] != 0) == (cases[i].times[k][0] == '+');
		is(good, "%s", cases[i].name);
	}
	p = (struct policy){ 0 };
	is(!policy_given(&p), "nothing is no policy");
	p.min_age.days = 1;
	is(!policy_given(&p), "a least age alone is none");
	p.within.hours = 1;
	is(policy_given(&p), "within is one");
	p = (struct policy){ .count[POLICY_YEARLY] = POLICY_ALL };
	is(policy_given(&p), "a count is one");
	return tap_done();
}

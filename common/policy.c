#include "policy.h"

#include <stdlib.h>

#include "mem.h"

struct item {
	int64_t time;
	size_t place;
};

static int
newest_first(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	return (x->time < y->time) - (x->time > y->time);
}

static int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* A number that two times share only if they are in the same hour, day, …; nth is the backup's own. */
static int64_t
bucket(enum policy_rule rule, int64_t t, int64_t nth)
{
	struct date d;

	switch (rule) {
	case POLICY_HOURLY: return floor_div(t, 3600);
	case POLICY_DAILY: return floor_div(t, 86400);
	case POLICY_WEEKLY: return floor_div(floor_div(t, 86400) + 3, 7);       /* 1970-01-01 was a Thursday */
	case POLICY_MONTHLY: d = date_of_time(t); return d.year * 12 + d.month;
	case POLICY_YEARLY: d = date_of_time(t); return d.year;
	default: return nth;
	}
}

bool
policy_given(const struct policy *p)
{
	for (int i = 0; i < POLICY_COUNTS; i++)
		if (p->count[i] != 0)
			return true;
	return !date_span_zero(&p->within);
}

/* The newest time that a right clock can have given; of none, that of the newest. */
static int64_t
newest(const struct policy *p, const struct item *item, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!p->clock || item[i].time <= p->now)
			return item[i].time;
	return item[0].time;
}

void
policy_apply(const struct policy *p, const int64_t *times, size_t n, unsigned *reasons)
{
	struct item *item = mem_array(n, sizeof *item);
	int64_t last[POLICY_COUNTS], start, within, young;
	long left[POLICY_COUNTS];
	unsigned why = 0;
	int64_t nth = 0;

	if (n == 0) {
		free(item);
		return;
	}
	for (size_t i = 0; i < n; i++)
		item[i] = (struct item){ times[i], i };
	qsort(item, n, sizeof *item, newest_first);
	for (int r = 0; r < POLICY_COUNTS; r++) {
		left[r] = p->count[r];
		last[r] = INT64_MIN;
	}
	start = newest(p, item, n);
	within = date_less(start, &p->within);
	young = date_less(p->now, &p->min_age);

	for (size_t i = 0; i < n; i++) {
		int64_t t = item[i].time;

		if (i > 0 && t == item[i - 1].time) {
			reasons[item[i].place] = why;
			continue;
		}
		why = 0;
		nth++;
		for (int r = 0; r < POLICY_COUNTS; r++) {
			int64_t b = bucket((enum policy_rule)r, t, nth);
			bool oldest = t == item[n - 1].time;

			if (left[r] == 0 || (b == last[r] && !oldest))
				continue;
			why |= 1u << (b != last[r] ? r : POLICY_OLDEST);
			last[r] = b;
			left[r] -= left[r] > 0;
		}
		if (!date_span_zero(&p->within) && t > within)
			why |= 1u << POLICY_WITHIN;
		if (!date_span_zero(&p->min_age) && t > young)
			why |= 1u << POLICY_MIN_AGE;
		if (nth == 1 || t == start)
			why |= 1u << POLICY_NEWEST;
		reasons[item[i].place] = why;
	}
	free(item);
}

const char *
policy_rule_name(enum policy_rule rule)
{
	static const char *const name[POLICY_RULES] = {
		"last", "hourly", "daily", "weekly", "monthly", "yearly", "within", "min-age", "newest", "oldest"
	};

	return name[rule];
}

/*
 * Which backups to keep: the times of all, and what is wanted, give a reason to
 * keep for each, or none.  The rules are those of restic's forget --keep-*:
 *
 * From the newest to the oldest, a time is kept where it is the first in an
 * hour, day, ISO week, month or year (UTC) that the policy has a count left for;
 * gaps use up nothing.  The oldest of all is kept while a count is left, so that
 * the history grows to what is wanted (restic does so since 0.16).  Beside the counts, what is less than
 * within older than the newest is kept.
 *
 * Two rules are ours: the newest is always kept, and so is what is younger than
 * min_age.  Equal times are one backup: they count once and share the verdict.
 * Pure: no clock but now.
 */
#ifndef POLICY_H
#define POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "date.h"

enum policy_rule {
	POLICY_LAST, POLICY_HOURLY, POLICY_DAILY, POLICY_WEEKLY, POLICY_MONTHLY, POLICY_YEARLY,
	POLICY_COUNTS,                          /* how many rules have a count */
	POLICY_WITHIN = POLICY_COUNTS, POLICY_MIN_AGE, POLICY_NEWEST, POLICY_OLDEST,
	POLICY_RULES
};

enum { POLICY_ALL = -1 };                       /* a count without limit */

struct policy {
	long count[POLICY_COUNTS];              /* 0: not asked for */
	struct date_span within, min_age;       /* zero: not asked for */
	/*
	 * Needed with within and min_age, else false: what is later than now
	 * has its date from a wrong clock, and within does not start from it;
	 * the newest that is not is kept as well.
	 */
	bool clock;
	int64_t now;
};

/* Does it ask to keep anything?  Without, all but the newest would go. */
bool policy_given(const struct policy *);

/*
 * Judge n times in any order.  reasons[i] becomes the set of rules that keep
 * times[i], bit 1 << POLICY_DAILY and so on; 0: drop it.  POLICY_OLDEST is for
 * the oldest where only the count that is left keeps it.
 */
void policy_apply(const struct policy *, const int64_t *times, size_t n, unsigned *reasons);

/* "daily" */
const char *policy_rule_name(enum policy_rule);

#endif

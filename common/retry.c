#include "retry.h"

enum { COST_TRANSIENT = 14, COST_THROTTLED = 5, BASE_TRANSIENT = 50, BASE_THROTTLED = 1000, HINT_ROOM = 5000 };

int
retry_pay(int *quota, enum retry kind)
{
	int cost = kind == RETRY_THROTTLED ? COST_THROTTLED : COST_TRANSIENT;

	if (*quota < cost)
		return 0;
	*quota -= cost;
	return cost;
}

void
retry_refund(int *quota, int paid)
{
	*quota += paid != 0 ? paid : 1;
	if (*quota > RETRY_QUOTA)
		*quota = RETRY_QUOTA;
}

long
retry_wait(enum retry kind, unsigned tries, long hint, unsigned dice)
{
	long wait = kind == RETRY_THROTTLED ? BASE_THROTTLED : BASE_TRANSIENT;

	for (unsigned i = 1; i < tries && wait < RETRY_LONGEST; i++)
		wait *= 2;
	if (wait > RETRY_LONGEST)
		wait = RETRY_LONGEST;
	wait = wait * (long)(dice % 1000) / 1000;
	if (hint > wait)
		wait = hint < wait + HINT_ROOM ? hint : wait + HINT_ROOM;
	return wait;
}

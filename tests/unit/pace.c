/* pace.h: what may go, and what waits.  No case depends on how fast this machine is. */
#include <pthread.h>
#include <stdatomic.h>

#include "pace.h"

#include "tap.h"

enum { MIB = 1 << 20 };

static _Atomic int left;                /* what fills the line has left it */

static void *
enter(void *n)
{
	int before;

	pace_enter(*(const uint64_t *)n);
	before = left;
	pace_leave(*(const uint64_t *)n, false);
	return before != 0 ? n : NULL;
}

/* Does a body of n bytes wait for one of filling bytes to leave? */
static void
waits(uint64_t filling, uint64_t n, bool yes)
{
	pthread_t thread;
	void *late;

	left = 0;
	pace_enter(filling);
	if (pthread_create(&thread, NULL, enter, &n) != 0)
		return;
	if (!yes)
		pthread_join(thread, &late);
	left = 1;
	pace_leave(filling, false);
	if (yes)
		pthread_join(thread, &late);
	is((late != NULL) == yes, "%llu bytes beside %llu: %s", (unsigned long long)n, (unsigned long long)filling,
	    yes ? "wait" : "go");
}

static void
limit(void)
{
	is(pace_take(100 * MIB) == 100 * MIB, "without a limit all goes at once");
	is(!pace_toggle() && !pace_toggle(), "and there is none to lift or put back");
	pace_set(100 * MIB);
	is(pace_take(1) == 1, "one byte is one byte");
	is(pace_take(100 * MIB) == 5 * MIB, "of more, a twentieth of a second's");
	is(!pace_toggle(), "lifted");
	is(pace_take(100 * MIB) == 100 * MIB, "all goes again");
	is(pace_toggle(), "put back");
	is(pace_take(100 * MIB) == 5 * MIB, "it counts again");
	pace_set(10);
	is(pace_take(100) == 1, "of a rate that is less than a byte a slice: one");
	pace_set(0);
}

static void
rate(void)
{
	is(pace_rate() == 0, "nothing was sent, nothing is known");
	waits(32 * MIB, 1, true);
	waits(16 * MIB, 16 * MIB, false);
	waits(16 * MIB, 16 * MIB + 1, true);
	is(pace_rate() == 0, "what has failed tells nothing");
	pace_set(1000);
	is(pace_rate() == 1000, "a limit is a rate to reckon with");
	waits(30000, 30000, false);
	waits(30000, 30001, true);
	waits(1 << 30, 1, true);
	pace_enter(1 << 20);
	pace_leave(1 << 20, true);
	is(pace_rate() <= 1000, "what was seen may be more, and does not count then");
	pace_set(0);
	is(pace_rate() > 0, "and does without a limit");
}

int
main(void)
{
	limit();
	rate();
	pace_set(1);
	pace_stop();
	is(pace_take(1000) == 1000, "stopped: nothing waits");
	pace_enter(1 << 30);
	pace_enter(1 << 30);
	is(true, "nor does what fills the line");
	return tap_done();
}

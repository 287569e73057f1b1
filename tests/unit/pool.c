/* pool.h: order, bounds and ownership, with jobs of random length. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "pool.h"

#include "tap.h"

struct job {
	unsigned number, pause;
	unsigned long result;
	unsigned thread;
	unsigned rounds;                /* how often this place of the ring was worked on */
};

struct shared {
	_Atomic unsigned running, most;
	unsigned long factor;
};

static void
work(void *arg, unsigned thread, void *arg2)
{
	struct job *j = arg;
	struct shared *s = arg2;
	unsigned now = ++s->running, most = s->most;

	while (now > most && !atomic_compare_exchange_weak(&s->most, &most, now))
		;
	if (j->pause != 0)
		usleep(j->pause);
	j->result = j->number * s->factor;
	j->thread = thread;
	j->rounds++;
	s->running--;
}

/* total jobs, taken after as many as take says were added (0: only when there is no more room). */
static bool
round_trip(unsigned threads, unsigned ring, unsigned total, unsigned pause, unsigned take)
{
	struct shared s = { .factor = 7 };
	struct pool *p = pool_new(threads, ring, sizeof(struct job), work, &s);
	unsigned in = 0, out = 0, fresh = 0, rounds = 0;
	struct job *j;
	bool good = true;

	for (;;) {
		while (in < total && (j = pool_room(p)) != NULL) {
			good = good && in - out < ring;
			j->number = in++;
			j->pause = pause != 0 ? (unsigned)rand() % pause : 0;
			pool_add(p);
			if (take != 0 && in % take == 0)
				break;
		}
		if ((j = pool_take(p)) == NULL)
			break;
		good = good && j->number == out && j->result == 7ul * out && j->thread < threads;
		out++;
	}
	good = good && in == total && out == total && pool_take(p) == NULL && s.most <= threads && s.running == 0;
	for (unsigned i = 0; i < ring; i++) {
		j = pool_job(p, i);
		rounds += j->rounds;
		fresh += j->rounds == 0;
	}
	good = good && rounds == total && (total < ring || fresh == 0);
	pool_free(p);
	return good;
}

int
main(void)
{
	static const unsigned threads[] = { 1, 2, 3, 8, 33 };
	struct shared s = { .factor = 1 };
	struct pool *p;
	struct job *j;

	srand(1);
	for (size_t i = 0; i < sizeof threads / sizeof threads[0]; i++) {
		unsigned n = threads[i];

		is(round_trip(n, POOL_RING(n), 0, 0, 0), "%u threads, nothing to do", n);
		is(round_trip(n, POOL_RING(n), 1, 0, 0), "%u threads, one job", n);
		is(round_trip(n, POOL_RING(n), 5000, 0, 0), "%u threads, short jobs", n);
		is(round_trip(n, POOL_RING(n), 5000, 0, 1), "%u threads, one by one", n);
		is(round_trip(n, POOL_RING(n), 300, 500, 0), "%u threads, jobs of random length", n);
		is(round_trip(n, POOL_RING(n), 300, 500, 3), "%u threads, taken now and then", n);
		is(round_trip(n, 1, 300, 50, 0), "%u threads, a ring of one", n);
		is(round_trip(n, 100, 1000, 50, 0), "%u threads, a long ring", n);
	}

	p = pool_new(3, 7, sizeof(struct job), work, &s);
	is(pool_take(p) == NULL, "nothing is in at first");
	for (int i = 0; (j = pool_room(p)) != NULL; i++) {
		j->pause = 1000;
		pool_add(p);
	}
	pool_free(p);
	is(s.running == 0, "pool_free waits for what is in");
	pool_free(NULL);
	return tap_done();
}

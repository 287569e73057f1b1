/*
 * The limit is a point in time that moves on with each byte: who takes bytes is
 * given a slice of the next time and sleeps until it begins.  Slices are short, so
 * the bytes leave evenly, and a pause saves up no more than one slice.
 *
 * The rate seen is bytes that got through by the time in which at least one body
 * was under way.  Both are halved now and then, so that the past fades.
 */
#include "pace.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

enum {
	SLICES = 20,            /* in a second */
	WITHIN = 60,            /* seconds in which what is under way should be through */
	FADE = 120              /* seconds after which the past counts half */
};
#define UNKNOWN ((uint64_t)32 << 20)    /* bytes under way while no rate is known */
#define NS 1000000000LL

static struct {
	pthread_mutex_t lock;           /* guards all but stopped */
	pthread_cond_t left;
	uint64_t limit, kept;           /* kept: what a toggle puts back */
	int64_t next;                   /* when the next byte may go */
	uint64_t inside, bodies;        /* bytes and bodies under way */
	int64_t since;                  /* when the first of them began, or the time was last added up */
	double bytes, seconds;
	_Atomic bool stopped;
} pace = { .lock = PTHREAD_MUTEX_INITIALIZER, .left = PTHREAD_COND_INITIALIZER };

static int64_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * NS + t.tv_nsec;
}

void
pace_set(uint64_t rate)
{
	pthread_mutex_lock(&pace.lock);
	pace.limit = pace.kept = rate;
	pace.next = 0;
	pthread_mutex_unlock(&pace.lock);
}

bool
pace_toggle(void)
{
	bool is;

	pthread_mutex_lock(&pace.lock);
	pace.limit = pace.limit != 0 ? 0 : pace.kept;
	pace.next = 0;
	is = pace.limit != 0;
	pthread_cond_broadcast(&pace.left);
	pthread_mutex_unlock(&pace.lock);
	return is;
}

size_t
pace_take(size_t want)
{
	int64_t t = now(), start;
	struct timespec wait;

	pthread_mutex_lock(&pace.lock);
	if (pace.limit == 0 || pace.stopped) {
		pthread_mutex_unlock(&pace.lock);
		return want;
	}
	if (want > pace.limit / SLICES)
		want = pace.limit / SLICES != 0 ? (size_t)(pace.limit / SLICES) : 1;
	if (pace.next < t - NS / SLICES)
		pace.next = t - NS / SLICES;
	start = pace.next;
	pace.next += (int64_t)((double)want / (double)pace.limit * (double)NS);
	pthread_mutex_unlock(&pace.lock);
	if (start > t) {
		wait = (struct timespec){ .tv_sec = (start - t) / NS, .tv_nsec = (start - t) % NS };
		nanosleep(&wait, NULL);
	}
	return want;
}

/* With the lock: add up the time that passed since it was last done. */
static void
reckon(void)
{
	int64_t t = now();

	if (pace.bodies != 0)
		pace.seconds += (double)(t - pace.since) / (double)NS;
	pace.since = t;
	if (pace.seconds > FADE) {
		pace.seconds /= 2;
		pace.bytes /= 2;
	}
}

/* With the lock. */
static uint64_t
rate(void)
{
	double seen = pace.bytes > 0 ? pace.bytes / (pace.seconds + 0.001) : 0;

	if (pace.limit != 0 && (seen <= 0 || seen > (double)pace.limit))
		return pace.limit;
	return seen < 1e18 ? (uint64_t)seen : (uint64_t)1 << 60;
}

uint64_t
pace_rate(void)
{
	uint64_t r;

	pthread_mutex_lock(&pace.lock);
	reckon();
	r = rate();
	pthread_mutex_unlock(&pace.lock);
	return r;
}

/* With the lock: may n more bytes begin? */
static bool
fits(uint64_t n)
{
	uint64_t r = rate(), most = r == 0 ? UNKNOWN : r * WITHIN;

	return pace.bodies == 0 || pace.inside + n <= most;
}

void
pace_enter(uint64_t n)
{
	struct timespec t;

	pthread_mutex_lock(&pace.lock);
	reckon();
	while (!fits(n) && !pace.stopped) {
		clock_gettime(CLOCK_REALTIME, &t);
		t.tv_sec++;
		pthread_cond_timedwait(&pace.left, &pace.lock, &t);
		reckon();
	}
	pace.inside += n;
	pace.bodies++;
	pthread_mutex_unlock(&pace.lock);
}

void
pace_leave(uint64_t n, bool done)
{
	pthread_mutex_lock(&pace.lock);
	reckon();
	pace.inside -= n;
	pace.bodies--;
	if (done)
		pace.bytes += (double)n;
	pthread_cond_broadcast(&pace.left);
	pthread_mutex_unlock(&pace.lock);
}

void
pace_stop(void)
{
	pace.stopped = true;
	pthread_cond_broadcast(&pace.left);
}

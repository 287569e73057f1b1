/*
 * Three counters on a ring instead of queues: tail <= next <= head.  Jobs
 * [tail, next) are with the workers or done, [next, head) wait for a worker,
 * the rest of the ring is free.  The order of the ring is the order of the jobs.
 */
#include "pool.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "err.h"
#include "mem.h"

struct worker {
	struct pool *pool;
	pthread_t thread;
	unsigned number;
};

struct pool {
	pthread_mutex_t lock;           /* guards the counters, done and stop */
	pthread_cond_t waiting;         /* a job waits for a worker, or stop */
	pthread_cond_t finished;        /* the oldest job is done; for pool_wait, any one */
	uint64_t tail, next, head;
	uint64_t ended, seen;           /* jobs done so far, and when pool_wait returned last */
	bool *done;                     /* by place in the ring */
	bool stop;
	bool any;                       /* pool_wait waits */

	/* Fixed at birth. */
	pool_work *work;
	void *shared;
	char *jobs;
	size_t size;
	unsigned ring, threads;
	struct worker *workers;
};

static void *
place(struct pool *p, uint64_t count)
{
	return p->jobs + (size_t)(count % p->ring) * p->size;
}

static void *
run(void *arg)
{
	struct worker *w = arg;
	struct pool *p = w->pool;
	uint64_t mine;

	pthread_mutex_lock(&p->lock);
	for (;;) {
		while (p->next == p->head && !p->stop)
			pthread_cond_wait(&p->waiting, &p->lock);
		if (p->next == p->head)
			break;
		mine = p->next++;
		pthread_mutex_unlock(&p->lock);
		p->work(place(p, mine), w->number, p->shared);
		pthread_mutex_lock(&p->lock);
		p->done[mine % p->ring] = true;
		p->ended++;
		/* A wake-up for nothing would take a processor from some worker. */
		if (mine == p->tail || p->any)
			pthread_cond_signal(&p->finished);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

struct pool *
pool_new(unsigned threads, unsigned ring, size_t size, pool_work *work, void *shared)
{
	struct pool *p = mem_alloc(sizeof *p);

	/* Whole cache lines a job: two workers do not write to one. */
	size = (size + 63) / 64 * 64;
	*p = (struct pool){ .work = work, .shared = shared, .size = size, .ring = ring, .threads = threads };
	p->jobs = mem_array(ring, size);
	p->done = mem_array(ring, sizeof *p->done);
	p->workers = mem_array(threads, sizeof *p->workers);
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->waiting, NULL);
	pthread_cond_init(&p->finished, NULL);
	for (unsigned i = 0; i < threads; i++) {
		p->workers[i] = (struct worker){ .pool = p, .number = i };
		if (pthread_create(&p->workers[i].thread, NULL, run, &p->workers[i]) != 0)
			die(ST_FAIL, "thread %u: cannot be started", i + 1);
	}
	return p;
}

void *
pool_room(struct pool *p)
{
	/* head is written by this thread only, and tail too. */
	return p->head - p->tail < p->ring ? place(p, p->head) : NULL;
}

void
pool_add(struct pool *p)
{
	pthread_mutex_lock(&p->lock);
	p->done[p->head % p->ring] = false;
	p->head++;
	pthread_cond_signal(&p->waiting);
	pthread_mutex_unlock(&p->lock);
}

void *
pool_take(struct pool *p)
{
	void *job;

	if (p->tail == p->head)
		return NULL;
	pthread_mutex_lock(&p->lock);
	while (!p->done[p->tail % p->ring])
		pthread_cond_wait(&p->finished, &p->lock);
	job = place(p, p->tail++);
	pthread_mutex_unlock(&p->lock);
	return job;
}

bool
pool_ready(struct pool *p)
{
	bool ready;

	pthread_mutex_lock(&p->lock);
	ready = p->tail != p->head && p->done[p->tail % p->ring];
	pthread_mutex_unlock(&p->lock);
	return ready;
}

bool
pool_wait(struct pool *p)
{
	bool some = p->tail != p->head;

	pthread_mutex_lock(&p->lock);
	p->any = true;
	while (p->ended == p->seen && p->ended != p->head)
		pthread_cond_wait(&p->finished, &p->lock);
	p->any = false;
	p->seen = p->ended;
	pthread_mutex_unlock(&p->lock);
	return some;
}

void *
pool_job(struct pool *p, unsigned i)
{
	return place(p, i);
}

void
pool_free(struct pool *p)
{
	if (p == NULL)
		return;
	pthread_mutex_lock(&p->lock);
	p->stop = true;
	pthread_cond_broadcast(&p->waiting);
	pthread_mutex_unlock(&p->lock);
	for (unsigned i = 0; i < p->threads; i++)
		pthread_join(p->workers[i].thread, NULL);
	pthread_cond_destroy(&p->finished);
	pthread_cond_destroy(&p->waiting);
	pthread_mutex_destroy(&p->lock);
	free(p->workers);
	free(p->done);
	free(p->jobs);
	free(p);
}

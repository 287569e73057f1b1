/*
 * An ordered pool: jobs run on any thread and come out in the order they went
 * in.  A job belongs to the caller between pool_room and pool_add, to the pool
 * until pool_take, and to the caller again until the next pool_room or
 * pool_take.  Memory is fixed: no job is made after pool_new.
 *
 * All calls come from one thread, the one that made the pool.  The loop that a
 * program needs: while there is room, fill a job and add it; then take one.
 */
#ifndef POOL_H
#define POOL_H

#include <stdbool.h>
#include <stddef.h>

struct pool;

/* Do job on the thread with this number, from 0; shared is pool_new's.  Never exits, prints or touches descriptors of the data. */
typedef void pool_work(void *job, unsigned thread, void *shared);

/*
 * threads workers and a ring of jobs, each of size bytes, zeroed once: what a
 * job holds (a buffer, say) stays with it from round to round.  A ring of
 * POOL_RING(threads) keeps the workers busy.  Exits where no thread can be made.
 */
#define POOL_RING(threads) (2 * (threads) + 1)
struct pool *pool_new(unsigned threads, unsigned ring, size_t size, pool_work *work, void *shared);

void *pool_room(struct pool *);     /* a job to fill, or NULL when the ring is full */
void pool_add(struct pool *);       /* hand over the job that pool_room gave */
void *pool_take(struct pool *);     /* the oldest job, waited for until done; NULL when none is in */

/* Is the oldest job done, so that pool_take does not wait? */
bool pool_ready(struct pool *);

/* Wait until a job is done that was not when this returned last; false, at once, where none is in. */
bool pool_wait(struct pool *);

/* The job with number i of the ring, for setting up and tearing down while none is in. */
void *pool_job(struct pool *, unsigned i);

/* Wait for the jobs that are in, end the threads, free the ring. */
void pool_free(struct pool *);

#endif

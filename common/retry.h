/*
 * When to try again: the curve and the quota of the AWS SDKs' standard retry
 * mode (the numbers of November 2026).  Whether to try again is the service's
 * matter.  Pure: no clock, no dice of its own.
 *
 * The quota is there so that many threads do not hammer a service that is down.
 * The SDKs give up when it is empty; a backup that nobody watches goes on, but
 * with the longest wait.
 */
#ifndef RETRY_H
#define RETRY_H

enum retry {
	RETRY_NO,
	RETRY_TRANSIENT,        /* no answer, or a service in trouble */
	RETRY_THROTTLED         /* too many requests */
};

enum {
	RETRY_TRIES = 10,       /* tries of one call, the first included */
	RETRY_QUOTA = 500,      /* tokens at the start, and at most */
	RETRY_LONGEST = 20000   /* milliseconds of one wait */
};

/* Take what a retry costs out of the quota: what was taken, 0 where there is not enough. */
int retry_pay(int *quota, enum retry);

/* Give it back after a good answer; paid is 0 for a call that was good at once. */
void retry_refund(int *quota, int paid);

/*
 * Milliseconds to wait after so many tries (at least 1).  hint is what the
 * service asked for in milliseconds, or -1; dice is random below 1000.
 */
long retry_wait(enum retry, unsigned tries, long hint, unsigned dice);

#endif

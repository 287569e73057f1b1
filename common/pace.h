/*
 * How fast this process sends and fetches, all threads together: a limit that the
 * user may set, and what the line was seen to do.  One for the process, like the
 * meter; everything may be called from any thread.
 *
 * A signature is good for five minutes and is looked at when the body has arrived,
 * so a part must not only be small enough: as many as are under way share the line.
 * pace_enter lets so many go that each should be through in a minute.
 */
#ifndef PACE_H
#define PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* At most rate bytes a second from now on; 0: no limit. */
void pace_set(uint64_t rate);

/* Lift the limit, or put it back: is there one now? */
bool pace_toggle(void);

/* Wait until some of want bytes (not 0) may go, and say how many.  Without a limit: all, at once. */
size_t pace_take(size_t want);

/* Let a body of n bytes begin: waits while those that have begun fill the line. */
void pace_enter(uint64_t n);

/* It is through; or, not done, it has failed. */
void pace_leave(uint64_t n, bool done);

/* Bytes a second to reckon with: the limit, or what was seen, whichever is less; 0: not known yet. */
uint64_t pace_rate(void);

/* Make all waits end at once: the program is about to. */
void pace_stop(void);

#endif

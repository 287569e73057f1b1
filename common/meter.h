/*
 * How far a program is: a line on stderr, rewritten twice a second where stderr
 * is a terminal, printed every ten seconds with --progress, and once for each
 * SIGUSR1.  One thread owns all of it; the others only add to a counter.
 *
 * meter_start blocks SIGUSR1 in the calling thread and so in all that it starts
 * later: call it before any other thread, after the options were read.  A child
 * process must unblock it (meter_unblock, between fork and exec).
 */
#ifndef METER_H
#define METER_H

#include <stdint.h>

/* Start the thread.  total is in bytes; 0: not known. */
void meter_start(uint64_t total);

/* n more bytes are done.  From any thread; cheap. */
void meter_add(uint64_t n);

/* What is worked on now, for the line: s is copied, NULL for nothing.  From any thread. */
void meter_subject(const char *s);

/* Plain lines even if stderr is no terminal: --progress. */
void meter_force(void);

/* Undo the block of SIGUSR1 for a child. */
void meter_unblock(void);

#endif

/*
 * A command that is fed through a pipe: sh -c COMMAND with FILE in its
 * environment, in the manner of split(1) --filter.  Its standard output and error
 * are the caller's.  One at a time; SIGPIPE is ignored from the first one on.
 */
#ifndef FILTER_H
#define FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum filter_rc {
	FILTER_OK,              /* it read all that it was given, and exited with 0 */
	FILTER_EXIT,            /* it exited with another status */
	FILTER_SIGNAL,          /* it died by a signal */
	FILTER_EARLY,           /* it exited with 0, but had not read all */
	FILTER_SYSTEM           /* see errno */
};

struct filter {
	int fd;
	pid_t pid;
	bool broken;            /* something could not be written */
	int number;             /* of the status or the signal */
};

/* Start it.  0; -1 and errno.  Should this process die, so does the shell: it must not take that for the end. */
int filter_start(struct filter *, const char *command, const char *file);

/* Give it n bytes.  0; -1 and errno, EPIPE where it reads no more: filter_end tells why. */
int filter_put(struct filter *, const void *data, size_t n);

/* End its input, and wait for it. */
enum filter_rc filter_end(struct filter *);

/* End it without an end of its input. */
void filter_kill(struct filter *);

#endif

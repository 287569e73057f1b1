/*
 * The names protocol of the pipelines: file names on stdin, one a line (or NUL-
 * ended), each answered by one line on stdout as soon as the result is durable.
 * A name that is cut off means that the program before died while writing it.
 * Speaks for the command: what cannot go on ends it with status 1.
 */
#ifndef NAMES_H
#define NAMES_H

#include <stdbool.h>

struct names;

/* end is '\n', or '\0' with -0. */
struct names *names_new(char end);
void names_free(struct names *);

/* The next name, not empty, valid until the next call; NULL at the end. */
char *names_next(struct names *);

/* Would names_next answer at once?  So that what is ready goes on while the next name is waited for. */
bool names_ready(const struct names *);

/* Write the answer. */
void names_put(struct names *, const char *line);

#endif

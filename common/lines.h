/*
 * Lines (or NUL-ended records) from a descriptor, of bounded length, and to one.
 * A last line without its end is kept apart: where lines are a protocol between
 * programs it means that the writer died in the middle of a word.
 */
#ifndef LINES_H
#define LINES_H

#include <stdbool.h>
#include <stddef.h>

enum { LINES_MAX = 1 << 16 };           /* bytes in one line, its end included */

struct lines;

/* Read fd by lines that end with end ('\n' or '\0').  The descriptor stays the caller's. */
struct lines *lines_new(int fd, char end);
void lines_free(struct lines *);

/*
 * The next line, its end replaced by a NUL, and its length in *len (a line may
 * hold NUL bytes where end is '\n').  Valid until the next call.  NULL at the
 * end of input with errno 0, and on error with errno set: EMSGSIZE for a line
 * that is too long.
 */
char *lines_next(struct lines *, size_t *len);

/* Would lines_next answer at once?  A line that comes in pieces may still be waited for. */
bool lines_ready(const struct lines *);

/* Did the line that was returned last lack its end? */
bool lines_cut(const struct lines *);

/* The number of the line that was returned last, from 1. */
unsigned long lines_number(const struct lines *);

/* Write s and end in one piece.  Returns 0; -1 and errno on error. */
int lines_put(int fd, const char *s, char end);

#endif

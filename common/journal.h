/*
 * A file of lines that only grows: the memory of a server.  A line is whole and
 * durable once journal_add returned 0.  After a crash the file ends with that
 * line, or with more that were on their way; half a line at the end is cut off
 * when the file is opened.  Several threads may add and read; those that add at
 * the same time share one fsync.
 */
#ifndef JOURNAL_H
#define JOURNAL_H

#include <stdint.h>
#include <sys/types.h>

enum { JOURNAL_LINE = 16384 };          /* bytes in a line, its newline included */

struct journal;

/* Open name in the directory dir, empty where it is not there.  NULL and errno. */
struct journal *journal_open(int dir, const char *name);
void journal_close(struct journal *);   /* NULL is allowed */

/* Add a line, given without its newline, and tell where it begins.  0; -1 and errno. */
int journal_add(struct journal *, const char *line, uint64_t *at);

uint64_t journal_size(struct journal *);

/* The line that begins at ${at}, NUL for newline.  Its length; -1 and errno. */
ssize_t journal_get(struct journal *, uint64_t at, char line[JOURNAL_LINE]);

/* The fields of a line, cut at its tabs; the last one may hold any.  How many there are, up to max. */
size_t journal_fields(char *line, char *field[], size_t max);

/* Each line that begins from ${from} on and before ${to}; stops where it returns other than 0, and returns that.  -1 and errno. */
typedef int journal_line(void *shared, uint64_t at, char *line);
int journal_scan(struct journal *, uint64_t from, uint64_t to, journal_line *, void *shared);

#endif

/* The bytes of an age file to a descriptor, as they are or in armor. */
#ifndef SINK_H
#define SINK_H

#include <stdbool.h>
#include <stddef.h>

struct sink;

/* The descriptor stays the caller's. */
struct sink *sink_new(int fd, bool armor);

/* Write n bytes; 0, or -1 and errno. */
int sink_put(struct sink *, const void *buf, size_t n);

/* Write what the armor still lacks, and free it; 0, or -1 and errno. */
int sink_end(struct sink *);

/* Free it; NULL is allowed. */
void sink_free(struct sink *);

#endif

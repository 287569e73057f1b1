/*
 * A part of a file worked on where it stands, without a copy.  Another program may
 * make the file shorter meanwhile, which would end this one by SIGBUS: here it
 * breaks off the work.  For any thread.
 */
#ifndef MAP_H
#define MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Works on n bytes.  It holds nothing that must be given back, and the bytes may change while it looks at them. */
typedef void map_work(const uint8_t *bytes, size_t n, void *arg);

/*
 * Do work on n bytes (at least one) of the file, from offset on.  false: they
 * cannot be mapped, or not to the end; the work may have been broken off anywhere.
 */
bool map_do(int fd, uint64_t offset, size_t n, map_work *work, void *arg);

#endif

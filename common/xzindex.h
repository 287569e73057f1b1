/*
 * What the Indexes at the ends of the streams tell of the Blocks before them,
 * for input that can be read at any place and whose Block headers do not tell
 * their sizes (xz -T1 and pixz write such).  It is a promise only: who decodes
 * compares.  Memory is constant: records are read again when they are wanted,
 * and of more streams than XZINDEX_STREAMS nothing is told.
 */
#ifndef XZINDEX_H
#define XZINDEX_H

#include <stdbool.h>
#include <stdint.h>

enum { XZINDEX_STREAMS = 4096 };

struct xzindex;

/*
 * Walk from the end of the file back to the stream that begins at this offset
 * of the file.  NULL where fd is not a regular file, or where not everything
 * from there to the end is whole streams and padding.  fd's own offset stays.
 */
struct xzindex *xzindex_find(int fd, uint64_t first);
void xzindex_free(struct xzindex *);            /* NULL is allowed */

/* Blocks in all the streams. */
uint64_t xzindex_blocks(const struct xzindex *);

/* Go to the stream that begins at this offset, before its first Block.  false: there is none. */
bool xzindex_seek(struct xzindex *, uint64_t begin);

/* The next Block's sizes: header, compressed data and check without padding, and data.  false: no more. */
bool xzindex_next(struct xzindex *, uint64_t *unpadded, uint64_t *unpacked);

#endif

/*
 * Reading the .xz format: a reader that walks over the Blocks of a descriptor,
 * and the decoding of one Block, from memory on any thread or straight through.
 *
 * Nothing is believed that is not checked: header and footer CRCs, each check
 * field, the Index against the Blocks, the footer against header and Index, the
 * padding.  Streams that follow each other are one.  The reader's own memory is
 * constant; a Block's is told before it is decoded, so that the caller can refuse.
 */
#ifndef UNXZ_H
#define UNXZ_H

#include <stdint.h>

#include "chain.h"
#include "xz.h"

struct unxz;

/* The descriptor stays the caller's. */
struct unxz *unxz_new(int fd);
void unxz_free(struct unxz *);

/*
 * Walk to the next Block and fill b: XZ_OK.  Exactly one of unxz_load and
 * unxz_stream must follow.  XZ_END after the last stream; anything else is final.
 */
enum xz_rc unxz_next(struct unxz *, struct xz_block *b);

/* Read the Block, whose sizes are both known, to the end of in: data, padding and check. */
enum xz_rc unxz_load(struct unxz *, const struct xz_block *, struct store *, struct chain *in);

/*
 * Decode the Block straight from the input to out (-1: nowhere).  What was
 * written is verified only where this returns XZ_OK.  *wrote is set where it
 * is XZ_IO because of out.
 */
enum xz_rc unxz_stream(struct unxz *, const struct xz_block *, int out, bool *wrote);

/* Where the structure that failed begins, in bytes, and its name: "the Index". */
uint64_t unxz_offset(const struct unxz *);
const char *unxz_place(const struct unxz *);

/* Bytes of input taken so far. */
uint64_t unxz_taken(const struct unxz *);

/* Decode what unxz_load read, eating it, to out (NULL: check only).  On any thread. */
enum xz_rc unxz_decode(const struct xz_block *, struct store *, struct chain *in, struct chain *out);

#endif

/*
 * Reading the .xz format: a reader that walks over the Blocks of a descriptor,
 * and the decoding of one Block, from memory on any thread or straight through.
 *
 * Nothing is believed that is not checked: header and footer CRCs, each check
 * field, the Index against the Blocks, the footer against header and Index, the
 * padding.  Streams that follow each other are one.  The reader's own memory is
 * constant; a Block's is told before it is decoded, so that the caller can refuse.
 *
 * Sizes that a Block header does not tell are taken from the Index where the
 * input is a regular file with more than one Block: what is decoded by such a
 * promise is compared with it, and later with the Index as it comes by.
 */
#ifndef UNXZ_H
#define UNXZ_H

#include <stdint.h>

#include "chain.h"
#include "xz.h"

struct unxz;

/* The descriptor stays the caller's.  What is read is counted by the meter. */
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

/* The check of some stream so far that this liblzma does not know, so that its data is not verified; 0: none. */
unsigned unxz_unknown_check(const struct unxz *);

/* A decoder for one thread.  Between Blocks it keeps the memory of the last one. */
struct unxz_decoder;
struct unxz_decoder *unxz_decoder_new(void);
void unxz_decoder_release(struct unxz_decoder *);       /* give that memory back */
void unxz_decoder_free(struct unxz_decoder *);          /* NULL is allowed */

/* Decode what unxz_load read, eating it, to out (NULL: check only). */
enum xz_rc unxz_decode(struct unxz_decoder *, const struct xz_block *, struct store *, struct chain *in,
    struct chain *out);

#endif

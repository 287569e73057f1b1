/*
 * Bytes as a chain of pieces of one size, taken from a store that several
 * threads share and that keeps count.  A chain grows at its end and is eaten at
 * its head, so a Block on its way through an encoder gives its input back piece
 * by piece while its output grows, and what is in memory is what is in chains.
 *
 * A chain belongs to one thread at a time; the store may be used by all.  All
 * zero is an empty chain.  Exits where memory is exhausted.
 */
#ifndef CHAIN_H
#define CHAIN_H

#include <stddef.h>
#include <stdint.h>

enum { CHAIN_PIECE = 1 << 18 };         /* bytes in a piece */

struct piece;
struct store;

struct chain {
	struct piece *first, *last;
	uint64_t len;                   /* bytes in it */
};

struct store *store_new(void);
void store_free(struct store *);        /* after all of its chains are empty */

/* Free the pieces that are not in chains, which else are kept, as they are needed again soon. */
void store_trim(struct store *);

/* Bytes of the pieces that are in chains. */
uint64_t store_used(struct store *);

/* Room behind the last byte: at least one byte, *n of them.  What was put there counts after chain_grew. */
uint8_t *chain_room(struct store *, struct chain *, size_t *n);
void chain_grew(struct chain *, size_t n);

/* Append a copy. */
void chain_add(struct store *, struct chain *, const void *bytes, size_t n);

/* The bytes of the first piece, *n of them; NULL where the chain is empty. */
const uint8_t *chain_head(const struct chain *, size_t *n);

/* The same piece by piece without eating: pass NULL first, then what came back. */
struct piece *chain_next(const struct chain *, struct piece *);
const uint8_t *piece_bytes(const struct piece *, size_t *n);

/* Give the first piece back to the store; all of them. */
void chain_drop(struct store *, struct chain *);
void chain_clear(struct store *, struct chain *);

/* Move the first piece of from to the end of to, which keeps its edges: to must not be added to in between. */
void chain_pass(struct chain *to, struct chain *from);

/* Append n bytes from fd.  Returns n, or less only at end of input; -1 and errno. */
int64_t chain_fill(struct store *, struct chain *, int fd, uint64_t n);

/* Write all of it to fd and keep it.  0, or -1 and errno. */
int chain_put(const struct chain *, int fd);

#endif

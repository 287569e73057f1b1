/*
 * The SHA-256 tree hash of Amazon Glacier (developer guide, "Computing
 * Checksums"): SHA-256 of each 1 MiB block, the last may be shorter; pairs of
 * digests hashed upward, an odd one promoted unchanged.  Of nothing it is the
 * SHA-256 of nothing.
 *
 * A tree is a stack of the roots of complete subtrees, so it costs 1.5 KiB
 * whatever is hashed.  Plain data: copy it, drop it, nothing to free.
 */
#ifndef TREE_H
#define TREE_H

#include <stddef.h>
#include <stdint.h>

#include "sha256.h"

enum {
	TREE_LEAF = 1 << 20,            /* bytes in a leaf */
	TREE_DEPTH = 44                 /* levels: 2^64 bytes */
};

struct tree {
	unsigned height;                                /* nodes on the stack */
	unsigned level[TREE_DEPTH + 1];                 /* of each, falling; 0 is a leaf */
	uint8_t node[TREE_DEPTH + 1][SHA256_SIZE];
};

void tree_init(struct tree *);

/*
 * Add the root of the next 2^level leaves.  All levels must fall on their own
 * boundary, as parts of 2^level MiB do; the last one may stand for fewer leaves.
 */
void tree_push(struct tree *, unsigned level, const uint8_t node[SHA256_SIZE]);

/* The root of what was pushed; more may be pushed after it. */
void tree_root(const struct tree *, uint8_t out[SHA256_SIZE]);

/* The tree hash of n bytes in memory. */
void tree_hash(uint8_t out[SHA256_SIZE], const void *data, size_t n);

#endif

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

/* The hashes of the leaves of n bytes in memory, side by side; out has room for each MiB or part of one. Returns how many. */
size_t tree_leaves(uint8_t (*out)[SHA256_SIZE], const void *data, size_t n);

/*
 * The root over count parts, each of 2^level MiB but the last, which may be
 * shorter, from their roots: of an archive by its parts, or with level 0 of a
 * range of whole MiB by its leaves.
 */
void tree_combine(uint8_t out[SHA256_SIZE], const uint8_t (*part)[SHA256_SIZE], size_t count, unsigned level);

/*
 * How the bytes first to last, inclusive, lie in an archive of size bytes: what a
 * retrieval asks for, and where the service gives the tree hash of the piece
 * (developer guide, "Receiving Checksums When Downloading Data").
 */
enum tree_fit {
	TREE_FIT_NONE,
	TREE_FIT_MIB,           /* begins and ends at a MiB, or ends with the archive: may be retrieved */
	TREE_FIT_NODE           /* and is what one node of the archive's tree stands for */
};
enum tree_fit tree_fit(uint64_t first, uint64_t last, uint64_t size);

#endif

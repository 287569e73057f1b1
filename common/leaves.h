/*
 * The leaves of a file or a stream (tree.h), hashed on threads, side by side in
 * each.  Constant memory: a file is mapped by windows of 16 MiB, a stream is read
 * into at most LEAVES_BUFFERS of that size; one leaf needs neither nor a thread.
 *
 * SIGBUS belongs to this module from leaves_new on: a mapped file that becomes
 * shorter, or whose disk fails, is then read, so that the trouble has a name.
 */
#ifndef LEAVES_H
#define LEAVES_H

#include <stdint.h>

#include "tree.h"

enum { LEAVES_WINDOW = 16, LEAVES_BUFFERS = 4 };        /* leaves in a window; buffers of a stream */

struct leaves;

/* No thread is started before something larger than a leaf is hashed. */
struct leaves *leaves_new(unsigned threads);
void leaves_free(struct leaves *);

struct leaves_want {
	int tee;                /* a descriptor that gets a copy; -1: none */
	uint64_t first, length; /* of the bytes from the descriptor's place on: skip first, then hash length at most */
	void (*each)(void *arg, const uint8_t leaf[SHA256_SIZE], size_t n);     /* for each leaf of n bytes, in order; or NULL */
	void *arg;
};

enum leaves_rc {
	LEAVES_OK,
	LEAVES_READ,            /* see errno */
	LEAVES_WRITE,           /* see errno: the copy */
	LEAVES_SHRANK           /* the file became shorter while it was hashed */
};

/*
 * The tree hash of what fd has, and in *length how many bytes that was: less than
 * want->length where the input ended.  A file's offset is at the end of them then.
 */
enum leaves_rc leaves_hash(struct leaves *, int fd, const struct leaves_want *want, uint8_t root[SHA256_SIZE], uint64_t *length);

#endif

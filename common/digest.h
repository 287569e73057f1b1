/* Both hashes that the vault service knows, of bytes as they come: SHA-256 and the tree hash. */
#ifndef DIGEST_H
#define DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "sha256.h"

struct digest;

struct digest *digest_new(void);
void digest_add(struct digest *, const void *data, size_t n);
void digest_end(struct digest *, uint8_t linear[SHA256_SIZE], uint8_t tree[SHA256_SIZE]);       /* once */
void digest_free(struct digest *);      /* NULL is allowed */

#endif

/*
 * The checksums of S3 (x-amz-checksum-*), as base64 of the digest, and what a
 * body is hashed with on its way in.
 */
#ifndef CHECKSUM_H
#define CHECKSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum checksum_kind {
	CHECKSUM_NONE, CHECKSUM_CRC32, CHECKSUM_CRC32C, CHECKSUM_CRC64NVME, CHECKSUM_SHA1, CHECKSUM_SHA256, CHECKSUM_MD5
};

enum { CHECKSUM_TEXT = 64 };            /* base64, perhaps "-10000", and a NUL */

/* "SHA256" and so on, in capitals; and back, in any case (CHECKSUM_NONE: no such name; MD5 has none). */
const char *checksum_name(enum checksum_kind);
enum checksum_kind checksum_named(const char *name);
const char *checksum_header(enum checksum_kind);        /* "x-amz-checksum-sha256" */
size_t checksum_size(enum checksum_kind);               /* bytes in its digest */

/* Is text the base64 of such a digest?  raw gets it, 32 bytes at most. */
bool checksum_valid(enum checksum_kind, const char *text, uint8_t *raw);

/* The base64 of such a digest. */
void checksum_text(char out[CHECKSUM_TEXT], enum checksum_kind, const uint8_t *raw);

struct checksum;
struct checksum *checksum_new(enum checksum_kind);
void checksum_add(struct checksum *, const void *bytes, size_t n);
void checksum_end(struct checksum *, uint8_t *raw);     /* and frees it */
void checksum_free(struct checksum *);                  /* NULL is allowed */

#endif

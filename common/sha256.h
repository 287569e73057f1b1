/*
 * SHA-256 (FIPS 180-4), HMAC (RFC 2104) and HKDF (RFC 5869) over it, by mbedTLS.
 * Nothing here fails but for want of memory, which ends the program.
 */
#ifndef SHA256_H
#define SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { SHA256_SIZE = 32, SHA256_HEX = 65 };     /* bytes; digits and a NUL */

/* All of it at once. */
void sha256(uint8_t out[SHA256_SIZE], const void *data, size_t n);

/* Piece by piece. */
struct sha256;
struct sha256 *sha256_new(void);
void sha256_add(struct sha256 *, const void *data, size_t n);
void sha256_end(struct sha256 *, uint8_t out[SHA256_SIZE]);     /* and ready for the next message */
void sha256_free(struct sha256 *);

void hmac_sha256(uint8_t out[SHA256_SIZE], const void *key, size_t keylen, const void *data, size_t n);

/* out gets n bytes, at most 255 * 32. */
void hkdf_sha256(uint8_t *out, size_t n, const void *ikm, size_t ikmlen, const void *salt, size_t saltlen,
    const void *info, size_t infolen);

#endif

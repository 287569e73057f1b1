/*
 * SHA-256 (FIPS 180-4), by the fastest kernel for this processor, or by mbedTLS;
 * HMAC (RFC 2104) and HKDF (RFC 5869) over it, by mbedTLS.  Nothing here fails
 * but for want of memory, which ends the program.
 */
#ifndef SHA256_H
#define SHA256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SHA256_SIZE = 32, SHA256_HEX = 65 };     /* bytes; digits and a NUL */

/* All of it at once. */
void sha256(uint8_t out[SHA256_SIZE], const void *data, size_t n);

/* count messages of n bytes each: much faster than one by one, best with 16 or more of them. */
void sha256_many(uint8_t (*out)[SHA256_SIZE], const void *const data[], size_t count, size_t n);

/*
 * Use this kernel (avx512, avx2, shani, arm, plain) and no other, or plain where
 * it is no good: for tests and measurements, before anything is hashed.  false:
 * there is none of this name, or not on this machine.
 */
bool sha256_force(const char *name);

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

/*
 * MD5 and SHA-1, which S3 still speaks: against accidents, not against anybody.
 * Piece by piece; the end writes 16 or 20 bytes and frees it.
 */
enum { MD5_SIZE = 16, SHA1_SIZE = 20 };
struct weak_hash;
struct weak_hash *weak_hash_new(size_t size);
void weak_hash_add(struct weak_hash *, const void *data, size_t n);
void weak_hash_end(struct weak_hash *, uint8_t *out);
void weak_hash_free(struct weak_hash *);        /* NULL is allowed */

#endif

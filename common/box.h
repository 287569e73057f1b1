/*
 * The primitives of the age format, by libsodium: X25519 (RFC 7748), ChaCha20-
 * Poly1305 (RFC 8439), scrypt (RFC 7914), Ed25519 keys (RFC 8032) as X25519 ones,
 * the system's random bytes, and memory for secrets.
 */
#ifndef BOX_H
#define BOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BOX_KEY = 32, BOX_NONCE = 12, BOX_TAG = 16, BOX_XWING_PUBLIC = 1216, BOX_XWING_SHARE = 1120 };

void box_random(void *out, size_t n);

/*
 * Zeroed memory that is kept from the swap and from core files where the system
 * allows, with pages around it that nobody may touch.  box_free wipes it first;
 * NULL is allowed.  Ends the program where there is none.
 */
void *box_alloc(size_t n);
void box_free(void *);

/* The public key of secret; and the secret that two share: false for a point of low order. */
void box_public(uint8_t out[BOX_KEY], const uint8_t secret[BOX_KEY]);
bool box_shared(uint8_t out[BOX_KEY], const uint8_t secret[BOX_KEY], const uint8_t their[BOX_KEY]);

/*
 * X-Wing (draft-connolly-cfrg-xwing-kem): a shared secret that holds while either
 * ML-KEM-768 or X25519 does.  libsodium has it from 1.0.22 on; built with an older
 * one box_xwing is false, and so is all that the others return.  box_xwing_close
 * is false for a public key that is none, too.
 */
bool box_xwing(void);
bool box_xwing_public(uint8_t out[BOX_XWING_PUBLIC], const uint8_t secret[BOX_KEY]);
bool box_xwing_close(uint8_t share[BOX_XWING_SHARE], uint8_t shared[BOX_KEY], const uint8_t public[BOX_XWING_PUBLIC]);
bool box_xwing_open(uint8_t shared[BOX_KEY], const uint8_t share[BOX_XWING_SHARE], const uint8_t secret[BOX_KEY]);

/* An Ed25519 public key as one of X25519; false where it is none. */
bool box_from_ed25519(uint8_t out[BOX_KEY], const uint8_t public[BOX_KEY]);

/* The secret X25519 key and the public Ed25519 key of an Ed25519 seed. */
void box_ed25519(uint8_t secret[BOX_KEY], uint8_t public[BOX_KEY], const uint8_t seed[BOX_KEY]);

/* N = 2^work, r = 8, p = 1: needs 2^work KiB.  false and errno where there are not so many. */
bool box_scrypt(uint8_t out[BOX_KEY], const void *passphrase, size_t n, const void *salt, size_t saltlen, unsigned work);

/* n bytes become n + BOX_TAG at out, which may be in itself. */
void box_close(uint8_t *out, const uint8_t *in, size_t n, const uint8_t nonce[BOX_NONCE], const uint8_t key[BOX_KEY]);

/* And back: n counts the tag.  false, and nothing of use in out, where it is not authentic. */
bool box_open(uint8_t *out, const uint8_t *in, size_t n, const uint8_t nonce[BOX_NONCE], const uint8_t key[BOX_KEY]);

/* Are they the same?  In a time that does not tell where they differ. */
bool box_equal(const void *a, const void *b, size_t n);

#endif

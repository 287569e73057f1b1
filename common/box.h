/*
 * The primitives of the age format, by libsodium: X25519 (RFC 7748), ChaCha20-
 * Poly1305 (RFC 8439) and the system's random bytes.
 */
#ifndef BOX_H
#define BOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BOX_KEY = 32, BOX_NONCE = 12, BOX_TAG = 16 };

void box_random(void *out, size_t n);

/* The public key of secret; and the secret that two share: false for a point of low order. */
void box_public(uint8_t out[BOX_KEY], const uint8_t secret[BOX_KEY]);
bool box_shared(uint8_t out[BOX_KEY], const uint8_t secret[BOX_KEY], const uint8_t their[BOX_KEY]);

/* n bytes become n + BOX_TAG at out, which may be in itself. */
void box_close(uint8_t *out, const uint8_t *in, size_t n, const uint8_t nonce[BOX_NONCE], const uint8_t key[BOX_KEY]);

/* And back: n counts the tag.  false, and nothing of use in out, where it is not authentic. */
bool box_open(uint8_t *out, const uint8_t *in, size_t n, const uint8_t nonce[BOX_NONCE], const uint8_t key[BOX_KEY]);

/* Are they the same?  In a time that does not tell where they differ. */
bool box_equal(const void *a, const void *b, size_t n);

#endif

/*
 * The X25519 recipients of age (C2SP, age.md, "The X25519 recipient type"):
 * "age1…", public, and "AGE-SECRET-KEY-1…", secret.  Pure.
 */
#ifndef X25519_H
#define X25519_H

#include <stdbool.h>

#include "stanza.h"

struct x25519 {
	uint8_t public[BOX_KEY];
	uint8_t secret[BOX_KEY];        /* of an identity; zero in a recipient */
};

/* Read one; false where the text is none, or one that keeps no secret (a point of low order). */
bool x25519_recipient(struct x25519 *, const char *text);
bool x25519_identity(struct x25519 *, const char *text);

void x25519_new(struct x25519 *);                       /* a random identity */
void x25519_print_recipient(struct str *, const struct x25519 *);
void x25519_print_identity(struct str *, const struct x25519 *);

void x25519_wrap(struct str *header, const struct x25519 *, const uint8_t file_key[AGE_FILE_KEY]);
enum stanza_fit x25519_unwrap(const struct x25519 *, const struct stanza *, uint8_t file_key[AGE_FILE_KEY]);

/* Is the stanza as its type must be?  True for those of other types. */
bool x25519_shape(const struct stanza *);

/* Does any secret key make a secret with this public one? */
bool x25519_usable(const uint8_t public[BOX_KEY]);

/*
 * What the types that rest on X25519 have in common: the file key is closed with
 * HKDF-SHA-256 of the shared secret, salted with share and public key, under the
 * type's label.  tweak, where there is one, multiplies the shared secret before.
 */
void x25519_close(uint8_t share[BOX_KEY], uint8_t body[STANZA_BODY], const uint8_t public[BOX_KEY], const uint8_t *tweak,
    const char *label, const uint8_t file_key[AGE_FILE_KEY]);

/* STANZA_BROKEN where share is a point of low order. */
enum stanza_fit x25519_open(uint8_t file_key[AGE_FILE_KEY], const uint8_t share[BOX_KEY], const uint8_t body[STANZA_BODY],
    const uint8_t secret[BOX_KEY], const uint8_t public[BOX_KEY], const uint8_t *tweak, const char *label);

#endif

/*
 * The post-quantum recipients of age (C2SP, age.md, "The MLKEM768-X25519 hybrid
 * post-quantum recipient type"): "age1pq1…", public, and "AGE-SECRET-KEY-PQ-1…",
 * secret.  HPKE (RFC 9180: base mode, HKDF-SHA-256, ChaCha20-Poly1305) over the KEM
 * X-Wing closes the file key.  Where box_xwing() is false no key can be read.  Pure.
 */
#ifndef HYBRID_H
#define HYBRID_H

#include "stanza.h"

struct hybrid {
	uint8_t public[BOX_XWING_PUBLIC];
	uint8_t secret[BOX_KEY];        /* of an identity; zero in a recipient */
};

/* Read one; false where the text is none, or one that nothing can be sealed to. */
bool hybrid_recipient(struct hybrid *, const char *text);
bool hybrid_identity(struct hybrid *, const char *text);

bool hybrid_new(struct hybrid *);       /* a random identity */
void hybrid_print_recipient(struct str *, const struct hybrid *);
void hybrid_print_identity(struct str *, const struct hybrid *);

void hybrid_wrap(struct str *header, const struct hybrid *, const uint8_t file_key[AGE_FILE_KEY]);
enum stanza_fit hybrid_unwrap(const struct hybrid *, const struct stanza *, uint8_t file_key[AGE_FILE_KEY]);

/* Is the stanza as its type must be?  True for those of other types. */
bool hybrid_shape(const struct stanza *);

#endif

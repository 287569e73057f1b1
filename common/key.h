/*
 * Who may open a sealed file: X25519 recipients ("age1…", public) and identities
 * ("AGE-SECRET-KEY-1…", secret), as age-encryption.org/v1 writes them, and files
 * of them: one a line, blank lines and those that begin with '#' are passed over.
 */
#ifndef KEY_H
#define KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "box.h"
#include "str.h"

struct key {
	uint8_t public[BOX_KEY];
	uint8_t secret[BOX_KEY];        /* of an identity; zero in a recipient */
};

/* A list that grows.  All zero is an empty one.  key_free wipes it. */
struct keys {
	struct key *key;
	size_t n;
};

/* Read one; false where it is none.  Adds it to the list. */
bool key_recipient(struct keys *, const char *text);
bool key_identity(struct keys *, const char *text);

/*
 * Read all of a file.  0; -1 and errno where it cannot be read; the number of
 * the first line that is none of its kind, counted from 1.
 */
long key_recipients_from(struct keys *, int fd);
long key_identities_from(struct keys *, int fd);

void key_new(struct key *);                             /* a random identity */
void key_print_recipient(struct str *, const struct key *);
void key_print_identity(struct str *, const struct key *);

void key_free(struct keys *);

#endif

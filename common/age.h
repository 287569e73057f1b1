/*
 * The header of an age v1 file (C2SP, age.md, "Header"): text that wraps the file
 * key for each recipient, and its MAC.  Strict: what the specification does not
 * allow is refused, whether it concerns the keys at hand or not.
 */
#ifndef AGE_H
#define AGE_H

#include "key.h"
#include "scrypt.h"

enum { AGE_HEADER_MAX = 1 << 20 };      /* bytes: some ten thousand recipients */

enum age_rc {
	AGE_OK,
	AGE_MORE,               /* no error so far, but the header goes on behind these bytes */
	AGE_ALIEN,              /* not an age file at all */
	AGE_VERSION,            /* an age file of another version */
	AGE_HEADER,             /* the header breaks the grammar, or is too long */
	AGE_COMPANY,            /* a passphrase's stanza is not alone */
	AGE_HARD,               /* the passphrase takes more work than is allowed */
	AGE_STRANGER,           /* for none of these identities */
	AGE_PASSPHRASE,         /* for a passphrase, and there is none */
	AGE_WRONG,              /* for another passphrase */
	AGE_MEMORY,             /* errno says why the passphrase cannot be worked on */
	AGE_MAC                 /* a recipient's part is good, the header as a whole is not */
};

/* A sentence of what is wrong, for the user. */
const char *age_strerror(enum age_rc);

/* Recipients, or identities, or a passphrase (NULL for none) and the work it takes or may take, as 2^work. */
struct age_keys {
	struct keys keys;
	const struct secret *passphrase;
	unsigned work;
};

/*
 * Append the header that wraps file_key for each of the recipients (at least one)
 * or else for the passphrase.  AGE_OK, AGE_HEADER (more than AGE_HEADER_MAX) or
 * AGE_MEMORY.
 */
enum age_rc age_header_put(struct str *out, const struct age_keys *, const uint8_t file_key[AGE_FILE_KEY]);

/*
 * How long is the header at the start of n bytes, and is it for a passphrase?  By
 * its grammar alone: AGE_OK, AGE_MORE, or what is wrong with it, and then *length
 * as below.
 */
enum age_rc age_header_end(const void *bytes, size_t n, size_t *length, bool *passphrase);

/*
 * Read the header at the start of n bytes.  With AGE_OK, file_key is open and
 * authentic, and *length bytes belong to the header.  With AGE_HEADER, *length is
 * the number of the line at fault.
 */
enum age_rc age_header_get(const void *bytes, size_t n, const struct age_keys *, uint8_t file_key[AGE_FILE_KEY], size_t *length);

#endif

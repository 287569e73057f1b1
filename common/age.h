/*
 * The header of an age v1 file (C2SP, age.md, "Format"): text that wraps the file
 * key for each recipient, and its MAC.  Strict: what the specification does not
 * allow is refused.
 */
#ifndef AGE_H
#define AGE_H

#include <stddef.h>
#include <stdint.h>

#include "key.h"
#include "str.h"

enum { AGE_FILE_KEY = 16, AGE_HEADER_MAX = 1 << 20 };

enum age_rc {
	AGE_OK,
	AGE_MORE,               /* no error so far, but the header goes on behind these bytes */
	AGE_ALIEN,              /* not an age file at all */
	AGE_VERSION,            /* an age file of another version */
	AGE_HEADER,             /* the header breaks the grammar, or is too long */
	AGE_STRANGER,           /* for none of these identities */
	AGE_MAC                 /* a recipient's part is good, the header as a whole is not */
};

/* A sentence of what is wrong, for the user. */
const char *age_strerror(enum age_rc);

/* Append the header that wraps file_key for each of the recipients (at least one). */
void age_header_put(struct str *out, const struct keys *recipients, const uint8_t file_key[AGE_FILE_KEY]);

/*
 * Read the header at the start of n bytes.  With AGE_OK, file_key is open and
 * authentic, and *length bytes belong to the header.
 */
enum age_rc age_header_get(const void *bytes, size_t n, const struct keys *identities,
    uint8_t file_key[AGE_FILE_KEY], size_t *length);

#endif

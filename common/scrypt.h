/*
 * The passphrase recipient of age (C2SP, age.md, "The scrypt recipient type").
 * Its stanza is the only one of its header: age_header_get sees to that.
 */
#ifndef SCRYPT_H
#define SCRYPT_H

#include "secret.h"
#include "stanza.h"

enum {
	SCRYPT_WORK = 18,       /* by default: 256 MiB, and about a second */
	SCRYPT_WORK_MAX = 22,   /* age's limit: 4 GiB */
	SCRYPT_PASSPHRASE_MAX = 4096
};

/* Append a stanza.  false and errno where there is no memory for it. */
bool scrypt_wrap(struct str *header, const struct secret *passphrase, unsigned work, const uint8_t file_key[AGE_FILE_KEY]);

enum scrypt_rc {
	SCRYPT_OK,
	SCRYPT_OTHER,           /* a stanza of another type */
	SCRYPT_BROKEN,          /* not as this type must be */
	SCRYPT_HARD,            /* asks for more work than max_work */
	SCRYPT_WRONG,           /* another passphrase */
	SCRYPT_MEMORY           /* see errno */
};

/* Without a passphrase (NULL) the stanza is only looked at. */
enum scrypt_rc scrypt_unwrap(const struct stanza *, const struct secret *passphrase, unsigned max_work,
    uint8_t file_key[AGE_FILE_KEY]);

#endif

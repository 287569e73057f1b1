/*
 * SSH keys of type ssh-ed25519 as recipients and identities, as age has them: the
 * Ed25519 key becomes one of X25519, and the stanza names it by four bytes of the
 * hash of its public key.  The texts are OpenSSH's: a line of a .pub file, and a
 * private key (PROTOCOL.key) without a passphrase.  Pure.
 */
#ifndef SSHKEY_H
#define SSHKEY_H

#include "stanza.h"

enum { SSHKEY_TAG = 4 };

struct sshkey {
	uint8_t public[BOX_KEY];        /* as X25519 keys */
	uint8_t secret[BOX_KEY];        /* of an identity; zero in a recipient */
	uint8_t tag[SSHKEY_TAG];
	uint8_t tweak[BOX_KEY];
};

enum sshkey_rc {
	SSHKEY_OK,
	SSHKEY_ALIEN,           /* no SSH key at all */
	SSHKEY_TYPE,            /* an SSH key of another type */
	SSHKEY_LOCKED,          /* a private key under a passphrase */
	SSHKEY_DAMAGED          /* begins as one, and is malformed */
};

/* "ssh-ed25519 AAAA…", and perhaps a comment. */
enum sshkey_rc sshkey_recipient(struct sshkey *, const char *text);

/* n bytes of text, from "-----BEGIN OPENSSH PRIVATE KEY-----" on. */
enum sshkey_rc sshkey_identity(struct sshkey *, const char *text, size_t n);

void sshkey_wrap(struct str *header, const struct sshkey *, const uint8_t file_key[AGE_FILE_KEY]);
enum stanza_fit sshkey_unwrap(const struct sshkey *, const struct stanza *, uint8_t file_key[AGE_FILE_KEY]);

#endif

/*
 * Who may open a sealed file: recipients, public, and identities, secret, of each
 * type that is known here; and files of them.  A recipients file has one a line;
 * so has an identities file, or it is one private key of OpenSSH.  Blank lines and
 * those that begin with '#' are passed over.  Pure.
 */
#ifndef KEY_H
#define KEY_H

#include "hybrid.h"
#include "secret.h"
#include "sshkey.h"
#include "x25519.h"

struct key {
	enum { KEY_X25519, KEY_SSH, KEY_PQ } type;
	union {
		struct x25519 x25519;
		struct sshkey ssh;
		struct hybrid *pq;      /* in memory of box_alloc; the list's */
	};
};

/* A list that grows, in memory of box_alloc.  All zero is an empty one. */
struct keys {
	struct key *key;
	size_t n, room;
};

enum key_rc {
	KEY_OK,
	KEY_ALIEN,              /* not a key of any kind */
	KEY_DAMAGED,            /* an age key, misspelled */
	KEY_IDENTITY,           /* an identity in place of a recipient */
	KEY_RECIPIENT,          /* a recipient in place of an identity */
	KEY_HYBRID,             /* a post-quantum one, and libsodium knows none */
	KEY_PLUGIN,             /* of a type that other programs add to age */
	KEY_SSH_TYPE,           /* an SSH key that is not ssh-ed25519 */
	KEY_SSH_LOCKED,         /* an SSH key under a passphrase */
	KEY_SSH_DAMAGED,
	KEY_NONE                /* a file without any key */
};

/* A sentence without a subject, that never quotes the key. */
const char *key_strerror(enum key_rc);

/* Read one and add it to the list. */
enum key_rc key_recipient(struct keys *, const char *text);
enum key_rc key_identity(struct keys *, const char *text);

/* The same with a whole file in memory.  *line is that of the error, from 1; 0 where it is the whole file's. */
enum { KEY_FILE_MAX = 1 << 22 };
enum key_rc key_recipients(struct keys *, const char *text, size_t n, unsigned long *line);
enum key_rc key_identities(struct keys *, const char *text, size_t n, unsigned long *line);

/* Add a random identity, of a type that is no SSH key's. */
enum key_rc key_new(struct keys *, bool pq);

/* As their files have them.  There is none for an SSH key: false. */
bool key_print_recipient(struct str *, const struct key *);
bool key_print_identity(struct secret *, const struct key *);

/* Are some of them post-quantum and some not?  Then the former are of no use: who breaks the others opens the file. */
bool key_mixed(const struct keys *);

void key_wrap(struct str *header, const struct key *, const uint8_t file_key[AGE_FILE_KEY]);
enum stanza_fit key_unwrap(const struct key *, const struct stanza *, uint8_t file_key[AGE_FILE_KEY]);

void key_free(struct keys *);

#endif

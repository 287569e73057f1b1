/*
 * The keys that a command line names: recipients, identities, files of them, a
 * passphrase.  Speaks for the command: what is wrong with them ends it.
 */
#ifndef KEYRING_H
#define KEYRING_H

#include "age.h"

struct keyring {
	struct age_keys keys;
	struct secret passphrase;       /* keys.passphrase, once it is known */
	int passphrase_fd;              /* where it comes from; -1 for the terminal */
	bool ask;                       /* it may be asked for */
};

/* A recipient as it stands on the command line, behind -r. */
void keyring_recipient(struct keyring *, const char *text);

/* A file of recipients; "-" is standard input. */
void keyring_recipients(struct keyring *, const char *path);

/* A file of identities, which may be itself an age file. */
void keyring_identities(struct keyring *, const char *path);

/* The same for a list of keys alone: a sealed file is refused.  NULL is standard input. */
void keyring_read_identities(struct keys *, const char *path);

/* The passphrase, from where it comes; twice, if it is typed where a slip would lock somebody out. */
void keyring_passphrase(struct keyring *, bool twice);

void keyring_free(struct keyring *);

#endif

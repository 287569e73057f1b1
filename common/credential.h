/*
 * Temporary keys from those who hand them out: STS for a role, a process, the
 * container that this runs in, the machine that it runs on.  Each asks once (with
 * the tries that its protocol allows for) and returns false with why; no text that
 * comes back, and no secret, is in it.
 *
 * Sources: the SDKs' reference guide, "Standardized credential providers".
 */
#ifndef CREDENTIAL_H
#define CREDENTIAL_H

#include <stdbool.h>

#include "cred.h"
#include "str.h"

/* Copies; token may be NULL or "".  false: one of them could not stand in a header. */
bool credential_make(struct cred *, const char *key, const char *secret, const char *token);

struct credential_role {
	const char *arn;
	const char *session, *external, *duration;      /* "": what suits, none, what suits */
	const char *token_file;                         /* of a web identity */
};

/* AssumeRole signed by base; AssumeRoleWithWebIdentity where base is NULL. */
bool credential_assume(const struct cred_options *, const struct credential_role *, const struct cred *base,
    struct cred *, struct str *why);

/* Run the command, split as a shell would split it but by no shell. */
bool credential_process(const char *command, struct cred *, struct str *why);

bool credential_container(const struct cred_options *, struct cred *, struct str *why);
bool credential_machine(const struct cred_options *, struct cred *, struct str *why);

/* Split into words: blanks, quotes and backslashes as in sh.  words is NULL-ended; both are for free(), text last. */
char **credential_words(const char *command, char **text);

#endif

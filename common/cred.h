/*
 * The key pair that signs the requests, and where it comes from.  In this order,
 * as the AWS tools do it:
 *
 *   1  a file of Java properties (accessKey, secretKey), where one is given
 *   2  the environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
 *   3  the profile's keys in the shared credentials file
 *   4  the profile's keys in the config file
 *
 * The first that is there counts; one that is there but broken is an error.
 */
#ifndef CRED_H
#define CRED_H

#include <stdbool.h>
#include <stdint.h>

#include "profile.h"
#include "str.h"

struct cred {
	char *access_key, *secret;
	char *token;                    /* NULL: none */
	int64_t expires;                /* seconds since 1970; 0: never */
};

void cred_free(struct cred *);          /* wipes; all zero is allowed */

struct creds;

/*
 * Find the source.  properties: the file's name, or NULL.  The profile stays the
 * caller's and must outlive this.  NULL where there is none, or a broken one; why
 * then says so.
 */
struct creds *creds_open(profile_env *env, const struct profile *, const char *properties, struct str *why);
void creds_free(struct creds *);        /* NULL is allowed */

/* A copy of the keys that are good now, from any thread.  0, or -1 and why. */
int creds_get(struct creds *, int64_t now, struct cred *, struct str *why);

/* In words, without a secret: "the environment". */
const char *creds_source(const struct creds *);

#endif

/*
 * The key pair that signs the requests, and where it comes from.  In this order,
 * as the AWS tools do it:
 *
 *   1  a file of Java properties (accessKey, secretKey), where one is given
 *   2  the environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
 *   3  a role that the profile names (role_arn), taken by STS with the keys of its
 *      source_profile or credential_source
 *   4  a role for the token in a file (AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN,
 *      or the profile's), by STS
 *   5  the profile's keys in the shared credentials file
 *   6  what the profile's credential_process prints
 *   7  the profile's keys in the config file
 *   8  the file that AWS_CREDENTIAL_FILE names
 *   9  the container that this runs in (ECS, EKS)
 *  10  the machine that this runs on (EC2, IMDSv2)
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

/* All of it stays the caller's and must outlast the creds. */
struct cred_options {
	profile_env *env;
	const struct profile *profile;
	const char *properties;         /* the file's name, or NULL */
	const char *region;             /* whose STS is asked */
	const char *ca_bundle;          /* as http_options has it */
	bool insecure;                  /* plain http to anywhere */
};

/* Find the source, and get keys from it.  NULL where there is none, or a broken one; why then says so. */
struct creds *creds_open(const struct cred_options *, struct str *why);
void creds_free(struct creds *);        /* NULL is allowed */

/*
 * A copy of the keys that are good at the time now, from any thread; temporary ones
 * are replaced a quarter of an hour before they expire.  0, or -1 and why.
 */
int creds_get(struct creds *, int64_t now, struct cred *, struct str *why);

/* The service says that they have expired: get others next time.  false: there are no others. */
bool creds_expired(struct creds *);

/* In words, without a secret: "the environment". */
const char *creds_source(const struct creds *);

#endif

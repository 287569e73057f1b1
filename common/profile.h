/*
 * What the AWS tools' two files say: ~/.aws/config and ~/.aws/credentials, or
 * where AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE point, for the profile
 * that AWS_PROFILE names ("default" without it).
 */
#ifndef PROFILE_H
#define PROFILE_H

#include <stdbool.h>

#include "str.h"

/* The environment, as getenv gives it. */
typedef char *profile_env(const char *name);

struct profile;

/*
 * Read the files.  One that is not there is as if empty.  NULL where a file
 * cannot be read, is longer than 1 MiB, or where a profile was named that is in
 * neither of them; why then says so.
 */
struct profile *profile_open(profile_env *env, struct str *why);
void profile_free(struct profile *);            /* NULL is allowed */

const char *profile_name(const struct profile *);
const char *profile_credentials(const struct profile *);       /* the file, for messages */

/* A setting of the named profile (NULL: the one in use).  Replaces *value. */
bool profile_config(const struct profile *, const char *name, const char *key, struct str *value);
bool profile_secret(const struct profile *, const char *name, const char *key, struct str *value);

/* The endpoint that is set for a service ("glacier"): by "services", else "endpoint_url". */
bool profile_endpoint(const struct profile *, const char *service, struct str *value);

/* Read a whole small file: 0, or -1 and errno (EFBIG above 1 MiB). */
int profile_read(const char *path, struct str *text);

#endif

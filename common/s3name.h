/*
 * What things are called in a bucket.  The key of an object is the store's prefix and
 * the archive's name; its id is the key, with "?versionId=" and the version behind it
 * where the bucket keeps versions.
 */
#ifndef S3NAME_H
#define S3NAME_H

#include <stdbool.h>

#include "str.h"

enum { S3_KEY_MAX = 1024 };             /* bytes */

/* 3 to 63 of a-z 0-9 . -, a letter or digit at both ends. */
bool s3_bucket_good(const char *name);
/* Is it a storage class that can be asked for? */
bool s3_class_good(const char *class);

/* Can an archive have that name?  Could it be the id of one? */
bool s3_takes_name(const char *name, struct str *why);
bool s3_takes_id(const char *id);

/* The key in an id, to be freed; *version is the rest of id, or NULL. */
char *s3_key(const char *id, const char **version);

/* Append the id of that key; version NULL, "" or "null": the bucket keeps none. */
void s3_put_id(struct str *id, const char *key, const char *version);

/* The name of what has that key: what follows the prefix; all of it where that is not there. */
const char *s3_name(const char *prefix, const char *key);

#endif

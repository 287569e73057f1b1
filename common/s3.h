/*
 * Buckets of Amazon S3, and of what speaks like it, as a kind of store:
 * "s3://BUCKET/PREFIX".  An archive is an object, its key PREFIX/NAME, its id the
 * key, with "?versionId=" and the version behind it where the bucket keeps versions.
 * The tree hash is in the object's metadata (x-amz-meta-treehash), or, where it was
 * not known when the upload began, in a tag of that name.
 */
#ifndef S3_H
#define S3_H

#include "retry.h"
#include "store.h"

extern const struct store_kind s3_kind;

/* Is an answer with this status (0: none) and this code worth another try? */
enum retry s3_again(int status, const char *code);

/* 3 to 63 of a-z 0-9 . -, a letter or digit at both ends. */
bool s3_bucket_good(const char *name);

#endif

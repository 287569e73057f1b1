/*
 * Buckets of Amazon S3, and of what speaks like it, as a kind of store:
 * "s3://BUCKET/PREFIX".  An archive is an object, its key PREFIX/NAME, its id the
 * key, with "?versionId=" and the version behind it where the bucket keeps versions.
 */
#ifndef S3_H
#define S3_H

#include "store.h"

extern const struct store_kind s3_kind;

#endif

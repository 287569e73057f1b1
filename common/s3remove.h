/*
 * Removing from a bucket, as a struct store_kind has it: what an object is bound to by
 * its class, and DeleteObjects, whose every result is looked at.
 */
#ifndef S3REMOVE_H
#define S3REMOVE_H

#include "s3object.h"

enum store_rc s3_terms(void *, unsigned lane, struct store_doomed *, size_t n, struct str *why);
enum store_rc s3_remove(void *, unsigned lane, struct store_doomed *, size_t n, struct str *why);

#endif

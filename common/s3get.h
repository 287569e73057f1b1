/*
 * The way back from a bucket, as a struct store_kind has it: RestoreObject where the
 * class freezes, and then ranges.  What has thawed is known by x-amz-restore.
 */
#ifndef S3GET_H
#define S3GET_H

#include "s3object.h"

enum store_rc s3_states(void *, unsigned lane, struct store_item **, size_t n, struct str *why);
enum store_rc s3_thaw(void *, unsigned lane, struct store_item *, enum store_tier, struct str *why);
enum store_rc s3_fetch(void *, unsigned lane, const struct store_item *, uint64_t offset, size_t length, uint8_t *buf,
    uint8_t tree[SHA256_SIZE], struct str *name, struct str *why);

#endif

/*
 * Putting an archive, as a struct store_kind has it.
 *
 * What is shorter than a part goes up with one PutObject, when the archive is
 * finished; anything longer as a multipart upload, begun with its first part.
 * Nothing is overwritten (If-None-Match: *), and so both can be repeated: where the
 * object is there already it is compared with what was to be put, by its tree hash
 * or by its checksum, and the same is as good as stored.
 *
 * Bodies are always signed with their hash, so nothing depends on TLS for being whole.
 */
#ifndef S3UPLOAD_H
#define S3UPLOAD_H

#include "s3multipart.h"

enum store_rc s3_upload_begin(void *, unsigned lane, const char *name, uint64_t part_size, void **up, struct str *why);
void *s3_upload_at(void *, const char *name, uint64_t part_size, const char *id);
const char *s3_upload_name(const void *up);
int64_t s3_upload_begun(const void *up);
void s3_upload_expect(void *up, const uint8_t tree[SHA256_SIZE]);
enum store_rc s3_upload_send(void *, void *up, unsigned lane, const struct store_part *, struct str *why);
enum store_rc s3_upload_finish(void *, void *up, unsigned lane, uint64_t size, const uint8_t tree[SHA256_SIZE],
    struct str *id, struct str *why);

#endif

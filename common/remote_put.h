/*
 * Uploads into a vault, as a struct store_kind has them.
 *
 * A part (the same range, the same bytes), Complete and Abort may be repeated.
 * Initiate may be, too, but a try whose answer was lost may have made an upload that
 * nobody knows; it is found by its name and by having no parts, and aborted.
 *
 * UploadArchive, which sends a small archive in one request, is not used: when its
 * answer is lost nobody can tell whether there is an archive now, and no list shows
 * it for a day.  An upload of one part costs two small requests more, and its
 * Complete can be repeated.
 */
#ifndef REMOTE_PUT_H
#define REMOTE_PUT_H

#include "remote.h"

enum store_rc remote_put_begin(void *, unsigned lane, const char *name, uint64_t part_size, void **up, struct str *why);
enum store_rc remote_put_send(void *, void *up, unsigned lane, const struct store_part *, struct str *why);
enum store_rc remote_put_finish(void *, void *up, unsigned lane, uint64_t size, const uint8_t tree[SHA256_SIZE],
    struct str *id, struct str *why);
enum store_rc remote_put_abort(void *, void *up, unsigned lane, struct str *why);
const char *remote_put_id(const void *up);
const char *remote_put_name(const void *up);
int64_t remote_put_begun(const void *up);
enum store_rc remote_put_uploads(void *, unsigned lane, void ***list, size_t *n, struct str *why);
void *remote_put_at(void *, const char *name, uint64_t part_size, const char *id);
enum store_rc remote_put_look(void *, void *up, unsigned lane, struct str *why);
uint64_t remote_put_part_size(const void *up);
bool remote_put_held(const void *up, size_t i, uint64_t *offset, uint64_t *length);
bool remote_put_has(const void *up, const struct store_part *);
void remote_put_free(void *up);

#endif

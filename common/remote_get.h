/* Archives out of a vault, as a struct store_kind has them: their jobs, and what the jobs bring. */
#ifndef REMOTE_GET_H
#define REMOTE_GET_H

#include "remote.h"

enum store_rc remote_get_states(void *, unsigned lane, struct store_item **, size_t n, struct str *why);
enum store_rc remote_get_thaw(void *, unsigned lane, struct store_item *, enum store_tier, struct str *why);
enum store_rc remote_get_fetch(void *, unsigned lane, const struct store_item *, uint64_t offset, size_t length,
    uint8_t *buf, uint8_t tree[SHA256_SIZE], struct str *name, struct str *why);

#endif

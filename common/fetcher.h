/*
 * An archive out of a store into a file, in pieces on several threads.  The
 * pieces are written in order, so what is in a file that was left unfinished is
 * the archive's beginning, and the next run goes on behind it.
 */
#ifndef FETCHER_H
#define FETCHER_H

#include <stdint.h>

#include "sha256.h"
#include "store.h"
#include "str.h"

struct fetcher;

struct fetcher *fetcher_new(struct store *, unsigned threads);
void fetcher_free(struct fetcher *);            /* NULL is allowed; ends what is under way */

/*
 * Fetch a ready item into fd, which holds have bytes that may be its beginning.
 * STORE_OK only if all of it is there and its tree hash is the item's, where it has one.  Otherwise
 * *spoilt tells whether what fd holds is of no use to another try.
 */
enum store_rc fetcher_get(struct fetcher *, const struct store_item *, int fd, uint64_t have, bool *spoilt,
    struct str *why);

/*
 * Fetch just the bytes of a ready item that are wanted (first, count) into fd, which
 * holds nothing.  Whole nodes of the tree are fetched, as far as the job has them, and
 * where the service has their hashes they are checked.
 */
enum store_rc fetcher_range(struct fetcher *, const struct store_item *, int fd, struct str *why);

/* The tree hash of the first size bytes of fd.  0, or -1 and errno (ENODATA: it is shorter). */
int fetcher_hash(int fd, uint64_t size, uint8_t hash[SHA256_SIZE]);

#endif

/*
 * Archives on their way into a store, several at once: the parts of all of them
 * go up in parallel, and each is finished in the order in which it was begun.
 *
 * A regular file is read twice, once for the hashes and once for the network, and
 * again for each try, so it costs no memory; a file that changes meanwhile is
 * noticed by its size, its time, and by the service, which checks both hashes.  Of
 * anything else each part stays in memory until it is acknowledged: as many parts
 * as there are threads.
 *
 * The upload of a file that was interrupted is gone on with: it is found by its name
 * and by its first part, and the parts that are there are not sent again.
 *
 * All calls come from one thread, but for sender_state.  The loop: begin while
 * sender_room says so, then step.
 */
#ifndef SENDER_H
#define SENDER_H

#include <stdbool.h>
#include <stdint.h>

#include "pending.h"
#include "sha256.h"
#include "store.h"
#include "str.h"

struct sender;

struct sender_options {
	struct store *store;
	unsigned threads;
	uint64_t part;                  /* the size of the parts; 0: what suits */
	uint64_t expect;                /* how long what is no regular file will be at most; 0: nobody knows */
	struct pending *pending;        /* told of each archive before its last step; or NULL */
	void (*tell)(const char *what); /* told of uploads that are gone on with, from any thread */
};

struct sender *sender_new(const struct sender_options *);
void sender_free(struct sender *);              /* NULL is allowed; ends what is under way */

/* How long an archive from a stream can get. */
uint64_t sender_longest(const struct sender *);

/* May another archive be begun, and is nothing under way? */
bool sender_room(const struct sender *);
bool sender_idle(const struct sender *);

/*
 * Begin what fd gives, from where it stands, as the archive called name; fd is
 * the sender's then.  It must have the tree hash want, where want is not NULL.
 */
enum store_rc sender_begin(struct sender *, const char *name, int fd, const uint8_t *want, struct str *why);

struct sender_archive {
	char *name;
	uint64_t size;
	uint8_t hash[SHA256_SIZE];
	struct str id;                  /* what the store calls it */
	uint64_t there;                 /* bytes that an earlier run had sent */
};

/*
 * Do some of the work.  false where nothing is under way.  *done is set to the
 * archive that is stored now, valid until the next call, or to NULL.  Where *rc is
 * not STORE_OK the oldest archive has failed, why begins with its name, and all
 * that is left to do is sender_free.
 */
bool sender_step(struct sender *, const struct sender_archive **done, enum store_rc *rc, struct str *why);

/* The tree hash of a regular file from its beginning, on all threads, while idle.  0, or -1 and errno. */
int sender_hash(struct sender *, int fd, uint8_t hash[SHA256_SIZE]);

/* From any thread: append what is under way, and what of it is there; nothing where nothing is. */
void sender_state(struct sender *, struct str *);

#endif

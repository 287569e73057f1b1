/*
 * The buckets of a server, in a directory:
 *
 *	buckets/NAME/log                a line for the bucket and for each change, in order
 *	buckets/NAME/objects/XX/ID      the bytes of an object; XX are the first two of its id
 *	buckets/NAME/incoming/ID        an object that is being received
 *	buckets/NAME/uploads/           see mpu.h
 *	trash/                          buckets that were deleted
 *
 * The log is tab-separated text, keys escaped as str.h does:
 *
 *	bucket  TIME
 *	+  TIME  SIZE  ID  ETAG  CLASS  KEY  NAME=VALUE ...
 *	-  TIME  KEY
 *	r  TIME  KEY  READY  EXPIRES
 *
 * A line is written when the bytes are durable; of two lines with one key the
 * later one counts, and where both have one id only the attributes were changed.  The file of an object is moved to objects/ behind its line,
 * or when the server starts again.  For use from several threads; times are
 * milliseconds since 1970.
 */
#ifndef BUCKET_H
#define BUCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "id.h"
#include "mpu.h"
#include "str.h"

enum {
	BUCKET_NAME = 64,               /* with its NUL */
	BUCKET_COUNT = 1000,            /* at most */
	BUCKET_KEY = 1025,              /* with its NUL */
	BUCKET_CLASS = 24, BUCKET_ETAG = 48     /* with their NULs */
};

struct buckets;
struct bucket;                  /* valid until buckets_close, also where it was deleted */
struct receiving;               /* an object on its way in */

struct object {
	char id[ID_UPLOAD + 1];
	int64_t time;
	uint64_t size;
	char etag[BUCKET_ETAG];         /* without quotes */
	char class[BUCKET_CLASS];
	struct str attrs;               /* see attrs.h; object_clear frees it */
	int64_t ready, expires;         /* of the copy that was asked for; 0: none was */
};
void object_clear(struct object *);

/* In the directory that vaults_open has locked.  NULL and errno: EINVAL where a log is damaged. */
struct buckets *buckets_open(const char *path);
void buckets_close(struct buckets *);

/* 3 to 63 of a-z 0-9 . - with a letter or digit at either end. */
bool bucket_name_good(const char *name);

int buckets_create(struct buckets *, const char *name, int64_t now);    /* 0; -1 and errno: EEXIST, EDQUOT */
int buckets_delete(struct buckets *, const char *name);                 /* 0; -1 and errno: ENOENT, ENOTEMPTY */
struct bucket *bucket_find(struct buckets *, const char *name);         /* NULL: none of this name */

/* The first whose name is not before ${from}.  NULL: none. */
struct bucket *buckets_next(struct buckets *, const char *from);
const char *bucket_name(const struct bucket *);
int64_t bucket_created(const struct bucket *);
struct mpus *bucket_uploads(struct bucket *);

/* What stands under this key now, to be cleared.  false: nothing. */
bool bucket_get(struct bucket *, const char *key, struct object *);
int bucket_open_object(struct bucket *, const struct object *);         /* a descriptor to read; -1 and errno */

/* The first key that is ${from} or comes behind it, for free().  NULL: none. */
char *bucket_next(struct bucket *, const char *from);

/* Receive an object.  seed: its id follows from it, NULL: it is a new one.  NULL and errno. */
struct receiving *bucket_receive(struct bucket *, const char *seed);
int receiving_write(struct receiving *, const void *bytes, size_t n);   /* 0; -1 and errno */
uint64_t receiving_length(const struct receiving *);                    /* so far */

/*
 * Keep it under this key, as ${o} says, which gets id and size; with only_new
 * only where there is nothing.  Frees it.  0; -1 and errno: EEXIST, ENOENT
 * (the bucket has gone).
 */
int receiving_keep(struct receiving *, const char *key, struct object *o, bool only_new);
void receiving_discard(struct receiving *);             /* NULL is allowed */

/* Give what is under this key other attributes.  0, also where nothing is; -1 and errno. */
int bucket_change(struct bucket *, const char *key, const char *attrs);

/* Remove what is under this key.  0, also where nothing is; -1 and errno. */
int bucket_remove(struct bucket *, const char *key, int64_t now);

/* A copy of what is under this key will be there from ready until expires.  0; -1 and errno. */
int bucket_restore(struct bucket *, const char *key, int64_t now, int64_t ready, int64_t expires);

/* The id of the object that the upload of this id becomes. */
void bucket_completed_id(char id[ID_UPLOAD + 1], const char *upload);

#endif

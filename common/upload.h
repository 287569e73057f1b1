/*
 * Uploads in parts, of one vault.  Each is a directory with two files: data, into
 * which parts are written at their places, and log, which holds a line for the
 * upload and for each part that is whole:
 *
 *	upload  TIME  PART-SIZE  DESCRIPTION
 *	part    TIME  NUMBER  LENGTH  TREE-HASH
 *	drop    TIME  NUMBER
 *
 * A part exists once its line is durable, which is after its bytes are.  A part
 * that exists and is sent again is received beside data and moved in only where
 * it differs, behind a "drop" line: at no instant does a line stand for bytes
 * that are not there.  For use from several threads.
 */
#ifndef UPLOAD_H
#define UPLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "id.h"
#include "sha256.h"

enum { UPLOAD_PARTS = 10000 };

struct uploads;                 /* all of one vault */
struct upload;                  /* one; counted: what upload_find gives goes back by upload_drop */
struct upload_put;              /* a part on its way in */

struct uploads *uploads_open(int dir);          /* what is in the directory; NULL and errno */
void uploads_close(struct uploads *);           /* NULL is allowed */
int uploads_dir(const struct uploads *);         /* its directory; stays theirs */

/* Begin one.  NULL and errno. */
struct upload *upload_new(struct uploads *, uint64_t part_size, const char *description, int64_t now);
struct upload *upload_find(struct uploads *, const char *id);   /* NULL: none of this name */
void upload_drop(struct upload *);              /* NULL is allowed */

/* Remove those in which nothing has happened since this moment. */
void uploads_expire(struct uploads *, int64_t used_before);

/* The first of those whose id is not before ${from}, in the order of their ids; up to max.  To be dropped each. */
size_t uploads_list(struct uploads *, const char *from, struct upload **list, size_t max);

const char *upload_id(const struct upload *);
const char *upload_description(const struct upload *);
uint64_t upload_part_size(const struct upload *);
int64_t upload_created(const struct upload *);

/*
 * Receive the part with this number.  Who comes later is right: an earlier one
 * of the same number that has not ended is cut off.  NULL and errno (ENOENT: the
 * upload has ended).
 */
struct upload_put *upload_put(struct upload *, unsigned number);

/* The next n bytes of it.  0; -1 and errno (ESTALE: it was cut off; ENOENT: the upload has ended). */
int upload_write(struct upload_put *, const void *bytes, size_t n);

/* Keep it, with this tree hash.  0; -1 and errno, as above.  Frees it. */
int upload_keep(struct upload_put *, const uint8_t tree[SHA256_SIZE], int64_t now);
void upload_discard(struct upload_put *);       /* NULL is allowed */

/* The first part whose number is not below *number; false: none.  *number becomes its. */
bool upload_part(struct upload *, unsigned *number, uint64_t *length, uint8_t tree[SHA256_SIZE]);

/* All parts together, from the first one without a gap, each but the last of full length; false: they are not so. */
bool upload_whole(struct upload *, uint64_t *size, uint8_t tree[SHA256_SIZE]);

/*
 * End it: what is on its way is cut off, nothing more goes in.  false: it has
 * ended already.  Then either upload_reopen, or upload_remove, before which the
 * caller may take the file UPLOAD-ID/data out of the directory of all uploads.
 */
bool upload_end(struct upload *);
void upload_reopen(struct upload *);
int upload_remove(struct upload *);

/* End it and remove it.  0, also where it was aborted not long ago; -1 and errno (ENOENT: there is none, or it ended well). */
int upload_abort(struct uploads *, const char *id);

#endif

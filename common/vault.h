/*
 * The vaults of a server, in a directory:
 *
 *	lock                    held by the server that runs
 *	vaults/NAME/log         a line for the vault and for each change, in order
 *	vaults/NAME/archives/XX/ID      the bytes of an archive; XX are the first two of its id
 *	vaults/NAME/incoming/ID an archive that is being received in one piece
 *	vaults/NAME/uploads/    see upload.h
 *	vaults/NAME/jobs/       see job.h
 *	trash/                  vaults that were deleted
 *
 * The log is tab-separated text:
 *
 *	vault  TIME
 *	+  TIME  SIZE  TREE-HASH  ID  DESCRIPTION
 *	-  TIME  ID
 *
 * An archive is there once its "+" line is durable, which is after its bytes
 * are; its file is moved to archives/ then, or when the server starts again: an
 * archive's id follows from the id that it had while on its way, so that it is
 * found.  For use from several threads; times are milliseconds since 1970.
 */
#ifndef VAULT_H
#define VAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "id.h"
#include "job.h"
#include "sha256.h"
#include "upload.h"

enum {
	VAULT_NAME = 256,               /* with its NUL */
	VAULT_COUNT = 1000,             /* at most */
	VAULT_DESCRIPTION = 1025,       /* of an archive, with its NUL */
	VAULT_OVERHEAD = 32768          /* counted for each archive beside its bytes */
};

struct vaults;
struct vault;                   /* counted: what vault_find gives goes back by vault_drop */
struct incoming;                /* an archive on its way in */

struct archive {
	char id[ID_ARCHIVE + 1];
	int64_t time;
	uint64_t size;
	uint8_t tree[SHA256_SIZE];
	char description[VAULT_DESCRIPTION];
};

/* NULL and errno: EBUSY where another server runs there, EINVAL where a log is damaged. */
struct vaults *vaults_open(const char *path);
void vaults_close(struct vaults *);

/* Up to 255 of A-Z a-z 0-9 _ - . but not "." or "..". */
bool vault_name_good(const char *name);

/* 0, also where it is there; -1 and errno: EDQUOT where there are too many. */
int vaults_create(struct vaults *, const char *name, int64_t now);

/* 0, also where it is not there; -1 and errno: ENOTEMPTY (or written to since its inventory, see vault_state). */
int vaults_delete(struct vaults *, const char *name, int64_t now, int64_t every);

/* The names from ${from} on, in ASCII order; up to max. */
size_t vaults_list(struct vaults *, const char *from, char (*names)[VAULT_NAME], size_t max);

/* Is an archive of this id, deleted or not, in any vault but this one? */
bool vaults_elsewhere(struct vaults *, const struct vault *, const char *id);

struct vault *vault_find(struct vaults *, const char *name);    /* NULL: none of this name */
void vault_drop(struct vault *);                                /* NULL is allowed */

struct vault_state {
	int64_t created, inventoried;           /* 0: not yet */
	uint64_t archives, size;                /* as of then */
	uint64_t end;                           /* of the log as of then, for vault_inventory */
};

/* Inventories are made at the multiples of ${every}, if something has changed; or, where that is 0, all the time. */
void vault_state(struct vault *, int64_t now, int64_t every, struct vault_state *);

struct uploads *vault_uploads(struct vault *);
struct jobs *vault_jobs(struct vault *);

/* Receive an archive.  NULL and errno. */
struct incoming *vault_receive(struct vault *);
int incoming_write(struct incoming *, const void *bytes, size_t n);     /* 0; -1 and errno */

/* Keep it as ${a} says, which gets its id.  0; -1 and errno.  Frees it. */
int incoming_keep(struct incoming *, struct archive *a);
void incoming_discard(struct incoming *);                               /* NULL is allowed */

/* Add a job (see job_add) whose output is that archive, or what was received.  0; -1 and errno.  Frees what was received. */
int vault_add_job(struct vault *, struct job *, const char *archive);
int incoming_add_job(struct incoming *, struct job *);

/* Make an archive of an upload, as ${a} says. */
enum vault_rc { VAULT_OK, VAULT_SYSTEM /* see errno */, VAULT_ENDED, VAULT_GAPS, VAULT_SIZE, VAULT_TREE };
enum vault_rc vault_complete(struct vault *, struct upload *, struct archive *a);

/* The id of the archive that the upload of this id has become, or would become. */
void vault_completed_id(char archive[ID_ARCHIVE + 1], const char *upload);

enum vault_has { VAULT_NEVER, VAULT_HAS, VAULT_HAD };
enum vault_has vault_archive(struct vault *, const char *id, struct archive *);        /* VAULT_NEVER, too, on an error */
int vault_open_archive(struct vault *, const char *id);                /* a descriptor to read; -1 and errno */
int vault_remove(struct vault *, const char *id, int64_t now);          /* 0; -1 and errno */

/*
 * Each archive of the inventory that ends at ${end}, from the place ${from} on (0:
 * the first).  Stops where it returns other than 0, and returns that.  -1 and errno.
 */
typedef int vault_item(void *shared, uint64_t at, const struct archive *);
int vault_inventory(struct vault *, uint64_t from, uint64_t end, vault_item *, void *shared);

#endif

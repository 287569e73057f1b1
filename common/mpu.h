/*
 * Uploads in parts, of one bucket.  Each is a directory with a file for each
 * part and a log:
 *
 *	upload  TIME  CLASS  CHECKSUM  KEY  NAME=VALUE ...
 *	part    TIME  NUMBER  SIZE  MD5  CHECKSUM  FILE
 *
 * A part is there once its line is durable, which is after its bytes are; of two
 * with one number the later one counts.  For use from several threads.
 */
#ifndef MPU_H
#define MPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "checksum.h"
#include "id.h"
#include "sha256.h"

enum { MPU_PARTS = 10000, MPU_FILE = 20 };

struct mpus;                    /* all of one bucket */
struct mpu;                     /* one; counted: what mpu_find gives goes back by mpu_drop */
struct mpu_put;                 /* a part on its way in */

struct mpu_part {
	bool have;
	int64_t time;
	uint64_t size;
	uint8_t md5[MD5_SIZE];
	uint8_t sum[SHA256_SIZE];       /* of the upload's kind; none where that is CHECKSUM_NONE */
	char file[MPU_FILE];
};

struct mpus *mpus_open(int dir);                /* what is in the directory; NULL and errno */
void mpus_close(struct mpus *);                 /* NULL is allowed */

/* Begin one.  NULL and errno. */
struct mpu *mpu_new(struct mpus *, const char *key, const char *class, enum checksum_kind, const char *attrs, int64_t now);
struct mpu *mpu_find(struct mpus *, const char *id);    /* NULL: none of this name */
void mpu_drop(struct mpu *);                    /* NULL is allowed */

/* The first one behind this key and id, by key and then id; NULL: none.  To be dropped. */
struct mpu *mpu_next(struct mpus *, const char *key, const char *id);

const char *mpu_id(const struct mpu *);
const char *mpu_key(const struct mpu *);
const char *mpu_class(const struct mpu *);
const char *mpu_attrs(const struct mpu *);
enum checksum_kind mpu_kind(const struct mpu *);
int64_t mpu_created(const struct mpu *);

/* Receive the part with this number, from 1.  NULL and errno. */
struct mpu_put *mpu_put(struct mpu *, unsigned number);
int mpu_write(struct mpu_put *, const void *bytes, size_t n);   /* 0; -1 and errno */

/* Keep it, with its hashes.  0; -1 and errno: ENOENT where the upload has ended.  Frees it. */
int mpu_keep(struct mpu_put *, const uint8_t md5[MD5_SIZE], const uint8_t *sum, int64_t now);
void mpu_discard(struct mpu_put *);             /* NULL is allowed */

/* The first part whose number is not below *number, which becomes its; false: none. */
bool mpu_part(struct mpu *, unsigned *number, struct mpu_part *);
int mpu_open_part(struct mpu *, const struct mpu_part *);       /* a descriptor to read; -1 and errno */

/*
 * End it: nothing more goes in, nobody else ends it.  false: it has ended already.
 * Then either mpu_reopen or mpu_remove.
 */
bool mpu_end(struct mpu *);
void mpu_reopen(struct mpu *);
int mpu_remove(struct mpu *);                   /* 0; -1 and errno */

#endif

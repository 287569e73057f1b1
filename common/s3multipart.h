/*
 * The multipart uploads of a bucket: which there are, what is there of each, and the
 * calls that make one.
 *
 * Every part carries its SHA-256, which the service checks and keeps; what an earlier
 * run has sent is known by it again.  A service that keeps no checksums (Ceph before
 * 18) is sent everything again.
 */
#ifndef S3MULTIPART_H
#define S3MULTIPART_H

#include <pthread.h>

#include "s3object.h"

#define S3_PART_MIN ((uint64_t)8 << 20) /* the service says 5 MiB, and parts are powers of two */

struct s3_part {
	unsigned number;
	uint64_t size;
	char *etag;
	bool summed;
	uint8_t sum[SHA256_SIZE];
};

struct s3_upload {
	struct s3 *s3;
	char *id, *name, *key;          /* id NULL: there is none yet */
	int64_t begun;
	uint64_t part_size;
	bool expected;
	uint8_t tree[SHA256_SIZE];      /* of the whole, where expected */
	bool lost;                      /* an answer was lost when it was begun */
	const struct store_part *whole; /* the only part, to be put at the end */
	pthread_mutex_t lock;           /* guards what follows, and the making of id */
	struct s3_part *parts;          /* sorted by number */
	size_t nparts;
};

extern const char s3_single[];          /* the upload id of what goes up with one PutObject */

/* key NULL: the one that the name has; id NULL: none yet. */
struct s3_upload *s3_upload_new(struct s3 *, const char *name, const char *key, uint64_t part_size, const char *id);
void s3_upload_free(void *);
const char *s3_upload_id(const void *);

/* Begin it; send a part of it; and make an object of it, with this id. */
enum store_rc s3_initiate(struct s3 *, unsigned lane, struct s3_upload *, struct str *why);
enum store_rc s3_send_part(struct s3 *, unsigned lane, struct s3_upload *, const struct store_part *, struct str *why);
enum store_rc s3_complete(struct s3 *, unsigned lane, struct s3_upload *, uint64_t size, const uint8_t tree[SHA256_SIZE],
    struct str *id, struct str *why);

/* As a struct store_kind has them. */
enum store_rc s3_uploads(void *, unsigned lane, void ***found, size_t *n, struct str *why);
enum store_rc s3_upload_look(void *, void *up, unsigned lane, struct str *why);
uint64_t s3_upload_part_size(const void *up);
bool s3_upload_held(const void *up, size_t i, uint64_t *offset, uint64_t *length);
bool s3_upload_has(const void *up, const struct store_part *);
enum store_rc s3_upload_abort(void *, void *up, unsigned lane, struct str *why);

#endif

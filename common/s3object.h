/*
 * An object: what the bucket says of it, whether it is what was to be put, and how it
 * is put.  The tree hash is in its metadata (x-amz-meta-treehash), or, where it was not
 * known when the upload began, in a tag of that name.
 */
#ifndef S3OBJECT_H
#define S3OBJECT_H

#include "s3request.h"

struct s3_object {                      /* zero before its first use */
	bool there;
	uint64_t size;
	int64_t time;
	char class[32];                 /* "" for STANDARD */
	struct str version, restore, sum;       /* sum: x-amz-checksum-sha256 */
	struct str lock;                /* what keeps it from being removed, in words; "": nothing that may be seen */
	bool hashed;
	uint8_t tree[SHA256_SIZE];
};
void s3_object_free(struct s3_object *);

/* HeadObject.  What is not there is no failure. */
enum store_rc s3_head(struct s3 *, unsigned lane, const char *id, struct s3_object *, struct str *why);

/*
 * Something is there under that key: is it this?  By its tree hash, else by its
 * checksum (NULL: not known).  STORE_ABSENT: nothing is there; STORE_FAILED with
 * s3_taken in why: something else is.
 */
enum store_rc s3_compare(struct s3 *, unsigned lane, const char *key, uint64_t size, const uint8_t tree[SHA256_SIZE],
    const char *sum, struct str *id, struct str *why);
extern const char s3_taken[];

/* Write the tree hash down as a tag, where it came too late for the metadata. */
void s3_tag(struct s3 *, unsigned lane, const char *id, const uint8_t tree[SHA256_SIZE]);

/* Headers of what is put, with PutObject and with CreateMultipartUpload.  tree: hex, or NULL. */
void s3_describe(struct s3_request *, const struct s3 *, const char *name, const char *tree);
/* The bytes, with PutObject and with UploadPart. */
void s3_attach_part(struct s3_request *, const struct store_part *);

/* Of the answer: the checksum that it echoes, where it does, is ours; what has been put got this id. */
bool s3_echo_good(const struct s3_request *, const char *sum);
extern const char s3_is_other[];
void s3_id_of(const char *key, const struct s3_request *, struct str *id);
/* It was not put because something is there. */
bool s3_is_there(const struct s3_request *);

/*
 * A service that has no If-None-Match says so (501): then what is there is looked at
 * first, which is not as good where two put at the same time.  true: put it again so.
 */
bool s3_learn_overwrites(struct s3 *, const struct s3_request *);

#endif

/*
 * One request to S3 after the other: where the bucket and the key go, what is signed,
 * and what a refusal means, in words.
 */
#ifndef S3REQUEST_H
#define S3REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aws.h"
#include "s3answer.h"
#include "sha256.h"
#include "store.h"
#include "xml.h"

enum {
	S3_PAGE = 1000,                 /* entries of one page of a list, and of one DeleteObjects */
	S3_WRONGS = 3                   /* times that an answer may make no sense */
};

struct s3 {
	struct aws *aws;
	char *bucket, *prefix;          /* prefix: "" or with a slash at its end */
	bool by_path;                   /* the bucket is part of the path, not of the host */
	unsigned lanes, days;
	char *class, *kms_key, *tags, *owner;   /* NULL: not given */
	/* What the service turned out not to have (Swift, Ceph). */
	_Atomic bool overwrites;        /* If-None-Match */
	_Atomic bool singly;            /* DeleteObjects, but with an MD5 */
	_Atomic bool thawless;          /* RestoreObject: whatever the class, it can be read */
	void (*tell)(const char *);
	int64_t listed;                 /* when the last list was begun */
};

/* As a struct store_kind has them. */
void *s3_open(const struct store_options *, const char *rest, enum store_rc *, struct str *why);
void s3_close(void *);
const char *s3_endpoint(const void *);
const char *s3_source(const void *);
const char *s3_region(const void *);
const char *s3_tariff(const void *);

/* Zero it before its first use; it may be used again and again, and is freed once. */
struct s3_request {
	struct aws_call call;
	struct aws_answer answer;
	struct str path, query, body;
	char sha256[SHA256_HEX], sum[S3_SUM];
};

/* Begin one; key NULL: to the bucket itself.  query is "" or as it is sent. */
void s3_prepare(struct s3_request *, const struct s3 *, const char *method, const char *key, const char *query);
void s3_add_query(struct s3_request *, const char *name, const char *value);

/* What is in body goes with it, and its checksum too, which some calls insist on; others take it for that of the object. */
void s3_attach(struct s3_request *);
void s3_detach_sum(struct s3_request *);
void s3_request_free(struct s3_request *);

/* Make the call; what is said when it fails begins with what ("part 7"), or with nothing. */
enum store_rc s3_call(struct s3 *, unsigned lane, struct s3_request *, enum aws_rc *, const char *what, struct str *why);
bool s3_code_is(const struct s3_request *, const char *code);

/* STORE_FAILED, and why: the answer is not what the service's guide says it is. */
enum store_rc s3_strange(struct str *why, const struct s3_request *, const char *what);

/*
 * A list comes in pages; the reader of one sets more, and next where the next one
 * begins.  One that is damaged on its way is asked for again, and f sees nothing of it.
 */
struct s3_page { int count; bool more; struct str next; };
enum store_rc s3_get_page(struct s3 *, unsigned lane, struct s3_request *, struct s3_page *, xml_element *f, void *with,
    struct str *why);

#endif

/*
 * One request to the S3 service on its way: what is known of it, and the words in
 * which it is answered.
 */
#ifndef S3CALL_H
#define S3CALL_H

#include <stdbool.h>
#include <stdint.h>

#include "bucket.h"
#include "checksum.h"
#include "chunked.h"
#include "fault.h"
#include "httpd.h"
#include "mpu.h"
#include "service.h"
#include "sha256.h"
#include "str.h"

enum { S3_CHECKSUMS = 2 };              /* of one body: MD5, and one that the client names */

struct s3call {
	const struct service_options *o;
	struct buckets *buckets;
	struct httpd_request *r;
	const struct s3route *route;    /* s3service.c's */
	char *host_bucket;              /* in the Host header, or NULL */
	char *name, *key;               /* decoded; NULL where the path has none */
	int64_t now;
	struct fault fault;
	int errnum;                     /* why its body could not be kept, 0: it could */
	bool reported;                  /* to the log */
	struct str error;               /* "Code: message", once refused */

	uint64_t length;                /* of the body so far */
	struct sha256 *digest;          /* of the body; NULL: it is not signed as a whole */
	struct chunked *chunked;        /* NULL: it does not come in chunks */
	uint64_t decoded;               /* what came in them so far */
	char *trailer;                  /* the checksum behind them */
	struct checksum *md5, *checksum;
	enum checksum_kind kind;        /* of checksum */
	uint8_t md5_raw[MD5_SIZE], raw[SHA256_SIZE];            /* and what they were, when the body is in */
	struct str text;                /* the body, where it is not data */

	struct bucket *bucket;          /* wherever the path names one that must be there */
	struct receiving *in;           /* what a call has set up for its body */
	struct mpu *up;
	struct mpu_put *put;
};

/* Answer with an error: extra is XML that goes with it, or NULL.  false, so that a check may return it. */
bool s3_refuse(struct s3call *, int status, const char *code, const char *extra, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
bool s3_failed(struct s3call *);        /* this machine could not, see errno */
bool s3_fault(struct s3call *);         /* answered with an error, if that is its fault; else false */

/* Errors that several calls have. */
bool s3_no_bucket(struct s3call *);
bool s3_no_key(struct s3call *);
bool s3_no_upload(struct s3call *);
bool s3_malformed(struct s3call *);

/* Answer well: with no body, or with XML, which is freed. */
void s3_done(struct s3call *, int status);
void s3_xml(struct s3call *, struct str *xml);

/* Begin an answer in XML: its declaration and <root xmlns=...>. */
void s3_begin(struct str *xml, const char *root);

/* A value of the query, decoded, for free(): "" where it has none.  NULL: it is not there. */
char *s3_query(const struct s3call *, const char *name);
bool s3_asks(const struct s3call *, const char *name);

/* A number of the query, from 0 to max, which it is where it is not there or larger; false and refused. */
bool s3_count(struct s3call *, const char *name, unsigned *n, unsigned max);

/* A key as this list writes it: encoded where the query says encoding-type=url. */
void s3_put_key(const struct s3call *, struct str *xml, const char *name, const char *key);

char *s3_decode(const char *s, size_t n, bool plus);    /* percent-encoding; for free(); NULL: a NUL, or no UTF-8 */

#endif

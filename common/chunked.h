/*
 * Bodies in "aws-chunked" (docs.aws.amazon.com/AmazonS3/latest/API, sigv4-streaming
 * and sigv4-streaming-trailers): chunks that may be signed, one after another, and
 * headers behind the last one.  Bytes in, data out; for bytes from anybody.
 */
#ifndef CHUNKED_H
#define CHUNKED_H

#include <stddef.h>
#include <stdint.h>

#include "sha256.h"

/* What the signatures need; the strings must live as long as the decoder. */
struct chunked_signed {
	uint8_t key[SHA256_SIZE];       /* see sigv4_key */
	const char *time;               /* 20261123T101500Z */
	const char *region, *service;
	char seed[SHA256_HEX];          /* the signature of the request itself */
};

struct chunked_calls {
	int (*data)(void *shared, const void *bytes, size_t n);         /* 0; -1 and errno, which ends it */
	void (*trailer)(void *shared, const char *name, const char *value);     /* its name in lower case */
};

enum chunked_rc { CHUNKED_OK, CHUNKED_SYSTEM /* see errno */, CHUNKED_BAD, CHUNKED_SIGNATURE };

struct chunked;

/* signed: NULL where the chunks are not. */
struct chunked *chunked_new(const struct chunked_signed *, const struct chunked_calls *, void *shared);
void chunked_free(struct chunked *);    /* NULL is allowed */

/* Once it is not CHUNKED_OK it stays so. */
enum chunked_rc chunked_add(struct chunked *, const void *bytes, size_t n);
enum chunked_rc chunked_end(struct chunked *);          /* there is no more */

#endif

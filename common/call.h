/*
 * One request to the vault service on its way: what is known of it, and the words
 * in which it is answered.
 */
#ifndef CALL_H
#define CALL_H

#include <stdbool.h>

#include "digest.h"
#include "httpd.h"
#include "json.h"
#include "service.h"
#include "vault.h"

/* AWS's error codes. */
enum refusal {
	ACCESS_DENIED, INCOMPLETE_SIGNATURE, INVALID_PARAMETER, INVALID_SIGNATURE, LIMIT_EXCEEDED,
	MISSING_AUTHENTICATION, MISSING_PARAMETER, NOT_FOUND, REQUEST_TIMEOUT, SERIALIZATION, UNAVAILABLE, UNKNOWN_CLIENT, UNKNOWN_OPERATION
};

enum { CALL_PARTS = 6 };                /* of the path: account, "vaults", vault, kind, id, "output" */

struct call {
	const struct service_options *o;
	struct vaults *vaults;
	struct httpd_request *r;
	const struct route *route;      /* service.c's */
	char *part[CALL_PARTS];         /* percent-decoded; NULL behind the last */
	int64_t now;                    /* when it began, and later when its body was in */
	bool checked;                   /* its signature is good */
	int errnum;                     /* why its body could not be kept, 0: it could */
	uint64_t length;                /* of the body so far */
	struct digest *digest;
	uint8_t linear[SHA256_SIZE], tree[SHA256_SIZE];         /* of the body, when it is in */
	struct str text;                /* the body, where it is not data */
	struct str error;               /* "Code: message", once refused */
	bool reported;                  /* to the log */
	struct fault fault;             /* how it is to fail */

	struct vault *vault;            /* wherever the path names one */
	struct upload *upload;          /* what a call has set up for its body */
	struct incoming *incoming;
	struct upload_put *put;
};

/* Answer with an error.  false, so that a check may return it. */
bool call_refuse(struct call *, enum refusal, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
bool call_failed(struct call *);        /* this machine could not, see errno */
bool call_fault(struct call *);         /* answered with an error, if that is its fault; else false */

/* Answer well: with no body, or with a tree, which is freed. */
void call_done(struct call *, int status);
void call_json(struct call *, int status, struct json *);

/* Set the header Location to /ACCOUNT/vaults/VAULT[/kind/id]. */
void call_location(struct call *, const char *kind, const char *id);

char *call_arn(const struct call *, const char *vault);         /* for free() */

/* n bytes without their percent-encoding, for free().  No NUL comes out of it. */
char *call_decode(const char *s, size_t n);

/* A value of the query, decoded, for free().  NULL: not there, or empty. */
char *call_query(const struct call *, const char *name);

/* The query's limit, from 1 to max, which it is where it is not there; false and refused. */
bool call_limit(struct call *, unsigned *limit, unsigned max);

/* A header of the request; false and refused where it is not there, or not 64 digits. */
bool call_header(struct call *, const char *name, const char **value);
bool call_hash(struct call *, const char *name, uint8_t hash[SHA256_SIZE]);

/* May this describe something?  what is its name in a message.  false and refused. */
bool call_description(struct call *, const char *what, const char *text);

/* The length of the body that is to come, from 1 to 4 GiB; false and refused. */
bool call_length(struct call *, uint64_t *length);

/* Is the tree hash of the body what the client says?  false and refused. */
bool call_tree(struct call *);

#endif

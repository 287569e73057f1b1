/*
 * Calls to a service that signs its requests the AWS way: sign, try, ask the
 * service's own rule whether the answer is worth another try, wait, sign again.
 * Each try is signed anew, because the date moves; the clock's error is learnt
 * from the service when it refuses a signature for its date.
 *
 * One struct aws serves many threads; each call says its lane, a number below
 * options.lanes that no other thread uses at the time, and each lane keeps its
 * own connections.
 */
#ifndef AWS_H
#define AWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http.h"
#include "profile.h"
#include "retry.h"
#include "sha256.h"
#include "str.h"

enum aws_rc {
	AWS_OK,
	AWS_REFUSED,            /* the service said no: the answer's code tells */
	AWS_DENIED,             /* no credentials, or the service does not accept them */
	AWS_LOST,               /* no good answer, for good; the service may have acted or not */
	AWS_SHORT,              /* the body broke off after the first got bytes of it */
	AWS_LOCAL               /* the source of the body failed: errno is in the answer's http.local */
};

struct aws_options {
	const char *service;            /* "glacier": signs, and is part of the names of settings */
	const char *title;              /* "Amazon Glacier": for messages */
	const char *endpoint;           /* URL from the command line, or NULL */
	const char *region;             /* the same */
	const char *properties;         /* a file with the keys, or NULL */
	const char *bucket;             /* goes before the host where that follows from the region; or NULL */
	bool s3;                        /* paths are signed as they are */
	bool insecure;                  /* plain http to anywhere */
	unsigned lanes;
	profile_env *env;

	/* Is an answer with this status (0: none) and code worth another try? */
	enum retry (*again)(int status, const char *code);
	/* The code of an answer and its sentence, from the body. */
	void (*complaint)(const struct http_answer *, struct str *code, struct str *message);
	/* Does it say in which region to ask instead?  May be NULL. */
	bool (*elsewhere)(const struct http_answer *, const char *code, struct str *region);
	const char *request_id;         /* the header with the id of the request */

	void (*tell)(const char *what); /* told of each try that failed and is repeated, from any thread; or NULL */
};

struct aws;

/* NULL, with why, and *rc AWS_DENIED or AWS_REFUSED (settings that cannot be). */
struct aws *aws_open(const struct aws_options *, enum aws_rc *rc, struct str *why);
void aws_close(struct aws *);                   /* NULL is allowed */

const char *aws_region(const struct aws *);    /* as far as is known now */
const char *aws_endpoint(const struct aws *);   /* URL */
bool aws_custom(const struct aws *);            /* somebody has set it: it does not follow from the region */
const char *aws_source(const struct aws *);     /* of the credentials */

enum { AWS_HEADERS = 16 };

struct aws_call {
	const char *method;
	const char *path;               /* below the endpoint, encoded, with its slash */
	const char *query;              /* encoded, or NULL */
	struct http_header headers[AWS_HEADERS];        /* of the call; all are signed */
	size_t nheaders;

	uint64_t length;                /* of the body */
	http_source *source;
	void *from;
	const char *sha256;             /* of the body, hex; NULL: there is none */

	uint8_t *into;                  /* the body of a good answer goes here, not into answer.http.body */
	size_t room;                    /* bytes there; more is a failure */
	http_sink *sink;                /* or it goes here, where into is NULL */
	void *with;

	bool once;                      /* not repeated where the service may have done it */
};

struct aws_answer {
	struct http_answer http;
	struct str code, message, id;   /* of a refusal: what the service says, and the request's id */
	uint64_t got;                   /* bytes in call.into, or that call.sink took */
	unsigned tries;
};

void aws_call_header(struct aws_call *, const char *name, const char *value);   /* both stay the caller's */
enum aws_rc aws_call(struct aws *, unsigned lane, const struct aws_call *, struct aws_answer *);
void aws_answer_free(struct aws_answer *);

/*
 * Are the bytes that came those from first to last?  Where the body broke off there
 * is no status left, but the header is.
 */
bool aws_begins_at(const struct aws_answer *, uint64_t first, uint64_t last);

/* Append to a path (with its slashes) or a query what RFC 3986 leaves as it is, and the rest as %XX. */
void aws_encode(struct str *, const char *s, bool path);

/* Append what went wrong: "503 SlowDown: the sentence (request 7F3A), giving up after 10 tries". */
void aws_explain(struct str *, enum aws_rc, const struct aws_answer *);

#endif

/*
 * One HTTP request, tried once, by libcurl: knows no service, signs nothing,
 * repeats nothing.  A handle belongs to one thread at a time and keeps its
 * connections, so the next request to the same server costs no new handshake.
 *
 * TLS certificates and names are verified; redirects are not followed.
 * Proxies come from the environment as for curl(1).
 */
#ifndef HTTP_H
#define HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "str.h"

enum { HTTP_KEPT = 8 << 20 };           /* bytes of an answer that are kept in memory at most */

struct http;

struct http_options {
	const char *ca_bundle;          /* PEM file of the authorities to trust; NULL: the system's */
	unsigned connect;               /* seconds for connecting; 0: 20 */
	unsigned stall;                 /* seconds without a byte either way before giving up; 0: 120 */
	bool direct;                    /* no proxy, whatever the environment says */
};

/* The strings of the options stay the caller's and must outlive the handle. */
struct http *http_new(const struct http_options *);
void http_free(struct http *);          /* NULL is allowed */

struct http_header {
	const char *name, *value;
};

/* Give n bytes of the body from offset on: 0, or -1 and errno.  May be asked for the same bytes again. */
typedef int http_source(void *with, void *buf, size_t n, uint64_t offset);

/* Take the next n bytes of a good answer: 0, or -1 and errno. */
typedef int http_sink(void *with, const void *data, size_t n);

struct http_answer;

struct http_request {
	const char *method;             /* PUT and POST send a body, be it empty */
	const char *url;
	const struct http_header *headers;
	size_t nheaders;

	uint64_t length;                /* of the body */
	http_source *source;            /* where length is not 0 */
	void *from;

	http_sink *sink;                /* for the body of a 2xx answer; NULL: it is kept in the answer */
	void *into;
};

struct http_answer {
	int status;                     /* 0: there was none, or it broke off: trouble says why */
	int local;                      /* errno of a source or sink that failed; then status is 0 */
	bool unsent;                    /* no connection: the server has seen nothing of it */
	bool untrusted;                 /* the server's certificate is not to be trusted */
	char trouble[256];
	struct str head;                /* the header lines, each ended by a newline */
	struct str body;                /* what was kept: of 2xx without a sink, and of every other status */
	uint64_t got;                   /* bytes that went into the sink */
};

/* Let all requests, those under way too, fail soon: the program is about to end.  From any thread. */
void http_stop(void);
bool http_stopped(void);

/*
 * Try it once.  The answer is overwritten; start with an all zero one and free
 * it with http_answer_free at the end.
 */
void http_try(struct http *, const struct http_request *, struct http_answer *);
void http_answer_free(struct http_answer *);

/* Append the value of a header of the answer; false where it has none.  The name's case does not matter. */
bool http_find(const struct http_answer *, const char *name, struct str *value);

/*
 * Take "scheme://host[:port][/base]" apart: *host and *base (without a slash at
 * its end) are appended to, *plain is set for http.  false: not such a URL.
 */
bool http_url(const char *url, bool *plain, struct str *host, struct str *base);

/* Is host (with or without a port) a loopback address or localhost? */
bool http_loopback(const char *host);

/* Seconds since 1970 of an HTTP date; -1: not one. */
int64_t http_date(const char *s);

#endif

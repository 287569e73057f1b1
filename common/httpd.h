/*
 * A small HTTP/1.1 server on loopback by libmicrohttpd: a thread a connection,
 * bodies streamed to the handler as they come.  Knows no service.
 */
#ifndef HTTPD_H
#define HTTPD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HTTPD_HEADERS = 64 };

struct httpd_header { const char *name, *value; };

/* A request; its strings live until the handler's end was called. */
struct httpd_request {
	const char *method;
	const char *path;       /* as on the wire, without the query */
	const char *query;      /* as on the wire, "" where there is none */
	struct httpd_header headers[HTTPD_HEADERS];
	size_t nheaders;        /* at most HTTPD_HEADERS; more is answered with 400 */
};

/* The value of a header, the first where there are several; NULL where there is none. */
const char *httpd_header(const struct httpd_request *, const char *name);

/* What to answer: a body in memory (freed by the server), or n bytes at offset of fd (closed by it), or nothing. */
struct httpd_reply {
	int status;
	struct httpd_header headers[16];        /* values are freed by the server */
	size_t nheaders;
	char *body;
	size_t n;
	int fd;                 /* -1: none */
	uint64_t offset, length;
};

/* Add a header with a formatted value. */
void httpd_add(struct httpd_reply *, const char *name, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Called from many threads at once, in this order for each request. */
struct httpd_handler {
	void *(*begin)(const struct httpd_request *);
	void (*body)(void *state, const void *data, size_t n);
	void (*end)(void *state, struct httpd_reply *);         /* the whole body has come */
	void (*drop)(void *state);                              /* after end, or instead of it where the client went away */
};

struct httpd;

/* Listen on 127.0.0.1; port 0 takes a free one.  NULL and errno. */
struct httpd *httpd_start(uint16_t port, const struct httpd_handler *);
uint16_t httpd_port(const struct httpd *);
void httpd_stop(struct httpd *);        /* ends the connections, waits for their threads */

#endif

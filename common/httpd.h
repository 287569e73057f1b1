/*
 * An HTTP/1.1 server on the loopback address, by libmicrohttpd: a thread for each
 * connection, bodies handed over as they arrive.  A request goes through three
 * calls, all on one thread: begin when its headers are in, body for each piece,
 * end when all is in.  begin or end answers it.  A request that begin answers has
 * its body read and dropped, or, where the client waits for "100 Continue", never
 * sent.  gone comes last in any case, also where the client went away.
 */
#ifndef HTTPD_H
#define HTTPD_H

#include <stddef.h>
#include <stdint.h>

#include "sigv4.h"

struct httpd;
struct httpd_request;

struct httpd_calls {
	void *(*begin)(void *shared, struct httpd_request *);   /* what it returns goes to the others */
	void (*body)(void *call, const void *bytes, size_t n);
	void (*end)(void *call);
	void (*gone)(void *call);
};

/* Serve at this port of 127.0.0.1, 0: a free one.  NULL and errno. */
struct httpd *httpd_start(unsigned port, const struct httpd_calls *, void *shared);
unsigned httpd_port(const struct httpd *);
void httpd_stop(struct httpd *);        /* ends the requests under way, waits for their threads */

/* What was asked.  Valid until gone. */
const char *httpd_method(const struct httpd_request *);
const char *httpd_path(const struct httpd_request *);   /* as on the wire */
const char *httpd_query(const struct httpd_request *);  /* as on the wire, "" where there is none */
const char *httpd_header(const struct httpd_request *, const char *name);       /* NULL: none; "" where it is empty */
const struct sigv4_header *httpd_headers(const struct httpd_request *, size_t *n);      /* all of them */

/* The answer: a status, once; headers; and either a text, which is copied, or a piece of a file, whose descriptor is taken. */
void httpd_answer(struct httpd_request *, int status);
void httpd_set(struct httpd_request *, const char *name, const char *value);   /* instead of one set before; NULL: none */
const char *httpd_get(const struct httpd_request *, const char *name);          /* what was set, or NULL */
void httpd_text(struct httpd_request *, const void *bytes, size_t n);
void httpd_file(struct httpd_request *, int fd, uint64_t offset, uint64_t length);

/* The status it was answered with, 0 before. */
int httpd_status(const struct httpd_request *);

/*
 * An answer that is not what it should be.  The first two before it is sent at
 * all, the others when it is there already.
 */
void httpd_drop(struct httpd_request *);        /* no answer, nothing more is read: the connection ends */
void httpd_pause(struct httpd_request *, uint64_t ms);          /* wait; shorter where the server is to stop */
uint64_t httpd_length(const struct httpd_request *);            /* of its body */
void httpd_shorten(struct httpd_request *, uint64_t n);         /* it has n bytes, and says so */
void httpd_cut(struct httpd_request *, uint64_t n);             /* the connection ends after n bytes of its body */
void httpd_corrupt(struct httpd_request *, uint64_t at);        /* the byte there is another */
void httpd_slow(struct httpd_request *, uint64_t rate);         /* it comes at so many bytes a second */

#endif

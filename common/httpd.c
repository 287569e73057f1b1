#include "httpd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include <microhttpd.h>

#include "io.h"
#include "mem.h"
#include "stamp.h"
#include "str.h"

enum {
	BLOCK = 64 << 10,               /* of a damaged answer's body, at a time */
	MEMORY = 256 << 10,             /* of a connection: headers, and what is read of a body at a time */
	CONNECTIONS = 1000,
	IDLE = 300                      /* seconds until a silent client is given up */
};

struct httpd {
	struct MHD_Daemon *daemon;
	unsigned port;
	struct httpd_calls calls;
	void *shared;
	pthread_mutex_t lock;
	pthread_cond_t end;             /* stopping has become true */
	bool stopping;
};

struct httpd_request {
	struct httpd *server;
	struct MHD_Connection *connection;
	const char *method;
	char *path, *query;
	struct sigv4_header *headers;
	size_t nheaders;
	bool begun;
	void *call;

	int status;                     /* 0: not answered */
	struct sigv4_header *set;
	size_t nset;
	struct str text;
	int fd;
	uint64_t offset, length;

	bool dropped, damaged;
	uint64_t cut, corrupt, rate;    /* of a damaged body: UINT64_MAX, UINT64_MAX and 0 where it is not damaged so */
};

const char *
httpd_method(const struct httpd_request *r)
{
	return r->method;
}

const char *
httpd_path(const struct httpd_request *r)
{
	return r->path;
}

const char *
httpd_query(const struct httpd_request *r)
{
	return r->query;
}

const struct sigv4_header *
httpd_headers(const struct httpd_request *r, size_t *n)
{
	*n = r->nheaders;
	return r->headers;
}

const char *
httpd_header(const struct httpd_request *r, const char *name)
{
	for (size_t i = 0; i < r->nheaders; i++)
		if (strcasecmp(r->headers[i].name, name) == 0)
			return r->headers[i].value;
	return NULL;
}

void
httpd_answer(struct httpd_request *r, int status)
{
	r->status = status;
}

int
httpd_status(const struct httpd_request *r)
{
	return r->status;
}

void
httpd_set(struct httpd_request *r, const char *name, const char *value)
{
	size_t i;

	for (i = 0; i < r->nset; i++)
		if (strcasecmp(r->set[i].name, name) == 0) {
			free((void *)(uintptr_t)r->set[i].name);
			free((void *)(uintptr_t)r->set[i].value);
			r->set[i] = r->set[--r->nset];
			break;
		}
	if (value == NULL)
		return;
	r->set = mem_grow(r->set, (r->nset + 1) * sizeof *r->set);
	r->set[r->nset++] = (struct sigv4_header){ mem_copy(name), mem_copy(value) };
}

const char *
httpd_get(const struct httpd_request *r, const char *name)
{
	for (size_t i = 0; i < r->nset; i++)
		if (strcasecmp(r->set[i].name, name) == 0)
			return r->set[i].value;
	return NULL;
}

void
httpd_text(struct httpd_request *r, const void *bytes, size_t n)
{
	str_add(&r->text, bytes, n);
}

void
httpd_file(struct httpd_request *r, int fd, uint64_t offset, uint64_t length)
{
	r->fd = fd;
	r->offset = offset;
	r->length = length;
}

void
httpd_drop(struct httpd_request *r)
{
	r->dropped = true;
}

void
httpd_pause(struct httpd_request *r, uint64_t ms)
{
	struct httpd *h = r->server;
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += (time_t)(ms / 1000);
	until.tv_nsec += (long)(ms % 1000 * 1000000);
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	pthread_mutex_lock(&h->lock);
	while (!h->stopping && pthread_cond_timedwait(&h->end, &h->lock, &until) != ETIMEDOUT)
		;
	pthread_mutex_unlock(&h->lock);
}

uint64_t
httpd_length(const struct httpd_request *r)
{
	return r->fd >= 0 ? r->length : r->text.len;
}

void
httpd_shorten(struct httpd_request *r, uint64_t n)
{
	if (n >= httpd_length(r))
		return;
	if (r->fd >= 0)
		r->length = n;
	else
		r->text.len = (size_t)n;
}

void
httpd_cut(struct httpd_request *r, uint64_t n)
{
	r->damaged = true;
	r->cut = n;
}

void
httpd_corrupt(struct httpd_request *r, uint64_t at)
{
	r->damaged = true;
	r->corrupt = at;
}

void
httpd_slow(struct httpd_request *r, uint64_t rate)
{
	r->damaged = true;
	r->rate = rate;
}

/* n bytes of a damaged answer. */
static ssize_t
damaged_bytes(void *request, uint64_t at, char *out, size_t n)
{
	struct httpd_request *r = request;
	size_t tenth = r->rate < 10 ? 1 : (size_t)(r->rate / 10);

	if (at >= r->cut)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	n = n < r->cut - at ? n : (size_t)(r->cut - at);
	n = n < httpd_length(r) - at ? n : (size_t)(httpd_length(r) - at);
	if (r->rate != 0) {
		n = n < tenth ? n : tenth;
		httpd_pause(r, n * 1000 / r->rate);
	}
	if (r->fd < 0)
		memcpy(out, r->text.s + at, n);
	else if (io_fill_at(r->fd, out, n, r->offset + at) != (ssize_t)n)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (r->corrupt >= at && r->corrupt < at + n)
		out[r->corrupt - at] = (char)(out[r->corrupt - at] ^ 1);
	return (ssize_t)n;
}

/* The request line is in; url is all that stands between its blanks. */
static void *
on_line(void *shared, const char *url, struct MHD_Connection *connection)
{
	struct httpd_request *r = mem_alloc(sizeof *r);
	size_t n = strcspn(url, "?");

	r->server = shared;
	r->connection = connection;
	r->path = mem_format("%.*s", (int)n, url);
	r->query = mem_copy(url[n] == '?' ? url + n + 1 : "");
	r->fd = -1;
	r->cut = r->corrupt = UINT64_MAX;
	return r;
}

static enum MHD_Result
on_header(void *shared, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct httpd_request *r = shared;

	(void)kind;
	r->headers = mem_grow(r->headers, (r->nheaders + 1) * sizeof *r->headers);
	r->headers[r->nheaders++] = (struct sigv4_header){ name, value != NULL ? value : "" };
	return MHD_YES;
}

static enum MHD_Result
respond(struct httpd_request *r)
{
	struct MHD_Response *m;
	char date[STAMP_HTTP];
	enum MHD_Result ok;

	if (r->damaged)
		m = MHD_create_response_from_callback(httpd_length(r), BLOCK, damaged_bytes, r, NULL);
	else if (r->fd >= 0) {
		m = MHD_create_response_from_fd_at_offset64(r->length, r->fd, r->offset);
		if (m != NULL)
			r->fd = -1;     /* closed with the response */
	} else
		m = MHD_create_response_from_buffer(r->text.len, (void *)(uintptr_t)str_get(&r->text), MHD_RESPMEM_MUST_COPY);
	if (m == NULL)
		return MHD_NO;
	stamp_http(date, stamp_now());
	MHD_add_response_header(m, "Date", date);
	for (size_t i = 0; i < r->nset; i++)
		MHD_add_response_header(m, r->set[i].name, r->set[i].value);
	ok = MHD_queue_response(r->connection, (unsigned)r->status, m);
	MHD_destroy_response(m);
	return ok;
}

static enum MHD_Result
on_request(void *shared, struct MHD_Connection *connection, const char *url, const char *method,
    const char *version, const char *bytes, size_t *n, void **context)
{
	struct httpd_request *r = *context;
	struct httpd *h = shared;
	const char *expect;

	(void)url, (void)version;
	if (r == NULL)
		return MHD_NO;
	if (!r->begun) {
		r->begun = true;
		r->method = method;
		MHD_get_connection_values(connection, MHD_HEADER_KIND, on_header, r);
		r->call = h->calls.begin(h->shared, r);
		if (r->dropped)
			return MHD_NO;
		expect = httpd_header(r, "expect");
		if (r->status != 0 && expect != NULL && strcasecmp(expect, "100-continue") == 0)
			return respond(r);
		return MHD_YES;
	}
	if (*n != 0) {
		if (r->status == 0)
			h->calls.body(r->call, bytes, *n);
		*n = 0;
		return r->dropped ? MHD_NO : MHD_YES;
	}
	if (r->status == 0)
		h->calls.end(r->call);
	return r->status != 0 && !r->dropped ? respond(r) : MHD_NO;
}

static void
on_completed(void *shared, struct MHD_Connection *connection, void **context, enum MHD_RequestTerminationCode why)
{
	struct httpd_request *r = *context;

	(void)shared, (void)connection, (void)why;
	if (r == NULL)
		return;
	if (r->begun)
		r->server->calls.gone(r->call);
	if (r->fd >= 0)
		close(r->fd);
	for (size_t i = 0; i < r->nset; i++) {
		free((void *)(uintptr_t)r->set[i].name);
		free((void *)(uintptr_t)r->set[i].value);
	}
	free(r->set);
	free(r->headers);
	free(r->path);
	free(r->query);
	str_free(&r->text);
	free(r);
	*context = NULL;
}

struct httpd *
httpd_start(unsigned port, const struct httpd_calls *calls, void *shared)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct httpd *h = mem_alloc(sizeof *h);
	const union MHD_DaemonInfo *info;

	h->calls = *calls;
	h->shared = shared;
	pthread_mutex_init(&h->lock, NULL);
	pthread_cond_init(&h->end, NULL);
	errno = 0;
	h->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL |
	    MHD_USE_SUPPRESS_DATE_NO_CLOCK,
	    (uint16_t)port, NULL, NULL, on_request, h,
	    MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&at,
	    MHD_OPTION_URI_LOG_CALLBACK, on_line, h,
	    MHD_OPTION_NOTIFY_COMPLETED, on_completed, h,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY,
	    MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS,
	    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE,
	    MHD_OPTION_END);
	if (h->daemon == NULL || (info = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_BIND_PORT)) == NULL) {
		int error = errno != 0 ? errno : EADDRNOTAVAIL;

		if (h->daemon != NULL)
			MHD_stop_daemon(h->daemon);
		free(h);
		errno = error;
		return NULL;
	}
	h->port = info->port;
	return h;
}

unsigned
httpd_port(const struct httpd *h)
{
	return h->port;
}

void
httpd_stop(struct httpd *h)
{
	pthread_mutex_lock(&h->lock);
	h->stopping = true;
	pthread_cond_broadcast(&h->end);
	pthread_mutex_unlock(&h->lock);
	MHD_stop_daemon(h->daemon);
	pthread_mutex_destroy(&h->lock);
	pthread_cond_destroy(&h->end);
	free(h);
}

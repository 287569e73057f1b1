#include "httpd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <microhttpd.h>

#include "mem.h"

struct httpd {
	struct MHD_Daemon *daemon;
	const struct httpd_handler *handler;
};

struct call {
	char *uri;                      /* path, NUL, query */
	struct httpd_request request;
	void *state;
	bool begun, too_many;
};

const char *
httpd_header(const struct httpd_request *r, const char *name)
{
	for (size_t i = 0; i < r->nheaders; i++)
		if (strcasecmp(r->headers[i].name, name) == 0)
			return r->headers[i].value;
	return NULL;
}

void
httpd_add(struct httpd_reply *r, const char *name, const char *fmt, ...)
{
	va_list ap;
	char *value;

	if (r->nheaders == sizeof r->headers / sizeof r->headers[0])
		return;
	va_start(ap, fmt);
	if (vasprintf(&value, fmt, ap) >= 0)
		r->headers[r->nheaders++] = (struct httpd_header){ name, value };
	va_end(ap);
}

/* libmicrohttpd decodes the path it hands on; a signature needs it as it was sent. */
static void *
on_uri(void *arg, const char *uri, struct MHD_Connection *connection)
{
	struct call *c = mem_alloc(sizeof *c);
	char *query;

	(void)arg, (void)connection;
	c->uri = mem_copy(uri);
	c->request.path = c->uri;
	c->request.query = "";
	if ((query = strchr(c->uri, '?')) != NULL) {
		*query = '\0';
		c->request.query = query + 1;
	}
	return c;
}

static enum MHD_Result
on_header(void *arg, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct call *c = arg;

	(void)kind;
	if (c->request.nheaders == HTTPD_HEADERS) {
		c->too_many = true;
		return MHD_NO;
	}
	c->request.headers[c->request.nheaders++] = (struct httpd_header){ name, value != NULL ? value : "" };
	return MHD_YES;
}

static enum MHD_Result
send_reply(struct MHD_Connection *connection, struct httpd_reply *r)
{
	struct MHD_Response *response;
	enum MHD_Result result = MHD_NO;

	if (r->fd >= 0) {
		if ((response = MHD_create_response_from_fd_at_offset64(r->length, r->fd, r->offset)) == NULL)
			close(r->fd);
	} else if ((response = MHD_create_response_from_buffer(r->n, r->body, MHD_RESPMEM_MUST_FREE)) == NULL)
		free(r->body);
	for (size_t i = 0; i < r->nheaders; i++) {
		if (response != NULL)
			MHD_add_response_header(response, r->headers[i].name, r->headers[i].value);
		free((char *)(uintptr_t)r->headers[i].value);
	}
	if (response != NULL) {
		result = MHD_queue_response(connection, (unsigned)r->status, response);
		MHD_destroy_response(response);
	}
	return result;
}

static enum MHD_Result
on_request(void *arg, struct MHD_Connection *connection, const char *url, const char *method, const char *version,
    const char *data, size_t *n, void **state)
{
	struct httpd *h = arg;
	struct call *c = *state;
	struct httpd_reply reply = { .status = 500, .fd = -1 };

	(void)url, (void)version;
	if (!c->begun) {
		c->begun = true;
		c->request.method = method;
		MHD_get_connection_values(connection, MHD_HEADER_KIND, on_header, c);
		c->state = h->handler->begin(&c->request);
		return MHD_YES;
	}
	if (*n != 0) {
		h->handler->body(c->state, data, *n);
		*n = 0;
		return MHD_YES;
	}
	if (c->too_many)
		reply.status = 400;
	else
		h->handler->end(c->state, &reply);
	return send_reply(connection, &reply);
}

static void
on_completed(void *arg, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode why)
{
	struct httpd *h = arg;
	struct call *c = *state;

	(void)connection, (void)why;
	if (c == NULL)
		return;
	if (c->begun)
		h->handler->drop(c->state);
	free(c->uri);
	free(c);
	*state = NULL;
}

struct httpd *
httpd_start(uint16_t port, const struct httpd_handler *handler)
{
	struct sockaddr_in loopback = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct httpd *h = mem_alloc(sizeof *h);

	loopback.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	h->handler = handler;
	errno = 0;
	h->daemon = MHD_start_daemon(MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL, port,
	    NULL, NULL, on_request, h,
	    MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&loopback,
	    MHD_OPTION_URI_LOG_CALLBACK, on_uri, h,
	    MHD_OPTION_NOTIFY_COMPLETED, on_completed, h,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)(256 << 10),
	    MHD_OPTION_CONNECTION_TIMEOUT, 300U,
	    MHD_OPTION_END);
	if (h->daemon == NULL) {
		if (errno == 0)
			errno = EADDRINUSE;
		free(h);
		return NULL;
	}
	return h;
}

uint16_t
httpd_port(const struct httpd *h)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_BIND_PORT);

	return info != NULL ? info->port : 0;
}

void
httpd_stop(struct httpd *h)
{
	MHD_stop_daemon(h->daemon);
	free(h);
}

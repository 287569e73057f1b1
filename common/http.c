#include "http.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "err.h"
#include "mem.h"
#include "pace.h"

enum { HEAD_MAX = 64 << 10 };           /* bytes of headers that are kept */

struct http {
	CURL *curl;
	const struct http_request *request;     /* while one is tried */
	struct http_answer *answer;
	uint64_t sent;                          /* bytes of the body that curl has taken */
	bool begun;                             /* the request is on its way */
	char error[CURL_ERROR_SIZE];
};

static _Atomic bool stopped;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool usable;

static void
begin(void)
{
	usable = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

static size_t
give(char *buf, size_t size, size_t count, void *with)
{
	struct http *h = with;
	uint64_t left = h->request->length - h->sent;
	size_t n = size * count < left ? size * count : (size_t)left;

	if (n == 0)
		return 0;
	n = pace_take(n);
	if (h->request->source(h->request->from, buf, n, h->sent) != 0) {
		h->answer->local = errno != 0 ? errno : EIO;
		return CURL_READFUNC_ABORT;
	}
	h->sent += n;
	return n;
}

/* curl goes back where a reused connection turned out to be dead. */
static int
rewind_to(void *with, curl_off_t offset, int origin)
{
	struct http *h = with;

	if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > h->request->length)
		return CURL_SEEKFUNC_FAIL;
	h->sent = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

/*
 * Called when curl is about to send the request.  Where a connection that was used
 * before ends without an answer, curl takes it for one that had died meanwhile and
 * sends the request again, whatever it is; the server may have done it already.
 */
static int
once_only(void *with, char *a, char *b, int c, int d)
{
	struct http *h = with;
	bool again = h->begun;

	(void)a, (void)b, (void)c, (void)d;
	h->begun = true;
	return again ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

/* Called by curl all the time, at least once a second. */
static int
watch(void *with, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	(void)with, (void)a, (void)b, (void)c, (void)d;
	return stopped;
}

void
http_stop(void)
{
	stopped = true;
	pace_stop();
}

bool
http_stopped(void)
{
	return stopped;
}

static bool
good(struct http *h)
{
	long status = 0;

	curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status);
	return status >= 200 && status < 300;
}

static size_t
take(char *data, size_t size, size_t count, void *with)
{
	struct http *h = with;
	size_t n = size * count;

	if (h->request->sink != NULL && good(h)) {
		for (size_t at = 0; at < n; at += pace_take(n - at))
			;
		if (h->request->sink(h->request->into, data, n) != 0) {
			h->answer->local = errno != 0 ? errno : EIO;
			return 0;
		}
		h->answer->got += n;
		return n;
	}
	if (n > HTTP_KEPT - h->answer->body.len) {
		h->answer->local = EMSGSIZE;
		return 0;
	}
	str_add(&h->answer->body, data, n);
	return n;
}

static size_t
take_header(char *data, size_t size, size_t count, void *with)
{
	struct http *h = with;
	size_t n = size * count, len = n;

	/* A new status line: what came before was "100 Continue" or a proxy's word. */
	if (n >= 5 && memcmp(data, "HTTP/", 5) == 0)
		str_clear(&h->answer->head);
	while (len > 0 && (data[len - 1] == '\n' || data[len - 1] == '\r'))
		len--;
	if (len == 0 || memchr(data, '\0', len) != NULL || h->answer->head.len + len > HEAD_MAX)
		return n;
	str_add(&h->answer->head, data, len);
	str_puts(&h->answer->head, "\n");
	return n;
}

struct http *
http_new(const struct http_options *o)
{
	struct http *h = mem_alloc(sizeof *h);

	pthread_once(&once, begin);
	if (!usable || (h->curl = curl_easy_init()) == NULL)
		die(ST_FAIL, "libcurl: cannot be used here");
	curl_easy_setopt(h->curl, CURLOPT_ERRORBUFFER, h->error);
	curl_easy_setopt(h->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(h->curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(h->curl, CURLOPT_CONNECTTIMEOUT, (long)(o->connect != 0 ? o->connect : 20));
	curl_easy_setopt(h->curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(h->curl, CURLOPT_LOW_SPEED_TIME, (long)(o->stall != 0 ? o->stall : 120));
	curl_easy_setopt(h->curl, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(h->curl, CURLOPT_UPLOAD_BUFFERSIZE, 256L << 10);
	curl_easy_setopt(h->curl, CURLOPT_BUFFERSIZE, 128L << 10);
	curl_easy_setopt(h->curl, CURLOPT_READFUNCTION, give);
	curl_easy_setopt(h->curl, CURLOPT_READDATA, h);
	curl_easy_setopt(h->curl, CURLOPT_SEEKFUNCTION, rewind_to);
	curl_easy_setopt(h->curl, CURLOPT_SEEKDATA, h);
	curl_easy_setopt(h->curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(h->curl, CURLOPT_WRITEDATA, h);
	curl_easy_setopt(h->curl, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(h->curl, CURLOPT_HEADERDATA, h);
	curl_easy_setopt(h->curl, CURLOPT_XFERINFOFUNCTION, watch);
	curl_easy_setopt(h->curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(h->curl, CURLOPT_PREREQFUNCTION, once_only);
	curl_easy_setopt(h->curl, CURLOPT_PREREQDATA, h);
	curl_easy_setopt(h->curl, CURLOPT_PROTOCOLS_STR, "http,https");
	if (o->ca_bundle != NULL)
		curl_easy_setopt(h->curl, CURLOPT_CAINFO, o->ca_bundle);
	if (o->direct)
		curl_easy_setopt(h->curl, CURLOPT_PROXY, "");
	return h;
}

void
http_free(struct http *h)
{
	if (h == NULL)
		return;
	curl_easy_cleanup(h->curl);
	free(h);
}

static struct curl_slist *
header_list(const struct http_request *r)
{
	struct curl_slist *list = NULL, *longer;
	char *line;

	for (size_t i = 0; i < r->nheaders; i++) {
		/* "Name;" is curl's way of sending a header with nothing in it. */
		line = r->headers[i].value[0] != '\0' ?
		    mem_format("%s: %s", r->headers[i].name, r->headers[i].value) :
		    mem_format("%s;", r->headers[i].name);
		if ((longer = curl_slist_append(list, line)) == NULL)
			die(ST_FAIL, "out of memory");
		list = longer;
		free(line);
	}
	return list;
}

/* What curl calls it, in our words where they say more. */
static void
explain(struct http *h, CURLcode rc)
{
	struct http_answer *a = h->answer;

	a->status = 0;
	a->unsent = rc == CURLE_COULDNT_RESOLVE_HOST || rc == CURLE_COULDNT_RESOLVE_PROXY ||
	    rc == CURLE_COULDNT_CONNECT || rc == CURLE_SSL_CONNECT_ERROR || rc == CURLE_PEER_FAILED_VERIFICATION ||
	    rc == CURLE_SSL_CACERT_BADFILE;
	a->untrusted = rc == CURLE_PEER_FAILED_VERIFICATION || rc == CURLE_SSL_CACERT_BADFILE;
	if (a->local == EMSGSIZE)
		snprintf(a->trouble, sizeof a->trouble, "the answer is longer than %d MiB", HTTP_KEPT >> 20);
	else if (a->local != 0)
		snprintf(a->trouble, sizeof a->trouble, "%s", strerror(a->local));
	else if (rc == CURLE_ABORTED_BY_CALLBACK && !stopped)
		snprintf(a->trouble, sizeof a->trouble, "the connection ended before there was an answer");
	else
		snprintf(a->trouble, sizeof a->trouble, "%s", h->error[0] != '\0' ? h->error : curl_easy_strerror(rc));
	for (char *s = a->trouble; *s != '\0'; s++)
		if (*s == '\n')
			*s = ' ';
	/* Sentences of libraries begin and end in their own way. */
	if (a->trouble[0] >= 'A' && a->trouble[0] <= 'Z' && a->trouble[1] >= 'a' && a->trouble[1] <= 'z')
		a->trouble[0] = (char)(a->trouble[0] - 'A' + 'a');
}

void
http_try(struct http *h, const struct http_request *r, struct http_answer *a)
{
	bool sends = strcmp(r->method, "PUT") == 0 || strcmp(r->method, "POST") == 0;
	struct curl_slist *headers = header_list(r);
	long status = 0;
	CURLcode rc;

	str_clear(&a->head);
	str_clear(&a->body);
	*a = (struct http_answer){ .head = a->head, .body = a->body };
	h->request = r;
	h->answer = a;
	h->sent = 0;
	h->begun = false;
	h->error[0] = '\0';
	curl_easy_setopt(h->curl, CURLOPT_URL, r->url);
	curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(h->curl, CURLOPT_UPLOAD, sends ? 1L : 0L);
	if (sends)
		curl_easy_setopt(h->curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)r->length);
	else
		curl_easy_setopt(h->curl, CURLOPT_HTTPGET, 1L);
	curl_easy_setopt(h->curl, CURLOPT_CUSTOMREQUEST, r->method);
	if (strcmp(r->method, "HEAD") == 0)
		curl_easy_setopt(h->curl, CURLOPT_NOBODY, 1L);
	rc = curl_easy_perform(h->curl);
	if (rc == CURLE_OK) {
		curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status);
		a->status = (int)status;
	} else
		explain(h, rc);
	curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(headers);
	h->request = NULL;
	h->answer = NULL;
}

void
http_answer_free(struct http_answer *a)
{
	str_free(&a->head);
	str_free(&a->body);
}

bool
http_find(const struct http_answer *a, const char *name, struct str *value)
{
	size_t n = strlen(name);
	const char *end;

	for (const char *line = str_get(&a->head); *line != '\0'; line = end + 1) {
		end = strchr(line, '\n');
		if ((size_t)(end - line) <= n || line[n] != ':' || strncasecmp(line, name, n) != 0)
			continue;
		for (line += n + 1; *line == ' ' || *line == '\t'; line++)
			;
		while (end > line && (end[-1] == ' ' || end[-1] == '\t'))
			end--;
		str_add(value, line, (size_t)(end - line));
		return true;
	}
	return false;
}

bool
http_url(const char *url, bool *plain, struct str *host, struct str *base)
{
	const char *slash;
	size_t n;

	*plain = strncasecmp(url, "http://", 7) == 0;
	if (!*plain && strncasecmp(url, "https://", 8) != 0)
		return false;
	url += *plain ? 7 : 8;
	n = strcspn(url, "/");
	slash = url + n;
	if (n == 0)
		return false;
	/* What a host and a port are made of; no user, no query, no blank. */
	for (size_t i = 0; i < n; i++)
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]", url[i]) == NULL)
			return false;
	for (const char *s = slash; *s != '\0'; s++)
		if ((unsigned char)*s <= 0x20 || (unsigned char)*s >= 0x7f || *s == '?' || *s == '#')
			return false;
	str_add(host, url, n);
	n = strlen(slash);
	while (n > 0 && slash[n - 1] == '/')
		n--;
	str_add(base, slash, n);
	return true;
}

bool
http_loopback(const char *host)
{
	struct in6_addr six;
	struct in_addr four;
	char name[256];
	size_t n;

	if (host[0] == '[') {
		host++;
		n = strcspn(host, "]");
	} else
		n = strcspn(host, ":");
	if (n >= sizeof name)
		return false;
	memcpy(name, host, n);
	name[n] = '\0';
	if (strcasecmp(name, "localhost") == 0)
		return true;
	if (inet_pton(AF_INET, name, &four) == 1)
		return ntohl(four.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, name, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

int64_t
http_date(const char *s)
{
	return (int64_t)curl_getdate(s, NULL);
}

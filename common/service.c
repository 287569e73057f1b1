/*
 * A request goes through three stages: its body is hashed (and, for uploads, kept
 * in a file) while it comes; then its signature is checked, which the clock after
 * the body decides, as AWS does; then the call that its path names is made.  A
 * call answers through struct call, and an error is answered by refuse().
 */
#include "service.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "date.h"
#include "hex.h"
#include "io.h"
#include "mem.h"
#include "sigv4.h"
#include "str.h"
#include "tree.h"

#define ACCOUNT "000000000000"
#define VERSION_OF_API "2012-06-01"

enum { PARTS = 6, SMALL_BODY = 1 << 20, PAGE = 50, PAGE_VAULTS = 10, PART_COUNT = 10000, SKEW = 300 };
static const uint64_t MIB = 1 << 20, LARGEST = UINT64_C(1) << 32;

static const struct service_settings *settings;

struct call {
	const struct httpd_request *request;
	struct httpd_reply *reply;
	char *path;                     /* cut at its slashes */
	char *part[PARTS];              /* account, "vaults", vault, kind, id, "output"; NULL where the path ends */
	char code[64];                  /* of the error, for the log */

	/* The body. */
	bool keep;                      /* into a file */
	int fd;                         /* that file, or -1 */
	char *name;                     /* and its name */
	int error;                      /* errno of receiving */
	struct str small;               /* else here */
	struct sha256 *linear, *leaf;
	size_t leaf_len;
	struct tree tree;
	uint64_t length;
	char hash[SHA256_HEX], tree_hash[SHA256_HEX];
};

static void
refuse(struct call *c, int status, const char *code, const char *fmt, ...)
{
	struct json *j = json_new_object();
	char message[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(message, sizeof message, fmt, ap);
	va_end(ap);
	for (char *s = message; *s != '\0'; s++)
		if ((unsigned char)*s < 0x20 || (unsigned char)*s > 0x7e)
			*s = '?';               /* it may quote the request, and JSON is UTF-8 */
	json_put_string(j, "code", code);
	json_put_string(j, "message", message);
	json_put_string(j, "type", status >= 500 ? "Server" : "Client");
	c->reply->status = status;
	c->reply->body = json_print(j);
	c->reply->n = strlen(c->reply->body);
	httpd_add(c->reply, "Content-Type", "application/json");
	snprintf(c->code, sizeof c->code, "%s", code);
	json_free(j);
}

#define BAD(c, ...) refuse(c, 400, "InvalidParameterValueException", __VA_ARGS__)
#define MISSING(c, what) refuse(c, 400, "MissingParameterValueException", "Required parameter missing: %s", what)

static void
trouble(struct call *c)
{
	refuse(c, 500, "ServiceUnavailableException", "%s", strerror(errno));
}

static void
answer(struct call *c, int status, struct json *j)
{
	c->reply->status = status;
	c->reply->body = json_print(j);
	c->reply->n = strlen(c->reply->body);
	httpd_add(c->reply, "Content-Type", "application/json");
	json_free(j);
}

static const char *
header(const struct call *c, const char *name)
{
	return httpd_header(c->request, name);
}

/* A decimal number and nothing else. */
static bool
decimal(const char *s, uint64_t *n)
{
	char *end;

	if (s == NULL || *s < '0' || *s > '9')
		return false;
	errno = 0;
	*n = strtoull(s, &end, 10);
	return errno == 0 && *end == '\0';
}

/* "A-B", both inclusive. */
static bool
range(const char *s, uint64_t *first, uint64_t *last, char behind)
{
	char *end;

	if (*s < '0' || *s > '9')
		return false;
	errno = 0;
	*first = strtoull(s, &end, 10);
	if (*end != '-' || end[1] < '0' || end[1] > '9')
		return false;
	*last = strtoull(end + 1, &end, 10);
	return errno == 0 && *end == behind;
}

/* The value of a query parameter, decoded, for free(); NULL where it is absent. */
static char *
parameter(const struct call *c, const char *name)
{
	size_t k = strlen(name);
	unsigned byte;

	for (const char *s = c->request->query; *s != '\0'; s += strcspn(s, "&"), s += *s == '&') {
		struct str out = { 0 };

		if (strncmp(s, name, k) != 0 || (s[k] != '=' && s[k] != '&' && s[k] != '\0'))
			continue;
		str_add(&out, "", 0);
		for (s += k + (s[k] == '='); *s != '\0' && *s != '&'; s++)
			if (*s == '%' && sscanf(s + 1, "%2x", &byte) == 1 && byte != 0 && s[2] != '\0') {
				str_add(&out, &(char){ (char)byte }, 1);
				s += 2;
			} else
				str_add(&out, s, 1);
		return out.s;
	}
	return NULL;
}

static char *
arn(const char *vault)
{
	return mem_format("arn:aws:glacier:%s:%s:vaults/%s", settings->region, ACCOUNT, vault);
}

static void
put_time(struct json *j, const char *key, int64_t t)
{
	char when[DATE_RFC3339], millis[DATE_RFC3339 + 4];

	if (t == 0) {
		json_put_null(j, key);
		return;
	}
	date_rfc3339(when, t);
	snprintf(millis, sizeof millis, "%.19s.000Z", when);
	json_put_string(j, key, millis);
}

/* ---- the body ---- */

static void
end_leaf(struct call *c)
{
	uint8_t leaf[SHA256_SIZE];

	sha256_end(c->leaf, leaf);
	tree_push(&c->tree, 0, leaf);
	c->leaf_len = 0;
}

static void
on_body(void *state, const void *data, size_t n)
{
	struct call *c = state;
	const char *p = data;

	if (c->keep) {
		if (c->error == 0 && io_put(c->fd, data, n) != 0)
			c->error = errno;
	} else if (c->small.len + n <= SMALL_BODY)
		str_add(&c->small, data, n);
	sha256_add(c->linear, data, n);
	c->length += n;
	while (c->keep && n > 0) {
		size_t len = TREE_LEAF - c->leaf_len < n ? TREE_LEAF - c->leaf_len : n;

		sha256_add(c->leaf, p, len);
		c->leaf_len += len;
		p += len;
		n -= len;
		if (c->leaf_len == TREE_LEAF)
			end_leaf(c);
	}
}

static void
end_body(struct call *c)
{
	uint8_t hash[SHA256_SIZE];

	sha256_end(c->linear, hash);
	hex_put(c->hash, hash, sizeof hash);
	if (c->leaf_len != 0)
		end_leaf(c);
	tree_root(&c->tree, hash);
	hex_put(c->tree_hash, hash, sizeof hash);
}

static void
cut_path(struct call *c)
{
	char *s = c->path;

	for (int i = 0; i < PARTS && *s == '/'; i++) {
		*s++ = '\0';
		c->part[i] = s;
		s += strcspn(s, "/");
	}
	if (*s == '/')
		c->part[0] = NULL;      /* longer than any call's path */
	for (int i = PARTS - 1; i > 0; i--)
		if (c->part[i] != NULL && *c->part[i] == '\0' && (i == PARTS - 1 || c->part[i + 1] == NULL))
			c->part[i] = NULL;      /* a slash at the end says nothing */
}

static bool
is(const struct call *c, int i, const char *word)
{
	return c->part[i] != NULL && strcmp(c->part[i], word) == 0;
}

static void *
on_begin(const struct httpd_request *r)
{
	struct call *c = mem_alloc(sizeof *c);

	c->request = r;
	c->fd = -1;
	c->path = mem_copy(r->path);
	cut_path(c);
	c->linear = sha256_new();
	c->leaf = sha256_new();
	tree_init(&c->tree);
	c->keep = (is(c, 3, "archives") && strcmp(r->method, "POST") == 0) ||
	    (is(c, 3, "multipart-uploads") && strcmp(r->method, "PUT") == 0);
	if (c->keep && (c->fd = vault_receive(settings->dir, &c->name)) < 0)
		c->error = errno;
	return c;
}

static void
on_drop(void *state)
{
	struct call *c = state;

	if (c->fd >= 0)
		close(c->fd);
	vault_discard(c->name);
	str_free(&c->small);
	sha256_free(c->linear);
	sha256_free(c->leaf);
	free(c->path);
	free(c);
}

/* ---- who asks ---- */

/* The headers that the request says it signed, and no other x-amz- header unsigned. */
static bool
signed_headers(const struct call *c, char *names, struct sigv4_header out[HTTPD_HEADERS], size_t *n)
{
	const struct httpd_request *r = c->request;
	char *last = NULL;
	bool host = false, date = false;

	*n = 0;
	for (char *name = strtok_r(names, ";", &last); name != NULL; name = strtok_r(NULL, ";", &last)) {
		bool found = false;

		host |= strcasecmp(name, "host") == 0;
		date |= strcasecmp(name, "x-amz-date") == 0 || strcasecmp(name, "date") == 0;
		for (size_t i = 0; i < r->nheaders; i++)
			if (strcasecmp(r->headers[i].name, name) == 0 && *n < HTTPD_HEADERS) {
				out[(*n)++] = (struct sigv4_header){ r->headers[i].name, r->headers[i].value };
				found = true;
			}
		if (!found)
			return false;
	}
	for (size_t i = 0; i < r->nheaders; i++) {
		bool found = strncasecmp(r->headers[i].name, "x-amz-", 6) != 0;

		for (size_t k = 0; k < *n && !found; k++)
			found = strcasecmp(out[k].name, r->headers[i].name) == 0;
		if (!found)
			return false;
	}
	return host && date;
}

static bool
request_time(const char *s, int64_t *t)
{
	struct date d;
	char z;

	return s != NULL && strlen(s) == 16 && sscanf(s, "%4d%2d%2dT%2d%2d%2d%c", &d.year, &d.month, &d.day,
	    &d.hour, &d.minute, &d.second, &z) == 7 && z == 'Z' && date_to_time(&d, t);
}

static bool
same_time_equal(const char *a, const char *b)
{
	unsigned char diff = strlen(a) != strlen(b);

	for (size_t i = 0; a[i] != '\0' && b[i] != '\0'; i++)
		diff |= (unsigned char)(a[i] ^ b[i]);
	return diff == 0;
}

static bool
authentic(struct call *c)
{
	const char *authorization = header(c, "Authorization"), *given = header(c, "x-amz-content-sha256");
	const char *when = header(c, "x-amz-date") != NULL ? header(c, "x-amz-date") : header(c, "Date");
	struct sigv4_header headers[HTTPD_HEADERS];
	struct sigv4_request r = { c->request->method, c->request->path, c->request->query, headers, 0,
	    given != NULL ? given : c->hash, false };
	struct sigv4_scope scope = { when, settings->region, "glacier" };
	struct str canonical = { 0 }, string = { 0 };
	struct sigv4_claim claim;
	uint8_t key[SHA256_SIZE];
	char signature[SHA256_HEX], then[DATE_BASIC], now[DATE_BASIC], edge[DATE_BASIC];
	int64_t t, clock = time(NULL);
	bool good;

	if (authorization == NULL) {
		refuse(c, 400, "MissingAuthenticationTokenException", "Missing Authentication Token");
		return false;
	}
	if (!sigv4_claim(&claim, authorization)) {
		refuse(c, 403, "InvalidSignatureException", "The Authorization header is not of the form of Signature Version 4");
		return false;
	}
	if (strcmp(claim.access_key, settings->access_key) != 0) {
		refuse(c, 400, "UnrecognizedClientException", "The security token included in the request is invalid.");
		return false;
	}
	if (strcmp(claim.region, settings->region) != 0 || strcmp(claim.service, "glacier") != 0) {
		refuse(c, 403, "InvalidSignatureException", "Credential should be scoped to a valid region, not '%s', and to service 'glacier', not '%s'.",
		    claim.region, claim.service);
		return false;
	}
	if (!request_time(when, &t) || strncmp(claim.date, when, 8) != 0) {
		refuse(c, 403, "InvalidSignatureException", "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '%s' != '%s'",
		    claim.date, when != NULL ? when : "");
		return false;
	}
	if (!signed_headers(c, claim.names, headers, &r.nheaders)) {
		refuse(c, 403, "InvalidSignatureException", "Host, date and every x-amz- header must be signed, and every signed header sent.");
		return false;
	}
	sigv4_canonical(&canonical, &r);
	sigv4_string(&string, &scope, str_get(&canonical));
	sigv4_key(key, settings->secret, &scope);
	sigv4_sign(signature, key, str_get(&string));
	mem_wipe(key, sizeof key);
	str_free(&canonical);
	str_free(&string);
	good = same_time_equal(signature, claim.signature);
	if (!good)
		refuse(c, 403, "InvalidSignatureException", "The request signature we calculated does not match the signature you provided. "
		    "Check your AWS Secret Access Key and signing method. Consult the service documentation for details.");
	else if (t > clock + SKEW || t < clock - SKEW) {
		date_basic(then, t);
		date_basic(now, clock);
		date_basic(edge, t > clock ? clock + SKEW : clock - SKEW);
		refuse(c, 403, "InvalidSignatureException", t > clock ? "Signature not yet current: %s is still later than %s (%s + 5 min.)" :
		    "Signature expired: %s is now earlier than %s (%s - 5 min.)", then, edge, now);
		good = false;
	}
	return good;
}

/* ---- what is asked ---- */

static bool
lower_hex(const char *s)
{
	uint8_t hash[SHA256_SIZE];

	return s != NULL && strlen(s) == 64 && hex_get(hash, s, sizeof hash);
}

/* The two hashes that a body must have. */
static bool
hashes(struct call *c)
{
	const char *linear = header(c, "x-amz-content-sha256"), *tree = header(c, "x-amz-sha256-tree-hash");

	if (linear == NULL)
		MISSING(c, "x-amz-content-sha256");
	else if (tree == NULL)
		MISSING(c, "x-amz-sha256-tree-hash");
	else if (!lower_hex(linear) || strcmp(linear, c->hash) != 0)
		BAD(c, "Invalid x-amz-content-sha256: %s", linear);
	else if (!lower_hex(tree) || strcmp(tree, c->tree_hash) != 0)
		BAD(c, "Invalid x-amz-sha256-tree-hash: %s", tree);
	else
		return true;
	return false;
}

static bool
content_length(struct call *c, uint64_t largest)
{
	const char *s = header(c, "Content-Length");
	uint64_t n;

	if (s == NULL)
		MISSING(c, "Content-Length");
	else if (!decimal(s, &n) || n != c->length || n == 0 || n > largest)
		BAD(c, "Invalid Content-Length: %s", s);
	else if (c->error != 0) {
		errno = c->error;
		trouble(c);
	} else
		return true;
	return false;
}

/* The description, without leading blanks; false: refused. */
static bool
description(struct call *c, const char **out)
{
	const char *s = header(c, "x-amz-archive-description");

	*out = s = s != NULL ? s + strspn(s, " ") : "";
	if (strlen(s) > 1024) {
		BAD(c, "Invalid archive description: longer than 1024 characters");
		return false;
	}
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < 0x20 || (unsigned char)*s > 0x7e) {
			BAD(c, "Invalid archive description: characters must be from 0x20 to 0x7e");
			return false;
		}
	return true;
}

static void
location(struct call *c, const char *kind, const char *id)
{
	httpd_add(c->reply, "Location", "/%s/vaults/%s/%s/%s", ACCOUNT, c->part[2], kind, id);
}

static struct json *
archive_meta(const char *text, uint64_t size, const char *tree)
{
	struct json *j = json_new_object();

	json_put_string(j, "description", text);
	json_put_integer(j, "size", (int64_t)size);
	json_put_string(j, "tree", tree);
	json_put_integer(j, "created", time(NULL));
	return j;
}

/* The page of list that limit and marker ask for, each entry made by describe (NULL: passed over). */
static void
page(struct call *c, struct json *list, const char *key, uint64_t most, struct json *(*describe)(struct call *, const char *))
{
	char *limit = parameter(c, "limit"), *marker = parameter(c, "marker");
	struct json *answer_to = json_new_object(), *entries = json_new_array();
	const char *from = marker != NULL ? marker : "", *id, *slash = strrchr(from, '/');
	uint64_t n = most, count = 0;

	if (slash != NULL)
		from = slash + 1;       /* vaults are marked by their ARN */
	if (limit != NULL && (!decimal(limit, &n) || n < 1 || n > most)) {
		BAD(c, "Invalid limit: %s", limit);
		json_free(answer_to);
		json_free(entries);
	} else {
		json_put_null(answer_to, "Marker");
		for (size_t i = 0; (id = json_element_string(list, i)) != NULL; i++) {
			struct json *entry;

			if (strcmp(id, from) < 0)
				continue;
			if ((entry = describe(c, id)) == NULL)
				continue;
			if (count++ == n) {
				char *name = most == PAGE_VAULTS ? arn(id) : mem_copy(id);

				json_put_string(answer_to, "Marker", name);
				free(name);
				json_free(entry);
				break;
			}
			json_push(entries, entry);
		}
		json_put(answer_to, key, entries);
		answer(c, 200, answer_to);
	}
	free(limit);
	free(marker);
}

/* ---- vaults ---- */

static struct json *
describe_vault(struct call *c, const char *name)
{
	struct json *vault = vault_read(settings->dir, name), *archives, *j, *a;
	const char *id;
	char *name_of;
	int64_t count = 0, size = 0;

	(void)c;
	if (vault == NULL)
		return NULL;
	archives = vault_list(settings->dir, name, "archives");
	for (; (id = json_element_string(archives, (size_t)count)) != NULL; count++)
		if ((a = vault_archive_read(settings->dir, name, id)) != NULL) {
			size += json_get_integer(a, "size", 0) + 32768;
			json_free(a);
		}
	json_free(archives);
	name_of = arn(name);
	j = json_new_object();
	put_time(j, "CreationDate", json_get_integer(vault, "created", 0));
	put_time(j, "LastInventoryDate", time(NULL));
	json_put_integer(j, "NumberOfArchives", count);
	json_put_integer(j, "SizeInBytes", size);
	json_put_string(j, "VaultARN", name_of);
	json_put_string(j, "VaultName", name);
	free(name_of);
	json_free(vault);
	return j;
}

static void
list_vaults(struct call *c)
{
	struct json *list = vault_list(settings->dir, "", "");

	page(c, list, "VaultList", PAGE_VAULTS, describe_vault);
	json_free(list);
}

static bool
good_vault_name(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");

	return n > 0 && n <= 255 && s[n] == '\0' && strcmp(s, ".") != 0 && strcmp(s, "..") != 0;
}

static void
create_vault(struct call *c)
{
	if (!good_vault_name(c->part[2]) || c->part[2][0] == '.')
		BAD(c, "Invalid vault name: %s", c->part[2]);
	else if (vault_create(settings->dir, c->part[2]) != 0)
		trouble(c);
	else {
		c->reply->status = 201;
		httpd_add(c->reply, "Location", "/%s/vaults/%s", ACCOUNT, c->part[2]);
	}
}

static void
get_vault(struct call *c)
{
	answer(c, 200, describe_vault(c, c->part[2]));
}

static void
delete_vault(struct call *c)
{
	if (vault_remove(settings->dir, c->part[2]) == 0)
		c->reply->status = 204;
	else {
		char *name = arn(c->part[2]);

		BAD(c, "Vault not empty or recently written to: %s", name);
		free(name);
	}
}

/* ---- archives ---- */

static void
upload_archive(struct call *c)
{
	const char *text;
	char id[VAULT_ID];
	int r;

	if (!content_length(c, LARGEST) || !hashes(c) || !description(c, &text))
		return;
	r = vault_archive(settings->dir, c->part[2], c->name, archive_meta(text, c->length, c->tree_hash), id);
	c->name = NULL;
	if (r != 0) {
		trouble(c);
		return;
	}
	c->reply->status = 201;
	location(c, "archives", id);
	httpd_add(c->reply, "x-amz-archive-id", "%s", id);
	httpd_add(c->reply, "x-amz-sha256-tree-hash", "%s", c->tree_hash);
}

static void
delete_archive(struct call *c)
{
	if (vault_archive_remove(settings->dir, c->part[2], c->part[4]) != 0)
		trouble(c);
	else
		c->reply->status = 204;
}

/* ---- multipart ---- */

static void
initiate_upload(struct call *c)
{
	const char *size = header(c, "x-amz-part-size"), *text;
	char id[VAULT_SHORT_ID];
	struct json *j;
	uint64_t n;

	if (size == NULL) {
		MISSING(c, "x-amz-part-size");
		return;
	}
	if (!decimal(size, &n) || n < MIB || n > LARGEST || (n & (n - 1)) != 0) {
		BAD(c, "Invalid part size: %s. Part size must not be null, must be a power of two and be between 1048576 and 4294967296 bytes.", size);
		return;
	}
	if (!description(c, &text))
		return;
	j = json_new_object();
	json_put_string(j, "description", text);
	json_put_integer(j, "part", (int64_t)n);
	json_put_integer(j, "created", time(NULL));
	if (vault_upload(settings->dir, c->part[2], j, id) != 0) {
		trouble(c);
		return;
	}
	c->reply->status = 201;
	location(c, "multipart-uploads", id);
	httpd_add(c->reply, "x-amz-multipart-upload-id", "%s", id);
}

/* An upload that is open; NULL and refused where there is none. */
static struct json *
open_upload(struct call *c)
{
	struct json *u = vault_upload_read(settings->dir, c->part[2], c->part[4]);
	char id[VAULT_ID];

	if (u != NULL && vault_completed(settings->dir, c->part[2], c->part[4], id) == 0) {
		json_free(u);
		u = NULL;
	}
	if (u == NULL)
		refuse(c, 404, "ResourceNotFoundException", "The upload ID was not found: %s", c->part[4]);
	return u;
}

static void
upload_part(struct call *c)
{
	const char *s = header(c, "Content-Range");
	struct json *u = open_upload(c);
	struct vault_part p = { 0 };
	uint64_t size;

	if (u == NULL)
		return;
	size = (uint64_t)json_get_integer(u, "part", 0);
	json_free(u);
	if (s == NULL)
		MISSING(c, "Content-Range");
	else if (strncmp(s, "bytes ", 6) != 0 || !range(s + 6, &p.first, &p.last, '/') || strcmp(strchr(s, '/'), "/*") != 0 || p.last < p.first)
		BAD(c, "Invalid Content-Range: %s", s);
	else if (!content_length(c, LARGEST))
		return;
	else if (p.last - p.first + 1 != c->length)
		BAD(c, "Content-Range: %s is incompatible with Content-Length: %" PRIu64, s, c->length);
	else if (p.first % size != 0 || c->length > size || p.first / size >= PART_COUNT)
		BAD(c, "Invalid Content-Range: %s. It does not fit parts of %" PRIu64 " bytes.", s, size);
	else if (hashes(c)) {
		memcpy(p.hash, c->tree_hash, sizeof p.hash);
		if (vault_part(settings->dir, c->part[2], c->part[4], c->name, &p) != 0)
			trouble(c);
		else {
			c->reply->status = 204;
			httpd_add(c->reply, "x-amz-sha256-tree-hash", "%s", p.hash);
		}
		c->name = NULL;
	}
}

/* Do the parts lie without a gap, each but the last of full size?  Then their whole length and tree hash. */
static bool
parts_fit(struct call *c, const struct vault_part *part, unsigned n, uint64_t size, uint64_t *total, char tree_hash[SHA256_HEX])
{
	uint8_t hash[SHA256_SIZE];
	struct tree tree;
	unsigned level = 0;

	while (MIB << level < size)
		level++;
	tree_init(&tree);
	*total = 0;
	for (unsigned i = 0; i < n; i++) {
		if (part[i].first != *total || (i + 1 < n && part[i].last - part[i].first + 1 != size)) {
			BAD(c, "The parts do not make an archive: byte %" PRIu64 " is missing", *total);
			return false;
		}
		*total = part[i].last + 1;
		if (!hex_get(hash, part[i].hash, sizeof hash))
			return false;
		tree_push(&tree, level, hash);
	}
	tree_root(&tree, hash);
	hex_put(tree_hash, hash, sizeof hash);
	return true;
}

static void
completed(struct call *c, const char *id)
{
	c->reply->status = 201;
	location(c, "archives", id);
	httpd_add(c->reply, "x-amz-archive-id", "%s", id);
}

static void
complete_upload(struct call *c)
{
	const char *size = header(c, "x-amz-archive-size"), *tree = header(c, "x-amz-sha256-tree-hash");
	char id[VAULT_ID], have[SHA256_HEX];
	struct vault_part *parts;
	uint64_t want, total;
	struct json *u;
	unsigned n;

	if (vault_completed(settings->dir, c->part[2], c->part[4], id) == 0) {
		completed(c, id);
		return;
	}
	if ((u = open_upload(c)) == NULL)
		return;
	parts = vault_parts(settings->dir, c->part[2], c->part[4], &n);
	if (size == NULL)
		MISSING(c, "x-amz-archive-size");
	else if (tree == NULL)
		MISSING(c, "x-amz-sha256-tree-hash");
	else if (c->length != 0)
		BAD(c, "Invalid Content-Length: %" PRIu64, c->length);
	else if (n == 0)
		BAD(c, "Invalid number of parts: 0");
	else if (parts_fit(c, parts, n, (uint64_t)json_get_integer(u, "part", 0), &total, have)) {
		if (!decimal(size, &want) || want != total)
			BAD(c, "Invalid x-amz-archive-size: %s", size);
		else if (!lower_hex(tree) || strcmp(tree, have) != 0)
			BAD(c, "Invalid x-amz-sha256-tree-hash: %s", tree);
		else if (vault_complete(settings->dir, c->part[2], c->part[4],
		    archive_meta(json_get_string(u, "description"), total, have), id) != 0)
			trouble(c);
		else
			completed(c, id);
	}
	free(parts);
	json_free(u);
}

static void
abort_upload(struct call *c)
{
	char id[VAULT_ID];

	if (vault_completed(settings->dir, c->part[2], c->part[4], id) == 0)
		refuse(c, 404, "ResourceNotFoundException", "The upload ID was not found: %s", c->part[4]);
	else {
		vault_upload_remove(settings->dir, c->part[2], c->part[4]);
		c->reply->status = 204;
	}
}

static struct json *
describe_upload(struct call *c, const char *id)
{
	struct json *u = vault_upload_read(settings->dir, c->part[2], id), *j;
	char done[VAULT_ID], *name;

	if (u == NULL)
		return NULL;
	if (vault_completed(settings->dir, c->part[2], id, done) == 0) {
		json_free(u);
		return NULL;
	}
	name = arn(c->part[2]);
	j = json_new_object();
	json_put_string(j, "ArchiveDescription", json_get_string(u, "description"));
	put_time(j, "CreationDate", json_get_integer(u, "created", 0));
	json_put_string(j, "MultipartUploadId", id);
	json_put_integer(j, "PartSizeInBytes", json_get_integer(u, "part", 0));
	json_put_string(j, "VaultARN", name);
	free(name);
	json_free(u);
	return j;
}

static void
list_uploads(struct call *c)
{
	struct json *list = vault_list(settings->dir, c->part[2], "uploads");

	page(c, list, "UploadsList", PAGE, describe_upload);
	json_free(list);
}

static void
list_parts(struct call *c)
{
	char *limit = parameter(c, "limit"), *marker = parameter(c, "marker");
	struct json *u = open_upload(c), *entries, *j;
	struct vault_part *parts = NULL;
	uint64_t most = PAGE, from = 0, count = 0;
	unsigned n;

	if (u == NULL)
		;
	else if (limit != NULL && (!decimal(limit, &most) || most < 1 || most > PAGE))
		BAD(c, "Invalid limit: %s", limit);
	else if (marker != NULL && *marker != '\0' && !decimal(marker, &from))
		BAD(c, "Invalid marker: %s", marker);
	else {
		parts = vault_parts(settings->dir, c->part[2], c->part[4], &n);
		j = describe_upload(c, c->part[4]);
		entries = json_new_array();
		if (j == NULL)
			j = json_new_object();
		json_put_null(j, "Marker");
		for (unsigned i = 0; i < n; i++) {
			char text[48];
			struct json *e;

			if (parts[i].first < from)
				continue;
			if (count++ == most) {
				snprintf(text, sizeof text, "%" PRIu64, parts[i].first);
				json_put_string(j, "Marker", text);
				break;
			}
			snprintf(text, sizeof text, "%" PRIu64 "-%" PRIu64, parts[i].first, parts[i].last);
			e = json_new_object();
			json_put_string(e, "RangeInBytes", text);
			json_put_string(e, "SHA256TreeHash", parts[i].hash);
			json_push(entries, e);
		}
		json_put(j, "Parts", entries);
		answer(c, 200, j);
	}
	free(parts);
	json_free(u);
	free(limit);
	free(marker);
}

/* ---- jobs ---- */

static bool
ripe(const struct json *job)
{
	return time(NULL) >= json_get_integer(job, "ready", 0);
}

/* The tree hash of a range of an archive where it is that of a node of its tree; else "". */
static void
node_hash(struct call *c, const char *archive, uint64_t size, uint64_t first, uint64_t last, char out[SHA256_HEX])
{
	uint64_t p = first / MIB, q = last / MIB + 1, n = q - p, all = (size + MIB - 1) / MIB, h = 1;
	uint8_t *buf, leaf[SHA256_SIZE];
	struct tree tree;
	ssize_t r = 1;
	int fd;

	out[0] = '\0';
	while (h < n)
		h *= 2;
	if (first % MIB != 0 || (last + 1 != size && (last + 1) % MIB != 0) || p % h != 0 || (n != h && q != all) ||
	    (fd = vault_archive_open(settings->dir, c->part[2], archive)) < 0)
		return;
	buf = mem_alloc(MIB);
	tree_init(&tree);
	for (; p < q && r > 0; p++)
		if ((r = io_fill_at(fd, buf, MIB, p * MIB)) > 0) {
			sha256(leaf, buf, (size_t)r);
			tree_push(&tree, 0, leaf);
		}
	close(fd);
	free(buf);
	if (r > 0) {
		tree_root(&tree, leaf);
		hex_put(out, leaf, sizeof leaf);
	}
}

static bool
retrieval(struct call *c, const struct json *body, struct json *job)
{
	const char *id = json_get_string(body, "ArchiveId"), *bytes = json_get_string(body, "RetrievalByteRange");
	struct json *a;
	char text[64], hash[SHA256_HEX];
	uint64_t size, first = 0, last;

	if (id == NULL) {
		MISSING(c, "ArchiveId");
		return false;
	}
	if ((a = vault_archive_read(settings->dir, c->part[2], id)) == NULL) {
		refuse(c, 404, "ResourceNotFoundException", "The archive ID was not found: %s", id);
		return false;
	}
	size = (uint64_t)json_get_integer(a, "size", 0);
	last = size - 1;
	if (bytes != NULL && (!range(bytes, &first, &last, '\0') || first > last || last >= size || first % MIB != 0 ||
	    (last + 1 != size && (last + 1) % MIB != 0))) {
		BAD(c, "Invalid byte range: %s", bytes);
		json_free(a);
		return false;
	}
	snprintf(text, sizeof text, "%" PRIu64 "-%" PRIu64, first, last);
	json_put_string(job, "archive", id);
	json_put_string(job, "range", text);
	json_put_string(job, "archive_tree", json_get_string(a, "tree"));
	json_put_string(job, "archive_description", json_get_string(a, "description"));
	json_put_integer(job, "archive_size", (int64_t)size);
	if (first == 0 && last == size - 1)
		json_put_string(job, "tree", json_get_string(a, "tree"));
	else {
		node_hash(c, id, size, first, last, hash);
		json_put_string(job, "tree", hash[0] != '\0' ? hash : NULL);
	}
	json_free(a);
	return true;
}

static bool
put_text(int fd, const char *s)
{
	return io_put(fd, s, strlen(s)) == 0;
}

static bool
inventory_entry(int fd, struct call *c, const char *id, bool csv, bool first)
{
	struct json *a = vault_archive_read(settings->dir, c->part[2], id), *e;
	char *line, *text;
	bool good;

	if (a == NULL)
		return true;
	e = json_new_object();
	json_put_string(e, "ArchiveId", id);
	json_put_string(e, "ArchiveDescription", json_get_string(a, "description"));
	put_time(e, "CreationDate", json_get_integer(a, "created", 0));
	json_put_integer(e, "Size", json_get_integer(a, "size", 0));
	json_put_string(e, "SHA256TreeHash", json_get_string(a, "tree"));
	if (csv) {
		struct str quoted = { 0 };

		for (const char *s = json_get_string(a, "description"); *s != '\0'; s++)
			str_format(&quoted, *s == '"' ? "\\%c" : "%c", *s);
		line = mem_format("%s,\"%s\",%s,%" PRId64 ",%s\r\n", id, str_get(&quoted), json_get_string(e, "CreationDate"),
		    json_get_integer(a, "size", 0), json_get_string(a, "tree"));
		str_free(&quoted);
	} else {
		text = json_print(e);
		line = mem_format("%s%s", first ? "" : ",", text);
		free(text);
	}
	good = put_text(fd, line);
	free(line);
	json_free(e);
	json_free(a);
	return good;
}

/* The inventory as it is now, into a file for the job. */
static bool
inventory(struct call *c, const struct json *body, struct json *job, char **output)
{
	const char *format = json_get_string(body, "Format"), *id;
	bool csv = format != NULL && strcmp(format, "CSV") == 0, good;
	char now[DATE_RFC3339], *name, *begin;
	struct json *list;
	off_t size;
	int fd;

	if (json_get_string(body, "ArchiveId") != NULL || json_get_string(body, "RetrievalByteRange") != NULL) {
		BAD(c, "ArchiveId and RetrievalByteRange are not for inventory-retrieval");
		return false;
	}
	if (format != NULL && !csv && strcmp(format, "JSON") != 0) {
		BAD(c, "Invalid format: %s", format);
		return false;
	}
	if ((fd = vault_receive(settings->dir, output)) < 0) {
		trouble(c);
		return false;
	}
	name = arn(c->part[2]);
	date_rfc3339(now, time(NULL));
	begin = csv ? mem_copy("ArchiveId,ArchiveDescription,CreationDate,Size,SHA256TreeHash\r\n") :
	    mem_format("{\"VaultARN\":\"%s\",\"InventoryDate\":\"%s\",\"ArchiveList\":[", name, now);
	good = put_text(fd, begin);
	list = vault_list(settings->dir, c->part[2], "archives");
	for (size_t i = 0; good && (id = json_element_string(list, i)) != NULL; i++)
		good = inventory_entry(fd, c, id, csv, i == 0);
	good = good && (csv || put_text(fd, "]}"));
	size = lseek(fd, 0, SEEK_CUR);
	json_put_string(job, "format", csv ? "CSV" : "JSON");
	json_put_integer(job, "inventory_size", size);
	json_free(list);
	free(begin);
	free(name);
	close(fd);
	if (!good)
		trouble(c);
	return good;
}

static void
initiate_job(struct call *c)
{
	struct json *body = json_parse(str_get(&c->small), c->small.len), *job = json_new_object();
	const char *type, *tier, *text;
	char id[VAULT_SHORT_ID], *output = NULL;
	bool good = false;

	if (body == NULL || !json_is_map(body))
		refuse(c, 400, "SerializationException", "The body is not a JSON object");
	else if ((type = json_get_string(body, "Type")) == NULL)
		MISSING(c, "Type");
	else {
		tier = json_get_string(body, "Tier");
		text = json_get_string(body, "Description");
		json_put_string(job, "type", type);
		json_put_string(job, "tier", tier != NULL ? tier : "Standard");
		json_put_string(job, "description", text);
		json_put_integer(job, "created", time(NULL));
		json_put_integer(job, "ready", time(NULL) + settings->thaw_delay);
		if (tier != NULL && strcmp(tier, "Expedited") != 0 && strcmp(tier, "Standard") != 0 && strcmp(tier, "Bulk") != 0)
			BAD(c, "Invalid tier: %s", tier);
		else if (text != NULL && strlen(text) > 1024)
			BAD(c, "Invalid description: longer than 1024 bytes");
		else if (strcmp(type, "archive-retrieval") == 0)
			good = retrieval(c, body, job);
		else if (strcmp(type, "inventory-retrieval") == 0)
			good = inventory(c, body, job, &output);
		else
			BAD(c, "Invalid type: %s", type);
	}
	json_free(body);
	if (!good) {
		vault_discard(output);
		json_free(job);
	} else if (vault_job(settings->dir, c->part[2], job, output, id) != 0)
		trouble(c);
	else {
		c->reply->status = 202;
		location(c, "jobs", id);
		httpd_add(c->reply, "x-amz-job-id", "%s", id);
	}
}

static struct json *
describe_job(struct call *c, const char *id)
{
	struct json *job = vault_job_read(settings->dir, c->part[2], id), *j, *p;
	bool done, archive;
	char *name;

	if (job == NULL)
		return NULL;
	done = ripe(job);
	archive = json_get_string(job, "archive") != NULL;
	name = arn(c->part[2]);
	j = json_new_object();
	json_put_string(j, "Action", archive ? "ArchiveRetrieval" : "InventoryRetrieval");
	json_put_string(j, "ArchiveId", json_get_string(job, "archive"));
	json_put_string(j, "ArchiveSHA256TreeHash", json_get_string(job, "archive_tree"));
	if (archive)
		json_put_integer(j, "ArchiveSizeInBytes", json_get_integer(job, "archive_size", 0));
	else
		json_put_null(j, "ArchiveSizeInBytes");
	json_put_bool(j, "Completed", done);
	put_time(j, "CompletionDate", done ? json_get_integer(job, "ready", 0) : 0);
	put_time(j, "CreationDate", json_get_integer(job, "created", 0));
	if (archive)
		json_put_null(j, "InventoryRetrievalParameters");
	else {
		p = json_new_object();
		json_put_null(p, "EndDate");
		json_put_string(p, "Format", json_get_string(job, "format"));
		json_put_null(p, "Limit");
		json_put_null(p, "Marker");
		json_put_null(p, "StartDate");
		json_put(j, "InventoryRetrievalParameters", p);
	}
	if (!archive && done)
		json_put_integer(j, "InventorySizeInBytes", json_get_integer(job, "inventory_size", 0));
	else
		json_put_null(j, "InventorySizeInBytes");
	json_put_string(j, "JobDescription", json_get_string(job, "description"));
	json_put_string(j, "JobId", id);
	json_put_null(j, "JobOutputPath");
	json_put_null(j, "OutputLocation");
	json_put_string(j, "RetrievalByteRange", json_get_string(job, "range"));
	json_put_null(j, "SelectParameters");
	json_put_string(j, "SHA256TreeHash", json_get_string(job, "tree"));
	json_put_null(j, "SNSTopic");
	json_put_string(j, "StatusCode", done ? "Succeeded" : "InProgress");
	json_put_string(j, "StatusMessage", done ? "Succeeded" : "Operation in progress.");
	json_put_string(j, "Tier", archive ? json_get_string(job, "tier") : NULL);
	json_put_string(j, "VaultARN", name);
	free(name);
	json_free(job);
	return j;
}

static void
get_job(struct call *c)
{
	struct json *j = describe_job(c, c->part[4]);

	if (j != NULL)
		answer(c, 200, j);
	else
		refuse(c, 404, "ResourceNotFoundException", "The job ID was not found: %s", c->part[4]);
}

/* describe_job, for a list that may be filtered by state. */
static struct json *
wanted_job(struct call *c, const char *id)
{
	char *code = parameter(c, "statuscode"), *completed_only = parameter(c, "completed");
	struct json *j = describe_job(c, id);

	if (j != NULL && ((code != NULL && *code != '\0' && strcmp(code, json_get_string(j, "StatusCode")) != 0) ||
	    (completed_only != NULL && *completed_only != '\0' && (strcmp(completed_only, "true") == 0) != json_get_bool(j, "Completed")))) {
		json_free(j);
		j = NULL;
	}
	free(code);
	free(completed_only);
	return j;
}

static void
list_jobs(struct call *c)
{
	char *code = parameter(c, "statuscode"), *only = parameter(c, "completed");
	struct json *list;

	if (code != NULL && *code != '\0' && strcmp(code, "InProgress") != 0 && strcmp(code, "Succeeded") != 0 && strcmp(code, "Failed") != 0)
		BAD(c, "The job status code is not valid: %s", code);
	else if (only != NULL && *only != '\0' && strcmp(only, "true") != 0 && strcmp(only, "false") != 0)
		BAD(c, "Invalid completed: %s", only);
	else {
		list = vault_list(settings->dir, c->part[2], "jobs");
		page(c, list, "JobList", PAGE, wanted_job);
		json_free(list);
	}
	free(code);
	free(only);
}

static void
job_output(struct call *c)
{
	struct json *job = vault_job_read(settings->dir, c->part[2], c->part[4]);
	const char *asked = header(c, "Range"), *archive;
	uint64_t first = 0, last, begin = 0, end, size;
	char hash[SHA256_HEX] = "";

	if (job == NULL) {
		refuse(c, 404, "ResourceNotFoundException", "The job ID was not found: %s", c->part[4]);
		return;
	}
	archive = json_get_string(job, "archive");
	if (archive == NULL)
		size = (uint64_t)json_get_integer(job, "inventory_size", 0);
	else if (range(json_get_string(job, "range"), &begin, &end, '\0'))
		size = end - begin + 1;
	else
		size = 0;
	last = size - 1;
	/* What is not "bytes=A-B" is passed over, as AWS does. */
	if (asked != NULL && (strncmp(asked, "bytes=", 6) != 0 || !range(asked + 6, &first, &last, '\0') || first > last)) {
		asked = NULL;
		first = 0;
		last = size - 1;
	}
	if (!ripe(job))
		BAD(c, "The job is not currently available for download: %s", c->part[4]);
	else if (first >= size)
		BAD(c, "The start of the range is larger than size of retrieved data: %s", asked != NULL ? asked : "");
	else {
		if (last >= size)
			last = size - 1;
		c->reply->fd = archive != NULL ? vault_archive_open(settings->dir, c->part[2], archive) :
		    vault_job_open(settings->dir, c->part[2], c->part[4]);
		if (c->reply->fd < 0) {
			refuse(c, 404, "ResourceNotFoundException", "The job ID was not found: %s", c->part[4]);
			json_free(job);
			return;
		}
		c->reply->status = asked != NULL ? 206 : 200;
		c->reply->offset = begin + first;
		c->reply->length = last - first + 1;
		httpd_add(c->reply, "Accept-Ranges", "bytes");
		if (asked != NULL)
			httpd_add(c->reply, "Content-Range", "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, first, last, size);
		if (archive == NULL) {
			const char *format = json_get_string(job, "format");

			httpd_add(c->reply, "Content-Type", strcmp(format, "CSV") == 0 ? "text/csv" : "application/json");
		} else {
			httpd_add(c->reply, "Content-Type", "application/octet-stream");
			httpd_add(c->reply, "x-amz-archive-description", "%s", json_get_string(job, "archive_description"));
			if (first == 0 && last == size - 1 && json_get_string(job, "tree") != NULL)
				snprintf(hash, sizeof hash, "%s", json_get_string(job, "tree"));
			else if (json_get_string(job, "tree") != NULL)
				node_hash(c, archive, (uint64_t)json_get_integer(job, "archive_size", 0), begin + first, begin + last, hash);
			if (hash[0] != '\0')
				httpd_add(c->reply, "x-amz-sha256-tree-hash", "%s", hash);
		}
	}
	json_free(job);
}

/* ---- the calls ---- */

static const struct {
	const char *method, *kind;      /* of the path; NULL: the vault itself */
	bool id, output;                /* is there an id, and "output" behind it? */
	void (*call)(struct call *);
} calls[] = {
	{ "GET", NULL, false, false, get_vault },
	{ "DELETE", NULL, false, false, delete_vault },
	{ "POST", "archives", false, false, upload_archive },
	{ "DELETE", "archives", true, false, delete_archive },
	{ "POST", "multipart-uploads", false, false, initiate_upload },
	{ "GET", "multipart-uploads", false, false, list_uploads },
	{ "PUT", "multipart-uploads", true, false, upload_part },
	{ "GET", "multipart-uploads", true, false, list_parts },
	{ "POST", "multipart-uploads", true, false, complete_upload },
	{ "DELETE", "multipart-uploads", true, false, abort_upload },
	{ "POST", "jobs", false, false, initiate_job },
	{ "GET", "jobs", false, false, list_jobs },
	{ "GET", "jobs", true, false, get_job },
	{ "GET", "jobs", true, true, job_output },
};

static void
dispatch(struct call *c)
{
	const char *version = header(c, "x-amz-glacier-version"), *method = c->request->method;
	struct json *vault;

	if (version == NULL) {
		MISSING(c, "x-amz-glacier-version");
		return;
	}
	if (strcmp(version, VERSION_OF_API) != 0) {
		BAD(c, "Invalid x-amz-glacier-version: %s", version);
		return;
	}
	if (!is(c, 1, "vaults")) {
		refuse(c, 404, "UnknownOperationException", "There is no such call");
		return;
	}
	if (!is(c, 0, "-") && !is(c, 0, ACCOUNT)) {
		refuse(c, 403, "AccessDeniedException", "User is not authorized for account %s", c->part[0]);
		return;
	}
	if (c->part[2] == NULL) {
		if (strcmp(method, "GET") == 0)
			list_vaults(c);
		else
			refuse(c, 405, "UnknownOperationException", "There is no such call");
		return;
	}
	if (strcmp(method, "PUT") == 0 && c->part[3] == NULL) {
		create_vault(c);
		return;
	}
	if (!good_vault_name(c->part[2]) || (vault = vault_read(settings->dir, c->part[2])) == NULL) {
		char *name = arn(c->part[2]);

		refuse(c, 404, "ResourceNotFoundException", "Vault not found for ARN: %s", name);
		free(name);
		return;
	}
	json_free(vault);
	for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
		if (strcmp(method, calls[i].method) == 0 &&
		    (calls[i].kind == NULL ? c->part[3] == NULL : is(c, 3, calls[i].kind)) &&
		    (c->part[4] != NULL) == calls[i].id && is(c, 5, "output") == calls[i].output &&
		    (c->part[5] == NULL || calls[i].output)) {
			calls[i].call(c);
			return;
		}
	refuse(c, 404, "UnknownOperationException", "There is no such call");
}

static void
on_end(void *state, struct httpd_reply *reply)
{
	struct call *c = state;
	char id[33];
	uint8_t random[16];
	char *line;

	c->reply = reply;
	end_body(c);
	if (authentic(c))
		dispatch(c);
	if (getrandom(random, sizeof random, 0) != sizeof random)
		memset(random, 0, sizeof random);
	hex_put(id, random, sizeof random);
	httpd_add(reply, "x-amzn-RequestId", "%s", id);
	if (settings->log != NULL) {
		line = mem_format("%d %s %s%s%s %" PRIu64 " %s", reply->status, c->request->method, c->request->path,
		    *c->request->query != '\0' ? "?" : "", c->request->query, c->length, c->code);
		settings->log(line);
		free(line);
	}
}

const struct httpd_handler *
service_start(const struct service_settings *s)
{
	static const struct httpd_handler handler = { on_begin, on_body, on_end, on_drop };

	settings = s;
	return &handler;
}

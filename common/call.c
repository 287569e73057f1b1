#include "call.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hex.h"
#include "id.h"
#include "mem.h"
#include "range.h"
#include "str.h"

static const struct { const char *code; int status; const char *type; } refusals[] = {
	[ACCESS_DENIED] = { "AccessDeniedException", 403, "Client" },
	[INCOMPLETE_SIGNATURE] = { "IncompleteSignatureException", 403, "Client" },
	[INVALID_PARAMETER] = { "InvalidParameterValueException", 400, "Client" },
	[INVALID_SIGNATURE] = { "InvalidSignatureException", 403, "Client" },
	[LIMIT_EXCEEDED] = { "LimitExceededException", 400, "Client" },
	[MISSING_AUTHENTICATION] = { "MissingAuthenticationTokenException", 400, "Client" },
	[MISSING_PARAMETER] = { "MissingParameterValueException", 400, "Client" },
	[NOT_FOUND] = { "ResourceNotFoundException", 404, "Client" },
	[REQUEST_TIMEOUT] = { "RequestTimeoutException", 408, "Client" },
	[SERIALIZATION] = { "SerializationException", 400, "Client" },
	[UNAVAILABLE] = { "ServiceUnavailableException", 500, "Server" },
	[UNKNOWN_CLIENT] = { "UnrecognizedClientException", 400, "Client" },
	[UNKNOWN_OPERATION] = { "UnknownOperationException", 404, "Client" },
};

static void
answer(struct call *c, int status)
{
	char id[ID_REQUEST + 1];

	id_new(id, ID_REQUEST);
	httpd_answer(c->r, status);
	httpd_set(c->r, "x-amzn-RequestId", id);
}

void
call_done(struct call *c, int status)
{
	answer(c, status);
}

void
call_json(struct call *c, int status, struct json *j)
{
	char *s = json_print(j);

	answer(c, status);
	httpd_set(c->r, "Content-Type", "application/json");
	httpd_text(c->r, s, strlen(s));
	free(s);
	json_free(j);
}

static void
refuse(struct call *c, int status, const char *code, const char *type, char *message)
{
	struct json *j = json_new_object();

	/* It may quote the request, and must be text. */
	for (char *s = message; *s != '\0'; s++)
		if (((unsigned char)*s < 0x20 && *s != '\n') || (unsigned char)*s > 0x7e)
			*s = '?';
	json_put_string(j, "code", code);
	json_put_string(j, "message", message);
	json_put_string(j, "type", type);
	call_json(c, status, j);
	message[strcspn(message, "\n")] = '\0';
	str_format(&c->error, "%s: %s", code, message);
}

bool
call_refuse(struct call *c, enum refusal why, const char *fmt, ...)
{
	char message[4096];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(message, sizeof message, fmt, ap);
	va_end(ap);
	refuse(c, refusals[why].status, refusals[why].code, refusals[why].type, message);
	return false;
}

/* What AWS says where nothing is wrong with the request. */
static const struct { enum fault_kind kind; int status; const char *code, *message; } faulty[] = {
	{ FAULT_500, 500, "ServiceUnavailableException", "Service is unavailable." },
	{ FAULT_503, 503, "ServiceUnavailableException", "Service is unavailable." },
	{ FAULT_408, 408, "RequestTimeoutException", "Request timed out." },
	{ FAULT_THROTTLE, 400, "ThrottlingException", "Rate exceeded" },
	{ FAULT_CAPACITY, 503, "InsufficientCapacityException", "There is insufficient capacity to process this expedited request." },
	{ FAULT_CLOSED, 400, "NoLongerSupportedException",
	    "This API is no longer supported for new accounts. Please use Amazon S3 Glacier storage classes instead." },
	{ FAULT_DENIED, 403, "AccessDeniedException", "User is not authorized to perform this operation" },
	{ FAULT_LIMIT, 400, "LimitExceededException", "The request exceeds a limit of the account." },
	{ FAULT_POLICY, 400, "PolicyEnforcedException", "InitiateJob request denied by current data retrieval policy." },
	{ FAULT_TOKEN, 403, "ExpiredTokenException", "The security token included in the request is expired" },
};

bool
call_fault(struct call *c)
{
	char message[256];

	if (c->fault.kind == FAULT_ERROR) {
		snprintf(message, sizeof message, "This was asked for.");
		refuse(c, c->fault.status, c->fault.code, c->fault.status < 500 ? "Client" : "Server", message);
		return true;
	}
	for (size_t i = 0; i < sizeof faulty / sizeof faulty[0]; i++)
		if (faulty[i].kind == c->fault.kind) {
			snprintf(message, sizeof message, "%s", faulty[i].message);
			refuse(c, faulty[i].status, faulty[i].code, faulty[i].status >= 500 ? "Server" : "Client", message);
			return true;
		}
	return false;
}

bool
call_failed(struct call *c)
{
	c->errnum = errno;
	return call_refuse(c, UNAVAILABLE, "The service cannot do this now: %s", strerror(c->errnum));
}

void
call_location(struct call *c, const char *kind, const char *id)
{
	char *s = kind == NULL ? mem_format("/%s/vaults/%s", c->o->account, c->part[2]) :
	    mem_format("/%s/vaults/%s/%s/%s", c->o->account, c->part[2], kind, id);

	httpd_set(c->r, "Location", s);
	free(s);
}

char *
call_arn(const struct call *c, const char *vault)
{
	return mem_format("arn:aws:glacier:%s:%s:vaults/%s", c->o->keys.region, c->o->account, vault);
}

char *
call_query(const struct call *c, const char *name)
{
	size_t n = strlen(name);

	for (const char *s = httpd_query(c->r); *s != '\0'; ) {
		size_t len = strcspn(s, "&");

		if (strncmp(s, name, n) == 0 && s[n] == '=')
			return len > n + 1 ? call_decode(s + n + 1, len - n - 1) : NULL;
		s += len + (s[len] == '&');
	}
	return NULL;
}

static int
nibble(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 :
	    c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

char *
call_decode(const char *s, size_t n)
{
	char *text = mem_alloc(n + 1), *t = text;

	for (size_t i = 0; i < n; i++) {
		char c = s[i];

		if (c == '%' && n - i > 2 && nibble(s[i + 1]) >= 0 && nibble(s[i + 2]) >= 0) {
			c = (char)(nibble(s[i + 1]) << 4 | nibble(s[i + 2]));
			i += 2;
		}
		*t++ = c != '\0' ? c : '?';
	}
	return text;
}

bool
call_limit(struct call *c, unsigned *limit, unsigned max)
{
	char *s = call_query(c, "limit");
	uint64_t n = max;
	bool good = s == NULL || (range_number(&n, s, max) && n >= 1);

	if (!good)
		call_refuse(c, INVALID_PARAMETER, "Invalid limit: %s. It must be between 1 and %u.", s, max);
	free(s);
	if (c->fault.kind == FAULT_PAGE && n > c->fault.n)
		n = c->fault.n;
	*limit = (unsigned)n;
	return good;
}

bool
call_header(struct call *c, const char *name, const char **value)
{
	if ((*value = httpd_header(c->r, name)) == NULL)
		return call_refuse(c, MISSING_PARAMETER, "Required parameter missing: %s", name);
	return true;
}

bool
call_hash(struct call *c, const char *name, uint8_t hash[SHA256_SIZE])
{
	const char *value;

	if (!call_header(c, name, &value))
		return false;
	if (strlen(value) != 2 * SHA256_SIZE || !hex_get(hash, value, SHA256_SIZE))
		return call_refuse(c, INVALID_PARAMETER, "Invalid %s: %s", name, value);
	return true;
}

bool
call_description(struct call *c, const char *what, const char *text)
{
	size_t n = strlen(text);

	for (size_t i = 0; i < n; i++)
		if ((unsigned char)text[i] < 0x20 || (unsigned char)text[i] > 0x7e)
			return call_refuse(c, INVALID_PARAMETER, "Invalid %s: %s", what, text);
	if (n >= VAULT_DESCRIPTION)
		return call_refuse(c, INVALID_PARAMETER, "Invalid %s: it is longer than %d characters", what, VAULT_DESCRIPTION - 1);
	return true;
}

bool
call_length(struct call *c, uint64_t *length)
{
	const char *value;

	if (!call_header(c, "Content-Length", &value))
		return false;
	if (!range_number(length, value, UINT64_C(1) << 32) || *length == 0)
		return call_refuse(c, INVALID_PARAMETER, "Invalid Content-Length: %s", value);
	return true;
}

bool
call_tree(struct call *c)
{
	uint8_t hash[SHA256_SIZE];
	char computed[SHA256_HEX];

	if (!call_hash(c, "x-amz-sha256-tree-hash", hash))
		return false;
	if (memcmp(hash, c->tree, SHA256_SIZE) == 0)
		return true;
	hex_put(computed, c->tree, SHA256_SIZE);
	return call_refuse(c, INVALID_PARAMETER, "Checksum mismatch: expected %s, computed %s",
	    httpd_header(c->r, "x-amz-sha256-tree-hash"), computed);
}

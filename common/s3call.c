#include "s3call.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "id.h"
#include "mem.h"
#include "range.h"
#include "xml.h"

static void
answer(struct s3call *c, int status)
{
	char id[17];

	id_new(id, sizeof id - 1);
	httpd_answer(c->r, status);
	httpd_set(c->r, "x-amz-request-id", id);
	httpd_set(c->r, "x-amz-id-2", id);
	httpd_set(c->r, "Server", "AmazonS3");
}

void
s3_done(struct s3call *c, int status)
{
	answer(c, status);
}

void
s3_begin(struct str *xml, const char *root)
{
	str_format(xml, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	    "<%s xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">", root);
}

void
s3_xml(struct s3call *c, struct str *xml)
{
	answer(c, 200);
	httpd_set(c->r, "Content-Type", "application/xml");
	httpd_text(c->r, xml->s, xml->len);
	str_free(xml);
}

static void
error_xml(const struct s3call *c, struct str *xml, const char *code, const char *message, const char *extra)
{
	char *path = s3_decode(httpd_path(c->r), strlen(httpd_path(c->r)), false);

	str_puts(xml, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>");
	xml_put(xml, "Code", code);
	xml_put(xml, "Message", message);
	if (extra != NULL)
		str_puts(xml, extra);
	xml_put(xml, "Resource", path != NULL ? path : "");
	xml_put(xml, "RequestId", httpd_get(c->r, "x-amz-request-id"));
	xml_put(xml, "HostId", httpd_get(c->r, "x-amz-id-2"));
	str_puts(xml, "</Error>");
	free(path);
}

bool
s3_refuse(struct s3call *c, int status, const char *code, const char *extra, const char *fmt, ...)
{
	struct str xml = { 0 };
	char text[4096];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	/* It may quote the request, and must be text. */
	for (char *s = text; *s != '\0'; s++)
		if (((unsigned char)*s < 0x20 && *s != '\n') || (unsigned char)*s > 0x7e)
			*s = '?';
	answer(c, status);
	error_xml(c, &xml, code, text, extra);
	httpd_set(c->r, "Content-Type", "application/xml");
	if (strcmp(httpd_method(c->r), "HEAD") != 0)
		httpd_text(c->r, xml.s, xml.len);
	text[strcspn(text, "\n")] = '\0';
	str_format(&c->error, "%s: %s", code, text);
	str_free(&xml);
	return false;
}

bool
s3_failed(struct s3call *c)
{
	c->errnum = errno;
	return s3_refuse(c, 500, "InternalError", NULL, "We encountered an internal error. Please try again. (%s)",
	    strerror(c->errnum));
}

/* What AWS says where nothing is wrong with the request. */
static const struct { enum fault_kind kind; int status; const char *code, *message; } faulty[] = {
	{ FAULT_500, 500, "InternalError", "We encountered an internal error. Please try again." },
	{ FAULT_503, 503, "ServiceUnavailable", "Please reduce your request rate." },
	{ FAULT_408, 400, "RequestTimeout",
	    "Your socket connection to the server was not read from or written to within the timeout period." },
	{ FAULT_THROTTLE, 503, "SlowDown", "Please reduce your request rate." },
	{ FAULT_CAPACITY, 503, "GlacierExpeditedRetrievalNotAvailable",
	    "Glacier expedited retrievals are currently not available, please try again later" },
	{ FAULT_DENIED, 403, "AccessDenied", "Access Denied" },
	{ FAULT_LIMIT, 400, "TooManyBuckets", "You have attempted to create more buckets than allowed" },
	{ FAULT_TOKEN, 400, "ExpiredToken", "The provided token has expired." },
};

bool
s3_fault(struct s3call *c)
{
	if (c->fault.kind == FAULT_ERROR) {
		s3_refuse(c, c->fault.status, c->fault.code, NULL, "This was asked for.");
		return true;
	}
	for (size_t i = 0; i < sizeof faulty / sizeof faulty[0]; i++)
		if (faulty[i].kind == c->fault.kind) {
			s3_refuse(c, faulty[i].status, faulty[i].code, NULL, "%s", faulty[i].message);
			return true;
		}
	return false;
}

bool
s3_no_bucket(struct s3call *c)
{
	struct str extra = { 0 };

	xml_put(&extra, "BucketName", c->name);
	s3_refuse(c, 404, "NoSuchBucket", extra.s, "The specified bucket does not exist");
	str_free(&extra);
	return false;
}

bool
s3_no_key(struct s3call *c)
{
	struct str extra = { 0 };

	xml_put(&extra, "Key", c->key);
	s3_refuse(c, 404, "NoSuchKey", extra.s, "The specified key does not exist.");
	str_free(&extra);
	return false;
}

bool
s3_no_upload(struct s3call *c)
{
	return s3_refuse(c, 404, "NoSuchUpload", NULL, "The specified upload does not exist. The upload ID may be invalid, "
	    "or the upload may have been aborted or completed.");
}

bool
s3_malformed(struct s3call *c)
{
	return s3_refuse(c, 400, "MalformedXML", NULL, "The XML you provided was not well-formed or did not validate "
	    "against our published schema");
}

/* Where in the query this name stands, behind its '=': NULL: nowhere. */
static const char *
find(const struct s3call *c, const char *name, size_t *len)
{
	size_t n = strlen(name);

	for (const char *s = httpd_query(c->r); *s != '\0'; ) {
		size_t all = strcspn(s, "&");

		if (strncmp(s, name, n) == 0 && (s[n] == '=' || n == all)) {
			*len = n == all ? 0 : all - n - 1;
			return s + n + (n != all);
		}
		s += all + (s[all] == '&');
	}
	return NULL;
}

bool
s3_asks(const struct s3call *c, const char *name)
{
	size_t n;

	return find(c, name, &n) != NULL;
}

char *
s3_query(const struct s3call *c, const char *name)
{
	const char *s;
	char *value;
	size_t n;

	if ((s = find(c, name, &n)) == NULL)
		return NULL;
	value = s3_decode(s, n, true);
	return value != NULL ? value : mem_copy("");
}

bool
s3_count(struct s3call *c, const char *name, unsigned *n, unsigned max)
{
	char *s = s3_query(c, name);
	uint64_t value = max;
	bool good = s == NULL || *s == '\0' || range_number(&value, s, INT32_MAX);

	if (!good)
		s3_refuse(c, 400, "InvalidArgument", NULL, "Argument %s must be an integer between 0 and 2147483647", name);
	free(s);
	value = value < max ? value : max;
	if (c->fault.kind == FAULT_PAGE && value > c->fault.n)
		value = c->fault.n;
	*n = (unsigned)value;
	return good;
}

static int
nibble(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 :
	    c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Shortest forms only, no surrogates, up to U+10FFFF (RFC 3629). */
static bool
is_utf8(const unsigned char *s)
{
	while (*s != '\0') {
		unsigned n = *s < 0x80 ? 0 : *s >= 0xc2 && *s < 0xe0 ? 1 : (*s & 0xf0) == 0xe0 ? 2 : *s >= 0xf0 && *s < 0xf5 ? 3 : 4;

		if (n == 4 || (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
		    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
			return false;
		for (s++; n != 0; s++, n--)
			if ((*s & 0xc0) != 0x80)
				return false;
	}
	return true;
}

char *
s3_decode(const char *s, size_t n, bool plus)
{
	char *text = mem_alloc(n + 1), *t = text;
	bool good = true;

	for (size_t i = 0; i < n; i++) {
		char c = s[i];

		if (c == '%' && n - i > 2 && nibble(s[i + 1]) >= 0 && nibble(s[i + 2]) >= 0) {
			c = (char)(nibble(s[i + 1]) << 4 | nibble(s[i + 2]));
			i += 2;
		} else if (c == '+' && plus)
			c = ' ';
		good = good && c != '\0';
		*t++ = c;
	}
	if (good && is_utf8((const unsigned char *)text))
		return text;
	free(text);
	return NULL;
}

void
s3_put_key(const struct s3call *c, struct str *xml, const char *name, const char *key)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~*/";
	char *type = s3_query(c, "encoding-type");

	str_format(xml, "<%s>", name);
	if (type == NULL || strcmp(type, "url") != 0)
		xml_text(xml, key);
	else
		for (; *key != '\0'; key++) {
			if (strchr(plain, *key) != NULL)
				str_add(xml, key, 1);
			else if (*key == ' ')
				str_puts(xml, "+");
			else
				str_format(xml, "%%%02X", (unsigned char)*key);
		}
	str_format(xml, "</%s>", name);
	free(type);
}

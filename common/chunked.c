#include "chunked.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "hex.h"
#include "mem.h"
#include "sigv4.h"
#include "str.h"

enum { LINE_MAX = 1024, TRAILERS_MAX = 16 };

struct chunked {
	bool is_signed;
	struct chunked_signed s;        /* seed: the signature before */
	struct chunked_calls calls;
	void *shared;

	enum { HEAD, DATA, BEHIND, TRAILER, END } state;        /* BEHIND: the line's end behind the data */
	char line[LINE_MAX];
	size_t len, trailers;
	uint64_t left;                  /* of the chunk */
	char signature[SHA256_HEX];     /* that it claims */
	struct sha256 *hash;            /* of its data */
	struct str trailer;             /* lines, as they are signed */
	enum chunked_rc rc;
};

struct chunked *
chunked_new(const struct chunked_signed *s, const struct chunked_calls *calls, void *shared)
{
	struct chunked *c = mem_alloc(sizeof *c);

	c->is_signed = s != NULL;
	if (s != NULL)
		c->s = *s;
	c->calls = *calls;
	c->shared = shared;
	c->hash = sha256_new();
	return c;
}

void
chunked_free(struct chunked *c)
{
	if (c == NULL)
		return;
	sha256_free(c->hash);
	str_free(&c->trailer);
	mem_wipe(c->s.key, sizeof c->s.key);
	free(c);
}

/* Is the claimed signature that of this kind of thing with this hash?  Then it is the one before the next. */
static enum chunked_rc
check(struct chunked *c, const char *kind, const char *middle, const uint8_t hash[SHA256_SIZE])
{
	char hex[SHA256_HEX], signature[SHA256_HEX], *string;
	bool same;

	hex_put(hex, hash, SHA256_SIZE);
	string = mem_format("AWS4-HMAC-SHA256-%s\n%s\n%.8s/%s/%s/aws4_request\n%s\n%s%s", kind, c->s.time, c->s.time, c->s.region,
	    c->s.service, c->s.seed, middle, hex);
	sigv4_sign(signature, c->s.key, string);
	free(string);
	same = strcmp(signature, c->signature) == 0;
	strcpy(c->s.seed, signature);
	return same ? CHUNKED_OK : CHUNKED_SIGNATURE;
}

static enum chunked_rc
end_chunk(struct chunked *c)
{
	static const char nothing[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n";
	uint8_t hash[SHA256_SIZE];

	sha256_end(c->hash, hash);
	return c->is_signed ? check(c, "PAYLOAD", nothing, hash) : CHUNKED_OK;
}

/* HEXLENGTH[;chunk-signature=SIGNATURE] */
static enum chunked_rc
take_head(struct chunked *c)
{
	size_t n = strspn(c->line, "0123456789abcdefABCDEF");
	const char *extension = c->line + n;

	if (n == 0 || n > 15)
		return CHUNKED_BAD;
	c->left = strtoull(c->line, NULL, 16);
	c->signature[0] = '\0';
	if (strncmp(extension, ";chunk-signature=", 17) == 0 && strlen(extension + 17) == SHA256_HEX - 1)
		strcpy(c->signature, extension + 17);
	else if (*extension != '\0' || c->is_signed)
		return CHUNKED_BAD;
	c->state = c->left != 0 ? DATA : TRAILER;
	return c->left != 0 ? CHUNKED_OK : end_chunk(c);
}

/* NAME:VALUE, and an empty line behind the last. */
static enum chunked_rc
take_trailer(struct chunked *c)
{
	char *colon = strchr(c->line, ':'), *value;
	uint8_t hash[SHA256_SIZE];

	if (c->len == 0) {
		c->state = END;
		return CHUNKED_OK;
	}
	if (colon == NULL || ++c->trailers > TRAILERS_MAX)
		return CHUNKED_BAD;
	*colon = '\0';
	value = colon + 1 + strspn(colon + 1, " \t");
	for (char *s = c->line; *s != '\0'; s++)
		*s = (char)tolower((unsigned char)*s);
	if (strcmp(c->line, "x-amz-trailer-signature") == 0) {
		if (!c->is_signed || strlen(value) != SHA256_HEX - 1)
			return CHUNKED_BAD;
		strcpy(c->signature, value);
		sha256(hash, str_get(&c->trailer), c->trailer.len);
		str_clear(&c->trailer);
		return check(c, "TRAILER", "", hash);
	}
	str_format(&c->trailer, "%s:%s\n", c->line, value);
	c->calls.trailer(c->shared, c->line, value);
	return CHUNKED_OK;
}

static enum chunked_rc
take_line(struct chunked *c)
{
	enum chunked_rc rc = c->state == HEAD ? take_head(c) : c->state == TRAILER ? take_trailer(c) :
	    c->len == 0 ? CHUNKED_OK : CHUNKED_BAD;

	if (c->state == BEHIND)
		c->state = HEAD;
	c->len = 0;
	return rc;
}

/* Of a line, up to its end: how many bytes were taken. */
static size_t
add_to_line(struct chunked *c, const char *s, size_t n)
{
	const char *end = memchr(s, '\n', n);
	size_t len = end != NULL ? (size_t)(end - s) : n;

	if (c->len + len >= LINE_MAX) {
		c->rc = CHUNKED_BAD;
		return n;
	}
	memcpy(c->line + c->len, s, len);
	c->len += len;
	if (end == NULL)
		return n;
	if (c->len == 0 || c->line[c->len - 1] != '\r' || memchr(c->line, '\0', c->len) != NULL) {
		c->rc = CHUNKED_BAD;
		return n;
	}
	c->line[--c->len] = '\0';
	c->rc = take_line(c);
	return len + 1;
}

static size_t
add_data(struct chunked *c, const char *s, size_t n)
{
	n = n < c->left ? n : (size_t)c->left;
	sha256_add(c->hash, s, n);
	if (c->calls.data(c->shared, s, n) != 0)
		c->rc = CHUNKED_SYSTEM;
	else if ((c->left -= n) == 0) {
		c->state = BEHIND;
		c->rc = end_chunk(c);
	}
	return n;
}

enum chunked_rc
chunked_add(struct chunked *c, const void *bytes, size_t n)
{
	const char *s = bytes;

	while (n != 0 && c->rc == CHUNKED_OK) {
		size_t taken = n;

		if (c->state == END)
			c->rc = CHUNKED_BAD;
		else
			taken = c->state == DATA ? add_data(c, s, n) : add_to_line(c, s, n);
		s += taken;
		n -= taken;
	}
	return c->rc;
}

enum chunked_rc
chunked_end(struct chunked *c)
{
	/* Trailers that are signed need their signature. */
	if (c->rc == CHUNKED_OK && (c->state != END || (c->is_signed && c->trailer.len != 0)))
		c->rc = CHUNKED_BAD;
	return c->rc;
}

#include "s3answer.h"

#include <stdio.h>
#include <string.h>

#include "base64.h"
#include "date.h"
#include "xml.h"

enum retry
s3_again(int status, const char *code)
{
	static const struct { const char *code; enum retry kind; } known[] = {
		{ "BadDigest", RETRY_TRANSIENT },
		{ "ConditionalRequestConflict", RETRY_TRANSIENT },
		{ "GlacierExpeditedRetrievalNotAvailable", RETRY_NO },
		{ "InternalError", RETRY_TRANSIENT },
		{ "NotImplemented", RETRY_NO },
		{ "OperationAborted", RETRY_TRANSIENT },
		{ "RequestLimitExceeded", RETRY_THROTTLED },
		{ "RequestTimeout", RETRY_TRANSIENT },
		{ "ServiceUnavailable", RETRY_TRANSIENT },
		{ "SlowDown", RETRY_THROTTLED },
		{ "Throttling", RETRY_THROTTLED },
		{ "ThrottlingException", RETRY_THROTTLED },
		{ "TooManyRequests", RETRY_THROTTLED },
		{ "XAmzContentSHA256Mismatch", RETRY_TRANSIENT },
	};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (strcmp(code, known[i].code) == 0)
			return known[i].kind;
	switch (status) {
	case 429: case 509:
		return RETRY_THROTTLED;
	case 400:                       /* of a HEAD, which cannot say why: RequestTimeout mostly */
		return *code == '\0' ? RETRY_TRANSIENT : RETRY_NO;
	case 0: case 408: case 500: case 502: case 503: case 504:
		return RETRY_TRANSIENT;
	default:
		return RETRY_NO;
	}
}

struct complaint { struct str *code, *message, *region; };

static bool
complain(void *with, const char *path, const char *text)
{
	struct complaint *c = with;
	struct str *to = strcmp(path, "Error/Code") == 0 ? c->code : strcmp(path, "Error/Message") == 0 ? c->message :
	    strcmp(path, "Error/Region") == 0 ? c->region : NULL;

	if (to != NULL && to->len == 0)
		str_puts(to, text);
	return true;
}

/* A body that says what is wrong; each of the three may come out empty. */
static void
read_error(const struct http_answer *answer, struct str *code, struct str *message, struct str *region)
{
	struct complaint c = { code, message, region };

	xml_parse(str_get(&answer->body), answer->body.len, complain, &c);
}

/* A HEAD has no body, so its status must do. */
void
s3_complaint(const struct http_answer *answer, struct str *code, struct str *message)
{
	struct str region = { 0 };

	read_error(answer, code, message, &region);
	str_free(&region);
	if (code->len == 0 && answer->status == 404)
		str_puts(code, "NotFound");
	for (char *s = code->s; s != NULL && *s != '\0'; s++)
		if ((unsigned char)*s <= 0x20 || (unsigned char)*s > 0x7e)
			*s = '?';
}

bool
s3_elsewhere(const struct http_answer *answer, const char *code, struct str *region)
{
	struct str a = { 0 }, b = { 0 };

	if (answer->status != 301 && answer->status != 302 && answer->status != 307 && answer->status != 400)
		return false;
	if (!http_find(answer, "x-amz-bucket-region", region))
		read_error(answer, &a, &b, region);
	str_free(&a);
	str_free(&b);
	/* A 400 may be about anything else, and names the region all the same. */
	return region->len != 0 && (answer->status != 400 || *code == '\0' || strcmp(code, "AuthorizationHeaderMalformed") == 0 ||
	    strcmp(code, "IllegalLocationConstraintException") == 0);
}

struct found { const char *want; struct str text; };

static bool
find_text(void *with, const char *path, const char *text)
{
	struct found *f = with;

	if (s3_ends(path, f->want) && strncmp(path, "Error/", 6) != 0)
		s3_keep(&f->text, text);
	return true;
}

bool
s3_text_of(const struct http_answer *answer, const char *tail, struct str *out)
{
	struct found f = { .want = tail };
	bool good = xml_parse(str_get(&answer->body), answer->body.len, find_text, &f) && f.text.len != 0;

	str_clear(out);
	if (good)
		str_puts(out, str_get(&f.text));
	str_free(&f.text);
	return good;
}

bool
s3_ends(const char *path, const char *tail)
{
	const char *slash = strchr(path, '/');

	return slash != NULL && strcmp(slash + 1, tail) == 0;
}

void
s3_keep(struct str *to, const char *text)
{
	str_clear(to);
	str_puts(to, text);
}

int64_t
s3_moment(const char *text)
{
	int64_t t;

	return date_find(text, strlen(text), &t) == DATE_OK ? t : 0;
}

void
s3_sum_text(char out[S3_SUM], const uint8_t sum[SHA256_SIZE])
{
	struct str s = { 0 };

	base64_put(&s, BASE64_PADDED, sum, SHA256_SIZE);
	snprintf(out, S3_SUM, "%s", str_get(&s));
	str_free(&s);
}

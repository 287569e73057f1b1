/* chunked.h: AWS's published example, and bodies that are not what they say. */
#include <stdlib.h>
#include <string.h>

#include "chunked.h"
#include "sigv4.h"
#include "str.h"

#include "tap.h"

struct got {
	struct str data, trailers;
};

static int
on_data(void *shared, const void *bytes, size_t n)
{
	str_add(&((struct got *)shared)->data, bytes, n);
	return 0;
}

static void
on_trailer(void *shared, const char *name, const char *value)
{
	str_format(&((struct got *)shared)->trailers, "%s=%s;", name, value);
}

static const struct chunked_calls calls = { on_data, on_trailer };

/* In pieces of this size. */
static enum chunked_rc
run(const struct chunked_signed *s, const char *body, size_t n, size_t piece, struct got *got)
{
	struct chunked *c = chunked_new(s, &calls, got);
	enum chunked_rc rc;

	for (size_t at = 0; at < n; at += piece)
		chunked_add(c, body + at, n - at < piece ? n - at : piece);
	rc = chunked_end(c);
	chunked_free(c);
	return rc;
}

static void
got_free(struct got *got)
{
	str_free(&got->data);
	str_free(&got->trailers);
}

static const struct {
	const char *name, *body, *data, *trailers;
} good[] = {
	{ "nothing", "0\r\n\r\n", "", "" },
	{ "a chunk", "3\r\nabc\r\n0\r\n\r\n", "abc", "" },
	{ "two, in either case", "A\r\n0123456789\r\nb\r\n0123456789a\r\n0\r\n\r\n", "01234567890123456789a", "" },
	{ "a trailer", "1\r\nx\r\n0\r\nX-Amz-Checksum-crc32: abcd==\r\n\r\n", "x", "x-amz-checksum-crc32=abcd==;" },
	{ "line ends in data", "4\r\n\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n", "" },
};

static const struct {
	const char *name, *body;
} bad[] = {
	{ "empty", "" },
	{ "no length", "\r\n" },
	{ "no number", "x\r\n" },
	{ "a length that is too long", "1234567890123456\r\n" },
	{ "a line without its return", "0\n\n" },
	{ "cut in the length", "3" },
	{ "cut in the data", "3\r\nab" },
	{ "cut behind the data", "3\r\nabc" },
	{ "cut before the last", "3\r\nabc\r\n" },
	{ "cut behind the last", "3\r\nabc\r\n0\r\n" },
	{ "more than it says", "3\r\nabcd\r\n0\r\n\r\n" },
	{ "more behind the end", "0\r\n\r\nx" },
	{ "an unknown extension", "3;x=y\r\nabc\r\n0\r\n\r\n" },
	{ "a trailer that is none", "0\r\nabc\r\n\r\n" },
	{ "a signature behind unsigned trailers", "0\r\nx-amz-trailer-signature:"
	    "0123456789012345678901234567890123456789012345678901234567890123\r\n\r\n" },
};

/* Developer guide, "sigv4-streaming": 66560 times 'a' in three chunks. */
static struct str
published(char last)
{
	struct str body = { 0 };
	char *a = malloc(65536);

	memset(a, 'a', 65536);
	str_puts(&body, "10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n");
	str_add(&body, a, 65536);
	str_puts(&body, "\r\n400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n");
	a[1023] = last;
	str_add(&body, a, 1024);
	str_puts(&body, "\r\n0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n");
	free(a);
	return body;
}

static void
test_published(void)
{
	struct chunked_signed s = { .time = "20130524T000000Z", .region = "us-east-1", .service = "s3",
	    .seed = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9" };
	struct sigv4_scope scope = { s.time, s.region, s.service };
	static const size_t pieces[] = { 1, 7, 8192, 1 << 20 };
	struct str body = published('a'), wrong = published('b');

	sigv4_key(s.key, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", &scope);
	is(body.len == 66824, "AWS's example has the length that AWS says");
	for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
		struct got got = { 0 };

		is(run(&s, body.s, body.len, pieces[i], &got) == CHUNKED_OK && got.data.len == 66560,
		    "AWS's example, in pieces of %zu", pieces[i]);
		got_free(&got);
	}
	struct got got = { 0 };
	is(run(&s, wrong.s, wrong.len, 8192, &got) == CHUNKED_SIGNATURE, "AWS's example with a byte that differs");
	got_free(&got);
	is(run(&s, body.s, body.len - 90, 8192, &got) == CHUNKED_BAD, "AWS's example without its last chunk");
	got_free(&got);
	is(run(&s, "3\r\nabc\r\n0\r\n\r\n", 13, 8192, &got) == CHUNKED_BAD, "chunks without signatures");
	got_free(&got);
	str_free(&body);
	str_free(&wrong);
}

int
main(void)
{
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		for (size_t piece = 1; piece < 60; piece += 29) {
			struct got got = { 0 };

			is(run(NULL, good[i].body, strlen(good[i].body), piece, &got) == CHUNKED_OK &&
			    strcmp(str_get(&got.data), good[i].data) == 0 && strcmp(str_get(&got.trailers), good[i].trailers) == 0,
			    "%s, in pieces of %zu", good[i].name, piece);
			got_free(&got);
		}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct got got = { 0 };

		is(run(NULL, bad[i].body, strlen(bad[i].body), 3, &got) == CHUNKED_BAD, "refused: %s", bad[i].name);
		got_free(&got);
	}
	test_published();
	return tap_done();
}

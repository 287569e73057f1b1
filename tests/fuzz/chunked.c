/* Any bytes as a body in chunks, whole and in pieces: the same verdict and the same data, never more than came. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "chunked.h"
#include "str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
on_data(void *shared, const void *bytes, size_t n)
{
	str_add(shared, bytes, n);
	return 0;
}

static void
on_trailer(void *shared, const char *name, const char *value)
{
	(void)shared;
	if (strchr(name, ':') != NULL || strchr(value, '\n') != NULL)
		abort();
}

static enum chunked_rc
run(const struct chunked_signed *s, const uint8_t *data, size_t size, size_t piece, struct str *out)
{
	static const struct chunked_calls calls = { on_data, on_trailer };
	struct chunked *c = chunked_new(s, &calls, out);
	enum chunked_rc rc;

	for (size_t at = 0; at < size; at += piece)
		chunked_add(c, data + at, size - at < piece ? size - at : piece);
	rc = chunked_end(c);
	chunked_free(c);
	return rc;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct chunked_signed s = { .time = "20130524T000000Z", .region = "us-east-1", .service = "s3", .seed = "0" };

	for (int is_signed = 0; is_signed < 2; is_signed++) {
		struct str a = { 0 }, b = { 0 };

		if (run(is_signed ? &s : NULL, data, size, size + 1, &a) != run(is_signed ? &s : NULL, data, size, 1, &b) ||
		    a.len != b.len || a.len > size || (a.len != 0 && memcmp(a.s, b.s, a.len) != 0))
			abort();
		str_free(&a);
		str_free(&b);
	}
	return 0;
}

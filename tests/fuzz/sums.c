/* Checksum lists: what sums_parse takes apart, sums_format puts together again. */
#include <stdlib.h>
#include <string.h>

#include "sums.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t hash[SHA256_SIZE], again[SHA256_SIZE];
	struct str name = { 0 }, line = { 0 }, back = { 0 };
	char end = n > 0 && data[0] == 0 ? '\0' : '\n';
	char *copy = malloc(n + 1);

	/* An exact copy, so that a step beyond it is seen. */
	memcpy(copy, data, n);
	if (sums_parse_loosely(copy, n, end, hash, &name)) {
		sums_format(&line, hash, str_get(&name), end);
		if (!sums_parse(str_get(&line), line.len, end, again, &back) || memcmp(hash, again, sizeof hash) != 0 ||
		    strcmp(str_get(&name), str_get(&back)) != 0)
			abort();
	} else if (name.len != 0)
		abort();
	str_free(&name);
	str_free(&line);
	str_free(&back);
	free(copy);
	return 0;
}

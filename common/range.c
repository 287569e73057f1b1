#include "range.h"

#include <stddef.h>
#include <string.h>

enum { MIB = 1 << 20 };

/* The digits at s; what follows them, or NULL where there are none or too many. */
static const char *
digits(uint64_t *n, const char *s)
{
	const char *start = s;

	for (*n = 0; *s >= '0' && *s <= '9'; s++) {
		uint64_t d = (uint64_t)(*s - '0');

		if (*n > (UINT64_MAX - d) / 10)
			return NULL;
		*n = *n * 10 + d;
	}
	return s != start ? s : NULL;
}

bool
range_number(uint64_t *n, const char *s, uint64_t max)
{
	s = digits(n, s);
	return s != NULL && *s == '\0' && *n <= max;
}

static bool
pair(uint64_t *first, uint64_t *last, const char *s, const char *before, const char *after)
{
	size_t n = strlen(before);

	if (strncmp(s, before, n) != 0 || (s = digits(first, s + n)) == NULL || *s != '-' ||
	    (s = digits(last, s + 1)) == NULL)
		return false;
	return strcmp(s, after) == 0 && *first <= *last;
}

bool
range_content(uint64_t *first, uint64_t *last, const char *s)
{
	return pair(first, last, s, "bytes ", "/*");
}

bool
range_header(uint64_t *first, uint64_t *last, const char *s)
{
	return pair(first, last, s, "bytes=", "");
}

bool
range_plain(uint64_t *first, uint64_t *last, const char *s)
{
	return pair(first, last, s, "", "");
}

bool
range_aligned(uint64_t first, uint64_t last, uint64_t size)
{
	return first <= last && last < size && first % MIB == 0 && (last % MIB == MIB - 1 || last == size - 1);
}

bool
range_node(uint64_t first, uint64_t last, uint64_t size)
{
	uint64_t p, q, all, height;

	if (!range_aligned(first, last, size))
		return false;
	p = first / MIB;
	q = last / MIB + 1;
	all = (size - 1) / MIB + 1;
	for (height = 1; height < q - p; height *= 2)
		;
	return p % height == 0 && (q - p == height || q == all);
}

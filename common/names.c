#include "names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "err.h"
#include "lines.h"
#include "mem.h"

struct names {
	struct lines *in;
	char end;
};

struct names *
names_new(char end)
{
	struct names *n = mem_alloc(sizeof *n);

	n->end = end;
	n->in = lines_new(STDIN_FILENO, end);
	return n;
}

void
names_free(struct names *n)
{
	if (n != NULL)
		lines_free(n->in);
	free(n);
}

char *
names_next(struct names *n)
{
	size_t len;
	char *s = lines_next(n->in, &len);

	if (s == NULL) {
		if (errno != 0)
			edie(ST_FAIL, "standard input: line %lu", lines_number(n->in) + 1);
		return NULL;
	}
	if (lines_cut(n->in))
		die(ST_FAIL, "standard input: line %lu: is cut short, so what wrote it has failed", lines_number(n->in));
	if (len == 0 || strlen(s) != len)
		die(ST_FAIL, "standard input: line %lu: is not a file name", lines_number(n->in));
	return s;
}

bool
names_ready(const struct names *n)
{
	return lines_ready(n->in);
}

void
names_put(struct names *n, const char *line)
{
	if (lines_put(STDOUT_FILENO, line, n->end) != 0)
		edie(ST_FAIL, "standard output");
}

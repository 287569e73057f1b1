/* names.h: the protocol between programs, and what ends it. */
#include <string.h>

#include "err.h"
#include "names.h"

#include "child.h"
#include "tap.h"

#define S(s) s, sizeof s - 1

static const struct {
	const char *in;
	size_t n;
	char end;
	int status;
	const char *out, *err;
} cases[] = {
	{ S(""), '\n', 0, "", "" },
	{ S("a\n"), '\n', 0, "<a>\n", "" },
	{ S("a\nb c\n\\\n"), '\n', 0, "<a>\n<b c>\n<\\>\n", "" },
	{ S("a\r\n"), '\n', 0, "<a\r>\n", "" },
	{ S("a"), '\n', 1, "", "names: standard input: line 1: is cut short" },
	{ S("a\nb"), '\n', 1, "<a>\n", "names: standard input: line 2: is cut short" },
	{ S("a\n\n"), '\n', 1, "<a>\n", "line 2: is not a file name" },
	{ S("a\nb\0c\n"), '\n', 1, "<a>\n", "line 2: is not a file name" },
	{ S("a\nb\0"), '\0', 0, "<a\nb>", "" },
	{ S("a\0\0"), '\0', 1, "<a>", "line 2: is not a file name" },
	{ S("a\0b\n"), '\0', 1, "<a>", "line 2: is cut short" },
};

static void
echo(const void *arg)
{
	struct names *names = names_new(*(const char *)arg);
	char line[64];
	const char *s;

	while ((s = names_next(names)) != NULL) {
		snprintf(line, sizeof line, "<%s>", s);
		names_put(names, line);
	}
	names_free(names);
}

int
main(int argc, char *argv[])
{
	static char big[70000];
	struct child c;

	(void)argc;
	err_init(argv);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		c = child_run(echo, &cases[i].end, cases[i].in, cases[i].n);
		is(c.status == cases[i].status && strcmp(c.out, cases[i].out) == 0 &&
		    (cases[i].err[0] == '\0' ? c.err[0] == '\0' : strstr(c.err, cases[i].err) != NULL),
		    "case %zu: %s", i, cases[i].err);
	}
	memset(big, 'x', sizeof big);
	c = child_run(echo, "\n", big, sizeof big);
	is(c.status == 1 && strstr(c.err, "line 1: Message too long") != NULL && c.out[0] == '\0', "a name without end");
	names_free(NULL);
	return tap_done();
}

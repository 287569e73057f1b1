/* lines.h: what comes in, in whatever pieces. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lines.h"

#include "tap.h"

#define S(s) s, sizeof s - 1

static const struct {
	const char *in;
	size_t n;
	char end;
	unsigned long count;
	bool cut;
	const char *last;
} cases[] = {
	{ S(""), '\n', 0, false, NULL },
	{ S("\n"), '\n', 1, false, "" },
	{ S("\n\n"), '\n', 2, false, "" },
	{ S("a"), '\n', 1, true, "a" },
	{ S("a\n"), '\n', 1, false, "a" },
	{ S("a\nb"), '\n', 2, true, "b" },
	{ S("a\nb\n"), '\n', 2, false, "b" },
	{ S("a\n\nb\n"), '\n', 3, false, "b" },
	{ S("a\0b\0"), '\0', 2, false, "b" },
	{ S("a\nb\0c"), '\0', 2, true, "c" },
	{ S("a\r\n"), '\n', 1, false, "a\r" },
};

/* A descriptor from which in comes, each write of step bytes a read of its own if it can be. */
static int
source(const char *in, size_t n, size_t step, pid_t *pid)
{
	int fd[2];

	if (pipe(fd) != 0)
		exit(1);
	fflush(stdout);
	if ((*pid = fork()) == 0) {
		for (size_t at = 0; at < n; at += step)
			if (write(fd[1], in + at, n - at < step ? n - at : step) < 0)
				_exit(1);
		_exit(0);
	}
	close(fd[1]);
	return fd[0];
}

static bool
one(size_t i, size_t step)
{
	pid_t pid;
	int fd = source(cases[i].in, cases[i].n, step, &pid);
	struct lines *l = lines_new(fd, cases[i].end);
	const char *line;
	char last[64] = "";
	bool good;
	size_t len;

	while ((line = lines_next(l, &len)) != NULL) {
		if (strlen(line) != len)
			return false;
		snprintf(last, sizeof last, "%s", line);
	}
	good = errno == 0 && lines_number(l) == cases[i].count && lines_cut(l) == cases[i].cut &&
	    (cases[i].last == NULL || strcmp(last, cases[i].last) == 0);
	good = good && lines_next(l, &len) == NULL && errno == 0;      /* the end stays the end */
	lines_free(l);
	close(fd);
	waitpid(pid, NULL, 0);
	return good;
}

/* count lines of n bytes each (with their ends): do all come through whole? */
static bool
long_lines(size_t n, size_t count, size_t step)
{
	char *in = malloc(n * count), *line;
	struct lines *l;
	size_t len, k;
	bool good = true;
	pid_t pid;
	int fd;

	for (size_t i = 0; i < n * count; i++)
		in[i] = i % n == n - 1 ? '\n' : (char)('a' + (i / n + i) % 26);
	fd = source(in, n * count, step, &pid);
	l = lines_new(fd, '\n');
	for (k = 0; (line = lines_next(l, &len)) != NULL; k++)
		good = good && k < count && len == n - 1 && memcmp(line, in + k * n, len) == 0 && line[len] == '\0';
	good = good && errno == 0 && k == count;
	lines_free(l);
	close(fd);
	waitpid(pid, NULL, 0);
	free(in);
	return good;
}

static void
too_long(size_t n, bool fits, char last)
{
	char *in = malloc(n);
	struct lines *l;
	size_t len;
	pid_t pid;
	int fd;

	memset(in, 'x', n);
	in[n - 1] = last;
	fd = source(in, n, n, &pid);
	l = lines_new(fd, '\n');
	if (fits)
		is(lines_next(l, &len) != NULL, "%zu bytes fit", n);
	else
		is(lines_next(l, &len) == NULL && errno == EMSGSIZE, "%zu bytes %s are too long", n,
		    last == '\n' ? "with an end" : "without one");
	lines_free(l);
	close(fd);
	waitpid(pid, NULL, 0);
	free(in);
}

int
main(void)
{
	int fd[2];
	char got[8];
	size_t len;
	struct lines *l;
	pid_t pid;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		is(one(i, 1) && one(i, 2) && one(i, 99), "case %zu", i);
	is(long_lines(1, 3 * LINES_MAX, 4096), "empty lines");
	is(long_lines(4095, 100, 4096), "lines across the edges of reads");
	is(long_lines(LINES_MAX, 5, 1000), "the longest lines");
	is(long_lines(LINES_MAX / 2 + 1, 7, 65536), "more than half as long");
	is(long_lines(LINES_MAX - 1, 5, 65536), "one less than the longest");
	too_long(LINES_MAX, true, '\n');
	too_long(LINES_MAX + 1, false, '\n');
	too_long(LINES_MAX - 1, true, 'x');
	too_long(LINES_MAX, false, 'x');

	fd[0] = source("a\0b\nc", 5, 5, &pid);
	l = lines_new(fd[0], '\n');
	is(lines_next(l, &len) != NULL && len == 3, "a NUL within a line is counted");
	is(lines_number(l) == 1 && !lines_cut(l) && lines_next(l, &len) != NULL && lines_cut(l), "only the last is cut");
	lines_free(l);
	close(fd[0]);
	waitpid(pid, NULL, 0);

	l = lines_new(-1, '\n');
	is(lines_next(l, &len) == NULL && errno == EBADF, "an error is an error");
	lines_free(l);

	if (pipe(fd) != 0)
		return 1;
	is(lines_put(fd[1], "ab", '\0') == 0 && lines_put(fd[1], "", '\n') == 0 &&
	    read(fd[0], got, sizeof got) == 4 && memcmp(got, "ab\0\n", 4) == 0, "lines_put");
	close(fd[0]), close(fd[1]);
	is(lines_put(fd[1], "ab", '\n') == -1 && errno == EBADF, "lines_put says what is wrong");
	return tap_done();
}

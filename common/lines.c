#include "lines.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "io.h"
#include "mem.h"

struct lines {
	int fd;
	char end;
	bool cut, eof;
	unsigned long number;
	size_t from, to;                /* what was read and not yet returned */
	char buf[LINES_MAX];
};

struct lines *
lines_new(int fd, char end)
{
	struct lines *l = mem_alloc(sizeof *l);

	l->fd = fd;
	l->end = end;
	return l;
}

void
lines_free(struct lines *l)
{
	free(l);
}

char *
lines_next(struct lines *l, size_t *len)
{
	size_t seen = 0;
	char *line, *end;
	ssize_t r;

	for (;;) {
		line = l->buf + l->from;
		if ((end = memchr(line + seen, l->end, l->to - l->from - seen)) != NULL)
			break;
		seen = l->to - l->from;
		if (l->eof) {
			errno = 0;
			if (seen == 0)
				return NULL;
			l->cut = true;
			end = line + seen;      /* there is room: the buffer was not full */
			break;
		}
		if (seen == sizeof l->buf) {
			errno = EMSGSIZE;
			return NULL;
		}
		memmove(l->buf, line, seen);
		l->from = 0;
		l->to = seen;
		if ((r = io_some(l->fd, l->buf + l->to, sizeof l->buf - l->to)) < 0)
			return NULL;
		l->eof = r == 0;
		l->to += (size_t)r;
	}
	*end = '\0';
	*len = (size_t)(end - line);
	l->from += *len + (l->cut ? 0 : 1);
	l->number++;
	return line;
}

bool
lines_ready(const struct lines *l)
{
	struct pollfd p = { .fd = l->fd, .events = POLLIN };

	return l->eof || memchr(l->buf + l->from, l->end, l->to - l->from) != NULL || poll(&p, 1, 0) == 1;
}

bool
lines_cut(const struct lines *l)
{
	return l->cut;
}

unsigned long
lines_number(const struct lines *l)
{
	return l->number;
}

int
lines_put(int fd, const char *s, char end)
{
	size_t n = strlen(s);
	char *line = mem_alloc(n + 1);
	int r;

	memcpy(line, s, n);
	line[n] = end;
	r = io_put(fd, line, n + 1);
	free(line);
	return r;
}

#include "source.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io.h"
#include "mem.h"
#include "str.h"

enum {
	RAW = 1 << 16,
	FIRST = 1 << 12,        /* bytes that are looked at first: most headers are shorter */
	MARK = 5                /* dashes: no age file begins with them, all armor does */
};

struct source {
	int fd;
	enum { PLAIN, UNKNOWN, ARMORED } kind;
	struct str ahead;               /* looked at; used of them were read */
	size_t used;

	/* Of armor. */
	struct armor armor;
	enum armor_rc rc;
	bool ended;                     /* no more bytes come out of the armor, for rc says why */
	bool eof;                       /* of fd */
	char *raw;                      /* text from from to to, RAW at most */
	size_t from, to;
	uint8_t line[ARMOR_BYTES];      /* what came of a line and did not fit, from at on */
	size_t at, got;
};

struct source *
source_new(int fd)
{
	struct source *s = mem_alloc(sizeof *s);

	s->fd = fd;
	return s;
}

void
source_free(struct source *s)
{
	if (s == NULL)
		return;
	if (s->ahead.s != NULL)
		mem_wipe(s->ahead.s, s->ahead.cap);
	if (s->raw != NULL)
		mem_wipe(s->raw, RAW);
	str_free(&s->ahead);
	free(s->raw);
	mem_wipe(s, sizeof *s);
	free(s);
}

void
source_detect(struct source *s)
{
	s->kind = UNKNOWN;
	s->raw = mem_alloc(RAW);
}

bool
source_armored(const struct source *s)
{
	return s->kind == ARMORED;
}

enum armor_rc
source_armor(const struct source *s, unsigned long *line)
{
	*line = s->armor.line;
	return s->rc;
}

/* Some more text behind what is in raw.  -1 and errno. */
static int
raw_more(struct source *s)
{
	ssize_t r;

	memmove(s->raw, s->raw + s->from, s->to - s->from);
	s->to -= s->from;
	s->from = 0;
	if ((r = io_some(s->fd, s->raw + s->to, RAW - s->to)) < 0)
		return -1;
	s->eof = r == 0;
	s->to += (size_t)r;
	return 0;
}

/* Does it begin with armor, behind white space?  What was read for that stays ahead where it does not. */
static int
detect(struct source *s)
{
	size_t i = 0, have;

	for (;;) {
		while (i < s->to && strchr(" \t\r\n", s->raw[i]) != NULL && s->raw[i] != '\0')
			i++;
		have = s->to - i < MARK ? s->to - i : MARK;
		if (s->eof || have == MARK || memcmp(s->raw + i, "-----", have) != 0 || s->to == RAW)
			break;
		if (raw_more(s) != 0)
			return -1;
	}
	if (have == MARK && memcmp(s->raw + i, "-----", MARK) == 0) {
		s->kind = ARMORED;
		return 0;
	}
	s->kind = PLAIN;
	/* Not armor, yet there is some in it: that is what to say then. */
	if (s->to != 0 && s->raw[0] != 'a' && memmem(s->raw, s->to, ARMOR_BEGIN, sizeof ARMOR_BEGIN - 1) != NULL)
		s->rc = ARMOR_LEAD;
	str_add(&s->ahead, s->raw, s->to);
	return 0;
}

/* The next line of the armor becomes bytes in line.  -1 and errno. */
static int
next_line(struct source *s)
{
	char *end = NULL;
	size_t n, seen = 0;

	for (;;) {
		if ((end = memchr(s->raw + s->from + seen, '\n', s->to - s->from - seen)) != NULL)
			break;
		seen = s->to - s->from;
		if (s->eof || seen == RAW)
			break;
		if (raw_more(s) != 0)
			return -1;
	}
	n = end != NULL ? (size_t)(end - (s->raw + s->from)) : s->to - s->from;
	if (n == 0 && end == NULL)
		s->rc = armor_end(&s->armor);
	else
		s->rc = armor_line(&s->armor, s->raw + s->from, n, s->line, &s->got);
	s->at = 0;
	s->from += end != NULL ? n + 1 : n;
	s->ended = s->rc != ARMOR_OK || (n == 0 && end == NULL);
	return 0;
}

static ssize_t
armored_fill(struct source *s, uint8_t *buf, size_t n)
{
	size_t have = 0, part;

	while (have < n) {
		if (s->at == s->got) {
			if (s->ended)
				break;
			if (next_line(s) != 0)
				return -1;
			continue;
		}
		part = s->got - s->at < n - have ? s->got - s->at : n - have;
		memcpy(buf + have, s->line + s->at, part);
		s->at += part;
		have += part;
	}
	return (ssize_t)have;
}

/* As source_fill, but from behind what was looked at. */
static ssize_t
fill(struct source *s, void *buf, size_t n)
{
	return s->kind == ARMORED ? armored_fill(s, buf, n) : io_fill(s->fd, buf, n);
}

ssize_t
source_fill(struct source *s, void *buf, size_t n)
{
	size_t have;
	ssize_t r;

	if (s->kind == UNKNOWN && detect(s) != 0)
		return -1;
	if ((have = s->ahead.len - s->used) > n)
		have = n;
	if (have != 0)
		memcpy(buf, s->ahead.s + s->used, have);
	s->used += have;
	if (have == n)
		return (ssize_t)n;
	r = fill(s, (uint8_t *)buf + have, n - have);
	return r < 0 ? -1 : r + (ssize_t)have;
}

int
source_ended(struct source *s)
{
	uint8_t c;
	ssize_t r;

	if (s->kind == UNKNOWN && detect(s) != 0)
		return -1;
	if (s->used < s->ahead.len)
		return 0;
	if ((r = fill(s, &c, 1)) < 0)
		return -1;
	str_clear(&s->ahead);
	s->used = 0;
	if (r > 0)
		str_add(&s->ahead, &c, 1);
	if (r > 0)
		return 0;
	return s->kind == ARMORED && s->rc != ARMOR_OK ? 2 : 1;
}

bool
source_claim(struct source *s, size_t n, uint64_t *place)
{
	off_t ahead = (off_t)(s->ahead.len - s->used), want = (off_t)n, at;
	struct stat st;

	if (s->kind != PLAIN || fstat(s->fd, &st) != 0 || !S_ISREG(st.st_mode) || (at = lseek(s->fd, 0, SEEK_CUR)) < ahead)
		return false;
	at -= ahead;
	if (st.st_size - at <= want || lseek(s->fd, at + want, SEEK_SET) < 0)
		return false;
	s->used = s->ahead.len;
	*place = (uint64_t)at;
	return true;
}

int
source_more(struct source *s)
{
	size_t n = s->ahead.len > FIRST ? s->ahead.len : FIRST;
	uint8_t *some;
	ssize_t r;

	if (s->kind == UNKNOWN) {
		if (detect(s) != 0)
			return -1;
		if (s->ahead.len != 0)
			return 1;
	}
	/* As much again each time, and no less: who looks at it all from the start each time still looks at little. */
	some = mem_alloc(n);
	r = fill(s, some, n);
	if (r > 0)
		str_add(&s->ahead, some, (size_t)r);
	free(some);
	return r < 0 ? -1 : r > 0;
}

const char *
source_ahead(const struct source *s, size_t *n)
{
	*n = s->ahead.len - s->used;
	return str_get(&s->ahead) + s->used;
}

void
source_skip(struct source *s, size_t n)
{
	s->used += n;
}

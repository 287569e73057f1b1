#include "chain.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "io.h"
#include "mem.h"

struct piece {
	struct piece *next;
	size_t len;
	uint8_t bytes[CHAIN_PIECE];
};

struct store {
	pthread_mutex_t lock;
	struct piece *spare;            /* kept: what comes back is needed again soon */
	uint64_t used;                  /* pieces in chains */
};

struct store *
store_new(void)
{
	struct store *s = mem_alloc(sizeof *s);

	pthread_mutex_init(&s->lock, NULL);
	return s;
}

void
store_trim(struct store *s)
{
	struct piece *p;

	pthread_mutex_lock(&s->lock);
	while ((p = s->spare) != NULL) {
		s->spare = p->next;
		free(p);
	}
	pthread_mutex_unlock(&s->lock);
}

void
store_free(struct store *s)
{
	if (s == NULL)
		return;
	store_trim(s);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

uint64_t
store_used(struct store *s)
{
	uint64_t used;

	pthread_mutex_lock(&s->lock);
	used = s->used;
	pthread_mutex_unlock(&s->lock);
	return used * CHAIN_PIECE;
}

static struct piece *
draw(struct store *s)
{
	struct piece *p;

	pthread_mutex_lock(&s->lock);
	s->used++;
	if ((p = s->spare) != NULL)
		s->spare = p->next;
	pthread_mutex_unlock(&s->lock);
	if (p == NULL)
		p = mem_alloc(sizeof *p);
	p->next = NULL;
	p->len = 0;
	return p;
}

static void
append(struct chain *c, struct piece *p)
{
	if (c->last != NULL)
		c->last->next = p;
	else
		c->first = p;
	c->last = p;
	c->len += p->len;
}

uint8_t *
chain_room(struct store *s, struct chain *c, size_t *n)
{
	if (c->last == NULL || c->last->len == CHAIN_PIECE)
		append(c, draw(s));
	*n = CHAIN_PIECE - c->last->len;
	return c->last->bytes + c->last->len;
}

void
chain_grew(struct chain *c, size_t n)
{
	c->last->len += n;
	c->len += n;
}

void
chain_add(struct store *s, struct chain *c, const void *bytes, size_t n)
{
	const uint8_t *from = bytes;
	uint8_t *to;
	size_t room;

	while (n > 0) {
		to = chain_room(s, c, &room);
		if (room > n)
			room = n;
		memcpy(to, from, room);
		chain_grew(c, room);
		from += room;
		n -= room;
	}
}

const uint8_t *
chain_head(const struct chain *c, size_t *n)
{
	*n = c->first != NULL ? c->first->len : 0;
	return c->first != NULL ? c->first->bytes : NULL;
}

struct piece *
chain_next(const struct chain *c, struct piece *p)
{
	return p == NULL ? c->first : p->next;
}

const uint8_t *
piece_bytes(const struct piece *p, size_t *n)
{
	*n = p->len;
	return p->bytes;
}

static struct piece *
detach(struct chain *c)
{
	struct piece *p = c->first;

	c->first = p->next;
	if (c->first == NULL)
		c->last = NULL;
	c->len -= p->len;
	p->next = NULL;
	return p;
}

void
chain_drop(struct store *s, struct chain *c)
{
	struct piece *p = detach(c);

	pthread_mutex_lock(&s->lock);
	p->next = s->spare;
	s->spare = p;
	s->used--;
	pthread_mutex_unlock(&s->lock);
}

void
chain_clear(struct store *s, struct chain *c)
{
	while (c->first != NULL)
		chain_drop(s, c);
}

void
chain_pass(struct chain *to, struct chain *from)
{
	append(to, detach(from));
}

int64_t
chain_fill(struct store *s, struct chain *c, int fd, uint64_t n)
{
	uint64_t have = 0;
	uint8_t *to;
	size_t room;
	ssize_t r;

	while (have < n) {
		to = chain_room(s, c, &room);
		if (room > n - have)
			room = (size_t)(n - have);
		if ((r = io_fill(fd, to, room)) < 0)
			return -1;
		chain_grew(c, (size_t)r);
		have += (uint64_t)r;
		if ((size_t)r < room)
			break;
	}
	return (int64_t)have;
}

int
chain_put(const struct chain *c, int fd)
{
	for (const struct piece *p = c->first; p != NULL; p = p->next)
		if (io_put(fd, p->bytes, p->len) != 0)
			return -1;
	return 0;
}

#include "fetcher.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "mem.h"
#include "meter.h"
#include "pool.h"
#include "tree.h"

/* A node of the archive's tree, so that the service can send a tree hash with it. */
enum { LEVEL = 3, PIECE = TREE_LEAF << LEVEL };

struct piece {
	const struct store_item *item;
	uint64_t offset;
	size_t length;
	uint8_t *buf;
	uint8_t tree[SHA256_SIZE];
	enum store_rc rc;
	struct str why;
};

struct fetcher {
	struct store *store;
	struct pool *pool;
	unsigned ring;
	bool busy;
};

static void
work(void *job, unsigned lane, void *shared)
{
	struct fetcher *f = shared;
	struct piece *p = job;

	p->rc = store_fetch(f->store, lane, p->item, p->offset, p->length, p->buf, p->tree, NULL, &p->why);
}

struct fetcher *
fetcher_new(struct store *store, unsigned threads)
{
	struct fetcher *f = mem_alloc(sizeof *f);

	/* One piece is written while the others come. */
	*f = (struct fetcher){ .store = store, .ring = threads + 1 };
	f->pool = pool_new(threads, f->ring, sizeof(struct piece), work, f);
	return f;
}

void
fetcher_free(struct fetcher *f)
{
	struct piece *p;

	if (f == NULL)
		return;
	if (f->busy)
		store_stop();
	while (pool_take(f->pool) != NULL)
		;
	for (unsigned i = 0; i < f->ring; i++) {
		p = pool_job(f->pool, i);
		free(p->buf);
		str_free(&p->why);
	}
	pool_free(f->pool);
	free(f);
}

/* Push onto tree the leaves of fd from *at to end, which are on the boundaries of leaves. */
static int
hash_leaves(int fd, struct tree *tree, uint64_t from, uint64_t end)
{
	uint8_t *buf = mem_alloc(TREE_LEAF), node[SHA256_SIZE];
	ssize_t n = 0;

	for (uint64_t at = from; at < end; at += TREE_LEAF) {
		size_t want = end - at < TREE_LEAF ? (size_t)(end - at) : TREE_LEAF;

		if ((n = io_fill_at(fd, buf, want, at)) != (ssize_t)want) {
			errno = n < 0 ? errno : ENODATA;
			n = -1;
			break;
		}
		sha256(node, buf, want);
		tree_push(tree, 0, node);
	}
	free(buf);
	return n < 0 ? -1 : 0;
}

int
fetcher_hash(int fd, uint64_t size, uint8_t hash[SHA256_SIZE])
{
	struct tree tree;

	tree_init(&tree);
	if (hash_leaves(fd, &tree, 0, size) != 0)
		return -1;
	tree_root(&tree, hash);
	return 0;
}

/* What is fetched, in pieces, and what of it is kept; both in the archive. */
struct span {
	uint64_t from, end;
	uint64_t first, last;           /* written to the file's beginning; last is behind the last byte */
};

static int
write_piece(int fd, const struct piece *p, const struct span *s)
{
	uint64_t begin = p->offset > s->first ? p->offset : s->first;
	uint64_t end = p->offset + p->length < s->last ? p->offset + p->length : s->last;

	return begin >= end ? 0 : io_put_at(fd, p->buf + (begin - p->offset), (size_t)(end - begin), begin - s->first);
}

/* tree, where there is one, holds what is before the span. */
static enum store_rc
run(struct fetcher *f, const struct store_item *item, int fd, const struct span *s, struct tree *tree, struct str *why)
{
	uint64_t next = s->from;
	struct piece *p;

	for (;;) {
		while (next < s->end && (p = pool_room(f->pool)) != NULL) {
			uint64_t end = (next / PIECE + 1) * PIECE;

			if (p->buf == NULL)
				p->buf = mem_grow(NULL, PIECE);
			p->item = item;
			p->offset = next;
			p->length = (size_t)((end < s->end ? end : s->end) - next);
			str_clear(&p->why);
			next += p->length;
			pool_add(f->pool);
		}
		if ((p = pool_take(f->pool)) == NULL)
			return STORE_OK;
		if (p->rc != STORE_OK) {
			str_puts(why, str_get(&p->why));
			return p->rc;
		}
		if (write_piece(fd, p, s) != 0) {
			str_puts(why, strerror(errno));
			return STORE_FAILED;
		}
		if (tree != NULL)
			tree_push(tree, LEVEL, p->tree);
		meter_add(p->length);
	}
}

/* The pieces of a failed run that are still under way. */
static void
drain(struct fetcher *f)
{
	while (pool_take(f->pool) != NULL)
		;
}

enum store_rc
fetcher_range(struct fetcher *f, const struct store_item *item, int fd, struct str *why)
{
	uint64_t ready = item->from + item->length;
	struct span s = { .first = item->first, .last = item->size };
	enum store_rc rc;

	if (item->count != 0 && item->count < s.last - s.first)
		s.last = s.first + item->count;
	s.from = s.first / PIECE * PIECE;
	s.end = (s.last + PIECE - 1) / PIECE * PIECE;
	s.from = s.from > item->from ? s.from : item->from;
	s.end = s.end < ready ? s.end : ready;
	f->busy = true;
	if ((rc = run(f, item, fd, &s, NULL, why)) != STORE_OK)
		drain(f);
	f->busy = false;
	return rc;
}

enum store_rc
fetcher_get(struct fetcher *f, const struct store_item *item, int fd, uint64_t have, bool *spoilt, struct str *why)
{
	uint8_t root[SHA256_SIZE];
	struct tree tree;
	enum store_rc rc;

	/* Twice at most: what was there before may not be what it seemed, or a byte has changed on its way. */
	for (int round = 1; ; round++, have = 0) {
		*spoilt = false;
		have = have < item->size ? have / PIECE * PIECE : item->size;
		tree_init(&tree);
		if (ftruncate(fd, (off_t)have) != 0 || hash_leaves(fd, &tree, 0, have) != 0) {
			str_puts(why, strerror(errno));
			return STORE_FAILED;
		}
		meter_add(have);
		f->busy = true;
		rc = run(f, item, fd, &(struct span){ have, item->size, 0, item->size }, &tree, why);
		if (rc == STORE_ABSENT)
			drain(f);
		f->busy = rc != STORE_OK && rc != STORE_ABSENT;
		if (rc != STORE_OK)
			return rc;
		tree_root(&tree, root);
		if (!item->hashed || memcmp(root, item->hash, SHA256_SIZE) == 0)
			return STORE_OK;
		*spoilt = true;
		if (round == 2) {
			str_puts(why, "what came is damaged, its tree hash is not the archive's");
			return STORE_FAILED;
		}
	}
}

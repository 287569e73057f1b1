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

/* Fetch from a boundary of pieces on; tree holds what is before it. */
static enum store_rc
run(struct fetcher *f, const struct store_item *item, int fd, uint64_t from, struct tree *tree, struct str *why)
{
	uint64_t next = from;
	struct piece *p;

	for (;;) {
		while (next < item->size && (p = pool_room(f->pool)) != NULL) {
			if (p->buf == NULL)
				p->buf = mem_grow(NULL, PIECE);
			p->item = item;
			p->offset = next;
			p->length = item->size - next < PIECE ? (size_t)(item->size - next) : PIECE;
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
		if (io_put_at(fd, p->buf, p->length, p->offset) != 0) {
			str_puts(why, strerror(errno));
			return STORE_FAILED;
		}
		tree_push(tree, LEVEL, p->tree);
		meter_add(p->length);
	}
}

enum store_rc
fetcher_get(struct fetcher *f, const struct store_item *item, int fd, uint64_t have, bool *spoilt, struct str *why)
{
	uint8_t root[SHA256_SIZE];
	struct tree tree;
	enum store_rc rc;

	/* Twice at most: what was there before may not be what it seemed. */
	for (;; have = 0) {
		*spoilt = false;
		have = have < item->size ? have / PIECE * PIECE : item->size;
		tree_init(&tree);
		if (ftruncate(fd, (off_t)have) != 0 || hash_leaves(fd, &tree, 0, have) != 0) {
			str_puts(why, strerror(errno));
			return STORE_FAILED;
		}
		meter_add(have);
		f->busy = true;
		if ((rc = run(f, item, fd, have, &tree, why)) != STORE_OK)
			return rc;
		f->busy = false;
		tree_root(&tree, root);
		if (memcmp(root, item->hash, SHA256_SIZE) == 0)
			return STORE_OK;
		*spoilt = true;
		if (have == 0) {
			str_puts(why, "what came is damaged, its tree hash is not the archive's");
			return STORE_FAILED;
		}
	}
}

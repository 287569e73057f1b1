/*
 * The calling thread fills windows and takes them back in order; the pool hashes
 * them.  A window of a file is only a place: the worker maps it, since mapping
 * measured a fifth faster than reading into a buffer (2,500 against 2,050 MB a
 * second of CPU time with the AVX-512 kernel, strips of 8 KiB to 16 MiB alike).
 * What a map cannot give (a pipe, /proc, what grew behind the size that fstat
 * told) is read by the calling thread.
 */
#include "leaves.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io.h"
#include "map.h"
#include "mem.h"
#include "meter.h"
#include "pool.h"

#define WINDOW ((size_t)LEAVES_WINDOW * TREE_LEAF)

struct window {
	int fd;
	uint8_t *buf;                   /* NULL: it lies in the file, at offset */
	uint64_t offset;
	size_t len;                     /* from 1 to WINDOW */
	uint8_t leaf[LEAVES_WINDOW][SHA256_SIZE];
	enum leaves_rc rc;
	int error;
};

struct leaves {
	unsigned threads;
	struct pool *pool;              /* NULL until it is needed */
	uint8_t *spare[LEAVES_BUFFERS]; /* buffers that no window has */
	unsigned spares, buffers;       /* how many; and how many there may be */
};

/* One run of leaves_hash. */
struct run {
	struct leaves *leaves;
	int fd;
	const struct leaves_want *want;
	uint64_t at;                    /* the place in the file of what is filled next */
	uint64_t mapped;                /* the place that its maps end at */
	uint64_t left;                  /* bytes of want->length to come */
	bool end;
	struct tree tree;
	uint64_t done;
	enum leaves_rc rc;
	int error;
};

static void
hash_mapped(const uint8_t *bytes, size_t n, void *window)
{
	struct window *w = window;

	tree_leaves(w->leaf, bytes, n);
}

static void
hash_window(void *job, unsigned thread, void *shared)
{
	struct window *w = job;
	uint8_t *buf;
	ssize_t n;

	(void)thread, (void)shared;
	w->rc = LEAVES_OK;
	if (w->buf != NULL) {
		tree_leaves(w->leaf, w->buf, w->len);
		return;
	}
	if (map_do(w->fd, w->offset, w->len, hash_mapped, w))
		return;
	buf = malloc(w->len);
	n = buf == NULL ? -1 : io_fill_at(w->fd, buf, w->len, w->offset);
	if (n < 0) {
		w->error = errno;
		w->rc = LEAVES_READ;
	} else if ((size_t)n < w->len)
		w->rc = LEAVES_SHRANK;
	else
		tree_leaves(w->leaf, buf, w->len);
	free(buf);
}

struct leaves *
leaves_new(unsigned threads)
{
	struct leaves *l = mem_alloc(sizeof *l);

	l->threads = threads;
	l->buffers = threads + 1 < LEAVES_BUFFERS ? threads + 1 : LEAVES_BUFFERS;
	for (; l->spares < l->buffers; l->spares++)
		l->spare[l->spares] = mem_alloc(WINDOW);        /* an address; memory comes with its first use */
	return l;
}

void
leaves_free(struct leaves *l)
{
	if (l == NULL)
		return;
	pool_free(l->pool);
	while (l->spares > 0)
		free(l->spare[--l->spares]);
	free(l);
}

static void
fail(struct run *r, enum leaves_rc rc, int error)
{
	if (r->rc == LEAVES_OK) {
		r->rc = rc;
		r->error = error;
	}
	r->end = true;
}

/* A window's leaves onto the tree; tee and each have their share. */
static void
finish(struct run *r, struct window *w)
{
	size_t n;

	if (w->rc != LEAVES_OK)
		fail(r, w->rc, w->error);
	if (r->rc != LEAVES_OK)
		return;
	if (r->want->tee >= 0 && io_put(r->want->tee, w->buf, w->len) != 0) {
		fail(r, LEAVES_WRITE, errno);
		return;
	}
	for (size_t i = 0; i * TREE_LEAF < w->len; i++) {
		n = w->len - i * TREE_LEAF;
		tree_push(&r->tree, 0, w->leaf[i]);
		if (r->want->each != NULL)
			r->want->each(r->want->arg, w->leaf[i], n < TREE_LEAF ? n : TREE_LEAF);
	}
	r->done += w->len;
	meter_add(w->len);
}

/* More of the input into buf, which has n bytes, until it holds most of them. */
static size_t
more(struct run *r, uint8_t *buf, size_t n, size_t most)
{
	ssize_t got;

	if (r->end)
		return n;
	if (most - n > r->left)
		most = n + (size_t)r->left;
	if ((got = io_fill(r->fd, buf + n, most - n)) < 0) {
		fail(r, LEAVES_READ, errno);
		return n;
	}
	r->at += (uint64_t)got;
	r->left -= (uint64_t)got;
	if (n + (size_t)got < most || r->left == 0)
		r->end = true;
	return n + (size_t)got;
}

/* The next window of the input; false: there is none, or no buffer for it now. */
static bool
fill(struct run *r, struct window *w, size_t have)
{
	struct leaves *l = r->leaves;

	w->fd = r->fd;
	w->buf = NULL;
	w->len = have;
	if (have == 0 && r->at < r->mapped) {
		w->offset = r->at;
		w->len = r->mapped - r->at < WINDOW ? (size_t)(r->mapped - r->at) : WINDOW;
		r->at += w->len;
		r->left -= w->len;
		if (r->at == r->mapped && lseek(r->fd, (off_t)r->at, SEEK_SET) < 0)
			fail(r, LEAVES_READ, errno);
		if (r->left == 0)
			r->end = true;
		return true;
	}
	if (l->spares == 0)
		return false;
	w->buf = l->spare[--l->spares];
	w->len = more(r, w->buf, have, WINDOW);
	if (w->len != 0)
		return true;
	l->spare[l->spares++] = w->buf;
	return false;
}

/* All that is left of the input; have bytes of it are in the last of the spare buffers. */
static void
hash_many(struct run *r, size_t have)
{
	struct leaves *l = r->leaves;
	struct window *w;

	if (l->pool == NULL)
		l->pool = pool_new(l->threads, l->threads + 2, sizeof *w, hash_window, NULL);
	for (;;) {
		while ((!r->end || have != 0) && (w = pool_room(l->pool)) != NULL) {
			if (!fill(r, w, have))
				break;
			have = 0;
			pool_add(l->pool);
		}
		if ((w = pool_take(l->pool)) == NULL)
			break;
		finish(r, w);
		if (w->buf != NULL)
			l->spare[l->spares++] = w->buf;
	}
}

/* Pass over want->first bytes. */
static void
skip(struct run *r, bool seekable)
{
	uint64_t n = r->want->first;
	uint8_t *buf = r->leaves->spare[0];

	if (seekable) {
		if (n > INT64_MAX - r->at || lseek(r->fd, (off_t)(r->at + n), SEEK_SET) < 0)
			fail(r, LEAVES_READ, EOVERFLOW);
		r->at += n;
		return;
	}
	while (n > 0 && !r->end) {
		size_t some = n < TREE_LEAF ? (size_t)n : TREE_LEAF;
		ssize_t got = io_fill(r->fd, buf, some);

		if (got < 0)
			fail(r, LEAVES_READ, errno);
		else if ((size_t)got < some)
			r->end = true;
		n -= some;
	}
}

enum leaves_rc
leaves_hash(struct leaves *l, int fd, const struct leaves_want *want, uint8_t root[SHA256_SIZE], uint64_t *length)
{
	struct run r = { .leaves = l, .fd = fd, .want = want, .left = want->length };
	struct window one = { .fd = fd };
	struct stat st;
	off_t at = -1;

	tree_init(&r.tree);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (at = lseek(fd, 0, SEEK_CUR)) >= 0)
		r.at = (uint64_t)at;
	if (want->first != 0)
		skip(&r, at >= 0);
	if (at >= 0 && want->tee < 0 && (uint64_t)st.st_size > r.at && (uint64_t)st.st_size - r.at > TREE_LEAF && r.left > TREE_LEAF) {
		r.mapped = (uint64_t)st.st_size - r.at < r.left ? (uint64_t)st.st_size : r.at + r.left;
		hash_many(&r, 0);
	} else if (!r.end && r.left != 0) {
		one.buf = l->spare[l->spares - 1];
		/* One byte more than a leaf tells whether there is more than a leaf. */
		one.len = more(&r, one.buf, 0, TREE_LEAF + 1);
		if (one.len > TREE_LEAF)
			hash_many(&r, one.len);
		else if (one.len != 0 && r.rc == LEAVES_OK) {
			hash_window(&one, 0, NULL);
			finish(&r, &one);
		}
	}
	tree_root(&r.tree, root);
	*length = r.done;
	errno = r.error;
	return r.rc;
}

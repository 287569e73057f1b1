#include "tree.h"

#include <string.h>

enum { SIDE = 64 };             /* leaves that are hashed side by side: some for every kernel */

static void
pair(uint8_t left[SHA256_SIZE], const uint8_t right[SHA256_SIZE])
{
	uint8_t both[2 * SHA256_SIZE];

	memcpy(both, left, SHA256_SIZE);
	memcpy(both + SHA256_SIZE, right, SHA256_SIZE);
	sha256(left, both, sizeof both);
}

void
tree_init(struct tree *t)
{
	t->height = 0;
}

void
tree_push(struct tree *t, unsigned level, const uint8_t node[SHA256_SIZE])
{
	memcpy(t->node[t->height], node, SHA256_SIZE);
	t->level[t->height++] = level;
	while (t->height >= 2 && t->level[t->height - 2] == t->level[t->height - 1]) {
		t->height--;
		pair(t->node[t->height - 1], t->node[t->height]);
		t->level[t->height - 1]++;
	}
}

void
tree_root(const struct tree *t, uint8_t out[SHA256_SIZE])
{
	uint8_t left[SHA256_SIZE];

	if (t->height == 0) {
		sha256(out, "", 0);
		return;
	}
	/* Promotion of the odd nodes is folding from the right. */
	memcpy(out, t->node[t->height - 1], SHA256_SIZE);
	for (unsigned i = t->height - 1; i-- > 0; ) {
		memcpy(left, t->node[i], SHA256_SIZE);
		pair(left, out);
		memcpy(out, left, SHA256_SIZE);
	}
}

size_t
tree_leaves(uint8_t (*out)[SHA256_SIZE], const void *data, size_t n)
{
	const uint8_t *p = data;
	const void *leaf[SIDE];
	size_t whole = n / TREE_LEAF, done = 0, now;

	for (; done < whole; done += now) {
		now = whole - done < SIDE ? whole - done : SIDE;
		for (size_t i = 0; i < now; i++)
			leaf[i] = p + (done + i) * TREE_LEAF;
		sha256_many(out + done, leaf, now, TREE_LEAF);
	}
	if (n % TREE_LEAF != 0)
		sha256(out[done++], p + whole * TREE_LEAF, n % TREE_LEAF);
	return done;
}

void
tree_hash(uint8_t out[SHA256_SIZE], const void *data, size_t n)
{
	const uint8_t *p = data;
	uint8_t leaf[SIDE][SHA256_SIZE];
	struct tree t;

	tree_init(&t);
	for (size_t len; n > 0; p += len, n -= len) {
		len = n < (size_t)SIDE * TREE_LEAF ? n : (size_t)SIDE * TREE_LEAF;
		for (size_t i = 0, count = tree_leaves(leaf, p, len); i < count; i++)
			tree_push(&t, 0, leaf[i]);
	}
	tree_root(&t, out);
}

void
tree_combine(uint8_t out[SHA256_SIZE], const uint8_t (*part)[SHA256_SIZE], size_t count, unsigned level)
{
	struct tree t;

	tree_init(&t);
	for (size_t i = 0; i < count; i++)
		tree_push(&t, level, part[i]);
	tree_root(&t, out);
}

enum tree_fit
tree_fit(uint64_t first, uint64_t last, uint64_t size)
{
	uint64_t begin = first / TREE_LEAF, n, height = 1;

	if (last >= size || first > last || first % TREE_LEAF != 0 || ((last + 1) % TREE_LEAF != 0 && last != size - 1))
		return TREE_FIT_NONE;
	n = (last - first) / TREE_LEAF + 1;
	while (height < n)
		height *= 2;
	return begin % height == 0 && (n == height || last == size - 1) ? TREE_FIT_NODE : TREE_FIT_MIB;
}

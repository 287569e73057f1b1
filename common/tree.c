#include "tree.h"

#include <string.h>

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

void
tree_hash(uint8_t out[SHA256_SIZE], const void *data, size_t n)
{
	const uint8_t *p = data;
	uint8_t leaf[SHA256_SIZE];
	struct tree t;

	tree_init(&t);
	for (size_t len; n > 0; p += len, n -= len) {
		len = n < TREE_LEAF ? n : TREE_LEAF;
		sha256(leaf, p, len);
		tree_push(&t, 0, leaf);
	}
	tree_root(&t, out);
}

#include "digest.h"

#include <stdlib.h>

#include "mem.h"
#include "tree.h"

struct digest {
	struct sha256 *linear, *leaf;
	size_t filled;                  /* bytes in the leaf */
	struct tree tree;
};

struct digest *
digest_new(void)
{
	struct digest *d = mem_alloc(sizeof *d);

	d->linear = sha256_new();
	d->leaf = sha256_new();
	tree_init(&d->tree);
	return d;
}

static void
end_leaf(struct digest *d)
{
	uint8_t node[SHA256_SIZE];

	sha256_end(d->leaf, node);
	tree_push(&d->tree, 0, node);
	d->filled = 0;
}

void
digest_add(struct digest *d, const void *data, size_t n)
{
	const uint8_t *p = data;
	size_t part;

	sha256_add(d->linear, data, n);
	for (; n != 0; p += part, n -= part) {
		part = n < TREE_LEAF - d->filled ? n : TREE_LEAF - d->filled;
		sha256_add(d->leaf, p, part);
		d->filled += part;
		if (d->filled == TREE_LEAF)
			end_leaf(d);
	}
}

void
digest_end(struct digest *d, uint8_t linear[SHA256_SIZE], uint8_t tree[SHA256_SIZE])
{
	sha256_end(d->linear, linear);
	if (d->filled != 0)
		end_leaf(d);
	tree_root(&d->tree, tree);
}

void
digest_free(struct digest *d)
{
	if (d == NULL)
		return;
	sha256_free(d->linear);
	sha256_free(d->leaf);
	free(d);
}

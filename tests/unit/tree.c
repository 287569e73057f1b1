/* tree.h against the vectors of AWS's guide and of its SDKs' tests. */
#include <stdlib.h>
#include <string.h>

#include "hex.h"
#include "tree.h"

#include "tap.h"

static const struct {
	size_t n;
	int fill;                       /* the byte, or -1: MiB number i is filled with byte i */
	const char *root;
} good[] = {
	{ 0, 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	{ 1024, 'a', "2edc986847e209b4016e141a6dc8716d3207350f416969382d431539bf292e4a" },
	{ 1 << 20, 'a', "9bc1b2a288b26af7257a36277ae3816a7d4f16e89c1e7e77d0a5c48bad62b360" },
	{ 2 << 20, 'a', "560c2c9333c719cb00cfdffee3ba293db17f58743cdd1f7e4055373ae6300afa" },
	{ 4 << 20, 'a', "9491cb2ed1d4e7cd53215f4017c23ec4ad21d7050a1e6bb636c4f67e8cddb844" },
	{ (4 << 20) + 20, 'a', "12f3cbd6101b981cde074039f6f728071da8879d6f632de8afc7cdf00661b08f" },
	{ 5767168, '0', "154e26c78fd74d0c2c9b3cc4644191619dc4f2cd539ae2a74d5fd07957a3ee6a" },
	{ 1, 0, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d" },
	{ 1048575, 0, "ca7ed0c4a8e67cbdc461c4cb0d286d2fabbd9f0c41a7f42b665f72ebaa8aec56" },
	{ 1048576, 0, "30e14955ebf1352266dc2ff8067e68104607e750abb9d3b36582b8af909fcb58" },
	{ 1048577, 0, "28638dab8d5e1754a4ecb38b0ebe6df66c844f94aed142d4d0283d208bb786cd" },
	{ 2097152, 0, "861890b487038d840e9d71d43bbc0fd4571453fb9d9b1f370caa3582a29b0ec7" },
	{ 3145728, 0, "ca6cc129a4514ec765de86a4e7a49adf44842c9cac213c383ebe4071271bdf21" },
	{ 4194305, 0, "076fb9f10625cec8b1a3ccebbbecca74414edd0f1b87d3527e7b10ceb4d140a0" },
	{ 5242880, 0, "3de9bfb690ff216d907474b4aa56a6f77a8c846a08b26885d4ab2282092a757e" },
	{ 6815744, 0, "7fce0b2525bccf5bd8ed75ec7b7eb52de9b5c0aac4cf60f485aed45a934e9cf5" },
	{ 8388608, 0, "0b338127d84703658c14afde2ff57e928f124414760906c556de546a9c713e41" },
	{ 17825792, 0, "b06910158d0b44a1d16cd4a39901bd20674c823ccee9473a72005624eae442a4" },
	{ 2 << 20, -1, "56000aae067539dced6beb96e22a17d7a596e8824a93fc35dd06c13fba9e9a1b" },
	{ 3 << 20, -1, "ab17570ee8be686a3dab82afd38d793cbc47f401fc72289ab00ff6a608707378" },
	{ 5 << 20, -1, "2c55c597970ccba9f68041f6cc6170627bf12f72ceebe677ab4da93c6260294c" },
	{ 7 << 20, -1, "03687114c17503fcdf3c531fec5967a271ae259e989fbd1a21878685ea4e1313" },
	{ 11 << 20, -1, "18063e2f2467f25e2d6dc785f6061118e4aaaca970e7de2abcc4a0ab7b2bc110" },
	{ 17 << 20, -1, "1225e71bcbb29c17c6faa6af3475d3869b4538f1f0f67f6d963765dbd2efed04" },
	{ 13 << 19, -1, "1bec740b9e7b5da352a727ef3b50e9b24717450758ec506d3a8d45b59ca4f759" },
};

/* The root by way of parts of 2^level MiB, as an upload computes it. */
static void
by_parts(uint8_t out[SHA256_SIZE], const uint8_t *data, size_t n, unsigned level)
{
	size_t part = (size_t)TREE_LEAF << level;
	uint8_t node[SHA256_SIZE];
	struct tree t;

	tree_init(&t);
	for (size_t at = 0; at < n; at += part) {
		tree_hash(node, data + at, n - at < part ? n - at : part);
		tree_push(&t, level, node);
	}
	tree_root(&t, out);
}

/* The span of each node of a tree over n leaves, by the definition: halves at the largest power of two below. */
static bool
is_node(uint64_t from, uint64_t to, uint64_t first, uint64_t end)
{
	uint64_t half = 1;

	if (from == first && to == end)
		return true;
	if (to - from == 1)
		return false;
	while (half * 2 < to - from)
		half *= 2;
	return end <= from + half ? is_node(from, from + half, first, end) : first >= from + half && is_node(from + half, to, first, end);
}

static void
fits(void)
{
	static const struct {
		uint64_t first, last, size;
		enum tree_fit fit;
	} row[] = {
		{ 0, 0, 1, TREE_FIT_NODE }, { 0, 0, 2, TREE_FIT_NONE }, { 1, 1, 2, TREE_FIT_NONE },
		{ 0, (1 << 20) - 1, 2 << 20, TREE_FIT_NODE }, { 1 << 20, (4 << 20) - 1, 8 << 20, TREE_FIT_MIB },
		{ 0, (8 << 20) - 1, 8 << 20, TREE_FIT_NODE }, { 0, 8 << 20, 8 << 20, TREE_FIT_NONE }, { 5, 4, 9, TREE_FIT_NONE },
		{ 4 << 20, (13 << 19) - 1, 13 << 19, TREE_FIT_NODE }, { 4 << 20, (13 << 19) - 2, 13 << 19, TREE_FIT_NONE },
		{ 5 << 20, (13 << 19) - 1, 13 << 19, TREE_FIT_MIB },
	};
	bool same = true;

	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++)
		is(tree_fit(row[i].first, row[i].last, row[i].size) == row[i].fit, "how %llu-%llu of %llu fits",
		    (unsigned long long)row[i].first, (unsigned long long)row[i].last, (unsigned long long)row[i].size);
	for (uint64_t n = 1; n < 70; n++)
		for (uint64_t first = 0; first < n; first++)
			for (uint64_t end = first + 1; end <= n; end++) {
				uint64_t size = (n << 20) - 7, last = end == n ? size - 1 : (end << 20) - 1;

				same = same && tree_fit(first << 20, last, size) == (is_node(0, n, first, end) ? TREE_FIT_NODE : TREE_FIT_MIB);
			}
	is(same, "every range of 1 to 69 leaves fits as its tree has it");
}

/* Every node's hash from its leaves alone. */
static void
ranges(const uint8_t *data)
{
	uint8_t leaf[17][SHA256_SIZE], a[SHA256_SIZE], b[SHA256_SIZE];
	bool same = tree_leaves(leaf, data, 13 << 19) == 7;

	for (size_t first = 0; first < 7; first++)
		for (size_t end = first + 1; end <= 7; end++) {
			size_t to = end == 7 ? 13 << 19 : end << 20;

			tree_combine(a, (const uint8_t (*)[SHA256_SIZE])leaf + first, end - first, 0);
			tree_hash(b, data + (first << 20), to - (first << 20));
			same = same && memcmp(a, b, sizeof a) == 0;
		}
	is(same, "ranges of leaves");
	is(tree_leaves(leaf, data, 0) == 0, "nothing has no leaf");
	tree_combine(a, (const uint8_t (*)[SHA256_SIZE])leaf, 0, 0);
	tree_hash(b, data, 0);
	is(memcmp(a, b, sizeof a) == 0, "no part is nothing");
}

int
main(void)
{
	uint8_t *data = malloc(17 << 20), root[SHA256_SIZE], parts[SHA256_SIZE];
	char hex[SHA256_HEX];

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		bool same = true;

		for (size_t k = 0; k < good[i].n; k++)
			data[k] = (uint8_t)(good[i].fill >= 0 ? good[i].fill : (int)(k >> 20));
		tree_hash(root, data, good[i].n);
		hex_put(hex, root, sizeof root);
		is(strcmp(hex, good[i].root) == 0, "%zu bytes of %d", good[i].n, good[i].fill);
		for (unsigned level = 0; level < 6; level++) {
			by_parts(parts, data, good[i].n, level);
			same = same && memcmp(parts, root, sizeof root) == 0;
		}
		is(same, "and by parts of 1 to 32 MiB");
	}
	ranges(data);
	fits();
	free(data);
	return tap_done();
}

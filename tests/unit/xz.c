/* xz.h and unxz.h: Blocks by every method, there and back; damage at every byte of a small stream. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "chain.h"
#include "io.h"
#include "unxz.h"
#include "xz.h"
#include "xzindex.h"

#include "tap.h"

enum { SMALL = 3000, LARGE = 700000, TAIL = 28 };       /* the last one: Index and footer of two small Blocks */

static struct store *store;
static struct unxz_decoder *decoder;

static void
fill(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(i * i >> (i / 1000 % 13));
}

/* A stream of two Blocks of n bytes each, by this method; returns its length. */
static size_t
make(uint8_t *out, size_t size, const struct xz_method *m, const uint8_t *data, size_t n)
{
	struct xz_encoder *e = xz_encoder_new();
	struct xz_index *x = xz_index_new();
	struct chain in = { 0 }, packed = { 0 }, all = { 0 };
	struct xz_block b;
	uint8_t head[XZ_HEAD];
	const uint8_t *from;
	size_t len = 0, piece;

	xz_header(head);
	chain_add(store, &all, head, sizeof head);
	for (int i = 0; i < 2 && n != 0; i++) {
		chain_add(store, &in, data, n);
		if (xz_encode(e, m, store, &in, &packed, &b) != XZ_OK || xz_index_add(x, &b) != XZ_OK || in.len != 0)
			return 0;
		chain_add(store, &all, b.head, b.headlen);
		while (packed.first != NULL) {
			from = chain_head(&packed, &piece);
			chain_add(store, &all, from, piece);
			chain_drop(store, &packed);
		}
	}
	if (xz_index_end(x, store, &all) != XZ_OK)
		return 0;
	while ((from = chain_head(&all, &piece)) != NULL && len + piece <= size) {
		memcpy(out + len, from, piece);
		len += piece;
		chain_drop(store, &all);
	}
	xz_encoder_free(e);
	xz_index_free(x);
	return len;
}

/* Decode; *good is set to the bytes that came out verified, which must be those of data, over and over. */
static enum xz_rc
take(const uint8_t *p, size_t n, const uint8_t *data, size_t len, bool serial, uint64_t *good)
{
	int fd = memfd_create("xz", MFD_CLOEXEC), out = memfd_create("out", MFD_CLOEXEC);
	struct chain in = { 0 }, plain = { 0 };
	struct xz_block b;
	struct unxz *u;
	enum xz_rc rc;
	bool wrote;
	size_t piece, at = 0;
	const uint8_t *from;

	*good = 0;
	if (fd < 0 || out < 0 || io_put(fd, p, n) != 0 || lseek(fd, 0, SEEK_SET) != 0)
		abort();
	u = unxz_new(fd);
	while ((rc = unxz_next(u, &b)) == XZ_OK) {
		if (serial || b.packed > 1 << 20 || b.unpacked > 1 << 20) {
			if ((rc = unxz_stream(u, &b, out, &wrote)) != XZ_OK)
				break;
			continue;
		}
		if ((rc = unxz_load(u, &b, store, &in)) != XZ_OK || (rc = unxz_decode(decoder, &b, store, &in, &plain)) != XZ_OK)
			break;
		for (; (from = chain_head(&plain, &piece)) != NULL; chain_drop(store, &plain))
			for (size_t i = 0; i < piece; i++, at++)
				if (data != NULL && from[i] != data[at % len])
					rc = XZ_IO;
		*good = at;
	}
	chain_clear(store, &in);
	chain_clear(store, &plain);
	unxz_free(u);
	close(fd);
	close(out);
	return rc;
}

/* Whether the Index of these bytes, all or nothing, tells of so many streams, each of two Blocks of unpacked bytes. */
static bool
told(const uint8_t *p, size_t n, uint64_t first, size_t stride, unsigned streams, uint64_t unpacked)
{
	int fd = memfd_create("xz", MFD_CLOEXEC);
	struct xzindex *x;
	uint64_t a, b;
	bool good = true;

	if (fd < 0 || io_put(fd, p, n) != 0)
		abort();
	if ((x = xzindex_find(fd, first)) == NULL || xzindex_blocks(x) != 2 * streams)
		good = false;
	for (unsigned i = 0; i < streams && good; i++)
		good = xzindex_seek(x, first + i * stride) && xzindex_next(x, &a, &b) && b == unpacked &&
		    xzindex_next(x, &a, &b) && b == unpacked && !xzindex_next(x, &a, &b);
	good = good && !xzindex_seek(x, first + streams * stride);
	xzindex_free(x);
	close(fd);
	return good;
}

int
main(void)
{
	static const struct xz_method methods[] = {
		{ XZ_PLAIN, 0, false, 1 << 18 }, { XZ_PLAIN, 6, false, 8 << 20 }, { XZ_PLAIN, 9, true, 64 << 20 },
		{ XZ_TEXT, 6, false, 8 << 20 }, { XZ_X86, 6, false, 8 << 20 }, { XZ_WORDS, 3, false, 4 << 20 },
		{ XZ_STORED, 6, false, 8 << 20 }, { XZ_PLAIN, 2, false, 64 << 20 },
	};
	static const size_t sizes[] = { 1, 2, 65535, 65536, 65537, 262143, 262144, 262145, LARGE };
	uint8_t *data = malloc(LARGE), *packed = malloc(3 * LARGE), *bad = malloc(3 * LARGE);
	unsigned missed = 0, cut = 0;
	uint64_t good;
	size_t n;

	store = store_new();
	decoder = unxz_decoder_new();
	fill(data, LARGE);
	for (size_t m = 0; m < sizeof methods / sizeof methods[0]; m++)
		for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
			n = make(packed, 3 * LARGE, &methods[m], data, sizes[i]);
			is(n != 0 && take(packed, n, data, sizes[i], false, &good) == XZ_END && good == 2 * sizes[i] &&
			    take(packed, n, data, sizes[i], true, &good) == XZ_END, "method %zu, %zu bytes: %zu", m, sizes[i], n);
		}
	n = make(packed, 3 * LARGE, &methods[1], data, 0);
	is(n == 32 && take(packed, n, data, 1, false, &good) == XZ_END, "no Block at all");

	n = make(packed, 3 * LARGE, &methods[1], data, SMALL);
	for (size_t at = 0; at < n; at++)
		for (unsigned bit = 0; bit < 8; bit++) {
			memcpy(bad, packed, n);
			bad[at] ^= (uint8_t)(1u << bit);
			for (int serial = 0; serial < 2; serial++) {
				enum xz_rc rc = take(bad, n, data, SMALL, serial, &good);

				missed += rc == XZ_END || rc == XZ_OK || rc == XZ_IO || good > 2 * SMALL;
			}
		}
	is(missed == 0, "every changed bit of %zu bytes is found: %u missed", n, missed);
	for (size_t at = 0; at < n; at++)
		for (int serial = 0; serial < 2; serial++)
			cut += take(packed, at, data, SMALL, serial, &good) == XZ_CUT;
	is(cut == 2 * n, "every cut is found as a cut: %u of %zu", cut, 2 * n);
	memcpy(bad, packed, n);
	memcpy(bad + n, "x", 1);
	is(take(bad, n + 1, data, SMALL, false, &good) == XZ_TRAILING && good == 2 * SMALL, "a byte behind it");
	memset(bad + n, 0, 8);
	is(take(bad, n + 8, data, SMALL, false, &good) == XZ_END, "padding");
	is(take(bad, n + 7, data, SMALL, false, &good) == XZ_DAMAGED, "padding of seven");
	memcpy(bad + n + 8, packed, n);
	is(take(bad, n + 8 + n, data, SMALL, false, &good) == XZ_END && good == 4 * SMALL, "padding, and another stream");
	is(told(bad, n, 0, n, 1, SMALL), "the Index tells the sizes");
	is(told(bad, n + 8, 0, n, 1, SMALL), "before padding");
	is(told(bad, n + 8 + n, 0, n + 8, 2, SMALL), "of two streams");
	is(told(bad, n + 8 + n, n + 8, n, 1, SMALL), "of the second one alone");
	is(!told(bad, n + 8 + n, 4, n, 2, SMALL) && !told(bad, n + 8 + n, n + 12, n, 1, SMALL), "but not from within a stream");
	is(!told(bad, n + 5, 0, n, 1, SMALL), "nor before padding of five");
	cut = missed = 0;
	for (size_t at = 0; at < n; at++) {
		cut += told(packed, at, 0, n, 1, SMALL);
		memcpy(bad, packed, n);
		bad[at] ^= 0x10;
		missed += at >= n - TAIL && told(bad, n, 0, n, 1, SMALL);
	}
	is(cut == 0, "nor of a stream that is cut short");
	is(missed == 0, "nor of one whose end is damaged: %u missed", missed);
	is(store_used(store) == 0, "no piece is lost");
	unxz_decoder_free(decoder);
	store_free(store);
	free(bad);
	free(packed);
	free(data);
	return tap_done();
}

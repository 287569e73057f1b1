/*
 * Any bytes as .xz, in three ways: Blocks whose size is told, by their headers
 * or by the Index, from memory; all of them straight through; and from a pipe,
 * where no Index can be had beforehand.  All must agree, in the verdict and in
 * what comes out, and no claim of the input makes memory grow.
 *
 * Mutations would fail at the CRCs, so these are set right again in most of them.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "chain.h"
#include "crc.h"
#include "io.h"
#include "unxz.h"
#include "xzindex.h"

enum { LIMIT = 1 << 20, PIPE = 1 << 16, HEAD = 12 };
enum way { MEMORY, STRAIGHT };

static struct store *store;
static struct unxz_decoder *decoder;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);

/* Returns the verdict; what is right goes to out. */
static enum xz_rc
walk(int fd, enum way way, int out)
{
	struct chain in = { 0 }, plain = { 0 };
	struct unxz *u = unxz_new(fd);
	struct xz_block b;
	enum xz_rc rc;
	bool wrote;

	while ((rc = unxz_next(u, &b)) == XZ_OK) {
		if (b.memory > 64 * LIMIT) {
			rc = XZ_LIMIT;
			break;
		}
		if (way == STRAIGHT || b.packed > LIMIT || b.unpacked > LIMIT) {
			if ((rc = unxz_stream(u, &b, out, &wrote)) != XZ_OK)
				break;
			continue;
		}
		if ((rc = unxz_load(u, &b, store, &in)) != XZ_OK ||
		    (rc = unxz_decode(decoder, &b, store, &in, &plain)) != XZ_OK)
			break;
		if (plain.len != b.unpacked || chain_put(&plain, out) != 0)
			abort();
		chain_clear(store, &plain);
	}
	chain_clear(store, &in);
	chain_clear(store, &plain);
	unxz_free(u);
	return rc;
}

static bool
same(int a, int b)
{
	uint8_t p[4096], q[4096];
	uint64_t at = 0;
	ssize_t n;

	do {
		n = io_fill_at(a, p, sizeof p, at);
		if (n < 0 || io_fill_at(b, q, sizeof q, at) != n || memcmp(p, q, (size_t)n) != 0)
			return false;
		at += (uint64_t)n;
	} while (n > 0);
	return true;
}

static int
memory(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || io_put(fd, data, size) != 0 || lseek(fd, 0, SEEK_SET) != 0)
		abort();
	return fd;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memory(data, size), out[3], tube[2];
	enum xz_rc rc[3];

	if (store == NULL) {
		store = store_new();
		decoder = unxz_decoder_new();
	}
	for (int i = 0; i < 3; i++)
		out[i] = memory(data, 0);
	rc[0] = walk(fd, MEMORY, out[0]);
	lseek(fd, 0, SEEK_SET);
	rc[1] = walk(fd, STRAIGHT, out[1]);
	rc[2] = rc[0];
	if (size < PIPE && pipe(tube) == 0) {
		if (io_put(tube[1], data, size) != 0)
			abort();
		close(tube[1]);
		rc[2] = walk(tube[0], MEMORY, out[2]);
		close(tube[0]);
		if ((rc[2] == XZ_END) != (rc[0] == XZ_END) || (rc[0] == XZ_END && !same(out[0], out[2])))
			abort();
	}
	if ((rc[1] == XZ_END) != (rc[0] == XZ_END) || (rc[0] == XZ_END && !same(out[0], out[1])) ||
	    store_used(store) != 0)
		abort();
	for (int i = 0; i < 3; i++)
		close(out[i]);
	close(fd);
	return 0;
}

static void
set_crc(uint8_t *at, const uint8_t *from, size_t n)
{
	uint32_t crc = crc32(0, from, n);

	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(crc >> 8 * i);
}

/* Set right the CRCs of header, footer and Index, and those of the Block headers where the Index says they are. */
static void
repair(uint8_t *p, size_t n)
{
	uint64_t back, at = HEAD, unpadded, unpacked;
	struct xzindex *x;
	uint8_t *foot;
	size_t head;
	int fd;

	if (n < 2 * HEAD + 8)
		return;
	foot = p + n - HEAD;
	set_crc(p + 8, p + 6, 2);
	set_crc(foot, foot + 4, 6);
	back = ((uint64_t)foot[4] | (uint64_t)foot[5] << 8 | (uint64_t)foot[6] << 16 | (uint64_t)foot[7] << 24) * 4 + 4;
	if (back >= 8 && back <= n - 2 * HEAD)
		set_crc(foot - 4, foot - back, back - 4);
	fd = memory(p, n);
	x = xzindex_find(fd, 0);
	do {
		head = ((size_t)p[at] + 1) * 4;
		if (p[at] == 0 || head > n - at)
			break;
		set_crc(p + at + head - 4, p + at, head - 4);
		if (x == NULL || (at == HEAD && !xzindex_seek(x, 0)) || !xzindex_next(x, &unpadded, &unpacked))
			break;
		at += (unpadded + 3) & ~UINT64_C(3);
	} while (at < n);
	xzindex_free(x);
	close(fd);
}

size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	size = LLVMFuzzerMutate(data, size, max);
	if (seed % 8 != 0)
		repair(data, size);
	return size;
}

/*
 * Any bytes through the whole splitter.  What is put is what came, in its order; every piece that is told is within
 * a chunk, and behind the one before; chunks are never empty nor too large; and the verdict does not depend on how
 * the bytes come.
 */
#include <stdlib.h>
#include <string.h>

#include "tarcut.h"

/* What a run came to. */
struct sum {
	uint64_t put, chunks, told, places, at;
	const char *error;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool held)
{
	if (!held)
		abort();
}

/* A mutation seldom finds a checksum, so a block that still looks like a header is given a right one. */
static void
mend(uint8_t *block)
{
	unsigned sum = 8 * ' ';

	if (memcmp(block + 257, "ustar", 5) != 0)
		return;
	for (int i = 0; i < TAR_BLOCK; i++)
		sum += (i >= 148 && i < 156) ? 0 : block[i];
	for (int i = 0; i < 6; i++)
		block[148 + i] = (uint8_t)('0' + (sum >> (15 - 3 * i) & 7));
	block[154] = '\0';
	block[155] = ' ';
}

static struct sum
run(const uint8_t *data, size_t size, uint64_t chunk, bool no_trailer_ok, size_t step)
{
	struct sum s = { 0 };
	struct tarcut c;
	uint64_t have = 0, end = 0;     /* bytes in the chunk; where the last piece ended */
	unsigned in = 0;
	size_t filled = 0;
	bool eof = false;

	tarcut_init(&c, chunk, false, no_trailer_ok);
	for (;;)
		switch (tarcut_next(&c, data + s.put, filled - s.put, eof)) {
		case TARCUT_WANT:
			must(!eof && filled - s.put < TARCUT_NEED && c.from == s.put);
			eof = filled == size;
			filled += step < size - filled ? step : size - filled;
			break;
		case TARCUT_PUT:
			must(c.n > 0 && c.n <= filled - s.put);
			s.put += c.n;
			must((have += c.n) <= chunk);
			break;
		case TARCUT_NEXT:
			must(have > 0);
			have = 0;
			s.chunks++;
			break;
		case TARCUT_MEMBER:
			must(c.length > 0 && c.offset + c.length <= chunk);
			must(c.chunk > in || (c.chunk == in && c.offset >= end));
			in = c.chunk;
			end = c.offset + c.length;
			s.told++;
			s.places = s.places * 31 + c.chunk * 7 + c.offset * 3 + c.length;
			break;
		case TARCUT_END:
			must(s.put == size && eof);
			s.chunks += have > 0;
			tarcut_free(&c);
			return s;
		case TARCUT_BAD:
			must(c.error != NULL && c.at <= size);
			s.error = c.error;
			s.at = c.at;
			tarcut_free(&c);
			return s;
		}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t chunk;
	uint8_t *tar;
	struct sum a, b;

	if (size < 3)
		return 0;
	size -= 3;
	chunk = (uint64_t)(1 + data[0]) * TAR_BLOCK;
	tar = malloc(size + 1);
	must(tar != NULL);
	memcpy(tar, data + 3, size);
	for (size_t at = 0; at + TAR_BLOCK <= size; at += TAR_BLOCK)
		mend(tar + at);

	a = run(tar, size, chunk, data[2] & 1, size + 1);
	b = run(tar, size, chunk, data[2] & 1, (size_t)1 + data[1] * 5);
	must((a.error == NULL) == (b.error == NULL) && a.at == b.at && a.told == b.told && a.places == b.places);
	must(a.error != NULL ? strcmp(a.error, b.error) == 0 : a.put == b.put && a.chunks == b.chunks);
	free(tar);
	return 0;
}

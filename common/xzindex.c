/*
 * Backwards: padding, footer (it tells how long the Index is), Index (its records
 * sum up to where the stream begins), header; then the stream before.  Forwards,
 * one stream at a time: its records, through a small buffer.
 */
#include "xzindex.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "io.h"
#include "mem.h"
#include "xzlib.h"

enum { BUFFER = 1 << 12, HEAD = LZMA_STREAM_HEADER_SIZE, CRC = 4, INDEX_MIN = 8 };

struct stream {
	uint64_t begin;                 /* offset of its header */
	uint64_t index, end;            /* and of its Index, and of what is behind that */
};

/* Bytes of the file in a row. */
struct cursor {
	int fd;
	uint64_t at, end;               /* of what is not in buf yet */
	size_t next, have;
	uint32_t crc;                   /* of the bytes taken */
	uint8_t buf[BUFFER];
};

struct xzindex {
	struct cursor cursor;
	uint64_t left;                  /* records of the stream at hand that were not asked for */
	uint64_t blocks;
	size_t streams;                 /* the last stream first */
	struct stream stream[XZINDEX_STREAMS];
};

static void
cursor_set(struct cursor *c, uint64_t at, uint64_t end)
{
	c->at = at;
	c->end = end;
	c->next = c->have = 0;
	c->crc = 0;
}

static bool
take_byte(struct cursor *c, uint8_t *byte)
{
	size_t want = c->end - c->at < BUFFER ? (size_t)(c->end - c->at) : BUFFER;

	if (c->next == c->have) {
		if (want == 0 || io_fill_at(c->fd, c->buf, want, c->at) != (ssize_t)want)
			return false;
		c->crc = lzma_crc32(c->buf, want, c->crc);
		c->at += want;
		c->next = 0;
		c->have = want;
	}
	*byte = c->buf[c->next++];
	return true;
}

/* A number of up to 63 bits, seven in a byte, the lowest ones first, as short as it can be. */
static bool
take_number(struct cursor *c, uint64_t *n)
{
	uint8_t byte = 0x80;

	*n = 0;
	for (unsigned shift = 0; byte & 0x80; shift += 7) {
		if (shift == 63 || !take_byte(c, &byte) || (byte == 0 && shift != 0))
			return false;
		*n |= (uint64_t)(byte & 0x7f) << shift;
	}
	return true;
}

/* The zero byte and the number of records. */
static bool
take_start(struct cursor *c, uint64_t *records)
{
	uint8_t byte;

	return take_byte(c, &byte) && byte == 0 && take_number(c, records);
}

static bool
take_record(struct cursor *c, uint64_t *unpadded, uint64_t *unpacked)
{
	return take_number(c, unpadded) && take_number(c, unpacked);
}

/* Read the Index of s, and find out by it where s begins. */
static bool
measure(struct xzindex *x, struct stream *s)
{
	struct cursor *c = &x->cursor;
	uint64_t records, unpadded, unpacked, sum = 0;
	uint8_t stored[CRC], byte;

	cursor_set(c, s->index, s->end - CRC);
	if (!take_start(c, &records))
		return false;
	x->blocks += records;
	for (; records > 0; records--) {
		if (!take_record(c, &unpadded, &unpacked) || unpadded > s->index)
			return false;
		sum += (unpadded + 3) & ~UINT64_C(3);
		if (sum > s->index)
			return false;
	}
	while (c->next < c->have || c->at < c->end)
		if (!take_byte(c, &byte) || byte != 0)
			return false;
	if (io_fill_at(c->fd, stored, CRC, s->end - CRC) != CRC)
		return false;
	for (unsigned i = 0; i < CRC; i++)
		if (stored[i] != (uint8_t)(c->crc >> 8 * i))
			return false;
	if (s->index - sum < HEAD)
		return false;
	s->begin = s->index - sum - HEAD;
	return true;
}

/* Without the padding, which is by fours, at the end; 0 where nothing can be before it. */
static uint64_t
skip_padding(const struct cursor *c, uint64_t first, uint64_t end)
{
	static const uint8_t zero[4];
	uint8_t buf[BUFFER];
	size_t n = 0;

	while (end >= first + 2 * HEAD + INDEX_MIN) {
		if (n == 0) {
			n = end - first < BUFFER ? (size_t)(end - first) / 4 * 4 : BUFFER;
			if (io_fill_at(c->fd, buf, n, end - n) != (ssize_t)n)
				return 0;
		}
		if (memcmp(buf + n - 4, zero, 4) != 0)
			return end;
		n -= 4;
		end -= 4;
	}
	return 0;
}

/* The stream before end; not before first. */
static bool
find_before(struct xzindex *x, uint64_t first, uint64_t end, struct stream *s)
{
	uint8_t edge[HEAD];
	lzma_stream_flags head, foot;

	if ((end = skip_padding(&x->cursor, first, end)) == 0 ||
	    io_fill_at(x->cursor.fd, edge, HEAD, end - HEAD) != HEAD ||
	    lzma_stream_footer_decode(&foot, edge) != LZMA_OK)
		return false;
	s->end = end - HEAD;
	if (foot.backward_size < INDEX_MIN || foot.backward_size > s->end - first - HEAD)
		return false;
	s->index = s->end - foot.backward_size;
	return measure(x, s) && s->begin >= first && io_fill_at(x->cursor.fd, edge, HEAD, s->begin) == HEAD &&
	    lzma_stream_header_decode(&head, edge) == LZMA_OK && lzma_stream_flags_compare(&head, &foot) == LZMA_OK;
}

struct xzindex *
xzindex_find(int fd, uint64_t first)
{
	struct xzindex *x;
	struct stat st;
	uint64_t end;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return NULL;
	end = (uint64_t)st.st_size;
	x = mem_alloc(sizeof *x);
	x->cursor.fd = fd;
	do {
		if (x->streams == XZINDEX_STREAMS || !find_before(x, first, end, &x->stream[x->streams])) {
			free(x);
			return NULL;
		}
		end = x->stream[x->streams++].begin;
	} while (end > first);
	return x;
}

void
xzindex_free(struct xzindex *x)
{
	free(x);
}

uint64_t
xzindex_blocks(const struct xzindex *x)
{
	return x->blocks;
}

bool
xzindex_seek(struct xzindex *x, uint64_t begin)
{
	x->left = 0;
	/* Asked for in the order of the file, so it is the last one that is left. */
	while (x->streams > 0 && x->stream[x->streams - 1].begin < begin)
		x->streams--;
	if (x->streams == 0 || x->stream[x->streams - 1].begin != begin)
		return false;
	cursor_set(&x->cursor, x->stream[x->streams - 1].index, x->stream[x->streams - 1].end - CRC);
	return take_start(&x->cursor, &x->left);
}

bool
xzindex_next(struct xzindex *x, uint64_t *unpadded, uint64_t *unpacked)
{
	if (x->left == 0 || !take_record(&x->cursor, unpadded, unpacked))
		return false;
	x->left--;
	return true;
}

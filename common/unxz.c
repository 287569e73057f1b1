#include "unxz.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "mem.h"
#include "meter.h"
#include "xzindex.h"
#include "xzlib.h"

enum { BUFFER = 1 << 16 };

struct unxz {
	int fd;
	enum { FIRST, BLOCKS, PADDING } state;  /* what comes next */
	lzma_stream_flags flags;                /* of this stream's header */
	lzma_index_hash *seen;                  /* the Blocks of this stream, for the Index to agree with */
	uint64_t taken;                         /* bytes of input before buf[at] */
	uint64_t begin;                         /* where the structure at hand begins */
	const char *place;                      /* and what it is */
	uint64_t stream;                        /* where this stream begins */
	uint64_t blocks;                        /* of it, so far */
	uint64_t offset;                        /* of the input in its file */
	struct xzindex *index;                  /* where a size was missing, and is to be had */
	bool looked, follows;                   /* for it; and it is at this Block */
	unsigned unknown_check;
	bool eof;
	size_t at, have;                        /* what is in buf */
	uint8_t buf[BUFFER];
};

struct unxz *
unxz_new(int fd)
{
	struct unxz *u = mem_alloc(sizeof *u);
	off_t offset = lseek(fd, 0, SEEK_CUR);

	u->fd = fd;
	u->offset = offset > 0 ? (uint64_t)offset : 0;
	u->looked = offset < 0;
	u->place = "the stream header";
	return u;
}

void
unxz_free(struct unxz *u)
{
	if (u == NULL)
		return;
	lzma_index_hash_end(u->seen, NULL);
	xzindex_free(u->index);
	free(u);
}

uint64_t
unxz_offset(const struct unxz *u)
{
	return u->begin;
}

const char *
unxz_place(const struct unxz *u)
{
	return u->place;
}

unsigned
unxz_unknown_check(const struct unxz *u)
{
	return u->unknown_check;
}

static void
enter(struct unxz *u, const char *place)
{
	u->begin = u->taken;
	u->place = place;
}

static void
eat(struct unxz *u, size_t n)
{
	u->at += n;
	u->taken += n;
	meter_add(n);
}

/* Have some bytes in the buffer: XZ_OK, XZ_CUT at the end of input, XZ_IO. */
static enum xz_rc
refill(struct unxz *u)
{
	ssize_t n;

	if (u->at < u->have)
		return XZ_OK;
	u->at = u->have = 0;
	if (u->eof)
		return XZ_CUT;
	if ((n = io_some(u->fd, u->buf, sizeof u->buf)) < 0)
		return XZ_IO;
	u->have = (size_t)n;
	u->eof = n == 0;
	return n == 0 ? XZ_CUT : XZ_OK;
}

/* The next n bytes, *got of them where the input ends. */
static enum xz_rc
get(struct unxz *u, uint8_t *to, size_t n, size_t *got)
{
	enum xz_rc rc;
	size_t take;

	for (*got = 0; *got < n; *got += take) {
		if ((rc = refill(u)) != XZ_OK)
			return rc;
		take = u->have - u->at < n - *got ? u->have - u->at : n - *got;
		memcpy(to + *got, u->buf + u->at, take);
		eat(u, take);
	}
	return XZ_OK;
}

/* A stream header; what is too short to tell is cut only if it begins like one. */
static enum xz_rc
read_header(struct unxz *u)
{
	static const uint8_t magic[6] = { 0xfd, '7', 'z', 'X', 'Z', 0 };
	uint8_t head[LZMA_STREAM_HEADER_SIZE];
	bool first = u->state == FIRST;
	enum xz_rc rc;
	size_t got;

	enter(u, "the stream header");
	rc = get(u, head, sizeof head, &got);
	if (rc == XZ_CUT && memcmp(head, magic, got < sizeof magic ? got : sizeof magic) != 0)
		rc = XZ_ALIEN;
	if (rc == XZ_OK)
		rc = xz_rc_of(lzma_stream_header_decode(&u->flags, head));
	if (rc == XZ_ALIEN && !first)
		rc = XZ_TRAILING;
	if (rc != XZ_OK)
		return rc;
	if (!lzma_check_is_supported(u->flags.check))
		u->unknown_check = (unsigned)u->flags.check;
	u->stream = u->begin;
	u->blocks = 0;
	u->follows = false;
	lzma_index_hash_end(u->seen, NULL);
	if ((u->seen = lzma_index_hash_init(NULL, NULL)) == NULL)
		return XZ_EXHAUSTED;
	u->state = BLOCKS;
	return XZ_OK;
}

/* Zeros by fours between streams and behind the last one.  XZ_END at the end of input. */
static enum xz_rc
read_padding(struct unxz *u)
{
	enum xz_rc rc;

	enter(u, "the stream padding");
	while ((rc = refill(u)) == XZ_OK && u->buf[u->at] == 0)
		eat(u, 1);
	if (rc == XZ_IO)
		return rc;
	if ((u->taken - u->begin) % 4 != 0)
		return rc == XZ_OK ? XZ_TRAILING : XZ_DAMAGED;
	return rc == XZ_OK ? XZ_OK : XZ_END;
}

/* The Index, from its zero byte on, and the footer. */
static enum xz_rc
read_index(struct unxz *u)
{
	uint8_t foot[LZMA_STREAM_HEADER_SIZE];
	lzma_stream_flags flags;
	lzma_ret r = LZMA_OK;
	enum xz_rc rc;
	size_t at, got;

	enter(u, "the Index");
	while (r == LZMA_OK) {
		if ((rc = refill(u)) != XZ_OK)
			return rc;
		at = u->at;
		r = lzma_index_hash_decode(u->seen, u->buf, &at, u->have);
		eat(u, at - u->at);
	}
	if (r != LZMA_STREAM_END)
		return xz_rc_of(r);
	enter(u, "the stream footer");
	if ((rc = get(u, foot, sizeof foot, &got)) != XZ_OK)
		return rc;
	if ((r = lzma_stream_footer_decode(&flags, foot)) != LZMA_OK)
		return r == LZMA_FORMAT_ERROR ? XZ_DAMAGED : xz_rc_of(r);
	if (flags.backward_size != lzma_index_hash_size(u->seen) ||
	    lzma_stream_flags_compare(&u->flags, &flags) != LZMA_OK)
		return XZ_DAMAGED;
	u->state = PADDING;
	return XZ_OK;
}

static lzma_block
block_of(const struct xz_block *b, lzma_filter f[LZMA_FILTERS_MAX + 1])
{
	return (lzma_block){ .version = 1, .header_size = (uint32_t)b->headlen, .check = (lzma_check)b->check, .filters = f };
}

/* Bring the Index to the Block at hand; false: nothing is known of it. */
static bool
follow_index(struct unxz *u)
{
	uint64_t unpadded, unpacked;

	if (!u->looked) {
		u->looked = true;
		u->index = xzindex_find(u->fd, u->offset + u->stream);
		/* One Block alone gains nothing by being known. */
		if (u->index != NULL && xzindex_blocks(u->index) < 2) {
			xzindex_free(u->index);
			u->index = NULL;
		}
	}
	if (u->index == NULL || u->follows)
		return u->follows;
	u->follows = xzindex_seek(u->index, u->offset + u->stream);
	for (uint64_t i = 0; i < u->blocks && u->follows; i++)
		u->follows = xzindex_next(u->index, &unpadded, &unpacked);
	return u->follows;
}

static bool
contradict(uint64_t told, uint64_t promised)
{
	return told != LZMA_VLI_UNKNOWN && told != promised;
}

/* Sizes that the header does not tell, from the Index; where they contradict each other it is believed no more. */
static void
complete(struct unxz *u, struct xz_block *b)
{
	uint64_t around = b->headlen + lzma_check_size((lzma_check)b->check), unpadded, unpacked;
	bool told = b->packed != LZMA_VLI_UNKNOWN && b->unpacked != LZMA_VLI_UNKNOWN;

	if (told ? !u->follows : !follow_index(u))
		return;
	if (!xzindex_next(u->index, &unpadded, &unpacked) || unpadded <= around ||
	    contradict(b->packed, unpadded - around) || contradict(b->unpacked, unpacked)) {
		xzindex_free(u->index);
		u->index = NULL;
		u->follows = false;
		return;
	}
	b->packed = unpadded - around;
	b->unpacked = unpacked;
	b->promised = !told;
}

static enum xz_rc
read_block_header(struct unxz *u, struct xz_block *b)
{
	lzma_filter f[LZMA_FILTERS_MAX + 1];
	lzma_block block;
	enum xz_rc rc;
	size_t got;

	enter(u, "the Block");
	b->at = u->begin;
	b->headlen = lzma_block_header_size_decode(u->buf[u->at]);
	b->check = (unsigned)u->flags.check;
	if ((rc = get(u, b->head, b->headlen, &got)) != XZ_OK)
		return rc;
	block = block_of(b, f);
	if ((rc = xz_rc_of(lzma_block_header_decode(&block, NULL, b->head))) != XZ_OK)
		return rc;
	b->packed = block.compressed_size;
	b->unpacked = block.uncompressed_size;
	b->promised = false;
	complete(u, b);
	u->blocks++;
	b->memory = lzma_raw_decoder_memusage(f);
	lzma_filters_free(f, NULL);
	return b->memory == UINT64_MAX ? XZ_UNSUPPORTED : XZ_OK;
}

enum xz_rc
unxz_next(struct unxz *u, struct xz_block *b)
{
	enum xz_rc rc;

	for (;;) {
		if (u->state == PADDING && (rc = read_padding(u)) != XZ_OK)
			return rc;
		if (u->state != BLOCKS && (rc = read_header(u)) != XZ_OK)
			return rc;
		enter(u, "the Block");
		if ((rc = refill(u)) != XZ_OK)
			return rc;
		if (u->buf[u->at] != 0)
			return read_block_header(u, b);
		if ((rc = read_index(u)) != XZ_OK)
			return rc;
	}
}

static enum xz_rc
remember(struct unxz *u, const struct xz_block *b, uint64_t packed, uint64_t unpacked)
{
	uint64_t unpadded = b->headlen + packed + lzma_check_size((lzma_check)b->check);

	return xz_rc_of(lzma_index_hash_append(u->seen, unpadded, unpacked));
}

enum xz_rc
unxz_load(struct unxz *u, const struct xz_block *b, struct store *s, struct chain *in)
{
	uint64_t left = ((b->packed + 3) & ~UINT64_C(3)) + lzma_check_size((lzma_check)b->check);
	size_t here = u->have - u->at < left ? u->have - u->at : (size_t)left;
	int64_t n;

	chain_add(s, in, u->buf + u->at, here);
	eat(u, here);
	left -= here;
	if (left > 0) {
		if ((n = chain_fill(s, in, u->fd, left)) < 0)
			return XZ_IO;
		u->taken += (uint64_t)n;
		meter_add((uint64_t)n);
		if ((uint64_t)n < left)
			return XZ_CUT;
	}
	return remember(u, b, b->packed, b->unpacked);
}

/* Start a decoder for the Block b as block, whose filters are f. */
static enum xz_rc
begin(lzma_stream *strm, lzma_block *block, const struct xz_block *b, lzma_filter f[LZMA_FILTERS_MAX + 1])
{
	enum xz_rc rc;

	*block = block_of(b, f);
	if ((rc = xz_rc_of(lzma_block_header_decode(block, NULL, b->head))) != XZ_OK)
		return rc;
	rc = xz_rc_of(lzma_block_decoder(strm, block));
	lzma_filters_free(f, NULL);             /* it has its own copies */
	return rc;
}

/* What an error of the Block decoder means: the check is all that can be wrong behind the last byte of it. */
static enum xz_rc
verdict(lzma_ret r, const lzma_stream *strm, const lzma_block *block)
{
	uint64_t check = lzma_check_size(block->check);

	if (r == LZMA_DATA_ERROR && check != 0 && block->compressed_size != LZMA_VLI_UNKNOWN &&
	    strm->total_in == ((block->compressed_size + 3) & ~UINT64_C(3)) + check)
		return XZ_MISMATCH;
	return xz_rc_of(r);
}

enum xz_rc
unxz_stream(struct unxz *u, const struct xz_block *b, int out, bool *wrote)
{
	lzma_stream strm = LZMA_STREAM_INIT;
	lzma_filter f[LZMA_FILTERS_MAX + 1];
	lzma_block block;
	lzma_ret r = LZMA_OK;
	uint8_t *to = mem_alloc(CHAIN_PIECE);
	enum xz_rc rc = begin(&strm, &block, b, f);

	*wrote = false;
	strm.next_out = to;
	strm.avail_out = CHAIN_PIECE;
	while (rc == XZ_OK && r == LZMA_OK) {
		if ((rc = refill(u)) == XZ_OK) {
			strm.next_in = u->buf + u->at;
			strm.avail_in = u->have - u->at;
			r = lzma_code(&strm, LZMA_RUN);
			eat(u, u->have - u->at - strm.avail_in);
			rc = verdict(r, &strm, &block);
		}
		if (strm.avail_out == 0 || r != LZMA_OK || rc != XZ_OK) {
			if (out >= 0 && io_put(out, to, CHAIN_PIECE - strm.avail_out) != 0) {
				rc = XZ_IO;
				*wrote = true;
			}
			strm.next_out = to;
			strm.avail_out = CHAIN_PIECE;
		}
	}
	if (rc == XZ_OK)
		rc = remember(u, b, block.compressed_size, block.uncompressed_size);
	lzma_end(&strm);
	free(to);
	return rc;
}

struct unxz_decoder {
	lzma_stream strm;               /* re-initialised, not freed, from Block to Block */
};

struct unxz_decoder *
unxz_decoder_new(void)
{
	struct unxz_decoder *d = mem_alloc(sizeof *d);

	d->strm = (lzma_stream)LZMA_STREAM_INIT;
	return d;
}

void
unxz_decoder_release(struct unxz_decoder *d)
{
	lzma_end(&d->strm);
	d->strm = (lzma_stream)LZMA_STREAM_INIT;
}

void
unxz_decoder_free(struct unxz_decoder *d)
{
	if (d != NULL)
		lzma_end(&d->strm);
	free(d);
}

/* Until the Block ends, or becomes longer than was promised. */
static lzma_ret
run(lzma_stream *strm, const struct xz_block *b, struct store *s, struct chain *in, struct chain *out, bool keep)
{
	lzma_ret r = LZMA_OK;
	size_t room;

	strm->next_in = NULL;
	strm->avail_in = 0;
	while (r == LZMA_OK && strm->total_out <= b->unpacked) {
		if (strm->avail_in == 0) {
			if (strm->next_in != NULL)
				chain_drop(s, in);
			strm->next_in = chain_head(in, &strm->avail_in);
		}
		strm->next_out = chain_room(s, out, &room);
		strm->avail_out = room;
		r = lzma_code(strm, strm->avail_in != 0 ? LZMA_RUN : LZMA_FINISH);
		chain_grew(out, room - strm->avail_out);
		if (!keep)
			chain_clear(s, out);
	}
	return r;
}

enum xz_rc
unxz_decode(struct unxz_decoder *d, const struct xz_block *b, struct store *s, struct chain *in, struct chain *out)
{
	lzma_filter f[LZMA_FILTERS_MAX + 1];
	lzma_block block;
	struct chain nowhere = { 0 };
	enum xz_rc rc = begin(&d->strm, &block, b, f);

	if (rc == XZ_OK) {
		lzma_ret r = run(&d->strm, b, s, in, out != NULL ? out : &nowhere, out != NULL);

		/* What a header promises is kept, or was found out; what the Index does is left to us. */
		rc = r == LZMA_BUF_ERROR && b->promised ? XZ_DISAGREES : verdict(r, &d->strm, &block);
		if (rc == XZ_OK && (r != LZMA_STREAM_END || block.compressed_size != b->packed ||
		    block.uncompressed_size != b->unpacked))
			rc = XZ_DISAGREES;
	}
	chain_clear(s, in);
	chain_clear(s, &nowhere);
	return rc;
}

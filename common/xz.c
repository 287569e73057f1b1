#include "xzlib.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

enum {
	CHUNK = 1 << 16,                /* LZMA2: bytes in an uncompressed chunk at most */
	DICT_MIN = 1 << 12
};

struct xz_encoder {
	lzma_stream strm;               /* re-initialised, not freed, from Block to Block */
};

struct xz_index {
	lzma_index *index;
};

const char *
xz_strerror(enum xz_rc rc)
{
	switch (rc) {
	case XZ_OK: case XZ_END: return "is whole";
	case XZ_IO: return strerror(errno);
	case XZ_ALIEN: return "is not in the .xz format";
	case XZ_DAMAGED: return "is damaged";
	case XZ_MISMATCH: return "does not match its check";
	case XZ_DISAGREES: return "does not agree with the Index";
	case XZ_CUT: return "is cut short";
	case XZ_TRAILING: return "is followed by something that is not .xz";
	case XZ_UNSUPPORTED: return "needs a filter or flag that this liblzma does not have";
	case XZ_LIMIT: return "takes more memory to decode than allowed";
	case XZ_EXHAUSTED: return "out of memory";
	}
	return "?";
}

uint32_t
xz_dictionary(unsigned level)
{
	lzma_options_lzma o;

	return lzma_lzma_preset(&o, level) ? 0 : o.dict_size;
}

/* The smallest 2^n or 2^n + 2^(n-1) that holds n: what the format can say, and a few table sizes only. */
static uint32_t
dictionary_for(uint64_t n, uint32_t most)
{
	uint32_t d = DICT_MIN;

	while (d < n && d < most) {
		if (d + d / 2 >= n)
			d += d / 2;
		else
			d *= 2;
	}
	return d < most ? d : most;
}

static enum xz_rc
filters_of(const struct xz_method *m, uint64_t n, lzma_options_lzma *o, lzma_filter f[LZMA_FILTERS_MAX + 1])
{
	unsigned i = 0;

	if (lzma_lzma_preset(o, m->level | (m->extreme ? LZMA_PRESET_EXTREME : 0)))
		return XZ_UNSUPPORTED;
	o->dict_size = dictionary_for(n, m->dict);
	switch (m->shape) {
	case XZ_TEXT:
		o->lc = 4;
		o->pb = 0;
		if (m->level >= 7 && o->nice_len < 128)
			o->nice_len = 128;
		break;
	case XZ_X86:
		f[i++] = (lzma_filter){ .id = LZMA_FILTER_X86 };
		break;
	case XZ_WORDS:
		/* Not the ARM64 filter: xz before 5.4 and busybox could not decode it. */
		o->lc = 2;
		o->lp = 2;
		break;
	case XZ_STORED:
		o->dict_size = DICT_MIN;
		break;
	case XZ_PLAIN:
		break;
	}
	f[i++] = (lzma_filter){ .id = LZMA_FILTER_LZMA2, .options = o };
	f[i] = (lzma_filter){ .id = LZMA_VLI_UNKNOWN };
	return XZ_OK;
}

uint64_t
xz_memory(const struct xz_method *m)
{
	lzma_options_lzma o;
	lzma_filter f[LZMA_FILTERS_MAX + 1];

	if (filters_of(m, UINT32_MAX, &o, f) != XZ_OK)
		return UINT64_MAX;
	return lzma_raw_encoder_memusage(f);
}

struct xz_encoder *
xz_encoder_new(void)
{
	struct xz_encoder *e = mem_alloc(sizeof *e);

	e->strm = (lzma_stream)LZMA_STREAM_INIT;
	return e;
}

void
xz_encoder_free(struct xz_encoder *e)
{
	if (e != NULL)
		lzma_end(&e->strm);
	free(e);
}

/*
 * LZMA2 without LZMA: chunks of a control byte (1 for the first, which resets the
 * dictionary, then 2), the length less one in two bytes, and the data; then 0.
 */
static void
store_block(struct store *s, struct chain *in, struct chain *out, lzma_block *b)
{
	static const uint8_t zero[4];
	uint8_t head[3] = { 1 }, check[8];
	const uint8_t *from;
	uint64_t crc = 0;
	size_t n, take;

	b->uncompressed_size = in->len;
	while ((from = chain_head(in, &n)) != NULL) {
		crc = lzma_crc64(from, n, crc);
		for (; n > 0; from += take, n -= take) {
			take = n < CHUNK ? n : CHUNK;
			head[1] = (uint8_t)((take - 1) >> 8);
			head[2] = (uint8_t)(take - 1);
			chain_add(s, out, head, sizeof head);
			chain_add(s, out, from, take);
			head[0] = 2;
		}
		chain_drop(s, in);
	}
	chain_add(s, out, zero, 1);
	b->compressed_size = out->len;
	chain_add(s, out, zero, -out->len % 4);
	for (unsigned i = 0; i < sizeof check; i++)
		check[i] = (uint8_t)(crc >> 8 * i);
	chain_add(s, out, check, sizeof check);
}

static enum xz_rc
code_block(struct xz_encoder *e, struct store *s, struct chain *in, struct chain *out, lzma_block *b)
{
	lzma_ret r = lzma_block_encoder(&e->strm, b);
	const uint8_t *head;
	size_t room;

	while (r == LZMA_OK) {
		if ((head = chain_head(in, &room)) != NULL) {
			e->strm.next_in = head;
			e->strm.avail_in = room;
		}
		do {
			e->strm.next_out = chain_room(s, out, &room);
			e->strm.avail_out = room;
			r = lzma_code(&e->strm, head != NULL ? LZMA_RUN : LZMA_FINISH);
			chain_grew(out, room - e->strm.avail_out);
		} while (r == LZMA_OK && (e->strm.avail_in != 0 || head == NULL));
		if (head != NULL)
			chain_drop(s, in);
	}
	return xz_rc_of(r);
}

enum xz_rc
xz_encode(struct xz_encoder *e, const struct xz_method *m, struct store *s,
    struct chain *in, struct chain *out, struct xz_block *b)
{
	lzma_options_lzma o;
	lzma_filter f[LZMA_FILTERS_MAX + 1];
	lzma_block block = { .check = LZMA_CHECK_CRC64, .filters = f,
	    .compressed_size = LZMA_VLI_UNKNOWN, .uncompressed_size = LZMA_VLI_UNKNOWN };
	enum xz_rc rc = filters_of(m, in->len, &o, f);

	if (rc == XZ_OK && m->shape == XZ_STORED)
		store_block(s, in, out, &block);
	else if (rc == XZ_OK)
		rc = code_block(e, s, in, out, &block);
	if (rc != XZ_OK)
		return rc;
	if ((rc = xz_rc_of(lzma_block_header_size(&block))) != XZ_OK ||
	    (rc = xz_rc_of(lzma_block_header_encode(&block, b->head))) != XZ_OK)
		return rc;
	b->headlen = block.header_size;
	b->check = LZMA_CHECK_CRC64;
	b->packed = block.compressed_size;
	b->unpacked = block.uncompressed_size;
	return XZ_OK;
}

static const lzma_stream_flags stream_flags = { .backward_size = LZMA_VLI_UNKNOWN, .check = LZMA_CHECK_CRC64 };

void
xz_header(uint8_t out[XZ_HEAD])
{
	if (lzma_stream_header_encode(&stream_flags, out) != LZMA_OK)
		abort();                /* constant flags */
}

struct xz_index *
xz_index_new(void)
{
	struct xz_index *x = mem_alloc(sizeof *x);

	if ((x->index = lzma_index_init(NULL)) == NULL)
		mem_alloc(SIZE_MAX / 2);        /* says so and exits */
	return x;
}

void
xz_index_free(struct xz_index *x)
{
	if (x != NULL)
		lzma_index_end(x->index, NULL);
	free(x);
}

enum xz_rc
xz_index_add(struct xz_index *x, const struct xz_block *b)
{
	uint64_t unpadded = b->headlen + b->packed + lzma_check_size((lzma_check)b->check);

	return xz_rc_of(lzma_index_append(x->index, NULL, unpadded, b->unpacked));
}

enum xz_rc
xz_index_end(struct xz_index *x, struct store *s, struct chain *out)
{
	lzma_stream strm = LZMA_STREAM_INIT;
	lzma_stream_flags flags = stream_flags;
	uint8_t footer[LZMA_STREAM_HEADER_SIZE];
	lzma_ret r = lzma_index_encoder(&strm, x->index);
	size_t room;

	while (r == LZMA_OK) {
		strm.next_out = chain_room(s, out, &room);
		strm.avail_out = room;
		r = lzma_code(&strm, LZMA_FINISH);
		chain_grew(out, room - strm.avail_out);
	}
	lzma_end(&strm);
	flags.backward_size = lzma_index_size(x->index);
	if (r != LZMA_STREAM_END || (r = lzma_stream_footer_encode(&flags, footer)) != LZMA_OK)
		return xz_rc_of(r);
	chain_add(s, out, footer, sizeof footer);
	return XZ_OK;
}

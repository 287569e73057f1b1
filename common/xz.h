/*
 * Writing the .xz format (tukaani.org/xz/xz-file-format.txt, 1.0.4) by liblzma:
 *
 *	header 12 | Block | Block | … | Index | footer 12
 *
 * Blocks know nothing of each other, so each is made on a thread of its own.
 * Every Block header carries both sizes, so that a reader can pass Blocks to
 * several threads as well.  The check is CRC64, as xz's.
 */
#ifndef XZ_H
#define XZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chain.h"

enum xz_rc {
	XZ_OK,
	XZ_END,                 /* the end, where it should be */
	XZ_IO,                  /* see errno */
	XZ_ALIEN,
	XZ_DAMAGED,
	XZ_MISMATCH,            /* whole by itself, but the check is of other data */
	XZ_DISAGREES,           /* whole by itself, but the Index promised another size */
	XZ_CUT,
	XZ_TRAILING,
	XZ_UNSUPPORTED,
	XZ_LIMIT,
	XZ_EXHAUSTED
};

/* "is cut short"; for XZ_IO, strerror(errno). */
const char *xz_strerror(enum xz_rc);

/* How the data of a Block is coded. */
enum xz_shape {
	XZ_PLAIN,
	XZ_TEXT,                /* literals by the byte before, no alignment */
	XZ_X86,                 /* branch targets made absolute first */
	XZ_WORDS,               /* words of four bytes, as ARM64 code is */
	XZ_STORED               /* not at all */
};

struct xz_method {
	enum xz_shape shape;
	unsigned level;         /* 0 to 9, as xz's presets */
	bool extreme;           /* -e */
	uint32_t dict;          /* bytes of dictionary at most */
};

enum { XZ_HEAD = 12, XZ_BLOCK_HEAD = 1024 };    /* stream header; a Block header at most */

/* One Block.  The sizes are UINT64_MAX where they are not known. */
struct xz_block {
	uint8_t head[XZ_BLOCK_HEAD];
	size_t headlen;
	unsigned check;                 /* the stream's, which the Block needs to be decoded */
	uint64_t packed, unpacked;      /* bytes of compressed data, without padding and check; of data */
	uint64_t memory;                /* bytes that decoding it takes, beside its input and output */
	uint64_t at;                    /* where it begins in the input */
	bool promised;                  /* a size is not from the header but from the Index */
};

/* The dictionary of the level, and the bytes of memory that one encoder takes at most. */
uint32_t xz_dictionary(unsigned level);
uint64_t xz_memory(const struct xz_method *);

/* An encoder for one thread, used for many Blocks: tables of the right size are kept. */
struct xz_encoder;
struct xz_encoder *xz_encoder_new(void);
void xz_encoder_free(struct xz_encoder *);

/*
 * Encode in, which is eaten and not empty, to out: compressed data, padding and
 * check.  b gets the header and the sizes.  XZ_OK, XZ_EXHAUSTED or XZ_UNSUPPORTED.
 */
enum xz_rc xz_encode(struct xz_encoder *, const struct xz_method *, struct store *,
    struct chain *in, struct chain *out, struct xz_block *b);

/* What stands around the Blocks. */
struct xz_index;
struct xz_index *xz_index_new(void);
void xz_index_free(struct xz_index *);          /* NULL is allowed */
void xz_header(uint8_t out[XZ_HEAD]);
enum xz_rc xz_index_add(struct xz_index *, const struct xz_block *);
enum xz_rc xz_index_end(struct xz_index *, struct store *, struct chain *out);  /* Index and footer */

#endif

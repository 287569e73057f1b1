/*
 * Where a tar stream may be cut.  Pure: bytes in, verdicts out; the verdicts do
 * not depend on how many bytes come at a time.
 *
 * A cut falls between members only: before the headers of one that would not
 * fit the chunk, and before a header that stands behind zero blocks, where a
 * further archive begins (a tar stops reading there).  A member that by itself
 * is larger than a chunk begins at a cut, is cut into pieces of the chunk's size,
 * and ends at a cut.  The first two zero blocks of an end stay together.
 *
 * Whether a member fits is known only when all its headers are read.  The caller
 * keeps them until then, but never more than TARCUT_HOLD bytes: a member with more
 * begins at a cut, and the rest passes through.
 */
#ifndef TARCUT_H
#define TARCUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tar.h"

enum {
	TARCUT_HOLD = 1 << 20,
	TARCUT_NEED = TARCUT_HOLD + 3 * TAR_BLOCK     /* the caller's buffer is larger than this */
};

enum tarcut_rc {
	TARCUT_WANT,               /* more bytes behind these, please */
	TARCUT_PUT,                /* the first n bytes go to the chunk, and are done with */
	TARCUT_NEXT,               /* the chunk is complete; what comes belongs to the next one */
	TARCUT_MEMBER,             /* tar.member, or a piece of it, is to be found in chunk, at offset, with length */
	TARCUT_END,                /* all is done, and the stream ended as a tar ends */
	TARCUT_BAD                 /* error says what is wrong, at the byte at */
};

struct tarcut {
	size_t n;
	unsigned chunk;         /* counted from 1 */
	uint64_t offset, length;
	const char *error;
	uint64_t at;
	struct tar tar;

	uint64_t from;          /* the place in the stream of the first byte that is not done with */

	/* Private. */
	uint64_t size;          /* of a chunk */
	bool raw, no_trailer_ok;
	unsigned now;           /* the chunk that is being filled */
	uint64_t have;          /* bytes in it */
	bool due;               /* a cut, unless the chunk is empty */
	unsigned zeros;         /* zero blocks in a row */

	enum { TARCUT_HEADERS, TARCUT_PEEK, TARCUT_LONE, TARCUT_DATA } state;
	size_t held;            /* bytes that were looked at and not put */
	uint64_t head;          /* length of the member's headers */
	bool open;              /* more than TARCUT_HOLD: they are put as they come */
	uint64_t left;          /* bytes to put */
	unsigned first;         /* where the member begins: the chunk, */
	uint64_t start;         /* and the place in it */
	uint64_t total, told;   /* its length, and what of it the caller has been told */
};

/*
 * Chunks of at most size bytes, a multiple of TAR_BLOCK.  raw: they are cut
 * there whatever the bytes are.  no_trailer_ok: a stream may end behind a member
 * without zero blocks.
 */
void tarcut_init(struct tarcut *, uint64_t size, bool raw, bool no_trailer_ok);
void tarcut_free(struct tarcut *);

/* The n bytes that are not done with, and whether they are the last. */
enum tarcut_rc tarcut_next(struct tarcut *, const uint8_t *bytes, size_t n, bool last);

/*
 * After TARCUT_WANT, when no byte is left that is not done with: how many of those
 * that come will go to this chunk whatever they are.  The caller may move any
 * number of them there itself, and say so.
 */
uint64_t tarcut_ahead(const struct tarcut *);
void tarcut_moved(struct tarcut *, uint64_t n);

#endif

/*
 * A Block that ends takes the dictionary with it, so a cut must pay.  Pieces
 * that do not fit the growing Block are counted against it, those that do count
 * for it, and where the balance passes a threshold the Block ends at the place
 * where the balance was last even (the CUSUM test for a change in a series).
 *
 * - Noise (stored) is strict: one piece of anything else ends it, because
 *   storing what shrinks is the one mistake that costs size.
 * - Dense data (cheap level) ends at the first piece of solid data.
 * - Solid data ends for a run of another solid kind of 4 MiB; below, the other
 *   kind's settings gain less than the dictionary.  For a run of dense or noise
 *   it ends after an eighth of its own size, from 1 to 4 MiB: such runs cost
 *   time but not size where they are.  On the mixed corpus runs of 1 MiB and
 *   Blocks of 64 MiB gave 149.0 MB, runs of 4 MiB and long Blocks 142.4 MB.
 * - Data without a face of its own (KIND_OTHER: tables, strings, debugging
 *   information) goes along with machine code and speaks half against text.
 * - Dense data and noise alternate by runs of 512 KiB: neither needs history.
 *   What of them is below 1 MiB before solid data goes to that.
 *
 * What is left at the end of input is known to be the end, and is shared out in
 * 2 or 4 equal Blocks where they are long enough, so that all processors finish
 * together: from a quarter of the dictionary, and from twice the dictionary.
 */
#include "cut.h"

#include <stdlib.h>

#define MIB (UINT64_C(1) << 20)
#define LEAST (MIB / 2)                 /* a run of noise worth a Block of its own among dense data */

const char *const cut_name[CUT_NOISE + 1] = { "other", "text", "x86", "arm64", "dense", "stored" };

void
cut_init(struct cut *c, uint64_t dict, uint64_t most)
{
	*c = (struct cut){ .dict = dict, .most = most };
}

static bool
solid(enum cut_class class)
{
	return class < CUT_DENSE;
}

static enum cut_class
class_of(enum kind k)
{
	switch (k) {
	case KIND_TEXT: return CUT_TEXT;
	case KIND_X86: return CUT_X86;
	case KIND_ARM64: return CUT_ARM64;
	case KIND_DENSE: case KIND_ECHO: return CUT_DENSE;
	case KIND_NOISE: return CUT_NOISE;
	case KIND_OTHER: break;
	}
	return CUT_OTHER;
}

static enum kind
kind_at(const struct cut *c, size_t i)
{
	return (enum kind)c->piece[(c->head + i) % CUT_PIECES].kind;
}

static uint64_t
length_at(const struct cut *c, size_t i)
{
	return c->piece[(c->head + i) % CUT_PIECES].len;
}

/* The class of n pieces from the one numbered from on. */
static enum cut_class
vote(const struct cut *c, size_t from, size_t n)
{
	uint64_t bytes[CUT_NOISE + 1] = { 0 }, hard, soft;

	for (size_t i = from; i < from + n; i++)
		bytes[class_of(kind_at(c, i))] += length_at(c, i);
	hard = bytes[CUT_X86] + bytes[CUT_ARM64];
	soft = hard + bytes[CUT_TEXT] + bytes[CUT_OTHER];
	if (soft == 0)
		return bytes[CUT_DENSE] != 0 ? CUT_DENSE : CUT_NOISE;
	/* A filter helps where a fifth is code: the rest is mostly what belongs to it. */
	if (5 * hard >= soft)
		return bytes[CUT_X86] >= bytes[CUT_ARM64] ? CUT_X86 : CUT_ARM64;
	return bytes[CUT_TEXT] > bytes[CUT_OTHER] + hard ? CUT_TEXT : CUT_OTHER;
}

/* How much a piece of n bytes of this class speaks against the growing Block; below 0: for it. */
static int64_t
against(const struct cut *c, enum cut_class class, int64_t n)
{
	if (class == c->class)
		return -n;
	if (class == CUT_OTHER && solid(c->class))
		return c->class == CUT_TEXT ? n / 2 : -n / 2;
	if (c->class == CUT_OTHER && (class == CUT_X86 || class == CUT_ARM64))
		return -n;
	return n;
}

static uint64_t
threshold(const struct cut *c, enum cut_class tail)
{
	uint64_t head = c->bytes - c->tail_bytes;

	if (c->class == CUT_NOISE)
		return 1;
	if (c->class == CUT_DENSE)
		return tail == CUT_NOISE ? LEAST : 1;
	if (solid(tail))
		return 4 * MIB;
	return head / 8 < MIB ? MIB : head / 8 > 4 * MIB ? 4 * MIB : head / 8;
}

/* Start afresh with what waits from the piece numbered tail on. */
static void
restart(struct cut *c)
{
	c->head = (c->head + c->tail) % CUT_PIECES;
	c->count -= c->tail;
	c->bytes = c->tail_bytes;
	c->class = c->count != 0 ? vote(c, 0, c->count) : CUT_OTHER;
	c->tail = c->count;
	c->tail_bytes = c->score = 0;
}

/* The Block is what waits before the tail. */
static void
give(struct cut *c)
{
	c->ready.pieces = c->tail;
	c->ready.bytes = c->bytes - c->tail_bytes;
	c->ready.class = solid(c->class) ? vote(c, 0, c->tail) : c->class;
	restart(c);
}

void
cut_add(struct cut *c, enum kind kind, size_t len)
{
	enum cut_class class = class_of(kind);
	int64_t more;

	c->piece[(c->head + c->count) % CUT_PIECES].kind = (uint8_t)kind;
	c->piece[(c->head + c->count) % CUT_PIECES].len = (uint32_t)len;
	c->count++;
	c->bytes += len;
	if (c->count == 1) {
		c->tail = 0;
		c->tail_bytes = len;
		restart(c);
		return;
	}
	/* An echo calls back the noise that it repeats: both into one Block, not stored. */
	if (c->class == CUT_NOISE && kind == KIND_ECHO)
		c->class = CUT_DENSE;
	more = against(c, class, (int64_t)len);
	if (more < 0 && (uint64_t)-more >= c->score) {
		c->score = 0;
		c->tail = c->count;
		c->tail_bytes = 0;
		return;
	}
	c->score += (uint64_t)more;
	c->tail_bytes += len;
	if (c->score < threshold(c, vote(c, c->tail, c->count - c->tail)))
		return;
	if (!solid(c->class) && c->bytes - c->tail_bytes < (solid(class) ? MIB : LEAST)) {
		/* Too short for itself. */
		c->tail = 0;
		c->tail_bytes = c->bytes;
		restart(c);
		return;
	}
	give(c);
}

void
cut_end(struct cut *c)
{
	c->end = true;
}

static unsigned
shares_of(const struct cut *c)
{
	if (!solid(c->class) || c->bytes < c->dict / 4)
		return 1;
	return c->bytes < 2 * c->dict ? 2 : 4;
}

bool
cut_take(struct cut *c, struct cut_block *b)
{
	if (c->ready.pieces == 0 && c->count != 0 && (c->bytes >= c->most || c->count == CUT_PIECES)) {
		/* As much as a Block may hold; what may belong to another one stays, if that leaves enough. */
		if (c->bytes - c->tail_bytes < c->most / 2) {
			c->tail = c->count;
			c->tail_bytes = 0;
		}
		give(c);
	}
	if (c->ready.pieces == 0 && c->end && c->count != 0) {
		if (c->shares == 0)
			c->shares = shares_of(c);
		c->tail = (c->count + c->shares - 1) / c->shares;
		c->tail_bytes = 0;
		for (size_t i = c->tail; i < c->count; i++)
			c->tail_bytes += length_at(c, i);
		if (c->shares > 1)
			c->shares--;
		give(c);
	}
	if (c->ready.pieces == 0)
		return false;
	*b = (struct cut_block){ .class = c->ready.class, .pieces = c->ready.pieces, .bytes = c->ready.bytes };
	c->ready.pieces = 0;
	return true;
}

/*
 * Where one Block ends and the next begins, and what it is: the verdicts on the
 * pieces in, Blocks out.  Pure; depends on the data alone, never on threads.
 *
 *	cut_init(&c, dict, most);
 *	for each piece: cut_add(&c, kind, len); while (cut_take(&c, &b)) use b;
 *	cut_end(&c); while (cut_take(&c, &b)) use b;
 *
 * What cut_take gives are the oldest b.pieces pieces that were not given yet.
 * Never more than most bytes and a piece wait inside.
 */
#ifndef CUT_H
#define CUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kind.h"

/* What a Block is; the compressor has a method for each. */
enum cut_class { CUT_OTHER, CUT_TEXT, CUT_X86, CUT_ARM64, CUT_DENSE, CUT_NOISE };
extern const char *const cut_name[CUT_NOISE + 1];

struct cut_block {
	enum cut_class class;
	size_t pieces;
	uint64_t bytes;
};

enum { CUT_PIECES = 1 << 11 };          /* that can wait */

struct cut {
	uint64_t dict, most;            /* bytes: the dictionary, and a Block at most */
	enum cut_class class;           /* of the Block that is growing */
	size_t head, count;             /* pieces waiting: a ring from head on */
	uint64_t bytes;                 /* in them */
	size_t tail;                    /* of them, the first that may belong to another Block */
	uint64_t tail_bytes, score;     /* from there on; how much that speaks for a cut */
	struct { uint32_t len; uint8_t kind; } piece[CUT_PIECES];
	bool end;
	unsigned shares;                /* in which the last Block is given out; 0: not yet known */
	struct { size_t pieces; uint64_t bytes; enum cut_class class; } ready;
};

void cut_init(struct cut *, uint64_t dict, uint64_t most);
void cut_add(struct cut *, enum kind, size_t len);
void cut_end(struct cut *);
bool cut_take(struct cut *, struct cut_block *);

#endif

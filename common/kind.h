/*
 * What a piece of data is, for the compressor: bytes in, verdict and reason out.
 * Pure, in integers only, so the same on every machine; about 1 ns a byte.
 */
#ifndef KIND_H
#define KIND_H

#include <stddef.h>
#include <stdint.h>

enum kind {
	KIND_OTHER,             /* nothing special */
	KIND_TEXT,
	KIND_X86,               /* machine code of x86, 32 or 64 bit */
	KIND_ARM64,
	KIND_DENSE,             /* compressed for the most part; a good deal of effort gains little */
	KIND_NOISE,             /* will not shrink */
	KIND_ECHO               /* noise that was there before */
};
enum { KINDS = KIND_ECHO + 1 };

/* "text"; of each kind. */
extern const char *const kind_name[KINDS];

/*
 * What was seen lately, to find noise that repeats: all zero at first.  Set since
 * to the number of the first piece that a repetition could still refer to.
 */
enum { KIND_ANCHORS = 1 << 15 };
struct kind_seen {
	struct { uint32_t tag, piece; } anchor[KIND_ANCHORS];
	uint32_t piece;                 /* number of the latest piece, from 1 */
	uint32_t since;
};

/* Judge one piece of the data, the pieces in their order; seen may be NULL. */
enum kind kind_of(const uint8_t *p, size_t n, struct kind_seen *seen);

/* What kind_of measured, for those who want to know why. */
struct kind_measure {
	uint32_t entropy;               /* order 0, thousandths of a bit a byte */
	uint32_t calmest;               /* the same, of the 64 KiB that have the least */
	uint32_t matches;               /* positions with a match nearby, a million */
	uint32_t calls, branches;       /* x86 calls and jumps, ARM64 ones, a million bytes */
	uint32_t control, high, nul;    /* control, 8-bit and NUL bytes, a million */
	uint32_t echoes;                /* anchors seen before, a thousand */
};
void kind_measure(const uint8_t *p, size_t n, struct kind_seen *seen, struct kind_measure *);
enum kind kind_judge(const struct kind_measure *);

#endif

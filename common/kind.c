/*
 * How the thresholds came about, on a tar of 386 MiB of a Debian system, in
 * pieces of 256 KiB, each of them also compressed alone with xz -9:
 *
 * - Entropy is that of single bytes.  Deflate, xz, zstd and JPEG bodies have
 *   7.99 bits and more, random bytes 7.9993 (the measure of 256 KiB falls short
 *   of 8 by 255 / 2n ln 2).  Of 201 pieces above 7.99, those that xz shrank by
 *   0.1 % or more had matches (six equal bytes, found by a hash of four) at more
 *   than one position in a thousand, or a calm stretch inside: hence the entropy
 *   of the calmest 64 KiB beside that of the whole.  Tar headers between small
 *   .gz files show as matches: such a piece is dense, not noise.
 * - Above 7.3 bits LZMA at level 9 gains 1 % over level 2 with the same
 *   dictionary, and takes six times as long.
 * - In x86 code every 30th to 60th byte begins a call or jump (E8, E9) whose
 *   target is within 16 MiB, so that the fifth byte is 00 or FF; in other data
 *   it is one in thousands, in noise 61 in a million.  The filter gains 4 to 5 %
 *   on programs with all their tables and strings in; below 4000 in a million
 *   what it gains is lost in the data that it garbles.
 * - In ARM64 code 5 % of the words are BL with a near target (94 00 … 97 FF);
 *   2500 in a million bytes are one word in a hundred; in noise it is 122.
 * - Text has hardly a control byte, and some NULs in the headers of tar.
 *
 * An echo is noise of which a fifth of the anchors (places chosen by what stands
 * there, one in 1024) were seen before: a second copy of a photo costs nothing
 * if both are in one Block that LZMA sees.
 */
#include "kind.h"

#include <stdbool.h>
#include <string.h>

enum {
	CALM = 1 << 16,                 /* bytes whose entropy is looked at alone */
	MATCH_BITS = 13,
	MATCH_LEN = 6,
	FEW = 1 << 10                   /* bytes from which on measures say anything */
};

const char *const kind_name[KINDS] = { "other", "text", "x86", "arm64", "dense", "noise", "echo" };

static uint32_t
load32(const uint8_t *p)
{
	uint32_t x;

	memcpy(&x, p, sizeof x);
	return x;
}

/* log2 of x > 0, in 1/65536. */
static uint32_t
log_2(uint32_t x)
{
	uint32_t whole = 31 - (uint32_t)__builtin_clz(x), log = whole << 16;
	uint64_t y = (uint64_t)x << (31 - whole);       /* 1 to 2, in 1/2^31 */

	for (uint32_t bit = 1 << 15; bit != 0; bit >>= 1) {
		y = y * y >> 31;
		if (y >> 32 != 0) {
			y >>= 1;
			log |= bit;
		}
	}
	return log;
}

/* Thousandths of a bit. */
static uint32_t
entropy(const uint32_t count[256], size_t n)
{
	uint64_t sum = 0;

	if (n == 0)
		return 0;
	for (unsigned i = 0; i < 256; i++)
		if (count[i] != 0)
			sum += (uint64_t)count[i] * log_2(count[i]);
	sum = ((uint64_t)log_2((uint32_t)n) * n - sum) / n;
	return (uint32_t)(sum * 1000 >> 16);
}

static uint32_t
per(uint64_t scale, uint64_t count, size_t n)
{
	return n == 0 ? 0 : (uint32_t)(count * scale / n);
}

/* Histograms: the whole, and the least entropy of its full stretches. */
static void
count_bytes(const uint8_t *p, size_t n, struct kind_measure *m)
{
	uint32_t all[256] = { 0 }, part[4][256];
	uint64_t control = 0, high = 0;
	uint32_t e;

	m->calmest = 8000;
	for (size_t at = 0, len; at < n; at += len) {
		len = n - at < CALM ? n - at : CALM;
		memset(part, 0, sizeof part);
		/* Four counters: equal bytes in a row do not wait for each other. */
		for (size_t i = 0; i < len; i++)
			part[i & 3][p[at + i]]++;
		for (unsigned i = 0; i < 256; i++) {
			part[0][i] += part[1][i] + part[2][i] + part[3][i];
			all[i] += part[0][i];
		}
		e = entropy(part[0], len);
		if ((len == CALM || n < CALM) && e < m->calmest)
			m->calmest = e;
	}
	m->entropy = entropy(all, n);
	for (unsigned i = 1; i < 32; i++)
		if (i != '\t' && i != '\n' && i != '\r' && i != '\f' && i != '\033')
			control += all[i];
	for (unsigned i = 128; i < 256; i++)
		high += all[i];
	m->control = per(1000000, control, n);
	m->high = per(1000000, high, n);
	m->nul = per(1000000, all[0], n);
}

static void
count_matches(const uint8_t *p, size_t n, struct kind_measure *m)
{
	uint32_t last[1 << MATCH_BITS] = { 0 }, x, k, from;
	uint64_t found = 0;

	for (uint32_t i = 0; i + 8 <= n; i++) {
		x = load32(p + i);
		k = (x * UINT32_C(2654435761)) >> (32 - MATCH_BITS);
		from = last[k];
		last[k] = i;
		found += from < i && load32(p + from) == x && memcmp(p + from + 4, p + i + 4, MATCH_LEN - 4) == 0;
	}
	m->matches = per(1000000, found, n);
}

static void
count_branches(const uint8_t *p, size_t n, struct kind_measure *m)
{
	uint64_t calls = 0, branches = 0;

	for (size_t i = 0; i + 5 <= n; i++)
		calls += (p[i] & 0xfe) == 0xe8 && (uint8_t)(p[i + 4] + 1) <= 1;
	for (size_t i = 0; i + 4 <= n; i += 4)
		branches += (p[i + 3] == 0x94 && p[i + 2] < 0x10) || (p[i + 3] == 0x97 && p[i + 2] >= 0xf0);
	m->calls = per(1000000, calls, n);
	m->branches = per(1000000, branches, n);
}

/* Look up and leave an anchor wherever the bytes themselves say so. */
static void
count_echoes(const uint8_t *p, size_t n, struct kind_seen *s, struct kind_measure *m)
{
	uint64_t anchors = 0, echoes = 0;
	uint32_t x, tag, k;

	for (size_t i = 0; i + 16 <= n; i++) {
		x = load32(p + i) * UINT32_C(2654435761);
		if (x >> 22 != 0)
			continue;
		tag = (load32(p + i + 4) ^ load32(p + i + 8) * UINT32_C(0x9e3779b1)) * UINT32_C(0x85ebca6b) ^ load32(p + i + 12);
		k = (tag * UINT32_C(2654435761)) >> 17;
		anchors++;
		echoes += s->anchor[k].tag == tag && s->anchor[k].piece >= s->since && s->anchor[k].piece != 0;
		s->anchor[k].tag = tag;
		s->anchor[k].piece = s->piece;
	}
	m->echoes = per(1000, echoes, anchors);
}

void
kind_measure(const uint8_t *p, size_t n, struct kind_seen *seen, struct kind_measure *m)
{
	*m = (struct kind_measure){ 0 };
	if (seen != NULL)
		seen->piece++;
	count_bytes(p, n, m);
	if (m->entropy < 7300)
		count_branches(p, n, m);
	else {
		count_matches(p, n, m);
		if (seen != NULL)
			count_echoes(p, n, seen, m);
	}
}

enum kind
kind_judge(const struct kind_measure *m)
{
	if (m->entropy >= 7990 && m->calmest >= 7980 && m->matches < 1000)
		return m->echoes >= 200 ? KIND_ECHO : KIND_NOISE;
	if (m->entropy >= 7300)
		return KIND_DENSE;
	if (m->calls >= 4000)
		return KIND_X86;
	if (m->branches >= 2500)
		return KIND_ARM64;
	if (m->control < 3000 && m->high < 150000 && m->nul < 400000 && m->entropy >= 1000)
		return KIND_TEXT;
	return KIND_OTHER;
}

enum kind
kind_of(const uint8_t *p, size_t n, struct kind_seen *seen)
{
	struct kind_measure m;

	kind_measure(p, n, seen, &m);
	return n < FEW ? KIND_OTHER : kind_judge(&m);
}

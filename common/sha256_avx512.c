/*
 * Sixteen messages in the sixteen words of a vector.  A round is 18 instructions
 * for all of them, since AVX-512 rotates and has any function of three bits in
 * one; the words of a block come in by a transposition of 16 by 16.
 */
#include "sha256_kernel.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512bw,xsave")))

bool
sha256_avx512_usable(void)
{
	unsigned a, b, c, d, lo, hi;

	if (!__get_cpuid(1, &a, &b, &c, &d) || (c & bit_OSXSAVE) == 0 ||
	    !__get_cpuid_count(7, 0, &a, &b, &c, &d) || (b & bit_AVX512F) == 0 || (b & bit_AVX512BW) == 0)
		return false;
	/* Does the system save all of the vector registers: XMM, YMM, masks and both halves of ZMM? */
	__asm__ ("xgetbv" : "=a" (lo), "=d" (hi) : "c" (0));
	return (lo & 0xe6) == 0xe6;
}

#define ADD(x, y)       _mm512_add_epi32(x, y)
#define ROR(x, n)       _mm512_ror_epi32(x, n)
#define XOR3(x, y, z)   _mm512_ternarylogic_epi32(x, y, z, 0x96)
#define CH(x, y, z)     _mm512_ternarylogic_epi32(x, y, z, 0xca)
#define MAJ(x, y, z)    _mm512_ternarylogic_epi32(x, y, z, 0xe8)

#define ROUND(a, b, c, d, e, f, g, h, w, k) do { \
	__m512i t = ADD(ADD(h, ADD(w, _mm512_set1_epi32((int)(k)))), \
	    ADD(XOR3(ROR(e, 6), ROR(e, 11), ROR(e, 25)), CH(e, f, g))); \
	d = ADD(d, t); \
	h = ADD(t, ADD(XOR3(ROR(a, 2), ROR(a, 13), ROR(a, 22)), MAJ(a, b, c))); \
} while (0)

#define SCHEDULE(w, w1, w9, w14) \
	w = ADD(ADD(w, w9), ADD(XOR3(ROR(w1, 7), ROR(w1, 18), _mm512_srli_epi32(w1, 3)), \
	    XOR3(ROR(w14, 17), ROR(w14, 19), _mm512_srli_epi32(w14, 10))))

/* w[lane] holds 16 words of one message; then w[i] holds word i of 16 messages. */
static inline TARGET __attribute__((always_inline)) void
transpose(__m512i w[16])
{
	__m512i t[16];

	for (int i = 0; i < 16; i += 2) {
		t[i] = _mm512_unpacklo_epi32(w[i], w[i + 1]);
		t[i + 1] = _mm512_unpackhi_epi32(w[i], w[i + 1]);
	}
	for (int i = 0; i < 16; i += 4)
		for (int k = 0; k < 2; k++) {
			w[i + 2 * k] = _mm512_unpacklo_epi64(t[i + k], t[i + k + 2]);
			w[i + 2 * k + 1] = _mm512_unpackhi_epi64(t[i + k], t[i + k + 2]);
		}
	/* Now each 128 bits of w[4 m + r] hold word r + 4 q of messages 4 m to 4 m + 3, q their place: a 4 by 4 of them. */
	for (int r = 0; r < 4; r++) {
		t[r] = _mm512_shuffle_i32x4(w[r], w[r + 4], 0x88);
		t[r + 4] = _mm512_shuffle_i32x4(w[r], w[r + 4], 0xdd);
		t[r + 8] = _mm512_shuffle_i32x4(w[r + 8], w[r + 12], 0x88);
		t[r + 12] = _mm512_shuffle_i32x4(w[r + 8], w[r + 12], 0xdd);
	}
	for (int r = 0; r < 4; r++) {
		w[r] = _mm512_shuffle_i32x4(t[r], t[r + 8], 0x88);
		w[r + 8] = _mm512_shuffle_i32x4(t[r], t[r + 8], 0xdd);
		w[r + 4] = _mm512_shuffle_i32x4(t[r + 4], t[r + 12], 0x88);
		w[r + 12] = _mm512_shuffle_i32x4(t[r + 4], t[r + 12], 0xdd);
	}
}

TARGET void
sha256_avx512_many(uint32_t state[][8], const uint8_t *const data[], size_t blocks)
{
	const __m512i swap = _mm512_set_epi64(0x0c0d0e0f08090a0b, 0x0405060700010203, 0x0c0d0e0f08090a0b, 0x0405060700010203,
	    0x0c0d0e0f08090a0b, 0x0405060700010203, 0x0c0d0e0f08090a0b, 0x0405060700010203);
	uint32_t words[8][16] __attribute__((aligned(64)));
	__m512i s[8], w[16], a, b, c, d, e, f, g, h;

	for (int i = 0; i < 8; i++) {
		for (int lane = 0; lane < 16; lane++)
			words[i][lane] = state[lane][i];
		s[i] = _mm512_load_si512(words[i]);
	}
	for (size_t at = 0; blocks-- > 0; at += SHA256_BLOCK) {
		for (int lane = 0; lane < 16; lane++)
			w[lane] = _mm512_shuffle_epi8(_mm512_loadu_si512(data[lane] + at), swap);
		transpose(w);
		a = s[0], b = s[1], c = s[2], d = s[3], e = s[4], f = s[5], g = s[6], h = s[7];
#define EIGHT(k, o) \
		ROUND(a, b, c, d, e, f, g, h, w[o], k[o]); \
		ROUND(h, a, b, c, d, e, f, g, w[o + 1], k[o + 1]); \
		ROUND(g, h, a, b, c, d, e, f, w[o + 2], k[o + 2]); \
		ROUND(f, g, h, a, b, c, d, e, w[o + 3], k[o + 3]); \
		ROUND(e, f, g, h, a, b, c, d, w[o + 4], k[o + 4]); \
		ROUND(d, e, f, g, h, a, b, c, w[o + 5], k[o + 5]); \
		ROUND(c, d, e, f, g, h, a, b, w[o + 6], k[o + 6]); \
		ROUND(b, c, d, e, f, g, h, a, w[o + 7], k[o + 7])
		EIGHT(sha256_k, 0);
		EIGHT(sha256_k, 8);
		for (const uint32_t *k = sha256_k + 16; k < sha256_k + 64; k += 16) {
			for (int i = 0; i < 16; i++)
				SCHEDULE(w[i], w[(i + 1) % 16], w[(i + 9) % 16], w[(i + 14) % 16]);
			EIGHT(k, 0);
			EIGHT(k, 8);
		}
		s[0] = ADD(s[0], a), s[1] = ADD(s[1], b), s[2] = ADD(s[2], c), s[3] = ADD(s[3], d);
		s[4] = ADD(s[4], e), s[5] = ADD(s[5], f), s[6] = ADD(s[6], g), s[7] = ADD(s[7], h);
	}
	for (int i = 0; i < 8; i++) {
		_mm512_store_si512(words[i], s[i]);
		for (int lane = 0; lane < 16; lane++)
			state[lane][i] = words[i][lane];
	}
}

#else

bool
sha256_avx512_usable(void)
{
	return false;
}

void
sha256_avx512_many(uint32_t state[][8], const uint8_t *const data[], size_t blocks)
{
	(void)state, (void)data, (void)blocks;
}

#endif

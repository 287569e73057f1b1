/*
 * Eight messages in the eight words of a vector.  AVX2 does not rotate: each
 * rotation is two shifts.
 */
#include "sha256_kernel.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

#define TARGET __attribute__((target("avx2,xsave")))

bool
sha256_avx2_usable(void)
{
	unsigned a, b, c, d, lo, hi;

	if (!__get_cpuid(1, &a, &b, &c, &d) || (c & bit_OSXSAVE) == 0 ||
	    !__get_cpuid_count(7, 0, &a, &b, &c, &d) || (b & bit_AVX2) == 0)
		return false;
	/* Does the system save XMM and YMM? */
	__asm__ ("xgetbv" : "=a" (lo), "=d" (hi) : "c" (0));
	return (lo & 6) == 6;
}

#define ADD(x, y)       _mm256_add_epi32(x, y)
#define XOR(x, y)       _mm256_xor_si256(x, y)
#define AND(x, y)       _mm256_and_si256(x, y)
#define SHR(x, n)       _mm256_srli_epi32(x, n)
#define SHL(x, n)       _mm256_slli_epi32(x, n)
#define ROR(x, n)       XOR(SHR(x, n), SHL(x, 32 - (n)))

#define ROUND(a, b, c, d, e, f, g, h, w, k) do { \
	__m256i t = ADD(ADD(h, ADD(w, _mm256_set1_epi32((int)(k)))), \
	    ADD(XOR(XOR(ROR(e, 6), ROR(e, 11)), ROR(e, 25)), XOR(g, AND(e, XOR(f, g))))); \
	d = ADD(d, t); \
	h = ADD(t, ADD(XOR(XOR(ROR(a, 2), ROR(a, 13)), ROR(a, 22)), XOR(AND(XOR(a, b), XOR(b, c)), b))); \
} while (0)

#define SCHEDULE(w, w1, w9, w14) \
	w = ADD(ADD(w, w9), ADD(XOR(XOR(ROR(w1, 7), ROR(w1, 18)), SHR(w1, 3)), \
	    XOR(XOR(ROR(w14, 17), ROR(w14, 19)), SHR(w14, 10))))

/* w[lane] holds 8 words of one message; then w[i] holds word i of 8 messages. */
static inline TARGET __attribute__((always_inline)) void
transpose(__m256i w[8])
{
	__m256i t[8];

	for (int i = 0; i < 8; i += 2) {
		t[i] = _mm256_unpacklo_epi32(w[i], w[i + 1]);
		t[i + 1] = _mm256_unpackhi_epi32(w[i], w[i + 1]);
	}
	for (int i = 0; i < 8; i += 4)
		for (int k = 0; k < 2; k++) {
			w[i + 2 * k] = _mm256_unpacklo_epi64(t[i + k], t[i + k + 2]);
			w[i + 2 * k + 1] = _mm256_unpackhi_epi64(t[i + k], t[i + k + 2]);
		}
	for (int r = 0; r < 4; r++) {
		t[r] = _mm256_permute2x128_si256(w[r], w[r + 4], 0x20);
		t[r + 4] = _mm256_permute2x128_si256(w[r], w[r + 4], 0x31);
	}
	for (int i = 0; i < 8; i++)
		w[i] = t[i];
}

TARGET void
sha256_avx2_many(uint32_t state[][8], const uint8_t *const data[], size_t blocks)
{
	const __m256i swap = _mm256_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203, 0x0c0d0e0f08090a0b, 0x0405060700010203);
	uint32_t words[8][8] __attribute__((aligned(32)));
	__m256i s[8], w[16], a, b, c, d, e, f, g, h;

	for (int i = 0; i < 8; i++) {
		for (int lane = 0; lane < 8; lane++)
			words[i][lane] = state[lane][i];
		s[i] = _mm256_load_si256((const __m256i *)words[i]);
	}
	for (size_t at = 0; blocks-- > 0; at += SHA256_BLOCK) {
		for (int half = 0; half < 2; half++) {
			for (int lane = 0; lane < 8; lane++)
				w[8 * half + lane] = _mm256_shuffle_epi8(
				    _mm256_loadu_si256((const __m256i *)(data[lane] + at + 32 * (size_t)half)), swap);
			transpose(w + 8 * half);
		}
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
		_mm256_store_si256((__m256i *)words[i], s[i]);
		for (int lane = 0; lane < 8; lane++)
			state[lane][i] = words[i][lane];
	}
}

#else

bool
sha256_avx2_usable(void)
{
	return false;
}

void
sha256_avx2_many(uint32_t state[][8], const uint8_t *const data[], size_t blocks)
{
	(void)state, (void)data, (void)blocks;
}

#endif

/*
 * The SHA instructions of x86-64 do two rounds of one message.  Each waits for
 * the one before it, so two messages taken in turn fill the gaps.
 */
#include "sha256_kernel.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

#define TARGET __attribute__((target("sha,sse4.1")))

bool
sha256_shani_usable(void)
{
	unsigned a, b, c, d;

	/* They use the XMM registers, which every 64-bit system saves. */
	return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_SSE4_1) != 0 &&
	    __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA) != 0;
}

/* n is 1 or 2, known to the compiler: all loops over it and over i unroll. */
static inline TARGET __attribute__((always_inline)) void
blocks_of(const unsigned n, uint32_t state[][8], const uint8_t *const data[], size_t blocks)
{
	const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
	__m128i abef[2], cdgh[2], old_abef[2], old_cdgh[2], w[2][4], t, wk;

	/* The instructions want the words a b e f and c d g h together, the first one highest. */
	for (unsigned s = 0; s < n; s++) {
		t = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)&state[s][0]), 0xb1);            /* c d a b */
		wk = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)&state[s][4]), 0x1b);           /* e f g h */
		abef[s] = _mm_alignr_epi8(t, wk, 8);
		cdgh[s] = _mm_blend_epi16(wk, t, 0xf0);
	}
	for (size_t at = 0; blocks-- > 0; at += SHA256_BLOCK) {
		for (unsigned s = 0; s < n; s++) {
			old_abef[s] = abef[s];
			old_cdgh[s] = cdgh[s];
		}
#pragma GCC unroll 16
		for (unsigned i = 0; i < 16; i++) {
			const __m128i k = _mm_loadu_si128((const __m128i *)&sha256_k[4 * i]);

			for (unsigned s = 0; s < n; s++) {
				__m128i *m = w[s];

				if (i < 4)
					m[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(data[s] + at + 16 * i)), swap);
				else
					/* m[i % 4] was w[t-16]; behind it stand w[t-12], w[t-8] and w[t-4]. */
					m[i % 4] = _mm_sha256msg2_epu32(
					    _mm_add_epi32(_mm_sha256msg1_epu32(m[i % 4], m[(i + 1) % 4]),
					    _mm_alignr_epi8(m[(i + 3) % 4], m[(i + 2) % 4], 4)), m[(i + 3) % 4]);
				wk = _mm_add_epi32(m[i % 4], k);
				cdgh[s] = _mm_sha256rnds2_epu32(cdgh[s], abef[s], wk);
				abef[s] = _mm_sha256rnds2_epu32(abef[s], cdgh[s], _mm_shuffle_epi32(wk, 0x0e));
			}
		}
		for (unsigned s = 0; s < n; s++) {
			abef[s] = _mm_add_epi32(abef[s], old_abef[s]);
			cdgh[s] = _mm_add_epi32(cdgh[s], old_cdgh[s]);
		}
	}
	for (unsigned s = 0; s < n; s++) {
		t = _mm_shuffle_epi32(abef[s], 0x1b);                   /* a b e f */
		wk = _mm_shuffle_epi32(cdgh[s], 0xb1);                  /* g h c d, lowest first */
		_mm_storeu_si128((__m128i *)&state[s][0], _mm_blend_epi16(t, wk, 0xf0));
		_mm_storeu_si128((__m128i *)&state[s][4], _mm_alignr_epi8(wk, t, 8));
	}
}

TARGET void
sha256_shani_one(uint32_t state[][8], const uint8_t *const data[], size_t blocks)
{
	blocks_of(1, state, data, blocks);
}

TARGET void
sha256_shani_two(uint32_t state[][8], const uint8_t *const data[], size_t blocks)
{
	blocks_of(2, state, data, blocks);
}

#else

bool
sha256_shani_usable(void)
{
	return false;
}

void
sha256_shani_one(uint32_t state[][8], const uint8_t *const data[], size_t blocks)
{
	(void)state, (void)data, (void)blocks;
}

void
sha256_shani_two(uint32_t state[][8], const uint8_t *const data[], size_t blocks)
{
	(void)state, (void)data, (void)blocks;
}

#endif

/* The SHA-256 instructions of ARMv8: four rounds of one message in two instructions. */
#include "sha256_kernel.h"

/* Clang before 16 declares them only where the whole file may use them. */
#if defined(__aarch64__) && (!defined(__clang__) || __clang_major__ >= 16 || defined(__ARM_FEATURE_SHA2))

#include <arm_neon.h>
#include <sys/auxv.h>

#ifndef HWCAP_SHA2
#define HWCAP_SHA2 (1 << 6)
#endif
#ifdef __clang__
#define TARGET __attribute__((target("sha2")))
#else
#define TARGET __attribute__((target("+crypto")))
#endif

bool
sha256_arm_usable(void)
{
	return (getauxval(AT_HWCAP) & HWCAP_SHA2) != 0;
}

TARGET void
sha256_arm_one(uint32_t state[][8], const uint8_t *const data[], size_t blocks)
{
	uint32x4_t abcd = vld1q_u32(&state[0][0]), efgh = vld1q_u32(&state[0][4]), old_abcd, old_efgh, w[4], wk, t;

	for (const uint8_t *p = data[0]; blocks-- > 0; p += SHA256_BLOCK) {
		old_abcd = abcd;
		old_efgh = efgh;
		for (unsigned i = 0; i < 4; i++)
			w[i] = vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(p + 16 * i)));
#pragma GCC unroll 16
		for (unsigned i = 0; i < 16; i++) {
			if (i >= 4)
				w[i % 4] = vsha256su1q_u32(vsha256su0q_u32(w[i % 4], w[(i + 1) % 4]), w[(i + 2) % 4], w[(i + 3) % 4]);
			wk = vaddq_u32(w[i % 4], vld1q_u32(&sha256_k[4 * i]));
			t = abcd;
			abcd = vsha256hq_u32(abcd, efgh, wk);
			efgh = vsha256h2q_u32(efgh, t, wk);
		}
		abcd = vaddq_u32(abcd, old_abcd);
		efgh = vaddq_u32(efgh, old_efgh);
	}
	vst1q_u32(&state[0][0], abcd);
	vst1q_u32(&state[0][4], efgh);
}

#else

bool
sha256_arm_usable(void)
{
	return false;
}

void
sha256_arm_one(uint32_t state[][8], const uint8_t *const data[], size_t blocks)
{
	(void)state, (void)data, (void)blocks;
}

#endif

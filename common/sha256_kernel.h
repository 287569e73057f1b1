/*
 * The compression function of SHA-256 over many messages side by side: the table
 * of what can do it.  Private to sha256.c, its kernels and its test.
 *
 * A kernel knows nothing of padding or of lengths: it takes whole blocks.  Each
 * stands in a file of its own and names the instructions that it needs with the
 * target attribute, so that the rest is compiled for any processor; on another
 * kind of processor its file is empty but for "not usable".
 */
#ifndef SHA256_KERNEL_H
#define SHA256_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SHA256_BLOCK = 64, SHA256_LANES = 16 };          /* the most lanes that a kernel has */

/* Advance the states of all lanes by so many blocks; lane i reads its own from data[i] on. */
typedef void sha256_blocks(uint32_t state[][8], const uint8_t *const data[], size_t blocks);

struct sha256_kernel {
	const char *name;
	bool (*usable)(void);           /* by the processor and the system */
	unsigned lanes;
	unsigned worth;                 /* for fewer messages than these, the rows further down are faster */
	sha256_blocks *many;            /* lanes messages; NULL: mbedTLS, one at a time */
	sha256_blocks *one;             /* one message; NULL: many is no good for it */
};

/* Best first; the last one is "plain", always works, and is what the others are checked against. */
extern const struct sha256_kernel sha256_kernels[];
extern const unsigned sha256_kernel_count;

/* Hash count messages of n bytes each with nothing but this kernel. */
void sha256_many_with(const struct sha256_kernel *, uint8_t (*out)[32], const void *const data[], size_t count, size_t n);

/* Does the kernel give what plain gives? */
bool sha256_kernel_agrees(const struct sha256_kernel *);

/* The fastest for one message; NULL: plain. */
sha256_blocks *sha256_kernel_one(void);

extern const uint32_t sha256_k[64], sha256_start[8];    /* FIPS 180-4, 4.2.2 and 5.3.3 */

/*
 * Pad the messages in all lanes, each of n bytes of which the last n % 64 are at
 * rest[lane] and the others are in its state; write the hashes of the first count.
 */
void sha256_finish(sha256_blocks *, unsigned lanes, uint32_t state[][8], const uint8_t *const rest[], uint64_t n,
    uint8_t (*out)[32], size_t count);

bool sha256_avx512_usable(void), sha256_avx2_usable(void), sha256_shani_usable(void), sha256_arm_usable(void);
sha256_blocks sha256_avx512_many, sha256_avx2_many, sha256_shani_two, sha256_shani_one, sha256_arm_one;

/* One message by mbedTLS. */
void sha256_plain(uint8_t out[32], const void *data, size_t n);

#endif

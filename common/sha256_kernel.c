/*
 * Which kernel hashes what.  The processor is asked once, at the first message;
 * each kernel that it can run must then give what mbedTLS gives for a few
 * messages, or is switched off for good with a warning.
 *
 * A batch goes to the rows in their order: each takes full groups of lanes while
 * it can, and a last group that is not full (its empty lanes repeat the first
 * message) if enough messages are left for that to pay.
 */
#include "sha256_kernel.h"

#include <pthread.h>
#include <string.h>

#include "err.h"
#include "sha256.h"

enum { ROWS = 5, TAIL = 2 * SHA256_BLOCK };

/*
 * MB/s on one Sapphire Rapids core: avx512 2,780, shani 1,490, avx2 1,110, plain 260.  worth follows: a group
 * costs the same however many of its lanes are empty, so 16 * 1,490 / 2,780 messages and more pay for avx512.
 */
const struct sha256_kernel sha256_kernels[] = {
	{ "avx512", sha256_avx512_usable, 16, 10, sha256_avx512_many, NULL },
	{ "shani", sha256_shani_usable, 2, 1, sha256_shani_two, sha256_shani_one },
	{ "arm", sha256_arm_usable, 1, 1, sha256_arm_one, sha256_arm_one },
	{ "avx2", sha256_avx2_usable, 8, 3, sha256_avx2_many, NULL },
	{ "plain", NULL, 1, 1, NULL, NULL }
};
const unsigned sha256_kernel_count = ROWS;
_Static_assert(sizeof sha256_kernels / sizeof sha256_kernels[0] == ROWS, "ROWS");

const uint32_t sha256_k[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2
};

const uint32_t sha256_start[8] = {
	0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19
};

/* Written once, by choose. */
static struct {
	pthread_once_t once;
	const struct sha256_kernel *forced;
	const struct sha256_kernel *row[ROWS];          /* those in use, best first; plain is among them */
	unsigned rows;
	sha256_blocks *one;
} chosen = { .once = PTHREAD_ONCE_INIT };

void
sha256_finish(sha256_blocks *blocks, unsigned lanes, uint32_t state[][8], const uint8_t *const rest[], uint64_t n,
    uint8_t (*out)[SHA256_SIZE], size_t count)
{
	uint8_t tail[SHA256_LANES][TAIL];
	const uint8_t *at[SHA256_LANES] = { NULL };
	size_t have = n % SHA256_BLOCK, end = have < SHA256_BLOCK - 8 ? SHA256_BLOCK : TAIL;

	for (unsigned i = 0; i < lanes; i++) {
		memset(tail[i], 0, TAIL);
		if (have != 0)
			memcpy(tail[i], rest[i], have);
		tail[i][have] = 0x80;
		for (unsigned k = 0; k < 8; k++)
			tail[i][end - 1 - k] = (uint8_t)(n << 3 >> 8 * k);
		at[i] = tail[i];
	}
	blocks(state, at, end / SHA256_BLOCK);
	for (size_t i = 0; i < count; i++)
		for (unsigned k = 0; k < SHA256_SIZE; k++)
			out[i][k] = (uint8_t)(state[i][k / 4] >> (24 - 8 * (k % 4)));
}

/* One group: count messages, at most the lanes that blocks has, the rest of which repeat the first. */
static void
group(sha256_blocks *blocks, unsigned lanes, uint8_t (*out)[SHA256_SIZE], const void *const data[], size_t count, size_t n)
{
	uint32_t state[SHA256_LANES][8];
	const uint8_t *at[SHA256_LANES] = { NULL };
	size_t whole = n - n % SHA256_BLOCK;

	for (unsigned i = 0; i < lanes; i++) {
		at[i] = data[i < count ? i : 0];
		memcpy(state[i], sha256_start, sizeof sha256_start);
	}
	if (whole != 0) {
		blocks(state, at, whole / SHA256_BLOCK);
		for (unsigned i = 0; i < lanes; i++)
			at[i] += whole;
	}
	sha256_finish(blocks, lanes, state, at, n, out, count);
}

/* As many of count messages as kernel is worth it for; returns how many. */
static size_t
some(const struct sha256_kernel *kernel, unsigned worth, uint8_t (*out)[SHA256_SIZE], const void *const data[], size_t count, size_t n)
{
	size_t done = 0, now;

	for (; count - done >= worth && done < count; done += now) {
		now = count - done < kernel->lanes ? count - done : kernel->lanes;
		if (kernel->many == NULL)
			sha256_plain(out[done], data[done], n);
		else if (now == 1 && kernel->one != NULL)
			group(kernel->one, 1, out + done, data + done, 1, n);
		else
			group(kernel->many, kernel->lanes, out + done, data + done, now, n);
	}
	return done;
}

void
sha256_many_with(const struct sha256_kernel *kernel, uint8_t (*out)[SHA256_SIZE], const void *const data[], size_t count, size_t n)
{
	some(kernel, 1, out, data, count, n);
}

bool
sha256_kernel_agrees(const struct sha256_kernel *kernel)
{
	enum { LENGTH = 3 * SHA256_BLOCK + 60 };
	uint8_t message[LENGTH + SHA256_LANES], want[SHA256_SIZE], got[SHA256_LANES + 1][SHA256_SIZE];
	const void *data[SHA256_LANES + 1];

	for (size_t i = 0; i < sizeof message; i++)
		message[i] = (uint8_t)(i % 251);
	for (size_t i = 0; i <= kernel->lanes; i++)
		data[i] = message + i;
	/* lanes in a group, and one alone. */
	sha256_many_with(kernel, got, data, kernel->lanes + 1, LENGTH);
	for (size_t i = 0; i <= kernel->lanes; i++) {
		sha256_plain(want, data[i], LENGTH);
		if (memcmp(got[i], want, sizeof want) != 0)
			return false;
	}
	return true;
}

static void
choose(void)
{
	for (unsigned i = 0; i < ROWS; i++) {
		const struct sha256_kernel *k = &sha256_kernels[i];

		if (chosen.forced != NULL && k != chosen.forced && k->many != NULL)
			continue;
		if (k->usable != NULL && !k->usable())
			continue;
		if (!sha256_kernel_agrees(k)) {
			warn("SHA-256 kernel %s: gives wrong hashes on this processor, so it is not used", k->name);
			continue;
		}
		chosen.row[chosen.rows++] = k;
		if (chosen.one == NULL)
			chosen.one = k->one;
	}
}

sha256_blocks *
sha256_kernel_one(void)
{
	pthread_once(&chosen.once, choose);
	return chosen.one;
}

void
sha256_many(uint8_t (*out)[SHA256_SIZE], const void *const data[], size_t count, size_t n)
{
	size_t done = 0;

	pthread_once(&chosen.once, choose);
	for (unsigned i = 0; i < chosen.rows && done < count; i++)
		done += some(chosen.row[i], chosen.row[i] == chosen.forced ? 1 : chosen.row[i]->worth,
		    out + done, data + done, count - done, n);
}

bool
sha256_force(const char *name)
{
	for (unsigned i = 0; i < ROWS; i++)
		if (strcmp(name, sha256_kernels[i].name) == 0) {
			chosen.forced = &sha256_kernels[i];
			return sha256_kernels[i].usable == NULL || sha256_kernels[i].usable();
		}
	return false;
}

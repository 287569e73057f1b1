/* seal.h: the nonce of a chunk at every width of its number, runs of chunks, and what each defect is called. */
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "seal.h"

#include "tap.h"

static const uint8_t key[BOX_KEY] = { 1, 2, 3 };

/* The number of a chunk, and the nonce as the specification has it: 11 bytes, big-endian, and the flag. */
static const struct { uint64_t number; bool last; uint8_t nonce[BOX_NONCE]; } nonces[] = {
	{ 0, false, { 0 } },
	{ 0, true, { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 } },
	{ 1, false, { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0 } },
	{ 255, true, { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 1 } },
	{ 256, false, { 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0 } },
	{ 65535, false, { 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 0 } },
	{ 65536, true, { 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1 } },
	{ 16777216, false, { 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0 } },
	{ 0xffffffff, false, { 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 0 } },
	{ (uint64_t)1 << 32, false, { 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0 } },
	{ (uint64_t)1 << 32, true, { 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1 } },
	{ 0x0123456789abcdef, true, { 0, 0, 0, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 1 } },
	{ UINT64_MAX, false, { 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 0 } },
};

static const struct { uint64_t number; size_t chunks; bool good; } counts[] = {
	{ 0, 16, true }, { 65535, 16, true }, { UINT32_MAX, 16, true }, { ((uint64_t)1 << 47) - 16, 16, true },
	{ ((uint64_t)1 << 47) - 15, 16, false }, { (uint64_t)1 << 47, 1, false }, { UINT64_MAX, 1, false }, { UINT64_MAX - 7, 16, false },
};

/* Where a run begins that is sealed chunk by chunk and opened as one, and the reverse. */
static const uint64_t starts[] = { 0, 1, 65534, 65535, 0xfffffffe, 0xffffffff, (uint64_t)1 << 40 };

static void
test_nonces(void)
{
	uint8_t ours[7 + BOX_TAG], theirs[7 + BOX_TAG], out[7];

	for (size_t i = 0; i < sizeof nonces / sizeof nonces[0]; i++) {
		unsigned long long number = nonces[i].number;

		seal_chunk(ours, (const uint8_t *)"content", 7, key, number, nonces[i].last);
		box_close(theirs, (const uint8_t *)"content", 7, nonces[i].nonce, key);
		is(memcmp(ours, theirs, sizeof ours) == 0, "chunk %llu%s: its nonce", number, nonces[i].last ? ", the last" : "");
		is(seal_open(out, ours, sizeof ours, key, number, nonces[i].last) == SEAL_OK && memcmp(out, "content", 7) == 0, "opens");
		is(seal_open(out, ours, sizeof ours, key, number, !nonces[i].last) == (nonces[i].last ? SEAL_TRAILING : SEAL_CUT), "not with the other flag");
		is(seal_open(out, ours, sizeof ours, key, number ^ (uint64_t)1 << 32, nonces[i].last) == SEAL_DAMAGED, "nor 2^32 away");
		is(seal_open(out, ours, sizeof ours, key, number ^ 65536, nonces[i].last) == SEAL_DAMAGED, "nor 2^16 away");
	}
}

static void
test_counts(void)
{
	for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
		uint64_t number = counts[i].number;
		bool good = seal_count(&number, counts[i].chunks);

		is(good == counts[i].good && number == counts[i].number + (good ? counts[i].chunks : 0), "%zu chunks behind number %llu: %s",
		    counts[i].chunks, (unsigned long long)counts[i].number, good ? "counted" : "refused");
	}
}

static void
test_runs(void)
{
	enum { CHUNKS = 3, N = 2 * SEAL_CHUNK + 5 };
	uint8_t *plain = mem_alloc(N), *sealed = mem_alloc(N + CHUNKS * BOX_TAG);
	struct seal_run r = { .buf = mem_alloc(SEAL_RUN(CHUNKS)), .lead = SEAL_LEAD(CHUNKS) };

	for (size_t i = 0; i < N; i++)
		plain[i] = (uint8_t)(i * 7 >> 3);
	for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
		unsigned long long first = starts[i];

		for (unsigned c = 0; c < CHUNKS; c++)
			seal_chunk(sealed + c * SEAL_SEALED, plain + c * SEAL_CHUNK, c < 2 ? SEAL_CHUNK : 5, key, first + c, c == 2);
		r.first = first;
		r.last = true;
		r.in = N;
		memcpy(r.buf + r.lead, plain, N);
		seal_run(&r, key);
		is(r.out == N + CHUNKS * BOX_TAG && memcmp(r.buf, sealed, r.out) == 0, "a run from chunk %llu on is its chunks", first);
		r.in = N + CHUNKS * BOX_TAG;
		memcpy(r.buf + r.lead, sealed, r.in);
		seal_run_open(&r, key);
		is(r.rc == SEAL_OK && r.out == N && memcmp(r.buf, plain, N) == 0, "and opens");
		memcpy(r.buf + r.lead, sealed, r.in);
		r.buf[r.lead + SEAL_SEALED + 9] ^= 1;
		seal_run_open(&r, key);
		is(r.rc == SEAL_DAMAGED && r.out == SEAL_CHUNK && memcmp(r.buf, plain, r.out) == 0, "damaged in its second chunk, the first one is out");
		is(seal_run_fault(&r) == SEAL_NONCE + (first + 1) * SEAL_SEALED, "and the place is right");
		memcpy(r.buf + r.lead, sealed, r.in);
		r.last = false;
		seal_run_open(&r, key);
		is(r.rc == SEAL_DAMAGED || r.rc == SEAL_TRAILING, "what goes on behind the last chunk is wrong");
		is(r.out == 2 * SEAL_CHUNK, "and a short one is kept back");
		r.last = true;
		r.in = 2 * SEAL_SEALED;
		memcpy(r.buf + r.lead, sealed, r.in);
		seal_run_open(&r, key);
		is(r.rc == SEAL_CUT && r.out == 2 * SEAL_CHUNK, "without the last one it is cut short");
	}
	r = (struct seal_run){ .buf = r.buf, .lead = r.lead, .last = true };
	seal_run(&r, key);
	is(r.out == BOX_TAG, "nothing is one empty chunk");
	memcpy(r.buf + r.lead, r.buf, BOX_TAG);
	r.in = BOX_TAG;
	seal_run_open(&r, key);
	is(r.rc == SEAL_OK && r.out == 0, "which opens");
	r.in = 0;
	seal_run_open(&r, key);
	is(r.rc == SEAL_CUT && r.out == 0, "and without it: cut short");
	r.in = SEAL_SEALED + BOX_TAG;
	seal_chunk(r.buf + r.lead, plain, SEAL_CHUNK, key, 0, false);
	seal_chunk(r.buf + r.lead + SEAL_SEALED, plain, 0, key, 1, true);
	seal_run_open(&r, key);
	is(r.rc == SEAL_DAMAGED && r.out == SEAL_CHUNK, "an empty chunk behind another is wrong");
	free(r.buf);
	free(plain);
	free(sealed);
}

int
main(void)
{
	test_nonces();
	test_counts();
	test_runs();
	return tap_done();
}

/*
 * Any edit of a sealed payload: what is let out is a prefix of the plaintext, and
 * all of it only where the payload is what it was.  An input is a list of edits,
 * of four bytes each: what, which chunk, and how far behind its start.
 */
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CHUNKS = 3, PLAIN = 2 * SEAL_CHUNK + 1000, SEALED = PLAIN + CHUNKS * BOX_TAG, ROOM = 2 * SEALED, RUN = 2 };

static uint8_t plain[PLAIN], sealed[SEALED], edited[ROOM];
static const uint8_t key[BOX_KEY] = { 1 };

static void
start(void)
{
	size_t n;

	for (size_t i = 0; i < PLAIN; i++)
		plain[i] = (uint8_t)(i >> 8 ^ i);
	for (unsigned i = 0; i < CHUNKS; i++) {
		n = i + 1 < CHUNKS ? SEAL_CHUNK : PLAIN - i * SEAL_CHUNK;
		seal_chunk(sealed + i * SEAL_SEALED, plain + i * SEAL_CHUNK, n, key, i, i + 1 == CHUNKS);
	}
}

/* Flip a bit, cut off, take out, put in, put a chunk in front, or exchange the first two. */
static size_t
edit(size_t n, const uint8_t what[4])
{
	size_t at = what[1] % CHUNKS * SEAL_SEALED + (size_t)(what[2] << 8 | what[3]);

	at = at < n ? at : n;
	switch (what[0]) {
	case 'f':
		if (at < n)
			edited[at] ^= (uint8_t)(1 << (what[3] & 7));
		return n;
	case 'c': return at;
	case 'd':
		if (at == n)
			return n;
		memmove(edited + at, edited + at + 1, n - at - 1);
		return n - 1;
	case 'i':
		if (n == ROOM)
			return n;
		memmove(edited + at + 1, edited + at, n - at);
		return n + 1;
	case 'm':
		if (n + SEAL_SEALED > ROOM)
			return n;
		memmove(edited + SEAL_SEALED, edited, n);
		memcpy(edited, sealed + what[1] % (CHUNKS - 1) * SEAL_SEALED, SEAL_SEALED);
		return n + SEAL_SEALED;
	case 'x':
		memcpy(edited, sealed + SEAL_SEALED, SEAL_SEALED);
		memcpy(edited + SEAL_SEALED, sealed, SEAL_SEALED);
		return n > 2 * SEAL_SEALED ? n : 2 * SEAL_SEALED;
	}
	return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seal_run run = { .lead = SEAL_LEAD(RUN) };
	size_t n = SEALED, at = 0, out = 0;

	if (sealed[0] == 0 && sealed[1] == 0)
		start();
	memcpy(edited, sealed, SEALED);
	for (; size >= 4; data += 4, size -= 4)
		n = edit(n, data);
	run.buf = mem_alloc(SEAL_RUN(RUN));
	do {
		run.in = n - at < RUN * SEAL_SEALED ? n - at : RUN * SEAL_SEALED;
		memcpy(run.buf + run.lead, edited + at, run.in);
		at += run.in;
		run.last = at == n;
		seal_run_open(&run, key);
		if (run.out > run.in || out + run.out > PLAIN || memcmp(run.buf, plain + out, run.out) != 0)
			abort();
		out += run.out;
		if (run.rc != SEAL_OK && seal_run_fault(&run) > SEAL_NONCE + n)
			abort();
		run.first += RUN;
	} while (run.rc == SEAL_OK && at < n);
	if ((run.rc == SEAL_OK) != (n == SEALED && memcmp(edited, sealed, n) == 0) || (run.rc == SEAL_OK && out != PLAIN))
		abort();
	free(run.buf);
	return 0;
}

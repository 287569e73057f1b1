#include "seal.h"

#include <string.h>

#include "mem.h"
#include "sha256.h"

void
seal_key(uint8_t key[BOX_KEY], const uint8_t file_key[AGE_FILE_KEY], const uint8_t nonce[SEAL_NONCE])
{
	hkdf_sha256(key, BOX_KEY, file_key, AGE_FILE_KEY, nonce, SEAL_NONCE, "payload", 7);
}

static void
chunk_nonce(uint8_t nonce[BOX_NONCE], uint64_t number, bool last)
{
	memset(nonce, 0, BOX_NONCE);
	for (int i = 0; i < 8; i++)
		nonce[BOX_NONCE - 2 - i] = (uint8_t)(number >> (8 * i));
	nonce[BOX_NONCE - 1] = last;
}

void
seal_chunk(uint8_t *out, const uint8_t *in, size_t n, const uint8_t key[BOX_KEY], uint64_t number, bool last)
{
	uint8_t nonce[BOX_NONCE];

	chunk_nonce(nonce, number, last);
	box_close(out, in, n, nonce, key);
}

const char *
seal_strerror(enum seal_rc rc)
{
	switch (rc) {
	case SEAL_OK: return "no error";
	case SEAL_DAMAGED: return "is damaged";
	case SEAL_CUT: return "is cut short";
	case SEAL_TRAILING: return "has data after its end";
	}
	return "unknown error";
}

static bool
opens(uint8_t *out, const uint8_t *in, size_t n, const uint8_t key[BOX_KEY], uint64_t number, bool last)
{
	uint8_t nonce[BOX_NONCE];

	chunk_nonce(nonce, number, last);
	return box_open(out, in, n, nonce, key);
}

enum seal_rc
seal_open(uint8_t *out, const uint8_t *in, size_t n, const uint8_t key[BOX_KEY], uint64_t number, bool last)
{
	if (n < BOX_TAG)
		return last ? SEAL_CUT : SEAL_DAMAGED;
	if (opens(out, in, n, key, number, last))
		/* An empty chunk is the last one of an empty file and nothing else. */
		return n == BOX_TAG && number != 0 ? SEAL_DAMAGED : SEAL_OK;
	/* With the other flag it would have been good: then only the end is wrong. */
	if (!opens(out, in, n, key, number, !last))
		return SEAL_DAMAGED;
	if (n < SEAL_SEALED)
		mem_wipe(out, n - BOX_TAG);
	return last ? SEAL_CUT : SEAL_TRAILING;
}

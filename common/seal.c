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

void
seal_run(struct seal_run *r, const uint8_t key[BOX_KEY])
{
	const uint8_t *in = r->from != NULL ? r->from : r->buf + r->lead;
	uint64_t number = r->first;
	size_t at = 0, n;

	r->rc = SEAL_OK;
	r->out = 0;
	do {
		n = r->in - at < SEAL_CHUNK ? r->in - at : SEAL_CHUNK;
		seal_chunk(r->buf + r->out, in + at, n, key, number++, r->last && at + n == r->in);
		r->out += n + BOX_TAG;
	} while ((at += n) < r->in);
}

void
seal_run_open(struct seal_run *r, const uint8_t key[BOX_KEY])
{
	const uint8_t *in = r->buf + r->lead;
	uint64_t number = r->first;
	size_t at = 0, n;

	r->out = 0;
	do {
		n = r->in - at < SEAL_SEALED ? r->in - at : SEAL_SEALED;
		r->rc = seal_open(r->buf + r->out, in + at, n, key, number++, r->last && at + n == r->in);
		if (r->rc == SEAL_OK || (n == SEAL_SEALED && r->rc != SEAL_DAMAGED))
			r->out += n - BOX_TAG;
	} while ((at += n) < r->in && r->rc == SEAL_OK);
}

uint64_t
seal_run_fault(const struct seal_run *r)
{
	return SEAL_NONCE + (r->first + r->out / SEAL_CHUNK) * SEAL_SEALED;
}

bool
seal_count(uint64_t *number, size_t chunks)
{
	static const uint64_t max = (uint64_t)1 << 47;

	if (chunks > max || *number > max - chunks)
		return false;
	*number += chunks;
	return true;
}

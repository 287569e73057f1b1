/*
 * The payload of an age v1 file (C2SP, age.md, "Payload"): 16 bytes of nonce, then
 * chunks of 64 KiB, each with its own tag.  Chunks do not depend on each other:
 * the nonce of a chunk is its number (11 bytes, big-endian) and a byte that is 1
 * for the last one.  Pure, for any thread.
 */
#ifndef SEAL_H
#define SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "age.h"

enum {
	SEAL_CHUNK = 1 << 16,                   /* bytes of plaintext */
	SEAL_SEALED = SEAL_CHUNK + BOX_TAG,     /* the same, sealed */
	SEAL_NONCE = 16
};

/* The payload's key from the file's key and the nonce in front of the payload. */
void seal_key(uint8_t key[BOX_KEY], const uint8_t file_key[AGE_FILE_KEY], const uint8_t nonce[SEAL_NONCE]);

/* Seal the chunk with this number: n bytes at in become n + BOX_TAG at out, which is elsewhere. */
void seal_chunk(uint8_t *out, const uint8_t *in, size_t n, const uint8_t key[BOX_KEY], uint64_t number, bool last);

enum seal_rc {
	SEAL_OK,
	SEAL_DAMAGED,
	SEAL_CUT,               /* authentic, but the end of the input is not the end of the payload */
	SEAL_TRAILING           /* authentic and the last one, but the input goes on */
};
const char *seal_strerror(enum seal_rc);

/*
 * Open a chunk of n bytes (the tag counted); last: the input ends with it.  With
 * SEAL_OK n - BOX_TAG bytes of plaintext stand at out, which is elsewhere; with
 * SEAL_CUT and SEAL_TRAILING too, where the chunk is a full one: it is whole, and
 * the fault is in what follows.
 */
enum seal_rc seal_open(uint8_t *out, const uint8_t *in, size_t n, const uint8_t key[BOX_KEY], uint64_t number, bool last);

/*
 * Chunks in a row, as one thread works on them.  They live in one buffer, the
 * output in front of the input and far enough from it that neither runs into the
 * other, so that each is one piece.
 */
#define SEAL_LEAD(chunks) ((SEAL_SEALED + (chunks) * BOX_TAG + 4095) / 4096 * 4096)    /* where the input stands: on a page */
#define SEAL_RUN(chunks) (SEAL_LEAD(chunks) + (chunks) * SEAL_SEALED)  /* bytes of the buffer */

struct seal_run {
	uint8_t *buf;
	size_t lead;            /* SEAL_LEAD: the input is at buf + lead, */
	const uint8_t *from;    /* if not here, of sealing only */
	size_t in;              /* bytes of it: full chunks, but for the last one of a payload */
	uint64_t first;         /* number of the first chunk */
	bool last;              /* the input ends with it */

	size_t out;             /* bytes of the result, at buf */
	enum seal_rc rc;        /* of opening; out counts what came before */
};

void seal_run(struct seal_run *, const uint8_t key[BOX_KEY]);
void seal_run_open(struct seal_run *, const uint8_t key[BOX_KEY]);

/* Where in a payload, from the nonce on, the chunk stands that did not open. */
uint64_t seal_run_fault(const struct seal_run *);

/* Count chunks on: false where a payload would have more than 2^47, for its bytes to have a number. */
bool seal_count(uint64_t *number, size_t chunks);

#endif

/* Each kernel that this machine can run against mbedTLS, and sha256.h against published hashes. */
#include <stdlib.h>
#include <string.h>

#include "hex.h"
#include "sha256.h"
#include "sha256_kernel.h"

#include "tap.h"

enum { MESSAGES = 33, LONGEST = (1 << 20) + 1 };

static const size_t lengths[] = {
	0, 1, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 129, 1000, (1 << 20) - 1, 1 << 20, LONGEST
};

/* FIPS 180-4's examples (NIST's SHA256.pdf), and NESSIE's million. */
static const struct {
	const char *text;
	size_t times;
	const char *hash;
} known[] = {
	{ "", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	{ "abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	{ "a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0" },
};

static uint8_t *pool;

/* Message i: a repeat of 251 bytes, so that no two blocks or messages are alike, at an odd place. */
static const void *
message(size_t i, size_t odd)
{
	return pool + i * 8191 + odd;
}

static bool
agrees(const struct sha256_kernel *k, size_t n, size_t count, size_t odd)
{
	uint8_t got[MESSAGES + 1][SHA256_SIZE], want[SHA256_SIZE];
	const void *data[MESSAGES];

	for (size_t i = 0; i < count; i++)
		data[i] = message(i, odd + i % 3);
	memset(got, 0xee, sizeof got);
	sha256_many_with(k, got, data, count, n);
	for (size_t i = 0; i < count; i++) {
		sha256_plain(want, data[i], n);
		if (memcmp(got[i], want, sizeof want) != 0)
			return false;
	}
	memset(want, 0xee, sizeof want);
	return memcmp(got[count], want, sizeof want) == 0;
}

static void
kernel(const struct sha256_kernel *k)
{
	if (k->usable != NULL && !k->usable()) {
		is(true, "%s # SKIP not on this machine", k->name);
		return;
	}
	for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
		size_t n = lengths[i], worst = 0;

		/* Long messages only in the counts around the lanes. */
		for (size_t count = 1; count <= MESSAGES && worst == 0; count++)
			if (n < 2000 || count == 1 || count == k->lanes || count == k->lanes + 1u)
				for (size_t odd = 0; odd < 2 && worst == 0; odd++)
					worst = agrees(k, n, count, odd) ? 0 : count;
		is(worst == 0, "%s: %zu bytes (%zu)", k->name, n, worst);
	}
	is(sha256_kernel_agrees(k), "%s agrees with itself", k->name);
}

/* The same message in pieces of all sorts. */
static bool
in_pieces(struct sha256 *h, size_t n, size_t step)
{
	uint8_t got[SHA256_SIZE], want[SHA256_SIZE];

	for (size_t at = 0; at < n; at += step)
		sha256_add(h, pool + at, n - at < step ? n - at : step);
	sha256_end(h, got);
	sha256_plain(want, pool, n);
	return memcmp(got, want, sizeof want) == 0;
}

static void
wrong(uint32_t state[][8], const uint8_t *const data[], size_t blocks)
{
	(void)data;
	state[0][0] ^= (uint32_t)blocks;
}

static bool
always(void)
{
	return true;
}

int
main(void)
{
	static const struct sha256_kernel liar = { "liar", always, 1, 1, wrong, wrong };
	uint8_t got[MESSAGES][SHA256_SIZE], want[SHA256_SIZE];
	const void *data[MESSAGES];
	struct sha256 *h;
	char text[SHA256_HEX];
	bool good;

	pool = malloc(LONGEST + MESSAGES * 8191);
	for (size_t i = 0; i < LONGEST + MESSAGES * 8191; i++)
		pool[i] = (uint8_t)(i % 251);

	for (unsigned i = 0; i < sha256_kernel_count; i++)
		kernel(&sha256_kernels[i]);
	is(strcmp(sha256_kernels[sha256_kernel_count - 1].name, "plain") == 0, "the last one is plain");
	is(!sha256_kernel_agrees(&liar), "a wrong one is found out");

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		h = sha256_new();
		for (size_t k = 0; k < known[i].times; k++)
			sha256_add(h, known[i].text, strlen(known[i].text));
		sha256_end(h, want);
		hex_put(text, want, sizeof want);
		is(strcmp(text, known[i].hash) == 0, "%zu times \"%s\"", known[i].times, known[i].text);
		sha256_free(h);
	}
	h = sha256_new();
	for (size_t step = 1; step < 200; step += step < 130 ? 1 : 13) {
		good = true;
		for (size_t n = 0; n < 300 && good; n++)
			good = in_pieces(h, n, step);
		if (!good || step % 32 == 0)
			is(good, "in pieces of up to %zu", step);
	}
	is(in_pieces(h, LONGEST, 4099), "a long one in pieces");
	sha256_add(h, NULL, 0);
	sha256_end(h, got[0]);
	sha256(got[1], NULL, 0);
	sha256_plain(want, "", 0);
	is(memcmp(got[0], want, sizeof want) == 0 && memcmp(got[1], want, sizeof want) == 0, "nothing at all");
	sha256_free(h);
	sha256_free(NULL);

	for (size_t count = 0; count <= MESSAGES; count++) {
		for (size_t i = 0; i < count; i++)
			data[i] = message(i, 1);
		sha256_many(got, data, count, 777);
		good = true;
		for (size_t i = 0; i < count; i++) {
			sha256_plain(want, data[i], 777);
			good = good && memcmp(got[i], want, sizeof want) == 0;
		}
		is(good, "%zu messages as they come", count);
	}
	is(!sha256_force("nosuch") && sha256_force("plain"), "a forced one must exist");
	free(pool);
	return tap_done();
}

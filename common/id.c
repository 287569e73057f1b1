#include "id.h"

#include <stdint.h>
#include <string.h>
#include <sys/random.h>

#include "err.h"
#include "sha256.h"

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static bool dashes;

void
id_dashes(void)
{
	dashes = true;
}

void
id_new(char *out, size_t n)
{
	uint8_t random[256];

	if (n > sizeof random || getrandom(random, n, 0) != (ssize_t)n)         /* up to 256 bytes come at once */
		die(ST_FAIL, "the system has no random bytes");
	for (size_t i = 0; i < n; i++)
		out[i] = letters[random[i] & 63];
	if (dashes)
		out[0] = '-';
	out[n] = '\0';
}

void
id_derive(char *out, size_t n, const char *seed)
{
	uint8_t hash[SHA256_SIZE];

	sha256(hash, seed, strlen(seed));
	for (size_t i = 0; i < n; i++) {
		if (i != 0 && i % SHA256_SIZE == 0)
			sha256(hash, hash, sizeof hash);
		out[i] = letters[hash[i % SHA256_SIZE] & 63];
	}
	out[0] = seed[0];
	out[n] = '\0';
}

bool
id_valid(const char *s, size_t n)
{
	return strlen(s) == n && strspn(s, letters) == n;
}

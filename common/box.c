#include "box.h"

#include <pthread.h>

#include <sodium.h>

#include "err.h"

static void
start(void)
{
	if (sodium_init() < 0)
		die(ST_FAIL, "libsodium cannot be started");
}

/* Before the first use of anything here. */
static void
ready(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, start);
}

void
box_random(void *out, size_t n)
{
	ready();
	randombytes_buf(out, n);
}

void
box_public(uint8_t out[BOX_KEY], const uint8_t secret[BOX_KEY])
{
	ready();
	crypto_scalarmult_base(out, secret);
}

bool
box_shared(uint8_t out[BOX_KEY], const uint8_t secret[BOX_KEY], const uint8_t their[BOX_KEY])
{
	ready();
	return crypto_scalarmult(out, secret, their) == 0;
}

void
box_close(uint8_t *out, const uint8_t *in, size_t n, const uint8_t nonce[BOX_NONCE], const uint8_t key[BOX_KEY])
{
	ready();
	crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, in, n, NULL, 0, NULL, nonce, key);
}

bool
box_open(uint8_t *out, const uint8_t *in, size_t n, const uint8_t nonce[BOX_NONCE], const uint8_t key[BOX_KEY])
{
	ready();
	return n >= BOX_TAG &&
	    crypto_aead_chacha20poly1305_ietf_decrypt(out, NULL, NULL, in, n, NULL, 0, nonce, key) == 0;
}

bool
box_equal(const void *a, const void *b, size_t n)
{
	ready();
	return sodium_memcmp(a, b, n) == 0;
}

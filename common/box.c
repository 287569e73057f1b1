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

void *
box_alloc(size_t n)
{
	void *p;

	ready();
	if ((p = sodium_malloc(n)) == NULL)
		die(ST_FAIL, "out of memory");
	sodium_memzero(p, n);
	return p;
}

void
box_free(void *p)
{
	sodium_free(p);
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

#ifdef crypto_kem_xwing_PUBLICKEYBYTES
bool
box_xwing(void)
{
	return true;
}

bool
box_xwing_public(uint8_t out[BOX_XWING_PUBLIC], const uint8_t secret[BOX_KEY])
{
	uint8_t *same = box_alloc(crypto_kem_xwing_SECRETKEYBYTES);
	int r = crypto_kem_xwing_seed_keypair(out, same, secret);

	box_free(same);
	return r == 0;
}

bool
box_xwing_close(uint8_t share[BOX_XWING_SHARE], uint8_t shared[BOX_KEY], const uint8_t public[BOX_XWING_PUBLIC])
{
	ready();
	return crypto_kem_xwing_enc(share, shared, public) == 0;
}

bool
box_xwing_open(uint8_t shared[BOX_KEY], const uint8_t share[BOX_XWING_SHARE], const uint8_t secret[BOX_KEY])
{
	ready();
	return crypto_kem_xwing_dec(shared, share, secret) == 0;
}

_Static_assert(BOX_XWING_PUBLIC == crypto_kem_xwing_PUBLICKEYBYTES && BOX_XWING_SHARE == crypto_kem_xwing_CIPHERTEXTBYTES &&
    BOX_KEY == crypto_kem_xwing_SECRETKEYBYTES && BOX_KEY == crypto_kem_xwing_SHAREDSECRETBYTES, "the sizes of X-Wing");
#else
bool
box_xwing(void)
{
	return false;
}

bool
box_xwing_public(uint8_t out[BOX_XWING_PUBLIC], const uint8_t secret[BOX_KEY])
{
	(void)out, (void)secret;
	return false;
}

bool
box_xwing_close(uint8_t share[BOX_XWING_SHARE], uint8_t shared[BOX_KEY], const uint8_t public[BOX_XWING_PUBLIC])
{
	(void)share, (void)shared, (void)public;
	return false;
}

bool
box_xwing_open(uint8_t shared[BOX_KEY], const uint8_t share[BOX_XWING_SHARE], const uint8_t secret[BOX_KEY])
{
	(void)shared, (void)share, (void)secret;
	return false;
}
#endif

bool
box_from_ed25519(uint8_t out[BOX_KEY], const uint8_t public[BOX_KEY])
{
	ready();
	return crypto_sign_ed25519_pk_to_curve25519(out, public) == 0;
}

void
box_ed25519(uint8_t secret[BOX_KEY], uint8_t public[BOX_KEY], const uint8_t seed[BOX_KEY])
{
	uint8_t *pair = box_alloc(crypto_sign_ed25519_SECRETKEYBYTES);

	crypto_sign_ed25519_seed_keypair(public, pair, seed);
	crypto_sign_ed25519_sk_to_curve25519(secret, pair);
	box_free(pair);
}

bool
box_scrypt(uint8_t out[BOX_KEY], const void *passphrase, size_t n, const void *salt, size_t saltlen, unsigned work)
{
	ready();
	return crypto_pwhash_scryptsalsa208sha256_ll(passphrase, n, salt, saltlen, (uint64_t)1 << work, 8, 1, out, BOX_KEY) == 0;
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

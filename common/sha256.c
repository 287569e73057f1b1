#include "sha256.h"

#include <stdlib.h>

#include <mbedtls/hkdf.h>
#include <mbedtls/md.h>

#include "err.h"
#include "mem.h"

struct sha256 {
	mbedtls_md_context_t md;
};

/* mbedTLS fails on bad arguments, which we do not pass, and for want of memory. */
static void
must(int r)
{
	if (r != 0)
		die(ST_FAIL, "out of memory in SHA-256");
}

static const mbedtls_md_info_t *
info256(void)
{
	return mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);
}

void
sha256(uint8_t out[SHA256_SIZE], const void *data, size_t n)
{
	must(mbedtls_md(info256(), data, n, out));
}

struct sha256 *
sha256_new(void)
{
	struct sha256 *h = mem_alloc(sizeof *h);

	mbedtls_md_init(&h->md);
	must(mbedtls_md_setup(&h->md, info256(), 0));
	must(mbedtls_md_starts(&h->md));
	return h;
}

void
sha256_add(struct sha256 *h, const void *data, size_t n)
{
	must(mbedtls_md_update(&h->md, data, n));
}

void
sha256_end(struct sha256 *h, uint8_t out[SHA256_SIZE])
{
	must(mbedtls_md_finish(&h->md, out));
	must(mbedtls_md_starts(&h->md));
}

void
sha256_free(struct sha256 *h)
{
	if (h != NULL)
		mbedtls_md_free(&h->md);
	free(h);
}

void
hmac_sha256(uint8_t out[SHA256_SIZE], const void *key, size_t keylen, const void *data, size_t n)
{
	must(mbedtls_md_hmac(info256(), key, keylen, data, n, out));
}

void
hkdf_sha256(uint8_t *out, size_t n, const void *ikm, size_t ikmlen, const void *salt, size_t saltlen,
    const void *info, size_t infolen)
{
	must(mbedtls_hkdf(info256(), salt, saltlen, ikm, ikmlen, info, infolen, out, n));
}

#include "sha256.h"

#include <stdlib.h>
#include <string.h>

#include <mbedtls/hkdf.h>
#include <mbedtls/md.h>

#include "err.h"
#include "mem.h"
#include "sha256_kernel.h"

struct sha256 {
	sha256_blocks *blocks;          /* NULL: md does it all */
	mbedtls_md_context_t md;
	uint32_t state[8];
	uint64_t length;                /* of what was added */
	uint8_t part[SHA256_BLOCK];     /* its last bytes that fill no block */
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
sha256_plain(uint8_t out[SHA256_SIZE], const void *data, size_t n)
{
	must(mbedtls_md(info256(), data, n, out));
}

void
sha256(uint8_t out[SHA256_SIZE], const void *data, size_t n)
{
	sha256_many((uint8_t (*)[SHA256_SIZE])out, &data, 1, n);
}

static void
begin(struct sha256 *h)
{
	memcpy(h->state, sha256_start, sizeof h->state);
	h->length = 0;
}

static void
advance(struct sha256 *h, const uint8_t *p, size_t blocks)
{
	if (blocks != 0)
		h->blocks(&h->state, &p, blocks);
}

struct sha256 *
sha256_new(void)
{
	struct sha256 *h = mem_alloc(sizeof *h);

	if ((h->blocks = sha256_kernel_one()) != NULL) {
		begin(h);
		return h;
	}
	mbedtls_md_init(&h->md);
	must(mbedtls_md_setup(&h->md, info256(), 0));
	must(mbedtls_md_starts(&h->md));
	return h;
}

void
sha256_add(struct sha256 *h, const void *data, size_t n)
{
	const uint8_t *p = data;
	size_t fill;

	if (h->blocks == NULL) {
		must(mbedtls_md_update(&h->md, data, n));
		return;
	}
	fill = h->length % SHA256_BLOCK;
	h->length += n;
	if (fill + n >= SHA256_BLOCK) {
		if (fill != 0) {
			memcpy(h->part + fill, p, SHA256_BLOCK - fill);
			advance(h, h->part, 1);
			p += SHA256_BLOCK - fill;
			n -= SHA256_BLOCK - fill;
			fill = 0;
		}
		advance(h, p, n / SHA256_BLOCK);
		p += n / SHA256_BLOCK * SHA256_BLOCK;
		n %= SHA256_BLOCK;
	}
	if (n != 0)
		memcpy(h->part + fill, p, n);
}

void
sha256_end(struct sha256 *h, uint8_t out[SHA256_SIZE])
{
	const uint8_t *rest;

	if (h->blocks == NULL) {
		must(mbedtls_md_finish(&h->md, out));
		must(mbedtls_md_starts(&h->md));
		return;
	}
	rest = h->part;
	sha256_finish(h->blocks, 1, &h->state, &rest, h->length, (uint8_t (*)[SHA256_SIZE])out, 1);
	begin(h);
}

void
sha256_free(struct sha256 *h)
{
	if (h != NULL && h->blocks == NULL)
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

struct weak_hash {
	mbedtls_md_context_t md;
};

struct weak_hash *
weak_hash_new(size_t size)
{
	struct weak_hash *h = mem_alloc(sizeof *h);

	mbedtls_md_init(&h->md);
	must(mbedtls_md_setup(&h->md, mbedtls_md_info_from_type(size == MD5_SIZE ? MBEDTLS_MD_MD5 : MBEDTLS_MD_SHA1), 0));
	must(mbedtls_md_starts(&h->md));
	return h;
}

void
weak_hash_add(struct weak_hash *h, const void *data, size_t n)
{
	must(mbedtls_md_update(&h->md, data, n));
}

void
weak_hash_end(struct weak_hash *h, uint8_t *out)
{
	must(mbedtls_md_finish(&h->md, out));
	weak_hash_free(h);
}

void
weak_hash_free(struct weak_hash *h)
{
	if (h != NULL)
		mbedtls_md_free(&h->md);
	free(h);
}

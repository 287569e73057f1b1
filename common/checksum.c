#include "checksum.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base64.h"
#include "crc.h"
#include "mem.h"
#include "sha256.h"

static const struct { const char *name, *header; size_t size; } kinds[] = {
	[CHECKSUM_NONE] = { "", "", 0 },
	[CHECKSUM_CRC32] = { "CRC32", "x-amz-checksum-crc32", 4 },
	[CHECKSUM_CRC32C] = { "CRC32C", "x-amz-checksum-crc32c", 4 },
	[CHECKSUM_CRC64NVME] = { "CRC64NVME", "x-amz-checksum-crc64nvme", 8 },
	[CHECKSUM_SHA1] = { "SHA1", "x-amz-checksum-sha1", SHA1_SIZE },
	[CHECKSUM_SHA256] = { "SHA256", "x-amz-checksum-sha256", SHA256_SIZE },
	[CHECKSUM_MD5] = { "", "", MD5_SIZE },
};

struct checksum {
	enum checksum_kind kind;
	uint64_t crc;
	struct sha256 *sha256;
	struct weak_hash *weak;
};

const char *
checksum_name(enum checksum_kind k)
{
	return kinds[k].name;
}

const char *
checksum_header(enum checksum_kind k)
{
	return kinds[k].header;
}

size_t
checksum_size(enum checksum_kind k)
{
	return kinds[k].size;
}

enum checksum_kind
checksum_named(const char *name)
{
	for (unsigned k = CHECKSUM_CRC32; k <= CHECKSUM_SHA256; k++)
		if (strcasecmp(name, kinds[k].name) == 0)
			return (enum checksum_kind)k;
	return CHECKSUM_NONE;
}

bool
checksum_valid(enum checksum_kind k, const char *text, uint8_t *raw)
{
	size_t size = kinds[k].size;

	return base64_get(raw, size, BASE64_PADDED, text, strlen(text)) == (int)size;
}

void
checksum_text(char out[CHECKSUM_TEXT], enum checksum_kind k, const uint8_t *raw)
{
	struct str text = { 0 };

	base64_put(&text, BASE64_PADDED, raw, kinds[k].size);
	strcpy(out, str_get(&text));
	str_free(&text);
}

struct checksum *
checksum_new(enum checksum_kind k)
{
	struct checksum *c = mem_alloc(sizeof *c);

	c->kind = k;
	if (k == CHECKSUM_SHA256)
		c->sha256 = sha256_new();
	else if (k == CHECKSUM_SHA1 || k == CHECKSUM_MD5)
		c->weak = weak_hash_new(kinds[k].size);
	return c;
}

void
checksum_add(struct checksum *c, const void *bytes, size_t n)
{
	switch (c->kind) {
	case CHECKSUM_NONE: break;
	case CHECKSUM_CRC32: c->crc = crc32((uint32_t)c->crc, bytes, n); break;
	case CHECKSUM_CRC32C: c->crc = crc32c((uint32_t)c->crc, bytes, n); break;
	case CHECKSUM_CRC64NVME: c->crc = crc64nvme(c->crc, bytes, n); break;
	case CHECKSUM_SHA256: sha256_add(c->sha256, bytes, n); break;
	case CHECKSUM_SHA1: case CHECKSUM_MD5: weak_hash_add(c->weak, bytes, n); break;
	}
}

void
checksum_end(struct checksum *c, uint8_t *raw)
{
	size_t size = kinds[c->kind].size;

	if (c->sha256 != NULL)
		sha256_end(c->sha256, raw);
	else if (c->weak != NULL) {
		weak_hash_end(c->weak, raw);
		c->weak = NULL;
	} else
		for (size_t i = 0; i < size; i++)
			raw[i] = (uint8_t)(c->crc >> 8 * (size - 1 - i));
	checksum_free(c);
}

void
checksum_free(struct checksum *c)
{
	if (c == NULL)
		return;
	sha256_free(c->sha256);
	weak_hash_free(c->weak);
	free(c);
}

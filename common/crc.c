#include "crc.h"

#include <pthread.h>

enum { CRC32, CRC32C, CRC64NVME, KINDS };

/* Polynomials with their bits reversed, as the bytes come lowest bit first. */
static const uint64_t polynomial[KINDS] = { UINT64_C(0xedb88320), UINT64_C(0x82f63b78), UINT64_C(0x9a6c9329ac4bc9b5) };
static uint64_t table[KINDS][256];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
fill(void)
{
	for (unsigned k = 0; k < KINDS; k++)
		for (unsigned i = 0; i < 256; i++) {
			uint64_t c = i;

			for (unsigned bit = 0; bit < 8; bit++)
				c = (c & 1) != 0 ? c >> 1 ^ polynomial[k] : c >> 1;
			table[k][i] = c;
		}
}

static uint64_t
run(unsigned kind, uint64_t crc, const uint8_t *p, size_t n)
{
	pthread_once(&once, fill);
	for (; n != 0; p++, n--)
		crc = table[kind][(crc ^ *p) & 0xff] ^ crc >> 8;
	return crc;
}

uint32_t
crc32(uint32_t crc, const void *data, size_t n)
{
	return ~(uint32_t)run(CRC32, ~crc, data, n);
}

uint32_t
crc32c(uint32_t crc, const void *data, size_t n)
{
	return ~(uint32_t)run(CRC32C, ~crc, data, n);
}

uint64_t
crc64nvme(uint64_t crc, const void *data, size_t n)
{
	return ~run(CRC64NVME, ~crc, data, n);
}

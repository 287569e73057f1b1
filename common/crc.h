/* The cyclic checks of S3's checksums; each begins with 0 and goes on from what it returned. */
#ifndef CRC_H
#define CRC_H

#include <stddef.h>
#include <stdint.h>

uint32_t crc32(uint32_t crc, const void *data, size_t n);       /* ISO 3309, as in gzip */
uint32_t crc32c(uint32_t crc, const void *data, size_t n);      /* Castagnoli, RFC 3720 */
uint64_t crc64nvme(uint64_t crc, const void *data, size_t n);

#endif

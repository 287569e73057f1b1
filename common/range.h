/*
 * The byte ranges of the vault service, first and last byte included, and where
 * they may lie (developer guide, "Computing Checksums", "Downloading an Archive").
 * Pure and strict: decimal digits only, no sign, no blank, no overflow.
 */
#ifndef RANGE_H
#define RANGE_H

#include <stdbool.h>
#include <stdint.h>

/* A number up to max. */
bool range_number(uint64_t *n, const char *s, uint64_t max);

bool range_content(uint64_t *first, uint64_t *last, const char *s);     /* "bytes 0-1048575/" and '*' */
bool range_header(uint64_t *first, uint64_t *last, const char *s);      /* "bytes=0-1048575" */
bool range_plain(uint64_t *first, uint64_t *last, const char *s);       /* "0-1048575" */

/* Does it begin and end at a MiB, or at the end of the size bytes?  false beyond that end. */
bool range_aligned(uint64_t first, uint64_t last, uint64_t size);

/* And is it all that is below one node of their tree? */
bool range_node(uint64_t first, uint64_t last, uint64_t size);

#endif

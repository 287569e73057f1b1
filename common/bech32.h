/*
 * Bech32 (BIP 173, without its limit of 90 characters), as age writes keys:
 * recipients in lower case, identities in upper case.  Pure.
 */
#ifndef BECH32_H
#define BECH32_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "str.h"

/* Append "hrp1…" of n bytes; all in upper case where hrp is. */
void bech32_put(struct str *out, const char *hrp, const uint8_t *key, size_t n);

/* Read s, n bytes, which must be all lower or all upper case and have this hrp (given in lower case). */
bool bech32_get(uint8_t *key, size_t n, const char *hrp, const char *s);

#endif

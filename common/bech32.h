/*
 * Bech32 (BIP 173, without its limit of 90 characters) for keys of 32 bytes, as
 * age writes them: recipients in lower case, identities in upper case.
 */
#ifndef BECH32_H
#define BECH32_H

#include <stdbool.h>
#include <stdint.h>

#include "str.h"

/* Append "hrp1…" of 32 bytes; all in upper case where hrp is. */
void bech32_put(struct str *out, const char *hrp, const uint8_t key[32]);

/* Read s, which must be all lower or all upper case and have this hrp (given in lower case). */
bool bech32_get(uint8_t key[32], const char *hrp, const char *s);

#endif

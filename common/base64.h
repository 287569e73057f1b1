/* Base64 (RFC 4648) in its plain and its URL alphabet, only in canonical form. */
#ifndef BASE64_H
#define BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "str.h"

enum base64 { BASE64_BARE, BASE64_PADDED, BASE64_URL };        /* URL: - and _ for + and /, bare */

void base64_put(struct str *out, enum base64, const void *bytes, size_t n);

/* n digits into at most max bytes; how many, or -1 where they are not what base64_put writes or too many. */
int base64_get(void *out, size_t max, enum base64, const char *s, size_t n);

#endif

/* Lower-case hexadecimal, as sha256sum and AWS write it. */
#ifndef HEX_H
#define HEX_H

#include <stdbool.h>
#include <stddef.h>

/* Write 2 * n digits and a NUL to out. */
void hex_put(char *out, const void *bytes, size_t n);

/* Read exactly 2 * n digits of s into bytes; false where one is not 0-9a-f. */
bool hex_get(void *bytes, const char *s, size_t n);

#endif

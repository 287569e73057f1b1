#include "base64.h"

#include <string.h>

static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void
base64_put(struct str *out, enum base64 kind, const void *bytes, size_t n)
{
	const char *alphabet = kind == BASE64_URL ? url : plain;
	const uint8_t *in = bytes;

	for (size_t i = 0; i < n; i += 3) {
		uint32_t v = (uint32_t)in[i] << 16 | (i + 1 < n ? (uint32_t)in[i + 1] << 8 : 0) | (i + 2 < n ? in[i + 2] : 0);
		size_t digits = n - i >= 3 ? 4 : n - i + 1;

		for (size_t k = 0; k < digits; k++)
			str_add(out, &alphabet[v >> (18 - 6 * k) & 63], 1);
		if (kind == BASE64_PADDED)
			str_add(out, "==", 4 - digits);
	}
}

int
base64_get(void *out, size_t max, enum base64 kind, const char *s, size_t n)
{
	const char *alphabet = kind == BASE64_URL ? url : plain;
	size_t have = 0, bits = 0;
	uint8_t *bytes = out;
	uint32_t v = 0;

	if (kind == BASE64_PADDED) {
		if (n % 4 != 0)
			return -1;
		for (int i = 0; i < 2 && n > 0 && s[n - 1] == '='; i++)
			n--;
	}
	for (size_t i = 0; i < n; i++) {
		const char *at = s[i] != '\0' ? strchr(alphabet, s[i]) : NULL;

		if (at == NULL)
			return -1;
		v = v << 6 | (uint32_t)(at - alphabet);
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			if (have == max)
				return -1;
			bytes[have++] = (uint8_t)(v >> bits);
		}
	}
	/* A lone digit says nothing, and bits that are left over must be zero. */
	if (n % 4 == 1 || (v & ((1U << bits) - 1)) != 0)
		return -1;
	return (int)have;
}

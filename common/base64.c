#include "base64.h"

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
		char four[4] = { '=', '=', '=', '=' };

		for (size_t k = 0; k < digits; k++)
			four[k] = alphabet[v >> (18 - 6 * k) & 63];
		str_add(out, four, kind == BASE64_PADDED ? 4 : digits);
	}
}

/* The value of a digit; 64 for what is none. */
static uint32_t
value(char c, const char *alphabet)
{
	if (c >= 'A' && c <= 'Z')
		return (uint32_t)(c - 'A');
	if (c >= 'a' && c <= 'z')
		return (uint32_t)(c - 'a') + 26;
	if (c >= '0' && c <= '9')
		return (uint32_t)(c - '0') + 52;
	return c == alphabet[62] ? 62 : c == alphabet[63] ? 63 : 64;
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
		uint32_t digit = value(s[i], alphabet);

		if (digit == 64)
			return -1;
		v = v << 6 | digit;
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

#include "base64.h"

static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* One more than a digit's value, so that 0 is what is none. */
#define DIGITS \
	['A'] = 1, ['B'] = 2, ['C'] = 3, ['D'] = 4, ['E'] = 5, ['F'] = 6, ['G'] = 7, ['H'] = 8, ['I'] = 9, ['J'] = 10, \
	['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16, ['Q'] = 17, ['R'] = 18, ['S'] = 19, \
	['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24, ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, \
	['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32, ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, \
	['l'] = 38, ['m'] = 39, ['n'] = 40, ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, \
	['u'] = 47, ['v'] = 48, ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, \
	['3'] = 56, ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62
static const uint8_t plain_value[256] = { DIGITS, ['+'] = 63, ['/'] = 64 };
static const uint8_t url_value[256] = { DIGITS, ['-'] = 63, ['_'] = 64 };

void
base64_put(struct str *out, enum base64 kind, const void *bytes, size_t n)
{
	const char *alphabet = kind == BASE64_URL ? url : plain;
	const uint8_t *in = bytes;
	char some[64];
	size_t have = 0;

	for (; n >= 3; in += 3, n -= 3) {
		uint32_t v = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];

		for (int shift = 18; shift >= 0; shift -= 6)
			some[have++] = alphabet[v >> shift & 63];
		if (have == sizeof some) {
			str_add(out, some, have);
			have = 0;
		}
	}
	if (n > 0) {
		uint32_t v = (uint32_t)in[0] << 16 | (n == 2 ? (uint32_t)in[1] << 8 : 0);

		some[have++] = alphabet[v >> 18];
		some[have++] = alphabet[v >> 12 & 63];
		if (n == 2)
			some[have++] = alphabet[v >> 6 & 63];
		while (kind == BASE64_PADDED && have % 4 != 0)
			some[have++] = '=';
	}
	str_add(out, some, have);
}

int
base64_get(void *out, size_t max, enum base64 kind, const char *s, size_t n)
{
	const uint8_t *value = kind == BASE64_URL ? url_value : plain_value, *in = (const uint8_t *)s, *end;
	uint8_t *bytes = out, *at = bytes;
	uint32_t v, a, b, c, d;

	if (kind == BASE64_PADDED) {
		if (n % 4 != 0)
			return -1;
		for (int i = 0; i < 2 && n > 0 && s[n - 1] == '='; i++)
			n--;
	}
	/* A lone digit says nothing. */
	if (n % 4 == 1 || n / 4 * 3 + (n % 4 != 0 ? n % 4 - 1 : 0) > max)
		return -1;
	for (end = in + n - n % 4; in < end; in += 4) {
		a = value[in[0]], b = value[in[1]], c = value[in[2]], d = value[in[3]];
		if (a == 0 || b == 0 || c == 0 || d == 0)
			return -1;
		v = (a - 1) << 18 | (b - 1) << 12 | (c - 1) << 6 | (d - 1);
		*at++ = (uint8_t)(v >> 16);
		*at++ = (uint8_t)(v >> 8);
		*at++ = (uint8_t)v;
	}
	if (n % 4 != 0) {
		a = value[in[0]], b = value[in[1]], c = n % 4 == 3 ? value[in[2]] : 1;
		if (a == 0 || b == 0 || c == 0)
			return -1;
		v = (a - 1) << 18 | (b - 1) << 12 | (c - 1) << 6;
		*at++ = (uint8_t)(v >> 16);
		if (n % 4 == 3)
			*at++ = (uint8_t)(v >> 8);
		/* What is left over must be zero. */
		if ((v & (n % 4 == 3 ? 0xff : 0xffff)) != 0)
			return -1;
	}
	return (int)(at - bytes);
}

#include "hex.h"

void
hex_put(char *out, const void *bytes, size_t n)
{
	static const char digit[] = "0123456789abcdef";
	const unsigned char *b = bytes;

	for (size_t i = 0; i < n; i++) {
		*out++ = digit[b[i] >> 4];
		*out++ = digit[b[i] & 15];
	}
	*out = '\0';
}

static int
value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

bool
hex_get(void *bytes, const char *s, size_t n)
{
	unsigned char *b = bytes;

	for (size_t i = 0; i < n; i++) {
		int hi = value(s[2 * i]), lo = hi < 0 ? -1 : value(s[2 * i + 1]);

		if (lo < 0)
			return false;
		b[i] = (unsigned char)(hi << 4 | lo);
	}
	return true;
}

#include "bech32.h"

#include <ctype.h>
#include <string.h>

#include "mem.h"

static const char alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

enum { SUM = 6 };

/* n bytes are so many words of 5 bits, the last one padded with zeros. */
static size_t
words(size_t n)
{
	return (n * 8 + 4) / 5;
}

static unsigned
word(const uint8_t *bytes, size_t n, size_t i)
{
	unsigned v = 0;

	for (size_t bit = i * 5; bit < i * 5 + 5; bit++)
		v = v << 1 | (bit < n * 8 && bytes[bit / 8] >> (7 - bit % 8) & 1);
	return v;
}

static uint32_t
step(uint32_t sum, unsigned value)
{
	static const uint32_t generator[] = { 0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3 };
	unsigned top = sum >> 25;

	sum = (sum & 0x1ffffff) << 5 ^ value;
	for (unsigned i = 0; i < 5; i++)
		if (top >> i & 1)
			sum ^= generator[i];
	return sum;
}

static uint32_t
start(const char *hrp)
{
	uint32_t sum = 1;

	for (const char *s = hrp; *s != '\0'; s++)
		sum = step(sum, (unsigned)tolower((unsigned char)*s) >> 5);
	sum = step(sum, 0);
	for (const char *s = hrp; *s != '\0'; s++)
		sum = step(sum, (unsigned)tolower((unsigned char)*s) & 31);
	return sum;
}

void
bech32_put(struct str *out, const char *hrp, const uint8_t *key, size_t n)
{
	bool upper = isupper((unsigned char)hrp[0]);
	uint32_t sum = start(hrp);
	unsigned v;
	char c;

	str_puts(out, hrp);
	str_puts(out, "1");
	for (size_t i = 0; i < words(n) + SUM; i++) {
		if (i == words(n)) {
			for (unsigned k = 0; k < SUM; k++)
				sum = step(sum, 0);
			sum ^= 1;
		}
		if (i < words(n)) {
			v = word(key, n, i);
			sum = step(sum, v);
		} else
			v = sum >> (5 * (words(n) + SUM - 1 - i)) & 31;
		c = upper ? (char)toupper((unsigned char)alphabet[v]) : alphabet[v];
		str_add(out, &c, 1);
	}
	/* It may be a secret one. */
	mem_wipe(&v, sizeof v);
	mem_wipe(&c, sizeof c);
}

/* Is s in one case, with this hrp and so many digits behind it? */
static bool
shape(const char *hrp, const char *s, size_t digits)
{
	size_t prefix = strlen(hrp);
	bool lower = false, upper = false;

	if (strlen(s) != prefix + 1 + digits || s[prefix] != '1')
		return false;
	for (size_t i = 0; s[i] != '\0'; i++) {
		lower |= s[i] >= 'a' && s[i] <= 'z';
		upper |= s[i] >= 'A' && s[i] <= 'Z';
		if (i < prefix && tolower((unsigned char)s[i]) != hrp[i])
			return false;
	}
	return !(lower && upper);
}

bool
bech32_get(uint8_t *key, size_t n, const char *hrp, const char *s)
{
	uint32_t sum = start(hrp);
	const char *at;

	if (!shape(hrp, s, words(n) + SUM))
		return false;
	memset(key, 0, n);
	s += strlen(hrp) + 1;
	for (size_t i = 0; i < words(n) + SUM; i++) {
		unsigned v;

		if ((at = strchr(alphabet, tolower((unsigned char)s[i]))) == NULL)
			return false;
		v = (unsigned)(at - alphabet);
		sum = step(sum, v);
		for (unsigned b = 0; i < words(n) && b < 5; b++) {
			size_t bit = i * 5 + b;

			if (!(v >> (4 - b) & 1))
				continue;
			if (bit >= n * 8)
				return false;   /* padding that is not zero */
			key[bit / 8] |= (uint8_t)(1 << (7 - bit % 8));
		}
	}
	return sum == 1;
}

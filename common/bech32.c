#include "bech32.h"

#include <ctype.h>
#include <string.h>

#include "mem.h"

static const char alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

enum { WORDS = 52, SUM = 6 };           /* 32 bytes are 52 words of 5 bits, 4 bits of padding at the end */

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
bech32_put(struct str *out, const char *hrp, const uint8_t key[32])
{
	bool upper = isupper((unsigned char)hrp[0]);
	uint8_t word[WORDS + SUM] = { 0 };
	char text[WORDS + SUM];
	uint32_t sum = start(hrp);

	for (unsigned bit = 0; bit < 256; bit++)
		if (key[bit / 8] >> (7 - bit % 8) & 1)
			word[bit / 5] |= (uint8_t)(1 << (4 - bit % 5));
	for (unsigned i = 0; i < WORDS + SUM; i++)
		sum = step(sum, i < WORDS ? word[i] : 0);
	sum ^= 1;
	for (unsigned i = 0; i < SUM; i++)
		word[WORDS + i] = sum >> (5 * (SUM - 1 - i)) & 31;
	for (unsigned i = 0; i < WORDS + SUM; i++)
		text[i] = upper ? (char)toupper((unsigned char)alphabet[word[i]]) : alphabet[word[i]];
	str_puts(out, hrp);
	str_puts(out, "1");
	str_add(out, text, sizeof text);
	/* It may be a secret one. */
	mem_wipe(word, sizeof word);
	mem_wipe(text, sizeof text);
}

bool
bech32_get(uint8_t key[32], const char *hrp, const char *s)
{
	size_t prefix = strlen(hrp);
	bool lower = false, upper = false;
	uint32_t sum = start(hrp);
	const char *at;

	if (strlen(s) != prefix + 1 + WORDS + SUM)
		return false;
	for (size_t i = 0; s[i] != '\0'; i++) {
		lower |= s[i] >= 'a' && s[i] <= 'z';
		upper |= s[i] >= 'A' && s[i] <= 'Z';
		if (i < prefix && tolower((unsigned char)s[i]) != hrp[i])
			return false;
	}
	if ((lower && upper) || s[prefix] != '1')
		return false;
	memset(key, 0, 32);
	s += prefix + 1;
	for (unsigned i = 0; i < WORDS + SUM; i++) {
		unsigned v;

		if ((at = strchr(alphabet, tolower((unsigned char)s[i]))) == NULL)
			return false;
		v = (unsigned)(at - alphabet);
		sum = step(sum, v);
		for (unsigned b = 0; i < WORDS && b < 5; b++) {
			unsigned bit = i * 5 + b;

			if (!(v >> (4 - b) & 1))
				continue;
			if (bit >= 256)
				return false;   /* padding that is not zero */
			key[bit / 8] |= (uint8_t)(1 << (7 - bit % 8));
		}
	}
	return sum == 1;
}

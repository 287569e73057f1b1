/* bech32.h: BIP 173's rules, for keys of 32 bytes. */
#include <string.h>

#include "bech32.h"

#include "tap.h"

static const struct { const char *hrp, *text; } good[] = {
	{ "age", "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj" },
	{ "AGE-SECRET-KEY-", "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX" },
};

static const struct { const char *text, *why; } bad[] = {
	{ "", "nothing" },
	{ "age1", "no digits" },
	{ "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujw", "a digit lost" },
	{ "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwjq", "a digit more" },
	{ "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwq", "another digit" },
	{ "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwb", "a digit that is none" },
	{ "Age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj", "mixed case in front" },
	{ "age1Zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj", "mixed case" },
	{ "agf1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj", "another kind" },
	{ "age2zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj", "another separator" },
	{ " age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj", "a blank in front" },
	{ "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj ", "a blank behind" },
};

int
main(void)
{
	struct str text = { 0 };
	uint8_t key[32], any[40], back[41];
	char lower[16];

	for (size_t i = 0; i < sizeof any; i++)
		any[i] = (uint8_t)(i * 37 + 200);
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		size_t n = strlen(good[i].hrp);

		for (size_t k = 0; k <= n; k++)
			lower[k] = good[i].hrp[k] >= 'A' && good[i].hrp[k] <= 'Z' ? (char)(good[i].hrp[k] | 32) : good[i].hrp[k];
		str_clear(&text);
		is(bech32_get(key, sizeof key, lower, good[i].text), "%s", good[i].text);
		bech32_put(&text, good[i].hrp, key, sizeof key);
		is(strcmp(str_get(&text), good[i].text) == 0, "and back");
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		is(!bech32_get(key, sizeof key, "age", bad[i].text), "not %s", bad[i].why);
	for (size_t n = 0; n <= sizeof any; n++) {
		str_clear(&text);
		bech32_put(&text, "age1pq", any, n);
		is(bech32_get(back, n, "age1pq", text.s) && memcmp(any, back, n) == 0, "%zu bytes and back", n);
		is(!bech32_get(back, n + 1, "age1pq", text.s) && (n == 0 || !bech32_get(back, n - 1, "age1pq", text.s)), "not one more or less");
	}
	str_free(&text);
	return tap_done();
}

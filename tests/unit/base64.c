/* base64.h: RFC 4648 section 10, both alphabets, and what is not canonical. */
#include <string.h>

#include "base64.h"

#include "tap.h"

static const struct { const char *bytes; size_t n; enum base64 kind; const char *text; } good[] = {
	{ "", 0, BASE64_PADDED, "" }, { "f", 1, BASE64_PADDED, "Zg==" }, { "fo", 2, BASE64_PADDED, "Zm8=" },
	{ "foo", 3, BASE64_PADDED, "Zm9v" }, { "foob", 4, BASE64_PADDED, "Zm9vYg==" }, { "foobar", 6, BASE64_PADDED, "Zm9vYmFy" },
	{ "f", 1, BASE64_BARE, "Zg" }, { "fo", 2, BASE64_BARE, "Zm8" }, { "\xfb\xff\xfe", 3, BASE64_BARE, "+//+" },
	{ "\xfb\xff\xfe", 3, BASE64_URL, "-__-" }, { "\xff", 1, BASE64_URL, "_w" },
};

static const struct { enum base64 kind; const char *text; } bad[] = {
	{ BASE64_PADDED, "Zg" }, { BASE64_PADDED, "Zg=" }, { BASE64_PADDED, "Zh==" }, { BASE64_PADDED, "Z===" }, { BASE64_PADDED, "====" },
	{ BASE64_PADDED, "Zg==Zg==" }, { BASE64_PADDED, "Zm 8" }, { BASE64_PADDED, "-__-" }, { BASE64_BARE, "Zg==" }, { BASE64_BARE, "Z" },
	{ BASE64_BARE, "Zh" }, { BASE64_BARE, "-__-" }, { BASE64_URL, "+//+" }, { BASE64_PADDED, "Zm9vYmFyZm9vYmFyZm9vYmFy" },
};

int
main(void)
{
	struct str out = { 0 };
	char bytes[16];

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		str_clear(&out);
		base64_put(&out, good[i].kind, good[i].bytes, good[i].n);
		is(strcmp(str_get(&out), good[i].text) == 0, "to %s", good[i].text);
		is(base64_get(bytes, sizeof bytes, good[i].kind, good[i].text, strlen(good[i].text)) == (int)good[i].n &&
		    memcmp(bytes, good[i].bytes, good[i].n) == 0, "and back");
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		is(base64_get(bytes, sizeof bytes, bad[i].kind, bad[i].text, strlen(bad[i].text)) == -1, "not %s", bad[i].text);
	str_free(&out);
	return tap_done();
}

/* str.h: growing, and the escapes of index and ledger. */
#include <string.h>

#include "str.h"

#include "tap.h"

#define S(s) s, sizeof s - 1

static const struct {
	const char *raw;
	size_t n;
	const char *plain, *ascii;
} escapes[] = {
	{ S(""), "", "" },
	{ S("a b"), "a b", "a b" },
	{ S("\t\n\\"), "\\t\\n\\\\", "\\t\\n\\\\" },
	{ S("\r\1\37\177"), "\\015\\001\\037\\177", "\\015\\001\\037\\177" },
	{ S("a\0b"), "a\\000b", "a\\000b" },
	{ S("0\0" "1"), "0\\0001", "0\\0001" },
	{ S("\303\251"), "\303\251", "\\303\\251" },
	{ S("\377\200"), "\377\200", "\\377\\200" },
	{ S(" a "), " a ", "\\040a\\040" },
	{ S(" "), " ", "\\040" },
	{ S("  "), "  ", "\\040\\040" },
	{ S("~}"), "~}", "~}" },
	{ S("\\t"), "\\\\t", "\\\\t" },
};

static const struct {
	const char *s;
	size_t n;
} bad[] = {
	{ S("\\") }, { S("a\\") }, { S("\\r") }, { S("\\x41") }, { S("\\0") }, { S("\\01") }, { S("\\400") },
	{ S("\\777") }, { S("\\018") }, { S("\\08 ") }, { S("\\ ") }, { S("\\\0") }, { S("\\N") }, { S("ok\\\\\\") },
};

static void
growing(void)
{
	struct str t = { 0 };
	char want[5001];

	is(strcmp(str_get(&t), "") == 0, "nothing yet is an empty string");
	str_add(&t, NULL, 0);
	is(t.s != NULL && t.len == 0 && t.s[0] == '\0', "nothing added is one too");
	for (int i = 0; i < 5000; i++) {
		want[i] = (char)('a' + i % 23);
		str_add(&t, &want[i], 1);
	}
	want[5000] = '\0';
	is(t.len == 5000 && strcmp(str_get(&t), want) == 0, "byte by byte");
	str_clear(&t);
	is(t.len == 0 && strcmp(str_get(&t), "") == 0, "cleared");
	for (size_t n = 60; n < 70; n++) {
		str_clear(&t);
		str_format(&t, "%*s", (int)n, "x");
		if (t.len != n || strlen(t.s) != n)
			break;
		is(t.len == n && t.s[n - 1] == 'x' && t.s[n] == '\0', "formatted, %zu bytes", n);
	}
	str_puts(&t, "");
	str_add(&t, "a\0b", 3);
	is(t.len == 72 && memcmp(t.s + 69, "a\0b", 4) == 0, "a NUL is a byte");
	str_free(&t);
	is(t.s == NULL && t.len == 0 && t.cap == 0, "freed is empty");
	str_free(&t);
	str_puts(&t, "again");
	is(strcmp(str_get(&t), "again") == 0, "and can be used again");
	str_free(&t);
}

static void
every_pair(void)
{
	struct str e = { 0 }, b = { 0 };
	bool same = true, clean = true;

	for (int i = 0; i < 65536; i++)
		for (int ascii = 0; ascii < 2; ascii++) {
			char raw[2] = { (char)(i >> 8), (char)i };

			str_clear(&e), str_clear(&b);
			str_escape(&e, raw, 2, ascii);
			same = same && str_unescape(&b, e.s, e.len) && b.len == 2 && memcmp(b.s, raw, 2) == 0;
			for (size_t k = 0; k < e.len; k++) {
				unsigned char c = (unsigned char)e.s[k];

				clean = clean && c >= 0x20 && c != 0x7f && (!ascii || c < 0x7f);
			}
		}
	is(same, "each pair of bytes comes back");
	is(clean, "and holds nothing that breaks a line or a header");
	str_free(&e), str_free(&b);
}

int
main(void)
{
	struct str t = { 0 };

	growing();
	for (size_t i = 0; i < sizeof escapes / sizeof escapes[0]; i++) {
		str_clear(&t);
		str_escape(&t, escapes[i].raw, escapes[i].n, false);
		is(strcmp(str_get(&t), escapes[i].plain) == 0, "escaped: %s", escapes[i].plain);
		str_clear(&t);
		str_escape(&t, escapes[i].raw, escapes[i].n, true);
		is(strcmp(str_get(&t), escapes[i].ascii) == 0, "in ASCII: %s", escapes[i].ascii);
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		is(!str_unescape(&t, bad[i].s, bad[i].n), "no escape: %s", bad[i].s);
	str_free(&t);
	every_pair();
	return tap_done();
}

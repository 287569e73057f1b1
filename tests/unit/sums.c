/* sums.h: lines of a list. */
#include <string.h>

#include "hex.h"
#include "sums.h"

#include "tap.h"

#define H "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define S(s) s, sizeof s - 1

static const struct {
	const char *name;
	char end;
	const char *line;
} good[] = {
	{ "a", '\n', H "  a" },
	{ "-", '\n', H "  -" },
	{ " a ", '\n', H "   a " },
	{ "*a", '\n', H "  *a" },
	{ "a\tb", '\n', H "  a\tb" },
	{ "a\\b", '\n', "\\" H "  a\\\\b" },
	{ "a\nb", '\n', "\\" H "  a\\nb" },
	{ "a\rb", '\n', "\\" H "  a\\rb" },
	{ "\\", '\n', "\\" H "  \\\\" },
	{ "\\n\n", '\n', "\\" H "  \\\\n\\n" },
	{ "a\\b", '\0', H "  a\\b" },
	{ "a\nb", '\0', H "  a\nb" },
	{ "\303\251", '\n', H "  \303\251" },
};

static const struct {
	const char *line;
	size_t n;
	char end;
} bad[] = {
	{ S(""), '\n' },
	{ S("a"), '\n' },
	{ S("\\"), '\n' },
	{ S(H), '\n' },
	{ S(H " "), '\n' },
	{ S(H "  "), '\n' },
	{ S(H " a"), '\n' },
	{ S(H "\ta"), '\n' },
	{ S(H " \ta"), '\n' },
	{ S(H "0  a"), '\n' },
	{ S("0" H "  a"), '\n' },
	{ S("g00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f  a"), '\n' },
	{ S("\\" H "  a\\"), '\n' },
	{ S("\\" H "  a\\x"), '\n' },
	{ S("\\\\" H "  a"), '\n' },
	{ S(H "  a\0b"), '\n' },
	{ S("\\" H "  a\\\0"), '\n' },
	{ S("\\" H "  a"), '\0' },
};

int
main(void)
{
	uint8_t hash[SHA256_SIZE], got[SHA256_SIZE];
	struct str line = { 0 }, name = { 0 };

	hex_get(hash, H, SHA256_SIZE);
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		str_clear(&line);
		sums_format(&line, hash, good[i].name, good[i].end);
		is(strcmp(str_get(&line), good[i].line) == 0, "written: %zu", i);
		memset(got, 0, sizeof got);
		is(sums_parse(line.s, line.len, good[i].end, got, &name) && memcmp(got, hash, sizeof got) == 0 &&
		    strcmp(str_get(&name), good[i].name) == 0, "and read: %zu", i);
	}
	is(sums_parse(S(H " *a"), '\n', got, &name) && strcmp(str_get(&name), "a") == 0, "a '*' for the second blank");
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		is(!sums_parse(bad[i].line, bad[i].n, bad[i].end, got, &name) && name.len == 0, "no line: %s", bad[i].line);
	str_free(&line), str_free(&name);
	return tap_done();
}

#include "sums.h"

#include <string.h>

#include "hex.h"

enum { DIGITS = 2 * SHA256_SIZE };

static bool
must_escape(const char *name, char end)
{
	return end == '\n' && strpbrk(name, "\\\n\r") != NULL;
}

static void
put_name(struct str *t, const char *name, bool escape)
{
	for (; *name != '\0'; name++)
		switch (escape ? *name : 'x') {
		case '\\': str_puts(t, "\\\\"); break;
		case '\n': str_puts(t, "\\n"); break;
		case '\r': str_puts(t, "\\r"); break;
		default: str_add(t, name, 1);
		}
}

void
sums_format(struct str *t, const uint8_t hash[SHA256_SIZE], const char *name, char end)
{
	char hex[SHA256_HEX];
	bool escape = must_escape(name, end);

	hex_put(hex, hash, SHA256_SIZE);
	str_format(t, "%s%s  ", escape ? "\\" : "", hex);
	put_name(t, name, escape);
}

void
sums_name(struct str *t, const char *name, char end)
{
	bool escape = must_escape(name, end);

	str_puts(t, escape ? "\\" : "");
	put_name(t, name, escape);
}

static bool
unescape(struct str *t, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char c = s[i];

		if (c == '\\') {
			if (++i == n)
				return false;
			switch (s[i]) {
			case '\\': break;
			case 'n': c = '\n'; break;
			case 'r': c = '\r'; break;
			default: return false;
			}
		}
		str_add(t, &c, 1);
	}
	return true;
}

bool
sums_parse(const char *line, size_t n, char end, uint8_t hash[SHA256_SIZE], struct str *name)
{
	bool escaped = end == '\n' && n > 0 && line[0] == '\\';

	str_clear(name);
	line += escaped;
	n -= escaped;
	if (n < DIGITS + 3 || !hex_get(hash, line, SHA256_SIZE) || line[DIGITS] != ' ' ||
	    (line[DIGITS + 1] != ' ' && line[DIGITS + 1] != '*') ||
	    memchr(line, '\0', n) != NULL)
		return false;
	line += DIGITS + 2;
	n -= DIGITS + 2;
	if (!escaped)
		str_add(name, line, n);
	else if (!unescape(name, line, n)) {
		str_clear(name);
		return false;
	}
	return true;
}

bool
sums_parse_loosely(const char *line, size_t n, char end, uint8_t hash[SHA256_SIZE], struct str *name)
{
	struct str plain = { 0 };
	size_t digits;
	bool good;

	for (; n > 0 && (*line == ' ' || *line == '\t'); n--)
		line++;
	if (end == '\n' && n > 0 && line[n - 1] == '\r')
		n--;
	str_add(&plain, line, n);
	digits = n > 0 && line[0] == '\\';
	for (size_t i = digits; i < n && i < digits + DIGITS; i++)
		if (plain.s[i] >= 'A' && plain.s[i] <= 'F')
			plain.s[i] = (char)(plain.s[i] - 'A' + 'a');
	good = n > 0 && sums_parse(plain.s, n, end, hash, name);
	if (n == 0)
		str_clear(name);
	str_free(&plain);
	return good;
}

#include "sums.h"

#include <string.h>

#include "hex.h"

enum { DIGITS = 2 * SHA256_SIZE };

void
sums_format(struct str *t, const uint8_t hash[SHA256_SIZE], const char *name, char end)
{
	char hex[SHA256_HEX];
	bool escape = end == '\n' && strpbrk(name, "\\\n\r") != NULL;

	hex_put(hex, hash, SHA256_SIZE);
	str_format(t, "%s%s  ", escape ? "\\" : "", hex);
	if (!escape) {
		str_puts(t, name);
		return;
	}
	for (; *name != '\0'; name++)
		switch (*name) {
		case '\\': str_puts(t, "\\\\"); break;
		case '\n': str_puts(t, "\\n"); break;
		case '\r': str_puts(t, "\\r"); break;
		default: str_add(t, name, 1);
		}
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

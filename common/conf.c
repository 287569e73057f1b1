#include "conf.h"

#include <string.h>

/* A run of bytes in the text. */
struct span { const char *s; size_t n; };

static bool
blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f';
}

static struct span
trim(const char *s, size_t n)
{
	while (n > 0 && blank(s[0]))
		s++, n--;
	while (n > 0 && blank(s[n - 1]))
		n--;
	return (struct span){ s, n };
}

static bool
same(struct span a, const char *s)
{
	return a.n == strlen(s) && memcmp(a.s, s, a.n) == 0;
}

/* The next line of the text, without its end; false at the end of the text. */
static bool
next(const char **text, size_t *n, struct span *line)
{
	const char *end;

	if (*n == 0)
		return false;
	end = memchr(*text, '\n', *n);
	line->s = *text;
	line->n = end != NULL ? (size_t)(end - *text) : *n;
	*n -= line->n + (end != NULL);
	*text += line->n + (end != NULL);
	return true;
}

/* "[ name ]", with blanks inside as people write them; false: the line is no section. */
static bool
heading(struct span line, struct span *name)
{
	const char *end;

	line = trim(line.s, line.n);
	if (line.n < 2 || line.s[0] != '[' || (end = memchr(line.s, ']', line.n)) == NULL)
		return false;
	*name = trim(line.s + 1, (size_t)(end - line.s) - 1);
	return true;
}

/* "profile name" and "profile   name" are one. */
static bool
is_section(struct span have, const char *want)
{
	const char *space = strchr(want, ' ');
	size_t n = space != NULL ? (size_t)(space - want) : 0;

	if (n != 0 && have.n > n && memcmp(have.s, want, n) == 0 && blank(have.s[n])) {
		struct span rest = trim(have.s + n, have.n - n);

		return same(rest, space + 1);
	}
	return same(have, want);
}

/* "key = value # comment". */
static bool
setting(struct span line, struct span *key, struct span *value)
{
	const char *eq;

	line = trim(line.s, line.n);
	if (line.n == 0 || line.s[0] == '#' || line.s[0] == ';' || (eq = memchr(line.s, '=', line.n)) == NULL)
		return false;
	*key = trim(line.s, (size_t)(eq - line.s));
	eq++;
	line.n -= (size_t)(eq - line.s);
	for (size_t i = 0; i < line.n; i++)
		if ((eq[i] == '#' || eq[i] == ';') && (i == 0 || blank(eq[i - 1])))
			line.n = i;
	*value = trim(eq, line.n);
	return true;
}

bool
conf_ini(const char *text, size_t n, const char *section, const char *key, const char *sub, struct str *value)
{
	bool inside = false, under = false, found = false;
	struct span line, name, v;

	str_clear(value);
	while (next(&text, &n, &line)) {
		bool indented = line.n > 0 && blank(line.s[0]);

		if (!indented && heading(line, &name)) {
			inside = is_section(name, section);
			under = false;
			continue;
		}
		if (!inside || !setting(line, &name, &v))
			continue;
		if (!indented)
			under = same(name, key);
		if (sub == NULL ? indented || !under : !indented || !under || !same(name, sub))
			continue;
		str_clear(value);
		str_add(value, v.s, v.n);
		found = true;
	}
	return found;
}

bool
conf_ini_section(const char *text, size_t n, const char *section)
{
	struct span line, name;

	while (next(&text, &n, &line))
		if (heading(line, &name) && is_section(name, section))
			return true;
	return false;
}

static int
digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 :
	    c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* \uXXXX; what a key or a URL is made of is ASCII, so anything above is dropped. */
static size_t
unicode(struct str *out, const char *s, size_t n)
{
	unsigned c = 0;

	if (n < 4)
		return 0;
	for (int i = 0; i < 4; i++) {
		if (digit(s[i]) < 0)
			return 0;
		c = c << 4 | (unsigned)digit(s[i]);
	}
	if (c != 0 && c < 0x80)
		str_add(out, &(char){ (char)c }, 1);
	return 4;
}

static void
unescape(struct str *out, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char c = s[i];

		if (c == '\\' && i + 1 < n)
			switch (c = s[++i]) {
			case 't': c = '\t'; break;
			case 'n': c = '\n'; break;
			case 'r': c = '\r'; break;
			case 'f': c = '\f'; break;
			case 'u': i += unicode(out, s + i + 1, n - i - 1); continue;
			}
		str_add(out, &c, 1);
	}
}

/* The next logical line: comments and empty ones passed over, lines that end with a backslash joined. */
static bool
logical(const char **text, size_t *n, struct str *out)
{
	struct span line;
	size_t slashes;

	str_clear(out);
	while (next(text, n, &line)) {
		while (line.n > 0 && line.s[line.n - 1] == '\r')
			line.n--;
		while (line.n > 0 && blank(line.s[0]))
			line.s++, line.n--;
		if (out->len == 0 && (line.n == 0 || line.s[0] == '#' || line.s[0] == '!'))
			continue;
		for (slashes = 0; slashes < line.n && line.s[line.n - 1 - slashes] == '\\'; slashes++)
			;
		str_add(out, line.s, line.n - slashes % 2);
		if (slashes % 2 == 0)
			return true;
	}
	return out->len != 0;
}

bool
conf_properties(const char *text, size_t n, const char *key, struct str *value)
{
	struct str line = { 0 }, name = { 0 };
	bool found = false;

	str_clear(value);
	while (logical(&text, &n, &line)) {
		const char *s = str_get(&line), *end = s + line.len, *v;

		for (v = s; v < end && *v != '=' && *v != ':' && !blank(*v); v++)
			if (*v == '\\' && v + 1 < end)
				v++;
		str_clear(&name);
		unescape(&name, s, (size_t)(v - s));
		while (v < end && blank(*v))
			v++;
		if (v < end && (*v == '=' || *v == ':'))
			v++;
		while (v < end && blank(*v))
			v++;
		if (strcmp(str_get(&name), key) != 0)
			continue;
		/* Java keeps blanks at the end; no key has any, and an editor leaves them. */
		while (end > v && blank(end[-1]))
			end--;
		str_clear(value);
		unescape(value, v, (size_t)(end - v));
		found = true;
	}
	if (line.s != NULL)
		memset(line.s, 0, line.cap);
	str_free(&line);
	str_free(&name);
	return found;
}

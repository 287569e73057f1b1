#include "str.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

static void
reserve(struct str *t, size_t more)
{
	size_t cap = t->cap != 0 ? t->cap : 64;

	while (cap - t->len <= more)
		cap *= 2;
	if (cap != t->cap) {
		t->s = mem_grow(t->s, cap);
		t->cap = cap;
	}
}

void
str_add(struct str *t, const void *bytes, size_t n)
{
	reserve(t, n);
	if (n != 0)
		memcpy(t->s + t->len, bytes, n);
	t->len += n;
	t->s[t->len] = '\0';
}

void
str_puts(struct str *t, const char *s)
{
	str_add(t, s, strlen(s));
}

void
str_format(struct str *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	reserve(t, (size_t)n);
	va_start(ap, fmt);
	vsnprintf(t->s + t->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	t->len += (size_t)n;
}

void
str_clear(struct str *t)
{
	t->len = 0;
	if (t->s != NULL)
		t->s[0] = '\0';
}

void
str_free(struct str *t)
{
	free(t->s);
	*t = (struct str){ 0 };
}

const char *
str_get(const struct str *t)
{
	return t->s != NULL ? t->s : "";
}

void
str_escape(struct str *t, const char *s, size_t n, bool ascii)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c == '\t')
			str_add(t, "\\t", 2);
		else if (c == '\n')
			str_add(t, "\\n", 2);
		else if (c == '\\')
			str_add(t, "\\\\", 2);
		else if (c < 0x20 || c == 0x7f || (ascii && c > 0x7e) ||
		    (ascii && c == ' ' && (i == 0 || i == n - 1)))
			str_format(t, "\\%03o", c);
		else
			str_add(t, &s[i], 1);
	}
}

static bool
octal(const char *s, size_t n)
{
	return n >= 3 && s[0] >= '0' && s[0] <= '3' &&
	    s[1] >= '0' && s[1] <= '7' && s[2] >= '0' && s[2] <= '7';
}

bool
str_unescape(struct str *t, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char c = s[i];

		if (c == '\\') {
			if (++i == n)
				return false;
			if (octal(s + i, n - i)) {
				c = (char)((s[i] - '0') << 6 | (s[i + 1] - '0') << 3 | (s[i + 2] - '0'));
				i += 2;
			} else if (s[i] == 't')
				c = '\t';
			else if (s[i] == 'n')
				c = '\n';
			else if (s[i] == '\\')
				c = '\\';
			else
				return false;
		}
		str_add(t, &c, 1);
	}
	return true;
}

/* Any text as armor: what comes out of it is what armor_put makes the same text of, but for the ends of lines and what is around. */
#include <stdlib.h>
#include <string.h>

#include "armor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The text without CR, and without white space before and behind. */
static void
plain(struct str *out, const char *s, size_t n)
{
	while (n > 0 && strchr(" \t\r\n", *s) != NULL && *s != '\0')
		s++, n--;
	while (n > 0 && strchr(" \t\r\n", s[n - 1]) != NULL && s[n - 1] != '\0')
		n--;
	for (size_t i = 0; i < n; i++)
		if (s[i] != '\r')
			str_add(out, &s[i], 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data, *end = at + size, *newline;
	struct str bytes = { 0 }, again = { 0 }, was = { 0 };
	struct armor armor = { 0 };
	enum armor_rc rc = ARMOR_OK;
	uint8_t out[ARMOR_BYTES];
	size_t got;

	for (; at < end && rc == ARMOR_OK; at = newline + (newline < end)) {
		if ((newline = memchr(at, '\n', (size_t)(end - at))) == NULL)
			newline = end;
		if ((rc = armor_line(&armor, at, (size_t)(newline - at), out, &got)) == ARMOR_OK)
			str_add(&bytes, out, got);
	}
	if (rc == ARMOR_OK && armor_end(&armor) == ARMOR_OK) {
		str_puts(&again, ARMOR_BEGIN "\n");
		armor_put(&again, (const uint8_t *)str_get(&bytes), bytes.len);
		str_puts(&again, ARMOR_END);
		plain(&was, (const char *)data, size);
		if (was.len != again.len || memcmp(was.s, again.s, was.len) != 0)
			abort();
	}
	str_free(&bytes);
	str_free(&again);
	str_free(&was);
	return 0;
}

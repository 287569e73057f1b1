#include "described.h"

#include <stdint.h>
#include <string.h>

#include "base64.h"
#include "json.h"

enum { LONGEST = 4096 };                /* bytes behind the base64; a description has 1024 characters */

/* UTF-8 that was taken for Latin-1 and encoded again: back.  false where it is not. */
static bool
latin(const char *s, size_t n, struct str *out)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c >= 0x80) {
			if ((c & 0xfe) != 0xc2 || i + 1 == n || ((unsigned char)s[i + 1] & 0xc0) != 0x80)
				return false;
			c = (unsigned char)(c << 6 | ((unsigned char)s[++i] & 0x3f));
		}
		str_add(out, &c, 1);
	}
	return true;
}

static bool
mt(const char *s, struct str *name)
{
	char text[LONGEST];
	size_t digits;
	struct str once = { 0 };
	const char *file = NULL;
	struct json *j = NULL;
	int n;

	if (strncmp(s, "mt1 ", 4) != 0 && strncmp(s, "mt2 ", 4) != 0)
		return false;
	digits = strcspn(s + 4, "= ");
	if ((n = base64_get(text, sizeof text, BASE64_URL, s + 4, digits)) < 0)
		return false;
	if (s[2] == '2')
		str_add(&once, text, (size_t)n);
	if (s[2] == '2' || latin(text, (size_t)n, &once))
		j = json_parse(str_get(&once), once.len);
	if (j != NULL && (file = json_get_string(j, "filename")) != NULL)
		str_puts(name, file);
	str_free(&once);
	json_free(j);
	return file != NULL;
}

static bool
fast(const char *s, struct str *name)
{
	const char *p, *end;
	char text[LONGEST];
	int n = -1;

	if (strncmp(s, "<m><v>", 6) != 0 || (p = strstr(s, "<p>")) == NULL || (end = strstr(p, "</p>")) == NULL)
		return false;
	p += 3;
	/* Version 4 encodes; before, a path was plain. */
	if (s[6] >= '4' && s[6] <= '9')
		n = base64_get(text, sizeof text, BASE64_PADDED, p, (size_t)(end - p));
	if (n >= 0)
		str_add(name, text, (size_t)n);
	else
		str_add(name, p, (size_t)(end - p));
	return true;
}

void
described_name(const char *description, struct str *name)
{
	str_clear(name);
	if (!mt(description, name) && !fast(description, name) &&
	    !str_unescape(name, description, strlen(description))) {
		str_clear(name);
		str_puts(name, description);
	}
	/* No name holds a NUL, and no ledger can. */
	if (strlen(str_get(name)) != name->len)
		str_clear(name);
}

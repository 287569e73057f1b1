#include "armor.h"

#include <string.h>

#include "base64.h"

void
armor_put(struct str *out, const uint8_t *bytes, size_t n)
{
	for (size_t line; n > 0; bytes += line, n -= line) {
		line = n < ARMOR_BYTES ? n : ARMOR_BYTES;
		base64_put(out, BASE64_PADDED, bytes, line);
		str_puts(out, "\n");
	}
}

const char *
armor_strerror(enum armor_rc rc)
{
	switch (rc) {
	case ARMOR_OK: return "no error";
	case ARMOR_LEAD: return "something stands in front of the armor";
	case ARMOR_MARK: return "the armor does not begin with " ARMOR_BEGIN;
	case ARMOR_LINE: return "the armor is malformed";
	case ARMOR_TAIL: return "something stands behind the armor";
	case ARMOR_CUT: return "the armor is cut short";
	}
	return "unknown error";
}

static size_t
blanks(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && (s[i] == ' ' || s[i] == '\t' || s[i] == '\r'))
		i++;
	return i;
}

static enum armor_rc
body(struct armor *a, const char *line, size_t n, uint8_t out[ARMOR_BYTES], size_t *got)
{
	static const char end[] = ARMOR_END;
	int bytes;

	if (n >= sizeof end - 1 && memcmp(line, end, sizeof end - 1) == 0) {
		a->state = ARMOR_AFTER;
		return blanks(line + sizeof end - 1, n - (sizeof end - 1)) == n - (sizeof end - 1) ? ARMOR_OK : ARMOR_TAIL;
	}
	if (n > 0 && line[n - 1] == '\r')
		n--;
	if (a->state == ARMOR_SHORT || n == 0 || n > ARMOR_COLUMNS ||
	    (bytes = base64_get(out, ARMOR_BYTES, BASE64_PADDED, line, n)) < 0)
		return ARMOR_LINE;
	*got = (size_t)bytes;
	if (*got < ARMOR_BYTES)
		a->state = ARMOR_SHORT;
	return ARMOR_OK;
}

enum armor_rc
armor_line(struct armor *a, const char *line, size_t n, uint8_t out[ARMOR_BYTES], size_t *got)
{
	static const char begin[] = ARMOR_BEGIN;
	size_t lead;

	*got = 0;
	a->line++;
	switch (a->state) {
	case ARMOR_BEFORE:
		if ((lead = blanks(line, n)) == n)
			return ARMOR_OK;
		line += lead;
		n -= lead;
		if (line[n - 1] == '\r')
			n--;
		if (n != sizeof begin - 1 || memcmp(line, begin, n) != 0)
			return ARMOR_MARK;
		a->state = ARMOR_BODY;
		return ARMOR_OK;
	case ARMOR_AFTER:
		return blanks(line, n) == n ? ARMOR_OK : ARMOR_TAIL;
	case ARMOR_BODY:
	case ARMOR_SHORT:
		break;
	}
	return body(a, line, n, out, got);
}

enum armor_rc
armor_end(const struct armor *a)
{
	return a->state == ARMOR_AFTER ? ARMOR_OK : ARMOR_CUT;
}

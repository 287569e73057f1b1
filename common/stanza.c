#include "stanza.h"

#include <string.h>

#include "base64.h"

enum { COLUMNS = 64, BYTES = COLUMNS / 4 * 3 };

/* Arguments of printable characters, one blank between. */
static bool
arguments(struct stanza *s, const char *line, size_t n)
{
	size_t from = 3;

	if (n < 4 || memcmp(line, "-> ", 3) != 0)
		return false;
	s->args = 0;
	for (size_t i = from; i <= n; i++) {
		if (i < n && line[i] != ' ') {
			if (line[i] < 0x21 || line[i] > 0x7e)
				return false;
			continue;
		}
		if (i == from)
			return false;
		if (s->args < STANZA_ARGS) {
			s->arg[s->args].s = line + from;
			s->arg[s->args].len = i - from;
		}
		s->args++;
		from = i + 1;
	}
	return true;
}

static bool
body_line(struct stanza *s, const char *line, size_t n)
{
	uint8_t bytes[BYTES];
	int got;

	if (n > COLUMNS || (got = base64_get(bytes, sizeof bytes, BASE64_BARE, line, n)) < 0)
		return false;
	for (int i = 0; i < got && s->len + (size_t)i < sizeof s->body; i++)
		s->body[s->len + (size_t)i] = bytes[i];
	s->len += (size_t)got;
	return true;
}

enum stanza_rc
stanza_get(struct stanza *s, const char **text, const char *end, unsigned long *line)
{
	const char *at = *text, *newline;
	bool first = true;
	size_t n;

	if (end - at >= 3 && memcmp(at, "---", 3) == 0)
		return STANZA_END;
	s->len = 0;
	do {
		if ((newline = memchr(at, '\n', (size_t)(end - at))) == NULL)
			return STANZA_MORE;
		++*line;
		n = (size_t)(newline - at);
		if (first ? !arguments(s, at, n) : !body_line(s, at, n))
			return STANZA_BAD;
		at = newline + 1;
		if (!first && n < COLUMNS)
			break;
		first = false;
	} while (true);
	*text = at;
	return STANZA_OK;
}

bool
stanza_is(const struct stanza *s, const char *type)
{
	return s->arg[0].len == strlen(type) && memcmp(s->arg[0].s, type, s->arg[0].len) == 0;
}

bool
stanza_bytes(const struct stanza *s, size_t i, void *out, size_t n)
{
	return i < s->args && i < STANZA_ARGS && s->arg[i].len == (n * 8 + 5) / 6 &&
	    base64_get(out, n, BASE64_BARE, s->arg[i].s, s->arg[i].len) == (int)n;
}

void
stanza_put(struct str *out, const char *args, const uint8_t body[STANZA_BODY])
{
	/* STANZA_BODY bytes are one line that is not full, and so the last one. */
	str_format(out, "-> %s\n", args);
	base64_put(out, BASE64_BARE, body, STANZA_BODY);
	str_puts(out, "\n");
}

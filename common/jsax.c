#include "jsax.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "str.h"

enum state {
	VALUE,                  /* one must come, */
	FIRST_VALUE,            /* or the end of an array that has none yet */
	KEY, FIRST_KEY,         /* the same of an object */
	COLON,
	AFTER,                  /* a value: a comma or an end */
	STRING, ESCAPE, HEX,
	BARE,                   /* a number or a word, which ends where something else begins */
	OVER,
	BAD
};

struct jsax {
	jsax_tell *tell;
	void *with;
	enum state state;
	bool is_key;                    /* the string is one */
	unsigned depth;
	bool object[JSAX_DEPTH];        /* else an array */
	struct str text;
	unsigned digits;                /* of \uXXXX that came */
	uint32_t code, high;            /* its value; the first half of a pair, or 0 */
};

struct jsax *
jsax_new(jsax_tell *tell, void *with)
{
	struct jsax *j = mem_alloc(sizeof *j);

	j->tell = tell;
	j->with = with;
	return j;
}

void
jsax_free(struct jsax *j)
{
	if (j == NULL)
		return;
	str_free(&j->text);
	free(j);
}

bool
jsax_whole(const struct jsax *j)
{
	return j->state == OVER;
}

static bool
tell(struct jsax *j, enum jsax_event e)
{
	return j->tell(j->with, e, j->depth, e >= JSAX_KEY ? str_get(&j->text) : "");
}

static bool
begin(struct jsax *j, bool object)
{
	if (j->depth == JSAX_DEPTH || !tell(j, object ? JSAX_OBJECT : JSAX_ARRAY))
		return false;
	j->object[j->depth++] = object;
	j->state = object ? FIRST_KEY : FIRST_VALUE;
	return true;
}

static bool
end(struct jsax *j, bool object)
{
	if (j->depth == 0 || j->object[j->depth - 1] != object)
		return false;
	j->depth--;
	j->state = j->depth == 0 ? OVER : AFTER;
	return tell(j, JSAX_END);
}

static bool
begin_text(struct jsax *j, enum state state, bool is_key)
{
	str_clear(&j->text);
	j->state = state;
	j->is_key = is_key;
	j->high = 0;
	return true;
}

static bool
add(struct jsax *j, const char *s, size_t n)
{
	if (n > JSAX_TEXT - j->text.len)
		return false;
	str_add(&j->text, s, n);
	return true;
}

static bool
end_string(struct jsax *j)
{
	if (j->high != 0)
		return false;
	j->state = j->is_key ? COLON : AFTER;
	return tell(j, j->is_key ? JSAX_KEY : JSAX_STRING);
}

static size_t
digits(const char *s)
{
	return strspn(s, "0123456789");
}

/* RFC 8259 section 6. */
static bool
is_number(const char *s)
{
	s += *s == '-';
	if (digits(s) == 0 || (*s == '0' && digits(s) > 1))
		return false;
	s += digits(s);
	if (*s == '.') {
		if (digits(++s) == 0)
			return false;
		s += digits(s);
	}
	if (*s == 'e' || *s == 'E') {
		s++;
		s += *s == '-' || *s == '+';
		if (digits(s) == 0)
			return false;
		s += digits(s);
	}
	return *s == '\0';
}

static bool
end_bare(struct jsax *j)
{
	const char *s = str_get(&j->text);

	j->state = AFTER;
	if (strcmp(s, "true") == 0 || strcmp(s, "false") == 0 || strcmp(s, "null") == 0)
		return tell(j, JSAX_WORD);
	return is_number(s) && tell(j, JSAX_NUMBER);
}

static bool
add_utf8(struct jsax *j, uint32_t c)
{
	char b[4];
	size_t n;

	if (c < 0x80)
		b[0] = (char)c, n = 1;
	else if (c < 0x800)
		b[0] = (char)(0xc0 | c >> 6), n = 2;
	else if (c < 0x10000)
		b[0] = (char)(0xe0 | c >> 12), n = 3;
	else
		b[0] = (char)(0xf0 | c >> 18), n = 4;
	for (size_t i = 1; i < n; i++)
		b[i] = (char)(0x80 | (c >> (6 * (n - 1 - i)) & 0x3f));
	return add(j, b, n);
}

/* A whole \uXXXX: one character, or half of one. */
static bool
end_hex(struct jsax *j)
{
	uint32_t c = j->code;

	j->state = STRING;
	if (j->high != 0) {
		if (c < 0xdc00 || c > 0xdfff)
			return false;
		c = 0x10000 + ((j->high - 0xd800) << 10) + (c - 0xdc00);
		j->high = 0;
	} else if (c >= 0xd800 && c <= 0xdbff) {
		j->high = c;
		return true;
	} else if (c == 0 || (c >= 0xdc00 && c <= 0xdfff))
		return false;
	return add_utf8(j, c);
}

static bool
hex(struct jsax *j, char c)
{
	uint32_t v;

	if (c >= '0' && c <= '9')
		v = (uint32_t)(c - '0');
	else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		v = (uint32_t)((c | 0x20) - 'a' + 10);
	else
		return false;
	j->code = j->code << 4 | v;
	return ++j->digits < 4 || end_hex(j);
}

static bool
escape(struct jsax *j, char c)
{
	static const char names[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
	const char *at = c != '\0' ? strchr(names, c) : NULL;

	if (c == 'u') {
		j->state = HEX;
		j->digits = 0;
		j->code = 0;
		return true;
	}
	j->state = STRING;
	return at != NULL && j->high == 0 && add(j, &means[at - names], 1);
}

/* A byte that stands in no string. */
static bool
outside(struct jsax *j, char c)
{
	bool value = j->state == VALUE || j->state == FIRST_VALUE;

	if (c == ' ' || c == '\t' || c == '\n' || c == '\r')
		return true;
	switch (c) {
	case '{': return value && begin(j, true);
	case '[': return value && begin(j, false);
	case '}': return (j->state == AFTER || j->state == FIRST_KEY) && end(j, true);
	case ']': return (j->state == AFTER || j->state == FIRST_VALUE) && end(j, false);
	case ':':
		if (j->state != COLON)
			return false;
		j->state = VALUE;
		return true;
	case ',':
		if (j->state != AFTER)
			return false;
		j->state = j->object[j->depth - 1] ? KEY : VALUE;
		return true;
	case '"':
		if (value && j->depth != 0)
			return begin_text(j, STRING, false);
		return (j->state == KEY || j->state == FIRST_KEY) && begin_text(j, STRING, true);
	default:
		/* Which bytes they are is looked at when it ends. */
		return value && j->depth != 0 && c > ' ' && begin_text(j, BARE, false) && add(j, &c, 1);
	}
}

static bool
step(struct jsax *j, char c)
{
	switch (j->state) {
	case ESCAPE: return escape(j, c);
	case HEX: return hex(j, c);
	case STRING:
		if (c == '"')
			return end_string(j);
		if (c == '\\') {
			j->state = ESCAPE;
			return true;
		}
		return (unsigned char)c >= 0x20 && j->high == 0 && add(j, &c, 1);
	case BARE:
		if (c > ' ' && strchr(",]}:[{\"", c) == NULL)
			return add(j, &c, 1);
		return end_bare(j) && outside(j, c);
	default:
		return j->state != BAD && outside(j, c);
	}
}

bool
jsax_feed(struct jsax *j, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		/* The bulk of it: a run of plain bytes in a string. */
		if (j->state == STRING && j->high == 0) {
			size_t run = i;

			while (run < n && (unsigned char)text[run] >= 0x20 && text[run] != '"' && text[run] != '\\')
				run++;
			if (!add(j, text + i, run - i)) {
				j->state = BAD;
				return false;
			}
			if ((i = run) == n)
				break;
		}
		if (!step(j, text[i])) {
			j->state = BAD;
			return false;
		}
	}
	return j->state != BAD;
}

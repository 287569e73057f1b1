#include "xml.h"

#include <stdlib.h>
#include <string.h>

#include <expat.h>

#include "err.h"
#include "mem.h"

struct xml {
	XML_Parser parser;
	xml_element *call;
	void *shared;
	struct str path, text;
	size_t start[XML_DEPTH];        /* of path: where each element's part begins */
	size_t depth, elements;
	bool leaf;                      /* nothing has ended in the element that began last */
	bool bad;
};

static void
stop(struct xml *x)
{
	x->bad = true;
	XML_StopParser(x->parser, XML_FALSE);
}

static void
on_begin(void *shared, const char *name, const char **attributes)
{
	const char *prefix = strchr(name, ':');
	struct xml *x = shared;

	(void)attributes;
	if (x->depth == XML_DEPTH || x->elements++ == XML_ELEMENTS || strlen(name) > XML_TEXT) {
		stop(x);
		return;
	}
	x->start[x->depth++] = x->path.len;
	if (x->path.len != 0)
		str_puts(&x->path, "/");
	str_puts(&x->path, prefix != NULL ? prefix + 1 : name);
	str_clear(&x->text);
	x->leaf = true;
}

static void
on_end(void *shared, const char *name)
{
	struct xml *x = shared;

	(void)name;
	if (x->bad)
		return;
	if (!x->call(x->shared, str_get(&x->path), x->leaf ? str_get(&x->text) : ""))
		stop(x);
	x->path.len = x->start[--x->depth];
	x->path.s[x->path.len] = '\0';
	str_clear(&x->text);
	x->leaf = false;
}

static void
on_text(void *shared, const char *s, int n)
{
	struct xml *x = shared;

	if (x->text.len + (size_t)n > XML_TEXT)
		stop(x);
	else
		str_add(&x->text, s, (size_t)n);
}

static void
on_doctype(void *shared, const char *name, const char *system, const char *public, int internal)
{
	(void)name, (void)system, (void)public, (void)internal;
	stop(shared);
}

struct xml *
xml_new(xml_element *call, void *shared)
{
	struct xml *x = mem_alloc(sizeof *x);

	if ((x->parser = XML_ParserCreate(NULL)) == NULL)
		die(ST_FAIL, "out of memory");
	x->call = call;
	x->shared = shared;
	XML_SetUserData(x->parser, x);
	XML_SetElementHandler(x->parser, on_begin, on_end);
	XML_SetCharacterDataHandler(x->parser, on_text);
	XML_SetStartDoctypeDeclHandler(x->parser, on_doctype);
	return x;
}

void
xml_free(struct xml *x)
{
	if (x == NULL)
		return;
	XML_ParserFree(x->parser);
	str_free(&x->path);
	str_free(&x->text);
	free(x);
}

static bool
parse(struct xml *x, const char *bytes, size_t n, bool last)
{
	enum { PIECE = 1 << 20 };       /* expat counts in int */

	do {
		size_t part = n < PIECE ? n : PIECE;

		if (!x->bad && XML_Parse(x->parser, bytes, (int)part, last && part == n) != XML_STATUS_OK)
			x->bad = true;
		bytes += part;
		n -= part;
	} while (n != 0 && !x->bad);
	return !x->bad;
}

bool
xml_add(struct xml *x, const void *bytes, size_t n)
{
	return parse(x, bytes, n, false);
}

bool
xml_end(struct xml *x)
{
	return parse(x, "", 0, true);
}

bool
xml_parse(const char *text, size_t n, xml_element *call, void *shared)
{
	struct xml *x = xml_new(call, shared);
	bool good = xml_add(x, text, n) && xml_end(x);

	xml_free(x);
	return good;
}

void
xml_text(struct str *out, const char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '<')
			str_puts(out, "&lt;");
		else if (c == '>')
			str_puts(out, "&gt;");
		else if (c == '&')
			str_puts(out, "&amp;");
		else if (c == '\r')
			str_puts(out, "&#13;");
		else if (c < 0x20 && c != '\t' && c != '\n')
			str_puts(out, "?");
		else
			str_add(out, text, 1);
	}
}

void
xml_put(struct str *out, const char *name, const char *text)
{
	str_format(out, "<%s>", name);
	xml_text(out, text);
	str_format(out, "</%s>", name);
}

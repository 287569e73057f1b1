/* xml.h: what is read, what is refused, what is written. */
#include <stdlib.h>
#include <string.h>

#include "xml.h"

#include "tap.h"

static bool
note(void *shared, const char *path, const char *text)
{
	str_format(shared, "%s=%s;", path, text);
	return strcmp(text, "stop") != 0;
}

static const struct { const char *name, *text, *want; } good[] = {
	{ "an element", "<a>x</a>", "a=x;" },
	{ "in another", "<a><b>x</b><b/></a>", "a/b=x;a/b=;a=;" },
	{ "blanks between elements are no text", "<a>\n <b>x</b>\n</a>", "a/b=x;a=;" },
	{ "a name space", "<a xmlns='u' xmlns:p='v'><p:b>x</p:b></a>", "a/b=x;a=;" },
	{ "entities", "<a>&lt;&amp;&#65;&quot;</a>", "a=<&A\";" },
	{ "a section", "<a><![CDATA[<x>]]></a>", "a=<x>;" },
	{ "a declaration", "<?xml version='1.0' encoding='UTF-8'?>\n<a>\303\251</a>", "a=\303\251;" },
	{ "blanks before and behind", "\n<a/>\n", "a=;" },
};

static const struct { const char *name, *text; } bad[] = {
	{ "nothing", "" }, { "no XML", "hello" }, { "not ended", "<a>" }, { "crossed", "<a><b></a></b>" }, { "two", "<a/><b/>" },
	{ "an entity of its own", "<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>" }, { "a document type", "<!DOCTYPE a><a/>" },
	{ "an unknown entity", "<a>&e;</a>" }, { "no UTF-8", "<a>\377</a>" }, { "stopped", "<a><b>stop</b></a>" },
	{ "deep", "<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a/></a></a></a></a></a></a></a></a></a></a></a></a></a></a></a></a>" },
};

int
main(void)
{
	struct str out = { 0 };
	char *big;

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		struct xml *x = xml_new(note, &out);
		bool ok = true;

		str_clear(&out);
		for (const char *s = good[i].text; *s != '\0'; s++)
			ok = ok && xml_add(x, s, 1);
		ok = ok && xml_end(x);
		is(ok && strcmp(str_get(&out), good[i].want) == 0, "%s, byte by byte", good[i].name);
		xml_free(x);
		str_clear(&out);
		is(xml_parse(good[i].text, strlen(good[i].text), note, &out) && strcmp(str_get(&out), good[i].want) == 0,
		    "%s", good[i].name);
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		str_clear(&out);
		is(!xml_parse(bad[i].text, strlen(bad[i].text), note, &out), "refused: %s", bad[i].name);
	}
	str_clear(&out);
	str_puts(&out, "<a>");
	for (int i = 0; i <= XML_TEXT; i++)
		str_puts(&out, "x");
	str_puts(&out, "</a>");
	big = out.s;
	is(!xml_parse(big, out.len, note, &(struct str){ 0 }), "refused: a text that is too long");
	str_free(&out);
	xml_put(&out, "K", "<a>&\r\001b\303\251");
	is(strcmp(str_get(&out), "<K>&lt;a&gt;&amp;&#13;?b\303\251</K>") == 0, "what is written is escaped");
	str_free(&out);
	return tap_done();
}

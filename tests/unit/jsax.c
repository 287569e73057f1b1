/* jsax.h, stock.h, described.h: what is JSON, what an inventory, and names in descriptions. */
#include <stdlib.h>
#include <string.h>

#include "described.h"
#include "jsax.h"
#include "mem.h"
#include "stock.h"
#include "str.h"

#include "tap.h"

static bool
show(void *with, enum jsax_event e, unsigned depth, const char *text)
{
	static const char letters[] = "{[)ksnw";

	str_format(with, "%c%u%s ", letters[e], depth, text);
	return strcmp(text, "stop") != 0;
}

/* What is told of the text when it comes in pieces of n bytes; "no" where it is none. */
static void
tell(struct str *out, const char *text, size_t len, size_t n)
{
	struct jsax *j = jsax_new(show, out);
	bool good = true;

	str_clear(out);
	for (size_t i = 0; i < len && good; i += n)
		good = jsax_feed(j, text + i, len - i < n ? len - i : n);
	if (!good || !jsax_whole(j)) {
		str_clear(out);
		str_puts(out, "no");
	}
	jsax_free(j);
}

static const struct { const char *text, *events; } texts[] = {
	{ "{}", "{0 )0 " },
	{ " [ ] \n", "[0 )0 " },
	{ "[1,-0.5e+7,true,null,\"a\"]", "[0 n11 n1-0.5e+7 w1true w1null s1a )0 " },
	{ "{\"k\":{\"l\":[[]]},\"m\":\"\"}", "{0 k1k {1 k2l [2 [3 )3 )2 )1 k1m s1 )0 " },
	{ "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\"]", "[0 s1\"\\/\b\f\n\r\tA )0 " },
	{ "[\"\\u00e4\\u20AC\\uD83D\\uDE00\xc3\xa4\"]", "[0 s1\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\xc3\xa4 )0 " },
	{ "[1 ,2]", "[0 n11 n12 )0 " },
	{ "", "no" }, { "1", "no" }, { "\"a\"", "no" }, { "{", "no" }, { "[1", "no" }, { "[1,]", "no" }, { "[,1]", "no" },
	{ "[1 2]", "no" }, { "{\"a\"}", "no" }, { "{\"a\":}", "no" }, { "{\"a\":1,}", "no" }, { "{1:2}", "no" }, { "{a:1}", "no" },
	{ "[}", "no" }, { "{]", "no" }, { "[]]", "no" }, { "[] x", "no" }, { "[][]", "no" }, { "[01]", "no" }, { "[-]", "no" },
	{ "[1.]", "no" }, { "[.5]", "no" }, { "[1e]", "no" }, { "[+1]", "no" }, { "[True]", "no" }, { "[nul]", "no" },
	{ "[truefalse]", "no" }, { "[1\"a\"]", "no" }, { "[\"a\" \"b\"]", "no" }, { "[\"\t\"]", "no" }, { "[\"\\x\"]", "no" },
	{ "[\"\\u00g0\"]", "no" }, { "[\"\\u0000\"]", "no" }, { "[\"\\ud800\"]", "no" }, { "[\"\\ud800x\"]", "no" },
	{ "[\"\\ud800\\u0041\"]", "no" }, { "[\"\\ud800\\n\"]", "no" }, { "[\"\\udc00\"]", "no" }, { "[\"stop\",1]", "no" },
	{ "{\"a\"::1}", "no" }, { "[\xc3\xa4]", "no" }, { "\xef\xbb\xbf[]", "no" },
};

static void
events(void)
{
	struct str out = { 0 };
	char *deep = mem_alloc(4 * JSAX_DEPTH), *longest = mem_alloc(JSAX_TEXT + 10);

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		for (size_t n = 1; n < 100; n = n < 3 ? n + 1 : 99 + (n == 99)) {
			tell(&out, texts[i].text, strlen(texts[i].text), n);
			is(strcmp(str_get(&out), texts[i].events) == 0, "%s by %zu", texts[i].text, n);
		}
	memset(deep, '[', JSAX_DEPTH);
	memset(deep + JSAX_DEPTH, ']', JSAX_DEPTH);
	tell(&out, deep, 2 * JSAX_DEPTH, 7);
	is(strcmp(str_get(&out), "no") != 0, "as deep as may be");
	memset(deep, '[', JSAX_DEPTH + 1);
	memset(deep + JSAX_DEPTH + 1, ']', JSAX_DEPTH + 1);
	tell(&out, deep, 2 * JSAX_DEPTH + 2, 7);
	is(strcmp(str_get(&out), "no") == 0, "too deep");
	memset(longest, 'x', JSAX_TEXT + 10);
	memcpy(longest, "[\"", 2);
	memcpy(longest + JSAX_TEXT + 2, "\"]", 2);
	tell(&out, longest, JSAX_TEXT + 4, 1000);
	is(out.len > JSAX_TEXT, "a string as long as may be");
	memcpy(longest + JSAX_TEXT + 2, "x\"]", 3);
	tell(&out, longest, JSAX_TEXT + 5, 1000);
	is(strcmp(str_get(&out), "no") == 0, "one that is too long");
	free(deep);
	free(longest);
	str_free(&out);
}

#define H "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define A "{\"ArchiveId\":\"i\",\"ArchiveDescription\":\"d\",\"CreationDate\":\"2012-08-23T19:08:30Z\",\"Size\":7,\"SHA256TreeHash\":\"" H "\"}"
#define V(list) "{\"VaultARN\":\"a\",\"InventoryDate\":\"x\",\"ArchiveList\":" list "}"

static const struct { const char *text; int archives; } stocks[] = {    /* -1: it is none */
	{ V("[]"), 0 },
	{ V("[" A "]"), 1 },
	{ V("[" A "," A "]"), 2 },
	{ "{\"ArchiveList\":[" A "],\"More\":{\"ArchiveList\":[{}]}}", 1 },
	{ V("[{\"New\":[{\"ArchiveId\":1}],\"SHA256TreeHash\":\"" H "\",\"Size\":0,\"ArchiveDescription\":null,\"ArchiveId\":\"-x\",\"CreationDate\":\"2012-03-20T17:03:43.221Z\"}]"), 1 },
	{ "{}", -1 }, { "[]", -1 }, { "[" A "]", -1 }, { V("{}"), -1 }, { V("null"), -1 }, { V("[{}]"), -1 },
	{ V("[" A "") , -1 },
	{ "{\"Lists\":[" A "]}", -1 },
	{ V("[{\"ArchiveId\":\"i\",\"CreationDate\":\"2012-08-23T19:08:30Z\",\"Size\":\"7\",\"SHA256TreeHash\":\"" H "\"}]"), -1 },
	{ V("[{\"ArchiveId\":\"i\",\"CreationDate\":\"2012-08-23T19:08:30Z\",\"Size\":-7,\"SHA256TreeHash\":\"" H "\"}]"), -1 },
	{ V("[{\"ArchiveId\":\"i\",\"CreationDate\":\"2012-08-23T19:08:30Z\",\"Size\":7e3,\"SHA256TreeHash\":\"" H "\"}]"), -1 },
	{ V("[{\"ArchiveId\":\"i\",\"CreationDate\":\"yesterday\",\"Size\":7,\"SHA256TreeHash\":\"" H "\"}]"), -1 },
	{ V("[{\"ArchiveId\":\"\",\"CreationDate\":\"2012-08-23T19:08:30Z\",\"Size\":7,\"SHA256TreeHash\":\"" H "\"}]"), -1 },
	{ V("[{\"ArchiveId\":\"i\",\"ArchiveId\":\"j\",\"CreationDate\":\"2012-08-23T19:08:30Z\",\"Size\":7,\"SHA256TreeHash\":\"" H "\"}]"), -1 },
	{ V("[{\"ArchiveId\":\"i\",\"CreationDate\":\"2012-08-23T19:08:30Z\",\"Size\":7,\"SHA256TreeHash\":\"00\"}]"), -1 },
};

static bool
count(void *with, const struct stock_archive *a)
{
	int *n = with;

	(*n)++;
	return a->id[0] != '\0' && a->size < 8 && a->time > 1300000000 && a->tree[0] == 0xe3;
}

static void
inventories(void)
{
	for (size_t i = 0; i < sizeof stocks / sizeof stocks[0]; i++)
		for (size_t step = 1; step < 2000; step += 1999 - 1) {
			const char *s = stocks[i].text;
			size_t len = strlen(s), k;
			int n = 0;
			struct stock *stock = stock_new(count, &n);
			bool good = true;

			for (k = 0; k < len && good; k += step)
				good = stock_feed(stock, s + k, len - k < step ? len - k : step);
			if (!good || !stock_whole(stock))
				n = -1;
			is(n == stocks[i].archives, "%d archives in %.60s by %zu", n, s, step);
			stock_free(stock);
		}
}

static const struct { const char *description, *name; } names[] = {
	{ "", "" }, { "photos", "photos" }, { "a\\tb", "a\tb" }, { "\\040x\\303\\244", " x\xc3\xa4" }, { "a\\qb", "a\\qb" },
	{ "\\000", "" },
	{ "mt2 eyJmaWxlbmFtZSI6ImEvYiIsIm10aW1lIjoiMjAxMzAxMDFUMDAwMDAwWiJ9", "a/b" },
	{ "mt2 eyJmaWxlbmFtZSI6ICJhL2IifQ==", "a/b" },
	{ "mt2 eyJtdGltZSI6IjEifQ", "mt2 eyJtdGltZSI6IjEifQ" },        /* no filename */
	{ "mt3 eyJmaWxlbmFtZSI6ImEvYiJ9", "mt3 eyJmaWxlbmFtZSI6ImEvYiJ9" },
	{ "mt2 !", "mt2 !" }, { "mt2 ", "mt2 " },
	{ "<m><v>4</v><p>YS9i</p><lm>20130101T000000Z</lm></m>", "a/b" },
	{ "<m><v>2</v><p>YS9i</p></m>", "YS9i" },
	{ "<m><v>4</v><p>", "<m><v>4</v><p>" },
	{ "<m><v>4</v><p>AA==</p></m>", "" },
};

int
main(void)
{
	struct str name = { 0 };

	events();
	inventories();
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		described_name(names[i].description, &name);
		is(strcmp(str_get(&name), names[i].name) == 0, "%s is called %s", names[i].description, str_get(&name));
	}
	str_free(&name);
	return tap_done();
}

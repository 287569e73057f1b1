/*
 * Any text: what the tree parser takes the events parser takes too, in pieces as at
 * once; and an inventory of any text, and its names, stay within their bounds.
 */
#include <stdlib.h>
#include <string.h>

#include "described.h"
#include "json.h"
#include "jsax.h"
#include "stock.h"
#include "str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
tell(void *with, enum jsax_event e, unsigned depth, const char *text)
{
	str_format(with, "%d %u %s\n", (int)e, depth, text);
	return true;
}

static bool
each(void *with, const struct stock_archive *a)
{
	described_name(a->description, with);
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct str once = { 0 }, pieces = { 0 }, name = { 0 };
	struct jsax *a = jsax_new(tell, &once), *b = jsax_new(tell, &pieces);
	struct stock *stock = stock_new(each, &name);
	bool good = jsax_feed(a, text, size) && jsax_whole(a), same = true;
	struct json *j = size < JSAX_TEXT ? json_parse(text, size) : NULL;

	for (size_t i = 0; i < size && same; i++)
		same = jsax_feed(b, text + i, 1);
	if (good != (same && jsax_whole(b)) || (good && strcmp(str_get(&once), str_get(&pieces)) != 0))
		abort();
	/* jansson goes deeper than we do. */
	if (j != NULL && !good && memchr(text, '[', size) == NULL)
		abort();
	if (stock_feed(stock, text, size) && stock_whole(stock) && !good)
		abort();
	json_free(j);
	stock_free(stock);
	jsax_free(a);
	jsax_free(b);
	str_free(&once);
	str_free(&pieces);
	str_free(&name);
	return 0;
}

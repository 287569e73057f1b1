/* Any bytes as XML, whole and in pieces: the same elements, bounded paths and texts. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
note(void *shared, const char *path, const char *text)
{
	if (strlen(text) > XML_TEXT || strlen(path) > (size_t)XML_DEPTH * (XML_TEXT + 1))
		abort();
	str_format(shared, "%s=%s;", path, text);
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str whole = { 0 }, pieces = { 0 };
	struct xml *x = xml_new(note, &pieces);
	bool good = true, same = xml_parse((const char *)data, size, note, &whole);

	for (size_t i = 0; i < size && good; i++)
		good = xml_add(x, data + i, 1);
	good = good && xml_end(x);
	if (good != same || (good && strcmp(str_get(&whole), str_get(&pieces)) != 0))
		abort();
	xml_free(x);
	str_free(&whole);
	str_free(&pieces);
	return 0;
}

/* Any text as Bech32: what is read is written again as it was. */
#include <stdlib.h>
#include <string.h>

#include "bech32.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct str again = { 0 };
	uint8_t key[32];

	memcpy(text, data, size);
	text[size] = '\0';
	if (bech32_get(key, sizeof key, "age", text)) {
		bech32_put(&again, text[0] == 'A' ? "AGE" : "age", key, sizeof key);
		if (strcmp(str_get(&again), text) != 0)
			abort();
	}
	str_free(&again);
	free(text);
	return 0;
}

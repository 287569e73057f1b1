/* Any bytes as a file of recipients, as one of identities, among them OpenSSH's, and as an identity file that is sealed. */
#include <stdlib.h>
#include <string.h>

#include "unseal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t file_key[AGE_FILE_KEY];
	struct age_keys keys = { .work = 1 };
	struct secret passphrase = { 0 }, plain = { 0 };
	uint8_t opened[AGE_FILE_KEY];
	struct str header = { 0 };
	char *copy = malloc(size + 1);
	unsigned long line;
	bool wanted;
	size_t n;

	/* An exact copy, so that a step beyond it is seen. */
	memcpy(copy, data, size);
	if (key_recipients(&keys.keys, copy, size, &line) == KEY_OK)
		age_header_put(&header, &keys, file_key);
	key_free(&keys.keys);
	str_clear(&header);
	if (key_identities(&keys.keys, copy, size, &line) == KEY_OK) {
		/* What it is told to open it must have been able to seal to. */
		age_header_put(&header, &keys, file_key);
		if (age_header_get(str_get(&header), header.len, &keys, opened, &n) != AGE_OK || memcmp(opened, file_key, sizeof opened) != 0)
			abort();
	}
	key_free(&keys.keys);
	secret_add(&passphrase, "x", 1);
	keys.passphrase = &passphrase;
	if (unseal_is(copy, size))
		unseal(&plain, copy, size, &keys, &wanted);
	secret_free(&plain);
	secret_free(&passphrase);
	str_free(&header);
	free(copy);
	return 0;
}

/* Any bytes as the header of an age file: never a file key, for no key of ours can be meant. */
#include <stdlib.h>

#include "age.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct secret passphrase;
	static struct age_keys keys = { .work = 1 };
	uint8_t file_key[AGE_FILE_KEY];
	size_t length;
	enum age_rc rc;

	if (keys.keys.n == 0) {
		if (key_identity(&keys.keys, "AGE-SECRET-KEY-184JMZMVQH3E6U0PSL869004Y3U2NYV7R30EU99CSEDNPH02YUVFSZW44VU") != KEY_OK)
			abort();
		secret_add(&passphrase, "x", 1);
		keys.passphrase = &passphrase;
	}
	rc = age_header_get(data, size, &keys, file_key, &length);
	if (rc == AGE_OK || (rc == AGE_HEADER && length > size + 1) || (rc == AGE_MORE && size >= AGE_HEADER_MAX))
		abort();
	return 0;
}

/* Any bytes as the header of an age file: never a file key, for no identity of ours can be meant. */
#include <stdlib.h>

#include "age.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct keys identities;
	uint8_t file_key[AGE_FILE_KEY];
	size_t length;

	if (identities.n == 0 &&
	    !key_identity(&identities, "AGE-SECRET-KEY-184JMZMVQH3E6U0PSL869004Y3U2NYV7R30EU99CSEDNPH02YUVFSZW44VU"))
		key_recipient(&identities, "age1");
	if (age_header_get(data, size, &identities, file_key, &length) == AGE_OK && length > size)
		abort();
	return 0;
}

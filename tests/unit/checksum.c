/* checksum.h and crc.h: published values. */
#include <stdlib.h>
#include <string.h>

#include "checksum.h"

#include "tap.h"

static const struct {
	enum checksum_kind kind;
	const char *data, *want;
} good[] = {
	{ CHECKSUM_CRC32, "123456789", "y/Q5Jg==" },
	{ CHECKSUM_CRC32, "", "AAAAAA==" },
	{ CHECKSUM_CRC32C, "123456789", "4waSgw==" },
	{ CHECKSUM_CRC64NVME, "123456789", "rosUhgp5mIg=" },
	{ CHECKSUM_CRC64NVME, "hello world", "jSnVw/bqjr4=" },
	{ CHECKSUM_SHA1, "abc", "qZk+NkcGgWq6PiVxeFDCbJzQ2J0=" },
	{ CHECKSUM_SHA256, "", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" },
	{ CHECKSUM_MD5, "abc", "kAFQmDzST7DWlj99KOF/cg==" },
};

static const char *const bad[] = {
	"", "y/Q5Jg", "y/Q5Jg=", "y/Q5Jh==", "y/Q5Jg==y/Q5", "y Q5Jg==", "4waSgw===", "y/Q5JgA="
};

int
main(void)
{
	uint8_t raw[32], back[32];
	char text[CHECKSUM_TEXT];

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		struct checksum *c = checksum_new(good[i].kind);
		size_t n = strlen(good[i].data);

		for (size_t at = 0; at < n; at++)
			checksum_add(c, good[i].data + at, 1);
		checksum_end(c, raw);
		checksum_text(text, good[i].kind, raw);
		is(strcmp(text, good[i].want) == 0, "%s of \"%s\"", checksum_name(good[i].kind), good[i].data);
		is(checksum_valid(good[i].kind, text, back) && memcmp(raw, back, checksum_size(good[i].kind)) == 0, "and back");
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		is(!checksum_valid(CHECKSUM_CRC32, bad[i], raw), "refused: \"%s\"", bad[i]);
	is(checksum_named("sha256") == CHECKSUM_SHA256 && checksum_named("SHA256") == CHECKSUM_SHA256, "names in either case");
	is(checksum_named("") == CHECKSUM_NONE && checksum_named("MD5") == CHECKSUM_NONE, "names that there are not");
	return tap_done();
}

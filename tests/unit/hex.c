/* hex.h */
#include <string.h>

#include "hex.h"

#include "tap.h"

static const char *const bad[] = {
	"", "0", "000", "00g0", "0g00", "00 0", " 000", "-000", "+000", "0x00", "00AA", "aaAa", "\xc3\xa4\xc3\xa4", "00\n0"
};

int
main(void)
{
	unsigned char all[256], back[256], two[2] = { 0x5a, 0xa5 };
	char text[513];

	for (int i = 0; i < 256; i++)
		all[i] = (unsigned char)i;
	hex_put(text, all, sizeof all);
	is(strlen(text) == 512 && strncmp(text, "000102", 6) == 0 && strcmp(text + 506, "fdfeff") == 0, "all bytes");
	is(hex_get(back, text, sizeof back) && memcmp(all, back, sizeof all) == 0, "and back");
	hex_put(text, all, 0);
	is(text[0] == '\0', "nothing is an empty string");
	is(hex_get(back, "", 0), "and back");
	is(hex_get(back, "5aa5zz", 2) && memcmp(back, two, 2) == 0, "what follows is not looked at");
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		is(!hex_get(back, bad[i], 2), "\"%s\" is not two bytes", bad[i]);
	return tap_done();
}

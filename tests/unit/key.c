/* key.h: what is a key, what is none, and why; files of them. */
#include <string.h>

#include "key.h"

#include "tap.h"

#define AGE "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"
#define SECRET "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"
#define SSH "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea"

static const struct { const char *text; enum key_rc rc; } recipient[] = {
	{ AGE, KEY_OK }, { SSH, KEY_OK }, { SSH " me", KEY_OK }, { SSH " me at home", KEY_OK },
	{ "ssh-ed25519  \tAAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea", KEY_OK },
	{ "", KEY_ALIEN }, { "hello", KEY_ALIEN }, { " " AGE, KEY_ALIEN }, { "AGE1QQQQ", KEY_ALIEN }, { "# " AGE, KEY_ALIEN },
	{ AGE " ", KEY_DAMAGED }, { AGE "q", KEY_DAMAGED }, { "age1", KEY_DAMAGED },
	{ "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqdp6ezr", KEY_DAMAGED },
	{ "age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t", KEY_PLUGIN },
	{ SECRET, KEY_IDENTITY }, { "AGE-PLUGIN-YUBIKEY-1GKZGCF", KEY_IDENTITY },
	{ "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQ", KEY_SSH_TYPE }, { "ecdsa-sha2-nistp256 AAAA", KEY_SSH_TYPE },
	{ "sk-ssh-ed25519@openssh.com AAAA", KEY_SSH_TYPE }, { "ssh-ed25519-cert-v01@openssh.com AAAA", KEY_SSH_TYPE },
	{ "ssh-ed25519", KEY_SSH_DAMAGED }, { "ssh-ed25519 ", KEY_SSH_DAMAGED }, { "ssh-ed25519 AAAA", KEY_SSH_DAMAGED },
	/* cut, longer, of another type inside, of no point on the curve, of a point of low order */
	{ "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1E", KEY_SSH_DAMAGED },
	{ "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1EaAAAA", KEY_SSH_DAMAGED },
	{ "ssh-ed25519 AAAAC3NzaC1lZDI1NTE4AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea", KEY_SSH_DAMAGED },
	{ "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", KEY_SSH_DAMAGED },
	{ "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", KEY_SSH_DAMAGED },
};

static const struct { const char *text; enum key_rc rc; } identity[] = {
	{ SECRET, KEY_OK }, { "", KEY_ALIEN }, { AGE, KEY_RECIPIENT }, { SSH, KEY_RECIPIENT },
	{ "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEY", KEY_DAMAGED },
	{ "age-secret-key-1gfpyysjzgfpyysjzgfpyysjzgfpyysjzgfpyysjzgfpyysjzgfpq4egaex", KEY_ALIEN },
	{ SECRET "\t", KEY_DAMAGED }, { "AGE-PLUGIN-YUBIKEY-1GKZGCF", KEY_PLUGIN },
};

/* A file of recipients, how it ends, in which line, and how many keys were in it. */
static const struct { const char *text; enum key_rc rc; unsigned long line; size_t keys; } file[] = {
	{ AGE, KEY_OK, 0, 1 }, { AGE "\n", KEY_OK, 0, 1 }, { AGE "\r\n" SSH "\r\n", KEY_OK, 0, 2 },
	{ "# a comment\n\n" AGE "\n#" AGE "\n", KEY_OK, 0, 1 },
	{ "", KEY_NONE, 0, 0 }, { "\n", KEY_NONE, 0, 0 }, { "# nothing\n", KEY_NONE, 0, 0 },
	{ AGE "\n\n# x\nage1\n", KEY_DAMAGED, 4, 1 }, { AGE "\n" SECRET, KEY_IDENTITY, 2, 1 }, { "\r\r\n", KEY_ALIEN, 1, 0 },
	{ AGE "\n #\n", KEY_ALIEN, 2, 1 },
};

int
main(void)
{
	static char long_line[20000];
	struct keys keys = { 0 };
	unsigned long line;
	enum key_rc rc;

	for (size_t i = 0; i < sizeof recipient / sizeof recipient[0]; i++) {
		rc = key_recipient(&keys, recipient[i].text);
		is(rc == recipient[i].rc, "'%s' %s", recipient[i].text, key_strerror(rc));
	}
	is(keys.n == 5, "the good ones are listed");
	key_free(&keys);
	for (size_t i = 0; i < sizeof identity / sizeof identity[0]; i++) {
		rc = key_identity(&keys, identity[i].text);
		is(rc == identity[i].rc, "'%s' %s", identity[i].text, key_strerror(rc));
	}
	key_free(&keys);
	for (size_t i = 0; i < sizeof file / sizeof file[0]; i++) {
		rc = key_recipients(&keys, file[i].text, strlen(file[i].text), &line);
		is(rc == file[i].rc && (rc == KEY_OK || line == file[i].line) && keys.n == file[i].keys, "file %zu: %s, line %lu", i,
		    key_strerror(rc), line);
		key_free(&keys);
	}
	is(key_recipients(&keys, AGE "\0x\n", sizeof AGE + 2, &line) == KEY_ALIEN && line == 1, "a NUL in a line");
	memset(long_line, 'a', sizeof long_line);
	is(key_recipients(&keys, long_line, sizeof long_line, &line) == KEY_ALIEN && line == 1, "a line that is too long");
	key_free(&keys);
	return tap_done();
}

#include "keyring.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "err.h"
#include "mem.h"
#include "unseal.h"

/* A file of keys, all of it. */
static void
read_text(struct secret *text, const char *path, bool secret)
{
	int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		edie(ST_FAIL, "%s", path);
	if (secret && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077) != 0)
		warn("%s: others may read this identity file; chmod 600 it", path);
	if (secret_read(text, fd, KEY_FILE_MAX) != 0)
		edie(ST_FAIL, "%s", path);
	if (fd != STDIN_FILENO)
		close(fd);
}

static void
check(const char *path, enum key_rc rc, unsigned long line)
{
	if (rc != KEY_OK && line != 0)
		die(ST_FAIL, "%s: line %lu: %s", path, line, key_strerror(rc));
	if (rc != KEY_OK)
		die(ST_FAIL, "%s: %s", path, key_strerror(rc));
}

void
keyring_recipient(struct keyring *k, const char *text)
{
	enum key_rc rc = key_recipient(&k->keys.keys, text);

	if (rc != KEY_OK)
		die(ST_USAGE, "-r %.16s...: %s", rc == KEY_IDENTITY ? "" : text, key_strerror(rc));
}

void
keyring_recipients(struct keyring *k, const char *path)
{
	struct secret text = { 0 };
	unsigned long line;
	enum key_rc rc;

	read_text(&text, path, false);
	rc = key_recipients(&k->keys.keys, text.s, text.len, &line);
	check(path, rc, line);
	secret_free(&text);
}

static void
add_identities(struct keys *k, const struct secret *text, const char *path)
{
	unsigned long line;
	enum key_rc rc = key_identities(k, text->s, text->len, &line);

	check(path, rc, line);
}

/* An identity file that is itself an age file: text becomes what is in it. */
static void
open_identities(struct keyring *k, struct secret *text, const char *path)
{
	struct secret plain = { 0 }, passphrase = { 0 };
	struct age_keys keys = k->keys;
	const char *wrong;
	char *prompt;
	bool wanted;

	if ((wrong = unseal(&plain, text->s, text->len, &keys, &wanted)) != NULL && wanted) {
		prompt = mem_format("passphrase for %s: ", path);
		if (secret_ask(&passphrase, prompt, SCRYPT_PASSPHRASE_MAX) != 0)
			edie(ST_FAIL, "%s: its passphrase cannot be asked for (see --passphrase-fd)", path);
		free(prompt);
		keys.passphrase = &passphrase;
		wrong = unseal(&plain, text->s, text->len, &keys, &wanted);
	}
	if (wrong != NULL)
		die(ST_FAIL, "%s: %s", path, wrong);
	secret_free(&passphrase);
	secret_free(text);
	*text = plain;
}

void
keyring_identities(struct keyring *k, const char *path)
{
	struct secret text = { 0 };

	read_text(&text, path, true);
	if (unseal_is(text.s, text.len))
		open_identities(k, &text, path);
	add_identities(&k->keys.keys, &text, path);
	secret_free(&text);
}

void
keyring_read_identities(struct keys *k, const char *path)
{
	struct secret text = { 0 };

	read_text(&text, path != NULL ? path : "-", true);
	if (path == NULL || strcmp(path, "-") == 0)
		path = "standard input";
	if (unseal_is(text.s, text.len))
		die(ST_FAIL, "%s: is itself sealed; open it with seal -d first", path);
	add_identities(k, &text, path);
	secret_free(&text);
}

void
keyring_passphrase(struct keyring *k, bool twice)
{
	struct secret again = { 0 };

	if (k->passphrase_fd >= 0) {
		if (secret_line(&k->passphrase, k->passphrase_fd, SCRYPT_PASSPHRASE_MAX) != 0)
			edie(ST_FAIL, "--passphrase-fd %d", k->passphrase_fd);
	} else {
		if (secret_ask(&k->passphrase, "passphrase: ", SCRYPT_PASSPHRASE_MAX) != 0 ||
		    (twice && secret_ask(&again, "once more: ", SCRYPT_PASSPHRASE_MAX) != 0))
			edie(ST_FAIL, "the passphrase cannot be asked for (see --passphrase-fd)");
		if (twice && (again.len != k->passphrase.len || !box_equal(again.s, k->passphrase.s, again.len)))
			die(ST_FAIL, "the two passphrases differ");
		secret_free(&again);
	}
	if (k->passphrase.len == 0)
		die(ST_FAIL, "an empty passphrase protects nothing");
	k->keys.passphrase = &k->passphrase;
}

void
keyring_free(struct keyring *k)
{
	key_free(&k->keys.keys);
	secret_free(&k->passphrase);
	k->keys.passphrase = NULL;
}

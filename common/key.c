#include "key.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"

enum { KEY_LINE = 8192 };       /* of a file; a post-quantum recipient has 2000 characters, an SSH key with its comment less */

const char *
key_strerror(enum key_rc rc)
{
	switch (rc) {
	case KEY_OK: return "no error";
	case KEY_ALIEN: return "is not a key that is known here (age1..., AGE-SECRET-KEY-1..., ssh-ed25519)";
	case KEY_DAMAGED: return "is an age key with a mistake in it: a character is wrong, missing or too much";
	case KEY_IDENTITY: return "is an identity and not a recipient; keep it secret, and see seal-keygen -y";
	case KEY_RECIPIENT: return "is a recipient and not an identity: it cannot open anything";
	case KEY_HYBRID: return "is a post-quantum key, and the libsodium that this was built with (before 1.0.22) knows none";
	case KEY_PLUGIN: return "is a key for an age plugin, and plugins are not run here";
	case KEY_SSH_TYPE: return "is an SSH key of a type that is not known here; only ssh-ed25519 is";
	case KEY_SSH_LOCKED: return "is an SSH key under a passphrase; take it off a copy with ssh-keygen -p";
	case KEY_SSH_DAMAGED: return "is a damaged SSH key";
	case KEY_NONE: return "holds no key";
	}
	return "unknown error";
}

static void
add(struct keys *k, const struct key *new)
{
	if (k->n == k->room) {
		/* Not realloc: it could leave a copy of a secret behind. */
		size_t room = 2 * k->room + 4;
		struct key *more = box_alloc(room * sizeof *more);

		if (k->n != 0)
			memcpy(more, k->key, k->n * sizeof *more);
		box_free(k->key);
		k->key = more;
		k->room = room;
	}
	k->key[k->n++] = *new;
}

void
key_free(struct keys *k)
{
	for (size_t i = 0; i < k->n; i++)
		if (k->key[i].type == KEY_PQ)
			box_free(k->key[i].pq);
	box_free(k->key);
	*k = (struct keys){ 0 };
}

static bool
starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static enum key_rc
from_ssh(enum sshkey_rc rc)
{
	switch (rc) {
	case SSHKEY_OK: return KEY_OK;
	case SSHKEY_ALIEN: return KEY_ALIEN;
	case SSHKEY_TYPE: return KEY_SSH_TYPE;
	case SSHKEY_LOCKED: return KEY_SSH_LOCKED;
	case SSHKEY_DAMAGED: break;
	}
	return KEY_SSH_DAMAGED;
}

static enum key_rc
add_pq(struct keys *k, const char *text, bool (*get)(struct hybrid *, const char *))
{
	struct key new = { .type = KEY_PQ };

	if (!box_xwing())
		return KEY_HYBRID;
	new.pq = box_alloc(sizeof *new.pq);
	if (!get(new.pq, text)) {
		box_free(new.pq);
		return KEY_DAMAGED;
	}
	add(k, &new);
	return KEY_OK;
}

enum key_rc
key_recipient(struct keys *k, const char *text)
{
	struct key new = { .type = KEY_X25519 };
	enum key_rc rc;

	if (starts(text, "AGE-SECRET-KEY-") || starts(text, "AGE-PLUGIN-"))
		return KEY_IDENTITY;
	if (starts(text, "age1pq1"))
		return add_pq(k, text, hybrid_recipient);
	if (starts(text, "age1")) {
		if (x25519_recipient(&new.x25519, text))
			rc = KEY_OK;
		else    /* "age1NAME1…" is for the plugin NAME: '1' is no digit of Bech32 */
			rc = strchr(text + 4, '1') != NULL ? KEY_PLUGIN : KEY_DAMAGED;
	} else {
		new.type = KEY_SSH;
		rc = from_ssh(sshkey_recipient(&new.ssh, text));
	}
	if (rc == KEY_OK)
		add(k, &new);
	return rc;
}

enum key_rc
key_identity(struct keys *k, const char *text)
{
	struct key new = { .type = KEY_X25519 };
	enum key_rc rc = KEY_ALIEN;

	if (starts(text, "AGE-PLUGIN-"))
		return KEY_PLUGIN;
	if (starts(text, "age1") || starts(text, "ssh-"))
		return KEY_RECIPIENT;
	if (starts(text, "AGE-SECRET-KEY-PQ-1"))
		return add_pq(k, text, hybrid_identity);
	if (starts(text, "AGE-SECRET-KEY-"))
		rc = x25519_identity(&new.x25519, text) ? KEY_OK : KEY_DAMAGED;
	if (rc == KEY_OK)
		add(k, &new);
	mem_wipe(&new, sizeof new);
	return rc;
}

static enum key_rc
each_line(struct keys *k, const char *text, size_t n, unsigned long *line, enum key_rc (*one)(struct keys *, const char *))
{
	size_t before = k->n;
	enum key_rc rc = KEY_OK;
	char *copy = box_alloc(KEY_LINE);
	const char *end = text + n, *newline;

	for (*line = 1; text < end && rc == KEY_OK; text = newline + 1, ++*line) {
		if ((newline = memchr(text, '\n', (size_t)(end - text))) == NULL)
			newline = end;
		n = (size_t)(newline - text);
		if (n > 0 && text[n - 1] == '\r')
			n--;
		if (n == 0 || text[0] == '#')
			continue;
		if (n >= KEY_LINE || memchr(text, '\0', n) != NULL) {
			rc = KEY_ALIEN;
			break;
		}
		memcpy(copy, text, n);
		copy[n] = '\0';
		if ((rc = one(k, copy)) != KEY_OK)
			break;
	}
	box_free(copy);
	if (rc == KEY_OK && k->n == before) {
		*line = 0;
		rc = KEY_NONE;
	}
	return rc;
}

enum key_rc
key_recipients(struct keys *k, const char *text, size_t n, unsigned long *line)
{
	return each_line(k, text, n, line, key_recipient);
}

enum key_rc
key_identities(struct keys *k, const char *text, size_t n, unsigned long *line)
{
	static const char pem[] = "-----BEGIN ";
	struct key new = { .type = KEY_SSH };
	enum key_rc rc;

	if (n < sizeof pem - 1 || memcmp(text, pem, sizeof pem - 1) != 0)
		return each_line(k, text, n, line, key_identity);
	*line = 0;
	if ((rc = from_ssh(sshkey_identity(&new.ssh, text, n))) == KEY_OK)
		add(k, &new);
	mem_wipe(&new, sizeof new);
	return rc;
}

enum key_rc
key_new(struct keys *k, bool pq)
{
	struct key new = { .type = pq ? KEY_PQ : KEY_X25519 };

	if (pq && !box_xwing())
		return KEY_HYBRID;
	if (pq) {
		new.pq = box_alloc(sizeof *new.pq);
		hybrid_new(new.pq);
	} else
		x25519_new(&new.x25519);
	add(k, &new);
	mem_wipe(&new, sizeof new);
	return KEY_OK;
}

bool
key_print_recipient(struct str *out, const struct key *k)
{
	switch (k->type) {
	case KEY_X25519: x25519_print_recipient(out, &k->x25519); return true;
	case KEY_PQ: hybrid_print_recipient(out, k->pq); return true;
	case KEY_SSH: break;
	}
	return false;
}

bool
key_print_identity(struct secret *out, const struct key *k)
{
	enum { ENOUGH = 128 };
	struct str text = { .s = mem_alloc(ENOUGH), .cap = ENOUGH };    /* so that it need not move */

	switch (k->type) {
	case KEY_X25519: x25519_print_identity(&text, &k->x25519); break;
	case KEY_PQ: hybrid_print_identity(&text, k->pq); break;
	case KEY_SSH: break;
	}
	secret_add(out, text.s, text.len);
	mem_wipe(text.s, text.cap);
	str_free(&text);
	return k->type != KEY_SSH;
}

bool
key_mixed(const struct keys *k)
{
	for (size_t i = 1; i < k->n; i++)
		if ((k->key[i].type == KEY_PQ) != (k->key[0].type == KEY_PQ))
			return true;
	return false;
}

void
key_wrap(struct str *header, const struct key *k, const uint8_t file_key[AGE_FILE_KEY])
{
	switch (k->type) {
	case KEY_X25519: x25519_wrap(header, &k->x25519, file_key); break;
	case KEY_SSH: sshkey_wrap(header, &k->ssh, file_key); break;
	case KEY_PQ: hybrid_wrap(header, k->pq, file_key); break;
	}
}

enum stanza_fit
key_unwrap(const struct key *k, const struct stanza *s, uint8_t file_key[AGE_FILE_KEY])
{
	switch (k->type) {
	case KEY_X25519: return x25519_unwrap(&k->x25519, s, file_key);
	case KEY_SSH: return sshkey_unwrap(&k->ssh, s, file_key);
	case KEY_PQ: return hybrid_unwrap(k->pq, s, file_key);
	}
	return STANZA_OTHER;
}

#include "key.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bech32.h"
#include "lines.h"
#include "mem.h"

static void
add(struct keys *k, const struct key *new)
{
	/* Not realloc: it could leave a copy of a secret behind. */
	struct key *more = mem_array(k->n + 1, sizeof *more);

	if (k->n != 0)
		memcpy(more, k->key, k->n * sizeof *more);
	more[k->n] = *new;
	if (k->n != 0)
		mem_wipe(k->key, k->n * sizeof *more);
	free(k->key);
	k->key = more;
	k->n++;
}

bool
key_recipient(struct keys *k, const char *text)
{
	struct key new = { 0 };

	/* A recipient in upper case is well-formed Bech32, but no recipient of age. */
	if (strncmp(text, "age1", 4) != 0 || !bech32_get(new.public, "age", text))
		return false;
	add(k, &new);
	return true;
}

bool
key_identity(struct keys *k, const char *text)
{
	struct key new = { 0 };
	bool good = strncmp(text, "AGE-SECRET-KEY-1", 16) == 0 && bech32_get(new.secret, "age-secret-key-", text);

	if (good) {
		box_public(new.public, new.secret);
		add(k, &new);
	}
	mem_wipe(&new, sizeof new);
	return good;
}

static long
read_all(struct keys *k, int fd, bool (*one)(struct keys *, const char *))
{
	struct lines *l = lines_new(fd, '\n');
	long bad = 0;
	size_t len;
	char *s;

	while ((s = lines_next(l, &len)) != NULL) {
		if (len > 0 && s[len - 1] == '\r')
			s[--len] = '\0';
		if (len != 0 && s[0] != '#' && (strlen(s) != len || !one(k, s))) {
			bad = (long)lines_number(l);
			break;
		}
		mem_wipe(s, len);
	}
	if (s == NULL && errno != 0)
		bad = errno == EMSGSIZE ? (long)lines_number(l) + 1 : -1;
	lines_free(l);
	return bad;
}

long
key_recipients_from(struct keys *k, int fd)
{
	return read_all(k, fd, key_recipient);
}

long
key_identities_from(struct keys *k, int fd)
{
	return read_all(k, fd, key_identity);
}

void
key_new(struct key *k)
{
	box_random(k->secret, sizeof k->secret);
	box_public(k->public, k->secret);
}

void
key_print_recipient(struct str *out, const struct key *k)
{
	bech32_put(out, "age", k->public);
}

void
key_print_identity(struct str *out, const struct key *k)
{
	bech32_put(out, "AGE-SECRET-KEY-", k->secret);
}

void
key_free(struct keys *k)
{
	if (k->n != 0)
		mem_wipe(k->key, k->n * sizeof *k->key);
	free(k->key);
	*k = (struct keys){ 0 };
}

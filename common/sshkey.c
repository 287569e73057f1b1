#include "sshkey.h"

#include <string.h>

#include "base64.h"
#include "mem.h"
#include "sha256.h"
#include "x25519.h"

static const char type[] = "ssh-ed25519";
static const char label[] = "age-encryption.org/v1/ssh-ed25519";

enum {
	TYPE = sizeof type - 1,
	BLOB = 4 + TYPE + 4 + BOX_KEY,          /* a public key on the wire: two strings */
	LINE_B64 = (BLOB + 2) / 3 * 4,
	PEM_MAX = 4096                          /* bytes of a private key; one of Ed25519 and a comment has some 300 */
};

/* What is left of a wire format of numbers and strings. */
struct wire {
	const uint8_t *at, *end;
};

static bool
wire_number(struct wire *w, uint32_t *n)
{
	if (w->end - w->at < 4)
		return false;
	*n = (uint32_t)w->at[0] << 24 | (uint32_t)w->at[1] << 16 | (uint32_t)w->at[2] << 8 | w->at[3];
	w->at += 4;
	return true;
}

static bool
wire_string(struct wire *w, struct wire *s)
{
	uint32_t n;

	if (!wire_number(w, &n) || (size_t)(w->end - w->at) < n)
		return false;
	s->at = w->at;
	s->end = w->at += n;
	return true;
}

static bool
wire_is(const struct wire *w, const void *bytes, size_t n)
{
	return (size_t)(w->end - w->at) == n && memcmp(w->at, bytes, n) == 0;
}

/* A public key on the wire, all of it: NULL where it is none of our type. */
static const uint8_t *
blob_key(struct wire blob)
{
	struct wire name, key;

	if (!wire_string(&blob, &name) || !wire_is(&name, type, TYPE) || !wire_string(&blob, &key) ||
	    key.end - key.at != BOX_KEY || blob.at != blob.end)
		return NULL;
	return key.at;
}

/* What both sides need of the public key on the wire. */
static void
derive(struct sshkey *k, const uint8_t blob[BLOB])
{
	uint8_t hash[SHA256_SIZE];

	sha256(hash, blob, BLOB);
	memcpy(k->tag, hash, SSHKEY_TAG);
	hkdf_sha256(k->tweak, BOX_KEY, NULL, 0, blob, BLOB, label, sizeof label - 1);
}

enum sshkey_rc
sshkey_recipient(struct sshkey *k, const char *text)
{
	size_t name = strcspn(text, " \t"), skip = strspn(text + name, " \t"), digits;
	const char *b64 = text + name + skip;
	uint8_t blob[BLOB];
	const uint8_t *key;

	memset(k, 0, sizeof *k);
	if (strncmp(text, "ssh-", 4) != 0 && strncmp(text, "ecdsa-", 6) != 0 && strncmp(text, "sk-", 3) != 0)
		return SSHKEY_ALIEN;
	if (name != TYPE || memcmp(text, type, TYPE) != 0)
		return SSHKEY_TYPE;
	digits = strcspn(b64, " \t");
	if (digits != LINE_B64 || base64_get(blob, sizeof blob, BASE64_PADDED, b64, digits) != BLOB ||
	    (key = blob_key((struct wire){ blob, blob + BLOB })) == NULL ||
	    !box_from_ed25519(k->public, key) || !x25519_usable(k->public))
		return SSHKEY_DAMAGED;
	derive(k, blob);
	return SSHKEY_OK;
}

/* The base64 between the two lines of PEM.  Its length, or -1. */
static int
pem_bytes(uint8_t out[PEM_MAX], const char *text, size_t n)
{
	static const char begin[] = "-----BEGIN OPENSSH PRIVATE KEY-----", end[] = "-----END OPENSSH PRIVATE KEY-----";
	const char *at = text + sizeof begin - 1, *last = text + n;
	char b64[PEM_MAX / 3 * 4];
	size_t have = 0;
	int got = -1;

	for (; at < last && *at != '-'; at++)
		if (*at != '\n' && *at != '\r') {
			if (have == sizeof b64)
				return -1;
			b64[have++] = *at;
		}
	if ((size_t)(last - at) >= sizeof end - 1 && memcmp(at, end, sizeof end - 1) == 0) {
		at += sizeof end - 1;
		while (at < last && (*at == '\n' || *at == '\r' || *at == ' ' || *at == '\t'))
			at++;
		if (at == last)
			got = base64_get(out, PEM_MAX, BASE64_PADDED, b64, have);
	}
	mem_wipe(b64, sizeof b64);
	return got;
}

/* The private half: two equal numbers that tell a wrong passphrase, the key, a comment, and padding of 1, 2, 3, … */
static bool
private_half(struct sshkey *k, struct wire w, const uint8_t *public)
{
	uint8_t derived[BOX_KEY];
	struct wire name, key, pair, comment;
	uint32_t one, two;

	if (!wire_number(&w, &one) || !wire_number(&w, &two) || one != two ||
	    !wire_string(&w, &name) || !wire_is(&name, type, TYPE) ||
	    !wire_string(&w, &key) || !wire_is(&key, public, BOX_KEY) ||
	    !wire_string(&w, &pair) || pair.end - pair.at != 2 * BOX_KEY || memcmp(pair.at + BOX_KEY, public, BOX_KEY) != 0 ||
	    !wire_string(&w, &comment))
		return false;
	for (uint8_t i = 1; w.at < w.end; i++)
		if (*w.at++ != i)
			return false;
	box_ed25519(k->secret, derived, pair.at);
	return memcmp(derived, public, BOX_KEY) == 0;
}

static enum sshkey_rc
private_key(struct sshkey *k, struct wire w)
{
	static const char magic[] = "openssh-key-v1";   /* its NUL belongs to it */
	struct wire cipher, kdf, options, blob, half, rest, name;
	const uint8_t *key;
	uint32_t keys;

	if (w.end - w.at < (ptrdiff_t)sizeof magic || memcmp(w.at, magic, sizeof magic) != 0)
		return SSHKEY_DAMAGED;
	w.at += sizeof magic;
	if (!wire_string(&w, &cipher) || !wire_string(&w, &kdf) || !wire_string(&w, &options) ||
	    !wire_number(&w, &keys) || keys != 1 || !wire_string(&w, &blob) || !wire_string(&w, &half) || w.at != w.end)
		return SSHKEY_DAMAGED;
	rest = blob;
	if (!wire_string(&rest, &name))
		return SSHKEY_DAMAGED;
	if (!wire_is(&name, type, TYPE))
		return SSHKEY_TYPE;
	if (!wire_is(&cipher, "none", 4))
		return SSHKEY_LOCKED;
	if ((key = blob_key(blob)) == NULL || !wire_is(&kdf, "none", 4) || !private_half(k, half, key))
		return SSHKEY_DAMAGED;
	box_public(k->public, k->secret);
	derive(k, blob.at);
	return SSHKEY_OK;
}

enum sshkey_rc
sshkey_identity(struct sshkey *k, const char *text, size_t n)
{
	static const char pem[] = "-----BEGIN ", begin[] = "-----BEGIN OPENSSH PRIVATE KEY-----", private[] = " PRIVATE KEY-----";
	const char *newline = memchr(text, '\n', n);
	enum sshkey_rc rc = SSHKEY_DAMAGED;
	uint8_t *bytes;
	int got;

	memset(k, 0, sizeof *k);
	if (n < sizeof pem - 1 || memcmp(text, pem, sizeof pem - 1) != 0)
		return SSHKEY_ALIEN;
	if (n < sizeof begin - 1 || memcmp(text, begin, sizeof begin - 1) != 0)
		return memmem(text, newline != NULL ? (size_t)(newline - text) : n, private, sizeof private - 1) != NULL ?
		    SSHKEY_TYPE : SSHKEY_ALIEN;
	bytes = box_alloc(PEM_MAX);
	if ((got = pem_bytes(bytes, text, n)) >= 0)
		rc = private_key(k, (struct wire){ bytes, bytes + got });
	box_free(bytes);
	if (rc != SSHKEY_OK)
		mem_wipe(k, sizeof *k);
	return rc;
}

void
sshkey_wrap(struct str *header, const struct sshkey *k, const uint8_t file_key[AGE_FILE_KEY])
{
	uint8_t share[BOX_KEY], body[STANZA_BODY];
	struct str args = { 0 };

	x25519_close(share, body, k->public, k->tweak, label, file_key);
	str_format(&args, "%s ", type);
	base64_put(&args, BASE64_BARE, k->tag, sizeof k->tag);
	str_puts(&args, " ");
	base64_put(&args, BASE64_BARE, share, sizeof share);
	stanza_put(header, str_get(&args), body);
	str_free(&args);
}

enum stanza_fit
sshkey_unwrap(const struct sshkey *k, const struct stanza *s, uint8_t file_key[AGE_FILE_KEY])
{
	uint8_t tag[SSHKEY_TAG], share[BOX_KEY];

	if (!stanza_is(s, type))
		return STANZA_OTHER;
	if (s->args != 3 || s->len != STANZA_BODY || !stanza_bytes(s, 1, tag, sizeof tag) || !stanza_bytes(s, 2, share, sizeof share))
		return STANZA_BROKEN;
	if (memcmp(tag, k->tag, sizeof tag) != 0)
		return STANZA_OTHER;
	return x25519_open(file_key, share, s->body, k->secret, k->public, k->tweak, label);
}

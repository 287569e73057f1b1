#include "age.h"

#include <stdbool.h>
#include <string.h>

#include "base64.h"
#include "mem.h"
#include "sha256.h"

static const char intro[] = "age-encryption.org/v1\n";
static const char label[] = "age-encryption.org/v1/X25519";

enum { COLUMNS = 64, BODY = COLUMNS / 4 * 3, B64_KEY = 43 };

const char *
age_strerror(enum age_rc rc)
{
	switch (rc) {
	case AGE_OK: return "no error";
	case AGE_MORE: return "the header is cut short";
	case AGE_ALIEN: return "is not an age file";
	case AGE_VERSION: return "is an age file of a version that is not known here";
	case AGE_HEADER: return "the header is malformed";
	case AGE_STRANGER: return "is not for any of these identities";
	case AGE_MAC: return "the header is damaged, its MAC does not match";
	}
	return "unknown error";
}

/* The key that wraps the file key between an ephemeral share and a recipient. */
static void
wrap_key(uint8_t out[BOX_KEY], const uint8_t shared[BOX_KEY], const uint8_t share[BOX_KEY], const uint8_t recipient[BOX_KEY])
{
	uint8_t salt[2 * BOX_KEY];

	memcpy(salt, share, BOX_KEY);
	memcpy(salt + BOX_KEY, recipient, BOX_KEY);
	hkdf_sha256(out, BOX_KEY, shared, BOX_KEY, salt, sizeof salt, label, sizeof label - 1);
}

static const uint8_t zero_nonce[BOX_NONCE];

static void
stanza_put(struct str *out, const struct key *recipient, const uint8_t file_key[AGE_FILE_KEY])
{
	uint8_t secret[BOX_KEY], share[BOX_KEY], shared[BOX_KEY], key[BOX_KEY], body[AGE_FILE_KEY + BOX_TAG];

	/* key_recipient let no point of low order in that matters: a shared secret of zero is tried again. */
	do {
		box_random(secret, sizeof secret);
		box_public(share, secret);
	} while (!box_shared(shared, secret, recipient->public));
	wrap_key(key, shared, share, recipient->public);
	box_close(body, file_key, AGE_FILE_KEY, zero_nonce, key);
	str_puts(out, "-> X25519 ");
	base64_put(out, BASE64_BARE, share, sizeof share);
	str_puts(out, "\n");
	base64_put(out, BASE64_BARE, body, sizeof body);
	str_puts(out, "\n");
	mem_wipe(secret, sizeof secret);
	mem_wipe(shared, sizeof shared);
	mem_wipe(key, sizeof key);
}

static void
header_mac(uint8_t mac[SHA256_SIZE], const uint8_t file_key[AGE_FILE_KEY], const char *header, size_t n)
{
	uint8_t key[SHA256_SIZE];

	hkdf_sha256(key, sizeof key, file_key, AGE_FILE_KEY, NULL, 0, "header", 6);
	hmac_sha256(mac, key, sizeof key, header, n);
	mem_wipe(key, sizeof key);
}

void
age_header_put(struct str *out, const struct keys *recipients, const uint8_t file_key[AGE_FILE_KEY])
{
	size_t start = out->len;
	uint8_t mac[SHA256_SIZE];

	str_puts(out, intro);
	for (size_t i = 0; i < recipients->n; i++)
		stanza_put(out, &recipients->key[i], file_key);
	str_puts(out, "---");
	header_mac(mac, file_key, out->s + start, out->len - start);
	str_puts(out, " ");
	base64_put(out, BASE64_BARE, mac, sizeof mac);
	str_puts(out, "\n");
}

struct stanza {
	const char *args;               /* behind "-> ", up to the newline */
	size_t len;
	uint8_t body[AGE_FILE_KEY + BOX_TAG];
	size_t body_len;                /* may be more than body holds: then it is of no kind that we know */
};

/* "-> " arguments, each of printable characters, one blank between. */
static bool
arguments(struct stanza *s, const char *line, size_t n)
{
	if (n < 4 || memcmp(line, "-> ", 3) != 0)
		return false;
	s->args = line + 3;
	s->len = n - 3;
	for (size_t i = 0; i < s->len; i++) {
		unsigned char c = (unsigned char)s->args[i];

		if (c < 0x20 || c > 0x7e || (c == ' ' && (i == 0 || i == s->len - 1 || s->args[i - 1] == ' ')))
			return false;
	}
	return true;
}

static bool
body_line(struct stanza *s, const char *line, size_t n)
{
	uint8_t bytes[BODY];
	int got;

	if (n > COLUMNS || (got = base64_get(bytes, sizeof bytes, BASE64_BARE, line, n)) < 0)
		return false;
	if (s->body_len + (size_t)got <= sizeof s->body)
		memcpy(s->body + s->body_len, bytes, (size_t)got);
	s->body_len += (size_t)got;
	return true;
}

/* Try a stanza with every identity.  AGE_STRANGER: not for us; AGE_HEADER: it is ours to refuse. */
static enum age_rc
unwrap(const struct stanza *s, const struct keys *identities, uint8_t file_key[AGE_FILE_KEY])
{
	static const char type[] = "X25519";
	uint8_t share[BOX_KEY], shared[BOX_KEY], key[BOX_KEY];
	enum age_rc rc = AGE_STRANGER;

	if (s->len < sizeof type - 1 || memcmp(s->args, type, sizeof type - 1) != 0 ||
	    (s->len > sizeof type - 1 && s->args[sizeof type - 1] != ' '))
		return AGE_STRANGER;
	if (s->len != sizeof type + B64_KEY || s->body_len != sizeof s->body ||
	    base64_get(share, sizeof share, BASE64_BARE, s->args + sizeof type, B64_KEY) != BOX_KEY)
		return AGE_HEADER;
	for (size_t i = 0; i < identities->n && rc == AGE_STRANGER; i++) {
		if (!box_shared(shared, identities->key[i].secret, share))
			return AGE_HEADER;
		wrap_key(key, shared, share, identities->key[i].public);
		if (box_open(file_key, s->body, sizeof s->body, zero_nonce, key))
			rc = AGE_OK;
	}
	mem_wipe(shared, sizeof shared);
	mem_wipe(key, sizeof key);
	return rc;
}

static enum age_rc
check_intro(const char *s, size_t n)
{
	static const char any[] = "age-encryption.org/";
	size_t have = n < sizeof intro - 1 ? n : sizeof intro - 1;

	if (memcmp(s, intro, have) == 0)
		return have == sizeof intro - 1 ? AGE_OK : AGE_MORE;
	if (n >= sizeof any - 1 && memcmp(s, any, sizeof any - 1) == 0)
		return AGE_VERSION;
	return AGE_ALIEN;
}

enum age_rc
age_header_get(const void *bytes, size_t n, const struct keys *identities,
    uint8_t file_key[AGE_FILE_KEY], size_t *length)
{
	const char *start = bytes, *s, *end = start + n, *newline;
	enum age_rc rc = check_intro(start, n), found = AGE_STRANGER, one;
	uint8_t mac[SHA256_SIZE], want[SHA256_SIZE], key[AGE_FILE_KEY];
	enum { BETWEEN, BODY_LINES } at = BETWEEN;
	struct stanza stanza;

	if (rc != AGE_OK)
		return rc;
	for (s = start + sizeof intro - 1; ; s = newline + 1) {
		if ((newline = memchr(s, '\n', (size_t)(end - s))) == NULL)
			return n >= AGE_HEADER_MAX ? AGE_HEADER : AGE_MORE;
		if (at == BODY_LINES) {
			if (!body_line(&stanza, s, (size_t)(newline - s)))
				return AGE_HEADER;
			if (newline - s == COLUMNS)
				continue;       /* a full line: another follows, be it empty */
			at = BETWEEN;
			if ((one = unwrap(&stanza, identities, key)) == AGE_HEADER)
				return AGE_HEADER;
			if (one == AGE_OK && found != AGE_OK) {
				found = AGE_OK;
				memcpy(file_key, key, sizeof key);
			}
		} else if (newline - s >= 3 && memcmp(s, "---", 3) == 0)
			break;
		else {
			stanza.body_len = 0;
			if (!arguments(&stanza, s, (size_t)(newline - s)))
				return AGE_HEADER;
			at = BODY_LINES;
		}
	}
	mem_wipe(key, sizeof key);
	if (newline - s != 4 + B64_KEY || s[3] != ' ' || base64_get(mac, sizeof mac, BASE64_BARE, s + 4, B64_KEY) != SHA256_SIZE ||
	    s == start + sizeof intro - 1)
		return AGE_HEADER;
	if (found != AGE_OK)
		return found;
	header_mac(want, file_key, start, (size_t)(s - start) + 3);
	if (!box_equal(mac, want, sizeof mac)) {
		mem_wipe(file_key, AGE_FILE_KEY);
		return AGE_MAC;
	}
	*length = (size_t)(newline - start) + 1;
	return AGE_OK;
}

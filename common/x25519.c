#include "x25519.h"

#include <string.h>

#include "base64.h"
#include "bech32.h"
#include "mem.h"
#include "sha256.h"

static const char type[] = "X25519";
static const char label[] = "age-encryption.org/v1/X25519";
static const uint8_t zero_nonce[BOX_NONCE];

bool
x25519_usable(const uint8_t public[BOX_KEY])
{
	static const uint8_t any[BOX_KEY] = { 1 };
	uint8_t shared[BOX_KEY];

	/* Every scalar is a multiple of the cofactor, so one answers for all. */
	return box_shared(shared, any, public);
}

bool
x25519_recipient(struct x25519 *k, const char *text)
{
	memset(k, 0, sizeof *k);
	/* In upper case it would be well-formed Bech32, but no recipient of age. */
	return strncmp(text, "age1", 4) == 0 && bech32_get(k->public, sizeof k->public, "age", text) && x25519_usable(k->public);
}

bool
x25519_identity(struct x25519 *k, const char *text)
{
	if (strncmp(text, "AGE-SECRET-KEY-1", 16) != 0 || !bech32_get(k->secret, sizeof k->secret, "age-secret-key-", text))
		return false;
	box_public(k->public, k->secret);
	return true;
}

void
x25519_new(struct x25519 *k)
{
	box_random(k->secret, sizeof k->secret);
	box_public(k->public, k->secret);
}

void
x25519_print_recipient(struct str *out, const struct x25519 *k)
{
	bech32_put(out, "age", k->public, sizeof k->public);
}

void
x25519_print_identity(struct str *out, const struct x25519 *k)
{
	bech32_put(out, "AGE-SECRET-KEY-", k->secret, sizeof k->secret);
}

static void
wrap_key(uint8_t out[BOX_KEY], const uint8_t shared[BOX_KEY], const uint8_t share[BOX_KEY], const uint8_t public[BOX_KEY],
    const uint8_t *tweak, const char *info)
{
	uint8_t salt[2 * BOX_KEY], tweaked[BOX_KEY];

	memcpy(salt, share, BOX_KEY);
	memcpy(salt + BOX_KEY, public, BOX_KEY);
	if (tweak != NULL)
		box_shared(tweaked, tweak, shared);
	hkdf_sha256(out, BOX_KEY, tweak != NULL ? tweaked : shared, BOX_KEY, salt, sizeof salt, info, strlen(info));
	mem_wipe(tweaked, sizeof tweaked);
}

void
x25519_close(uint8_t share[BOX_KEY], uint8_t body[STANZA_BODY], const uint8_t public[BOX_KEY], const uint8_t *tweak,
    const char *info, const uint8_t file_key[AGE_FILE_KEY])
{
	uint8_t secret[BOX_KEY], shared[BOX_KEY], key[BOX_KEY];

	box_random(secret, sizeof secret);
	box_public(share, secret);
	/* Not of low order: x25519_usable was asked when the key was read. */
	box_shared(shared, secret, public);
	wrap_key(key, shared, share, public, tweak, info);
	box_close(body, file_key, AGE_FILE_KEY, zero_nonce, key);
	mem_wipe(secret, sizeof secret);
	mem_wipe(shared, sizeof shared);
	mem_wipe(key, sizeof key);
}

enum stanza_fit
x25519_open(uint8_t file_key[AGE_FILE_KEY], const uint8_t share[BOX_KEY], const uint8_t body[STANZA_BODY],
    const uint8_t secret[BOX_KEY], const uint8_t public[BOX_KEY], const uint8_t *tweak, const char *info)
{
	uint8_t shared[BOX_KEY], key[BOX_KEY];
	enum stanza_fit fit = STANZA_BROKEN;

	if (box_shared(shared, secret, share)) {
		wrap_key(key, shared, share, public, tweak, info);
		fit = box_open(file_key, body, STANZA_BODY, zero_nonce, key) ? STANZA_OPEN : STANZA_OTHER;
	}
	mem_wipe(shared, sizeof shared);
	mem_wipe(key, sizeof key);
	return fit;
}

void
x25519_wrap(struct str *header, const struct x25519 *k, const uint8_t file_key[AGE_FILE_KEY])
{
	uint8_t share[BOX_KEY], body[STANZA_BODY];
	struct str args = { 0 };

	x25519_close(share, body, k->public, NULL, label, file_key);
	str_format(&args, "%s ", type);
	base64_put(&args, BASE64_BARE, share, sizeof share);
	stanza_put(header, str_get(&args), body);
	str_free(&args);
}

static bool
read_share(const struct stanza *s, uint8_t share[BOX_KEY])
{
	/* The length of the body first: what opens under two keys at once would be longer. */
	return s->args == 2 && s->len == STANZA_BODY && stanza_bytes(s, 1, share, BOX_KEY);
}

bool
x25519_shape(const struct stanza *s)
{
	uint8_t share[BOX_KEY];

	return !stanza_is(s, type) || read_share(s, share);
}

enum stanza_fit
x25519_unwrap(const struct x25519 *k, const struct stanza *s, uint8_t file_key[AGE_FILE_KEY])
{
	uint8_t share[BOX_KEY];

	if (!stanza_is(s, type))
		return STANZA_OTHER;
	if (!read_share(s, share))
		return STANZA_BROKEN;
	return x25519_open(file_key, share, s->body, k->secret, k->public, NULL, label);
}

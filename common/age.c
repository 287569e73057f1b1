#include "age.h"

#include <string.h>

#include "base64.h"
#include "mem.h"
#include "sha256.h"

static const char intro[] = "age-encryption.org/v1\n";

enum { MAC_LINE = 4 + 43, VERSION_MAX = 128 };

const char *
age_strerror(enum age_rc rc)
{
	switch (rc) {
	case AGE_OK: return "no error";
	case AGE_MORE: return "the header is cut short";
	case AGE_ALIEN: return "is not an age file";
	case AGE_VERSION: return "is an age file of a version that is not known here";
	case AGE_HEADER: return "the header is malformed";
	case AGE_COMPANY: return "the header is malformed: it names a passphrase and something else";
	case AGE_HARD: return "the header asks for more work on the passphrase than is allowed";
	case AGE_STRANGER: return "is not for any of these identities";
	case AGE_PASSPHRASE: return "is sealed with a passphrase; give it with -p";
	case AGE_WRONG: return "the passphrase is wrong";
	case AGE_MEMORY: return "the passphrase cannot be worked on";
	case AGE_MAC: return "the header is damaged, its MAC does not match";
	}
	return "unknown error";
}

static void
header_mac(uint8_t mac[SHA256_SIZE], const uint8_t file_key[AGE_FILE_KEY], const char *header, size_t n)
{
	uint8_t key[SHA256_SIZE];

	hkdf_sha256(key, sizeof key, file_key, AGE_FILE_KEY, NULL, 0, "header", 6);
	hmac_sha256(mac, key, sizeof key, header, n);
	mem_wipe(key, sizeof key);
}

enum age_rc
age_header_put(struct str *out, const struct age_keys *k, const uint8_t file_key[AGE_FILE_KEY])
{
	size_t start = out->len;
	uint8_t mac[SHA256_SIZE];

	str_puts(out, intro);
	if (k->keys.n == 0 && !scrypt_wrap(out, k->passphrase, k->work, file_key))
		return AGE_MEMORY;
	for (size_t i = 0; i < k->keys.n; i++)
		key_wrap(out, &k->keys.key[i], file_key);
	str_puts(out, "---");
	header_mac(mac, file_key, out->s + start, out->len - start);
	str_puts(out, " ");
	base64_put(out, BASE64_BARE, mac, sizeof mac);
	str_puts(out, "\n");
	return out->len - start > AGE_HEADER_MAX ? AGE_HEADER : AGE_OK;
}

static enum age_rc
check_intro(const char *s, size_t n)
{
	static const char any[] = "age-encryption.org/";
	size_t have = n < sizeof intro - 1 ? n : sizeof intro - 1, i;

	if (memcmp(s, intro, have) == 0)
		return have == sizeof intro - 1 ? AGE_OK : AGE_MORE;
	if (n < sizeof any || memcmp(s, any, sizeof any - 1) != 0)
		return n != 0 && memcmp(s, any, n < sizeof any - 1 ? n : sizeof any - 1) == 0 ? AGE_MORE : AGE_ALIEN;
	for (i = sizeof any - 1; i < n && i < VERSION_MAX && s[i] > 0x20 && s[i] < 0x7f; i++)
		;
	if (i == n && i < VERSION_MAX)
		return AGE_MORE;
	return i > sizeof any - 1 && i < VERSION_MAX && s[i] == '\n' ? AGE_VERSION : AGE_HEADER;
}

/*
 * The grammar, from the first line to the MAC's.  With AGE_OK *mac is at its line,
 * which ends *length bytes behind the start.
 */
static enum age_rc
check_grammar(const char *start, size_t n, const char **mac, uint8_t sum[SHA256_SIZE], size_t *length, bool *passphrase)
{
	const char *at = start + sizeof intro - 1, *end = start + (n < AGE_HEADER_MAX ? n : AGE_HEADER_MAX), *newline;
	enum age_rc rc = check_intro(start, n);
	unsigned long line = 1, stanzas = 0;
	enum stanza_rc got;
	struct stanza s;

	*length = line;
	*passphrase = false;
	if (rc != AGE_OK)
		return rc;
	for (; (got = stanza_get(&s, &at, end, &line)) == STANZA_OK; stanzas++) {
		*length = line;
		if (!x25519_shape(&s) || !hybrid_shape(&s) || scrypt_unwrap(&s, NULL, UINT32_MAX, NULL) == SCRYPT_BROKEN)
			return AGE_HEADER;
		*passphrase |= stanza_is(&s, "scrypt");
	}
	*length = got == STANZA_BAD ? line : line + 1;
	newline = got == STANZA_END ? memchr(at, '\n', (size_t)(end - at)) : NULL;
	if (got == STANZA_MORE || (got == STANZA_END && newline == NULL))
		return n >= AGE_HEADER_MAX ? AGE_HEADER : AGE_MORE;
	if (got == STANZA_BAD || stanzas == 0 || newline - at != MAC_LINE || at[3] != ' ' ||
	    base64_get(sum, SHA256_SIZE, BASE64_BARE, at + 4, MAC_LINE - 4) != SHA256_SIZE)
		return AGE_HEADER;
	*mac = at;
	*length = (size_t)(newline - start) + 1;
	return *passphrase && stanzas != 1 ? AGE_COMPANY : AGE_OK;
}

static enum age_rc
from_scrypt(enum scrypt_rc rc, bool passphrase)
{
	switch (rc) {
	case SCRYPT_OK: return passphrase ? AGE_OK : AGE_PASSPHRASE;
	case SCRYPT_OTHER: return AGE_STRANGER;
	case SCRYPT_BROKEN: return AGE_HEADER;
	case SCRYPT_HARD: return AGE_HARD;
	case SCRYPT_WRONG: return AGE_WRONG;
	case SCRYPT_MEMORY: break;
	}
	return AGE_MEMORY;
}

/* Try a stanza with all that there is. */
static enum age_rc
unwrap(const struct stanza *s, const struct age_keys *k, uint8_t file_key[AGE_FILE_KEY])
{
	enum scrypt_rc rc = scrypt_unwrap(s, k->passphrase, k->work, file_key);
	enum stanza_fit fit;

	if (rc != SCRYPT_OTHER)
		return from_scrypt(rc, k->passphrase != NULL);
	for (size_t i = 0; i < k->keys.n; i++)
		if ((fit = key_unwrap(&k->keys.key[i], s, file_key)) != STANZA_OTHER)
			return fit == STANZA_OPEN ? AGE_OK : AGE_HEADER;
	return AGE_STRANGER;
}

enum age_rc
age_header_end(const void *bytes, size_t n, size_t *length, bool *passphrase)
{
	uint8_t sum[SHA256_SIZE];
	const char *mac;

	return check_grammar(bytes, n, &mac, sum, length, passphrase);
}

enum age_rc
age_header_get(const void *bytes, size_t n, const struct age_keys *k, uint8_t file_key[AGE_FILE_KEY], size_t *length)
{
	const char *start = bytes, *at = start + sizeof intro - 1, *mac;
	uint8_t said[SHA256_SIZE], found[SHA256_SIZE];
	unsigned long line = 1;
	struct stanza s;
	bool passphrase;
	enum age_rc rc;

	/* The grammar first and as a whole: an answer about keys must not depend on what was looked at when. */
	if ((rc = check_grammar(start, n, &mac, said, length, &passphrase)) != AGE_OK)
		return rc;
	for (rc = AGE_STRANGER; rc == AGE_STRANGER && at < mac; ) {
		stanza_get(&s, &at, mac, &line);
		rc = unwrap(&s, k, file_key);
	}
	if (rc == AGE_HEADER)
		*length = line;
	if (rc != AGE_OK)
		return rc;
	header_mac(found, file_key, start, (size_t)(mac - start) + 3);
	if (!box_equal(said, found, sizeof said)) {
		mem_wipe(file_key, AGE_FILE_KEY);
		return AGE_MAC;
	}
	return AGE_OK;
}

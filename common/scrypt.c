#include "scrypt.h"

#include <string.h>

#include "base64.h"
#include "mem.h"

static const char type[] = "scrypt";
static const char label[] = "age-encryption.org/v1/scrypt";
static const uint8_t zero_nonce[BOX_NONCE];

enum { SALT = 16 };

static bool
wrap_key(uint8_t key[BOX_KEY], const struct secret *passphrase, const uint8_t salt[SALT], unsigned work)
{
	uint8_t labelled[sizeof label - 1 + SALT];

	memcpy(labelled, label, sizeof label - 1);
	memcpy(labelled + sizeof label - 1, salt, SALT);
	return box_scrypt(key, passphrase->s, passphrase->len, labelled, sizeof labelled, work);
}

bool
scrypt_wrap(struct str *header, const struct secret *passphrase, unsigned work, const uint8_t file_key[AGE_FILE_KEY])
{
	uint8_t salt[SALT], key[BOX_KEY], body[STANZA_BODY];
	struct str args = { 0 };

	box_random(salt, sizeof salt);
	if (!wrap_key(key, passphrase, salt, work))
		return false;
	box_close(body, file_key, AGE_FILE_KEY, zero_nonce, key);
	mem_wipe(key, sizeof key);
	str_format(&args, "%s ", type);
	base64_put(&args, BASE64_BARE, salt, sizeof salt);
	str_format(&args, " %u", work);
	stanza_put(header, str_get(&args), body);
	str_free(&args);
	return true;
}

/* Decimal digits without a zero in front; what is absurdly large becomes UINT32_MAX. */
static bool
number(const char *s, size_t n, uint32_t *out)
{
	*out = 0;
	if (n == 0 || s[0] == '0')
		return false;
	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		*out = *out > (UINT32_MAX - 9) / 10 ? UINT32_MAX : *out * 10 + (uint32_t)(s[i] - '0');
	}
	return true;
}

enum scrypt_rc
scrypt_unwrap(const struct stanza *s, const struct secret *passphrase, unsigned max_work, uint8_t file_key[AGE_FILE_KEY])
{
	uint8_t salt[SALT], key[BOX_KEY];
	enum scrypt_rc rc = SCRYPT_WRONG;
	uint32_t work;

	if (!stanza_is(s, type))
		return SCRYPT_OTHER;
	/* The length of the body first: what opens under two passphrases at once would be longer. */
	if (s->args != 3 || s->len != STANZA_BODY || !stanza_bytes(s, 1, salt, sizeof salt) ||
	    !number(s->arg[2].s, s->arg[2].len, &work))
		return SCRYPT_BROKEN;
	if (work > max_work)
		return SCRYPT_HARD;
	if (passphrase == NULL)
		return SCRYPT_OK;
	if (!wrap_key(key, passphrase, salt, work))
		return SCRYPT_MEMORY;
	if (box_open(file_key, s->body, STANZA_BODY, zero_nonce, key))
		rc = SCRYPT_OK;
	mem_wipe(key, sizeof key);
	return rc;
}

#include "unseal.h"

#include <string.h>

#include "armor.h"
#include "mem.h"
#include "seal.h"

static bool
starts(const char *text, size_t n, const char *with)
{
	return n >= strlen(with) && memcmp(text, with, strlen(with)) == 0;
}

static bool
armored(const char *text, size_t n)
{
	size_t i = 0;

	while (i < n && (text[i] == ' ' || text[i] == '\t' || text[i] == '\r' || text[i] == '\n'))
		i++;
	return starts(text + i, n - i, "-----BEGIN AGE ");
}

bool
unseal_is(const char *text, size_t n)
{
	return starts(text, n, "age-encryption.org/") || armored(text, n);
}

static enum armor_rc
take_armor_off(struct str *out, const char *text, size_t n)
{
	struct armor armor = { 0 };
	const char *end = text + n, *newline;
	uint8_t bytes[ARMOR_BYTES];
	enum armor_rc rc;
	size_t got;

	for (; text < end; text = newline + (newline < end)) {
		if ((newline = memchr(text, '\n', (size_t)(end - text))) == NULL)
			newline = end;
		if ((rc = armor_line(&armor, text, (size_t)(newline - text), bytes, &got)) != ARMOR_OK)
			return rc;
		str_add(out, bytes, got);
	}
	return armor_end(&armor);
}

static enum seal_rc
chunks(struct secret *out, const uint8_t *at, size_t n, const uint8_t file_key[AGE_FILE_KEY])
{
	uint8_t *plain, *key;
	enum seal_rc rc = SEAL_OK;
	uint64_t number = 0;
	bool last = false;
	size_t some;

	if (n < SEAL_NONCE)
		return SEAL_CUT;
	plain = box_alloc(SEAL_CHUNK + BOX_KEY);
	key = plain + SEAL_CHUNK;
	seal_key(key, file_key, at);
	at += SEAL_NONCE;
	n -= SEAL_NONCE;
	for (; !last && rc == SEAL_OK; at += some, n -= some) {
		some = n < SEAL_SEALED ? n : SEAL_SEALED;
		last = some == n;
		if ((rc = seal_open(plain, at, some, key, number++, last)) == SEAL_OK)
			secret_add(out, plain, some - BOX_TAG);
	}
	box_free(plain);
	return rc;
}

const char *
unseal(struct secret *out, const char *text, size_t n, const struct age_keys *k, bool *passphrase)
{
	struct str bytes = { 0 };
	const char *wrong = NULL;
	uint8_t *file_key;
	enum armor_rc armor;
	enum seal_rc payload;
	enum age_rc header;
	size_t length;

	*passphrase = false;
	if (armored(text, n)) {
		if ((armor = take_armor_off(&bytes, text, n)) != ARMOR_OK) {
			str_free(&bytes);
			return armor_strerror(armor);
		}
		text = str_get(&bytes);
		n = bytes.len;
	}
	file_key = box_alloc(AGE_FILE_KEY);
	if ((header = age_header_get(text, n, k, file_key, &length)) != AGE_OK) {
		*passphrase = header == AGE_PASSPHRASE;
		wrong = age_strerror(header);
	} else if ((payload = chunks(out, (const uint8_t *)text + length, n - length, file_key)) != SEAL_OK)
		wrong = seal_strerror(payload);
	box_free(file_key);
	str_free(&bytes);
	return wrong;
}

#include "hybrid.h"

#include <string.h>

#include "base64.h"
#include "bech32.h"
#include "mem.h"
#include "sha256.h"
#include "x25519.h"

static const char type[] = "mlkem768x25519";
static const char info[] = "age-encryption.org/mlkem768x25519";

enum {
	X_PUBLIC = BOX_XWING_PUBLIC - BOX_KEY,          /* where the X25519 part of a public key stands, */
	X_SHARE = BOX_XWING_SHARE - BOX_KEY             /* and that of a share */
};

bool
hybrid_recipient(struct hybrid *k, const char *text)
{
	uint8_t share[BOX_XWING_SHARE], shared[BOX_KEY];

	memset(k, 0, sizeof *k);
	/* Not every key of the right length is one: try it. */
	return strncmp(text, "age1pq1", 7) == 0 && bech32_get(k->public, sizeof k->public, "age1pq", text) &&
	    x25519_usable(k->public + X_PUBLIC) && box_xwing_close(share, shared, k->public);
}

bool
hybrid_identity(struct hybrid *k, const char *text)
{
	return strncmp(text, "AGE-SECRET-KEY-PQ-1", 19) == 0 && bech32_get(k->secret, sizeof k->secret, "age-secret-key-pq-", text) &&
	    box_xwing_public(k->public, k->secret);
}

bool
hybrid_new(struct hybrid *k)
{
	box_random(k->secret, sizeof k->secret);
	return box_xwing_public(k->public, k->secret);
}

void
hybrid_print_recipient(struct str *out, const struct hybrid *k)
{
	bech32_put(out, "age1pq", k->public, sizeof k->public);
}

void
hybrid_print_identity(struct str *out, const struct hybrid *k)
{
	bech32_put(out, "AGE-SECRET-KEY-PQ-", k->secret, sizeof k->secret);
}

/* What HPKE hashes: labelled, and bound to its choice of X-Wing, HKDF-SHA-256 and ChaCha20-Poly1305. */
struct labelled {
	uint8_t bytes[160];
	size_t n;
};

static void
add(struct labelled *l, const void *bytes, size_t n)
{
	memcpy(l->bytes + l->n, bytes, n);
	l->n += n;
}

static void
add_label(struct labelled *l, const char *label)
{
	static const uint8_t suite[] = { 'H', 'P', 'K', 'E', 0x64, 0x7a, 0, 1, 0, 3 };

	add(l, "HPKE-v1", 7);
	add(l, suite, sizeof suite);
	add(l, label, strlen(label));
}

/* LabeledExtract of RFC 9180, 4. */
static void
extract(uint8_t out[SHA256_SIZE], const uint8_t *salt, size_t saltlen, const char *label, const char *ikm)
{
	struct labelled l = { 0 };

	add_label(&l, label);
	add(&l, ikm, strlen(ikm));
	hmac_sha256(out, salt, saltlen, l.bytes, l.n);
}

/* LabeledExpand, to at most one hash's length: n bytes. */
static void
expand(uint8_t *out, size_t n, const uint8_t key[SHA256_SIZE], const char *label, const struct labelled *context)
{
	const uint8_t length[] = { 0, (uint8_t)n };
	struct labelled l = { 0 };
	uint8_t hash[SHA256_SIZE];

	add(&l, length, sizeof length);
	add_label(&l, label);
	add(&l, context->bytes, context->n);
	add(&l, "\1", 1);
	hmac_sha256(hash, key, SHA256_SIZE, l.bytes, l.n);
	memcpy(out, hash, n);
	mem_wipe(hash, sizeof hash);
}

/* KeySchedule of RFC 9180, 5.1, in base mode, for the first and only message. */
static void
schedule(uint8_t key[BOX_KEY], uint8_t nonce[BOX_NONCE], const uint8_t shared[BOX_KEY])
{
	struct labelled context = { 0 };
	uint8_t hash[SHA256_SIZE];

	add(&context, "\0", 1);
	extract(hash, NULL, 0, "psk_id_hash", "");
	add(&context, hash, sizeof hash);
	extract(hash, NULL, 0, "info_hash", info);
	add(&context, hash, sizeof hash);
	extract(hash, shared, BOX_KEY, "secret", "");
	expand(key, BOX_KEY, hash, "key", &context);
	expand(nonce, BOX_NONCE, hash, "base_nonce", &context);
	mem_wipe(hash, sizeof hash);
}

void
hybrid_wrap(struct str *header, const struct hybrid *k, const uint8_t file_key[AGE_FILE_KEY])
{
	uint8_t share[BOX_XWING_SHARE], body[STANZA_BODY], shared[BOX_KEY], key[BOX_KEY], nonce[BOX_NONCE];
	struct str args = { 0 };

	/* hybrid_recipient has tried it. */
	box_xwing_close(share, shared, k->public);
	schedule(key, nonce, shared);
	box_close(body, file_key, AGE_FILE_KEY, nonce, key);
	str_format(&args, "%s ", type);
	base64_put(&args, BASE64_BARE, share, sizeof share);
	stanza_put(header, str_get(&args), body);
	str_free(&args);
	mem_wipe(shared, sizeof shared);
	mem_wipe(key, sizeof key);
}

static bool
read_share(const struct stanza *s, uint8_t share[BOX_XWING_SHARE])
{
	return s->args == 2 && s->len == STANZA_BODY && stanza_bytes(s, 1, share, BOX_XWING_SHARE);
}

bool
hybrid_shape(const struct stanza *s)
{
	uint8_t share[BOX_XWING_SHARE];

	return !stanza_is(s, type) || read_share(s, share);
}

enum stanza_fit
hybrid_unwrap(const struct hybrid *k, const struct stanza *s, uint8_t file_key[AGE_FILE_KEY])
{
	uint8_t share[BOX_XWING_SHARE], shared[BOX_KEY], key[BOX_KEY], nonce[BOX_NONCE];
	enum stanza_fit fit = STANZA_BROKEN;

	if (!stanza_is(s, type))
		return STANZA_OTHER;
	/* A share for another key opens as well, to a secret that is good for nothing. */
	if (read_share(s, share) && x25519_usable(share + X_SHARE) && box_xwing_open(shared, share, k->secret)) {
		schedule(key, nonce, shared);
		fit = box_open(file_key, s->body, STANZA_BODY, nonce, key) ? STANZA_OPEN : STANZA_OTHER;
		mem_wipe(key, sizeof key);
	}
	mem_wipe(shared, sizeof shared);
	return fit;
}

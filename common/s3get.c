#include "s3get.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "s3name.h"
#include "tree.h"

enum { SHORTS = 100 };          /* times that the body of one fetch may break off */

static bool
freezes(const char *class)
{
	return strcmp(class, "GLACIER") == 0 || strcmp(class, "DEEP_ARCHIVE") == 0;
}

enum store_rc
s3_states(void *is, unsigned lane, struct store_item **items, size_t n, struct str *why)
{
	struct s3 *s = is;
	struct s3_object o = { 0 };
	enum store_rc rc = STORE_OK;

	for (size_t i = 0; i < n && rc == STORE_OK; i++) {
		struct store_item *it = items[i];

		if ((rc = s3_head(s, lane, str_get(&it->id), &o, why)) != STORE_OK)
			break;
		it->state = STORE_COLD;         /* asking for what is not there says so */
		if (!o.there)
			continue;
		it->size = it->length = o.size;
		it->tariff = !freezes(o.class) ? NULL : strcmp(o.class, "GLACIER") == 0 ? "GLACIER" : "DEEP_ARCHIVE";
		it->from = 0;
		if ((it->hashed = o.hashed))
			memcpy(it->hash, o.tree, SHA256_SIZE);
		if (!freezes(o.class) || s->thawless || strstr(str_get(&o.restore), "ongoing-request=\"false\"") != NULL)
			it->state = STORE_READY;
		else if (strstr(str_get(&o.restore), "ongoing-request=\"true\"") != NULL)
			it->state = STORE_THAWING;
	}
	s3_object_free(&o);
	return rc;
}

enum store_rc
s3_thaw(void *is, unsigned lane, struct store_item *i, enum store_tier tier, struct str *why)
{
	static const char *const tiers[] = { "Bulk", "Standard", "Expedited" };
	struct s3 *s = is;
	struct s3_request r = { 0 };
	struct str trouble = { 0 };
	const char *version;
	char *key = s3_key(str_get(&i->id), &version);
	enum store_rc rc;
	enum aws_rc arc;

	str_format(&r.body, "<RestoreRequest xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Days>%u</Days>"
	    "<GlacierJobParameters><Tier>%s</Tier></GlacierJobParameters></RestoreRequest>", s->days, tiers[tier]);
	s3_prepare(&r, s, "POST", key, "restore");
	if (version != NULL)
		s3_add_query(&r, "versionId", version);
	s3_attach(&r);
	rc = s3_call(s, lane, &r, &arc, "", &trouble);
	if (rc == STORE_OK || s3_code_is(&r, "RestoreAlreadyInProgress")) {
		rc = STORE_OK;
		i->state = STORE_THAWING;
	} else if (s3_code_is(&r, "ObjectAlreadyInActiveTierError") || r.answer.http.status == 501 || r.answer.http.status == 405) {
		/* A service that has no thawing has nothing frozen. */
		s->thawless = s->thawless || !s3_code_is(&r, "ObjectAlreadyInActiveTierError");
		rc = STORE_OK;
		i->state = STORE_READY;
	} else
		str_puts(why, str_get(&trouble));
	str_free(&trouble);
	free(key);
	s3_request_free(&r);
	return rc;
}

enum store_rc
s3_fetch(void *is, unsigned lane, const struct store_item *i, uint64_t offset, size_t length, uint8_t *buf,
    uint8_t tree[SHA256_SIZE], struct str *name, struct str *why)
{
	struct s3 *s = is;
	struct s3_request r = { 0 };
	struct str trouble = { 0 };
	uint64_t last = offset + length - 1;
	const char *version;
	char range[64], *key = s3_key(str_get(&i->id), &version);
	enum store_rc rc = STORE_OK;
	size_t have = 0;
	enum aws_rc arc;

	for (int again = 0, wrong = 0; have < length; ) {
		s3_prepare(&r, s, "GET", key, "");
		if (version != NULL)
			s3_add_query(&r, "versionId", version);
		snprintf(range, sizeof range, "bytes=%" PRIu64 "-%" PRIu64, offset + have, last);
		aws_call_header(&r.call, "Range", range);
		r.call.into = buf + have;
		r.call.room = length - have;
		str_clear(&trouble);
		rc = s3_call(s, lane, &r, &arc, "", &trouble);
		if (arc == AWS_SHORT && again++ < SHORTS) {
			if (aws_begins_at(&r.answer, offset + have, last))
				have += (size_t)r.answer.got;
			continue;
		}
		if (rc == STORE_OK && (r.answer.got != length - have || !aws_begins_at(&r.answer, offset + have, last)) &&
		    wrong++ < S3_WRONGS)
			continue;
		if (rc == STORE_OK && (r.answer.got != length - have || !aws_begins_at(&r.answer, offset + have, last)))
			rc = s3_strange(&trouble, &r, "the service sent other bytes than those asked for");
		if (rc != STORE_OK)
			break;
		have = length;
	}
	if (s3_code_is(&r, "InvalidObjectState"))
		rc = STORE_ABSENT;              /* it has thawed, and is frozen again */
	if (rc == STORE_OK)
		tree_hash(tree, buf, length);
	else
		str_puts(why, str_get(&trouble));
	if (rc == STORE_OK && name != NULL) {
		str_clear(name);
		str_puts(name, s3_name(s->prefix, key));
	}
	str_free(&trouble);
	free(key);
	s3_request_free(&r);
	return rc;
}

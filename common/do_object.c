#include "do_object.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "attrs.h"
#include "hex.h"
#include "mem.h"
#include "range.h"
#include "sigv4.h"
#include "stamp.h"
#include "xml.h"

enum { METADATA_MAX = 2048, TAGS_MAX = 10, DAY = 86400 };

/* The classes that there are, and whether they must be thawed. */
static const struct { const char *name; bool frozen; } classes[] = {
	{ "STANDARD", false }, { "STANDARD_IA", false }, { "ONEZONE_IA", false }, { "INTELLIGENT_TIERING", false },
	{ "REDUCED_REDUNDANCY", false }, { "GLACIER_IR", false }, { "GLACIER", true }, { "DEEP_ARCHIVE", true },
};

static bool
frozen(const char *class)
{
	for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
		if (strcmp(classes[i].name, class) == 0)
			return classes[i].frozen;
	return false;
}

static bool
take_class(struct s3call *c, const char **class)
{
	const char *s = httpd_header(c->r, "x-amz-storage-class");

	if (s == NULL)
		s = "STANDARD";
	for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
		if (strcmp(classes[i].name, s) == 0) {
			*class = classes[i].name;
			return true;
		}
	return s3_refuse(c, 400, "InvalidStorageClass", NULL, "The storage class you specified is not valid");
}

static bool
take_metadata(struct s3call *c, struct str *attrs)
{
	const struct sigv4_header *h;
	size_t n, size = 0;

	h = httpd_headers(c->r, &n);
	for (size_t i = 0; i < n; i++)
		if (strncasecmp(h[i].name, "x-amz-meta-", 11) == 0) {
			char *name = mem_copy(h[i].name);

			for (char *s = name; *s != '\0'; s++)
				if (*s >= 'A' && *s <= 'Z')
					*s = (char)(*s - 'A' + 'a');
			attrs_put(attrs, name, h[i].value);
			size += strlen(name) - 11 + strlen(h[i].value);
			free(name);
		}
	return size <= METADATA_MAX || s3_refuse(c, 400, "MetadataTooLarge", NULL,
	    "Your metadata headers exceed the maximum allowed metadata size");
}

/* KEY=VALUE&..., up to 10 of them. */
static bool
take_tags(struct s3call *c, struct str *attrs)
{
	const char *tags = httpd_header(c->r, "x-amz-tagging");
	unsigned n = 0;

	if (tags == NULL || *tags == '\0')
		return true;
	for (const char *s = tags; *s != '\0'; n++) {
		size_t len = strcspn(s, "&"), key = strcspn(s, "=&");
		char *k = s3_decode(s, key, true), *v = key < len ? s3_decode(s + key + 1, len - key - 1, true) : mem_copy("");
		bool good = k != NULL && v != NULL && *k != '\0' && strlen(k) <= 128 && strlen(v) <= 256;

		free(k);
		free(v);
		if (!good)
			return s3_refuse(c, 400, "InvalidArgument", NULL, "The header 'x-amz-tagging' shall be encoded as "
			    "UTF-8 then URLEncoded URL query parameters without tag name duplicates.");
		s += len + (s[len] == '&');
	}
	if (n > TAGS_MAX)
		return s3_refuse(c, 400, "BadRequest", NULL, "Object tags cannot be greater than %d", TAGS_MAX);
	attrs_put(attrs, "x-amz-tagging", tags);
	return true;
}

static bool
take_encryption(struct s3call *c, struct str *attrs)
{
	const char *how = httpd_header(c->r, "x-amz-server-side-encryption");
	const char *key = httpd_header(c->r, "x-amz-server-side-encryption-aws-kms-key-id");

	if (how == NULL && key != NULL)
		return s3_refuse(c, 400, "InvalidArgument", NULL, "Server Side Encryption with AWS KMS managed key requires "
		    "HTTP header x-amz-server-side-encryption : aws:kms");
	if (how != NULL && strcmp(how, "AES256") != 0 && strcmp(how, "aws:kms") != 0 && strcmp(how, "aws:kms:dsse") != 0)
		return s3_refuse(c, 400, "InvalidArgument", NULL, "The encryption method specified is not supported");
	attrs_put(attrs, "x-amz-server-side-encryption", how != NULL ? how : "AES256");
	if (key != NULL)
		attrs_put(attrs, "x-amz-server-side-encryption-aws-kms-key-id", key);
	return true;
}

static bool
take_acl(struct s3call *c)
{
	const char *acl = httpd_header(c->r, "x-amz-acl");

	return acl == NULL || strcmp(acl, "private") == 0 || strcmp(acl, "bucket-owner-full-control") == 0 ||
	    s3_refuse(c, 400, "AccessControlListNotSupported", NULL, "The bucket does not allow ACLs");
}

bool
do_object_settings(struct s3call *c, const char **class, struct str *attrs)
{
	static const char *const kept[] = { "content-type", "content-disposition", "content-language", "cache-control", "expires" };
	const char *value, *encoding = httpd_header(c->r, "content-encoding");

	if (strlen(c->key) >= BUCKET_KEY)
		return s3_refuse(c, 400, "KeyTooLongError", NULL, "Your key is too long");
	if (!take_class(c, class) || !take_acl(c))
		return false;
	for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
		if ((value = httpd_header(c->r, kept[i])) != NULL)
			attrs_put(attrs, kept[i], value);
	if (httpd_header(c->r, "content-type") == NULL)
		attrs_put(attrs, "content-type", "binary/octet-stream");
	if (encoding != NULL && strncasecmp(encoding, "aws-chunked", 11) == 0)
		encoding += 11 + strspn(encoding + 11, ", ");
	if (encoding != NULL && *encoding != '\0')
		attrs_put(attrs, "content-encoding", encoding);
	return take_metadata(c, attrs) && take_tags(c, attrs) && take_encryption(c, attrs);
}

bool
do_object_condition(struct s3call *c, bool *only_new)
{
	const char *none = httpd_header(c->r, "if-none-match"), *match = httpd_header(c->r, "if-match");
	struct object o;
	bool there;

	*only_new = false;
	if (match != NULL || (none != NULL && strcmp(none, "*") != 0))
		return s3_refuse(c, 501, "NotImplemented", "<Header>If-Match</Header>",
		    "A header you provided implies functionality that is not implemented");
	if (none == NULL)
		return true;
	*only_new = true;
	there = bucket_get(c->bucket, c->key, &o);
	object_clear(&o);
	return !there || s3_refuse(c, 412, "PreconditionFailed", "<Condition>If-None-Match</Condition>",
	    "At least one of the pre-conditions you specified did not hold");
}

bool
do_object_expect(struct s3call *c)
{
	struct str attrs = { 0 };
	const char *class;
	bool only_new, good;

	if (httpd_header(c->r, "x-amz-copy-source") != NULL)
		return s3_refuse(c, 501, "NotImplemented", "<Header>x-amz-copy-source</Header>",
		    "A header you provided implies functionality that is not implemented");
	good = do_object_settings(c, &class, &attrs);
	str_free(&attrs);
	if (!good || !do_object_condition(c, &only_new))
		return false;
	return (c->in = bucket_receive(c->bucket, NULL)) != NULL || s3_failed(c);
}

/* Tell what was stored, as PutObject and the like do. */
static void
set_stored(struct s3call *c, const char *etag)
{
	char *quoted = mem_format("\"%s\"", etag);

	httpd_set(c->r, "ETag", quoted);
	free(quoted);
}

static void
set_encryption(void *shared, const char *name, const char *value)
{
	if (strncmp(name, "x-amz-server-side-", 18) == 0)
		httpd_set(shared, name, value);
}

void
do_object_put(struct s3call *c)
{
	struct receiving *in = c->in;
	struct object o = { .time = c->now / 1000 * 1000 };
	char sum[CHECKSUM_TEXT];
	const char *class;
	bool only_new;

	if (!do_object_settings(c, &class, &o.attrs) || !do_object_condition(c, &only_new))
		goto out;
	strcpy(o.class, class);
	hex_put(o.etag, c->md5_raw, MD5_SIZE);
	if (c->kind != CHECKSUM_NONE) {
		checksum_text(sum, c->kind, c->raw);
		attrs_put(&o.attrs, "checksum-algorithm", checksum_name(c->kind));
		attrs_put(&o.attrs, checksum_header(c->kind), sum);
		attrs_put(&o.attrs, "x-amz-checksum-type", "FULL_OBJECT");
	}
	c->in = NULL;                   /* receiving_keep ends it */
	if (receiving_keep(in, c->key, &o, only_new) == 0) {
		set_stored(c, o.etag);
		attrs_each(str_get(&o.attrs), set_encryption, c->r);
		if (c->kind != CHECKSUM_NONE) {
			httpd_set(c->r, checksum_header(c->kind), sum);
			httpd_set(c->r, "x-amz-checksum-type", "FULL_OBJECT");
		}
		s3_done(c, 200);
	} else if (errno == EEXIST)
		s3_refuse(c, 412, "PreconditionFailed", "<Condition>If-None-Match</Condition>",
		    "At least one of the pre-conditions you specified did not hold");
	else if (errno == ENOENT)
		s3_no_bucket(c);
	else
		s3_failed(c);
out:
	object_clear(&o);
}

/* What a stored attribute looks like in an answer. */
struct telling {
	struct s3call *c;
	bool checksums;
};

static void
tell(void *shared, const char *name, const char *value)
{
	struct telling *t = shared;
	unsigned tags = 1;
	char count[16];

	if (strncmp(name, "x-amz-checksum-", 15) == 0) {
		if (t->checksums)
			httpd_set(t->c->r, name, value);
	} else if (strcmp(name, "x-amz-tagging") == 0) {
		for (; *value != '\0'; value++)
			tags += *value == '&';
		snprintf(count, sizeof count, "%u", tags);
		httpd_set(t->c->r, "x-amz-tagging-count", count);
	} else if (strcmp(name, "checksum-algorithm") != 0 && strcmp(name, "parts") != 0)
		httpd_set(t->c->r, name, value);
}

static void
tell_restore(struct s3call *c, const struct object *o)
{
	char time[STAMP_HTTP], *s;

	if (c->now < o->ready)
		httpd_set(c->r, "x-amz-restore", "ongoing-request=\"true\"");
	else if (c->now < o->expires) {
		stamp_http(time, o->expires);
		s = mem_format("ongoing-request=\"false\", expiry-date=\"%s\"", time);
		httpd_set(c->r, "x-amz-restore", s);
		free(s);
	}
}

static void
tell_object(struct s3call *c, const struct object *o, bool whole)
{
	const char *mode = httpd_header(c->r, "x-amz-checksum-mode");
	struct telling t = { c, whole && mode != NULL && strcasecmp(mode, "ENABLED") == 0 };
	char time[STAMP_HTTP];

	attrs_each(str_get(&o->attrs), tell, &t);
	set_stored(c, o->etag);
	stamp_http(time, o->time);
	httpd_set(c->r, "Last-Modified", time);
	httpd_set(c->r, "Accept-Ranges", "bytes");
	if (strcmp(o->class, "STANDARD") != 0)
		httpd_set(c->r, "x-amz-storage-class", o->class);
	tell_restore(c, o);
}

/* bytes=A-B, bytes=A- or bytes=-N.  false: it is something else, which is as if it were not there. */
static bool
parse_range(const char *s, uint64_t size, uint64_t *first, uint64_t *last)
{
	char from[24] = "", to[24] = "";
	size_t n;
	uint64_t a, b = UINT64_MAX;

	if (strncmp(s, "bytes=", 6) != 0)
		return false;
	s += 6;
	n = strcspn(s, "-");
	if (s[n] != '-' || n >= sizeof from || strlen(s + n + 1) >= sizeof to)
		return false;
	memcpy(from, s, n);
	strcpy(to, s + n + 1);
	if (*from == '\0') {
		if (!range_number(&b, to, INT64_MAX))
			return false;
		*first = b == 0 ? size : b < size ? size - b : 0;
		*last = size - 1;
		return true;
	}
	if (!range_number(&a, from, INT64_MAX) || (*to != '\0' && (!range_number(&b, to, INT64_MAX) || b < a)))
		return false;
	*first = a;
	*last = b < size ? b : size - 1;
	return true;
}

static bool
matches(const char *list, const char *etag)
{
	char *quoted = mem_format("\"%s\"", etag);
	bool found = strcmp(list, "*") == 0 || strstr(list, quoted) != NULL || strcmp(list, etag) == 0;

	free(quoted);
	return found;
}

static bool
check_conditions(struct s3call *c, const struct object *o)
{
	const char *match = httpd_header(c->r, "if-match"), *none = httpd_header(c->r, "if-none-match");

	if (match != NULL && !matches(match, o->etag))
		return s3_refuse(c, 412, "PreconditionFailed", "<Condition>If-Match</Condition>",
		    "At least one of the pre-conditions you specified did not hold");
	if (none != NULL && matches(none, o->etag)) {
		set_stored(c, o->etag);
		s3_done(c, 304);
		return false;
	}
	return true;
}

static void
send(struct s3call *c, const struct object *o)
{
	const char *range = httpd_header(c->r, "range");
	uint64_t first = 0, last = o->size - 1;
	bool part = range != NULL && parse_range(range, o->size, &first, &last);
	char *s;
	int fd;

	if (part && first >= o->size) {
		s = mem_format("<ActualObjectSize>%llu</ActualObjectSize>", (unsigned long long)o->size);
		s3_refuse(c, 416, "InvalidRange", s, "The requested range is not satisfiable");
		free(s);
		return;
	}
	if ((fd = bucket_open_object(c->bucket, o)) < 0) {
		/* It may have been replaced, or removed, since its line was read. */
		if (errno == ENOENT)
			s3_no_key(c);
		else
			s3_failed(c);
		return;
	}
	tell_object(c, o, !part);
	if (part) {
		s = mem_format("bytes %llu-%llu/%llu", (unsigned long long)first, (unsigned long long)last,
		    (unsigned long long)o->size);
		httpd_set(c->r, "Content-Range", s);
		free(s);
	}
	if (o->size == 0)
		close(fd);
	else
		httpd_file(c->r, fd, first, last - first + 1);
	s3_done(c, part ? 206 : 200);
}

void
do_object_get(struct s3call *c)
{
	bool head = strcmp(httpd_method(c->r), "HEAD") == 0;
	struct object o;
	char *extra;

	if (!bucket_get(c->bucket, c->key, &o))
		s3_no_key(c);
	else if (s3_asks(c, "partNumber"))
		s3_refuse(c, 501, "NotImplemented", NULL, "A header you provided implies functionality that is not implemented");
	else if (check_conditions(c, &o)) {
		if (!head && frozen(o.class) && (o.expires == 0 || c->now < o.ready || c->now >= o.expires)) {
			extra = mem_format("<StorageClass>%s</StorageClass>", o.class);
			s3_refuse(c, 403, "InvalidObjectState", extra, "The operation is not valid for the object's storage class");
			free(extra);
		} else
			send(c, &o);
	}
	object_clear(&o);
}

void
do_object_remove(struct s3call *c)
{
	if (bucket_remove(c->bucket, c->key, c->now) == 0)
		s3_done(c, 204);
	else
		s3_failed(c);
}

struct restore {
	uint64_t days;
	int tier;                       /* as service.h's */
};

static bool
take_restore(void *shared, const char *path, const char *text)
{
	static const char *const tiers[] = { [TIER_EXPEDITED] = "Expedited", [TIER_STANDARD] = "Standard", [TIER_BULK] = "Bulk" };
	struct restore *s = shared;

	if (strcmp(path, "RestoreRequest/Days") == 0)
		return range_number(&s->days, text, 36500) && s->days != 0;
	if (strcmp(path, "RestoreRequest/GlacierJobParameters/Tier") == 0 || strcmp(path, "RestoreRequest/Tier") == 0) {
		for (s->tier = 0; s->tier < TIERS; s->tier++)
			if (strcmp(text, tiers[s->tier]) == 0)
				return true;
		return false;
	}
	return true;
}

/* Behind so many days, at the next midnight. */
static int64_t
expiry(const struct s3call *c, uint64_t days)
{
	int64_t day = c->o->day, end = c->now + (int64_t)days * day;

	return day != DAY * 1000 ? end : (end + day - 1) / day * day;
}

static void
restore(struct s3call *c, const struct object *o, const struct restore *s)
{
	bool copy = c->now >= o->ready && c->now < o->expires, pending = c->now < o->ready;
	int64_t ready = copy ? o->ready : c->now + c->o->thaw[s->tier];

	/* A faster tier may overtake; nothing else may be asked for while it thaws. */
	if (pending && ready >= o->ready)
		s3_refuse(c, 409, "RestoreAlreadyInProgress", NULL, "Object restore is already in progress");
	else if (bucket_restore(c->bucket, c->key, c->now, ready, expiry(c, s->days)) != 0)
		s3_failed(c);
	else
		s3_done(c, copy ? 200 : 202);
}

void
do_object_restore(struct s3call *c)
{
	struct restore s = { .tier = TIER_STANDARD };
	struct object o = { 0 };

	if (!xml_parse(str_get(&c->text), c->text.len, take_restore, &s) || s.days == 0)
		s3_malformed(c);
	else if (!bucket_get(c->bucket, c->key, &o))
		s3_no_key(c);
	else if (!frozen(o.class))
		s3_refuse(c, 403, "InvalidObjectState", NULL, "Restore is not allowed for the object's current storage class");
	else if (strcmp(o.class, "DEEP_ARCHIVE") == 0 && s.tier == TIER_EXPEDITED)
		s3_refuse(c, 400, "InvalidArgument", NULL, "Retrieval option is not supported by this storage class");
	else
		restore(c, &o, &s);
	object_clear(&o);
}

void
do_object_tags(struct s3call *c)
{
	struct str xml = { 0 };
	struct object o;
	char *tags;

	if (!bucket_get(c->bucket, c->key, &o)) {
		s3_no_key(c);
		object_clear(&o);
		return;
	}
	tags = attrs_get(str_get(&o.attrs), "x-amz-tagging");
	s3_begin(&xml, "Tagging");
	str_puts(&xml, "<TagSet>");
	for (const char *s = tags; s != NULL && *s != '\0'; ) {
		size_t len = strcspn(s, "&"), key = strcspn(s, "=&");
		char *k = s3_decode(s, key, true), *v = key < len ? s3_decode(s + key + 1, len - key - 1, true) : mem_copy("");

		str_puts(&xml, "<Tag>");
		xml_put(&xml, "Key", k != NULL ? k : "");
		xml_put(&xml, "Value", v != NULL ? v : "");
		str_puts(&xml, "</Tag>");
		free(k);
		free(v);
		s += len + (s[len] == '&');
	}
	str_puts(&xml, "</TagSet></Tagging>");
	free(tags);
	s3_xml(c, &xml);
	object_clear(&o);
}

/* Tags on their way from XML to what x-amz-tagging would say. */
struct tagging {
	struct str text, key, value;
	unsigned n;
};

/* As in a query. */
static void
encode(struct str *out, const char *s)
{
	for (; *s != '\0'; s++)
		if (isalnum((unsigned char)*s) || strchr("-_.~", *s) != NULL)
			str_add(out, s, 1);
		else
			str_format(out, "%%%02X", (unsigned char)*s);
}

static bool
take_tag(void *shared, const char *path, const char *text)
{
	struct tagging *t = shared;

	if (strcmp(path, "Tagging/TagSet/Tag/Key") == 0) {
		str_clear(&t->key);
		str_puts(&t->key, text);
		return *text != '\0' && strlen(text) <= 128;
	}
	if (strcmp(path, "Tagging/TagSet/Tag/Value") == 0) {
		str_clear(&t->value);
		str_puts(&t->value, text);
		return strlen(text) <= 256;
	}
	if (strcmp(path, "Tagging/TagSet/Tag") == 0) {
		if (t->key.len == 0 || ++t->n > TAGS_MAX)
			return false;
		str_puts(&t->text, t->text.len != 0 ? "&" : "");
		encode(&t->text, str_get(&t->key));
		str_puts(&t->text, "=");
		encode(&t->text, str_get(&t->value));
		str_clear(&t->key);
		str_clear(&t->value);
	}
	return true;
}

static void
copy_other(void *attrs, const char *name, const char *value)
{
	if (strcmp(name, "x-amz-tagging") != 0)
		attrs_put(attrs, name, value);
}

/* Give the object these tags. */
static void
set_tags(struct s3call *c, const char *tags, int status)
{
	struct str attrs = { 0 };
	struct object o;

	if (!bucket_get(c->bucket, c->key, &o))
		s3_no_key(c);
	else {
		attrs_each(str_get(&o.attrs), copy_other, &attrs);
		if (*tags != '\0')
			attrs_put(&attrs, "x-amz-tagging", tags);
		if (bucket_change(c->bucket, c->key, str_get(&attrs)) == 0)
			s3_done(c, status);
		else
			s3_failed(c);
	}
	str_free(&attrs);
	object_clear(&o);
}

void
do_object_tag(struct s3call *c)
{
	struct tagging t = { 0 };

	if (xml_parse(str_get(&c->text), c->text.len, take_tag, &t))
		set_tags(c, str_get(&t.text), 200);
	else
		s3_malformed(c);
	str_free(&t.text);
	str_free(&t.key);
	str_free(&t.value);
}

void
do_object_untag(struct s3call *c)
{
	set_tags(c, "", 204);
}

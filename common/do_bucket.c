#include "do_bucket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "attrs.h"
#include "hex.h"
#include "mem.h"
#include "stamp.h"
#include "xml.h"

enum { PAGE = 1000 };                   /* items in a list, at most */

static void
put_owner(const struct s3call *c, struct str *xml)
{
	str_format(xml, "<Owner><ID>%s</ID><DisplayName>%s</DisplayName></Owner>", c->o->account, c->o->account);
}

void
do_bucket_list(struct s3call *c)
{
	struct str xml = { 0 };
	char *from = mem_copy("");
	struct bucket *b;
	char time[STAMP];

	s3_begin(&xml, "ListAllMyBucketsResult");
	put_owner(c, &xml);
	str_puts(&xml, "<Buckets>");
	while ((b = buckets_next(c->buckets, from)) != NULL) {
		stamp_put(time, bucket_created(b));
		str_puts(&xml, "<Bucket>");
		xml_put(&xml, "Name", bucket_name(b));
		xml_put(&xml, "CreationDate", time);
		str_puts(&xml, "</Bucket>");
		free(from);
		from = mem_format("%s ", bucket_name(b));       /* behind it: no name has a byte before a blank */
	}
	str_puts(&xml, "</Buckets></ListAllMyBucketsResult>");
	free(from);
	s3_xml(c, &xml);
}

static bool
take_location(void *shared, const char *path, const char *text)
{
	char **location = shared;

	if (strcmp(path, "CreateBucketConfiguration/LocationConstraint") == 0) {
		free(*location);
		*location = mem_copy(text);
	}
	return true;
}

/* us-east-1 is where a bucket is that says nothing. */
static bool
check_location(struct s3call *c)
{
	char *location = NULL;
	bool good = true;

	if (c->text.len != 0 && !xml_parse(c->text.s, c->text.len, take_location, &location))
		good = s3_malformed(c);
	else if (strcmp(location != NULL ? location : "us-east-1", c->o->keys.region) != 0)
		good = s3_refuse(c, 400, "IllegalLocationConstraintException", NULL, "The %s location constraint is incompatible "
		    "for the region specific endpoint this request was sent to.", location != NULL ? location : "unspecified");
	free(location);
	return good;
}

void
do_bucket_create(struct s3call *c)
{
	char *location;

	if (!bucket_name_good(c->name)) {
		s3_refuse(c, 400, "InvalidBucketName", NULL, "The specified bucket is not valid.");
		return;
	}
	if (!check_location(c))
		return;
	if (buckets_create(c->buckets, c->name, c->now) == 0) {
		location = mem_format("/%s", c->name);
		httpd_set(c->r, "Location", location);
		free(location);
		s3_done(c, 200);
	} else if (errno == EEXIST && strcmp(c->o->keys.region, "us-east-1") == 0)
		s3_done(c, 200);        /* so it is there, and only there */
	else if (errno == EEXIST)
		s3_refuse(c, 409, "BucketAlreadyOwnedByYou", NULL, "Your previous request to create the named bucket "
		    "succeeded and you already own it.");
	else if (errno == EDQUOT)
		s3_refuse(c, 400, "TooManyBuckets", NULL, "You have attempted to create more buckets than allowed");
	else
		s3_failed(c);
}

void
do_bucket_head(struct s3call *c)
{
	httpd_set(c->r, "x-amz-bucket-region", c->o->keys.region);
	s3_done(c, 200);
}

void
do_bucket_delete(struct s3call *c)
{
	if (buckets_delete(c->buckets, c->name) == 0)
		s3_done(c, 204);
	else if (errno == ENOTEMPTY)
		s3_refuse(c, 409, "BucketNotEmpty", NULL, "The bucket you tried to delete is not empty");
	else if (errno == ENOENT)
		s3_no_bucket(c);
	else
		s3_failed(c);
}

void
do_bucket_location(struct s3call *c)
{
	struct str xml = { 0 };

	s3_begin(&xml, "LocationConstraint");
	if (strcmp(c->o->keys.region, "us-east-1") != 0)
		xml_text(&xml, c->o->keys.region);
	str_puts(&xml, "</LocationConstraint>");
	s3_xml(c, &xml);
}

void
do_bucket_versioning(struct s3call *c)
{
	struct str xml = { 0 };

	s3_begin(&xml, "VersioningConfiguration");
	str_puts(&xml, "</VersioningConfiguration>");
	s3_xml(c, &xml);
}

/* One page of keys on its way. */
struct listing {
	struct s3call *c;
	bool v2;
	char *prefix, *delimiter, *after, *token, *start;
	bool restores;                  /* the client wants to know of copies */
	unsigned limit, count;
	struct str items, prefixes;
	char *last;                     /* the key or prefix listed last */
	bool more;
};

static void
put_object(struct listing *l, const char *key, const struct object *o)
{
	char time[STAMP], *etag = mem_format("\"%s\"", o->etag), *algorithm;
	struct str *xml = &l->items;

	stamp_put(time, o->time);
	str_puts(xml, "<Contents>");
	s3_put_key(l->c, xml, "Key", key);
	xml_put(xml, "LastModified", time);
	xml_put(xml, "ETag", etag);
	if ((algorithm = attrs_get(str_get(&o->attrs), "checksum-algorithm")) != NULL) {
		xml_put(xml, "ChecksumAlgorithm", algorithm);
		free(algorithm);
		algorithm = attrs_get(str_get(&o->attrs), "x-amz-checksum-type");
		xml_put(xml, "ChecksumType", algorithm != NULL ? algorithm : "FULL_OBJECT");
	}
	str_format(xml, "<Size>%llu</Size>", (unsigned long long)o->size);
	if (!l->v2)
		put_owner(l->c, xml);
	xml_put(xml, "StorageClass", o->class);
	if (l->restores && o->ready > l->c->now)
		str_puts(xml, "<RestoreStatus><IsRestoreInProgress>true</IsRestoreInProgress></RestoreStatus>");
	else if (l->restores && o->expires > l->c->now) {
		stamp_put(time, o->expires);
		str_format(xml, "<RestoreStatus><IsRestoreInProgress>false</IsRestoreInProgress>"
		    "<RestoreExpiryDate>%s</RestoreExpiryDate></RestoreStatus>", time);
	}
	str_puts(xml, "</Contents>");
	free(algorithm);
	free(etag);
}

/* The first string behind all that begin with s. */
static char *
behind(const char *s)
{
	char *t = mem_copy(s);
	size_t n = strlen(t);

	while (n != 0 && (unsigned char)t[n - 1] == 0xff)
		n--;
	if (n != 0)
		t[n - 1] = (char)(t[n - 1] + 1);
	t[n] = '\0';
	return t;
}

/* List this key, or the prefix that stands for it; what comes next.  NULL and more: the page is full. */
static char *
list_key(struct listing *l, const char *key)
{
	size_t skip = strlen(l->prefix);
	const char *cut = *l->delimiter != '\0' ? strstr(key + skip, l->delimiter) : NULL;
	struct object o;
	char *next, *item;

	item = cut != NULL ? mem_format("%.*s", (int)(cut - key + (int)strlen(l->delimiter)), key) : mem_copy(key);
	next = cut != NULL ? behind(item) : mem_format("%s\001", key);
	/* A prefix that was the last item of the page before is not listed again. */
	if (cut != NULL && *l->after != '\0' && strcmp(item, l->after) == 0) {
		free(item);
		return next;
	}
	if (l->count == l->limit) {
		l->more = true;
		free(item);
		free(next);
		return NULL;
	}
	if (cut != NULL) {
		str_puts(&l->prefixes, "<CommonPrefixes>");
		s3_put_key(l->c, &l->prefixes, "Prefix", item);
		str_puts(&l->prefixes, "</CommonPrefixes>");
		l->count++;
	} else if (bucket_get(l->c->bucket, key, &o)) {
		put_object(l, key, &o);
		object_clear(&o);
		l->count++;
	}
	free(l->last);
	l->last = item;
	return next;
}

static void
list(struct listing *l)
{
	char *from, *key;
	size_t n = strlen(l->prefix);

	/* Keys hold no byte below \001, so this is the first place behind one. */
	from = *l->after != '\0' ? mem_format("%s\001", l->after) : mem_copy("");
	if (strcmp(from, l->prefix) < 0) {
		free(from);
		from = mem_copy(l->prefix);
	}
	while (from != NULL && l->limit != 0 && (key = bucket_next(l->c->bucket, from)) != NULL) {
		free(from);
		from = NULL;
		if (strncmp(key, l->prefix, n) == 0)
			from = list_key(l, key);
		free(key);
	}
	free(from);
}

/* A continuation token is the last item in hexadecimal, so that nobody takes it for a key. */
static char *
make_token(const char *key)
{
	size_t n = strlen(key);
	char *token = mem_alloc(2 * n + 2);

	token[0] = '1';
	hex_put(token + 1, key, n);
	return token;
}

static char *
read_token(const char *token)
{
	size_t n = strlen(token);
	char *key = mem_alloc(n / 2 + 1);

	if (token[0] == '1' && n % 2 == 1 && hex_get(key, token + 1, n / 2))
		return key;
	free(key);
	return NULL;
}

static void
print_list(struct listing *l, struct str *xml)
{
	struct s3call *c = l->c;
	char *token, *type = s3_query(c, "encoding-type");

	s3_begin(xml, "ListBucketResult");
	xml_put(xml, "Name", c->name);
	s3_put_key(c, xml, "Prefix", l->prefix);
	if (*l->delimiter != '\0')
		s3_put_key(c, xml, "Delimiter", l->delimiter);
	if (type != NULL)
		xml_put(xml, "EncodingType", type);
	str_format(xml, "<MaxKeys>%u</MaxKeys><IsTruncated>%s</IsTruncated>", l->limit, l->more ? "true" : "false");
	if (l->v2) {
		str_format(xml, "<KeyCount>%u</KeyCount>", l->count);
		if (l->token != NULL)
			xml_put(xml, "ContinuationToken", l->token);
		if (l->start != NULL)
			s3_put_key(c, xml, "StartAfter", l->start);
		if (l->more && l->last != NULL) {
			token = make_token(l->last);
			xml_put(xml, "NextContinuationToken", token);
			free(token);
		}
	} else {
		s3_put_key(c, xml, "Marker", l->start != NULL ? l->start : "");
		if (l->more && l->last != NULL && *l->delimiter != '\0')
			s3_put_key(c, xml, "NextMarker", l->last);
	}
	str_puts(xml, str_get(&l->items));
	str_puts(xml, str_get(&l->prefixes));
	str_puts(xml, "</ListBucketResult>");
	free(type);
}

void
do_bucket_objects(struct s3call *c)
{
	const char *wish = httpd_header(c->r, "x-amz-optional-object-attributes");
	struct listing l = { .c = c, .v2 = s3_asks(c, "list-type"), .restores = wish != NULL && strcmp(wish, "RestoreStatus") == 0 };
	struct str xml = { 0 };

	if (!s3_count(c, "max-keys", &l.limit, PAGE))
		return;
	l.prefix = s3_query(c, "prefix");
	l.delimiter = s3_query(c, "delimiter");
	l.token = l.v2 ? s3_query(c, "continuation-token") : NULL;
	l.start = s3_query(c, l.v2 ? "start-after" : "marker");
	l.prefix = l.prefix != NULL ? l.prefix : mem_copy("");
	l.delimiter = l.delimiter != NULL ? l.delimiter : mem_copy("");
	l.after = l.token != NULL ? read_token(l.token) : mem_copy(l.start != NULL ? l.start : "");
	if (l.after == NULL)
		s3_refuse(c, 400, "InvalidArgument", NULL, "The continuation token provided is incorrect");
	else {
		list(&l);
		print_list(&l, &xml);
		s3_xml(c, &xml);
	}
	str_free(&l.items);
	str_free(&l.prefixes);
	free(l.prefix);
	free(l.delimiter);
	free(l.token);
	free(l.start);
	free(l.after);
	free(l.last);
}

struct removal {
	struct s3call *c;
	bool quiet;
	char **key;
	size_t n;
};

static bool
take_removal(void *shared, const char *path, const char *text)
{
	struct removal *m = shared;

	if (strcmp(path, "Delete/Quiet") == 0)
		m->quiet = strcasecmp(text, "true") == 0;
	else if (strcmp(path, "Delete/Object/Key") == 0) {
		if (m->n == PAGE || *text == '\0')
			return false;
		m->key = mem_grow(m->key, (m->n + 1) * sizeof *m->key);
		m->key[m->n++] = mem_copy(text);
	}
	return true;
}

void
do_bucket_remove(struct s3call *c)
{
	struct removal m = { .c = c };
	struct str xml = { 0 };

	if (httpd_header(c->r, "content-md5") == NULL && c->kind == CHECKSUM_NONE)
		s3_refuse(c, 400, "InvalidRequest", NULL, "Missing required header for this request: Content-MD5 OR x-amz-checksum-*");
	else if (!xml_parse(str_get(&c->text), c->text.len, take_removal, &m) || m.n == 0)
		s3_malformed(c);
	else {
		s3_begin(&xml, "DeleteResult");
		for (size_t i = 0; i < m.n; i++) {
			bool gone = bucket_remove(c->bucket, m.key[i], c->now) == 0;

			if (gone && m.quiet)
				continue;
			str_puts(&xml, gone ? "<Deleted>" : "<Error>");
			xml_put(&xml, "Key", m.key[i]);
			if (!gone)
				str_puts(&xml, "<Code>InternalError</Code><Message>We encountered an internal error. Please try again.</Message>");
			str_puts(&xml, gone ? "</Deleted>" : "</Error>");
		}
		str_puts(&xml, "</DeleteResult>");
		s3_xml(c, &xml);
	}
	for (size_t i = 0; i < m.n; i++)
		free(m.key[i]);
	free(m.key);
}

#include "do_multipart.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "attrs.h"
#include "do_object.h"
#include "hex.h"
#include "io.h"
#include "mem.h"
#include "range.h"
#include "stamp.h"
#include "xml.h"

enum { PAGE = 1000, PART_MIN = 5 << 20, BLOCK = 1 << 18 };

/* The upload that the query names, for this key; false and refused. */
static bool
find(struct s3call *c)
{
	char *id = s3_query(c, "uploadId");

	c->up = mpu_find(bucket_uploads(c->bucket), id);
	free(id);
	return (c->up != NULL && strcmp(mpu_key(c->up), c->key) == 0) || s3_no_upload(c);
}

/* What the parts are checked with, and what is made of that for the whole.  false and refused. */
static bool
take_checksum(struct s3call *c, enum checksum_kind *kind, struct str *attrs)
{
	const char *algorithm = httpd_header(c->r, "x-amz-checksum-algorithm"), *type = httpd_header(c->r, "x-amz-checksum-type");
	bool full;

	*kind = CHECKSUM_NONE;
	if (algorithm == NULL && type == NULL)
		return true;
	if (algorithm == NULL || (*kind = checksum_named(algorithm)) == CHECKSUM_NONE)
		return s3_refuse(c, 400, "InvalidRequest", NULL, "Checksum algorithm provided is unsupported. Please try again "
		    "with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]");
	full = type != NULL ? strcmp(type, "FULL_OBJECT") == 0 : *kind == CHECKSUM_CRC64NVME;
	if ((type != NULL && !full && strcmp(type, "COMPOSITE") != 0) ||
	    (full ? *kind == CHECKSUM_SHA1 || *kind == CHECKSUM_SHA256 : *kind == CHECKSUM_CRC64NVME))
		return s3_refuse(c, 400, "InvalidRequest", NULL, "The %s checksum type cannot be used with the %s checksum algorithm.",
		    type != NULL ? type : "COMPOSITE", checksum_name(*kind));
	attrs_put(attrs, "checksum-algorithm", checksum_name(*kind));
	attrs_put(attrs, "x-amz-checksum-type", full ? "FULL_OBJECT" : "COMPOSITE");
	return true;
}

void
do_multipart_begin(struct s3call *c)
{
	struct str attrs = { 0 }, xml = { 0 };
	enum checksum_kind kind;
	const char *class;
	char *type;

	if (!do_object_settings(c, &class, &attrs) || !take_checksum(c, &kind, &attrs))
		goto out;
	if ((c->up = mpu_new(bucket_uploads(c->bucket), c->key, class, kind, str_get(&attrs), c->now)) == NULL) {
		s3_failed(c);
		goto out;
	}
	s3_begin(&xml, "InitiateMultipartUploadResult");
	xml_put(&xml, "Bucket", c->name);
	xml_put(&xml, "Key", c->key);
	xml_put(&xml, "UploadId", mpu_id(c->up));
	str_puts(&xml, "</InitiateMultipartUploadResult>");
	if (kind != CHECKSUM_NONE) {
		type = attrs_get(str_get(&attrs), "x-amz-checksum-type");
		httpd_set(c->r, "x-amz-checksum-algorithm", checksum_name(kind));
		httpd_set(c->r, "x-amz-checksum-type", type);
		free(type);
	}
	s3_xml(c, &xml);
out:
	str_free(&attrs);
}

static bool
part_number(struct s3call *c, unsigned *number)
{
	char *s = s3_query(c, "partNumber");
	uint64_t n = 0;
	bool good = range_number(&n, s, MPU_PARTS) && n != 0;

	free(s);
	*number = (unsigned)n;
	return good || s3_refuse(c, 400, "InvalidArgument", "<ArgumentName>partNumber</ArgumentName>",
	    "Part number must be an integer between 1 and %d, inclusive", MPU_PARTS);
}

bool
do_multipart_expect(struct s3call *c)
{
	enum checksum_kind kind;
	unsigned number;

	if (httpd_header(c->r, "x-amz-copy-source") != NULL)
		return s3_refuse(c, 501, "NotImplemented", "<Header>x-amz-copy-source</Header>",
		    "A header you provided implies functionality that is not implemented");
	if (!part_number(c, &number) || !find(c))
		return false;
	kind = mpu_kind(c->up);
	if (kind != c->kind && kind != CHECKSUM_NONE)
		return s3_refuse(c, 400, "InvalidRequest", NULL, "Checksum Type mismatch occurred, expected checksum Type: %s, "
		    "actual checksum Type: %s", checksum_name(kind), c->kind != CHECKSUM_NONE ? checksum_name(c->kind) : "null");
	return (c->put = mpu_put(c->up, number)) != NULL || (errno == ENOENT ? s3_no_upload(c) : s3_failed(c));
}

void
do_multipart_put(struct s3call *c)
{
	char etag[2 * MD5_SIZE + 3] = "\"", sum[CHECKSUM_TEXT];
	struct mpu_put *put = c->put;

	c->put = NULL;                  /* mpu_keep ends it */
	if (mpu_keep(put, c->md5_raw, c->raw, c->now / 1000 * 1000) != 0) {
		if (errno == ENOENT)
			s3_no_upload(c);
		else
			s3_failed(c);
		return;
	}
	hex_put(etag + 1, c->md5_raw, MD5_SIZE);
	strcat(etag, "\"");
	httpd_set(c->r, "ETag", etag);
	if (c->kind != CHECKSUM_NONE) {
		checksum_text(sum, c->kind, c->raw);
		httpd_set(c->r, checksum_header(c->kind), sum);
	}
	s3_done(c, 200);
}

/* <ChecksumSHA256>...</> and the like. */
static void
put_sum(struct str *xml, enum checksum_kind kind, const char *text)
{
	if (kind != CHECKSUM_NONE)
		str_format(xml, "<Checksum%s>%s</Checksum%s>", checksum_name(kind), text, checksum_name(kind));
}

static void
put_part(struct str *xml, unsigned number, const struct mpu_part *p, enum checksum_kind kind)
{
	char etag[2 * MD5_SIZE + 1], sum[CHECKSUM_TEXT], time[STAMP];

	hex_put(etag, p->md5, MD5_SIZE);
	stamp_put(time, p->time);
	checksum_text(sum, kind, p->sum);
	str_format(xml, "<Part><PartNumber>%u</PartNumber><LastModified>%s</LastModified><ETag>\"%s\"</ETag><Size>%llu</Size>",
	    number, time, etag, (unsigned long long)p->size);
	put_sum(xml, kind, sum);
	str_puts(xml, "</Part>");
}

static void
put_people(const struct s3call *c, struct str *xml)
{
	str_format(xml, "<Initiator><ID>%s</ID></Initiator><Owner><ID>%s</ID></Owner>", c->o->account, c->o->account);
}

static void
put_kind(struct str *xml, const struct mpu *up)
{
	char *type = attrs_get(mpu_attrs(up), "x-amz-checksum-type");

	if (mpu_kind(up) != CHECKSUM_NONE) {
		xml_put(xml, "ChecksumAlgorithm", checksum_name(mpu_kind(up)));
		xml_put(xml, "ChecksumType", type);
	}
	free(type);
}

void
do_multipart_parts(struct s3call *c)
{
	unsigned limit, count = 0, last = 0, number;
	struct str xml = { 0 }, items = { 0 };
	struct mpu_part p;
	char *marker;
	uint64_t n = 0;

	if (!s3_count(c, "max-parts", &limit, PAGE) || !find(c))
		return;
	marker = s3_query(c, "part-number-marker");
	if (marker != NULL && *marker != '\0' && !range_number(&n, marker, INT32_MAX)) {
		s3_refuse(c, 400, "InvalidArgument", NULL, "Provided part-number-marker not an integer or within integer range");
		free(marker);
		return;
	}
	free(marker);
	for (number = (unsigned)n + 1; mpu_part(c->up, &number, &p) && count < limit; number++, count++) {
		put_part(&items, number, &p, mpu_kind(c->up));
		last = number;
	}
	s3_begin(&xml, "ListPartsResult");
	xml_put(&xml, "Bucket", c->name);
	xml_put(&xml, "Key", c->key);
	xml_put(&xml, "UploadId", mpu_id(c->up));
	put_people(c, &xml);
	xml_put(&xml, "StorageClass", mpu_class(c->up));
	put_kind(&xml, c->up);
	str_format(&xml, "<PartNumberMarker>%llu</PartNumberMarker><NextPartNumberMarker>%u</NextPartNumberMarker>"
	    "<MaxParts>%u</MaxParts><IsTruncated>%s</IsTruncated>%s</ListPartsResult>", (unsigned long long)n, last, limit,
	    limit != 0 && count == limit && mpu_part(c->up, &number, &p) ? "true" : "false", str_get(&items));
	str_free(&items);
	s3_xml(c, &xml);
}

static void
put_upload(struct s3call *c, struct str *xml, const struct mpu *up)
{
	char time[STAMP];

	stamp_put(time, mpu_created(up));
	str_puts(xml, "<Upload>");
	s3_put_key(c, xml, "Key", mpu_key(up));
	xml_put(xml, "UploadId", mpu_id(up));
	put_people(c, xml);
	xml_put(xml, "StorageClass", mpu_class(up));
	xml_put(xml, "Initiated", time);
	put_kind(xml, up);
	str_puts(xml, "</Upload>");
}

/* Up to limit uploads with this prefix behind *key and *id, which become those of the last one.  true: there are more. */
static bool
list(struct s3call *c, struct str *items, const char *prefix, char **key, char **id, unsigned limit)
{
	struct mpus *all = bucket_uploads(c->bucket);
	struct mpu *up;
	bool more = false;

	while (!more && limit != 0 && (up = mpu_next(all, *key, *id)) != NULL) {
		char *k = mem_copy(mpu_key(up)), *i = mem_copy(mpu_id(up));
		bool fits = strncmp(k, prefix, strlen(prefix)) == 0;

		free(*key);
		free(*id);
		*key = k;
		*id = i;
		if (fits) {
			struct mpu *next;

			put_upload(c, items, up);
			if (--limit == 0 && (next = mpu_next(all, k, i)) != NULL) {
				more = strncmp(mpu_key(next), prefix, strlen(prefix)) == 0;
				mpu_drop(next);
			}
		}
		mpu_drop(up);
	}
	return more;
}

static char *
query_or_empty(const struct s3call *c, const char *name)
{
	char *s = s3_query(c, name);

	return s != NULL ? s : mem_copy("");
}

void
do_multipart_list(struct s3call *c)
{
	char *key = query_or_empty(c, "key-marker"), *id = query_or_empty(c, "upload-id-marker");
	char *prefix = query_or_empty(c, "prefix"), *type = s3_query(c, "encoding-type");
	struct str xml = { 0 }, items = { 0 };
	unsigned limit;
	bool more;

	if (!s3_count(c, "max-uploads", &limit, PAGE))
		goto out;
	s3_begin(&xml, "ListMultipartUploadsResult");
	xml_put(&xml, "Bucket", c->name);
	s3_put_key(c, &xml, "KeyMarker", key);
	xml_put(&xml, "UploadIdMarker", id);
	/* A key alone is all of its uploads: no id has a byte behind '~'. */
	if (*key != '\0' && *id == '\0') {
		free(id);
		id = mem_copy("~");
	}
	more = list(c, &items, prefix, &key, &id, limit);
	if (more) {
		s3_put_key(c, &xml, "NextKeyMarker", key);
		xml_put(&xml, "NextUploadIdMarker", id);
	}
	s3_put_key(c, &xml, "Prefix", prefix);
	if (type != NULL)
		xml_put(&xml, "EncodingType", type);
	str_format(&xml, "<MaxUploads>%u</MaxUploads><IsTruncated>%s</IsTruncated>%s</ListMultipartUploadsResult>", limit,
	    more ? "true" : "false", str_get(&items));
	s3_xml(c, &xml);
out:
	str_free(&items);
	free(key);
	free(id);
	free(prefix);
	free(type);
}

/* What the client says the parts are. */
struct named {
	unsigned number;
	uint8_t md5[MD5_SIZE];
	char sum[CHECKSUM_TEXT];
};

struct manifest {
	struct named *part, now;        /* now: the one that is being read */
	size_t n;
	enum checksum_kind kind;
	bool ordered, known;            /* known: its ETag is one */
};

static bool
take_part(void *shared, const char *path, const char *text)
{
	struct manifest *m = shared;
	uint64_t n;
	size_t len;

	if (strncmp(path, "CompleteMultipartUpload/Part", 28) != 0)
		return true;
	path += 28;
	if (strcmp(path, "/PartNumber") == 0) {
		if (!range_number(&n, text, MPU_PARTS) || n == 0)
			return false;
		m->now.number = (unsigned)n;
	} else if (strcmp(path, "/ETag") == 0) {
		text += *text == '"';
		len = strcspn(text, "\"");
		m->known = m->known && len == 2 * MD5_SIZE && hex_get(m->now.md5, text, MD5_SIZE);
	} else if (strncmp(path, "/Checksum", 9) == 0) {
		if (strlen(text) >= sizeof m->now.sum)
			return false;
		if (checksum_named(path + 9) == m->kind)
			strcpy(m->now.sum, text);
	} else if (*path == '\0') {
		if (m->n == MPU_PARTS || m->now.number == 0)
			return false;
		m->ordered = m->ordered && (m->n == 0 || m->now.number > m->part[m->n - 1].number);
		m->part = mem_grow(m->part, (m->n + 1) * sizeof *m->part);
		m->part[m->n++] = m->now;
		m->now = (struct named){ 0 };
	}
	return true;
}

static bool
invalid_part(struct s3call *c)
{
	return s3_refuse(c, 400, "InvalidPart", NULL, "One or more of the specified parts could not be found. The part may not "
	    "have been uploaded, or the specified entity tag may not match the part's entity tag.");
}

/* The part that the client means; false and refused where it is not there, or another, or too small. */
static bool
check_part(struct s3call *c, const struct manifest *m, size_t i, struct mpu_part *p)
{
	unsigned number = m->part[i].number;
	uint8_t raw[SHA256_SIZE];

	if (!mpu_part(c->up, &number, p) || number != m->part[i].number || memcmp(p->md5, m->part[i].md5, MD5_SIZE) != 0)
		return invalid_part(c);
	if (m->kind != CHECKSUM_NONE && m->part[i].sum[0] == '\0' && (m->kind == CHECKSUM_SHA256 || m->kind == CHECKSUM_SHA1))
		return s3_refuse(c, 400, "InvalidRequest", NULL, "The upload was created using a %s checksum. The complete request must "
		    "include the checksum for each part. It was missing for part %u in the request.", checksum_name(m->kind), number);
	if (m->part[i].sum[0] != '\0' && (!checksum_valid(m->kind, m->part[i].sum, raw) ||
	    memcmp(raw, p->sum, checksum_size(m->kind)) != 0))
		return invalid_part(c);
	if (m->kind != CHECKSUM_NONE && number != i + 1)
		return s3_refuse(c, 400, "InvalidPartOrder", NULL, "The list of parts was not in ascending order. The parts list must "
		    "be specified in order by part number, from 1 without a gap where checksums are used.");
	if (i + 1 < m->n && p->size < PART_MIN)
		return s3_refuse(c, 400, "EntityTooSmall", NULL, "Your proposed upload is smaller than the minimum allowed size");
	return true;
}

/* What an object of several parts is told by. */
struct sums {
	struct checksum *md5, *composite, *whole;       /* the last two: one of them, or neither */
};

/* The bytes of a part go behind those that are there.  0; -1 and errno. */
static int
append(struct s3call *c, const struct mpu_part *p, struct checksum *whole)
{
	int fd = mpu_open_part(c->up, p), r = fd < 0 ? -1 : 0, error;
	char *block = mem_alloc(BLOCK);
	ssize_t n;

	for (uint64_t at = 0; r == 0 && at < p->size; at += (uint64_t)n) {
		n = io_fill_at(fd, block, BLOCK, at);
		if (n == 0)
			errno = EIO;
		r = n > 0 ? receiving_write(c->in, block, (size_t)n) : -1;
		if (r == 0 && whole != NULL)
			checksum_add(whole, block, (size_t)n);
	}
	error = errno;
	if (fd >= 0)
		close(fd);
	free(block);
	errno = error;
	return r;
}

/* All parts, into what is being received; false and refused. */
static bool
assemble(struct s3call *c, const struct manifest *m, struct sums *s)
{
	struct mpu_part p;

	for (size_t i = 0; i < m->n; i++)
		if (!check_part(c, m, i, &p))
			return false;
	if ((c->in = bucket_receive(c->bucket, mpu_id(c->up))) == NULL)
		return s3_failed(c);
	for (size_t i = 0; i < m->n; i++) {
		if (!check_part(c, m, i, &p))
			return false;
		if (append(c, &p, s->whole) != 0)
			return s3_failed(c);
		checksum_add(s->md5, p.md5, MD5_SIZE);
		if (s->composite != NULL)
			checksum_add(s->composite, p.sum, checksum_size(m->kind));
	}
	return true;
}

/* Are size and checksum of the whole what the client says, if it does?  false and refused. */
static bool
check_whole(struct s3call *c, uint64_t length, enum checksum_kind kind, const char *sum)
{
	uint64_t n;

	const char *size = httpd_header(c->r, "x-amz-mp-object-size");
	const char *said = kind != CHECKSUM_NONE ? httpd_header(c->r, checksum_header(kind)) : NULL;

	if (size != NULL && (!range_number(&n, size, INT64_MAX) || n != length))
		return s3_refuse(c, 400, "InvalidRequest", NULL, "The provided 'x-amz-mp-object-size' header value %s does not match "
		    "what was computed: %llu", size, (unsigned long long)length);
	return said == NULL || strcmp(said, sum) == 0 || strncmp(said, sum, strcspn(sum, "-")) == 0 ||
	    s3_refuse(c, 400, "BadDigest", NULL, "The %s you specified did not match the calculated checksum.", checksum_name(kind));
}

static void
print_complete(struct s3call *c, const struct object *o)
{
	char *type = attrs_get(str_get(&o->attrs), "x-amz-checksum-type");
	char *algorithm = attrs_get(str_get(&o->attrs), "checksum-algorithm"), *sum = NULL;
	enum checksum_kind kind = algorithm != NULL ? checksum_named(algorithm) : CHECKSUM_NONE;
	struct str xml = { 0 };

	s3_begin(&xml, "CompleteMultipartUploadResult");
	str_format(&xml, "<Location>http://%s", httpd_header(c->r, "host") != NULL ? httpd_header(c->r, "host") : "");
	xml_text(&xml, httpd_path(c->r));
	str_puts(&xml, "</Location>");
	xml_put(&xml, "Bucket", c->name);
	xml_put(&xml, "Key", c->key);
	str_format(&xml, "<ETag>\"%s\"</ETag>", o->etag);
	if (kind != CHECKSUM_NONE) {
		sum = attrs_get(str_get(&o->attrs), checksum_header(kind));
		put_sum(&xml, kind, sum != NULL ? sum : "");
		xml_put(&xml, "ChecksumType", type);
	}
	str_puts(&xml, "</CompleteMultipartUploadResult>");
	free(type);
	free(algorithm);
	free(sum);
	s3_xml(c, &xml);
}

/* Has this upload become the object already?  Its answer may have been lost: say it again. */
static bool
again(struct s3call *c)
{
	char *upload = s3_query(c, "uploadId"), id[ID_UPLOAD + 1];
	struct object o;
	bool is;

	bucket_completed_id(id, upload);
	free(upload);
	if ((is = bucket_get(c->bucket, c->key, &o) && strcmp(o.id, id) == 0))
		print_complete(c, &o);
	object_clear(&o);
	return is;
}

/* Give what was assembled its hashes and its name. */
static void
store(struct s3call *c, const struct manifest *m, struct sums *s, bool only_new)
{
	struct object o = { .time = c->now / 1000 * 1000 };
	uint8_t md5[MD5_SIZE], raw[SHA256_SIZE];
	struct receiving *in = c->in;
	char sum[CHECKSUM_TEXT] = "";
	size_t n;

	checksum_end(s->md5, md5);
	hex_put(o.etag, md5, MD5_SIZE);
	n = strlen(o.etag);
	snprintf(o.etag + n, sizeof o.etag - n, "-%zu", m->n);
	if (s->composite != NULL || s->whole != NULL) {
		checksum_end(s->composite != NULL ? s->composite : s->whole, raw);
		checksum_text(sum, m->kind, raw);
		n = strlen(sum);
		if (s->composite != NULL)
			snprintf(sum + n, sizeof sum - n, "-%zu", m->n);
	}
	*s = (struct sums){ 0 };
	strcpy(o.class, mpu_class(c->up));
	str_puts(&o.attrs, mpu_attrs(c->up));
	if (*sum != '\0')
		attrs_put(&o.attrs, checksum_header(m->kind), sum);
	if (check_whole(c, receiving_length(in), m->kind, sum)) {
		c->in = NULL;           /* receiving_keep ends it */
		if (receiving_keep(in, c->key, &o, only_new) == 0) {
			mpu_remove(c->up);
			print_complete(c, &o);
		} else if (errno == EEXIST)
			s3_refuse(c, 412, "PreconditionFailed", "<Condition>If-None-Match</Condition>",
			    "At least one of the pre-conditions you specified did not hold");
		else
			s3_failed(c);
	}
	object_clear(&o);
}

static void
complete(struct s3call *c, const struct manifest *m, bool only_new)
{
	char *type = attrs_get(mpu_attrs(c->up), "x-amz-checksum-type");
	struct sums s = { .md5 = checksum_new(CHECKSUM_MD5) };

	if (type != NULL && strcmp(type, "FULL_OBJECT") == 0)
		s.whole = checksum_new(m->kind);
	else if (type != NULL)
		s.composite = checksum_new(m->kind);
	if (!mpu_end(c->up)) {
		/* Somebody else completes or aborts it just now. */
		if (!again(c))
			s3_no_upload(c);
	} else {
		if (assemble(c, m, &s))
			store(c, m, &s, only_new);
		if (httpd_status(c->r) != 200)
			mpu_reopen(c->up);
	}
	checksum_free(s.md5);
	checksum_free(s.whole);
	checksum_free(s.composite);
	free(type);
}

void
do_multipart_complete(struct s3call *c)
{
	struct manifest m = { .ordered = true, .known = true };
	bool only_new;

	if (again(c) || !find(c))
		return;
	m.kind = mpu_kind(c->up);
	if (!xml_parse(str_get(&c->text), c->text.len, take_part, &m) || m.n == 0)
		s3_malformed(c);
	else if (!m.ordered)
		s3_refuse(c, 400, "InvalidPartOrder", NULL, "The list of parts was not in ascending order. The parts list must be "
		    "specified in order by part number.");
	else if (!m.known)
		invalid_part(c);
	else if (do_object_condition(c, &only_new))
		complete(c, &m, only_new);
	free(m.part);
}

void
do_multipart_abort(struct s3call *c)
{
	if (!find(c))
		return;
	if (!mpu_end(c->up))
		s3_no_upload(c);
	else if (mpu_remove(c->up) == 0)
		s3_done(c, 204);
	else
		s3_failed(c);
}

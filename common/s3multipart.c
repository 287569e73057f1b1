#include "s3multipart.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "hex.h"
#include "mem.h"
#include "s3name.h"

enum { LATE = 5 };              /* times that the last step says 200 and yet fails */

const char s3_single[] = "put";

struct s3_upload *
s3_upload_new(struct s3 *s, const char *name, const char *key, uint64_t part_size, const char *id)
{
	struct s3_upload *u = mem_alloc(sizeof *u);

	*u = (struct s3_upload){ .s3 = s, .id = id != NULL ? mem_copy(id) : NULL, .name = mem_copy(name),
	    .key = key != NULL ? mem_copy(key) : mem_format("%s%s", s->prefix, name), .part_size = part_size };
	pthread_mutex_init(&u->lock, NULL);
	return u;
}

static void
forget_parts(struct s3_upload *u)
{
	for (size_t i = 0; i < u->nparts; i++)
		free(u->parts[i].etag);
	free(u->parts);
	u->parts = NULL;
	u->nparts = 0;
}

void
s3_upload_free(void *up)
{
	struct s3_upload *u = up;

	forget_parts(u);
	pthread_mutex_destroy(&u->lock);
	free(u->id);
	free(u->name);
	free(u->key);
	free(u);
}

const char *
s3_upload_id(const void *up)
{
	const struct s3_upload *u = up;

	return u->id != NULL ? u->id : s3_single;
}

/* The list of uploads. */
struct upload_list {
	struct s3 *s3;
	struct s3_page page;
	struct str next_too;            /* the marker has two halves */
	struct str key, id;             /* of the entry that is being read */
	int64_t time;
	struct s3_upload **list;
	size_t n;
	const char *only;               /* this key and no other; or NULL */
};

static bool
read_upload(void *with, const char *path, const char *text)
{
	struct upload_list *p = with;

	if (s3_ends(path, "IsTruncated"))
		p->page.more = strcmp(text, "true") == 0;
	else if (s3_ends(path, "NextKeyMarker"))
		s3_keep(&p->page.next, text);
	else if (s3_ends(path, "NextUploadIdMarker"))
		s3_keep(&p->next_too, text);
	else if (s3_ends(path, "Upload/Key"))
		s3_keep(&p->key, text);
	else if (s3_ends(path, "Upload/UploadId"))
		s3_keep(&p->id, text);
	else if (s3_ends(path, "Upload/Initiated"))
		p->time = s3_moment(text);
	else if (s3_ends(path, "Upload") && p->id.len != 0 && s3_takes_id(str_get(&p->key)) &&
	    (p->only == NULL || strcmp(p->only, str_get(&p->key)) == 0)) {
		if ((p->n & (p->n - 1)) == 0)
			p->list = mem_grow(p->list, (p->n != 0 ? 2 * p->n : 1) * sizeof *p->list);
		p->list[p->n] = s3_upload_new(p->s3, s3_name(p->s3->prefix, str_get(&p->key)), str_get(&p->key), 0, str_get(&p->id));
		p->list[p->n++]->begun = p->time;
	}
	return true;
}

/* All uploads below the prefix, or of the one key. */
static enum store_rc
list_uploads(struct s3 *s, unsigned lane, const char *only, struct upload_list *p, struct str *why)
{
	struct s3_request r = { 0 };
	enum store_rc rc;

	*p = (struct upload_list){ .s3 = s, .only = only };
	do {
		s3_prepare(&r, s, "GET", NULL, "uploads");
		s3_add_query(&r, "prefix", only != NULL ? only : s->prefix);
		if (p->page.next.len != 0) {
			s3_add_query(&r, "key-marker", str_get(&p->page.next));
			s3_add_query(&r, "upload-id-marker", str_get(&p->next_too));
		}
		rc = s3_get_page(s, lane, &r, &p->page, read_upload, p, why);
	} while (rc == STORE_OK && p->page.more);
	s3_request_free(&r);
	str_free(&p->page.next);
	str_free(&p->next_too);
	str_free(&p->key);
	str_free(&p->id);
	for (size_t i = 0; i < p->n && rc != STORE_OK; i++)
		s3_upload_free(p->list[i]);
	if (rc != STORE_OK) {
		free(p->list);
		p->list = NULL;
		p->n = 0;
	}
	return rc;
}

enum store_rc
s3_uploads(void *is, unsigned lane, void ***found, size_t *n, struct str *why)
{
	struct upload_list p;
	enum store_rc rc = list_uploads(is, lane, NULL, &p, why);

	if (rc != STORE_OK)
		return rc;
	*n = p.n;
	*found = mem_array(p.n + 1, sizeof **found);
	for (size_t i = 0; i < p.n; i++)
		(*found)[i] = p.list[i];
	free(p.list);
	return STORE_OK;
}

static int
by_number(const void *a, const void *b)
{
	const struct s3_part *p = a, *q = b;

	return (p->number > q->number) - (p->number < q->number);
}

/* A part is there: in its place, instead of an earlier one. */
static void
add_part(struct s3_upload *u, const struct s3_part *p)
{
	size_t i;

	for (i = u->nparts; i > 0 && u->parts[i - 1].number > p->number; i--)
		;
	if (i > 0 && u->parts[i - 1].number == p->number) {
		free(u->parts[i - 1].etag);
		u->parts[i - 1] = *p;
		return;
	}
	if ((u->nparts & (u->nparts - 1)) == 0)
		u->parts = mem_grow(u->parts, (u->nparts != 0 ? 2 * u->nparts : 1) * sizeof *u->parts);
	memmove(&u->parts[i + 1], &u->parts[i], (u->nparts - i) * sizeof *u->parts);
	u->parts[i] = *p;
	u->nparts++;
}

/* The list of an upload's parts. */
struct part_list {
	struct s3_page page;
	struct s3_part part;            /* the entry that is being read */
	struct s3_upload *upload;       /* what they go into */
};

static bool
read_part(void *with, const char *path, const char *text)
{
	struct part_list *p = with;

	if (s3_ends(path, "IsTruncated"))
		p->page.more = strcmp(text, "true") == 0;
	else if (s3_ends(path, "NextPartNumberMarker"))
		s3_keep(&p->page.next, text);
	else if (s3_ends(path, "Part/PartNumber"))
		p->part.number = (unsigned)strtoul(text, NULL, 10);
	else if (s3_ends(path, "Part/Size"))
		p->part.size = strtoull(text, NULL, 10);
	else if (s3_ends(path, "Part/ETag")) {
		free(p->part.etag);
		p->part.etag = mem_copy(text);
	} else if (s3_ends(path, "Part/ChecksumSHA256"))
		p->part.summed = base64_get(p->part.sum, SHA256_SIZE, BASE64_PADDED, text, strlen(text)) == SHA256_SIZE;
	else if (s3_ends(path, "Part")) {
		if (p->part.etag != NULL && p->part.number >= 1 && p->part.number <= STORE_PARTS && p->part.size != 0) {
			add_part(p->upload, &p->part);
			p->part.etag = NULL;
		}
		free(p->part.etag);
		p->part = (struct s3_part){ 0 };
	}
	return true;
}

enum store_rc
s3_upload_look(void *is, void *up, unsigned lane, struct str *why)
{
	struct s3 *s = is;
	struct s3_upload *u = up;
	struct part_list p = { .upload = u };
	struct s3_request r = { 0 };
	enum store_rc rc;

	forget_parts(u);
	do {
		s3_prepare(&r, s, "GET", u->key, "");
		s3_add_query(&r, "uploadId", s3_upload_id(u));
		if (p.page.next.len != 0)
			s3_add_query(&r, "part-number-marker", str_get(&p.page.next));
		rc = s3_get_page(s, lane, &r, &p.page, read_part, &p, why);
	} while (rc == STORE_OK && p.page.more);
	/*
	 * All parts but the last have one size, a power of two: the first that is there
	 * tells.  Where only the last is there it is of no use, for nobody knows its place.
	 */
	if (u->nparts != 0 && (u->parts[0].size < S3_PART_MIN || (u->parts[0].size & (u->parts[0].size - 1)) != 0))
		forget_parts(u);
	u->part_size = u->nparts != 0 ? u->parts[0].size : S3_PART_MIN;
	str_free(&p.page.next);
	free(p.part.etag);
	s3_request_free(&r);
	return rc;
}

uint64_t
s3_upload_part_size(const void *up)
{
	return ((const struct s3_upload *)up)->part_size;
}

bool
s3_upload_held(const void *up, size_t i, uint64_t *offset, uint64_t *length)
{
	const struct s3_upload *u = up;

	if (i >= u->nparts)
		return false;
	*offset = (u->parts[i].number - 1) * u->part_size;
	*length = u->parts[i].size;
	return true;
}

bool
s3_upload_has(const void *up, const struct store_part *part)
{
	const struct s3_upload *u = up;
	struct s3_part key = { .number = (unsigned)(part->offset / u->part_size) + 1 };
	const struct s3_part *p;
	bool same;

	pthread_mutex_lock((pthread_mutex_t *)(uintptr_t)&u->lock);
	p = u->nparts == 0 ? NULL : bsearch(&key, u->parts, u->nparts, sizeof *u->parts, by_number);
	same = p != NULL && p->size == part->length && p->summed && memcmp(p->sum, part->linear, SHA256_SIZE) == 0;
	pthread_mutex_unlock((pthread_mutex_t *)(uintptr_t)&u->lock);
	return same;
}

enum store_rc
s3_upload_abort(void *is, void *up, unsigned lane, struct str *why)
{
	struct s3 *s = is;
	struct s3_upload *u = up;
	struct s3_request r = { 0 };
	enum store_rc rc = STORE_OK;
	enum aws_rc arc;

	if (u->id != NULL && strcmp(u->id, s3_single) != 0) {
		s3_prepare(&r, s, "DELETE", u->key, "");
		s3_add_query(&r, "uploadId", u->id);
		rc = s3_call(s, lane, &r, &arc, "", why);
		if (rc == STORE_ABSENT && r.answer.tries > 1)
			rc = STORE_OK;
	}
	s3_request_free(&r);
	return rc;
}

/* Abort what lost answers have left: uploads of that key, begun, and with nothing in them. */
static void
sweep(struct s3 *s, unsigned lane, const struct s3_upload *u)
{
	struct str ignored = { 0 };
	struct upload_list p;

	if (list_uploads(s, lane, u->key, &p, &ignored) == STORE_OK)
		for (size_t i = 0; i < p.n; i++) {
			struct s3_upload *stray = p.list[i];

			if (strcmp(stray->id, u->id) != 0 && s3_upload_look(s, stray, lane, &ignored) == STORE_OK && stray->nparts == 0)
				s3_upload_abort(s, stray, lane, &ignored);
			s3_upload_free(stray);
		}
	free(p.list);
	str_free(&ignored);
}

/* Begin the multipart upload, once. */
enum store_rc
s3_initiate(struct s3 *s, unsigned lane, struct s3_upload *u, struct str *why)
{
	struct s3_request r = { 0 };
	struct str id = { 0 };
	char hex[SHA256_HEX];
	enum store_rc rc;
	enum aws_rc arc;

	hex_put(hex, u->tree, SHA256_SIZE);
	for (int wrong = 0; ; wrong++) {
		s3_prepare(&r, s, "POST", u->key, "uploads");
		aws_call_header(&r.call, "x-amz-checksum-algorithm", "SHA256");
		s3_describe(&r, s, u->name, u->expected ? hex : NULL);
		rc = s3_call(s, lane, &r, &arc, "", why);
		u->lost = u->lost || r.answer.tries > 1;
		if (rc != STORE_OK || s3_text_of(&r.answer.http, "UploadId", &id))
			break;
		u->lost = true;
		if (wrong == S3_WRONGS) {
			rc = s3_strange(why, &r, "the answer has no upload id");
			break;
		}
	}
	if (rc == STORE_OK) {
		u->id = mem_copy(str_get(&id));
		if (u->lost)
			sweep(s, lane, u);
	}
	str_free(&id);
	s3_request_free(&r);
	return rc;
}

enum store_rc
s3_send_part(struct s3 *s, unsigned lane, struct s3_upload *u, const struct store_part *part, struct str *why)
{
	struct s3_part p = { .number = (unsigned)(part->offset / u->part_size) + 1, .size = part->length };
	struct str etag = { 0 }, echo = { 0 };
	struct s3_request r = { 0 };
	enum store_rc rc = STORE_OK;
	char number[16], what[32];
	enum aws_rc arc;

	snprintf(number, sizeof number, "%u", p.number);
	snprintf(what, sizeof what, "part %u", p.number);
	/* A part may be sent as often as need be: also where what the service says of it makes no sense. */
	for (int wrong = 0; ; wrong++) {
		s3_prepare(&r, s, "PUT", u->key, "");
		s3_add_query(&r, "partNumber", number);
		s3_add_query(&r, "uploadId", u->id);
		s3_attach_part(&r, part);
		rc = s3_call(s, lane, &r, &arc, what, why);
		if (rc != STORE_OK)
			break;
		str_clear(&etag);
		p.summed = http_find(&r.answer.http, "x-amz-checksum-sha256", &echo);
		if (http_find(&r.answer.http, "etag", &etag) && s3_echo_good(&r, r.sum))
			break;
		if (wrong == S3_WRONGS) {
			str_format(why, "%s: ", what);
			rc = s3_strange(why, &r, etag.len == 0 ? "the answer has no ETag" : s3_is_other);
			break;
		}
	}
	if (rc == STORE_OK) {
		memcpy(p.sum, part->linear, SHA256_SIZE);
		p.etag = mem_copy(str_get(&etag));
		pthread_mutex_lock(&u->lock);
		add_part(u, &p);
		pthread_mutex_unlock(&u->lock);
	}
	str_free(&etag);
	str_free(&echo);
	s3_request_free(&r);
	return rc;
}

/* The checksum that an object of these parts has: of their checksums, and how many they are. */
static bool
composite(const struct s3_upload *u, char out[S3_SUM])
{
	struct sha256 *h = sha256_new();
	uint8_t sum[SHA256_SIZE];
	bool all = true;
	size_t n;

	for (size_t i = 0; i < u->nparts; i++) {
		sha256_add(h, u->parts[i].sum, SHA256_SIZE);
		all = all && u->parts[i].summed;
	}
	sha256_end(h, sum);
	sha256_free(h);
	s3_sum_text(out, sum);
	n = strlen(out);
	snprintf(out + n, S3_SUM - n, "-%zu", u->nparts);
	return all;
}

static void
put_parts(struct str *out, const struct s3_upload *u)
{
	char sum[S3_SUM];

	str_puts(out, "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
	for (size_t i = 0; i < u->nparts; i++) {
		str_format(out, "<Part><PartNumber>%u</PartNumber>", u->parts[i].number);
		xml_put(out, "ETag", u->parts[i].etag);
		s3_sum_text(sum, u->parts[i].sum);
		if (u->parts[i].summed)
			xml_put(out, "ChecksumSHA256", sum);
		str_puts(out, "</Part>");
	}
	str_puts(out, "</CompleteMultipartUpload>");
}

/* CompleteMultipartUpload, whose 200 may still bring an error at the end of a long wait. */
enum store_rc
s3_complete(struct s3 *s, unsigned lane, struct s3_upload *u, uint64_t size, const uint8_t tree[SHA256_SIZE], struct str *id,
    struct str *why)
{
	struct s3_request r = { 0 };
	struct str trouble = { 0 }, text = { 0 };
	char sum[S3_SUM];
	bool summed = composite(u, sum), there = false, made = false;
	enum store_rc rc;
	enum aws_rc arc;

	put_parts(&r.body, u);
	for (int tries = 1; ; tries++) {
		str_clear(&trouble);
		/* Some take If-None-Match and do not heed it here, so they are asked as well. */
		if (tries == 1 && (rc = s3_compare(s, lane, u->key, size, tree, summed ? sum : NULL, id, &trouble)) != STORE_ABSENT)
			goto out;
		str_clear(&trouble);
		s3_prepare(&r, s, "POST", u->key, "");
		s3_add_query(&r, "uploadId", u->id);
		if (!s->overwrites)
			aws_call_header(&r.call, "If-None-Match", "*");
		s3_attach(&r);
		/* The checksum is not of this text but would be s3_taken for the object's. */
		s3_detach_sum(&r);
		rc = s3_call(s, lane, &r, &arc, "last step", &trouble);
		there = s3_is_there(&r) || rc == STORE_ABSENT;
		if (rc != STORE_OK && s3_learn_overwrites(s, &r))
			continue;
		if (rc != STORE_OK || s3_text_of(&r.answer.http, "ETag", &text))
			break;
		str_clear(&r.answer.code);
		str_clear(&r.answer.message);
		s3_complaint(&r.answer.http, &r.answer.code, &r.answer.message);
		if (r.answer.code.len == 0)
			rc = s3_strange(&trouble, &r, "the answer has no ETag");
		else {
			r.answer.http.status = 500;
			aws_explain(&trouble, AWS_REFUSED, &r.answer);
			rc = STORE_FAILED;
		}
		there = s3_is_there(&r) || (r.answer.code.len == 0 && tries == LATE);
		if (there || tries == LATE || (r.answer.code.len != 0 && s3_again(200, str_get(&r.answer.code)) == RETRY_NO))
			break;
	}
	if (rc == STORE_OK && s3_text_of(&r.answer.http, "ChecksumSHA256", &text) && summed &&
	    strcmp(str_get(&text), sum) != 0)
		rc = s3_strange(&trouble, &r, s3_is_other);
	made = rc == STORE_OK;
	if (made)
		s3_id_of(u->key, &r, id);
	else if (there) {
		/* It may have been a try before this one that did it. */
		str_clear(&text);
		str_clear(id);
		rc = s3_compare(s, lane, u->key, size, tree, summed ? sum : NULL, id, &text);
		if (rc == STORE_FAILED || rc == STORE_DENIED) {
			str_clear(&trouble);
			str_puts(&trouble, str_get(&text));
		}
	}
out:
	/* What is there is there without this upload, whose parts would be paid for. */
	str_clear(&text);
	if (!made && (rc == STORE_OK || strcmp(str_get(&trouble), s3_taken) == 0))
		s3_upload_abort(s, u, lane, &text);
	if (rc != STORE_OK)
		str_puts(why, str_get(&trouble));
	else if (!u->expected)
		s3_tag(s, lane, str_get(id), tree);
	/* A lost try may have s3_taken its time. */
	if (rc == STORE_OK && u->lost)
		sweep(s, lane, u);
	str_free(&trouble);
	str_free(&text);
	s3_request_free(&r);
	return rc;
}

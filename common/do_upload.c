#include "do_upload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hex.h"
#include "mem.h"
#include "range.h"
#include "stamp.h"

enum { PAGE = 50 };                     /* items in a list, at most */

static bool
no_upload(struct call *c)
{
	return call_refuse(c, NOT_FOUND, "The upload ID was not found: %s", c->part[4]);
}

/* The upload that the path names; false and refused. */
static bool
find(struct call *c)
{
	uploads_expire(vault_uploads(c->vault), c->now - c->o->upload_life);
	c->upload = upload_find(vault_uploads(c->vault), c->part[4]);
	return c->upload != NULL || no_upload(c);
}

void
do_upload_begin(struct call *c)
{
	const char *description = httpd_header(c->r, "x-amz-archive-description");
	const char *size;
	uint64_t n;

	if (!call_header(c, "x-amz-part-size", &size))
		return;
	if (!range_number(&n, size, UINT64_C(1) << 32) || n < 1 << 20 || (n & (n - 1)) != 0) {
		call_refuse(c, INVALID_PARAMETER, "Invalid part size: %s. Part size must not be null, must be a power "
		    "of two and be between 1048576 and 4294967296 bytes.", size);
		return;
	}
	if (description != NULL && !call_description(c, "x-amz-archive-description", description))
		return;
	c->upload = upload_new(vault_uploads(c->vault), n, description != NULL ? description : "", c->now);
	if (c->upload == NULL) {
		call_failed(c);
		return;
	}
	call_location(c, "multipart-uploads", upload_id(c->upload));
	httpd_set(c->r, "x-amz-multipart-upload-id", upload_id(c->upload));
	call_done(c, 201);
}

static void
describe(const struct call *c, struct json *j, const struct upload *up)
{
	const char *description = upload_description(up);
	char *arn = call_arn(c, c->part[2]), time[STAMP];

	stamp_put(time, upload_created(up));
	json_put_string(j, "ArchiveDescription", *description != '\0' ? description : NULL);
	json_put_string(j, "CreationDate", time);
	json_put_string(j, "MultipartUploadId", upload_id(up));
	json_put_integer(j, "PartSizeInBytes", (int64_t)upload_part_size(up));
	json_put_string(j, "VaultARN", arn);
	free(arn);
}

void
do_upload_list(struct call *c)
{
	struct upload *page[PAGE + 1];
	struct json *j, *list, *item;
	char *marker;
	unsigned limit;
	size_t n;

	if (!call_limit(c, &limit, PAGE))
		return;
	uploads_expire(vault_uploads(c->vault), c->now - c->o->upload_life);
	marker = call_query(c, "marker");
	n = uploads_list(vault_uploads(c->vault), marker != NULL ? marker : "", page, limit + 1);
	free(marker);
	j = json_new_object();
	list = json_new_array();
	for (size_t i = 0; i < n && i < limit; i++) {
		item = json_new_object();
		describe(c, item, page[i]);
		json_push(list, item);
	}
	json_put_string(j, "Marker", n > limit ? upload_id(page[limit]) : NULL);
	json_put(j, "UploadsList", list);
	call_json(c, 200, j);
	for (size_t i = 0; i < n; i++)
		upload_drop(page[i]);
}

/* Up to limit parts from *number on, which becomes the next page's; false: there is none. */
static bool
list_parts(const struct call *c, struct json *list, unsigned *number, unsigned limit)
{
	uint64_t length, part_size = upload_part_size(c->upload);
	uint8_t tree[SHA256_SIZE];
	char hex[SHA256_HEX], *range;
	struct json *item;

	for (; upload_part(c->upload, number, &length, tree); ++*number) {
		if (limit-- == 0)
			return true;
		hex_put(hex, tree, SHA256_SIZE);
		range = mem_format("%llu-%llu", (unsigned long long)(*number * part_size),
		    (unsigned long long)(*number * part_size + length - 1));
		item = json_new_object();
		json_put_string(item, "RangeInBytes", range);
		json_put_string(item, "SHA256TreeHash", hex);
		json_push(list, item);
		free(range);
	}
	return false;
}

/* A marker is the number of the first part of the page. */
void
do_upload_parts(struct call *c)
{
	char *marker, next[24];
	struct json *j, *list;
	unsigned limit, number;
	uint64_t n = 0;
	bool good, more;

	if (!find(c) || !call_limit(c, &limit, PAGE))
		return;
	marker = call_query(c, "marker");
	good = marker == NULL || range_number(&n, marker, UPLOAD_PARTS);
	if (!good)
		call_refuse(c, INVALID_PARAMETER, "Invalid marker: %s", marker);
	free(marker);
	if (!good)
		return;
	number = (unsigned)n;
	j = json_new_object();
	list = json_new_array();
	describe(c, j, c->upload);
	more = list_parts(c, list, &number, limit);
	snprintf(next, sizeof next, "%u", number);
	json_put_string(j, "Marker", more ? next : NULL);
	json_put(j, "Parts", list);
	call_json(c, 200, j);
}

bool
do_upload_expect_part(struct call *c)
{
	uint64_t length, first, last, size;
	uint8_t hash[SHA256_SIZE];
	const char *range;

	if (!find(c) || !call_length(c, &length) || !call_header(c, "Content-Range", &range) ||
	    !call_hash(c, "x-amz-sha256-tree-hash", hash))
		return false;
	size = upload_part_size(c->upload);
	if (!range_content(&first, &last, range))
		return call_refuse(c, INVALID_PARAMETER, "Invalid Content-Range: %s", range);
	if (last - first != length - 1)
		return call_refuse(c, INVALID_PARAMETER, "Content-Range: %s is incompatible with Content-Length: %llu",
		    range, (unsigned long long)length);
	if (first % size != 0 || length > size)
		return call_refuse(c, INVALID_PARAMETER, "Invalid Content-Range: %s", range);
	if (first / size >= UPLOAD_PARTS)
		return call_refuse(c, INVALID_PARAMETER, "This is part number %llu for the current multipart upload. "
		    "It exceeds the limit of %d parts.", (unsigned long long)(first / size + 1), UPLOAD_PARTS);
	if ((c->put = upload_put(c->upload, (unsigned)(first / size))) != NULL)
		return true;
	return errno == ENOENT ? no_upload(c) : call_failed(c);
}

bool
do_upload_broken(struct call *c, int error)
{
	errno = error;
	return error == ENOENT ? no_upload(c) : error == ESTALE ?
	    call_refuse(c, REQUEST_TIMEOUT, "Request timed out.") : call_failed(c);
}

void
do_upload_part(struct call *c)
{
	struct upload_put *put = c->put;
	char hex[SHA256_HEX];

	if (!call_tree(c))
		return;
	c->put = NULL;                  /* upload_keep ends it */
	if (upload_keep(put, c->tree, c->now) != 0) {
		do_upload_broken(c, errno);
		return;
	}
	hex_put(hex, c->tree, SHA256_SIZE);
	httpd_set(c->r, "x-amz-sha256-tree-hash", hex);
	call_done(c, 204);
}

static void
completed(struct call *c, const struct archive *a)
{
	char hex[SHA256_HEX];

	hex_put(hex, a->tree, SHA256_SIZE);
	call_location(c, "archives", a->id);
	httpd_set(c->r, "x-amz-archive-id", a->id);
	httpd_set(c->r, "x-amz-sha256-tree-hash", hex);
	call_done(c, 201);
}

/* Has this upload become an archive already?  Its answer may have been lost: say it again. */
static bool
again(struct call *c)
{
	struct archive a;
	char id[ID_ARCHIVE + 1];

	vault_completed_id(id, c->part[4]);
	if (vault_archive(c->vault, id, &a) == VAULT_NEVER)
		return false;
	completed(c, &a);
	return true;
}

void
do_upload_complete(struct call *c)
{
	struct archive a = { .time = c->now };
	const char *size;

	if (!call_header(c, "x-amz-archive-size", &size) || !call_hash(c, "x-amz-sha256-tree-hash", a.tree))
		return;
	if (!range_number(&a.size, size, INT64_MAX)) {
		call_refuse(c, INVALID_PARAMETER, "Invalid x-amz-archive-size: %s", size);
		return;
	}
	if (again(c) || !find(c))
		return;
	switch (vault_complete(c->vault, c->upload, &a)) {
	case VAULT_OK:
		completed(c, &a);
		break;
	case VAULT_SYSTEM:
		call_failed(c);
		break;
	case VAULT_ENDED:
		if (!again(c))
			no_upload(c);
		break;
	case VAULT_GAPS:
		call_refuse(c, INVALID_PARAMETER, "The parts of the upload do not cover the archive without a gap, "
		    "or one that is not the last is shorter than the part size");
		break;
	case VAULT_SIZE:
		call_refuse(c, INVALID_PARAMETER, "Invalid x-amz-archive-size: %s", size);
		break;
	case VAULT_TREE:
		call_refuse(c, INVALID_PARAMETER, "Invalid x-amz-sha256-tree-hash: %s",
		    httpd_header(c->r, "x-amz-sha256-tree-hash"));
	}
}

void
do_upload_abort(struct call *c)
{
	if (upload_abort(vault_uploads(c->vault), c->part[4]) == 0)
		call_done(c, 204);
	else if (errno == ENOENT)
		no_upload(c);
	else
		call_failed(c);
}

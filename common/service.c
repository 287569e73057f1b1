/*
 * A request passes two gates.  When its headers are in: is there such a call, is
 * it signed (where the body's hash is in a header; else it waits), is it for this
 * account, this version and a vault that is there, and may its body come?  And
 * when its body is in: is the signature still young, and is the body the one that
 * was signed?  Then the call itself answers.
 */
#include "service.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "do_job.h"
#include "do_upload.h"
#include "do_vault.h"
#include "hex.h"
#include "mem.h"
#include "spoil.h"
#include "stamp.h"

enum { TEXT_MAX = 1 << 16 };            /* bytes in a body that is not data */

struct service {
	struct service_options o;
	struct vaults *vaults;
};

struct route {
	const char *name;               /* AWS's, of the operation */
	const char *method;
	const char *root;               /* part 1 */
	size_t parts;
	const char *kind;               /* part 3 */
	enum { NOTHING, TEXT, DATA } body;
	bool vault;                     /* it must be there */
	bool (*expect)(struct call *);  /* or NULL */
	void (*answer)(struct call *);
};

static const struct route routes[] = {
	{ "ListVaults", "GET", "vaults", 2, NULL, NOTHING, false, NULL, do_vault_list },
	{ "CreateVault", "PUT", "vaults", 3, NULL, NOTHING, false, NULL, do_vault_create },
	{ "DescribeVault", "GET", "vaults", 3, NULL, NOTHING, true, NULL, do_vault_describe },
	{ "DeleteVault", "DELETE", "vaults", 3, NULL, NOTHING, true, NULL, do_vault_delete },
	{ "UploadArchive", "POST", "vaults", 4, "archives", DATA, true, do_vault_expect_archive, do_vault_archive },
	{ "DeleteArchive", "DELETE", "vaults", 5, "archives", NOTHING, true, NULL, do_vault_remove },
	{ "InitiateMultipartUpload", "POST", "vaults", 4, "multipart-uploads", NOTHING, true, NULL, do_upload_begin },
	{ "ListMultipartUploads", "GET", "vaults", 4, "multipart-uploads", NOTHING, true, NULL, do_upload_list },
	{ "ListParts", "GET", "vaults", 5, "multipart-uploads", NOTHING, true, NULL, do_upload_parts },
	{ "UploadMultipartPart", "PUT", "vaults", 5, "multipart-uploads", DATA, true, do_upload_expect_part, do_upload_part },
	{ "CompleteMultipartUpload", "POST", "vaults", 5, "multipart-uploads", NOTHING, true, NULL, do_upload_complete },
	{ "AbortMultipartUpload", "DELETE", "vaults", 5, "multipart-uploads", NOTHING, true, NULL, do_upload_abort },
	{ "InitiateJob", "POST", "vaults", 4, "jobs", TEXT, true, NULL, do_job_begin },
	{ "ListJobs", "GET", "vaults", 4, "jobs", NOTHING, true, NULL, do_job_list },
	{ "DescribeJob", "GET", "vaults", 5, "jobs", NOTHING, true, NULL, do_job_describe },
	{ "GetJobOutput", "GET", "vaults", 6, "jobs", NOTHING, true, NULL, do_job_output },
	{ "ListTagsForVault", "GET", "vaults", 4, "tags", NOTHING, true, NULL, do_vault_tags },
	{ "AddTagsToVault", "POST", "vaults", 4, "tags", TEXT, true, NULL, do_vault_denied },
	{ "GetVaultNotifications", "GET", "vaults", 4, "notification-configuration", NOTHING, true, NULL, do_vault_unset },
	{ "SetVaultNotifications", "PUT", "vaults", 4, "notification-configuration", TEXT, true, NULL, do_vault_denied },
	{ "DeleteVaultNotifications", "DELETE", "vaults", 4, "notification-configuration", NOTHING, true, NULL, do_vault_denied },
	{ "GetVaultAccessPolicy", "GET", "vaults", 4, "access-policy", NOTHING, true, NULL, do_vault_unset },
	{ "SetVaultAccessPolicy", "PUT", "vaults", 4, "access-policy", TEXT, true, NULL, do_vault_denied },
	{ "DeleteVaultAccessPolicy", "DELETE", "vaults", 4, "access-policy", NOTHING, true, NULL, do_vault_denied },
	{ "GetVaultLock", "GET", "vaults", 4, "lock-policy", NOTHING, true, NULL, do_vault_unset },
	{ "InitiateVaultLock", "POST", "vaults", 4, "lock-policy", TEXT, true, NULL, do_vault_denied },
	{ "CompleteVaultLock", "POST", "vaults", 5, "lock-policy", NOTHING, true, NULL, do_vault_denied },
	{ "AbortVaultLock", "DELETE", "vaults", 4, "lock-policy", NOTHING, true, NULL, do_vault_denied },
	{ "GetDataRetrievalPolicy", "GET", "policies", 3, NULL, NOTHING, false, NULL, do_vault_policy },
	{ "SetDataRetrievalPolicy", "PUT", "policies", 3, NULL, TEXT, false, NULL, do_vault_denied },
	{ "ListProvisionedCapacity", "GET", "provisioned-capacity", 2, NULL, NOTHING, false, NULL, do_vault_capacity },
	{ "PurchaseProvisionedCapacity", "POST", "provisioned-capacity", 2, NULL, NOTHING, false, NULL, do_vault_denied },
};

/* Cut the path up and find its route; false and refused. */
static bool
find_route(struct call *c)
{
	const char *s = httpd_path(c->r);
	size_t n = 0;

	for (; *s == '/' && n < CALL_PARTS; n++) {
		size_t len = strcspn(++s, "/");

		c->part[n] = call_decode(s, len);
		s += len;
	}
	for (size_t i = 0; *s == '\0' && i < sizeof routes / sizeof routes[0]; i++) {
		const struct route *r = &routes[i];

		if (r->parts == n && strcmp(c->part[1], r->root) == 0 && strcmp(r->method, httpd_method(c->r)) == 0 &&
		    (r->kind == NULL || strcmp(r->kind, c->part[3]) == 0) &&
		    (n < 6 || strcmp(c->part[5], "output") == 0)) {
			c->route = r;
			return true;
		}
	}
	return call_refuse(c, UNKNOWN_OPERATION, "There is no such operation: %s %s", httpd_method(c->r), httpd_path(c->r));
}

static struct sigv4_request
signed_request(const struct call *c, const char *payload)
{
	struct sigv4_request r = { .method = httpd_method(c->r), .path = httpd_path(c->r),
	    .query = httpd_query(c->r), .payload = payload };

	r.headers = httpd_headers(c->r, &r.nheaders);
	return r;
}

static bool
refuse_auth(struct call *c, enum auth_rc rc, const struct str *why)
{
	static const enum refusal codes[] = {
		[AUTH_MISSING] = MISSING_AUTHENTICATION, [AUTH_INCOMPLETE] = INCOMPLETE_SIGNATURE,
		[AUTH_STRANGER] = UNKNOWN_CLIENT, [AUTH_SCOPE] = INVALID_SIGNATURE, [AUTH_UNSIGNED] = INVALID_SIGNATURE,
		[AUTH_SIGNATURE] = INVALID_SIGNATURE, [AUTH_SKEW] = INVALID_SIGNATURE
	};

	return rc == AUTH_OK || call_refuse(c, codes[rc], "%s", str_get(why));
}

/* Is it signed for this payload, and not too long ago?  false and refused. */
static bool
check_signature(struct call *c, const char *payload)
{
	struct sigv4_request r = signed_request(c, payload);
	struct str why = { 0 };
	enum auth_rc rc = AUTH_OK;
	bool good;

	if (!c->checked)
		rc = auth_check(&c->o->keys, &r, &why);
	if (rc == AUTH_OK)
		rc = auth_fresh(&c->o->keys, &r, c->now, &why);
	good = refuse_auth(c, rc, &why);
	c->checked = c->checked || good;
	str_free(&why);
	return good;
}

/* What the path names has gone, if that is the fault. */
static void
expire(struct call *c)
{
	if (c->fault.kind != FAULT_EXPIRE || c->part[4] == NULL)
		return;
	if (strcmp(c->part[3], "jobs") == 0)
		job_forget(vault_jobs(c->vault), c->part[4]);
	else if (strcmp(c->part[3], "multipart-uploads") == 0)
		upload_abort(vault_uploads(c->vault), c->part[4]);
}

/* What must hold of any call that is signed; false and refused. */
static bool
check_common(struct call *c)
{
	const char *version = httpd_header(c->r, "x-amz-glacier-version");
	char *arn;

	if (version == NULL)
		return call_refuse(c, MISSING_PARAMETER, "Required parameter missing: API version");
	if (strcmp(version, "2012-06-01") != 0)
		return call_refuse(c, INVALID_PARAMETER, "Invalid API version: %s", version);
	if (strcmp(c->part[0], "-") != 0 && strcmp(c->part[0], c->o->account) != 0)
		return call_refuse(c, ACCESS_DENIED, "User: arn:aws:iam::%s:root is not authorized to perform this operation "
		    "on the account %s", c->o->account, c->part[0]);
	if (!c->route->vault)
		return true;
	if ((c->vault = vault_find(c->vaults, c->part[2])) != NULL) {
		expire(c);
		return true;
	}
	if (vault_name_good(c->part[2])) {
		arn = call_arn(c, c->part[2]);
		call_refuse(c, NOT_FOUND, "Vault not found for ARN: %s", arn);
		free(arn);
		return false;
	}
	return call_refuse(c, NOT_FOUND, "Vault not found for ARN: %s", c->part[2]);
}

/* Is a body coming that has its length, and only where one belongs?  false and refused. */
static bool
check_framing(struct call *c)
{
	const char *length = httpd_header(c->r, "content-length");

	if (httpd_header(c->r, "transfer-encoding") != NULL)
		return call_refuse(c, MISSING_PARAMETER, "Required parameter missing: Content-Length");
	if (c->route->body == NOTHING && length != NULL && strspn(length, "0") != strlen(length))
		return call_refuse(c, INVALID_PARAMETER, "Invalid Content-Length: %s. This operation takes no body.", length);
	return true;
}

static void
open_gate(struct call *c)
{
	const char *payload = httpd_header(c->r, "x-amz-content-sha256");
	uint8_t hash[SHA256_SIZE];

	if (!find_route(c) || spoil_begin(&c->fault, c->o, c->r, c->route->name) || call_fault(c))
		return;
	if (payload != NULL || httpd_header(c->r, "authorization") == NULL) {
		if (!check_signature(c, payload != NULL ? payload : "") || !call_hash(c, "x-amz-content-sha256", hash))
			return;
	}
	if (!check_framing(c))
		return;
	if (c->route->body == DATA && !call_hash(c, "x-amz-content-sha256", hash))
		return;
	/* Without a signature so far, nothing is told of what is here. */
	if (c->checked && (!check_common(c) || (c->route->expect != NULL && !c->route->expect(c))))
		return;
	c->digest = digest_new();
}

static void
report(struct call *c)
{
	spoil_report(&c->fault, c->o, c->r, str_get(&c->error), c->errnum);
	c->reported = true;
}

static void *
on_begin(void *shared, struct httpd_request *r)
{
	struct call *c = mem_alloc(sizeof *c);
	struct service *s = shared;

	c->o = &s->o;
	c->vaults = s->vaults;
	c->r = r;
	c->now = stamp_now();
	open_gate(c);
	if (httpd_status(r) != 0)
		report(c);
	return c;
}

static void
on_body(void *call, const void *bytes, size_t n)
{
	struct call *c = call;
	int r = 0;

	c->length += n;
	if (c->fault.kind == FAULT_RESET && c->length >= c->fault.n)
		httpd_drop(c->r);
	if (c->errnum != 0)
		return;
	digest_add(c->digest, bytes, n);
	if (c->put != NULL)
		r = upload_write(c->put, bytes, n);
	else if (c->incoming != NULL)
		r = incoming_write(c->incoming, bytes, n);
	else if (c->length <= TEXT_MAX)
		str_add(&c->text, bytes, n);
	if (r != 0)
		c->errnum = errno;
}

/* Is the body what was signed?  false and refused. */
static bool
check_body(struct call *c)
{
	const char *said = httpd_header(c->r, "x-amz-content-sha256");
	char hex[SHA256_HEX];

	if (c->errnum != 0)
		return do_upload_broken(c, c->errnum);
	digest_end(c->digest, c->linear, c->tree);
	hex_put(hex, c->linear, SHA256_SIZE);
	if (!check_signature(c, said != NULL ? said : hex))
		return false;
	if (said != NULL && strcmp(said, hex) != 0)
		return call_refuse(c, INVALID_SIGNATURE, "The value passed in as x-amz-content-sha256 does not match the "
		    "computed payload hash. Computed digest: %s expected hash: %s", hex, said);
	if (c->route->body != DATA && c->length > TEXT_MAX)
		return call_refuse(c, SERIALIZATION, "The body is longer than %d bytes", TEXT_MAX);
	return true;
}

static void
on_end(void *call)
{
	static const char *const hashes[] = { "x-amz-sha256-tree-hash" };
	struct call *c = call;
	const char *type;

	if (c->fault.kind == FAULT_RESET) {
		httpd_drop(c->r);
		return;
	}
	c->now = stamp_now();
	if (check_body(c) && (c->vault != NULL || c->route->body == DATA || check_common(c)))
		c->route->answer(c);
	type = httpd_get(c->r, "Content-Type");
	spoil_answer(&c->fault, c->r, type != NULL && strcmp(type, "application/octet-stream") == 0, hashes, 1);
	report(c);
}

static void
on_gone(void *call)
{
	struct call *c = call;
	if (!c->reported)
		report(c);
	upload_discard(c->put);
	incoming_discard(c->incoming);
	upload_drop(c->upload);
	vault_drop(c->vault);
	digest_free(c->digest);
	for (size_t i = 0; i < CALL_PARTS; i++)
		free(c->part[i]);
	str_free(&c->text);
	str_free(&c->error);
	free(c);
}

const struct httpd_calls service_calls = { on_begin, on_body, on_end, on_gone };

struct service *
service_new(const struct service_options *o, struct vaults *vaults)
{
	struct service *s = mem_alloc(sizeof *s);

	s->o = *o;
	s->vaults = vaults;
	return s;
}

void
service_free(struct service *s)
{
	free(s);
}

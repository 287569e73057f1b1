#include "do_vault.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hex.h"
#include "mem.h"
#include "stamp.h"

enum { PAGE = 10 };                     /* vaults in a list, at most */

void
do_vault_create(struct call *c)
{
	if (!vault_name_good(c->part[2]))
		call_refuse(c, INVALID_PARAMETER, "Invalid vault name: %s", c->part[2]);
	else if (vaults_create(c->vaults, c->part[2], c->now) == 0) {
		call_location(c, NULL, NULL);
		call_done(c, 201);
	} else if (errno == EDQUOT)
		call_refuse(c, LIMIT_EXCEEDED, "The account has %d vaults already.", VAULT_COUNT);
	else
		call_failed(c);
}

void
do_vault_delete(struct call *c)
{
	char *arn;

	if (vaults_delete(c->vaults, c->part[2], c->now, c->o->inventory) == 0)
		call_done(c, 204);
	else if (errno == ENOTEMPTY) {
		arn = call_arn(c, c->part[2]);
		call_refuse(c, INVALID_PARAMETER, "Vault not empty or recently written to: %s", arn);
		free(arn);
	} else
		call_failed(c);
}

static void
put_stamp(struct json *j, const char *key, int64_t ms)
{
	char time[STAMP];

	stamp_put(time, ms);
	json_put_string(j, key, ms != 0 ? time : NULL);
}

static struct json *
describe(const struct call *c, struct vault *v, const char *name)
{
	struct json *j = json_new_object();
	char *arn = call_arn(c, name);
	struct vault_state s;

	vault_state(v, c->now, c->o->inventory, &s);
	put_stamp(j, "CreationDate", s.created);
	put_stamp(j, "LastInventoryDate", s.inventoried);
	if (s.inventoried != 0) {
		json_put_integer(j, "NumberOfArchives", (int64_t)s.archives);
		json_put_integer(j, "SizeInBytes", (int64_t)s.size);
	} else {
		json_put_null(j, "NumberOfArchives");
		json_put_null(j, "SizeInBytes");
	}
	json_put_string(j, "VaultARN", arn);
	json_put_string(j, "VaultName", name);
	free(arn);
	return j;
}

void
do_vault_describe(struct call *c)
{
	call_json(c, 200, describe(c, c->vault, c->part[2]));
}

/* A marker is the ARN of the first vault of the page. */
static bool
from_marker(struct call *c, char from[VAULT_NAME])
{
	char *marker = call_query(c, "marker"), *before = call_arn(c, "");
	size_t n = strlen(before);
	bool good = marker == NULL || (strncmp(marker, before, n) == 0 && vault_name_good(marker + n));

	strcpy(from, good && marker != NULL ? marker + n : "");
	if (!good)
		call_refuse(c, INVALID_PARAMETER, "Invalid marker: %s", marker);
	free(marker);
	free(before);
	return good;
}

void
do_vault_list(struct call *c)
{
	char names[PAGE + 1][VAULT_NAME], from[VAULT_NAME], *arn = NULL;
	struct json *j, *list;
	struct vault *v;
	unsigned limit;
	size_t n;

	if (!call_limit(c, &limit, PAGE) || !from_marker(c, from))
		return;
	n = vaults_list(c->vaults, from, names, limit + 1);
	j = json_new_object();
	list = json_new_array();
	for (size_t i = 0; i < n && i < limit; i++)
		if ((v = vault_find(c->vaults, names[i])) != NULL) {
			json_push(list, describe(c, v, names[i]));
			vault_drop(v);
		}
	if (n > limit)
		arn = call_arn(c, names[limit]);
	json_put_string(j, "Marker", arn);
	json_put(j, "VaultList", list);
	call_json(c, 200, j);
	free(arn);
}

bool
do_vault_expect_archive(struct call *c)
{
	const char *description = httpd_header(c->r, "x-amz-archive-description");
	uint8_t hash[SHA256_SIZE];
	uint64_t length;

	if (!call_length(c, &length) || !call_hash(c, "x-amz-sha256-tree-hash", hash) ||
	    (description != NULL && !call_description(c, "x-amz-archive-description", description)))
		return false;
	return (c->incoming = vault_receive(c->vault)) != NULL || call_failed(c);
}

void
do_vault_archive(struct call *c)
{
	const char *description = httpd_header(c->r, "x-amz-archive-description");
	struct incoming *in = c->incoming;
	struct archive a = { .time = c->now };
	char hex[SHA256_HEX];

	if (!call_tree(c))
		return;
	memcpy(a.tree, c->tree, SHA256_SIZE);
	strcpy(a.description, description != NULL ? description : "");
	c->incoming = NULL;             /* incoming_keep ends it */
	if (incoming_keep(in, &a) != 0) {
		call_failed(c);
		return;
	}
	hex_put(hex, a.tree, SHA256_SIZE);
	call_location(c, "archives", a.id);
	httpd_set(c->r, "x-amz-archive-id", a.id);
	httpd_set(c->r, "x-amz-sha256-tree-hash", hex);
	call_done(c, 201);
}

void
do_vault_remove(struct call *c)
{
	const char *id = c->part[4];
	struct archive a;
	char *arn;

	if (vault_archive(c->vault, id, &a) != VAULT_NEVER) {
		if (vault_remove(c->vault, id, c->now) == 0)
			call_done(c, 204);
		else
			call_failed(c);
	} else if (vaults_elsewhere(c->vaults, c->vault, id)) {
		arn = call_arn(c, c->part[2]);
		call_refuse(c, INVALID_PARAMETER, "Invalid vault name: %s", arn);
		free(arn);
	} else
		call_refuse(c, NOT_FOUND, "The archive ID was not found: %s", id);
}

void
do_vault_tags(struct call *c)
{
	struct json *j = json_new_object();

	json_put(j, "Tags", json_new_object());
	call_json(c, 200, j);
}

void
do_vault_unset(struct call *c)
{
	call_refuse(c, NOT_FOUND, "No %s is set for this vault.", c->part[3]);
}

/* The policy of data retrieval: there is no limit. */
void
do_vault_policy(struct call *c)
{
	struct json *j = json_new_object(), *policy = json_new_object(), *rules = json_new_array(), *rule = json_new_object();

	json_put_null(rule, "BytesPerHour");
	json_put_string(rule, "Strategy", "None");
	json_push(rules, rule);
	json_put(policy, "Rules", rules);
	json_put(j, "Policy", policy);
	call_json(c, 200, j);
}

void
do_vault_capacity(struct call *c)
{
	struct json *j = json_new_object();

	json_put(j, "ProvisionedCapacityList", json_new_array());
	call_json(c, 200, j);
}

void
do_vault_denied(struct call *c)
{
	call_refuse(c, ACCESS_DENIED, "User: arn:aws:iam::%s:root is not authorized to perform this operation here: %s %s",
	    c->o->account, httpd_method(c->r), httpd_path(c->r));
}

#include "glacier.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "aws.h"
#include "json.h"
#include "mem.h"
#include "remote.h"
#include "remote_get.h"
#include "remote_list.h"
#include "remote_put.h"

enum {
	NAME_MAX_ESCAPED = 1024,        /* bytes of a description */
	MIN_DAYS = 90                   /* that an archive is paid for at least */
};

enum retry
glacier_again(int status, const char *code)
{
	static const struct { const char *code; enum retry kind; } known[] = {
		{ "InsufficientCapacityException", RETRY_NO },          /* expedited only; waiting does not help */
		{ "LimitExceededException", RETRY_NO },                 /* a quota of vaults, whatever the SDKs say */
		{ "NoLongerSupportedException", RETRY_NO },
		{ "PolicyEnforcedException", RETRY_NO },
		{ "PriorRequestNotComplete", RETRY_THROTTLED },
		{ "RequestLimitExceeded", RETRY_THROTTLED },
		{ "RequestThrottled", RETRY_THROTTLED },
		{ "RequestThrottledException", RETRY_THROTTLED },
		{ "RequestTimeout", RETRY_TRANSIENT },
		{ "RequestTimeoutException", RETRY_TRANSIENT },
		{ "ServiceUnavailableException", RETRY_TRANSIENT },
		{ "SlowDown", RETRY_THROTTLED },
		{ "Throttling", RETRY_THROTTLED },
		{ "ThrottledException", RETRY_THROTTLED },
		{ "ThrottlingException", RETRY_THROTTLED },             /* with status 400 */
		{ "TooManyRequestsException", RETRY_THROTTLED },
	};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (strcmp(code, known[i].code) == 0)
			return known[i].kind;
	switch (status) {
	case 429: case 509:
		return RETRY_THROTTLED;
	case 0: case 408: case 500: case 502: case 503: case 504:
		return RETRY_TRANSIENT;
	default:
		return RETRY_NO;
	}
}

bool
glacier_vault_good(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.");

	return n > 0 && n <= 255 && name[n] == '\0' && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* {"code":…,"message":…,"type":…}; a code may come as "prefix#Code:url". */
static void
complaint(const struct http_answer *answer, struct str *code, struct str *message)
{
	struct json *j = json_parse(str_get(&answer->body), answer->body.len);
	const char *c = j != NULL ? json_get_string(j, "code") : NULL;
	const char *m = j != NULL ? json_get_string(j, "message") : NULL;
	struct str header = { 0 };
	const char *hash;

	if (c == NULL && http_find(answer, "x-amzn-errortype", &header))
		c = str_get(&header);
	if (c != NULL) {
		hash = strchr(c, '#');
		c = hash != NULL ? hash + 1 : c;
		str_add(code, c, strspn(c, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789."));
	}
	if (m != NULL)
		str_puts(message, m);
	str_free(&header);
	json_free(j);
}

static void *
glacier_open(const struct store_options *o, const char *vault, enum store_rc *rc, struct str *why)
{
	struct aws_options a = { .service = "glacier", .title = "Amazon Glacier", .endpoint = o->endpoint,
	    .region = o->region, .properties = o->properties, .insecure = o->insecure, .lanes = o->lanes,
	    .env = o->env, .again = glacier_again, .complaint = complaint, .request_id = "x-amzn-requestid",
	    .tell = o->tell };
	struct remote *v;
	enum aws_rc arc;

	if (!glacier_vault_good(vault) && !(o->all && vault[0] == '\0')) {
		str_format(why, "glacier:%s: a vault's name is 1 to 255 letters, digits, _ - and .", vault);
		*rc = STORE_WRONG;
		return NULL;
	}
	if (o->class != NULL || o->kms_key != NULL || o->tags != NULL || o->owner != NULL || o->days != 0) {
		str_format(why, "glacier:%s: classes, keys, tags, owners and days are for s3://", vault);
		*rc = STORE_WRONG;
		return NULL;
	}
	v = mem_alloc(sizeof *v);
	v->vault = mem_copy(vault);
	if ((v->aws = aws_open(&a, &arc, why)) != NULL) {
		pthread_mutex_init(&v->lock, NULL);
		return v;
	}
	*rc = arc == AWS_DENIED ? STORE_DENIED : STORE_WRONG;
	free(v->vault);
	free(v);
	return NULL;
}

static void
glacier_close(void *is)
{
	struct remote *v = is;

	aws_close(v->aws);
	pthread_mutex_destroy(&v->lock);
	free(v->vault);
	free(v);
}

static const char *
endpoint(const void *is)
{
	return aws_endpoint(((const struct remote *)is)->aws);
}

static const char *
source(const void *is)
{
	return aws_source(((const struct remote *)is)->aws);
}

static const char *
region(const void *is)
{
	return aws_region(((const struct remote *)is)->aws);
}

static const char *
tariff(const void *is)
{
	(void)is;
	return "vault";
}

static bool
takes_name(const char *name, struct str *why)
{
	struct str escaped = { 0 };
	bool good;

	str_escape(&escaped, name, strlen(name), true);
	good = escaped.len > 0 && escaped.len <= NAME_MAX_ESCAPED;
	if (!good)
		str_format(why, "a vault takes names of 1 to %d bytes, escapes included", NAME_MAX_ESCAPED);
	str_free(&escaped);
	return good;
}

static enum store_rc
create(void *is, unsigned lane, struct str *why)
{
	struct remote *v = is;
	struct aws_answer answer = { 0 };
	struct aws_call c;
	struct remote_path p;
	enum aws_rc arc;
	enum store_rc rc;

	remote_prepare(&c, "PUT", remote_path(&p, v, "", "", ""));
	rc = remote_call(v, lane, &c, &answer, &arc, "", why);
	aws_answer_free(&answer);
	return rc;
}

/* Removing */

static enum store_rc
terms(void *is, unsigned lane, struct store_doomed *d, size_t n, struct str *why)
{
	(void)is, (void)lane, (void)why;
	for (size_t i = 0; i < n; i++) {
		d[i].days = MIN_DAYS;
		d[i].tariff = "vault";
		d[i].rc = STORE_OK;
	}
	return STORE_OK;
}

static enum store_rc
delete(void *is, unsigned lane, struct store_doomed *d, size_t n, struct str *why)
{
	struct remote *v = is;
	struct aws_answer answer = { 0 };
	enum store_rc rc = STORE_OK;
	struct aws_call c;
	struct remote_path p;
	enum aws_rc arc;

	for (size_t i = 0; i < n && rc == STORE_OK; i++) {
		remote_prepare(&c, "DELETE", remote_path(&p, v, "/archives/", d[i].id, ""));
		str_clear(&d[i].why);
		d[i].rc = remote_call(v, lane, &c, &answer, &arc, "", &d[i].why);
		/* What a person or another must set right first would fail for all of them. */
		if (d[i].rc == STORE_DENIED || (arc == AWS_LOST && d[i].rc != STORE_OK)) {
			rc = d[i].rc;
			str_puts(why, str_get(&d[i].why));
		}
	}
	aws_answer_free(&answer);
	return rc;
}

const struct store_kind glacier_kind = {
	.scheme = "glacier:",
	.open = glacier_open,
	.close = glacier_close,
	.endpoint = endpoint,
	.source = source,
	.region = region,
	.tariff = tariff,
	.create = create,
	.takes_name = takes_name,
	.takes_id = remote_takes_id,
	.begin = remote_put_begin,
	.part_min = STORE_PART_MIN,
	.send = remote_put_send,
	.finish = remote_put_finish,
	.abort = remote_put_abort,
	.upload_id = remote_put_id,
	.upload_name = remote_put_name,
	.upload_begun = remote_put_begun,
	.uploads = remote_put_uploads,
	.upload_at = remote_put_at,
	.look = remote_put_look,
	.part_size = remote_put_part_size,
	.held = remote_put_held,
	.has = remote_put_has,
	.upload_free = remote_put_free,
	.states = remote_get_states,
	.thaw = remote_get_thaw,
	.fetch = remote_get_fetch,
	.list = remote_list_archives,
	.listed = remote_list_time,
	.places = remote_list_places,
	.jobs = remote_list_jobs,
	.batch = 1,
	.terms = terms,
	.remove = delete,
};

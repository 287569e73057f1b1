#include "remote.h"

#include <stdio.h>
#include <string.h>

#include "date.h"
#include "json.h"

enum { LIST_PAGES = 100000 };           /* of one list: a service that never ends one is broken */

bool
remote_takes_id(const char *id)
{
	size_t n = strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

	return n > 0 && n <= REMOTE_ID && id[n] == '\0';
}

const char remote_vaults[] = "/-/vaults";

const char *
remote_path(struct remote_path *p, const struct remote *v, const char *below, const char *id, const char *last)
{
	if (below == remote_vaults)
		return remote_vaults;
	snprintf(p->s, sizeof p->s, "/-/vaults/%s%s%s%s", v->vault, below, id, last);
	return p->s;
}

void
remote_prepare(struct aws_call *c, const char *method, const char *where)
{
	*c = (struct aws_call){ .method = method, .path = where };
	aws_call_header(c, "x-amz-glacier-version", "2012-06-01");
}

/* What a refusal means here, said with what to do about it. */
static void
advise(struct str *why, struct remote *v, const struct aws_answer *answer)
{
	const char *code = str_get(&answer->code), *message = str_get(&answer->message);

	if (strcmp(code, "NoLongerSupportedException") == 0)
		str_puts(why, "; this account keeps nothing in vaults, and they are closed to new customers: "
		    "use -s s3://BUCKET, whose classes DEEP_ARCHIVE and GLACIER take their place");
	else if (strcmp(code, "ResourceNotFoundException") == 0 && strncmp(message, "Vault not found", 15) == 0)
		str_format(why, "; is there a vault %s in %s?", v->vault, aws_region(v->aws));
	else if (strcmp(code, "UnrecognizedClientException") == 0)
		str_format(why, "; the access key is not known, it came from %s", aws_source(v->aws));
	else if (strcmp(code, "InvalidSignatureException") == 0 && strstr(message, "expired") == NULL &&
	    strstr(message, "yet current") == NULL)
		str_format(why, "; the secret key is wrong, it came from %s", aws_source(v->aws));
	else if (strcmp(code, "InvalidSignatureException") == 0)
		str_puts(why, "; a part must arrive within five minutes, and the clock must be right");
	else if (strcmp(code, "ExpiredTokenException") == 0)
		str_format(why, "; get new credentials, these came from %s", aws_source(v->aws));
	else if (strcmp(code, "AccessDeniedException") == 0)
		str_format(why, "; the credentials came from %s", aws_source(v->aws));
	else if (strcmp(code, "InsufficientCapacityException") == 0)
		str_puts(why, "; ask with -t standard");
	else if (strcmp(code, "PolicyEnforcedException") == 0)
		str_puts(why, "; the account's data retrieval policy forbids it");
}

enum store_rc
remote_call(struct remote *v, unsigned lane, const struct aws_call *c, struct aws_answer *answer, enum aws_rc *rc,
    const char *what, struct str *why)
{
	*rc = aws_call(v->aws, lane, c, answer);
	if (*rc == AWS_OK)
		return STORE_OK;
	str_format(why, "%s%s", what, *what != '\0' ? ": " : "");
	if (answer->http.status == 0 && *rc != AWS_LOCAL && *rc != AWS_DENIED)
		str_format(why, "%s: ", aws_endpoint(v->aws));
	aws_explain(why, *rc, answer);
	advise(why, v, answer);
	return *rc == AWS_DENIED ? STORE_DENIED : answer->http.status == 404 || answer->http.status == 410 ? STORE_ABSENT : STORE_FAILED;
}

enum store_rc
remote_strange(struct str *why, const struct aws_answer *answer, const char *what)
{
	if (answer->http.status != 0)
		str_format(why, "%d: ", answer->http.status);
	str_puts(why, what);
	if (answer->id.len != 0)
		str_format(why, " (request %.100s)", str_get(&answer->id));
	return STORE_FAILED;
}

bool
remote_id(const struct aws_answer *answer, const char *header, struct str *id)
{
	str_clear(id);
	return http_find(&answer->http, header, id) && remote_takes_id(str_get(id));
}

/* The tree hash that the service echoes, where it does, must be ours. */
static bool
echo_good(const struct aws_answer *answer, const char *hex, bool must)
{
	struct str s = { 0 };
	bool there = http_find(&answer->http, "x-amz-sha256-tree-hash", &s);
	bool good = there ? strcmp(str_get(&s), hex) == 0 : !must;

	str_free(&s);
	return good;
}

enum store_rc
remote_call_echoed(struct remote *v, unsigned lane, const struct aws_call *c, struct aws_answer *answer, const char *hex,
    bool must, const char *what, struct str *why)
{
	enum aws_rc arc;
	enum store_rc rc;

	for (int wrong = 0; (rc = remote_call(v, lane, c, answer, &arc, what, why)) == STORE_OK && !echo_good(answer, hex, must);
	    wrong++)
		if (wrong == REMOTE_WRONGS || http_stopped()) {
			str_format(why, "%s: ", what);
			return remote_strange(why, answer, "the service has stored something else, its tree hash differs");
		}
	return rc;
}

int64_t
remote_time(const struct json *j, const char *key)
{
	const char *s = json_get_string(j, key);
	int64_t t;

	return s != NULL && date_find(s, strlen(s), &t) == DATE_OK ? t : 0;
}

/* Get a page, parsed.  A page that was damaged on its way is asked for again. */
static enum store_rc
get_page(struct remote *v, unsigned lane, const struct aws_call *c, const char *array, struct json **page, struct str *why)
{
	struct aws_answer answer = { 0 };
	struct json *j = NULL;
	enum aws_rc arc;
	enum store_rc rc;

	for (int wrong = 0; ; wrong++) {
		if ((rc = remote_call(v, lane, c, &answer, &arc, "", why)) != STORE_OK)
			break;
		j = json_parse(str_get(&answer.http.body), answer.http.body.len);
		if (j != NULL && json_get(j, array) != NULL)
			break;
		if (wrong == REMOTE_WRONGS || http_stopped()) {
			rc = remote_strange(why, &answer, j == NULL ? "the list is not JSON" : "the list is not as it should be");
			json_free(j);
			break;
		}
		json_free(j);
	}
	*page = rc == STORE_OK ? j : NULL;
	aws_answer_free(&answer);
	return rc;
}

enum store_rc
remote_list(struct remote *v, unsigned lane, const char *below, const char *of, const char *array, remote_element *f, void *with,
    struct str *why)
{
	struct str query = { 0 };
	const struct json *e;
	struct json *page = NULL;
	const char *marker = NULL;
	struct aws_call c;
	struct remote_path p;
	enum store_rc rc;
	bool more = true;

	for (int pages = 0; more; pages++) {
		if (pages == LIST_PAGES) {
			str_puts(why, "the service's list has no end");
			rc = STORE_FAILED;
			break;
		}
		str_clear(&query);
		if (marker != NULL) {
			str_puts(&query, "marker=");
			aws_encode(&query, marker, false);
		}
		json_free(page);
		page = NULL;
		remote_prepare(&c, "GET", remote_path(&p, v, below, of, ""));
		c.query = marker != NULL ? str_get(&query) : NULL;
		if ((rc = get_page(v, lane, &c, array, &page, why)) != STORE_OK)
			break;
		marker = json_get_string(page, "Marker");
		more = marker != NULL;
		for (size_t i = 0; (e = json_element(json_get(page, array), i)) != NULL; i++)
			if (!f(e, with)) {
				more = false;
				break;
			}
	}
	json_free(page);
	str_free(&query);
	return rc;
}

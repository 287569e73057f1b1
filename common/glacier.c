/*
 * Which calls may be repeated.  A part (the same range, the same bytes), Complete,
 * Abort and all that only asks: always.  Initiating an upload: too, but a try whose
 * answer was lost may have made one that nobody knows; it is found by its name and
 * by having no parts, and aborted.  Initiating a job: not where the service may have
 * done it, because a job is paid for; the list of jobs is looked into first.
 *
 * UploadArchive, which sends a small archive in one request, is not used: when its
 * answer is lost nobody can tell whether there is an archive now, and no list shows
 * it for a day.  An upload of one part costs two small requests more, and its
 * Complete can be repeated.
 */
#include "glacier.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws.h"
#include "date.h"
#include "described.h"
#include "hex.h"
#include "json.h"
#include "mem.h"
#include "stock.h"
#include "tree.h"

enum {
	NAME_MAX_ESCAPED = 1024,        /* bytes of a description */
	ID_MAX = 1024,
	LIST_PAGES = 100000,            /* of one list: a service that never ends one is broken */
	SHORTS = 100,                   /* times that the body of one fetch may break off */
	WRONGS = 10,                    /* times that an answer may be wrong that says it is good */
	MIN_DAYS = 90                   /* that an archive is paid for at least */
};

struct glacier {
	struct aws *aws;
	char *vault;
	pthread_mutex_t lock;           /* guards known */
	struct upload *known;           /* all that were made and not freed */
	int64_t listed;                 /* when the inventory was made that was told of last */
};

/* A part that is there. */
struct held {
	uint64_t first, last;
	uint8_t tree[SHA256_SIZE];
};

struct upload {
	struct glacier *glacier;
	struct upload *next, **from;    /* in known */
	char *id, *name;
	uint64_t part_size;
	int64_t begun;                  /* seconds since 1970; 0: not known */
	struct held *held;              /* by store_look, sorted */
	size_t nheld;
	bool lost;                      /* an answer was lost when it was begun */
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

static bool
takes_id(const char *id)
{
	size_t n = strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

	return n > 0 && n <= ID_MAX && id[n] == '\0';
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
	struct glacier *g;
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
	g = mem_alloc(sizeof *g);
	g->vault = mem_copy(vault);
	if ((g->aws = aws_open(&a, &arc, why)) != NULL) {
		pthread_mutex_init(&g->lock, NULL);
		return g;
	}
	*rc = arc == AWS_DENIED ? STORE_DENIED : STORE_WRONG;
	free(g->vault);
	free(g);
	return NULL;
}

static void
glacier_close(void *is)
{
	struct glacier *g = is;

	aws_close(g->aws);
	pthread_mutex_destroy(&g->lock);
	free(g->vault);
	free(g);
}

static const char *
endpoint(const void *is)
{
	return aws_endpoint(((const struct glacier *)is)->aws);
}

static const char *
source(const void *is)
{
	return aws_source(((const struct glacier *)is)->aws);
}

static const char *
region(const void *is)
{
	return aws_region(((const struct glacier *)is)->aws);
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

/* Calls */

struct path { char s[ID_MAX + 512]; };

static const char vaults[] = "/-/vaults";

/* "/-/vaults/VAULT" and what is below; vaults themselves are below none. */
static const char *
path(struct path *p, const struct glacier *g, const char *below, const char *id, const char *last)
{
	if (below == vaults)
		return vaults;
	snprintf(p->s, sizeof p->s, "/-/vaults/%s%s%s%s", g->vault, below, id, last);
	return p->s;
}

static void
prepare(struct aws_call *c, const char *method, const char *where)
{
	*c = (struct aws_call){ .method = method, .path = where };
	aws_call_header(c, "x-amz-glacier-version", "2012-06-01");
}

/* What a refusal means here, said with what to do about it. */
static void
advise(struct str *why, struct glacier *g, const struct aws_answer *answer)
{
	const char *code = str_get(&answer->code), *message = str_get(&answer->message);

	if (strcmp(code, "NoLongerSupportedException") == 0)
		str_puts(why, "; this account keeps nothing in vaults, and they are closed to new customers: "
		    "use -s s3://BUCKET, whose classes DEEP_ARCHIVE and GLACIER take their place");
	else if (strcmp(code, "ResourceNotFoundException") == 0 && strncmp(message, "Vault not found", 15) == 0)
		str_format(why, "; is there a vault %s in %s?", g->vault, aws_region(g->aws));
	else if (strcmp(code, "UnrecognizedClientException") == 0)
		str_format(why, "; the access key is not known, it came from %s", aws_source(g->aws));
	else if (strcmp(code, "InvalidSignatureException") == 0 && strstr(message, "expired") == NULL &&
	    strstr(message, "yet current") == NULL)
		str_format(why, "; the secret key is wrong, it came from %s", aws_source(g->aws));
	else if (strcmp(code, "InvalidSignatureException") == 0)
		str_puts(why, "; a part must arrive within five minutes, and the clock must be right");
	else if (strcmp(code, "ExpiredTokenException") == 0)
		str_format(why, "; get new credentials, these came from %s", aws_source(g->aws));
	else if (strcmp(code, "AccessDeniedException") == 0)
		str_format(why, "; the credentials came from %s", aws_source(g->aws));
	else if (strcmp(code, "InsufficientCapacityException") == 0)
		str_puts(why, "; ask with -t standard");
	else if (strcmp(code, "PolicyEnforcedException") == 0)
		str_puts(why, "; the account's data retrieval policy forbids it");
}

/* Make the call; what is said when it fails begins with what ("part 7"), or with nothing. */
static enum store_rc
call(struct glacier *g, unsigned lane, const struct aws_call *c, struct aws_answer *answer, enum aws_rc *rc,
    const char *what, struct str *why)
{
	*rc = aws_call(g->aws, lane, c, answer);
	if (*rc == AWS_OK)
		return STORE_OK;
	str_format(why, "%s%s", what, *what != '\0' ? ": " : "");
	if (answer->http.status == 0 && *rc != AWS_LOCAL && *rc != AWS_DENIED)
		str_format(why, "%s: ", aws_endpoint(g->aws));
	aws_explain(why, *rc, answer);
	advise(why, g, answer);
	return *rc == AWS_DENIED ? STORE_DENIED : answer->http.status == 404 || answer->http.status == 410 ? STORE_ABSENT : STORE_FAILED;
}

/* The answer is not what the service's guide says it is. */
static enum store_rc
strange(struct str *why, const struct aws_answer *answer, const char *what)
{
	if (answer->http.status != 0)
		str_format(why, "%d: ", answer->http.status);
	str_puts(why, what);
	if (answer->id.len != 0)
		str_format(why, " (request %.100s)", str_get(&answer->id));
	return STORE_FAILED;
}

/* An id in a header of the answer. */
static bool
id_of(const struct aws_answer *answer, const char *header, struct str *id)
{
	str_clear(id);
	return http_find(&answer->http, header, id) && takes_id(str_get(id));
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

/*
 * A call that may be repeated, and whose good answer says this tree hash; where must
 * is not set, it may say none.  An answer that does not was damaged on its way.
 */
static enum store_rc
call_echoed(struct glacier *g, unsigned lane, const struct aws_call *c, struct aws_answer *answer, const char *hex,
    bool must, const char *what, struct str *why)
{
	enum aws_rc arc;
	enum store_rc rc;

	for (int wrong = 0; (rc = call(g, lane, c, answer, &arc, what, why)) == STORE_OK && !echo_good(answer, hex, must);
	    wrong++)
		if (wrong == WRONGS || http_stopped()) {
			str_format(why, "%s: ", what);
			return strange(why, answer, "the service has stored something else, its tree hash differs");
		}
	return rc;
}

static enum store_rc
create(void *is, unsigned lane, struct str *why)
{
	struct glacier *g = is;
	struct aws_answer answer = { 0 };
	struct aws_call c;
	struct path p;
	enum aws_rc arc;
	enum store_rc rc;

	prepare(&c, "PUT", path(&p, g, "", "", ""));
	rc = call(g, lane, &c, &answer, &arc, "", why);
	aws_answer_free(&answer);
	return rc;
}

/* Lists */

/* Takes one element of a list; false stops it. */
typedef bool each_element(const struct json *, void *with);

/* Get a page, parsed.  A page that was damaged on its way is asked for again. */
static enum store_rc
get_page(struct glacier *g, unsigned lane, const struct aws_call *c, const char *array, struct json **page, struct str *why)
{
	struct aws_answer answer = { 0 };
	struct json *j = NULL;
	enum aws_rc arc;
	enum store_rc rc;

	for (int wrong = 0; ; wrong++) {
		if ((rc = call(g, lane, c, &answer, &arc, "", why)) != STORE_OK)
			break;
		j = json_parse(str_get(&answer.http.body), answer.http.body.len);
		if (j != NULL && json_get(j, array) != NULL)
			break;
		if (wrong == WRONGS || http_stopped()) {
			rc = strange(why, &answer, j == NULL ? "the list is not JSON" : "the list is not as it should be");
			json_free(j);
			break;
		}
		json_free(j);
	}
	*page = rc == STORE_OK ? j : NULL;
	aws_answer_free(&answer);
	return rc;
}

/* Go through a list of the vault, page by page, until its marker is null. */
static enum store_rc
list(struct glacier *g, unsigned lane, const char *below, const char *of, const char *array, each_element *f, void *with,
    struct str *why)
{
	struct str query = { 0 };
	const struct json *e;
	struct json *page = NULL;
	const char *marker = NULL;
	struct aws_call c;
	struct path p;
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
		prepare(&c, "GET", path(&p, g, below, of, ""));
		c.query = marker != NULL ? str_get(&query) : NULL;
		if ((rc = get_page(g, lane, &c, array, &page, why)) != STORE_OK)
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

/* Putting */

static struct upload *
upload_new(struct glacier *g, const char *name, uint64_t part_size, const char *id)
{
	struct upload *u = mem_alloc(sizeof *u);

	*u = (struct upload){ .glacier = g, .id = mem_copy(id), .name = mem_copy(name), .part_size = part_size };
	pthread_mutex_lock(&g->lock);
	u->next = g->known;
	u->from = &g->known;
	if (u->next != NULL)
		u->next->from = &u->next;
	g->known = u;
	pthread_mutex_unlock(&g->lock);
	return u;
}

static void
upload_free(void *up)
{
	struct upload *u = up;
	struct glacier *g = u->glacier;

	pthread_mutex_lock(&g->lock);
	*u->from = u->next;
	if (u->next != NULL)
		u->next->from = u->from;
	pthread_mutex_unlock(&g->lock);
	free(u->id);
	free(u->name);
	free(u->held);
	free(u);
}

static void *
upload_at(void *is, const char *name, uint64_t part_size, const char *id)
{
	struct upload *u = upload_new(is, name, part_size, id);

	u->lost = true;                 /* its program may have died looking for what it had lost */
	return u;
}

static const char *
upload_id(const void *up)
{
	return ((const struct upload *)up)->id;
}

static const char *
upload_name(const void *up)
{
	return ((const struct upload *)up)->name;
}

static int64_t
upload_begun(const void *up)
{
	return ((const struct upload *)up)->begun;
}

struct uploads {
	struct glacier *glacier;
	struct upload **list;
	size_t n;
	bool unknown;                   /* only those that no upload of this program is */
};

static bool
is_known(struct glacier *g, const char *id)
{
	const struct upload *u;

	pthread_mutex_lock(&g->lock);
	for (u = g->known; u != NULL && strcmp(u->id, id) != 0; u = u->next)
		;
	pthread_mutex_unlock(&g->lock);
	return u != NULL;
}

/* A moment in a list: seconds since 1970, 0 where there is none. */
static int64_t
time_of(const struct json *j, const char *key)
{
	const char *s = json_get_string(j, key);
	int64_t t;

	return s != NULL && date_find(s, strlen(s), &t) == DATE_OK ? t : 0;
}

static bool
add_upload(const struct json *j, void *with)
{
	struct uploads *us = with;
	const char *id = json_get_string(j, "MultipartUploadId");
	const char *description = json_get_string(j, "ArchiveDescription");
	int64_t part = json_get_integer(j, "PartSizeInBytes", 0);
	struct str name = { 0 };

	if (id == NULL || !takes_id(id) || part <= 0 || (us->unknown && is_known(us->glacier, id)))
		return true;
	described_name(description != NULL ? description : "", &name);
	if ((us->n & (us->n - 1)) == 0)
		us->list = mem_grow(us->list, (us->n != 0 ? 2 * us->n : 1) * sizeof *us->list);
	us->list[us->n] = upload_new(us->glacier, str_get(&name), (uint64_t)part, id);
	us->list[us->n++]->begun = time_of(j, "CreationDate");
	str_free(&name);
	return true;
}

static enum store_rc
uploads(void *is, unsigned lane, void ***found, size_t *n, struct str *why)
{
	struct uploads us = { .glacier = is };
	enum store_rc rc = list(is, lane, "/multipart-uploads", "", "UploadsList", add_upload, &us, why);

	for (size_t i = 0; i < us.n && rc != STORE_OK; i++)
		upload_free(us.list[i]);
	if (rc != STORE_OK) {
		free(us.list);
		return rc;
	}
	*n = us.n;
	*found = mem_array(us.n + 1, sizeof **found);
	for (size_t i = 0; i < us.n; i++)
		(*found)[i] = us.list[i];
	free(us.list);
	return STORE_OK;
}

static bool
add_held(const struct json *j, void *with)
{
	struct upload *u = with;
	const char *range = json_get_string(j, "RangeInBytes"), *hex = json_get_string(j, "SHA256TreeHash");
	struct held h;
	char end;

	if (range == NULL || hex == NULL || sscanf(range, "%" SCNu64 "-%" SCNu64 "%c", &h.first, &h.last, &end) != 2 ||
	    h.last < h.first || strlen(hex) != 2 * SHA256_SIZE || !hex_get(h.tree, hex, SHA256_SIZE) ||
	    u->nheld == STORE_PARTS)
		return true;
	if ((u->nheld & (u->nheld - 1)) == 0)
		u->held = mem_grow(u->held, (u->nheld != 0 ? 2 * u->nheld : 1) * sizeof *u->held);
	u->held[u->nheld++] = h;
	return true;
}

static int
by_first(const void *a, const void *b)
{
	const struct held *p = a, *q = b;

	return (p->first > q->first) - (p->first < q->first);
}

static enum store_rc
look(void *is, void *up, unsigned lane, struct str *why)
{
	struct upload *u = up;
	enum store_rc rc;

	u->nheld = 0;
	rc = list(is, lane, "/multipart-uploads/", u->id, "Parts", add_held, u, why);
	if (u->nheld > 1)
		qsort(u->held, u->nheld, sizeof *u->held, by_first);
	return rc;
}

static uint64_t
part_size(const void *up)
{
	return ((const struct upload *)up)->part_size;
}

static bool
held(const void *up, size_t i, uint64_t *offset, uint64_t *length)
{
	const struct upload *u = up;

	if (i >= u->nheld)
		return false;
	*offset = u->held[i].first;
	*length = u->held[i].last - u->held[i].first + 1;
	return true;
}

static bool
has(const void *up, const struct store_part *part)
{
	const struct upload *u = up;
	struct held key = { .first = part->offset };
	const struct held *h = u->nheld == 0 ? NULL : bsearch(&key, u->held, u->nheld, sizeof *u->held, by_first);

	return h != NULL && h->last == part->offset + part->length - 1 && memcmp(h->tree, part->tree, SHA256_SIZE) == 0;
}

static enum store_rc
abandon(void *is, void *up, unsigned lane, struct str *why)
{
	struct glacier *g = is;
	struct upload *u = up;
	struct aws_answer answer = { 0 };
	struct aws_call c;
	struct path p;
	enum aws_rc arc;
	enum store_rc rc;

	prepare(&c, "DELETE", path(&p, g, "/multipart-uploads/", u->id, ""));
	rc = call(g, lane, &c, &answer, &arc, "", why);
	/* A repeated one may find it gone. */
	if (rc == STORE_ABSENT && answer.tries > 1)
		rc = STORE_OK;
	aws_answer_free(&answer);
	return rc;
}

/* Abort what lost answers have left of the upload's kind: what nobody here knows, of that name, with nothing in it. */
static void
sweep(struct glacier *g, const struct upload *u, unsigned lane)
{
	struct uploads us = { .glacier = g, .unknown = true };
	struct str ignored = { 0 };

	list(g, lane, "/multipart-uploads", "", "UploadsList", add_upload, &us, &ignored);
	for (size_t i = 0; i < us.n; i++) {
		struct upload *stray = us.list[i];

		if (strcmp(stray->name, u->name) == 0 && (u->part_size == 0 || stray->part_size == u->part_size) &&
		    look(g, stray, lane, &ignored) == STORE_OK && stray->nheld == 0)
			abandon(g, stray, lane, &ignored);
		upload_free(stray);
	}
	free(us.list);
	str_free(&ignored);
}

static enum store_rc
begin(void *is, unsigned lane, const char *name, uint64_t size, void **up, struct str *why)
{
	struct glacier *g = is;
	struct aws_answer answer = { 0 };
	struct str description = { 0 }, id = { 0 };
	struct upload *u;
	struct aws_call c;
	struct path p;
	char number[24];
	enum aws_rc arc;
	enum store_rc rc;

	str_escape(&description, name, strlen(name), true);
	snprintf(number, sizeof number, "%" PRIu64, size);
	prepare(&c, "POST", path(&p, g, "/multipart-uploads", "", ""));
	aws_call_header(&c, "x-amz-part-size", number);
	aws_call_header(&c, "x-amz-archive-description", str_get(&description));
	rc = call(g, lane, &c, &answer, &arc, "", why);
	if (rc == STORE_OK && !id_of(&answer, "x-amz-multipart-upload-id", &id))
		rc = strange(why, &answer, "the answer has no upload id");
	if (rc == STORE_OK) {
		*up = u = upload_new(g, name, size, str_get(&id));
		u->lost = answer.tries > 1;
		if (u->lost)
			sweep(g, u, lane);
	}
	str_free(&description);
	str_free(&id);
	aws_answer_free(&answer);
	return rc;
}

static enum store_rc
send(void *is, void *up, unsigned lane, const struct store_part *part, struct str *why)
{
	struct glacier *g = is;
	struct upload *u = up;
	struct aws_answer answer = { 0 };
	char linear[SHA256_HEX], tree[SHA256_HEX], range[64], length[24], what[40];
	struct aws_call c;
	struct path p;
	enum store_rc rc;

	hex_put(linear, part->linear, SHA256_SIZE);
	hex_put(tree, part->tree, SHA256_SIZE);
	snprintf(range, sizeof range, "bytes %" PRIu64 "-%" PRIu64 "/*", part->offset, part->offset + part->length - 1);
	snprintf(length, sizeof length, "%" PRIu64, part->length);
	snprintf(what, sizeof what, "part %" PRIu64, part->offset / u->part_size + 1);
	prepare(&c, "PUT", path(&p, g, "/multipart-uploads/", u->id, ""));
	aws_call_header(&c, "Content-Range", range);
	aws_call_header(&c, "Content-Type", "application/octet-stream");
	aws_call_header(&c, "x-amz-sha256-tree-hash", tree);
	c.length = part->length;
	c.source = part->read;
	c.from = part->from;
	c.sha256 = linear;
	rc = call_echoed(g, lane, &c, &answer, tree, true, what, why);
	aws_answer_free(&answer);
	return rc;
}

static enum store_rc
finish(void *is, void *up, unsigned lane, uint64_t size, const uint8_t root[SHA256_SIZE], struct str *id,
    struct str *why)
{
	struct glacier *g = is;
	struct upload *u = up;
	struct aws_answer answer = { 0 };
	char tree[SHA256_HEX], total[24];
	struct aws_call c;
	struct path p;
	enum store_rc rc;

	hex_put(tree, root, SHA256_SIZE);
	snprintf(total, sizeof total, "%" PRIu64, size);
	prepare(&c, "POST", path(&p, g, "/multipart-uploads/", u->id, ""));
	aws_call_header(&c, "x-amz-archive-size", total);
	aws_call_header(&c, "x-amz-sha256-tree-hash", tree);
	rc = call_echoed(g, lane, &c, &answer, tree, false, "last step", why);
	if (rc == STORE_OK && !id_of(&answer, "x-amz-archive-id", id))
		rc = strange(why, &answer, "the answer has no archive id");
	/* A lost try may have taken its time. */
	if (rc == STORE_OK && u->lost)
		sweep(g, u, lane);
	aws_answer_free(&answer);
	return rc;
}

/* Getting */

struct asked {
	struct store_item **items;
	size_t n;
};

static int
by_id(const void *key, const void *item)
{
	return strcmp(key, str_get(&(*(struct store_item *const *)item)->id));
}

/* The bytes of an archive of this size that a job brings; false where its range is none. */
static bool
range_of(const struct json *job, uint64_t size, uint64_t *from, uint64_t *length)
{
	const char *range = json_get_string(job, "RetrievalByteRange");
	uint64_t last = size - 1;
	char end;

	*from = 0;
	if (range != NULL && sscanf(range, "%" SCNu64 "-%" SCNu64 "%c", from, &last, &end) != 2)
		return false;
	*length = last - *from + 1;
	return *from <= last && last < size;
}

/* Is what a job brings all that is wanted? */
static bool
covers(const struct store_item *i, uint64_t size, uint64_t from, uint64_t length)
{
	uint64_t end = i->count != 0 && i->count < size - i->first ? i->first + i->count : size;

	return i->first < size && i->first >= from && end - from <= length;
}

/* A ready job beats one in progress, that beats a failed one. */
static bool
better(const struct store_item *i, enum store_state state)
{
	return i->state != STORE_READY && !(i->state == STORE_THAWING && state == STORE_BROKEN);
}

/* A job in the list: does it bring one of the items further? */
static bool
job(const struct json *j, void *with)
{
	struct asked *a = with;
	const char *archive = json_get_string(j, "ArchiveId"), *id = json_get_string(j, "JobId");
	const char *status = json_get_string(j, "StatusCode"), *reason = json_get_string(j, "StatusMessage");
	int64_t size = json_get_integer(j, "ArchiveSizeInBytes", -1);
	struct store_item **found, *i;
	uint64_t from = 0, length = 0;
	enum store_state state;
	const char *hex;

	if (archive == NULL || id == NULL || status == NULL || !takes_id(id) ||
	    (found = bsearch(archive, a->items, a->n, sizeof *a->items, by_id)) == NULL)
		return true;
	i = *found;
	if (strcmp(id, str_get(&i->gone)) == 0)
		return true;
	state = strcmp(status, "Succeeded") == 0 ? STORE_READY :
	    strcmp(status, "InProgress") == 0 ? STORE_THAWING : STORE_BROKEN;
	if (!better(i, state) || (size > 0 ? !range_of(j, (uint64_t)size, &from, &length) ||
	    !covers(i, (uint64_t)size, from, length) : state == STORE_READY))
		return true;
	hex = json_get_string(j, length == (uint64_t)size ? "ArchiveSHA256TreeHash" : "SHA256TreeHash");
	i->hashed = hex != NULL && strlen(hex) == 2 * SHA256_SIZE && hex_get(i->hash, hex, SHA256_SIZE);
	if (state == STORE_READY && length == (uint64_t)size && !i->hashed)
		return true;
	i->state = state;
	if (size > 0)
		i->size = (uint64_t)size;
	i->from = from;
	i->length = length;
	str_clear(&i->job);
	str_puts(&i->job, id);
	str_clear(&i->reason);
	str_puts(&i->reason, reason != NULL ? reason : "");
	return true;
}

static enum store_rc
states(void *is, unsigned lane, struct store_item **items, size_t n, struct str *why)
{
	struct asked a = { items, n };

	for (size_t i = 0; i < n; i++)
		items[i]->state = STORE_COLD;
	return list(is, lane, "/jobs", "", "JobList", job, &a, why);
}

static int
read_text(void *with, void *buf, size_t n, uint64_t offset)
{
	memcpy(buf, (const char *)with + offset, n);
	return 0;
}

/* What the job is called, so that the list of jobs tells whose it is. */
static const char job_mark[] = "glacier-get";

/* The range to ask for: what is wanted, out to whole MiB or the archive's end.  Empty: all of it. */
static bool
job_range(const struct store_item *i, struct str *range)
{
	uint64_t from = i->first / TREE_LEAF * TREE_LEAF, end = i->first + i->count;

	if (i->first == 0 && i->count == 0)
		return true;
	if (i->size == 0 && i->count == 0)
		return false;
	if (i->size != 0 && (i->count == 0 || end > i->size))
		end = i->size;
	end = (end + TREE_LEAF - 1) / TREE_LEAF * TREE_LEAF;
	if (i->size != 0 && end > i->size)
		end = i->size;
	if (from != 0 || end != i->size)
		str_format(range, "%" PRIu64 "-%" PRIu64, from, end - 1);
	return true;
}

/* Is what a job was asked to do being done?  For when the answer was lost. */
typedef enum store_rc looks(struct glacier *, unsigned lane, void *with, bool *is, struct str *why);

/*
 * Initiate a job; frees j.  Not repeated where the service may have done it: only the
 * list of jobs knows, and look looks into it.
 */
static enum store_rc
initiate(struct glacier *g, unsigned lane, struct json *j, looks *look_again, void *with, struct str *why)
{
	struct aws_answer answer = { 0 };
	char hex[SHA256_HEX], *body = json_print(j);
	uint8_t hash[SHA256_SIZE];
	struct str lost = { 0 };
	struct aws_call c;
	struct path p;
	enum aws_rc arc;
	enum store_rc rc;
	bool there = false;

	json_free(j);
	sha256(hash, body, strlen(body));
	hex_put(hex, hash, SHA256_SIZE);
	prepare(&c, "POST", path(&p, g, "/jobs", "", ""));
	aws_call_header(&c, "Content-Type", "application/json");
	c.length = strlen(body);
	c.source = read_text;
	c.from = body;
	c.sha256 = hex;
	c.once = true;
	for (int tries = 1; ; tries++) {
		str_clear(&lost);
		if ((rc = call(g, lane, &c, &answer, &arc, "", &lost)) == STORE_OK)
			break;
		if (arc != AWS_LOST || tries == RETRY_TRIES || answer.http.unsent || http_stopped())
			break;
		str_clear(&lost);
		if ((rc = look_again(g, lane, with, &there, &lost)) != STORE_OK || there)
			break;
	}
	str_puts(why, rc != STORE_OK ? str_get(&lost) : "");
	str_free(&lost);
	free(body);
	aws_answer_free(&answer);
	return rc;
}

static enum store_rc
thaws(struct glacier *g, unsigned lane, void *with, bool *is, struct str *why)
{
	struct store_item *i = with;
	enum store_rc rc = states(g, lane, &i, 1, why);

	*is = i->state == STORE_THAWING || i->state == STORE_READY;
	return rc;
}

static enum store_rc
thaw(void *is, unsigned lane, struct store_item *i, enum store_tier tier, struct str *why)
{
	static const char *const tiers[] = { "Bulk", "Standard", "Expedited" };
	struct glacier *g = is;
	struct str range = { 0 };
	enum store_rc rc;
	struct json *j;

	if (!job_range(i, &range)) {
		str_puts(why, "how long it is is not known here, so say where the range ends");
		return STORE_FAILED;
	}
	j = json_new_object();
	json_put_string(j, "Type", "archive-retrieval");
	json_put_string(j, "ArchiveId", str_get(&i->id));
	json_put_string(j, "Description", job_mark);
	json_put_string(j, "Tier", tiers[tier]);
	if (range.len != 0)
		json_put_string(j, "RetrievalByteRange", str_get(&range));
	str_free(&range);
	rc = initiate(g, lane, j, thaws, i, why);
	if (rc == STORE_OK && i->state != STORE_READY)
		i->state = STORE_THAWING;
	return rc;
}

static void
name_of(const struct aws_answer *answer, struct str *name)
{
	struct str s = { 0 };

	http_find(&answer->http, "x-amz-archive-description", &s);
	described_name(str_get(&s), name);
	str_free(&s);
}

static enum store_rc
fetch(void *is, unsigned lane, const struct store_item *i, uint64_t offset, size_t length, uint8_t *buf,
    uint8_t tree[SHA256_SIZE], struct str *name, struct str *why)
{
	struct glacier *g = is;
	struct aws_answer answer = { 0 };
	struct str trouble = { 0 }, want = { 0 };       /* want: the tree hash of all of it, where the service has said one */
	uint64_t last = offset - i->from + length - 1;         /* ranges count from where the job's begins */
	char range[64], hex[SHA256_HEX];
	size_t have = 0;
	struct aws_call c;
	struct path p;
	enum aws_rc arc;
	enum store_rc rc = STORE_OK;

	offset -= i->from;
	for (int again = 0; rc == STORE_OK && have < length; ) {
		snprintf(range, sizeof range, "bytes=%" PRIu64 "-%" PRIu64, offset + have, last);
		prepare(&c, "GET", path(&p, g, "/jobs/", str_get(&i->job), "/output"));
		aws_call_header(&c, "Range", range);
		c.into = buf + have;
		c.room = length - have;
		str_clear(&trouble);
		rc = call(g, lane, &c, &answer, &arc, "", &trouble);
		/* Said before the first byte, so it is known even if the body breaks off. */
		if (have == 0) {
			str_clear(&want);
			http_find(&answer.http, "x-amz-sha256-tree-hash", &want);
		}
		if (arc == AWS_SHORT && again++ < SHORTS) {
			rc = STORE_OK;
			if (aws_begins_at(&answer, offset + have, last))
				have += answer.got;
			continue;
		}
		if (rc != STORE_OK)
			break;
		if (answer.got != length - have || !aws_begins_at(&answer, offset + have, last)) {
			if (again++ < WRONGS)
				continue;
			rc = strange(&trouble, &answer, "the service sent other bytes than those asked for");
			break;
		}
		if (name != NULL)
			name_of(&answer, name);
		have = length;
		tree_hash(tree, buf, length);
		hex_put(hex, tree, SHA256_SIZE);
		/* Damaged on its way: the bytes are fetched again. */
		if (want.len != 0 && strcmp(str_get(&want), hex) != 0) {
			have = 0;
			if (again++ >= SHORTS)
				rc = strange(&trouble, &answer, "what the service sent does not match its own tree hash");
		}
	}
	str_puts(why, rc != STORE_OK ? str_get(&trouble) : "");
	str_free(&trouble);
	str_free(&want);
	aws_answer_free(&answer);
	return rc;
}

/* Listing */

/* The newest inventory that was asked for. */
struct newest {
	char time[40];
	enum store_state state;         /* STORE_COLD: there is none */
	char id[ID_MAX + 1];
	uint64_t size;                  /* of its text; 0: not known */
};

static enum store_state
state_of(const struct json *j)
{
	const char *status = json_get_string(j, "StatusCode");

	return status == NULL || strcmp(status, "Failed") == 0 ? STORE_BROKEN :
	    strcmp(status, "Succeeded") == 0 ? STORE_READY : STORE_THAWING;
}

/* Is it a job for an inventory of the whole vault as JSON? */
static bool
is_inventory(const struct json *j)
{
	static const char *const limits[] = { "StartDate", "EndDate", "Limit", "Marker" };
	const char *action = json_get_string(j, "Action");
	const struct json *p = json_get(j, "InventoryRetrievalParameters");
	const char *format = p != NULL ? json_get_string(p, "Format") : NULL;

	if (action == NULL || strcmp(action, "InventoryRetrieval") != 0 || (format != NULL && strcmp(format, "JSON") != 0))
		return false;
	for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
		if (p != NULL && json_get_string(p, limits[i]) != NULL)
			return false;
	return true;
}

static bool
inventory_job(const struct json *j, void *with)
{
	struct newest *n = with;
	const char *id = json_get_string(j, "JobId");
	const char *time = json_get_string(j, "CreationDate");
	int64_t size = json_get_integer(j, "InventorySizeInBytes", 0);
	enum store_state state = state_of(j);

	/* Dates in their one form sort as text does, and have milliseconds. */
	if (id == NULL || !takes_id(id) || time == NULL || !is_inventory(j) || state == STORE_BROKEN ||
	    (n->state != STORE_COLD && strcmp(time, n->time) < 0))
		return true;
	*n = (struct newest){ .state = state, .size = size > 0 ? (uint64_t)size : 0 };
	snprintf(n->time, sizeof n->time, "%s", time);
	snprintf(n->id, sizeof n->id, "%s", id);
	return true;
}

static enum store_rc
find_inventory(struct glacier *g, unsigned lane, struct newest *n, struct str *why)
{
	*n = (struct newest){ 0 };
	return list(g, lane, "/jobs", "", "JobList", inventory_job, n, why);
}

/* One that was not there before. */
static enum store_rc
newer(struct glacier *g, unsigned lane, void *with, bool *is, struct str *why)
{
	const char *before = with;
	struct newest n;
	enum store_rc rc = find_inventory(g, lane, &n, why);

	*is = n.state != STORE_COLD && strcmp(n.id, before) != 0;
	return rc;
}

static enum store_rc
ask_inventory(struct glacier *g, unsigned lane, struct newest *n, struct str *why)
{
	struct json *j = json_new_object();
	enum store_rc rc;

	json_put_string(j, "Type", "inventory-retrieval");
	json_put_string(j, "Format", "JSON");
	json_put_string(j, "Description", "glacier-ls");
	if ((rc = initiate(g, lane, j, newer, n->id, why)) == STORE_ABSENT && strstr(str_get(why), "is there a vault") == NULL)
		str_puts(why, "; the first inventory of a vault is made within a day of its first archive");
	return rc;
}

struct taking {
	struct stock *stock;
	const struct aws_answer *answer;
	uint64_t from, got, size;       /* of the text: this try began at from, and got is here */
	const char *wrong;              /* with it, in words; or NULL */
	bool stopped;                   /* that was it */
	store_each_archive *each;
	void *with;
	struct str name;
};

static bool
take_archive(void *with, const struct stock_archive *a)
{
	struct taking *t = with;

	if (!takes_id(a->id))
		return false;
	described_name(a->description, &t->name);
	t->stopped = !t->each(t->with, &(struct store_archive){ a->time, str_get(&t->name), a->id, a->size, a->tree });
	return !t->stopped;
}

static int
take_text(void *with, const void *data, size_t n)
{
	struct taking *t = with;

	if (t->got == t->from && !aws_begins_at(t->answer, t->from, t->size - 1)) {
		t->wrong = "the service sent other bytes than those asked for";
		errno = EPROTO;
		return -1;
	}
	t->got += n;
	if (stock_feed(t->stock, data, n))
		return 0;
	t->wrong = "the inventory is not as it should be";
	errno = EPROTO;
	return -1;
}

/* Fetch the inventory, on after each time it breaks off, and tell of what is in it. */
static enum store_rc
take_stock(struct glacier *g, unsigned lane, const struct newest *n, struct taking *t, struct str *why)
{
	struct aws_answer answer = { 0 };
	char range[64];
	struct aws_call c;
	struct path p;
	enum aws_rc arc;
	enum store_rc rc;
	int breaks = 0;

	t->stock = stock_new(take_archive, t);
	t->answer = &answer;
	t->size = n->size;
	do {
		prepare(&c, "GET", path(&p, g, "/jobs/", n->id, "/output"));
		snprintf(range, sizeof range, "bytes=%" PRIu64 "-%" PRIu64, t->got, t->size - 1);
		if (t->got != 0)
			aws_call_header(&c, "Range", range);
		c.sink = take_text;
		c.with = t;
		t->from = t->got;
		str_clear(why);
		rc = call(g, lane, &c, &answer, &arc, "the inventory", why);
	} while (arc == AWS_SHORT && t->size != 0 && t->got < t->size && breaks++ < SHORTS);
	if (t->stopped || t->wrong != NULL) {
		str_clear(why);
		rc = t->stopped ? STORE_FAILED : strange(why, &answer, t->wrong);
	} else if (rc == STORE_OK && !stock_whole(t->stock))
		rc = strange(why, &answer, "the inventory is cut short");
	g->listed = stock_time(t->stock);
	stock_free(t->stock);
	str_free(&t->name);
	aws_answer_free(&answer);
	return rc;
}

static enum store_rc
list_archives(void *is, unsigned lane, bool anew, store_each_archive *each, void *with, struct str *why)
{
	struct taking t = { .each = each, .with = with };
	struct glacier *g = is;
	struct newest n;
	enum store_rc rc;

	/* Twice: the newest may vanish just then, and what is asked for may be there at once. */
	for (int round = 0; ; round++) {
		if ((rc = find_inventory(g, lane, &n, why)) != STORE_OK)
			return rc;
		if (n.state == STORE_THAWING)
			return STORE_PENDING;
		if (n.state == STORE_READY && !anew) {
			rc = take_stock(g, lane, &n, &t, why);
			if (rc != STORE_ABSENT || t.got != 0 || round != 0)
				return rc;
			str_clear(why);
		} else if (round != 0)
			return STORE_PENDING;
		if ((rc = ask_inventory(g, lane, &n, why)) != STORE_OK)
			return rc;
		anew = false;
	}
}

static int64_t
listed(const void *is)
{
	return ((const struct glacier *)is)->listed;
}

struct telling {
	store_each_place *place;
	store_each_job *job;
	void *with;
	bool stopped;
};

static bool
tell_vault(const struct json *j, void *with)
{
	struct telling *t = with;
	const char *name = json_get_string(j, "VaultName");
	struct store_place p = { .made = time_of(j, "CreationDate"), .looked = time_of(j, "LastInventoryDate"),
	    .archives = json_get_integer(j, "NumberOfArchives", -1), .bytes = json_get_integer(j, "SizeInBytes", -1) };
	char *full;

	if (name == NULL || !glacier_vault_good(name))
		return true;
	p.name = full = mem_format("glacier:%s", name);
	t->stopped = !t->place(t->with, &p);
	free(full);
	return !t->stopped;
}

static enum store_rc
places(void *is, unsigned lane, store_each_place *each, void *with, struct str *why)
{
	struct telling t = { .place = each, .with = with };
	enum store_rc rc = list(is, lane, vaults, "", "VaultList", tell_vault, &t, why);

	return t.stopped ? STORE_FAILED : rc;
}

static bool
tell_job(const struct json *j, void *with)
{
	struct telling *t = with;
	const char *archive = json_get_string(j, "ArchiveId"), *tier = json_get_string(j, "Tier");
	struct store_job job = { .time = time_of(j, "CreationDate"), .state = state_of(j), .id = json_get_string(j, "JobId"),
	    .tier = tier != NULL ? tier : "", .archive = archive != NULL ? archive : "",
	    .size = json_get_integer(j, archive != NULL ? "ArchiveSizeInBytes" : "InventorySizeInBytes", -1) };

	if (job.id == NULL || !takes_id(job.id) || (archive != NULL && !takes_id(archive)))
		return true;
	t->stopped = !t->job(t->with, &job);
	return !t->stopped;
}

static enum store_rc
jobs(void *is, unsigned lane, store_each_job *each, void *with, struct str *why)
{
	struct telling t = { .job = each, .with = with };
	enum store_rc rc = list(is, lane, "/jobs", "", "JobList", tell_job, &t, why);

	return t.stopped ? STORE_FAILED : rc;
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
	struct glacier *g = is;
	struct aws_answer answer = { 0 };
	enum store_rc rc = STORE_OK;
	struct aws_call c;
	struct path p;
	enum aws_rc arc;

	for (size_t i = 0; i < n && rc == STORE_OK; i++) {
		prepare(&c, "DELETE", path(&p, g, "/archives/", d[i].id, ""));
		str_clear(&d[i].why);
		d[i].rc = call(g, lane, &c, &answer, &arc, "", &d[i].why);
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
	.takes_id = takes_id,
	.begin = begin,
	.part_min = STORE_PART_MIN,
	.send = send,
	.finish = finish,
	.abort = abandon,
	.upload_id = upload_id,
	.upload_name = upload_name,
	.upload_begun = upload_begun,
	.uploads = uploads,
	.upload_at = upload_at,
	.look = look,
	.part_size = part_size,
	.held = held,
	.has = has,
	.upload_free = upload_free,
	.states = states,
	.thaw = thaw,
	.fetch = fetch,
	.list = list_archives,
	.listed = listed,
	.places = places,
	.jobs = jobs,
	.batch = 1,
	.terms = terms,
	.remove = delete,
};

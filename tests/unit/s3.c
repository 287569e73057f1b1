/* s3answer.h, s3name.h, glacier.h: which answers are worth another try, and what may be the name of a place. */
#include "glacier.h"
#include "s3answer.h"
#include "s3name.h"

#include "tap.h"

static const struct { int status; const char *code; enum retry kind; } answers[] = {
	{ 0, "", RETRY_TRANSIENT }, { 500, "InternalError", RETRY_TRANSIENT }, { 200, "InternalError", RETRY_TRANSIENT },
	{ 503, "SlowDown", RETRY_THROTTLED }, { 503, "ServiceUnavailable", RETRY_TRANSIENT }, { 503, "", RETRY_TRANSIENT },
	{ 400, "RequestTimeout", RETRY_TRANSIENT }, { 400, "", RETRY_TRANSIENT }, { 400, "BadDigest", RETRY_TRANSIENT },
	{ 409, "OperationAborted", RETRY_TRANSIENT }, { 409, "ConditionalRequestConflict", RETRY_TRANSIENT }, { 429, "", RETRY_THROTTLED },
	{ 503, "GlacierExpeditedRetrievalNotAvailable", RETRY_NO }, { 501, "NotImplemented", RETRY_NO },
	{ 400, "InvalidStorageClass", RETRY_NO }, { 403, "AccessDenied", RETRY_NO }, { 403, "InvalidObjectState", RETRY_NO },
	{ 404, "NoSuchUpload", RETRY_NO }, { 404, "NotFound", RETRY_NO }, { 412, "PreconditionFailed", RETRY_NO },
	{ 400, "EntityTooSmall", RETRY_NO }, { 400, "InvalidPart", RETRY_NO }, { 301, "PermanentRedirect", RETRY_NO },
	{ 200, "", RETRY_NO },
};

static const char *const good[] = { "abc", "a-b.c", "0a9", "photos-2026",
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };
static const char *const bad[] = { "", "ab", "-abc", "abc-", ".ab", "a..b", "Abc", "a_b", "a/b", "a b", "a%2fb",
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };

int
main(void)
{
	for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
		is(s3_again(answers[i].status, answers[i].code) == answers[i].kind, "%d %s", answers[i].status, answers[i].code);
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		is(s3_bucket_good(good[i]), "bucket %s", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		is(!s3_bucket_good(bad[i]), "no bucket '%s'", bad[i]);
	is(glacier_vault_good("A_b-1.x") && !glacier_vault_good("..") && !glacier_vault_good("a/b") && !glacier_vault_good(""), "vaults");
	return tap_done();
}

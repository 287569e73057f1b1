/* retry.h: the curve, the hint, the quota; and glacier.h: which answers are worth another try. */
#include "glacier.h"
#include "retry.h"

#include "tap.h"

static const struct { enum retry kind; unsigned tries; long hint; unsigned dice; long ms; } waits[] = {
	{ RETRY_TRANSIENT, 1, -1, 999, 49 },
	{ RETRY_TRANSIENT, 1, -1, 0, 0 },
	{ RETRY_TRANSIENT, 2, -1, 500, 50 },
	{ RETRY_TRANSIENT, 5, -1, 500, 400 },
	{ RETRY_TRANSIENT, 10, -1, 500, 10000 },        /* 25.6 s is above the cap */
	{ RETRY_TRANSIENT, 1000, -1, 999, 19980 },
	{ RETRY_THROTTLED, 1, -1, 500, 500 },
	{ RETRY_THROTTLED, 3, -1, 500, 2000 },
	{ RETRY_THROTTLED, 6, -1, 500, 10000 },
	{ RETRY_TRANSIENT, 1, 3000, 0, 3000 },          /* the service's wish */
	{ RETRY_TRANSIENT, 1, 60000, 0, 5000 },         /* but not for ever */
	{ RETRY_THROTTLED, 3, 1000, 500, 2000 },        /* and never sooner than we would */
};

static const struct { int status; const char *code; enum retry kind; } again[] = {
	{ 0, "", RETRY_TRANSIENT },
	{ 200, "", RETRY_NO },
	{ 301, "", RETRY_NO },
	{ 400, "InvalidParameterValueException", RETRY_NO },
	{ 400, "LimitExceededException", RETRY_NO },
	{ 400, "NoLongerSupportedException", RETRY_NO },
	{ 400, "PolicyEnforcedException", RETRY_NO },
	{ 400, "ThrottlingException", RETRY_THROTTLED },
	{ 403, "ThrottlingException", RETRY_THROTTLED },
	{ 403, "InvalidSignatureException", RETRY_NO },
	{ 403, "AccessDeniedException", RETRY_NO },
	{ 404, "ResourceNotFoundException", RETRY_NO },
	{ 408, "RequestTimeoutException", RETRY_TRANSIENT },
	{ 408, "", RETRY_TRANSIENT },
	{ 429, "", RETRY_THROTTLED },
	{ 500, "ServiceUnavailableException", RETRY_TRANSIENT },
	{ 502, "", RETRY_TRANSIENT },
	{ 503, "", RETRY_TRANSIENT },
	{ 503, "InsufficientCapacityException", RETRY_NO },
	{ 503, "SlowDown", RETRY_THROTTLED },
	{ 504, "", RETRY_TRANSIENT },
};

static const struct { const char *name; bool good; } vaults[] = {
	{ "photos", true }, { "A.b_c-9", true }, { "", false }, { ".", false }, { "..", false }, { "...", true },
	{ "a/b", false }, { "a b", false }, { "\xc3\xa4", false },
};

int
main(void)
{
	int quota = RETRY_QUOTA, paid = 0, n = 0;

	for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
		long ms = retry_wait(waits[i].kind, waits[i].tries, waits[i].hint, waits[i].dice);

		is(ms == waits[i].ms, "wait %zu: %ld ms", i, ms);
	}
	for (size_t i = 0; i < sizeof again / sizeof again[0]; i++)
		is(glacier_again(again[i].status, again[i].code) == again[i].kind, "again: %d %s", again[i].status,
		    again[i].code);
	for (size_t i = 0; i < sizeof vaults / sizeof vaults[0]; i++)
		is(glacier_vault_good(vaults[i].name) == vaults[i].good, "vault '%s'", vaults[i].name);

	retry_refund(&quota, 0);
	is(quota == RETRY_QUOTA, "the quota is never more than full");
	while ((paid = retry_pay(&quota, RETRY_TRANSIENT)) != 0)
		n++;
	is(n == 35 && quota == 10, "35 transient retries empty it");
	is(retry_pay(&quota, RETRY_THROTTLED) == 5 && quota == 5, "throttling costs less");
	retry_refund(&quota, 14);
	is(quota == 19, "a retry that was good is given back");
	retry_refund(&quota, 0);
	is(quota == 20, "a call that was good at once gives one");
	return tap_done();
}

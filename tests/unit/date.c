/* date.h: the calendar against the C library's, and dates in texts. */
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "date.h"

#include "tap.h"

static const struct {
	const char *text, *rfc3339;
} good[] = {
	{ "20261123T101500Z", "2026-11-23T10:15:00Z" },
	{ "HOST/20261123T101500Z", "2026-11-23T10:15:00Z" },
	{ "HOST/20261123T101500Z/backup_etc.000001.tar.xz.age", "2026-11-23T10:15:00Z" },
	{ "20261123T1015Z", "2026-11-23T10:15:00Z" },
	{ "20261123T101500", "2026-11-23T10:15:00Z" },
	{ "2026-11-23T10:15:00Z", "2026-11-23T10:15:00Z" },
	{ "2026-11-23T10:15Z", "2026-11-23T10:15:00Z" },
	{ "2026-11-23T101500Z", "2026-11-23T10:15:00Z" },
	{ "2026-11-23T10:15:00.123Z", "2026-11-23T10:15:00Z" },
	{ "2026-11-23T10:15:00,5+01:00", "2026-11-23T09:15:00Z" },
	{ "2026-11-23T00:15:00+01:00", "2026-11-22T23:15:00Z" },
	{ "2026-11-23T22:15:00-05:30", "2026-11-24T03:45:00Z" },
	{ "20261123T221500-0530", "2026-11-24T03:45:00Z" },
	{ "2026-11-23 10:15:00", "2026-11-23T10:15:00Z" },
	{ "2026-11-23 10:15:00 +0200 root", "2026-11-23T08:15:00Z" },
	{ "2026-11-23 10:15:00.000000000 +0200 x", "2026-11-23T08:15:00Z" },
	{ "2026-11-23_10:15", "2026-11-23T10:15:00Z" },
	{ "etc-2026-11-23.tar", "2026-11-23T00:00:00Z" },
	{ "etc_20261123.tar", "2026-11-23T00:00:00Z" },
	{ "11232026-101500", "2026-11-23T10:15:00Z" },
	{ "backup-02292024-235959.tar", "2024-02-29T23:59:59Z" },
	{ "0001-01-01", "0001-01-01T00:00:00Z" },
	{ "9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z" },

	/* What follows a date is not part of it. */
	{ "20261123T101500Z.7z", "2026-11-23T10:15:00Z" },
	{ "20261123T101500.000001.tar", "2026-11-23T10:15:00Z" },
	{ "20261123T101500-000001.tar", "2026-11-23T10:15:00Z" },
	{ "20261123T101500-01.tar", "2026-11-23T10:15:00Z" },
	{ "2026-11-23T10:15: up", "2026-11-23T10:15:00Z" },
	{ "2026-11-23 etc", "2026-11-23T00:00:00Z" },
	{ "2026-11-23_1", "2026-11-23T00:00:00Z" },
	{ "20261123-101500", "2026-11-23T00:00:00Z" },
	{ "20261123-000001.tar", "2026-11-23T00:00:00Z" },

	/* Numbers that are not dates. */
	{ "12345678 2026-11-23", "2026-11-23T00:00:00Z" },
	{ "20101010 2026-11-23", "2026-11-23T00:00:00Z" },
	{ "20109910 2026-11-23", "2026-11-23T00:00:00Z" },
	{ "a20101010 1-20261123", "2026-11-23T00:00:00Z" },
	{ "120101010 20261123", "2026-11-23T00:00:00Z" },
	{ "deadbeef20101010 20261123", "2026-11-23T00:00:00Z" },

	/* Several dates: a part of a path, the same time, the day of a time. */
	{ "h/20261123T101500Z/backup_photos_2024-01-01.000001.tar", "2026-11-23T10:15:00Z" },
	{ "h/20261123T101500Z/backup_photos_2024-02-30.000001.tar", "2026-11-23T10:15:00Z" },
	{ "2024-01-01T00:00:00Z h/20261123T101500Z", "2026-11-23T10:15:00Z" },
	{ "20261123T101500Z/x-2024-01-01", "2026-11-23T10:15:00Z" },
	{ "h/20261123/x-2024-01-01T00:00:00Z", "2026-11-23T00:00:00Z" },
	{ "h/20261123/20261123T101500Z", "2026-11-23T10:15:00Z" },
	{ "h/2026-11-23/20261123T101500Z/x", "2026-11-23T10:15:00Z" },
	{ "h/20261123T101500Z/2026-11-23/x", "2026-11-23T10:15:00Z" },
	{ "h/20101010/20261123T101500Z/x", "2026-11-23T10:15:00Z" },
	{ "2026-11-23T10:15:00Z 20261123T101500Z", "2026-11-23T10:15:00Z" },
	{ "2026-11-23T10:15:00Z 20261123T111500+0100", "2026-11-23T10:15:00Z" },
	{ "2026-11-23 2026-11-23T23:15:00-05:00", "2026-11-24T04:15:00Z" },
};

static const struct {
	const char *text;
	enum date_rc rc;
} bad[] = {
	{ "", DATE_NONE },
	{ "backup_etc", DATE_NONE },
	{ "2026-11", DATE_NONE },
	{ "2026", DATE_NONE },
	{ "2026112", DATE_NONE },
	{ "202611231", DATE_NONE },
	{ "x2026-11-23", DATE_NONE },
	{ "12026-11-23", DATE_NONE },
	{ "2026-11-234", DATE_NONE },
	{ "20261123x", DATE_NONE },
	{ "20261123Tx", DATE_NONE },
	{ "2026-1123", DATE_NONE },
	{ "12345678", DATE_NONE },
	{ "x11232026-101500", DATE_NONE },
	{ "11232026-1015001", DATE_NONE },
	{ "20260230T101500Z", DATE_BAD },
	{ "20260230", DATE_BAD },
	{ "2026-02-30", DATE_BAD },
	{ "2025-02-29", DATE_BAD },
	{ "1900-02-29", DATE_BAD },
	{ "2026-00-10", DATE_BAD },
	{ "2026-13-10", DATE_BAD },
	{ "2026-11-31", DATE_BAD },
	{ "2026-11-00", DATE_BAD },
	{ "0000-11-10", DATE_BAD },
	{ "20261123T240000Z", DATE_BAD },
	{ "20261123T106000Z", DATE_BAD },
	{ "20261123T101560Z", DATE_BAD },
	{ "20261123T10150", DATE_BAD },
	{ "20261123T10", DATE_BAD },
	{ "20261123T101500Zulu", DATE_BAD },
	{ "20261123T101500z", DATE_BAD },
	{ "20261123T1015000", DATE_BAD },
	{ "2026-11-23 10:15am", DATE_BAD },
	{ "02302026-101500", DATE_BAD },
	{ "13232026-101500", DATE_BAD },
	{ "11232026-251500", DATE_BAD },
	{ "h/20260230T101500Z/x-2026-11-23", DATE_BAD },
	{ "2026-11-23 2026-11-24", DATE_SEVERAL },
	{ "20261123 20261124", DATE_SEVERAL },
	{ "2026-11-23 2026-02-30", DATE_BAD },
	{ "2026-02-30 2026-11-23", DATE_BAD },
	{ "20261123T101500Z 20261123T101501Z", DATE_SEVERAL },
	{ "2026-11-22 20261123T101500Z", DATE_SEVERAL },
	{ "h/20261123T101500Z/20261124T101500Z", DATE_SEVERAL },
	{ "h/20261123/20261124/x", DATE_SEVERAL },
};

static const struct {
	const char *from, *span, *to;
} less[] = {
	{ "2026-11-23T10:15:00Z", "7d", "2026-11-16T10:15:00Z" },
	{ "2026-11-23T10:15:00Z", "11h", "2026-11-22T23:15:00Z" },
	{ "2026-11-23T10:15:00Z", "1y5m7d2h", "2025-06-16T08:15:00Z" },
	{ "2026-11-23T10:15:00Z", "2h7d5m1y", "2025-06-16T08:15:00Z" },
	{ "2026-03-31T00:00:00Z", "1m", "2026-03-03T00:00:00Z" },
	{ "2024-03-31T00:00:00Z", "1m", "2024-03-02T00:00:00Z" },
	{ "2024-02-29T12:00:00Z", "1y", "2023-03-01T12:00:00Z" },
	{ "2026-01-01T00:00:00Z", "1m", "2025-12-01T00:00:00Z" },
	{ "2026-12-31T00:00:00Z", "12m", "2025-12-31T00:00:00Z" },
	{ "2026-12-31T00:00:00Z", "25m", "2024-12-01T00:00:00Z" },
	{ "2026-11-23T10:15:00Z", "0d", "2026-11-23T10:15:00Z" },
	{ "2026-11-23T10:15:00Z", "8760h", "2025-11-23T10:15:00Z" },
};

static const char *const no_span[] = { "", "7", "d", "7w", "7d7d", "-7d", "7 d", "7d ", "7D", "99999999d", "1y5", "18446744073709551617d" };

static void
calendar(void)
{
	bool same = true, back = true;
	struct date d;
	int64_t t;

	/* Every day at a time of day that moves, from year 1 to 9999. */
	for (int64_t day = -719162; day <= 2932896; day++) {
		time_t want = (time_t)(day * 86400 + (day % 86400 + 86400) % 86400);
		struct tm tm;

		gmtime_r(&want, &tm);
		d = date_of_time(want);
		same = same && d.year == tm.tm_year + 1900 && d.month == tm.tm_mon + 1 && d.day == tm.tm_mday &&
		    d.hour == tm.tm_hour && d.minute == tm.tm_min && d.second == tm.tm_sec;
		back = back && date_to_time(&d, &t) && t == want;
	}
	is(same, "date_of_time is gmtime, every day");
	is(back, "date_to_time goes back, every day");
}

int
main(void)
{
	char out[DATE_RFC3339], basic[DATE_BASIC];
	struct date_span span;
	enum date_rc rc;
	int64_t t;

	calendar();
	date_basic(basic, 1795428900);
	is(strcmp(basic, "20261123T101500Z") == 0, "basic form: %s", basic);
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		t = 0;
		rc = date_find(good[i].text, strlen(good[i].text), &t);
		date_rfc3339(out, t);
		is(rc == DATE_OK && strcmp(out, good[i].rfc3339) == 0, "%s: %s: %s", good[i].text, date_strerror(rc), out);
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		rc = date_find(bad[i].text, strlen(bad[i].text), &t);
		is(rc == bad[i].rc, "%s: %s", bad[i].text, date_strerror(rc));
	}
	for (size_t i = 0; i < sizeof less / sizeof less[0]; i++) {
		date_find(less[i].from, strlen(less[i].from), &t);
		is(date_span_parse(less[i].span, &span), "%s is a length of time", less[i].span);
		date_rfc3339(out, date_less(t, &span));
		is(strcmp(out, less[i].to) == 0, "%s less %s: %s", less[i].from, less[i].span, out);
	}
	for (size_t i = 0; i < sizeof no_span / sizeof no_span[0]; i++)
		is(!date_span_parse(no_span[i], &span), "\"%s\" is none", no_span[i]);
	is(date_span_parse("9999999y", &span) && date_less(t, &span) == INT64_MIN, "before all dates");
	is(date_span_parse("9999999m9999999d9999999h", &span) && date_less(t, &span) < -62135596800, "and without overflow");
	is(date_find("2026-11-23 and more", 9, &t) == DATE_NONE, "the length is respected");
	is(date_find("2026-11-23\0x", 12, &t) == DATE_OK, "a NUL is a byte like others");
	return tap_done();
}

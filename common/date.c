#include "date.h"

#include <stdio.h>
#include <string.h>

/*
 * Days since 1970-01-01 in the proleptic Gregorian calendar.  Years are counted
 * from March, so that the leap day is the last of its year: 153 days in five
 * months, 146097 in 400 years.
 */
static int64_t
days(int y, int m, int d)
{
	int64_t era, yoe, doy;

	y -= m <= 2;
	era = y / 400;
	yoe = y - era * 400;
	doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static int
month_length(int y, int m)
{
	static const int length[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return length[m - 1] + (m == 2 && (y % 4 == 0 && (y % 100 != 0 || y % 400 == 0)));
}

bool
date_to_time(const struct date *d, int64_t *t)
{
	if (d->year < 1 || d->year > 9999 || d->month < 1 || d->month > 12 || d->day < 1 ||
	    d->day > month_length(d->year, d->month) || d->hour < 0 || d->hour > 23 ||
	    d->minute < 0 || d->minute > 59 || d->second < 0 || d->second > 59)
		return false;
	*t = days(d->year, d->month, d->day) * 86400 + d->hour * 3600 + d->minute * 60 + d->second;
	return true;
}

struct date
date_of_time(int64_t t)
{
	struct date d;
	int64_t day = t / 86400, sec = t % 86400, era, doe, yoe, doy, mp;

	if (sec < 0) {
		sec += 86400;
		day--;
	}
	day += 719468;
	era = day / 146097;
	doe = day - era * 146097;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	d.day = (int)(doy - (153 * mp + 2) / 5 + 1);
	d.month = (int)(mp < 10 ? mp + 3 : mp - 9);
	d.year = (int)(yoe + era * 400 + (d.month <= 2));
	d.hour = (int)(sec / 3600);
	d.minute = (int)(sec / 60 % 60);
	d.second = (int)(sec % 60);
	return d;
}

/* Years have four digits; the arithmetic of the compiler's warning does not know that. */
static void
format(char *out, size_t size, const char *fmt, int64_t t)
{
	struct date d = date_of_time(t);
	char wide[96];

	snprintf(wide, sizeof wide, fmt, d.year, d.month, d.day, d.hour, d.minute, d.second);
	memcpy(out, wide, size - 1);
	out[size - 1] = '\0';
}

void
date_rfc3339(char out[DATE_RFC3339], int64_t t)
{
	format(out, DATE_RFC3339, "%04d-%02d-%02dT%02d:%02d:%02dZ", t);
}

void
date_basic(char out[DATE_BASIC], int64_t t)
{
	format(out, DATE_BASIC, "%04d%02d%02dT%02d%02d%02dZ", t);
}

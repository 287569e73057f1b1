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

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_word(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* What is left of the text. */
struct text {
	const char *s, *end;
};

/* Take the next count bytes, all digits, as a number. */
static bool
take_number(struct text *t, int count, int *value)
{
	int v = 0;

	if (t->end - t->s < count)
		return false;
	for (int i = 0; i < count; i++) {
		if (!is_digit(t->s[i]))
			return false;
		v = v * 10 + (t->s[i] - '0');
	}
	t->s += count;
	*value = v;
	return true;
}

static bool
take_one_of(struct text *t, const char *set)
{
	if (t->s == t->end || *t->s == '\0' || strchr(set, *t->s) == NULL)
		return false;
	t->s++;
	return true;
}

static bool
at_word(const struct text *t)
{
	return t->s < t->end && is_word(*t->s);
}

/* A date found in a text. */
struct hit {
	bool possible;          /* t and day are set */
	bool bare;              /* eight digits and nothing else */
	bool timed;             /* it says a time of the day */
	bool part;              /* it fills a part of a path */
	int64_t t;
	int64_t day;            /* where it was written, that is before the offset */
};

/* Z or an offset in seconds east; what is neither is not taken. */
static void
take_zone(struct text *t, bool blank, int *offset)
{
	struct text u = *t;
	int hours, minutes, sign;

	if (take_one_of(&u, "Z") && !at_word(&u)) {
		*t = u;
		return;
	}
	u = *t;
	if (blank)
		take_one_of(&u, " ");
	sign = u.s < u.end && *u.s == '-' ? -1 : 1;
	if (!take_one_of(&u, "+-") || !take_number(&u, 2, &hours))
		return;
	take_one_of(&u, ":");
	if (!take_number(&u, 2, &minutes) || at_word(&u) || hours > 23 || minutes > 59)
		return;
	*offset = sign * (hours * 60 + minutes) * 60;
	*t = u;
}

/* Behind a second: .5 or ,5, but only where a zone ends it; else it is the next part of a file's name. */
static void
take_fraction(struct text *t, bool blank, int *offset)
{
	struct text u = *t, digits;

	if (!take_one_of(&u, ".,"))
		return;
	while (u.s < u.end && is_digit(*u.s))
		u.s++;
	digits = u;
	take_zone(&u, blank, offset);
	if (u.s != digits.s)
		*t = u;
}

/* 10:15, 10:15:00 or, where compact may be, 1015 and 101500; then the zone. */
static bool
take_time(struct text *t, bool compact, bool blank, struct date *d, int *offset)
{
	struct text u = *t, v;
	struct date at = *d;
	bool colon;

	if (!take_number(&u, 2, &at.hour))
		return false;
	colon = take_one_of(&u, ":");
	if ((!colon && !compact) || !take_number(&u, 2, &at.minute))
		return false;
	v = u;
	if ((!colon || take_one_of(&v, ":")) && take_number(&v, 2, &at.second)) {
		u = v;
		take_fraction(&u, blank, offset);
	}
	take_zone(&u, blank, offset);
	*t = u;
	*d = at;
	return true;
}

static void
settle(struct hit *h, const struct date *d, int offset)
{
	struct date midnight = { .year = d->year, .month = d->month, .day = d->day };

	h->possible = date_to_time(d, &h->t) && date_to_time(&midnight, &h->day);
	h->t -= offset;
}

/* 11232026-101500, unless its first half is a date of the other kind. */
static bool
take_american(struct text *t, struct hit *h)
{
	struct text u = *t, v = *t;
	struct date d = { 0 }, other = { 0 };
	int64_t ignored;

	if (!take_number(&u, 2, &d.month) || !take_number(&u, 2, &d.day) || !take_number(&u, 4, &d.year) ||
	    !take_one_of(&u, "-") || !take_number(&u, 2, &d.hour) || !take_number(&u, 2, &d.minute) ||
	    !take_number(&u, 2, &d.second) || at_word(&u))
		return false;
	if (take_number(&v, 4, &other.year) && take_number(&v, 2, &other.month) &&
	    take_number(&v, 2, &other.day) && date_to_time(&other, &ignored))
		return false;
	h->timed = true;
	settle(h, &d, 0);
	*t = u;
	return true;
}

/* The date at t, which no word touches from the left; t moves behind it.  false: there is none. */
static bool
take_date(struct text *t, struct hit *h)
{
	struct text u = *t, v;
	struct date d = { 0 };
	bool dashes, broken = false;
	int offset = 0;
	char between;

	*h = (struct hit){ 0 };
	if (take_american(t, h))
		return true;
	if (!take_number(&u, 4, &d.year))
		return false;
	dashes = take_one_of(&u, "-");
	if (!take_number(&u, 2, &d.month) || (dashes && !take_one_of(&u, "-")) || !take_number(&u, 2, &d.day))
		return false;

	v = u;
	between = v.s < v.end ? *v.s : '\0';
	if (between == 'T' || (dashes && (between == ' ' || between == '_'))) {
		v.s++;
		h->timed = take_time(&v, between == 'T', between == ' ', &d, &offset);
		/* A time that is broken off or runs on is not to be passed over. */
		broken = h->timed ? at_word(&v) : between == 'T' && v.s < v.end && is_digit(*v.s);
	}
	if (h->timed || broken)
		u = v;
	else if (at_word(&u))
		return false;
	else
		h->bare = !dashes;
	/* Most numbers of eight digits are not dates. */
	if (h->bare && (d.year < 1970 || d.year > 2099))
		return false;
	if (!broken)
		settle(h, &d, offset);
	*t = u;
	return true;
}

/* Does what lies between from and to fill a part of a path? */
static bool
is_part(const char *s, const char *from, const char *to, const char *end)
{
	char left = ' ', right = ' ';

	if (from > s)
		left = from[-1];
	if (to < end)
		right = *to;
	return (left == '/' || left == ' ' || left == '\t') && (right == '/' || right == ' ' || right == '\t') &&
	    (left == '/' || right == '/');
}

/* Which dates go before which: a higher one makes the lower ones not count. */
static int
rank(const struct hit *h)
{
	/* Digits that are no date are just a number, unless they are all there is. */
	if (h->bare && !h->possible)
		return 0;
	return 1 + 2 * h->part + !h->bare;
}

/* Two dates of the same rank. */
static enum date_rc
join(struct hit *a, const struct hit *b)
{
	if (!a->possible || !b->possible)
		return DATE_BAD;
	if (a->t == b->t)
		return DATE_OK;
	if (a->day != b->day || a->timed == b->timed)
		return DATE_SEVERAL;
	if (b->timed)
		*a = *b;
	return DATE_OK;
}

enum date_rc
date_find(const char *s, size_t n, int64_t *t)
{
	struct text u = { s, s + n };
	struct hit best = { 0 }, h;
	enum date_rc rc = DATE_NONE;
	const char *from;

	while (u.s < u.end) {
		from = u.s;
		if (!is_digit(*from) || (from > s && is_word(from[-1])) || !take_date(&u, &h)) {
			u.s++;
			continue;
		}
		h.part = is_part(s, from, u.s, u.end);
		if (rc == DATE_NONE || rank(&h) > rank(&best)) {
			best = h;
			rc = h.possible ? DATE_OK : DATE_BAD;
		} else if (rc == DATE_OK && rank(&h) == rank(&best))
			rc = join(&best, &h);
	}
	if (rc == DATE_OK)
		*t = best.t;
	return rc;
}

const char *
date_strerror(enum date_rc rc)
{
	switch (rc) {
	case DATE_OK: return "has a date";
	case DATE_NONE: return "has no date";
	case DATE_BAD: return "has a date that does not exist";
	case DATE_SEVERAL: return "has several dates, and they differ";
	}
	return "";
}

bool
date_span_parse(const char *s, struct date_span *span)
{
	struct { char unit; int *value; bool seen; } units[] = {
		{ 'y', &span->years, false }, { 'm', &span->months, false },
		{ 'd', &span->days, false }, { 'h', &span->hours, false }
	};
	size_t i;
	int n;

	*span = (struct date_span){ 0 };
	if (*s == '\0')
		return false;
	for (; *s != '\0'; s++) {
		if (!is_digit(*s))
			return false;
		for (n = 0; is_digit(*s); s++)
			if ((n = n * 10 + (*s - '0')) > 9999999)
				return false;
		for (i = 0; i < sizeof units / sizeof units[0] && units[i].unit != *s; i++)
			;
		if (i == sizeof units / sizeof units[0] || units[i].seen)
			return false;
		units[i].seen = true;
		*units[i].value = n;
	}
	return true;
}

bool
date_span_zero(const struct date_span *s)
{
	return s->years == 0 && s->months == 0 && s->days == 0 && s->hours == 0;
}

int64_t
date_less(int64_t t, const struct date_span *span)
{
	struct date d = date_of_time(t), first = { .day = 1 };
	int64_t months = (d.year - (int64_t)span->years) * 12 + (d.month - 1) - span->months, start;

	/* Nothing here is older than year 1, so anything before it does. */
	if (months < 12)
		return INT64_MIN;
	first.year = (int)(months / 12);
	first.month = (int)(months % 12) + 1;
	if (!date_to_time(&first, &start))
		return INT64_MIN;
	return start + (d.day - 1 - (int64_t)span->days) * 86400 +
	    d.hour * 3600 + d.minute * 60 + d.second - (int64_t)span->hours * 3600;
}

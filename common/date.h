/*
 * UTC dates and seconds since 1970 (POSIX, without leap seconds), years 1 to
 * 9999.  Pure: no clock, no time zone, no locale.
 */
#ifndef DATE_H
#define DATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct date {
	int year, month, day;           /* month and day from 1 */
	int hour, minute, second;
};

/* false, and *t untouched, where there is no such date (second 60 is none). */
bool date_to_time(const struct date *, int64_t *t);
struct date date_of_time(int64_t t);

enum { DATE_RFC3339 = 21, DATE_BASIC = 17 };    /* sizes of buffers, NUL included */
void date_rfc3339(char out[DATE_RFC3339], int64_t t);   /* 2026-11-23T10:15:00Z */
void date_basic(char out[DATE_BASIC], int64_t t);       /* 20261123T101500Z */

/*
 * The date in a piece of text: a file's name, a path, a line.  Forms:
 *
 *	20261123T101500Z        ISO 8601, basic; seconds may be left out
 *	2026-11-23T10:15:00Z    extended; a blank or '_' may stand for the T
 *	2026-11-23, 20261123    midnight
 *	11232026-101500         month, day, year (date +%m%d%Y-%H%M%S)
 *
 * Behind a time Z, +01:00 or +0100 may follow, without it is UTC; parts of
 * seconds are passed over.  No digit or letter may touch a date.  Where there are
 * several, a date that fills a part of a path (HOST/20261123T101500Z/x) goes
 * before all others, and bare digits (20261123) count only where nothing else
 * does, and only from 1970 to 2099.  Those that are left must mean the same; a
 * day agrees with a time on it.
 */
enum date_rc {
	DATE_OK,
	DATE_NONE,              /* there is none */
	DATE_BAD,               /* it looks like one, but there is no such date */
	DATE_SEVERAL            /* there are several, and they differ */
};
enum date_rc date_find(const char *s, size_t n, int64_t *t);    /* *t is set with DATE_OK only */
const char *date_strerror(enum date_rc);                        /* "has no date" */

/* A length of time as people say it: months and years have the lengths that the calendar gives them. */
struct date_span {
	int years, months, days, hours;
};

/* Read 1y5m7d2h: each unit once at most, in any order.  false: it is not one. */
bool date_span_parse(const char *, struct date_span *);
bool date_span_zero(const struct date_span *);

/*
 * t less span: the date with its parts subtracted, carried over as mktime would
 * (31 March less a month is the 31st of February, 3 March), then the hours.
 */
int64_t date_less(int64_t t, const struct date_span *);

#endif

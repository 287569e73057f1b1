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

#endif

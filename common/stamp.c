#include "stamp.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "date.h"

static int64_t shift;

void
stamp_shift(int64_t ms)
{
	shift = ms;
}

int64_t
stamp_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000 + shift;
}

void
stamp_put(char out[STAMP], int64_t ms)
{
	char seconds[DATE_RFC3339];
	int part = (int)(ms % 1000);

	date_rfc3339(seconds, ms / 1000);
	memcpy(out, seconds, DATE_RFC3339 - 2);
	out[19] = '.';
	out[20] = (char)('0' + part / 100);
	out[21] = (char)('0' + part / 10 % 10);
	out[22] = (char)('0' + part % 10);
	out[23] = 'Z';
	out[24] = '\0';
}

void
stamp_http(char out[STAMP_HTTP], int64_t ms)
{
	static const char days[][4] = { "Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed" };        /* from 1 January 1970 */
	static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	struct date d = date_of_time(ms / 1000);

	snprintf(out, STAMP_HTTP, "%s, %02u %s %04u %02u:%02u:%02u GMT", days[ms / 1000 / 86400 % 7], (unsigned)d.day % 100,
	    months[d.month - 1], (unsigned)d.year % 10000, (unsigned)d.hour % 100, (unsigned)d.minute % 100, (unsigned)d.second % 100);
}

/* The digits of s where the pattern has a letter; each other byte of it must be there. */
static bool
match(struct date *d, const char *s, const char *pattern)
{
	static const char letters[] = "YMDhms";
	int n[6] = { 0 };
	const char *at;

	for (; *pattern != '\0'; s++, pattern++) {
		if ((at = strchr(letters, *pattern)) == NULL) {
			if (*s != *pattern)
				return false;
		} else if (*s >= '0' && *s <= '9')
			n[at - letters] = n[at - letters] * 10 + (*s - '0');
		else
			return false;
	}
	*d = (struct date){ n[0], n[1], n[2], n[3], n[4], n[5] };
	return true;
}

static bool
get(int64_t *ms, const char *s, const char *pattern, int part)
{
	struct date d;
	int64_t t;

	if (!match(&d, s, pattern) || !date_to_time(&d, &t))
		return false;
	*ms = t * 1000 + part;
	return true;
}

bool
stamp_get(int64_t *ms, const char *s)
{
	size_t n = strlen(s);
	int part = 0;

	if (n == 20 && s[19] == 'Z')
		return get(ms, s, "YYYY-MM-DDThh:mm:ss", 0);
	if (n != 24 || s[19] != '.' || s[23] != 'Z')
		return false;
	for (int i = 20; i < 23; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		part = part * 10 + (s[i] - '0');
	}
	return get(ms, s, "YYYY-MM-DDThh:mm:ss", part);
}

bool
stamp_basic(int64_t *ms, const char *s)
{
	return strlen(s) == 16 && get(ms, s, "YYYYMMDDThhmmssZ", 0);
}

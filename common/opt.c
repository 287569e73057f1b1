#include "opt.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "err.h"
#include "meter.h"

#ifndef VERSION
#define VERSION "unreleased"
#endif

/* The digits at *s as a number; *s moves behind them.  false: none, or too many. */
static bool
digits(const char **s, uint64_t *n)
{
	char *end;

	if (**s < '0' || **s > '9')
		return false;
	errno = 0;
	*n = strtoull(*s, &end, 10);
	*s = end;
	return errno == 0;
}

uint64_t
opt_uint(const char *name, const char *arg, uint64_t min, uint64_t max)
{
	const char *s = arg;
	uint64_t n;

	if (!digits(&s, &n) || *s != '\0' || n < min || n > max)
		die(ST_USAGE, "%s %s: must be a number from %" PRIu64 " to %" PRIu64, name, arg, min, max);
	return n;
}

struct opt_range
opt_range(const char *name, const char *arg)
{
	struct opt_range r = { 0 };
	const char *s = arg;

	if (!digits(&s, &r.first) || *s++ != '-' || !digits(&s, &r.last) || *s != '\0' || r.first > r.last || r.last > INT64_MAX - 1)
		die(ST_USAGE, "%s %s: must be FIRST-LAST, two byte numbers counted from 0, the last one included", name, arg);
	return r;
}

/* n as the shortest of 512M, 3k, 17. */
static const char *
human(char *buf, size_t size, uint64_t n)
{
	const char *unit = "\0kMGT";

	while (n != 0 && n % 1024 == 0 && unit[1] != '\0') {
		n /= 1024;
		unit++;
	}
	snprintf(buf, size, "%" PRIu64 "%.1s", n, unit);
	return buf;
}

uint64_t
opt_size(const char *name, const char *arg, uint64_t min, uint64_t max)
{
	const char *s = arg;
	unsigned shift = 0;
	uint64_t n;
	char lo[32], hi[32];
	bool good = digits(&s, &n);

	if (good && *s != '\0') {
		switch (*s++) {
		case 'k': case 'K': shift = 10; break;
		case 'M': shift = 20; break;
		case 'G': shift = 30; break;
		case 'T': shift = 40; break;
		default: good = false;
		}
		good = good && *s == '\0' && n <= UINT64_MAX >> shift;
	}
	if (!good || n << shift < min || n << shift > max)
		die(ST_USAGE, "%s %s: must be a size from %s to %s, with k, M, G or T behind it", name, arg,
		    human(lo, sizeof lo, min), human(hi, sizeof hi, max));
	return n << shift;
}

void
opt_usage(const char *usage)
{
	fprintf(stderr, "usage: %s\n", usage);
	exit(ST_USAGE);
}

void
opt_help(const char *usage)
{
	printf("usage: %s\n", usage);
	if (fflush(stdout) != 0)
		edie(ST_FAIL, "standard output");
	exit(0);
}

void
opt_version(void)
{
	printf("%s " VERSION "\n", err_name());
	if (fflush(stdout) != 0)
		edie(ST_FAIL, "standard output");
	exit(0);
}

void
opt_not_terminal(int fd, const char *what)
{
	if (isatty(fd))
		die(ST_USAGE, "%s: is a terminal; give a file or a pipe (-h for help)", what);
}

bool
opt_common(int c, const char *usage)
{
	switch (c) {
	case 'h': opt_help(usage);
	case 'V': opt_version();
	case 'q': err_level = -1; return true;
	case 'v': err_level = err_level < 0 ? 1 : err_level + 1; return true;
	case OPT_PROGRESS: meter_force(); return true;
	default: return false;
	}
}

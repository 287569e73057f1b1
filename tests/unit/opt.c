/* opt.h: numbers and sizes, good and bad. */
#include <inttypes.h>
#include <string.h>

#include "err.h"
#include "opt.h"

#include "child.h"
#include "tap.h"

static const struct {
	const char *arg;
	uint64_t min, max, value;
} numbers[] = {
	{ "0", 0, 0, 0 },
	{ "1", 1, 1, 1 },
	{ "007", 0, 9, 7 },
	{ "256", 1, 256, 256 },
	{ "18446744073709551615", 0, UINT64_MAX, UINT64_MAX },
}, sizes[] = {
	{ "0", 0, 0, 0 },
	{ "17", 0, 99, 17 },
	{ "1k", 0, UINT64_MAX, 1024 },
	{ "1K", 0, UINT64_MAX, 1024 },
	{ "512M", 0, UINT64_MAX, 512 << 20 },
	{ "3G", 0, UINT64_MAX, UINT64_C(3) << 30 },
	{ "1T", 0, UINT64_MAX, UINT64_C(1) << 40 },
	{ "16777215T", 0, UINT64_MAX, UINT64_C(16777215) << 40 },
	{ "1k", 1024, 1024, 1024 },
};

static const struct bad {
	const char *arg;
	uint64_t min, max;
	bool size;
	const char *says;
} bad[] = {
	{ "", 0, 9, false, "-x : must be a number from 0 to 9" },
	{ " 1", 0, 9, false, "-x  1: must" },
	{ "1 ", 0, 9, false, "-x 1 : must" },
	{ "+1", 0, 9, false, "must" },
	{ "-1", 0, UINT64_MAX, false, "must" },
	{ "x", 0, 9, false, "must" },
	{ "1x", 0, 9, false, "must" },
	{ "0x1", 0, 9, false, "must" },
	{ "1.5", 0, 9, false, "must" },
	{ "10", 0, 9, false, "must" },
	{ "0", 1, 9, false, "must be a number from 1 to 9" },
	{ "1k", 0, 9999, false, "must" },
	{ "18446744073709551616", 0, UINT64_MAX, false, "must" },
	{ "99999999999999999999999999", 0, UINT64_MAX, false, "must" },
	{ "", 0, 9, true, "must" },
	{ "k", 0, 9999, true, "must" },
	{ "1kk", 0, 9999, true, "must" },
	{ "1kB", 0, 9999, true, "must" },
	{ "1 k", 0, 9999, true, "must" },
	{ "-1k", 0, 9999, true, "must" },
	{ "1P", 0, UINT64_MAX, true, "must" },
	{ "1.5G", 0, UINT64_MAX, true, "must" },
	{ "16777216T", 0, UINT64_MAX, true, "must" },
	{ "18014398509481984k", 0, UINT64_MAX, true, "must" },
	{ "2k", 0, 2047, true, "must be a size from 0 to 2047, with k, M, G or T behind it" },
	{ "1k", 1025, 1 << 20, true, "from 1025 to 1M" },
	{ "1k", 3 << 20, UINT64_C(5) << 40, true, "from 3M to 5T" },
};

static void
try(const void *arg)
{
	const struct bad *b = arg;

	if (b->size)
		opt_size("-x", b->arg, b->min, b->max);
	else
		opt_uint("-x", b->arg, b->min, b->max);
}

static void
common(const void *arg)
{
	int c = *(const int *)arg;

	exit(opt_common(c, "opt [-h]") ? 10 + err_level : 20);
}

static struct child
run_common(int c)
{
	return child_run(common, &c, "", 0);
}

int
main(int argc, char *argv[])
{
	struct child c;

	(void)argc;
	err_init(argv);
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		is(opt_uint("-x", numbers[i].arg, numbers[i].min, numbers[i].max) == numbers[i].value, "%s", numbers[i].arg);
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
		is(opt_size("-x", sizes[i].arg, sizes[i].min, sizes[i].max) == sizes[i].value, "%s", sizes[i].arg);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		c = child_run(try, &bad[i], "", 0);
		is(c.status == 2 && strncmp(c.err, "opt: -x ", 8) == 0 && strstr(c.err, bad[i].says) != NULL &&
		    strchr(c.err, '\n') == c.err + strlen(c.err) - 1 && c.out[0] == '\0',
		    "\"%s\" is no %s", bad[i].arg, bad[i].size ? "size" : "number");
	}
	c = run_common('h');
	is(c.status == 0 && strcmp(c.out, "usage: opt [-h]\n") == 0 && c.err[0] == '\0', "-h");
	c = run_common('V');
	is(c.status == 0 && strncmp(c.out, "opt ", 4) == 0, "-V");
	is(run_common('v').status == 11, "-v");
	is(run_common('q').status == 9, "-q");
	is(run_common('?').status == 20, "what is not common");
	return tap_done();
}

#include "price.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"

static char path[] = "/tmp/price.XXXXXX";

static bool
with(const char *text, const char *region, const char *tier, struct price *p, struct str *why)
{
	FILE *f = fopen(path, "w");

	fputs(text, f);
	fclose(f);
	str_clear(why);
	return price_read(path, region, "vault", tier, p, why);
}

static const struct {
	const char *text, *region, *tier;
	bool good, known;
	double gb, thousand, out;
	const char *date;
} rows[] = {
	{ "", "r", "bulk", true, false, 0, 0, 0, "" },
	{ "# nothing\n\n \t\n", "r", "bulk", true, false, 0, 0, 0, "" },
	{ "date 2026-11-23\nr vault bulk 0.0025 0.025\n", "r", "bulk", true, true, 0.0025, 0.025, 0, "2026-11-23" },
	{ "r vault bulk 1 2 # old\n", "r", "bulk", true, true, 1, 2, 0, "" },
	{ "r vault bulk 1 2\n", "r", "standard", true, false, 0, 0, 0, "" },
	{ "r vault bulk 1 2\n", "q", "bulk", true, false, 0, 0, 0, "" },
	{ "* vault bulk 1 2\nr vault bulk 3 4\n", "r", "bulk", true, true, 3, 4, 0, "" },
	{ "r vault bulk 3 4\n* vault bulk 1 2\n", "r", "bulk", true, true, 3, 4, 0, "" },
	{ "r vault bulk 3 4\n* vault bulk 1 2\n", "q", "bulk", true, true, 1, 2, 0, "" },
	{ "r transfer out 0.09 0\nr\tvault\tbulk\t3\t4\r\n", "r", "bulk", true, true, 3, 4, 0.09, "" },
	{ "r GLACIER bulk 3 4\n", "r", "bulk", true, false, 0, 0, 0, "" },
	{ "r vault bulk 3 4 5-12h\n", "r", "bulk", true, true, 3, 4, 0, "" },
	{ "r vault bulk 3 4 x\n", "r", "bulk", false, false, 0, 0, 0, "" },
	{ "r vault bulk 3 4 5h 6\n", "r", "bulk", false, false, 0, 0, 0, "" },
	{ "r vault bulk 3 4 -h\n", "r", "bulk", false, false, 0, 0, 0, "" },
	{ "r vault bulk 3 4 5hh\n", "r", "bulk", false, false, 0, 0, 0, "" },
	{ "r vault bulk 3\n", "r", "bulk", false, false, 0, 0, 0, "" },
	{ "r vault bulk 3 4 5\n", "r", "bulk", false, false, 0, 0, 0, "" },
	{ "r vault bulk x 4\n", "r", "bulk", false, false, 0, 0, 0, "" },
	{ "r vault bulk -3 4\n", "r", "bulk", false, false, 0, 0, 0, "" },
	{ "r vault bulk 3 inf\n", "r", "bulk", false, false, 0, 0, 0, "" },
	{ "r vault bulk 3 4\nhello\n", "r", "bulk", false, false, 0, 0, 0, "" },
	{ "date a-date-that-is-too-long\n", "r", "bulk", false, false, 0, 0, 0, "" },
};

int
main(void)
{
	struct price p = { .per_gb = 0.01, .per_1000 = 0.05, .out_per_gb = 0.09 };
	struct str why = { 0 };

	close(mkstemp(path));
	is(fabs(price_retrieval(&p, (uint64_t)5 << 30, 1000) - 0.10) < 1e-9, "a retrieval");
	is(fabs(price_transfer(&p, (uint64_t)10 << 30) - 0.90) < 1e-9, "a transfer");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		bool good = with(rows[i].text, rows[i].region, rows[i].tier, &p, &why);

		is(good == rows[i].good && (!good || (p.known == rows[i].known && fabs(p.per_gb - rows[i].gb) < 1e-9 &&
		    fabs(p.per_1000 - rows[i].thousand) < 1e-9 && fabs(p.out_per_gb - rows[i].out) < 1e-9 &&
		    strcmp(p.date, rows[i].date) == 0)) && (good || strstr(str_get(&why), ": line ") != NULL),
		    "row %zu", i);
	}
	is(with("r vault bulk 1 2 48h\nr vault standard 1 2\n", "r", "bulk", &p, &why) && strcmp(p.wait, "48h") == 0, "how long it takes");
	is(with("r vault bulk 1 2 48h\nr vault standard 1 2\n", "r", "standard", &p, &why) && p.wait[0] == '\0', "is not said");
	p.per_gb = 0.0036;
	is(fabs(price_storage(&p, ((uint64_t)10 << 30) - 32768, 15 * 86400) - 0.018) < 1e-9, "half a month of ten GB");
	unlink(path);
	is(!price_read(path, "r", "vault", "bulk", &p, &why) && strstr(str_get(&why), "No such file") != NULL, "no file");
	str_free(&why);
	return tap_done();
}

#include "price.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lines.h"
#include "mem.h"

enum {
	WORDS = 6,              /* of which the last may be missing */
	OVERHEAD = 32 << 10,    /* bytes that are paid for beside each archive's own */
	MONTH = 30 * 86400      /* seconds */
};

/* Take a line apart at its blanks, up to a #.  How many words there are; more than fit count as one more. */
static int
split(char *line, char *word[WORDS])
{
	char *rest = NULL;
	int n = 0;

	line[strcspn(line, "#")] = '\0';
	for (char *s = strtok_r(line, " \t\r", &rest); s != NULL; s = strtok_r(NULL, " \t\r", &rest)) {
		if (n == WORDS)
			return WORDS + 1;
		word[n++] = s;
	}
	return n;
}

static bool
number(const char *s, double *value)
{
	char *end;

	*value = strtod(s, &end);
	return strspn(s, "0123456789.") == strlen(s) && *s != '\0' && *end == '\0' && isfinite(*value);
}

/* A time or a span of it, in minutes, hours or days: "12h", "1-5m". */
static bool
is_wait(const char *s)
{
	size_t n = strspn(s, "0123456789-");

	return n != 0 && s[0] != '-' && strchr("mhd", s[n]) != NULL && s[n] != '\0' && s[n + 1] == '\0' &&
	    strlen(s) < sizeof ((struct price *)NULL)->wait;
}

/* A line for the region itself goes before one for all. */
static void
take(char *const word[WORDS], const double value[2], const char *key[3], struct price *p, bool exact[2])
{
	bool is = strcmp(word[0], key[0]) == 0, all = strcmp(word[0], "*") == 0;

	if (strcmp(word[1], key[1]) == 0 && strcmp(word[2], key[2]) == 0 && (is || (all && !exact[0]))) {
		p->known = true;
		p->per_gb = value[0];
		p->per_1000 = value[1];
		snprintf(p->wait, sizeof p->wait, "%s", word[5] != NULL ? word[5] : "");
		exact[0] = is;
	}
	if (strcmp(word[1], "transfer") == 0 && strcmp(word[2], "out") == 0 && (is || (all && !exact[1]))) {
		p->out_per_gb = value[0];
		exact[1] = is;
	}
}

bool
price_read(const char *path, const char *region, const char *tariff, const char *tier, struct price *p, struct str *why)
{
	const char *key[3] = { region, tariff, tier };
	int fd = open(path, O_RDONLY | O_CLOEXEC), n;
	char *word[WORDS] = { NULL }, *line;
	bool exact[2] = { false, false }, good = true;
	struct lines *in;
	double value[2];
	size_t len;

	*p = (struct price){ .known = false };
	if (fd < 0) {
		str_format(why, "%s: %s", path, strerror(errno));
		return false;
	}
	in = lines_new(fd, '\n');
	while (good && (line = lines_next(in, &len)) != NULL) {
		if ((n = split(line, word)) == 0)
			continue;
		if (n == 2 && strcmp(word[0], "date") == 0 && strlen(word[1]) < sizeof p->date)
			memcpy(p->date, word[1], strlen(word[1]) + 1);
		else if ((n == WORDS - 1 || (n == WORDS && is_wait(word[5]))) && number(word[3], &value[0]) && number(word[4], &value[1])) {
			word[5] = n == WORDS ? word[5] : NULL;
			take(word, value, key, p, exact);
		} else
			good = false;
	}
	if (!good)
		str_format(why, "%s: line %lu: is not REGION TARIFF TIER PER-GB PER-1000 [TIME]", path, lines_number(in));
	else if (errno != 0) {
		str_format(why, "%s: %s", path, strerror(errno));
		good = false;
	}
	lines_free(in);
	close(fd);
	return good;
}

char *
price_file(const char *given)
{
	char program[4096];
	ssize_t n;

	if (given != NULL || (given = getenv("GLACIER_PRICES")) != NULL)
		return mem_copy(given);
	if (access("/etc/glacier-prices", F_OK) == 0)
		return mem_copy("/etc/glacier-prices");
	n = readlink("/proc/self/exe", program, sizeof program - 1);
	program[n > 0 ? n : 0] = '\0';
	for (int i = 0; i < 2; i++)
		program[strrchr(program, '/') != NULL ? strrchr(program, '/') - program : 0] = '\0';
	return mem_format("%s/etc/glacier-prices", program);
}

double
price_storage(const struct price *p, uint64_t bytes, uint64_t seconds)
{
	return p->per_gb * (double)(bytes + OVERHEAD) / (double)(1 << 30) * (double)seconds / MONTH;
}

double
price_retrieval(const struct price *p, uint64_t bytes, uint64_t requests)
{
	return p->per_gb * (double)bytes / (double)(1 << 30) + p->per_1000 * (double)requests / 1000;
}

double
price_transfer(const struct price *p, uint64_t bytes)
{
	return p->out_per_gb * (double)bytes / (double)(1 << 30);
}

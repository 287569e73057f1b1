#include "fault.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lines.h"
#include "mem.h"
#include "range.h"

enum {
	PATTERN = 64, WAYS = 32,
	MILLION = 1000000               /* rates are in parts of it */
};

struct rule {
	char pattern[PATTERN];
	uint64_t first, last;           /* which of the calls that match */
	uint32_t rate;
	struct fault way[WAYS];
	size_t ways;
	uint64_t count;
};

struct rules {
	struct rule *rule;
	size_t n;
};

struct faults {
	uint64_t seed;
	pthread_mutex_t lock;           /* over what follows */
	struct rules own, read;
	char *path;                     /* of the file, NULL: there is none */
	struct stat seen;               /* how it was when it was read last; all zero: not there */
};

/* What stands behind a way's colon: nothing, a number that may be left out, or must be there, or is a status and a code. */
enum argument { PLAIN, MAY, MUST, CODE };

static const struct {
	const char *name;
	enum fault_kind kind;
	enum argument argument;
	uint64_t otherwise;
} ways[] = {
	{ "500", FAULT_500, PLAIN, 0 }, { "503", FAULT_503, PLAIN, 0 }, { "408", FAULT_408, PLAIN, 0 },
	{ "throttle", FAULT_THROTTLE, PLAIN, 0 }, { "capacity", FAULT_CAPACITY, PLAIN, 0 },
	{ "closed", FAULT_CLOSED, PLAIN, 0 }, { "denied", FAULT_DENIED, PLAIN, 0 }, { "limit", FAULT_LIMIT, PLAIN, 0 },
	{ "policy", FAULT_POLICY, PLAIN, 0 }, { "token", FAULT_TOKEN, PLAIN, 0 }, { "error", FAULT_ERROR, CODE, 0 },
	{ "reset", FAULT_RESET, MAY, 0 }, { "lost", FAULT_LOST, PLAIN, 0 },
	{ "corrupt", FAULT_CORRUPT, PLAIN, 0 }, { "cut", FAULT_CUT, MAY, FAULT_HALF }, { "hang", FAULT_HANG, MUST, 0 },
	{ "hash", FAULT_HASH, PLAIN, 0 }, { "late", FAULT_LATE, PLAIN, 0 }, { "no-hash", FAULT_NO_HASH, PLAIN, 0 },
	{ "short", FAULT_SHORT, MAY, FAULT_HALF }, { "slow", FAULT_SLOW, MUST, 0 },
	{ "expire", FAULT_EXPIRE, PLAIN, 0 }, { "fail", FAULT_FAIL, PLAIN, 0 }, { "page", FAULT_PAGE, MUST, 0 },
};

/* What "any" stands for: all that passes when the call is made again. */
static const char any[] = "500,503,408,throttle,reset,reset:65536,lost,corrupt,cut,hang:1,hash,late,no-hash,short,slow:16777216";

const char *
fault_name(enum fault_kind kind)
{
	for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
		if (ways[i].kind == kind)
			return ways[i].name;
	return "none";
}

struct faults *
faults_new(uint64_t seed)
{
	struct faults *f = mem_alloc(sizeof *f);

	f->seed = seed;
	pthread_mutex_init(&f->lock, NULL);
	return f;
}

void
faults_free(struct faults *f)
{
	if (f == NULL)
		return;
	pthread_mutex_destroy(&f->lock);
	free(f->own.rule);
	free(f->read.rule);
	free(f->path);
	free(f);
}

static bool
bad(struct str *why, const char *what, const char *s, size_t n)
{
	str_format(why, "\"%.*s\" is no %s", (int)n, s, what);
	return false;
}

static bool
number(uint64_t *n, const char *s, size_t len)
{
	char text[24];

	if (len >= sizeof text)
		return false;
	memcpy(text, s, len);
	text[len] = '\0';
	return range_number(n, text, INT64_MAX);
}

/* 20% or 0.5%, in millionths. */
static bool
parse_rate(uint32_t *rate, const char *s, size_t n)
{
	size_t whole = strcspn(s, ".%");
	uint64_t percent, part = 0, scale = MILLION / 100;

	if (!number(&percent, s, whole) || percent > 100)
		return false;
	if (s[whole] == '.') {
		if (whole + 2 >= n)
			return false;
		for (size_t i = whole + 1; i < n - 1; i++) {
			if (s[i] < '0' || s[i] > '9' || (scale /= 10) == 0)
				return false;
			part += (uint64_t)(s[i] - '0') * scale;
		}
	}
	*rate = (uint32_t)(percent * (MILLION / 100) + part);
	return *rate <= MILLION;
}

static bool
parse_when(struct rule *r, const char *s, size_t n, struct str *why)
{
	size_t first = strcspn(s, "-");

	if (n != 0 && s[n - 1] == '%')
		return parse_rate(&r->rate, s, n) || bad(why, "rate, such as 20%", s, n);
	first = first < n ? first : n;
	if (!number(&r->first, s, first) || r->first == 0)
		return bad(why, "count, such as 3, 3-5 or 3-", s, n);
	r->last = r->first;
	if (first + 1 == n)
		r->last = UINT64_MAX;
	else if (first < n && (!number(&r->last, s + first + 1, n - first - 1) || r->last < r->first))
		return bad(why, "count, such as 3, 3-5 or 3-", s, n);
	return true;
}

/* STATUS:CODE */
static bool
parse_error(struct fault *f, const char *s, size_t n)
{
	size_t status = strcspn(s, ":");
	uint64_t value;

	if (status >= n || !number(&value, s, status) || value < 400 || value > 599)
		return false;
	s += status + 1;
	n -= status + 1;
	if (n == 0 || n >= FAULT_CODE ||
	    strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") < n)
		return false;
	f->status = (int)value;
	memcpy(f->code, s, n);
	return true;
}

static bool
parse_way(struct fault *f, const char *s, size_t n, struct str *why)
{
	size_t name = strcspn(s, ":"), i;
	bool more, good;

	name = name < n ? name : n;
	more = name < n;
	for (i = 0; i < sizeof ways / sizeof ways[0]; i++)
		if (strlen(ways[i].name) == name && strncmp(ways[i].name, s, name) == 0)
			break;
	if (i == sizeof ways / sizeof ways[0])
		return bad(why, "way to fail", s, n);
	*f = (struct fault){ .kind = ways[i].kind, .n = ways[i].otherwise };
	if (ways[i].argument == CODE)
		good = more && parse_error(f, s + name + 1, n - name - 1);
	else
		good = more ? ways[i].argument != PLAIN && number(&f->n, s + name + 1, n - name - 1) : ways[i].argument != MUST;
	if (good && (f->kind == FAULT_SLOW || f->kind == FAULT_PAGE))
		good = f->n != 0;
	return good || bad(why, "way to fail: its number is missing, or wrong", s, n);
}

static bool
parse_ways(struct rule *r, const char *s, struct str *why)
{
	for (;; s++) {
		size_t n = strcspn(s, ",");

		if (n == 3 && strncmp(s, "any", 3) == 0) {
			if (!parse_ways(r, any, why))
				return false;
		} else if (r->ways == WAYS)
			return bad(why, "short list of ways", s, strlen(s));
		else if (!parse_way(&r->way[r->ways++], s, n, why))
			return false;
		s += n;
		if (*s == '\0')
			return true;
	}
}

static bool
parse_rule(struct rules *to, const char *s, struct str *why)
{
	struct rule r = { .first = 1, .last = UINT64_MAX, .rate = MILLION };
	size_t n = strcspn(s, "@=");

	if (n == 0 || n >= PATTERN || strchr(s, '=') == NULL)
		return bad(why, "CALL[@WHEN]=WAY", s, strlen(s));
	memcpy(r.pattern, s, n);
	s += n;
	if (*s == '@') {
		n = strcspn(++s, "=");
		if (!parse_when(&r, s, n, why))
			return false;
		s += n;
	}
	if (!parse_ways(&r, s + 1, why))
		return false;
	to->rule = mem_grow(to->rule, (to->n + 1) * sizeof r);
	to->rule[to->n++] = r;
	return true;
}

bool
faults_add(struct faults *f, const char *rule, struct str *why)
{
	return parse_rule(&f->own, rule, why);
}

static bool
read_rules(struct rules *to, int fd, const char *path, struct str *why)
{
	struct lines *l = lines_new(fd, '\n');
	bool good = true;
	char *line;
	size_t n;

	while (good && (line = lines_next(l, &n)) != NULL) {
		line += strspn(line, " \t");
		for (n = strcspn(line, "#"); n != 0 && (line[n - 1] == ' ' || line[n - 1] == '\t'); n--)
			;
		line[n] = '\0';
		if (*line != '\0' && !(good = parse_rule(to, line, why)))
			str_format(why, ", in line %lu of %s", lines_number(l), path);
	}
	if (good && errno != 0) {
		str_format(why, "%s: %s", path, strerror(errno));
		good = false;
	}
	lines_free(l);
	return good;
}

/* Read the file, where it is not what it was.  The lock is held, or there is no other thread. */
static bool
look(struct faults *f, struct str *why)
{
	struct rules fresh = { 0 };
	struct stat st = { 0 };
	bool good = true;
	int fd;

	if (stat(f->path, &st) != 0)
		memset(&st, 0, sizeof st);
	if (st.st_ino == f->seen.st_ino && st.st_size == f->seen.st_size &&
	    st.st_mtim.tv_sec == f->seen.st_mtim.tv_sec && st.st_mtim.tv_nsec == f->seen.st_mtim.tv_nsec)
		return true;
	f->seen = st;
	if ((fd = open(f->path, O_RDONLY | O_CLOEXEC)) >= 0) {
		good = read_rules(&fresh, fd, f->path, why);
		close(fd);
	} else if (errno != ENOENT) {
		str_format(why, "%s: %s", f->path, strerror(errno));
		good = false;
	}
	if (!good) {
		free(fresh.rule);
		return false;
	}
	free(f->read.rule);
	f->read = fresh;
	return true;
}

bool
faults_file(struct faults *f, const char *path, struct str *why)
{
	free(f->path);
	f->path = mem_copy(path);
	return look(f, why);
}

/* A good mixture of three numbers (splitmix64's finish, prng.di.unimi.it). */
static uint64_t
draw(uint64_t seed, uint64_t place, uint64_t count)
{
	uint64_t x = seed + place * UINT64_C(0xd1b54a32d192ed03) + count * UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

/* All rules count; the first one whose turn it is decides. */
static void
pick(struct rules *rules, uint64_t seed, const char *call, struct fault *f)
{
	for (size_t i = 0; i < rules->n; i++) {
		struct rule *r = &rules->rule[i];
		uint64_t dice;

		if (fnmatch(r->pattern, call, 0) != 0)
			continue;
		r->count++;
		dice = draw(seed, i, r->count);
		if (f->kind == FAULT_NONE && r->count >= r->first && r->count <= r->last && dice % MILLION < r->rate)
			*f = r->way[(dice >> 32) % r->ways];
	}
}

struct fault
faults_pick(struct faults *f, const char *call, struct str *why)
{
	struct fault fault = { 0 };

	pthread_mutex_lock(&f->lock);
	if (f->path != NULL)
		look(f, why);
	pick(&f->own, f->seed, call, &fault);
	pick(&f->read, ~f->seed, call, &fault);
	pthread_mutex_unlock(&f->lock);
	return fault;
}

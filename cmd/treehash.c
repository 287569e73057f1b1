/*
 * treehash - the SHA-256 tree hash of Amazon Glacier, in sha256sum's clothes.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cpu.h"
#include "err.h"
#include "file.h"
#include "io.h"
#include "leaves.h"
#include "lines.h"
#include "mem.h"
#include "meter.h"
#include "names.h"
#include "opt.h"
#include "str.h"
#include "sums.h"

static const char usage[] =
    "treehash [-0hNqvVz] [-T threads] [--leaves] [--range first-last] [--tee file] [file ...]\n"
    "       treehash -c [-hqvVwz] [-T threads] [--ignore-missing] [--quiet] [--status] [--strict] [list ...]";

struct check {
	bool quiet, status, ignore_missing, strict, warn;
	unsigned long lines, good, bad, unread, malformed;
};

/* Open name, or take standard input for "-", and hash it.  0; -1 and errno. */
static int
hash_part(struct leaves *leaves, const char *name, const struct leaves_want *want, uint8_t root[SHA256_SIZE],
    uint64_t *length, int *left_open)
{
	int fd = STDIN_FILENO, error;

	*left_open = -1;
	if (strcmp(name, "-") != 0 && (fd = open(name, O_RDONLY | O_CLOEXEC)) < 0)
		return -1;
	meter_subject(name);
	switch (leaves_hash(leaves, fd, want, root, length)) {
	case LEAVES_OK:
		*left_open = fd;
		return 0;
	case LEAVES_SHRANK: error = ESTALE; break;
	default: error = errno;
	}
	if (fd != STDIN_FILENO)
		close(fd);
	errno = error;
	return -1;
}

static void
done_with(int fd)
{
	if (fd != STDIN_FILENO)
		close(fd);
}

static int
hash_file(struct leaves *leaves, const char *name, uint8_t root[SHA256_SIZE])
{
	static const struct leaves_want all = { .tee = -1, .length = UINT64_MAX };
	uint64_t length;
	int fd;

	if (hash_part(leaves, name, &all, root, &length, &fd) != 0)
		return -1;
	done_with(fd);
	return 0;
}

/* What went wrong with name, in errno. */
static void
complain(const char *name)
{
	if (errno == ESTALE)
		warn("%s: became shorter while it was read", name);
	else
		ewarn("%s", name);
}

static void
print(const uint8_t root[SHA256_SIZE], const char *name, char end)
{
	struct str line = { 0 };

	sums_format(&line, root, name, end);
	if (lines_put(STDOUT_FILENO, str_get(&line), end) != 0)
		edie(ST_FAIL, "standard output");
	str_free(&line);
}

/* HASH  FIRST-LAST  WHAT  NAME */
static void
print_piece(const uint8_t hash[SHA256_SIZE], uint64_t first, uint64_t last, const char *what, const char *name, char end)
{
	char *label = mem_format("%" PRIu64 "-%" PRIu64 "  %s  %s", first, last, what, name);

	print(hash, label, end);
	free(label);
}

struct listing {
	const char *name;
	uint64_t at;
	char end;
};

static void
print_leaf(void *arg, const uint8_t leaf[SHA256_SIZE], size_t n)
{
	struct listing *l = arg;

	print_piece(leaf, l->at, l->at + n - 1, "leaf", l->name, l->end);
	l->at += n;
}

/* How long the input is of which so much has been read: the rest of a stream is read for that.  0; -1 and errno. */
static int
whole_length(int fd, uint64_t sofar, uint64_t *size)
{
	struct stat st;
	uint8_t *buf;
	ssize_t n;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && fd != STDIN_FILENO) {
		*size = (uint64_t)st.st_size;
		return 0;
	}
	buf = mem_alloc(TREE_LEAF);
	while ((n = io_fill(fd, buf, TREE_LEAF)) > 0)
		sofar += (uint64_t)n;
	free(buf);
	*size = sofar;
	return n < 0 ? -1 : 0;
}

/* --range and --leaves. */
static bool
hash_pieces(struct leaves *leaves, const char *name, bool list, const struct opt_range *range, char end)
{
	static const char *const fit[] = {
		[TREE_FIT_NONE] = "unaligned", [TREE_FIT_MIB] = "mib-aligned", [TREE_FIT_NODE] = "tree-aligned"
	};
	struct listing listing = { name, range->first, end };
	struct leaves_want want = { .tee = -1, .first = range->first, .length = UINT64_MAX };
	uint8_t root[SHA256_SIZE];
	uint64_t length, size;
	int fd;

	if (range->last != UINT64_MAX)
		want.length = range->last - range->first + 1;
	if (list) {
		want.each = print_leaf;
		want.arg = &listing;
	}
	if (hash_part(leaves, name, &want, root, &length, &fd) != 0) {
		complain(name);
		return false;
	}
	if (want.length != UINT64_MAX && length != want.length) {
		warn("%s: bytes %" PRIu64 "-%" PRIu64 " are not all there: the input has no byte %" PRIu64,
		    name, range->first, range->last, range->first + length);
		done_with(fd);
		return false;
	}
	if (!list) {
		if (whole_length(fd, range->last + 1, &size) != 0) {
			complain(name);
			done_with(fd);
			return false;
		}
		print_piece(root, range->first, range->last, fit[tree_fit(range->first, range->last, size)], name, end);
	}
	done_with(fd);
	return true;
}

/* Names mode: a name that cannot be hashed ends it, going on would be a lie. */
static void
hash_names(struct leaves *leaves, char end)
{
	struct names *names = names_new(end);
	struct str line = { 0 };
	uint8_t root[SHA256_SIZE];
	const char *name;

	while ((name = names_next(names)) != NULL) {
		if (strcmp(name, "-") == 0)
			die(ST_FAIL, "-: is not a file name");
		if (hash_file(leaves, name, root) != 0) {
			complain(name);
			exit(ST_FAIL);
		}
		str_clear(&line);
		sums_format(&line, root, name, end);
		names_put(names, str_get(&line));
	}
	str_free(&line);
	names_free(names);
}

static void
verdict(const struct check *c, const char *name, const char *what, char end)
{
	struct str line = { 0 };

	if (c->status || (c->quiet && strcmp(what, "OK") == 0))
		return;
	sums_name(&line, name, end);
	str_format(&line, ": %s", what);
	if (lines_put(STDOUT_FILENO, str_get(&line), end) != 0)
		edie(ST_FAIL, "standard output");
	str_free(&line);
}

static void
check_line(struct leaves *leaves, struct check *c, const char *list, unsigned long number, const char *line, size_t n, char end)
{
	uint8_t want[SHA256_SIZE], root[SHA256_SIZE];
	struct str name = { 0 };

	if (n == 0 || line[0] == '#')
		return;
	if (!sums_parse_loosely(line, n, end, want, &name)) {
		c->malformed++;
		if (c->warn)
			warn("%s: line %lu: is not a tree hash and a name", list, number);
	} else if (c->lines++, hash_file(leaves, str_get(&name), root) != 0) {
		if (errno != ENOENT || !c->ignore_missing) {
			complain(str_get(&name));
			verdict(c, str_get(&name), "FAILED open or read", end);
			c->unread++;
		}
	} else if (memcmp(root, want, sizeof root) == 0) {
		c->good++;
		verdict(c, str_get(&name), "OK", end);
	} else {
		c->bad++;
		verdict(c, str_get(&name), "FAILED", end);
	}
	str_free(&name);
}

/* Check the list called name; true where all that it names is as it says. */
static bool
check_list(struct leaves *leaves, struct check c, const char *name, char end)
{
	int fd = strcmp(name, "-") == 0 ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);
	struct lines *list;
	const char *line;
	size_t n;

	if (fd < 0) {
		ewarn("%s", name);
		return false;
	}
	list = lines_new(fd, end);
	while ((line = lines_next(list, &n)) != NULL)
		check_line(leaves, &c, name, lines_number(list), line, n, end);
	if (errno != 0)
		edie(ST_FAIL, "%s: line %lu", name, lines_number(list) + 1);
	lines_free(list);
	if (fd != STDIN_FILENO)
		close(fd);

	if (c.lines == 0)
		warn("%s: no line of it is a tree hash and a name", name);
	else if (!c.status && c.malformed != 0)
		warn("%s: lines that are not a tree hash and a name: %lu", name, c.malformed);
	if (!c.status && c.unread != 0)
		warn("%s: files that could not be read: %lu", name, c.unread);
	if (!c.status && c.bad != 0)
		warn("%s: files that do not match: %lu", name, c.bad);
	if (c.lines != 0 && c.ignore_missing && c.good + c.bad + c.unread == 0) {
		warn("%s: no file of it is here", name);
		return false;
	}
	return c.lines != 0 && c.bad == 0 && c.unread == 0 && (!c.strict || c.malformed == 0);
}

/* stdin to stdout, and its hash to a file that appears only when all is through. */
static void
hash_tee(struct leaves *leaves, const char *path)
{
	static const struct leaves_want through = { .tee = STDOUT_FILENO, .length = UINT64_MAX };
	struct file *f = file_create(path, 0666, true);
	uint8_t root[SHA256_SIZE];
	struct str line = { 0 };
	enum leaves_rc rc;
	uint64_t length;

	if (f == NULL)
		edie(ST_FAIL, "%s", path);
	if ((rc = leaves_hash(leaves, STDIN_FILENO, &through, root, &length)) != LEAVES_OK)
		edie(ST_FAIL, rc == LEAVES_WRITE ? "standard output" : "standard input");
	if (io_close(STDOUT_FILENO) != 0)
		edie(ST_FAIL, "standard output");
	sums_format(&line, root, "-", '\n');
	str_puts(&line, "\n");
	if (io_put(file_fd(f), line.s, line.len) != 0 || file_commit(f) != 0)
		edie(ST_FAIL, "%s", path);
	str_free(&line);
}

int
main(int argc, char *argv[])
{
	static const struct option longs[] = {
		{ "check", 0, NULL, 'c' }, { "names", 0, NULL, 'N' }, { "null", 0, NULL, '0' },
		{ "threads", 1, NULL, 'T' }, { "warn", 0, NULL, 'w' }, { "zero", 0, NULL, 'z' },
		{ "ignore-missing", 0, NULL, OPT_LONG }, { "status", 0, NULL, OPT_LONG + 1 },
		{ "tee", 1, NULL, OPT_LONG + 2 }, { "strict", 0, NULL, OPT_LONG + 3 },
		{ "leaves", 0, NULL, OPT_LONG + 4 }, { "range", 1, NULL, OPT_LONG + 5 }, OPT_COMMON
	};
	static char dash[] = "-", *standard_input[] = { dash, NULL };
	const char *tee = NULL, *kernel = getenv("TREEHASH_KERNEL");
	struct opt_range range = { 0, UINT64_MAX };
	bool names = false, checking = false, list = false, part = false, good = true;
	unsigned threads = cpu_count();
	struct check check = { 0 };
	uint8_t root[SHA256_SIZE];
	struct leaves *leaves;
	char end = '\n';
	char **operand;
	int c;

	err_init(argv);
	while ((c = getopt_long(argc, argv, "0cNT:hqvVwz", longs, NULL)) != -1)
		switch (c) {
		case '0': case 'z': end = '\0'; break;
		case 'c': checking = true; break;
		case 'N': names = true; break;
		case 'T': threads = (unsigned)opt_uint("-T", optarg, 1, 256); break;
		case 'w': check.warn = true; break;
		case OPT_LONG: check.ignore_missing = true; break;
		case OPT_LONG + 1: check.status = true; break;
		case OPT_LONG + 2: tee = optarg; break;
		case OPT_LONG + 3: check.strict = true; break;
		case OPT_LONG + 4: list = true; break;
		case OPT_LONG + 5: range = opt_range("--range", optarg); part = true; break;
		default:
			if (!opt_common(c, usage))
				opt_usage(usage);
		}
	check.quiet = err_level < 0;
	operand = argv + optind;
	if ((names || tee != NULL) && (*operand != NULL || checking || list || part || (names && tee != NULL)))
		opt_usage(usage);
	if ((check.status || check.ignore_missing || check.strict || check.warn) ? !checking : checking && (list || part))
		opt_usage(usage);
	if (kernel != NULL && !sha256_force(kernel))
		die(ST_USAGE, "TREEHASH_KERNEL: %s: this machine has no such kernel", kernel);
	meter_start(0);
	leaves = leaves_new(threads);

	if (names)
		hash_names(leaves, end);
	else if (tee != NULL) {
		hash_tee(leaves, tee);
		return 0;
	} else {
		for (operand = *operand != NULL ? operand : standard_input; *operand != NULL; operand++)
			if (checking)
				good = check_list(leaves, check, *operand, end) && good;
			else if (list || part)
				good = hash_pieces(leaves, *operand, list, &range, end) && good;
			else if (hash_file(leaves, *operand, root) == 0)
				print(root, *operand, end);
			else {
				complain(*operand);
				good = false;
			}
	}
	if (io_close(STDOUT_FILENO) != 0)
		edie(ST_FAIL, "standard output");
	leaves_free(leaves);
	return good ? 0 : ST_FAIL;
}

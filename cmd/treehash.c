/*
 * treehash - the SHA-256 tree hash of Amazon Glacier, in sha256sum's clothes.
 * The main thread reads 1 MiB leaves, the pool hashes them, and they come back
 * in order to be pushed onto the tree: constant memory whatever the length.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cpu.h"
#include "err.h"
#include "file.h"
#include "io.h"
#include "lines.h"
#include "mem.h"
#include "meter.h"
#include "names.h"
#include "opt.h"
#include "pool.h"
#include "str.h"
#include "sums.h"
#include "tree.h"

static const char usage[] =
    "treehash [-0hNqvVz] [-T threads] [--tee file] [file ...]\n"
    "       treehash -c [-hqvVz] [-T threads] [--ignore-missing] [--quiet] [--status] [list ...]";

struct leaf {
	uint8_t *buf;
	size_t len;
	uint8_t hash[SHA256_SIZE];
};

struct check {
	bool quiet, status, ignore_missing;
	unsigned long lines, good, bad, unread, malformed;
};

static void
hash_leaf(void *job, unsigned thread, void *shared)
{
	struct leaf *l = job;

	(void)thread, (void)shared;
	sha256(l->hash, l->buf, l->len);
}

/* The tree hash of all of fd, copied to tee on the way (-1: not).  0, or -1 and errno from reading. */
static int
hash_fd(struct pool *pool, int fd, int tee, uint8_t root[SHA256_SIZE])
{
	struct tree tree;
	struct leaf *l;
	bool eof = false;
	int error = 0;
	ssize_t n;

	tree_init(&tree);
	for (;;) {
		while (!eof && (l = pool_room(pool)) != NULL) {
			if (l->buf == NULL)
				l->buf = mem_alloc(TREE_LEAF);
			if ((n = io_fill(fd, l->buf, TREE_LEAF)) < 0)
				error = errno;
			eof = n < TREE_LEAF;
			if (n <= 0)
				break;
			l->len = (size_t)n;
			pool_add(pool);
			meter_add(l->len);
		}
		if ((l = pool_take(pool)) == NULL)
			break;
		if (tee >= 0 && io_put(tee, l->buf, l->len) != 0)
			edie(ST_FAIL, "standard output");
		tree_push(&tree, 0, l->hash);
	}
	tree_root(&tree, root);
	errno = error;
	return error == 0 ? 0 : -1;
}

static int
hash_file(struct pool *pool, const char *name, uint8_t root[SHA256_SIZE])
{
	int fd, r, error;

	if (strcmp(name, "-") == 0)
		return hash_fd(pool, STDIN_FILENO, -1, root);
	if ((fd = open(name, O_RDONLY | O_CLOEXEC)) < 0)
		return -1;
	meter_subject(name);
	r = hash_fd(pool, fd, -1, root);
	error = errno;
	close(fd);
	errno = error;
	return r;
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

/* Names mode: a name that cannot be hashed ends it, going on would be a lie. */
static void
hash_names(struct pool *pool, char end)
{
	struct names *names = names_new(end);
	struct str line = { 0 };
	uint8_t root[SHA256_SIZE];
	const char *name;

	while ((name = names_next(names)) != NULL) {
		if (strcmp(name, "-") == 0)
			die(ST_FAIL, "-: is not a file name");
		if (hash_file(pool, name, root) != 0)
			edie(ST_FAIL, "%s", name);
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
	char *line;

	if (c->status || (c->quiet && strcmp(what, "OK") == 0))
		return;
	line = mem_format("%s: %s", name, what);
	if (lines_put(STDOUT_FILENO, line, end) != 0)
		edie(ST_FAIL, "standard output");
	free(line);
}

static void
check_line(struct pool *pool, struct check *c, const char *line, size_t n, char end)
{
	uint8_t want[SHA256_SIZE], root[SHA256_SIZE];
	struct str name = { 0 };

	if (!sums_parse(line, n, end, want, &name)) {
		c->malformed++;
	} else if (c->lines++, hash_file(pool, str_get(&name), root) != 0) {
		if (errno != ENOENT || !c->ignore_missing) {
			ewarn("%s", str_get(&name));
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
check_list(struct pool *pool, struct check c, const char *name, char end)
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
		check_line(pool, &c, line, n, end);
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
	return c.lines != 0 && c.bad == 0 && c.unread == 0;
}

/* stdin to stdout, and its hash to a file that appears only when all is through. */
static void
hash_tee(struct pool *pool, const char *path)
{
	struct file *f = file_create(path, 0666, true);
	uint8_t root[SHA256_SIZE];
	struct str line = { 0 };

	if (f == NULL)
		edie(ST_FAIL, "%s", path);
	if (hash_fd(pool, STDIN_FILENO, STDOUT_FILENO, root) != 0)
		edie(ST_FAIL, "standard input");
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
		{ "threads", 1, NULL, 'T' }, { "zero", 0, NULL, 'z' },
		{ "ignore-missing", 0, NULL, OPT_LONG }, { "status", 0, NULL, OPT_LONG + 1 },
		{ "tee", 1, NULL, OPT_LONG + 2 }, OPT_COMMON
	};
	static char dash[] = "-", *standard_input[] = { dash, NULL };
	unsigned threads = cpu_count();
	bool names = false, checking = false, good = true;
	struct check check = { 0 };
	const char *tee = NULL;
	struct pool *pool;
	uint8_t root[SHA256_SIZE];
	char end = '\n';
	char **operand;
	int c;

	err_init(argv);
	while ((c = getopt_long(argc, argv, "0cNT:hqvVz", longs, NULL)) != -1)
		switch (c) {
		case '0': case 'z': end = '\0'; break;
		case 'c': checking = true; break;
		case 'N': names = true; break;
		case 'T': threads = (unsigned)opt_uint("-T", optarg, 1, 256); break;
		case OPT_LONG: check.ignore_missing = true; break;
		case OPT_LONG + 1: check.status = true; break;
		case OPT_LONG + 2: tee = optarg; break;
		default:
			if (!opt_common(c, usage))
				opt_usage(usage);
		}
	check.quiet = err_level < 0;
	operand = argv + optind;
	if ((names || tee != NULL) && (*operand != NULL || checking || (names && tee != NULL)))
		opt_usage(usage);
	if ((check.status || check.ignore_missing) && !checking)
		opt_usage(usage);
	meter_start(0);
	pool = pool_new(threads, POOL_RING(threads), sizeof(struct leaf), hash_leaf, NULL);

	if (names)
		hash_names(pool, end);
	else if (tee != NULL) {
		hash_tee(pool, tee);
		return 0;
	} else {
		for (operand = *operand != NULL ? operand : standard_input; *operand != NULL; operand++)
			if (checking)
				good = check_list(pool, check, *operand, end) && good;
			else if (hash_file(pool, *operand, root) == 0)
				print(root, *operand, end);
			else {
				ewarn("%s", *operand);
				good = false;
			}
	}
	if (io_close(STDOUT_FILENO) != 0)
		edie(ST_FAIL, "standard output");
	return good ? 0 : ST_FAIL;
}

/* pending.h: what a program that died has left, and what one that lives keeps for itself. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io.h"
#include "pending.h"

#include "tap.h"

static const char path[] = "book";

static bool
add(struct pending *p, const char *name)
{
	struct ledger_line l = { .time = "2026-11-23T10:15:00Z", .size = 7 };
	int r;

	str_puts(&l.store, "glacier:v");
	str_puts(&l.name, name);
	str_puts(&l.id, "upload");
	r = pending_add(p, &l);
	ledger_line_free(&l);
	return r == 0;
}

/* A program that adds a line and is killed. */
static void
die_with(const char *name)
{
	pid_t child = fork();
	int status = 1;

	if (child == 0) {
		struct pending *p = pending_open(path);

		_exit(p == NULL || !add(p, name));
	}
	is(child > 0 && waitpid(child, &status, 0) == child && status == 0, "a program died with %s", name);
}

static bool
left(const struct pending *p, size_t i, const char *name)
{
	const struct ledger_line *l = pending_left(p, i);

	return name == NULL ? l == NULL : l != NULL && strcmp(str_get(&l->name), name) == 0 && l->size == 7;
}

static off_t
size_of(const char *name)
{
	struct stat st;

	return stat(name, &st) == 0 ? st.st_size : -1;
}

static void
one(void)
{
	struct pending *p = pending_open(path);

	is(p != NULL && left(p, 0, NULL), "nothing was left");
	is(pending_clear(p) == 0 && size_of("book.pending") == 0, "nothing to clear");
	is(add(p, "a") && add(p, "b") && size_of("book.pending") > 0, "two lines");
	is(left(p, 0, NULL), "its own are not what was left");
	is(pending_clear(p) == 0 && size_of("book.pending") == 0, "cleared");
	pending_close(p);
	is(size_of("book.pending") == -1, "and gone at the end");
	pending_close(NULL);
}

static void
two(void)
{
	struct pending *p = pending_open(path), *q = pending_open(path);

	is(p != NULL && q != NULL && size_of("book.pending.2") == 0, "a second program has its own");
	is(add(p, "a") && add(q, "b"), "each adds");
	is(pending_clear(q) == 0 && size_of("book.pending.2") == 0 && size_of("book.pending") > 0, "one clears what is its");
	pending_close(q);
	is(size_of("book.pending.2") == -1 && size_of("book.pending") > 0, "and ends");
	is(pending_clear(p) == 0, "then the other");
	pending_close(p);
	is(size_of("book.pending") == -1, "nothing is there");
}

static void
dead(void)
{
	struct pending *p, *q;
	int fd;

	die_with("a");
	p = pending_open(path);
	is(p != NULL && left(p, 0, "a") && left(p, 1, NULL), "the next one finds it");
	q = pending_open(path);
	is(q != NULL && left(q, 0, NULL), "and only that one");
	pending_close(p);
	pending_close(q);
	is(size_of("book.pending") > 0, "it stays until it is settled");

	/* While one holds the first file, another dies with the second. */
	p = pending_open(path);
	die_with("b");
	is(size_of("book.pending.2") > 0, "in the second file");
	pending_close(p);
	fd = open("book.pending.2", O_WRONLY | O_APPEND);
	is(fd >= 0 && io_put(fd, "2026-11-23T10:15:00Z\tglacier", 28) == 0, "with a line that is cut short");
	close(fd);
	p = pending_open(path);
	is(p != NULL && left(p, 0, "a") && left(p, 1, "b") && left(p, 2, NULL), "both are found, the cut line is not");
	is(pending_settled(p) == 0 && left(p, 0, NULL), "settled");
	is(size_of("book.pending") == 0 && size_of("book.pending.2") == -1, "and forgotten");
	pending_close(p);
	is(size_of("book.pending") == -1, "nothing is there");
}

int
main(void)
{
	char dir[] = "/tmp/pending.XXXXXX";

	if (mkdtemp(dir) == NULL || chdir(dir) != 0)
		return 1;
	one();
	two();
	dead();
	is(mkdir("book.pending", 0700) == 0 && pending_open(path) == NULL && errno == EISDIR, "what cannot be opened is an error");
	rmdir("book.pending");
	is(chdir("/") == 0 && rmdir(dir) == 0, "nothing else was written");
	return tap_done();
}

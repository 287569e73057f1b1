#include "pending.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "io.h"
#include "lines.h"
#include "mem.h"

enum { FILES = 64 };                    /* programs that write one ledger at a time */

struct pending {
	char *path[FILES];
	int fd[FILES];                  /* -1: not ours */
	unsigned own;                   /* the one that is written to */
	struct ledger_line *left;
	size_t nleft;
	pthread_mutex_t lock;           /* guards some, and the writing */
	bool some;
};

/* Open and lock a file that may vanish meanwhile.  -1 and errno: EWOULDBLOCK where a program has it. */
static int
grab(const char *path, bool create)
{
	struct stat a, b;
	int fd, error;

	for (;;) {
		if ((fd = open(path, O_RDWR | O_APPEND | O_CLOEXEC | (create ? O_CREAT : 0), 0666)) < 0)
			return -1;
		if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
			error = errno;
			close(fd);
			errno = error;
			return -1;
		}
		if (fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_ino == b.st_ino && a.st_dev == b.st_dev)
			return fd;
		close(fd);
	}
}

/* A last line that is cut short was never acted upon. */
static int
read_left(struct pending *p, int fd)
{
	struct lines *in = lines_new(fd, '\n');
	const char *line;
	size_t n;
	int error;

	while ((line = lines_next(in, &n)) != NULL && !lines_cut(in)) {
		if ((p->nleft & (p->nleft - 1)) == 0)
			p->left = mem_grow(p->left, (p->nleft != 0 ? 2 * p->nleft : 1) * sizeof *p->left);
		p->left[p->nleft] = (struct ledger_line){ 0 };
		if (ledger_parse(line, n, &p->left[p->nleft]) && !p->left[p->nleft].gone)
			p->nleft++;
		else
			ledger_line_free(&p->left[p->nleft]);
	}
	error = line == NULL ? errno : 0;
	lines_free(in);
	errno = error;
	return error == 0 ? 0 : -1;
}

struct pending *
pending_open(const char *path)
{
	struct pending *p = mem_alloc(sizeof *p);
	bool have = false;
	int error;

	pthread_mutex_init(&p->lock, NULL);
	for (unsigned i = 0; i < FILES; i++)
		p->fd[i] = -1;
	for (unsigned i = 0; i < FILES; i++) {
		p->path[i] = i == 0 ? mem_format("%s.pending", path) : mem_format("%s.pending.%u", path, i + 1);
		p->fd[i] = grab(p->path[i], !have);
		if (p->fd[i] < 0 && (errno == EWOULDBLOCK || (have && errno == ENOENT)))
			continue;
		if (p->fd[i] < 0 || read_left(p, p->fd[i]) != 0)
			goto fail;
		if (!have)
			p->own = i;
		have = true;
	}
	errno = EBUSY;
	if (have && file_sync_parent(path) == 0)
		return p;
fail:
	error = errno;
	pending_close(p);
	errno = error;
	return NULL;
}

const struct ledger_line *
pending_left(const struct pending *p, size_t i)
{
	return i < p->nleft ? &p->left[i] : NULL;
}

static void
forget(struct pending *p)
{
	for (size_t i = 0; i < p->nleft; i++)
		ledger_line_free(&p->left[i]);
	free(p->left);
	p->left = NULL;
	p->nleft = 0;
}

int
pending_settled(struct pending *p)
{
	forget(p);
	for (unsigned i = 0; i < FILES; i++) {
		if (p->fd[i] < 0)
			continue;
		if (ftruncate(p->fd[i], 0) != 0)
			return -1;
		if (i != p->own) {
			unlink(p->path[i]);
			close(p->fd[i]);
			p->fd[i] = -1;
		}
	}
	return 0;
}

int
pending_add(struct pending *p, const struct ledger_line *l)
{
	struct str text = { 0 };
	int r, error;

	ledger_format(&text, l);
	str_puts(&text, "\n");
	pthread_mutex_lock(&p->lock);
	p->some = true;
	r = io_put(p->fd[p->own], text.s, text.len);
	error = errno;
	pthread_mutex_unlock(&p->lock);
	if (r == 0 && (r = fdatasync(p->fd[p->own])) != 0)
		error = errno;
	str_free(&text);
	errno = error;
	return r;
}

int
pending_clear(struct pending *p)
{
	int r = 0;

	pthread_mutex_lock(&p->lock);
	if (p->some && (r = ftruncate(p->fd[p->own], 0)) == 0)
		p->some = false;
	pthread_mutex_unlock(&p->lock);
	return r;
}

void
pending_close(struct pending *p)
{
	struct stat st;

	if (p == NULL)
		return;
	for (unsigned i = 0; i < FILES; i++) {
		if (p->fd[i] >= 0 && fstat(p->fd[i], &st) == 0 && st.st_size == 0)
			unlink(p->path[i]);
		if (p->fd[i] >= 0)
			close(p->fd[i]);
		free(p->path[i]);
	}
	forget(p);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

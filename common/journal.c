#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io.h"
#include "mem.h"
#include "str.h"

enum { WINDOW = 1 << 18 };              /* read at a time by a scan */

struct journal {
	int fd;
	pthread_mutex_t lock;
	pthread_cond_t done;            /* an fsync ended */
	uint64_t size;                  /* written: always a whole number of lines */
	uint64_t safe;                  /* and durable, up to here */
	bool syncing;                   /* one thread is at it, for all that was written before it began */
	int broken;                     /* errno of what left the file in doubt: nothing is added any more */
};

/* The length of the whole lines in the first size bytes; -1 and errno. */
static int64_t
whole_lines(int fd, uint64_t size)
{
	char block[JOURNAL_LINE];
	ssize_t n;

	while (size != 0) {
		uint64_t from = size > sizeof block ? size - sizeof block : 0;

		if ((n = io_fill_at(fd, block, size - from, from)) < 0)
			return -1;
		for (; n > 0; n--)
			if (block[n - 1] == '\n')
				return (int64_t)from + n;
		size = from;
	}
	return 0;
}

struct journal *
journal_open(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666), error;
	struct journal *j;
	int64_t whole;
	struct stat st;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) != 0 || (whole = whole_lines(fd, (uint64_t)st.st_size)) < 0 ||
	    (whole != st.st_size && (ftruncate(fd, whole) != 0 || fsync(fd) != 0))) {
		error = errno;
		close(fd);
		errno = error;
		return NULL;
	}
	j = mem_alloc(sizeof *j);
	j->fd = fd;
	j->size = j->safe = (uint64_t)whole;
	pthread_mutex_init(&j->lock, NULL);
	pthread_cond_init(&j->done, NULL);
	return j;
}

void
journal_close(struct journal *j)
{
	if (j == NULL)
		return;
	close(j->fd);
	pthread_mutex_destroy(&j->lock);
	pthread_cond_destroy(&j->done);
	free(j);
}

/* Wait until all up to end is durable, or do it for all who wait.  The lock is held. */
static int
make_safe(struct journal *j, uint64_t end)
{
	while (j->safe < end && j->broken == 0) {
		uint64_t size = j->size;
		int error;

		if (j->syncing) {
			pthread_cond_wait(&j->done, &j->lock);
			continue;
		}
		j->syncing = true;
		pthread_mutex_unlock(&j->lock);
		error = fdatasync(j->fd) == 0 ? 0 : errno;
		pthread_mutex_lock(&j->lock);
		j->syncing = false;
		/* After a failed fsync the kernel may have dropped what it could not write. */
		if (error != 0)
			j->broken = error;
		else
			j->safe = size;
		pthread_cond_broadcast(&j->done);
	}
	return j->safe >= end ? 0 : j->broken;
}

int
journal_add(struct journal *j, const char *line, uint64_t *at)
{
	struct str text = { 0 };
	int error;

	str_puts(&text, line);
	str_puts(&text, "\n");
	if (text.len > JOURNAL_LINE) {
		str_free(&text);
		errno = EMSGSIZE;
		return -1;
	}
	pthread_mutex_lock(&j->lock);
	if ((error = j->broken) == 0) {
		if (io_put_at(j->fd, text.s, text.len, j->size) == 0) {
			*at = j->size;
			j->size += text.len;
			error = make_safe(j, j->size);
		} else {
			error = errno;
			if (ftruncate(j->fd, (off_t)j->size) != 0)
				j->broken = errno;
		}
	}
	pthread_mutex_unlock(&j->lock);
	str_free(&text);
	errno = error;
	return error == 0 ? 0 : -1;
}

uint64_t
journal_size(struct journal *j)
{
	uint64_t size;

	pthread_mutex_lock(&j->lock);
	size = j->size;
	pthread_mutex_unlock(&j->lock);
	return size;
}

ssize_t
journal_get(struct journal *j, uint64_t at, char line[JOURNAL_LINE])
{
	ssize_t n = io_fill_at(j->fd, line, JOURNAL_LINE, at);
	char *end;

	if (n < 0)
		return -1;
	if ((end = memchr(line, '\n', (size_t)n)) == NULL) {
		errno = EINVAL;
		return -1;
	}
	*end = '\0';
	return end - line;
}

size_t
journal_fields(char *line, char *field[], size_t max)
{
	size_t n = 0;

	while (n < max && line != NULL) {
		field[n++] = line;
		if (n < max && (line = strchr(line, '\t')) != NULL)
			*line++ = '\0';
	}
	return n;
}

int
journal_scan(struct journal *j, uint64_t from, uint64_t to, journal_line *call, void *shared)
{
	char *window = mem_alloc(WINDOW), *end;
	uint64_t size = journal_size(j);
	int r = 0;

	to = to < size ? to : size;
	while (r == 0 && from < to) {
		size_t want = size - from < WINDOW ? (size_t)(size - from) : WINDOW;
		ssize_t n = io_fill_at(j->fd, window, want, from);
		char *line = window;

		if (n < 0) {
			r = -1;
			break;
		}
		while (r == 0 && from < to && (end = memchr(line, '\n', (size_t)(n - (line - window)))) != NULL) {
			*end = '\0';
			r = call(shared, from, line);
			from += (uint64_t)(end + 1 - line);
			line = end + 1;
		}
		if (line == window && r == 0) {         /* no line is as long as the window */
			errno = EINVAL;
			r = -1;
		}
	}
	free(window);
	return r;
}

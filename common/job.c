#include "job.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk.h"
#include "io.h"
#include "json.h"
#include "mem.h"

enum { FILE_MAX = 1 << 16 };            /* bytes in the file of one job */

struct jobs {
	int dir;
	pthread_mutex_t lock;           /* over what follows, and the counts of references */
	struct job **list;              /* by number; each holds one reference */
	size_t n, cap;
	uint64_t next;
};

/* The fields that are strings, and their keys in the file. */
static const struct { const char *key; size_t at; } texts[] = {
	{ "description", offsetof(struct job, description) }, { "topic", offsetof(struct job, topic) },
	{ "tier", offsetof(struct job, tier) }, { "archive", offsetof(struct job, archive) },
	{ "archive-tree", offsetof(struct job, archive_tree) }, { "tree", offsetof(struct job, tree) },
	{ "archive-description", offsetof(struct job, archive_description) },
	{ "format", offsetof(struct job, format) }, { "from", offsetof(struct job, from) },
	{ "to", offsetof(struct job, to) }, { "limit", offsetof(struct job, limit) },
	{ "marker", offsetof(struct job, marker) }, { "next", offsetof(struct job, next) },
};

static char **
text(const struct job *j, size_t i)
{
	return (char **)((uintptr_t)j + texts[i].at);
}

void
job_free(struct job *j)
{
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		free(*text(j, i));
	free(j);
}

static char *
to_json(const struct job *j)
{
	struct json *o = json_new_object();
	char *s;

	json_put_integer(o, "created", j->created);
	json_put_integer(o, "ripe", j->ripe);
	json_put_bool(o, "inventory", j->inventory);
	json_put_bool(o, "failed", j->failed);
	json_put_integer(o, "first", (int64_t)j->first);
	json_put_integer(o, "last", (int64_t)j->last);
	json_put_integer(o, "archive-size", (int64_t)j->archive_size);
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		json_put_string(o, texts[i].key, *text(j, i));
	s = json_print(o);
	json_free(o);
	return s;
}

static struct job *
from_json(const char *id, const char *s, size_t n)
{
	struct json *o = json_parse(s, n);
	const char *value;
	struct job *j;

	if (o == NULL)
		return NULL;
	j = mem_alloc(sizeof *j);
	strcpy(j->id, id);
	j->created = json_get_integer(o, "created", 0);
	j->ripe = json_get_integer(o, "ripe", 0);
	j->inventory = json_get_bool(o, "inventory");
	j->failed = json_get_bool(o, "failed");
	j->first = (uint64_t)json_get_integer(o, "first", 0);
	j->last = (uint64_t)json_get_integer(o, "last", 0);
	j->archive_size = (uint64_t)json_get_integer(o, "archive-size", 0);
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if ((value = json_get_string(o, texts[i].key)) != NULL)
			*text(j, i) = mem_copy(value);
	json_free(o);
	return j;
}

static void
append(struct jobs *all, struct job *j)
{
	if (all->n == all->cap) {
		all->cap = all->cap != 0 ? 2 * all->cap : 16;
		all->list = mem_grow(all->list, all->cap * sizeof *all->list);
	}
	j->refs++;
	j->number = all->next++;
	all->list[all->n++] = j;
}

static int
read_job(int dir, const char *id, struct job **j)
{
	int fd = openat(dir, "job", O_RDONLY | O_CLOEXEC | O_NOFOLLOW), error;
	char *s = mem_alloc(FILE_MAX);
	ssize_t n = -1;

	if (fd >= 0) {
		n = io_fill(fd, s, FILE_MAX);
		error = errno;
		close(fd);
		errno = error;
	}
	if (n >= 0 && (*j = from_json(id, s, (size_t)n)) == NULL) {
		errno = EINVAL;
		n = -1;
	}
	free(s);
	return n < 0 ? -1 : 0;
}

/* What is not named as a job is one that was being made. */
static int
recover(void *shared, const char *name)
{
	struct jobs *all = shared;
	struct job *j;
	int dir, r, error;

	if (!id_valid(name, ID_JOB))
		return disk_remove(all->dir, name);
	if ((dir = disk_open(all->dir, name)) < 0)
		return -1;
	if ((r = read_job(dir, name, &j)) == 0)
		append(all, j);
	error = errno;
	close(dir);
	errno = error;
	return r;
}

static int
by_age(const void *a, const void *b)
{
	const struct job *const *p = a, *const *q = b;

	if ((*p)->created != (*q)->created)
		return (*p)->created < (*q)->created ? -1 : 1;
	return strcmp((*p)->id, (*q)->id);
}

struct jobs *
jobs_open(int dir)
{
	struct jobs *all = mem_alloc(sizeof *all);
	int error;

	pthread_mutex_init(&all->lock, NULL);
	if ((all->dir = disk_open(dir, "jobs")) >= 0 && disk_list(all->dir, recover, all) == 0) {
		if (all->n != 0)
			qsort(all->list, all->n, sizeof *all->list, by_age);
		for (size_t i = 0; i < all->n; i++)
			all->list[i]->number = i;
		return all;
	}
	error = errno;
	jobs_close(all);
	errno = error;
	return NULL;
}

static void
unhold(struct job *j)
{
	if (__atomic_sub_fetch(&j->refs, 1, __ATOMIC_ACQ_REL) == 0)
		job_free(j);
}

void
jobs_close(struct jobs *all)
{
	if (all == NULL)
		return;
	for (size_t i = 0; i < all->n; i++)
		unhold(all->list[i]);
	free(all->list);
	if (all->dir >= 0)
		close(all->dir);
	pthread_mutex_destroy(&all->lock);
	free(all);
}

void
job_drop(struct job *j)
{
	if (j != NULL)
		unhold(j);
}

static struct job *
hold(struct job *j)
{
	__atomic_add_fetch(&j->refs, 1, __ATOMIC_RELAXED);
	return j;
}

static int
write_job(int dir, const struct job *j)
{
	int fd = openat(dir, "job", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666), r, error;
	char *s = to_json(j);

	r = fd < 0 ? -1 : io_put(fd, s, strlen(s)) == 0 && fsync(fd) == 0 ? 0 : -1;
	error = errno;
	if (fd >= 0)
		close(fd);
	free(s);
	errno = error;
	return r;
}

int
job_add(struct jobs *all, struct job *j, int from, const char *name, bool share)
{
	char temp[ID_JOB + 2];
	int dir, r = -1, error;

	id_new(j->id, ID_JOB);
	snprintf(temp, sizeof temp, ".%s", j->id);
	if ((dir = disk_open(all->dir, temp)) >= 0) {
		if (share)
			r = linkat(from, name, dir, "output", 0);
		else
			r = renameat(from, name, dir, "output");
		if (r == 0)
			r = write_job(dir, j) == 0 && disk_sync(dir) == 0 &&
			    renameat(all->dir, temp, all->dir, j->id) == 0 ? disk_sync(all->dir) : -1;
		error = errno;
		close(dir);
		if (r != 0)
			disk_remove(all->dir, temp);
		errno = error;
	}
	if (r != 0) {
		error = errno;
		job_free(j);
		errno = error;
		return -1;
	}
	j->refs = 1;                    /* the caller's */
	pthread_mutex_lock(&all->lock);
	append(all, j);
	pthread_mutex_unlock(&all->lock);
	return 0;
}

/* The place of the first whose number is not below this one.  The lock is held. */
static size_t
place(const struct jobs *all, uint64_t number)
{
	size_t low = 0, high = all->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (all->list[middle]->number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct job *
job_next(struct jobs *all, uint64_t from)
{
	struct job *j = NULL;
	size_t at;

	pthread_mutex_lock(&all->lock);
	if ((at = place(all, from)) < all->n)
		j = hold(all->list[at]);
	pthread_mutex_unlock(&all->lock);
	return j;
}

struct job *
job_find(struct jobs *all, const char *id)
{
	struct job *j = NULL;

	pthread_mutex_lock(&all->lock);
	for (size_t i = 0; i < all->n && j == NULL; i++)
		if (strcmp(all->list[i]->id, id) == 0)
			j = hold(all->list[i]);
	pthread_mutex_unlock(&all->lock);
	return j;
}

/* Under a name that recovery removes, first: half a job must not be found. */
static int
remove_job(struct jobs *all, const struct job *j)
{
	char temp[ID_JOB + 2];

	snprintf(temp, sizeof temp, ".%s", j->id);
	if (renameat(all->dir, j->id, all->dir, temp) != 0 || disk_sync(all->dir) != 0)
		return -1;
	return disk_remove(all->dir, temp);
}

/* Remove those that this is true of; one that cannot be removed stays. */
static void
forget(struct jobs *all, bool (*is)(const struct job *, const void *), const void *what)
{
	size_t kept = 0;

	pthread_mutex_lock(&all->lock);
	for (size_t i = 0; i < all->n; i++) {
		struct job *j = all->list[i];

		if (is(j, what) && remove_job(all, j) == 0)
			unhold(j);
		else
			all->list[kept++] = j;
	}
	all->n = kept;
	pthread_mutex_unlock(&all->lock);
}

static bool
is_named(const struct job *j, const void *id)
{
	return strcmp(j->id, id) == 0;
}

void
job_forget(struct jobs *all, const char *id)
{
	forget(all, is_named, id);
}

static bool
is_old(const struct job *j, const void *ripe_before)
{
	return j->ripe < *(const int64_t *)ripe_before;
}

void
jobs_expire(struct jobs *all, int64_t ripe_before)
{
	forget(all, is_old, &ripe_before);
}

int
job_output(struct jobs *all, const struct job *j)
{
	int dir = openat(all->dir, j->id, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW), fd, error;

	if (dir < 0)
		return -1;
	fd = openat(dir, "output", O_RDONLY | O_CLOEXEC);
	error = errno;
	close(dir);
	errno = error;
	return fd;
}

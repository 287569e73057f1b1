#include "mpu.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk.h"
#include "hex.h"
#include "io.h"
#include "journal.h"
#include "mem.h"
#include "range.h"
#include "stamp.h"
#include "str.h"

struct mpus {
	int dir;
	pthread_mutex_t lock;           /* over what follows */
	struct mpu **list;              /* by key and then id; each holds one reference */
	size_t n, cap;
};

struct mpu {
	struct mpus *all;
	char id[ID_UPLOAD + 1];
	char *key, *class, *attrs;
	enum checksum_kind kind;
	int64_t created;
	int dir;
	struct journal *log;

	pthread_mutex_t lock;           /* over what follows */
	unsigned refs;
	bool ended;
	struct mpu_part *part;          /* by number */
	unsigned parts;
};

struct mpu_put {
	struct mpu *up;
	unsigned number;
	char file[MPU_FILE];
	int fd;
	uint64_t size;
};

static void
mpu_free(struct mpu *up)
{
	if (up->dir >= 0)
		close(up->dir);
	journal_close(up->log);
	pthread_mutex_destroy(&up->lock);
	free(up->key);
	free(up->class);
	free(up->attrs);
	free(up->part);
	free(up);
}

static struct mpu *
mpu_make(struct mpus *all, const char *id)
{
	struct mpu *up = mem_alloc(sizeof *up);

	up->all = all;
	strcpy(up->id, id);
	up->refs = 1;
	up->dir = -1;
	pthread_mutex_init(&up->lock, NULL);
	return up;
}

static struct mpu *
hold(struct mpu *up)
{
	pthread_mutex_lock(&up->lock);
	up->refs++;
	pthread_mutex_unlock(&up->lock);
	return up;
}

void
mpu_drop(struct mpu *up)
{
	bool last;

	if (up == NULL)
		return;
	pthread_mutex_lock(&up->lock);
	last = --up->refs == 0;
	pthread_mutex_unlock(&up->lock);
	if (last)
		mpu_free(up);
}

static struct mpu_part *
slot_at(struct mpu *up, unsigned number)
{
	if (number >= up->parts) {
		unsigned n = number + 1 > 2 * up->parts ? number + 1 : 2 * up->parts;

		up->part = mem_grow(up->part, n * sizeof *up->part);
		memset(up->part + up->parts, 0, (n - up->parts) * sizeof *up->part);
		up->parts = n;
	}
	return &up->part[number];
}

/* The upload's own line. */
static bool
replay_upload(struct mpu *up, char *line)
{
	struct str key = { 0 };
	char *f[6] = { 0 };
	size_t n = journal_fields(line, f, 6);

	if (n < 5 || strcmp(f[0], "upload") != 0 || !stamp_get(&up->created, f[1]) ||
	    !str_unescape(&key, f[4], strlen(f[4])) || key.len == 0) {
		str_free(&key);
		return false;
	}
	up->class = mem_copy(f[2]);
	up->kind = checksum_named(f[3]);
	up->key = key.s;
	up->attrs = n == 6 ? mem_format("\t%s", f[5]) : mem_copy("");
	return true;
}

static bool
replay_part(struct mpu *up, char *line)
{
	struct mpu_part p = { .have = true };
	char *f[7] = { 0 };
	uint64_t number;
	size_t size = checksum_size(up->kind);

	if (journal_fields(line, f, 7) != 7 || strcmp(f[0], "part") != 0 || !stamp_get(&p.time, f[1]) ||
	    !range_number(&number, f[2], MPU_PARTS) || number == 0 || !range_number(&p.size, f[3], INT64_MAX) ||
	    strlen(f[4]) != 2 * MD5_SIZE || !hex_get(p.md5, f[4], MD5_SIZE) || strlen(f[5]) != 2 * size ||
	    !hex_get(p.sum, f[5], size) || strlen(f[6]) >= sizeof p.file)
		return false;
	strcpy(p.file, f[6]);
	*slot_at(up, (unsigned)number) = p;
	return true;
}

static int
replay(void *shared, uint64_t at, char *line)
{
	bool good = at == 0 ? replay_upload(shared, line) : replay_part(shared, line);

	errno = EINVAL;
	return good ? 0 : -1;
}

static int
compare(const struct mpu *up, const char *key, const char *id)
{
	int r = strcmp(up->key, key);

	return r != 0 ? r : strcmp(up->id, id);
}

/* The place of the first one that is not before this key and id.  The lock is held. */
static size_t
place(const struct mpus *all, const char *key, const char *id)
{
	size_t low = 0, high = all->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(all->list[middle], key, id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void
insert(struct mpus *all, struct mpu *up)
{
	size_t at;

	pthread_mutex_lock(&all->lock);
	if (all->n == all->cap) {
		all->cap = all->cap != 0 ? 2 * all->cap : 16;
		all->list = mem_grow(all->list, all->cap * sizeof *all->list);
	}
	at = place(all, up->key, up->id);
	memmove(all->list + at + 1, all->list + at, (all->n - at) * sizeof *all->list);
	all->list[at] = up;
	all->n++;
	pthread_mutex_unlock(&all->lock);
}

/* Files of parts that have no line, or no longer. */
static int
remove_stray(void *shared, const char *name)
{
	struct mpu *up = shared;

	if (strcmp(name, "log") == 0)
		return 0;
	for (unsigned n = 0; n < up->parts; n++)
		if (up->part[n].have && strcmp(up->part[n].file, name) == 0)
			return 0;
	return disk_remove(up->dir, name);
}

/* A directory without a line in its log was never an upload, or is one no more. */
static int
recover(void *shared, const char *name)
{
	struct mpus *all = shared;
	struct mpu *up;
	int r = -1, error;

	if (!id_valid(name, ID_UPLOAD))
		return disk_remove(all->dir, name);
	up = mpu_make(all, name);
	if ((up->dir = disk_open(all->dir, name)) >= 0) {
		if (faccessat(up->dir, "log", F_OK, 0) != 0)
			r = errno == ENOENT ? 1 : -1;
		else if ((up->log = journal_open(up->dir, "log")) != NULL)
			r = journal_size(up->log) == 0 ? 1 :
			    journal_scan(up->log, 0, UINT64_MAX, replay, up) == 0 ? disk_list(up->dir, remove_stray, up) : -1;
	}
	if (r == 0) {
		insert(all, up);
		return 0;
	}
	error = errno;
	mpu_free(up);
	errno = error;
	return r > 0 ? disk_remove(all->dir, name) : -1;
}

struct mpus *
mpus_open(int dir)
{
	struct mpus *all = mem_alloc(sizeof *all);
	int error;

	pthread_mutex_init(&all->lock, NULL);
	if ((all->dir = disk_open(dir, "uploads")) >= 0 && disk_list(all->dir, recover, all) == 0)
		return all;
	error = errno;
	mpus_close(all);
	errno = error;
	return NULL;
}

void
mpus_close(struct mpus *all)
{
	if (all == NULL)
		return;
	for (size_t i = 0; i < all->n; i++)
		mpu_drop(all->list[i]);
	free(all->list);
	if (all->dir >= 0)
		close(all->dir);
	pthread_mutex_destroy(&all->lock);
	free(all);
}

struct mpu *
mpu_new(struct mpus *all, const char *key, const char *class, enum checksum_kind kind, const char *attrs, int64_t now)
{
	char id[ID_UPLOAD + 1], time[STAMP];
	struct str line = { 0 };
	struct mpu *up;
	uint64_t at;
	int r = -1, error;

	id_new(id, ID_UPLOAD);
	up = mpu_make(all, id);
	up->created = now;
	up->key = mem_copy(key);
	up->class = mem_copy(class);
	up->attrs = mem_copy(attrs);
	up->kind = kind;
	stamp_put(time, now);
	str_format(&line, "upload\t%s\t%s\t%s\t", time, class, checksum_name(kind));
	str_escape(&line, key, strlen(key), false);
	str_puts(&line, attrs);
	if ((up->dir = disk_open(all->dir, id)) >= 0 && (up->log = journal_open(up->dir, "log")) != NULL &&
	    journal_add(up->log, line.s, &at) == 0)
		r = disk_sync(up->dir);
	error = errno;
	str_free(&line);
	if (r == 0) {
		up->refs = 2;           /* one for the list */
		insert(all, up);
		return up;
	}
	disk_remove(all->dir, id);
	mpu_free(up);
	errno = error;
	return NULL;
}

struct mpu *
mpu_find(struct mpus *all, const char *id)
{
	struct mpu *up = NULL;

	pthread_mutex_lock(&all->lock);
	for (size_t i = 0; i < all->n && up == NULL; i++)
		if (strcmp(all->list[i]->id, id) == 0)
			up = hold(all->list[i]);
	pthread_mutex_unlock(&all->lock);
	return up;
}

struct mpu *
mpu_next(struct mpus *all, const char *key, const char *id)
{
	struct mpu *up = NULL;
	size_t at;

	pthread_mutex_lock(&all->lock);
	at = place(all, key, id);
	if (at < all->n && compare(all->list[at], key, id) == 0)
		at++;
	if (at < all->n)
		up = hold(all->list[at]);
	pthread_mutex_unlock(&all->lock);
	return up;
}

const char *
mpu_id(const struct mpu *up)
{
	return up->id;
}

const char *
mpu_key(const struct mpu *up)
{
	return up->key;
}

const char *
mpu_class(const struct mpu *up)
{
	return up->class;
}

const char *
mpu_attrs(const struct mpu *up)
{
	return up->attrs;
}

enum checksum_kind
mpu_kind(const struct mpu *up)
{
	return up->kind;
}

int64_t
mpu_created(const struct mpu *up)
{
	return up->created;
}

struct mpu_put *
mpu_put(struct mpu *up, unsigned number)
{
	struct mpu_put *put = mem_alloc(sizeof *put);
	char random[9];
	int error;

	id_new(random, sizeof random - 1);
	put->number = number;
	snprintf(put->file, sizeof put->file, "%u.%s", number, random);
	put->fd = openat(up->dir, put->file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (put->fd >= 0) {
		put->up = hold(up);
		return put;
	}
	error = errno;
	free(put);
	errno = error;
	return NULL;
}

int
mpu_write(struct mpu_put *put, const void *bytes, size_t n)
{
	if (io_put_at(put->fd, bytes, n, put->size) != 0)
		return -1;
	put->size += n;
	return 0;
}

static void
put_free(struct mpu_put *put)
{
	int error = errno;

	close(put->fd);
	mpu_drop(put->up);
	free(put);
	errno = error;
}

void
mpu_discard(struct mpu_put *put)
{
	if (put == NULL)
		return;
	unlinkat(put->up->dir, put->file, 0);
	put_free(put);
}

static int
note(struct mpu *up, unsigned number, const struct mpu_part *p)
{
	char time[STAMP], md5[2 * MD5_SIZE + 1], sum[SHA256_HEX], *line;
	uint64_t at;
	int r;

	stamp_put(time, p->time);
	hex_put(md5, p->md5, MD5_SIZE);
	hex_put(sum, p->sum, checksum_size(up->kind));
	line = mem_format("part\t%s\t%u\t%llu\t%s\t%s\t%s", time, number, (unsigned long long)p->size, md5, sum, p->file);
	r = journal_add(up->log, line, &at);
	free(line);
	return r;
}

int
mpu_keep(struct mpu_put *put, const uint8_t md5[MD5_SIZE], const uint8_t *sum, int64_t now)
{
	struct mpu_part p = { .have = true, .time = now, .size = put->size }, old = { 0 };
	struct mpu *up = put->up;
	int r = -1, error;

	memcpy(p.md5, md5, MD5_SIZE);
	memcpy(p.sum, sum, checksum_size(up->kind));
	strcpy(p.file, put->file);
	if (fdatasync(put->fd) == 0 && disk_sync(up->dir) == 0) {
		/* Over the line too, so that of two parts with one number the log and the table have the same one. */
		pthread_mutex_lock(&up->lock);
		if (up->ended)
			errno = ENOENT;
		else if ((r = note(up, put->number, &p)) == 0) {
			old = *slot_at(up, put->number);
			*slot_at(up, put->number) = p;
		}
		error = errno;
		pthread_mutex_unlock(&up->lock);
		errno = error;
	}
	if (r != 0) {
		error = errno;
		mpu_discard(put);
		errno = error;
		return -1;
	}
	if (old.have)
		unlinkat(up->dir, old.file, 0);
	put_free(put);
	return 0;
}

bool
mpu_part(struct mpu *up, unsigned *number, struct mpu_part *p)
{
	bool found = false;

	pthread_mutex_lock(&up->lock);
	for (; *number < up->parts && !found; *number += !found)
		if ((found = up->part[*number].have))
			*p = up->part[*number];
	pthread_mutex_unlock(&up->lock);
	return found;
}

int
mpu_open_part(struct mpu *up, const struct mpu_part *p)
{
	return openat(up->dir, p->file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

bool
mpu_end(struct mpu *up)
{
	bool first;

	pthread_mutex_lock(&up->lock);
	first = !up->ended;
	up->ended = true;
	pthread_mutex_unlock(&up->lock);
	return first;
}

void
mpu_reopen(struct mpu *up)
{
	pthread_mutex_lock(&up->lock);
	up->ended = false;
	pthread_mutex_unlock(&up->lock);
}

int
mpu_remove(struct mpu *up)
{
	struct mpus *all = up->all;
	bool listed;
	size_t at;
	int r;

	pthread_mutex_lock(&all->lock);
	at = place(all, up->key, up->id);
	listed = at < all->n && all->list[at] == up;
	if (listed) {
		memmove(all->list + at, all->list + at + 1, (all->n - at - 1) * sizeof *all->list);
		all->n--;
	}
	pthread_mutex_unlock(&all->lock);

	/* The log goes first, durably: what is left after a crash is no upload. */
	r = unlinkat(up->dir, "log", 0) == 0 || errno == ENOENT ? disk_sync(up->dir) : -1;
	if (r == 0)
		r = disk_remove(all->dir, up->id);
	if (listed)
		mpu_drop(up);
	return r;
}

#include "upload.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
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
#include "tree.h"

enum { ABORTED = 256 };

struct uploads {
	int dir;
	pthread_mutex_t lock;           /* over what follows */
	struct upload **list;           /* by id; each holds one reference */
	size_t n, cap;
	char aborted[ABORTED][ID_UPLOAD + 1];           /* the last ones, in a ring */
	size_t naborted;
};

struct slot {                           /* one part */
	bool have;                      /* its line is durable */
	bool moving;                    /* it is being replaced */
	uint64_t length;
	uint8_t tree[SHA256_SIZE];
	struct upload_put *put;         /* who writes into data at its place */
};

struct upload {
	struct uploads *all;
	char id[ID_UPLOAD + 1];
	char *description;
	uint64_t part_size;
	int64_t created;

	pthread_mutex_t lock;           /* over what follows */
	int64_t used;                   /* when something happened last */
	pthread_cond_t changed;         /* a put has stopped writing, a slot moving */
	unsigned refs;
	bool ended;
	struct slot *slot;
	unsigned slots;
	unsigned puts, moving;          /* how many there are */
	int dir;                        /* open while puts != 0 */
	struct journal *log;
};

struct upload_put {
	struct upload *up;
	unsigned number;
	int fd;
	uint64_t start, length;         /* where in fd; how much is there */
	char *side;                     /* the name of its own file, NULL: it is data */
	bool writing, revoked;
};

static void
upload_free(struct upload *up)
{
	pthread_mutex_destroy(&up->lock);
	pthread_cond_destroy(&up->changed);
	free(up->description);
	free(up->slot);
	free(up);
}

static struct upload *
upload_make(struct uploads *all, const char *id)
{
	struct upload *up = mem_alloc(sizeof *up);

	up->all = all;
	strcpy(up->id, id);
	up->refs = 1;
	up->dir = -1;
	pthread_mutex_init(&up->lock, NULL);
	pthread_cond_init(&up->changed, NULL);
	return up;
}

void
upload_drop(struct upload *up)
{
	bool last;

	if (up == NULL)
		return;
	pthread_mutex_lock(&up->lock);
	last = --up->refs == 0;
	pthread_mutex_unlock(&up->lock);
	if (last)
		upload_free(up);
}

static struct slot *
slot_at(struct upload *up, unsigned number)
{
	if (number >= up->slots) {
		unsigned n = number + 1 > 2 * up->slots ? number + 1 : 2 * up->slots;

		up->slot = mem_grow(up->slot, n * sizeof *up->slot);
		memset(up->slot + up->slots, 0, (n - up->slots) * sizeof *up->slot);
		up->slots = n;
	}
	return &up->slot[number];
}

/* A line of the log, as this file writes it; EINVAL for any other. */
static int
replay(void *shared, uint64_t at, char *line)
{
	struct upload *up = shared;
	char *f[5] = { 0 };
	uint64_t number;
	struct slot *s;
	size_t n;

	if (at == 0) {
		n = journal_fields(line, f, 4);
		if (n == 4 && strcmp(f[0], "upload") == 0 && stamp_get(&up->created, f[1]) &&
		    range_number(&up->part_size, f[2], UINT64_MAX) && up->part_size >= TREE_LEAF) {
			up->description = mem_copy(f[3]);
			up->used = up->created;
			return 0;
		}
	} else if ((n = journal_fields(line, f, 5)) >= 3 && stamp_get(&up->used, f[1]) &&
	    range_number(&number, f[2], UPLOAD_PARTS - 1)) {
		s = slot_at(up, (unsigned)number);
		if (n == 3 && strcmp(f[0], "drop") == 0) {
			s->have = false;
			return 0;
		}
		s->have = n == 5 && strcmp(f[0], "part") == 0 && range_number(&s->length, f[3], up->part_size) &&
		    strlen(f[4]) == 64 && hex_get(s->tree, f[4], SHA256_SIZE);
		if (s->have)
			return 0;
	}
	errno = EINVAL;
	return -1;
}

static size_t
place(const struct uploads *all, const char *id)
{
	size_t low = 0, high = all->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(all->list[middle]->id, id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void
insert(struct uploads *all, struct upload *up)
{
	size_t at;

	pthread_mutex_lock(&all->lock);
	if (all->n == all->cap) {
		all->cap = all->cap != 0 ? 2 * all->cap : 16;
		all->list = mem_grow(all->list, all->cap * sizeof *all->list);
	}
	at = place(all, up->id);
	memmove(all->list + at + 1, all->list + at, (all->n - at) * sizeof *all->list);
	all->list[at] = up;
	all->n++;
	pthread_mutex_unlock(&all->lock);
}

/* A directory without a line in its log was never an upload, or is one no more. */
static int
recover(void *shared, const char *name)
{
	struct uploads *all = shared;
	struct journal *log = NULL;
	struct upload *up;
	int dir, r, error;

	if (!id_valid(name, ID_UPLOAD))
		return disk_remove(all->dir, name);
	if ((dir = disk_open(all->dir, name)) < 0)
		return -1;
	if (faccessat(dir, "log", F_OK, 0) != 0)
		r = errno == ENOENT ? 1 : -1;
	else if ((log = journal_open(dir, "log")) == NULL)
		r = -1;
	else
		r = journal_size(log) == 0;
	if (r == 0) {
		up = upload_make(all, name);
		if ((r = journal_scan(log, 0, UINT64_MAX, replay, up)) == 0)
			insert(all, up);
		else
			upload_free(up);
	}
	error = errno;
	journal_close(log);
	close(dir);
	errno = error;
	return r > 0 ? disk_remove(all->dir, name) : r;
}

struct uploads *
uploads_open(int dir)
{
	struct uploads *all = mem_alloc(sizeof *all);
	int error;

	pthread_mutex_init(&all->lock, NULL);
	if ((all->dir = disk_open(dir, "uploads")) >= 0 && disk_list(all->dir, recover, all) == 0)
		return all;
	error = errno;
	uploads_close(all);
	errno = error;
	return NULL;
}

void
uploads_close(struct uploads *all)
{
	if (all == NULL)
		return;
	for (size_t i = 0; i < all->n; i++)
		upload_drop(all->list[i]);
	free(all->list);
	if (all->dir >= 0)
		close(all->dir);
	pthread_mutex_destroy(&all->lock);
	free(all);
}

int
uploads_dir(const struct uploads *all)
{
	return all->dir;
}

/* Open what a put needs, for the first of them.  The lock is held. */
static int
begin(struct upload *up)
{
	if (up->puts != 0) {
		up->puts++;
		return 0;
	}
	if ((up->dir = disk_open(up->all->dir, up->id)) < 0)
		return -1;
	if ((up->log = journal_open(up->dir, "log")) == NULL) {
		close(up->dir);
		return -1;
	}
	up->puts = 1;
	return 0;
}

static void
finish(struct upload *up)
{
	if (--up->puts != 0)
		return;
	journal_close(up->log);
	close(up->dir);
	up->log = NULL;
	up->dir = -1;
}

struct upload *
upload_new(struct uploads *all, uint64_t part_size, const char *description, int64_t now)
{
	char id[ID_UPLOAD + 1], time[STAMP];
	struct upload *up;
	uint64_t at;
	char *line;
	int r, error;

	id_new(id, ID_UPLOAD);
	up = upload_make(all, id);
	up->part_size = part_size;
	up->created = up->used = now;
	up->description = mem_copy(description);
	stamp_put(time, now);
	line = mem_format("upload\t%s\t%llu\t%s", time, (unsigned long long)part_size, description);
	if ((r = begin(up)) == 0) {
		r = journal_add(up->log, line, &at) == 0 && disk_sync(up->dir) == 0 ? 0 : -1;
		error = errno;
		finish(up);
		errno = error;
	}
	free(line);
	if (r != 0) {
		error = errno;
		disk_remove(all->dir, id);
		upload_free(up);
		errno = error;
		return NULL;
	}
	up->refs = 2;                   /* one for the list */
	insert(all, up);
	return up;
}

static struct upload *
hold(struct upload *up)
{
	pthread_mutex_lock(&up->lock);
	up->refs++;
	pthread_mutex_unlock(&up->lock);
	return up;
}

struct upload *
upload_find(struct uploads *all, const char *id)
{
	struct upload *up = NULL;
	size_t at;

	pthread_mutex_lock(&all->lock);
	at = place(all, id);
	if (at < all->n && strcmp(all->list[at]->id, id) == 0)
		up = hold(all->list[at]);
	pthread_mutex_unlock(&all->lock);
	return up;
}

size_t
uploads_list(struct uploads *all, const char *from, struct upload **list, size_t max)
{
	size_t n = 0;

	pthread_mutex_lock(&all->lock);
	for (size_t at = place(all, from); at < all->n && n < max; at++)
		list[n++] = hold(all->list[at]);
	pthread_mutex_unlock(&all->lock);
	return n;
}

const char *
upload_id(const struct upload *up)
{
	return up->id;
}

const char *
upload_description(const struct upload *up)
{
	return up->description;
}

uint64_t
upload_part_size(const struct upload *up)
{
	return up->part_size;
}

int64_t
upload_created(const struct upload *up)
{
	return up->created;
}

/* Cut off who writes at this slot; on return it does no more.  The lock is held. */
static void
cut_off(struct upload *up, unsigned number)
{
	struct upload_put *put;

	/* While this waits, what is cut off may go, and another one may come. */
	while ((put = up->slot[number].put) != NULL) {
		put->revoked = true;
		if (put->writing)
			pthread_cond_wait(&up->changed, &up->lock);
		else
			up->slot[number].put = NULL;
	}
}

struct upload_put *
upload_put(struct upload *up, unsigned number)
{
	struct upload_put *put = mem_alloc(sizeof *put);
	char name[9];
	int error = ENOENT;

	put->number = number;
	put->fd = -1;
	pthread_mutex_lock(&up->lock);
	if (!up->ended && begin(up) == 0) {
		struct slot *s = slot_at(up, number);

		cut_off(up, number);
		s = &up->slot[number];
		if (s->have || s->moving) {
			id_new(name, sizeof name - 1);
			put->side = mem_format("%u.%s", number, name);
		} else {
			put->start = number * up->part_size;
			s->put = put;
		}
		put->fd = openat(up->dir, put->side != NULL ? put->side : "data", O_RDWR | O_CREAT | O_CLOEXEC, 0666);
		error = errno;
		if (put->fd >= 0) {
			put->up = up;
			up->refs++;
		} else {
			s->put = NULL;
			finish(up);
		}
	} else if (!up->ended)
		error = errno;
	pthread_mutex_unlock(&up->lock);
	if (put->up != NULL)
		return put;
	free(put->side);
	free(put);
	errno = error;
	return NULL;
}

/* From true until false nobody cuts it off.  false and errno where somebody has. */
static bool
set_writing(struct upload_put *put, bool writing)
{
	struct upload *up = put->up;
	bool may;

	pthread_mutex_lock(&up->lock);
	may = !put->revoked && !up->ended;
	errno = up->ended ? ENOENT : ESTALE;
	put->writing = writing && may;
	if (!writing)
		pthread_cond_broadcast(&up->changed);
	pthread_mutex_unlock(&up->lock);
	return may;
}

int
upload_write(struct upload_put *put, const void *bytes, size_t n)
{
	int r;

	int error;

	if (!set_writing(put, true))
		return -1;
	r = io_put_at(put->fd, bytes, n, put->start + put->length);
	error = errno;
	set_writing(put, false);
	if (r == 0)
		put->length += n;
	errno = error;
	return r;
}

static void
put_free(struct upload_put *put)
{
	struct upload *up = put->up;
	int error = errno;

	pthread_mutex_lock(&up->lock);
	if (put->side != NULL)
		unlinkat(up->dir, put->side, 0);
	else if (up->slot[put->number].put == put)
		up->slot[put->number].put = NULL;
	finish(up);
	pthread_mutex_unlock(&up->lock);
	close(put->fd);
	free(put->side);
	free(put);
	upload_drop(up);
	errno = error;
}

void
upload_discard(struct upload_put *put)
{
	if (put != NULL)
		put_free(put);
}

static int
note_part(struct upload_put *put, const uint8_t tree[SHA256_SIZE], int64_t now)
{
	char time[STAMP], hex[SHA256_HEX], *line;
	uint64_t at;
	int r;

	stamp_put(time, now);
	hex_put(hex, tree, SHA256_SIZE);
	line = mem_format("part\t%s\t%u\t%llu\t%s", time, put->number, (unsigned long long)put->length, hex);
	r = journal_add(put->up->log, line, &at);
	free(line);
	return r;
}

static void
set_slot(struct upload_put *put, const uint8_t tree[SHA256_SIZE])
{
	struct slot *s = &put->up->slot[put->number];

	s->have = true;
	s->length = put->length;
	memcpy(s->tree, tree, SHA256_SIZE);
}

/* The part lies in data at its place. */
static int
keep_in_place(struct upload_put *put, const uint8_t tree[SHA256_SIZE], int64_t now)
{
	struct upload *up = put->up;
	int r;

	if (!set_writing(put, true))
		return -1;
	r = fdatasync(put->fd) == 0 && disk_sync(up->dir) == 0 ? note_part(put, tree, now) : -1;
	pthread_mutex_lock(&up->lock);
	if (r == 0)
		set_slot(put, tree);
	put->writing = false;
	pthread_cond_broadcast(&up->changed);
	pthread_mutex_unlock(&up->lock);
	return r;
}

static int
copy_in(struct upload_put *put)
{
	enum { BLOCK = 1 << 16 };
	struct upload *up = put->up;
	int fd = openat(up->dir, "data", O_WRONLY | O_CLOEXEC), r = fd < 0 ? -1 : 0, error;
	char *block = mem_alloc(BLOCK);
	ssize_t n;

	for (uint64_t at = 0; r == 0 && at < put->length; at += (uint64_t)n) {
		n = io_fill_at(put->fd, block, BLOCK, at);
		if (n == 0)
			errno = EIO;
		r = n > 0 ? io_put_at(fd, block, (size_t)n, put->number * up->part_size + at) : -1;
	}
	if (r == 0)
		r = fdatasync(fd);
	error = errno;
	if (fd >= 0)
		close(fd);
	free(block);
	errno = error;
	return r;
}

static int
replace(struct upload_put *put, const uint8_t tree[SHA256_SIZE], int64_t now)
{
	char time[STAMP], *line;
	uint64_t at;
	int r;

	stamp_put(time, now);
	line = mem_format("drop\t%s\t%u", time, put->number);
	r = journal_add(put->up->log, line, &at);
	free(line);
	return r == 0 && copy_in(put) == 0 ? note_part(put, tree, now) : -1;
}

/* The part lies in a file of its own. */
static int
keep_from_side(struct upload_put *put, const uint8_t tree[SHA256_SIZE], int64_t now)
{
	struct upload *up = put->up;
	struct slot *s;
	int r = 0;

	pthread_mutex_lock(&up->lock);
	while (up->slot[put->number].moving)
		pthread_cond_wait(&up->changed, &up->lock);
	s = &up->slot[put->number];
	if (up->ended) {
		pthread_mutex_unlock(&up->lock);
		errno = ENOENT;
		return -1;
	}
	if (!s->have || s->length != put->length || memcmp(s->tree, tree, SHA256_SIZE) != 0) {
		cut_off(up, put->number);
		s = &up->slot[put->number];
		s->have = false;
		s->moving = true;
		up->moving++;
		pthread_mutex_unlock(&up->lock);
		r = replace(put, tree, now);
		pthread_mutex_lock(&up->lock);
		if (r == 0)
			set_slot(put, tree);
		up->slot[put->number].moving = false;
		up->moving--;
		pthread_cond_broadcast(&up->changed);
	}
	pthread_mutex_unlock(&up->lock);
	return r;
}

static void
set_used(struct upload *up, int64_t now)
{
	pthread_mutex_lock(&up->lock);
	up->used = now;
	pthread_mutex_unlock(&up->lock);
}

int
upload_keep(struct upload_put *put, const uint8_t tree[SHA256_SIZE], int64_t now)
{
	set_used(put->up, now);
	int r = put->side != NULL ? keep_from_side(put, tree, now) : keep_in_place(put, tree, now);

	put_free(put);
	return r;
}

bool
upload_part(struct upload *up, unsigned *number, uint64_t *length, uint8_t tree[SHA256_SIZE])
{
	bool found = false;

	pthread_mutex_lock(&up->lock);
	for (; *number < up->slots && !found; *number += !found)
		if ((found = up->slot[*number].have)) {
			*length = up->slot[*number].length;
			memcpy(tree, up->slot[*number].tree, SHA256_SIZE);
		}
	pthread_mutex_unlock(&up->lock);
	return found;
}

bool
upload_whole(struct upload *up, uint64_t *size, uint8_t tree[SHA256_SIZE])
{
	unsigned level = 0, n;
	struct tree t;
	bool whole;

	while ((uint64_t)TREE_LEAF << level < up->part_size)
		level++;
	tree_init(&t);
	*size = 0;
	pthread_mutex_lock(&up->lock);
	for (n = 0; n < up->slots && up->slot[n].have; n++) {
		if (*size != n * up->part_size)
			break;          /* the one before it is short */
		*size += up->slot[n].length;
		tree_push(&t, level, up->slot[n].tree);
	}
	whole = n != 0;
	for (; n < up->slots; n++)
		whole = whole && !up->slot[n].have;
	pthread_mutex_unlock(&up->lock);
	tree_root(&t, tree);
	return whole;
}

bool
upload_end(struct upload *up)
{
	bool first;

	pthread_mutex_lock(&up->lock);
	first = !up->ended;
	up->ended = true;
	if (first) {
		for (unsigned n = 0; n < up->slots; n++)
			cut_off(up, n);
		while (up->moving != 0)
			pthread_cond_wait(&up->changed, &up->lock);
	}
	pthread_mutex_unlock(&up->lock);
	return first;
}

void
upload_reopen(struct upload *up)
{
	pthread_mutex_lock(&up->lock);
	up->ended = false;
	pthread_mutex_unlock(&up->lock);
}

int
upload_remove(struct upload *up)
{
	struct uploads *all = up->all;
	int dir, r = -1, error;
	bool listed;
	size_t at;

	pthread_mutex_lock(&all->lock);
	at = place(all, up->id);
	listed = at < all->n && all->list[at] == up;
	if (listed) {
		memmove(all->list + at, all->list + at + 1, (all->n - at - 1) * sizeof *all->list);
		all->n--;
	}
	pthread_mutex_unlock(&all->lock);

	/* The log goes first, durably: what is left after a crash is no upload. */
	if ((dir = disk_open(all->dir, up->id)) >= 0) {
		r = unlinkat(dir, "log", 0) == 0 || errno == ENOENT ? disk_sync(dir) : -1;
		error = errno;
		close(dir);
		errno = error;
		if (r == 0)
			r = disk_remove(all->dir, up->id);
	}
	error = errno;
	if (listed)
		upload_drop(up);
	errno = error;
	return r;
}

static bool
was_aborted(const struct uploads *all, const char *id)
{
	for (size_t i = 0; i < all->naborted && i < ABORTED; i++)
		if (strcmp(all->aborted[i], id) == 0)
			return true;
	return false;
}

int
upload_abort(struct uploads *all, const char *id)
{
	struct upload *up = upload_find(all, id);
	int r = -1, error = ENOENT;

	if (up == NULL || !upload_end(up)) {
		pthread_mutex_lock(&all->lock);
		r = was_aborted(all, id) ? 0 : -1;
		pthread_mutex_unlock(&all->lock);
	} else if ((r = upload_remove(up)) == 0) {
		pthread_mutex_lock(&all->lock);
		strcpy(all->aborted[all->naborted++ % ABORTED], id);
		pthread_mutex_unlock(&all->lock);
	} else
		error = errno;
	upload_drop(up);
	errno = error;
	return r;
}

/* One that is old and on which nobody works; it is ended then. */
static bool
is_idle(struct upload *up, int64_t before)
{
	bool idle;

	pthread_mutex_lock(&up->lock);
	idle = up->used < before && up->puts == 0 && !up->ended;
	pthread_mutex_unlock(&up->lock);
	return idle && upload_end(up);
}

void
uploads_expire(struct uploads *all, int64_t before)
{
	char next[ID_UPLOAD + 2] = "";
	struct upload *up;

	while (uploads_list(all, next, &up, 1) == 1) {
		strcpy(next, up->id);
		strcat(next, " ");      /* behind it, whatever its letters */
		if (is_idle(up, before))
			upload_remove(up);
		upload_drop(up);
	}
}

#include "vault.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk.h"
#include "hex.h"
#include "io.h"
#include "journal.h"
#include "mem.h"
#include "range.h"
#include "stamp.h"

/*
 * Where the "+" line of each archive is: a hash table of 16 bytes a slot, at least
 * half of them free, so that a million archives cost 32 MiB.  The id itself is in
 * the log.  at is 0 in a free slot: the vault's own line is there.
 */
struct slot {
	uint64_t hash;                  /* of the id */
	uint64_t at : 63, gone : 1;     /* gone: deleted */
};

struct vault {
	struct vaults *all;
	char name[VAULT_NAME];
	int64_t created;
	int dir, archives, incoming;
	struct journal *log;
	struct uploads *uploads;
	struct jobs *jobs;
	pthread_rwlock_t life;          /* held to write while it is deleted, to read while an archive is added */
	bool gone;

	pthread_mutex_t lock;           /* over what follows */
	unsigned refs;
	struct slot *slot;
	uint64_t slots, used;           /* slots is a power of two, or 0 */
	struct vault_state state;       /* with all that has happened */

	pthread_mutex_t late_lock;      /* over what follows */
	struct vault_state late;        /* with what had happened before some moment; inventoried: the last of it */
	int64_t late_before;
};

struct vaults {
	int dir, vaults, trash, lock_fd;
	pthread_mutex_t lock;           /* over what follows */
	struct vault **list;            /* by name; each holds one reference */
	size_t n;
};

struct incoming {
	struct vault *v;
	char id[ID_UPLOAD + 1];
	int fd;
	uint64_t length;
};

static uint64_t
hash_of(const char *id)
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (; *id != '\0'; id++)
		h = (h ^ (unsigned char)*id) * UINT64_C(1099511628211);
	return h;
}

/* A "+" line, cut up; false where it is none. */
static bool
parse_archive(struct archive *a, char *line)
{
	char *field[6];

	if (journal_fields(line, field, 6) != 6 || strcmp(field[0], "+") != 0 || !stamp_get(&a->time, field[1]) ||
	    !range_number(&a->size, field[2], INT64_MAX) || strlen(field[3]) != 64 ||
	    !hex_get(a->tree, field[3], SHA256_SIZE) || !id_valid(field[4], ID_ARCHIVE) ||
	    strlen(field[5]) >= sizeof a->description)
		return false;
	strcpy(a->id, field[4]);
	strcpy(a->description, field[5]);
	return true;
}

/* The slot of id, NULL where it has none; then *a is what its line says.  The lock is held. */
static struct slot *
find_slot(struct vault *v, const char *id, struct archive *a)
{
	uint64_t hash = hash_of(id), mask = v->slots - 1;
	char line[JOURNAL_LINE];

	if (v->slots == 0)
		return NULL;
	for (uint64_t i = hash & mask; v->slot[i].at != 0; i = (i + 1) & mask)
		if (v->slot[i].hash == hash && journal_get(v->log, v->slot[i].at, line) >= 0 &&
		    parse_archive(a, line) && strcmp(a->id, id) == 0)
			return &v->slot[i];
	return NULL;
}

static void
put_slot(struct vault *v, struct slot s)
{
	uint64_t i = s.hash & (v->slots - 1);

	while (v->slot[i].at != 0)
		i = (i + 1) & (v->slots - 1);
	v->slot[i] = s;
}

static void
grow(struct vault *v)
{
	struct slot *old = v->slot;
	uint64_t n = v->slots;

	v->slots = n != 0 ? 2 * n : 64;
	v->slot = mem_array(v->slots, sizeof *v->slot);
	for (uint64_t i = 0; i < n; i++)
		if (old[i].at != 0)
			put_slot(v, old[i]);
	free(old);
}

/* Note that the archive whose line is at this place is there.  The lock is held, or there is no other thread. */
static void
note_added(struct vault *v, const struct archive *a, uint64_t at)
{
	if (2 * (v->used + 1) > v->slots)
		grow(v);
	put_slot(v, (struct slot){ .hash = hash_of(a->id), .at = at & (UINT64_MAX >> 1) });
	v->used++;
	v->state.archives++;
	v->state.size += a->size + VAULT_OVERHEAD;
	v->state.inventoried = a->time;
}

static void
note_removed(struct vault *v, struct slot *slot, const struct archive *a, int64_t now)
{
	slot->gone = 1;
	v->state.archives--;
	v->state.size -= a->size + VAULT_OVERHEAD;
	v->state.inventoried = now;
}

static int
archive_dir(struct vault *v, const char *id, bool make)
{
	char shard[3] = { id[0], id[1], '\0' };

	return make ? disk_open(v->archives, shard) :
	    openat(v->archives, shard, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

static int
unlink_archive(struct vault *v, const char *id)
{
	int dir = archive_dir(v, id, false), r, error;

	if (dir < 0)
		return errno == ENOENT ? 0 : -1;
	r = unlinkat(dir, id, 0) == 0 || errno == ENOENT ? 0 : -1;
	error = errno;
	close(dir);
	errno = error;
	return r;
}

/* The part of a "-" line that is an id, and when; NULL: it is no such line. */
static char *
parse_removal(int64_t *time, char *line)
{
	char *id;

	if (line[0] != '-' || line[1] != '\t' || (id = strchr(line + 2, '\t')) == NULL)
		return NULL;
	*id++ = '\0';
	return stamp_get(time, line + 2) && id_valid(id, ID_ARCHIVE) ? id : NULL;
}

static int
replay(void *shared, uint64_t at, char *line)
{
	struct vault *v = shared;
	struct archive a;
	struct slot *slot;
	int64_t time;
	char *id;

	if (at == 0) {
		if (strncmp(line, "vault\t", 6) == 0 && stamp_get(&v->created, line + 6))
			return 0;
	} else if (line[0] == '+') {
		if (parse_archive(&a, line)) {
			note_added(v, &a, at);
			return 0;
		}
	} else if ((id = parse_removal(&time, line)) != NULL &&
	    (slot = find_slot(v, id, &a)) != NULL && !slot->gone) {
		note_removed(v, slot, &a, time);
		return unlink_archive(v, a.id);         /* what deleted it may have died before */
	}
	errno = EINVAL;
	return -1;
}

void
vault_completed_id(char archive[ID_ARCHIVE + 1], const char *upload)
{
	id_derive(archive, ID_ARCHIVE, upload);
}

/* Give the committed archive's file its place. */
static int
settle(struct vault *v, int from, const char *name, const char *id)
{
	int dir = archive_dir(v, id, true), r, error;

	if (dir < 0)
		return -1;
	r = renameat(from, name, dir, id);
	error = errno;
	close(dir);
	errno = error;
	return r;
}

/* What was being received when the server died: of a committed archive, or of none. */
static int
recover_incoming(void *shared, const char *name)
{
	char id[ID_ARCHIVE + 1];
	struct vault *v = shared;
	struct archive a;

	vault_completed_id(id, name);
	if (vault_archive(v, id, &a) == VAULT_HAS)
		return settle(v, v->incoming, name, id);
	return disk_remove(v->incoming, name);
}

static int
recover_uploads(struct vault *v)
{
	char next[ID_UPLOAD + 2] = "", id[ID_ARCHIVE + 1], data[ID_UPLOAD + 8];
	struct upload *up;
	struct archive a;
	int r = 0;

	while (r == 0 && uploads_list(v->uploads, next, &up, 1) == 1) {
		snprintf(next, sizeof next, "%s ", upload_id(up));      /* behind it, whatever its letters */
		vault_completed_id(id, upload_id(up));
		snprintf(data, sizeof data, "%s/data", upload_id(up));
		switch (vault_archive(v, id, &a)) {
		case VAULT_NEVER:
			break;
		case VAULT_HAS:
			r = settle(v, uploads_dir(v->uploads), data, id);
			if (r != 0 && errno == ENOENT)
				r = 0;
			/* fallthrough */
		case VAULT_HAD:
			if (r == 0 && upload_end(up))
				r = upload_remove(up);
		}
		upload_drop(up);
	}
	return r;
}

static void
vault_free(struct vault *v)
{
	int fd[] = { v->dir, v->archives, v->incoming }, error = errno;

	for (size_t i = 0; i < sizeof fd / sizeof fd[0]; i++)
		if (fd[i] >= 0)
			close(fd[i]);
	journal_close(v->log);
	uploads_close(v->uploads);
	jobs_close(v->jobs);
	pthread_mutex_destroy(&v->lock);
	pthread_mutex_destroy(&v->late_lock);
	pthread_rwlock_destroy(&v->life);
	free(v->slot);
	free(v);
	errno = error;
}

/* Open what is in vaults/NAME, or begin it (created: when).  NULL and errno; ENODATA where there never was a vault. */
static struct vault *
vault_open(struct vaults *all, const char *name, int64_t created)
{
	struct vault *v = mem_alloc(sizeof *v);
	char time[STAMP], *line;
	uint64_t at;
	int r = -1;

	v->all = all;
	strcpy(v->name, name);
	v->refs = 1;
	v->dir = v->archives = v->incoming = -1;
	pthread_mutex_init(&v->lock, NULL);
	pthread_mutex_init(&v->late_lock, NULL);
	pthread_rwlock_init(&v->life, NULL);

	if ((v->dir = disk_open(all->vaults, name)) < 0 || (v->archives = disk_open(v->dir, "archives")) < 0 ||
	    (v->incoming = disk_open(v->dir, "incoming")) < 0 || (v->log = journal_open(v->dir, "log")) == NULL)
		goto out;
	if (journal_size(v->log) == 0) {
		errno = ENODATA;
		if (created == 0)
			goto out;
		stamp_put(time, created);
		line = mem_format("vault\t%s", time);
		r = journal_add(v->log, line, &at);
		free(line);
		if (r != 0 || (r = disk_sync(v->dir)) != 0)
			goto out;
	}
	r = journal_scan(v->log, 0, UINT64_MAX, replay, v);
	if (r == 0 && ((v->uploads = uploads_open(v->dir)) == NULL || (v->jobs = jobs_open(v->dir)) == NULL ||
	    disk_list(v->incoming, recover_incoming, v) != 0))
		r = -1;
	if (r == 0)
		r = recover_uploads(v);
out:
	if (r == 0)
		return v;
	vault_free(v);
	return NULL;
}

/* The place of name in the list, or where it would go. */
static size_t
place(const struct vaults *all, const char *name)
{
	size_t low = 0, high = all->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(all->list[middle]->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void
insert(struct vaults *all, struct vault *v)
{
	size_t at = place(all, v->name);

	all->list = mem_grow(all->list, (all->n + 1) * sizeof *all->list);
	memmove(all->list + at + 1, all->list + at, (all->n - at) * sizeof *all->list);
	all->list[at] = v;
	all->n++;
}

static int
open_one(void *shared, const char *name)
{
	struct vaults *all = shared;
	struct vault *v;

	if (!vault_name_good(name))
		return 0;               /* not ours */
	if ((v = vault_open(all, name, 0)) != NULL) {
		insert(all, v);
		return 0;
	}
	return errno == ENODATA ? disk_remove(all->vaults, name) : -1;
}

static int
remove_one(void *shared, const char *name)
{
	return disk_remove(*(int *)shared, name);
}

struct vaults *
vaults_open(const char *path)
{
	struct vaults *all = mem_alloc(sizeof *all);
	int error;

	all->vaults = all->trash = all->lock_fd = -1;
	pthread_mutex_init(&all->lock, NULL);
	if ((all->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0 &&
	    (all->lock_fd = openat(all->dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0666)) >= 0) {
		if (flock(all->lock_fd, LOCK_EX | LOCK_NB) != 0)
			errno = errno == EWOULDBLOCK ? EBUSY : errno;
		else if ((all->trash = disk_open(all->dir, "trash")) >= 0 &&
		    disk_list(all->trash, remove_one, &all->trash) == 0 &&
		    (all->vaults = disk_open(all->dir, "vaults")) >= 0 && disk_list(all->vaults, open_one, all) == 0)
			return all;
	}
	error = errno;
	vaults_close(all);
	errno = error;
	return NULL;
}

void
vaults_close(struct vaults *all)
{
	int fd[] = { all->vaults, all->trash, all->dir, all->lock_fd };

	for (size_t i = 0; i < all->n; i++)
		vault_drop(all->list[i]);
	free(all->list);
	for (size_t i = 0; i < sizeof fd / sizeof fd[0]; i++)
		if (fd[i] >= 0)
			close(fd[i]);
	pthread_mutex_destroy(&all->lock);
	free(all);
}

bool
vault_name_good(const char *name)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";
	size_t n = strlen(name);

	return n != 0 && n < VAULT_NAME && strspn(name, letters) == n &&
	    strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

int
vaults_create(struct vaults *all, const char *name, int64_t now)
{
	struct vault *v = NULL;
	int error = 0;
	size_t at;

	pthread_mutex_lock(&all->lock);
	at = place(all, name);
	if (at == all->n || strcmp(all->list[at]->name, name) != 0) {
		if (all->n >= VAULT_COUNT)
			error = EDQUOT;
		else if ((v = vault_open(all, name, now)) == NULL)
			error = errno;
		else
			insert(all, v);
	}
	pthread_mutex_unlock(&all->lock);
	errno = error;
	return error == 0 ? 0 : -1;
}

/* Move it out of the way, if it is empty.  The lock of all is held. */
static int
retire(struct vault *v, char *name, int64_t now, int64_t every)
{
	struct vaults *all = v->all;
	struct vault_state state;
	int error = 0;

	pthread_rwlock_wrlock(&v->life);
	vault_state(v, now, every, &state);
	if (state.archives != 0 || state.end != journal_size(v->log))
		error = ENOTEMPTY;
	id_new(name, ID_UPLOAD);
	if (error == 0 && renameat(all->vaults, v->name, all->trash, name) != 0)
		error = errno;
	v->gone = error == 0;
	pthread_rwlock_unlock(&v->life);
	errno = error;
	return error == 0 ? 0 : -1;
}

int
vaults_delete(struct vaults *all, const char *name, int64_t now, int64_t every)
{
	char trash[ID_UPLOAD + 1];
	struct vault *v = NULL;
	int r = 0, error;
	size_t at;

	pthread_mutex_lock(&all->lock);
	at = place(all, name);
	if (at < all->n && strcmp(all->list[at]->name, name) == 0 && (r = retire(all->list[at], trash, now, every)) == 0) {
		v = all->list[at];
		memmove(all->list + at, all->list + at + 1, (all->n - at - 1) * sizeof *all->list);
		all->n--;
		r = disk_sync(all->vaults);
	}
	error = errno;
	pthread_mutex_unlock(&all->lock);
	if (v != NULL) {
		disk_remove(all->trash, trash);         /* what is left goes when the server starts again */
		vault_drop(v);
	}
	errno = error;
	return r;
}

static struct vault *
hold(struct vault *v)
{
	pthread_mutex_lock(&v->lock);
	v->refs++;
	pthread_mutex_unlock(&v->lock);
	return v;
}

struct vault *
vault_find(struct vaults *all, const char *name)
{
	struct vault *v = NULL;
	size_t at;

	pthread_mutex_lock(&all->lock);
	at = place(all, name);
	if (at < all->n && strcmp(all->list[at]->name, name) == 0)
		v = hold(all->list[at]);
	pthread_mutex_unlock(&all->lock);
	return v;
}

void
vault_drop(struct vault *v)
{
	bool last;

	if (v == NULL)
		return;
	pthread_mutex_lock(&v->lock);
	last = --v->refs == 0;
	pthread_mutex_unlock(&v->lock);
	if (last)
		vault_free(v);
}

size_t
vaults_list(struct vaults *all, const char *from, char (*names)[VAULT_NAME], size_t max)
{
	size_t n = 0;

	pthread_mutex_lock(&all->lock);
	for (size_t at = place(all, from); at < all->n && n < max; at++)
		strcpy(names[n++], all->list[at]->name);
	pthread_mutex_unlock(&all->lock);
	return n;
}

bool
vaults_elsewhere(struct vaults *all, const struct vault *here, const char *id)
{
	bool found = false;
	struct archive a;

	pthread_mutex_lock(&all->lock);
	for (size_t i = 0; i < all->n && !found; i++)
		found = all->list[i] != here && vault_archive(all->list[i], id, &a) != VAULT_NEVER;
	pthread_mutex_unlock(&all->lock);
	return found;
}

/* A line of the log into the late state; 1 and no more, where it was written at the moment or behind it. */
static int
catch_up(void *shared, uint64_t at, char *line)
{
	struct vault *v = shared;
	struct archive a;
	struct slot *slot;
	bool added = line[0] == '+';
	int64_t time = 0;
	char *id = NULL;

	if (at != 0) {
		if (added ? !parse_archive(&a, line) : (id = parse_removal(&time, line)) == NULL)
			return 1;
		if ((added ? a.time : time) >= v->late_before)
			return 1;
		if (!added) {
			pthread_mutex_lock(&v->lock);
			slot = find_slot(v, id, &a);
			pthread_mutex_unlock(&v->lock);
			if (slot == NULL)
				return 1;
		}
		v->late.archives += added ? 1 : UINT64_MAX;
		v->late.size += added ? a.size + VAULT_OVERHEAD : -(a.size + VAULT_OVERHEAD);
		v->late.inventoried = added ? a.time : time;
	}
	return 0;
}

/* The same, and how far it came. */
static int
catch_up_to(void *shared, uint64_t at, char *line)
{
	struct vault *v = shared;
	uint64_t next = at + strlen(line) + 1;
	int r = catch_up(v, at, line);

	if (r == 0)
		v->late.end = next;
	return r;
}

void
vault_state(struct vault *v, int64_t now, int64_t every, struct vault_state *state)
{
	uint64_t size = journal_size(v->log);

	if (every == 0) {
		pthread_mutex_lock(&v->lock);
		*state = v->state;
		pthread_mutex_unlock(&v->lock);
		state->end = size;
	} else {
		pthread_mutex_lock(&v->late_lock);
		if (now / every * every < v->late_before)
			v->late = (struct vault_state){ 0 };
		v->late_before = now / every * every;
		journal_scan(v->log, v->late.end, size, catch_up_to, v);
		*state = v->late;
		pthread_mutex_unlock(&v->late_lock);
		if (state->inventoried != 0)
			state->inventoried = (state->inventoried / every + 1) * every;
	}
	state->created = v->created;
}

struct uploads *
vault_uploads(struct vault *v)
{
	return v->uploads;
}

struct jobs *
vault_jobs(struct vault *v)
{
	return v->jobs;
}

struct incoming *
vault_receive(struct vault *v)
{
	struct incoming *in = mem_alloc(sizeof *in);
	int error;

	id_new(in->id, ID_UPLOAD);
	in->fd = openat(v->incoming, in->id, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (in->fd >= 0) {
		in->v = hold(v);
		return in;
	}
	error = errno;
	free(in);
	errno = error;
	return NULL;
}

int
incoming_write(struct incoming *in, const void *bytes, size_t n)
{
	if (io_put_at(in->fd, bytes, n, in->length) != 0)
		return -1;
	in->length += n;
	return 0;
}

static void
incoming_free(struct incoming *in)
{
	int error = errno;

	close(in->fd);
	vault_drop(in->v);
	free(in);
	errno = error;
}

void
incoming_discard(struct incoming *in)
{
	if (in == NULL)
		return;
	unlinkat(in->v->incoming, in->id, 0);
	incoming_free(in);
}

/*
 * The bytes are durable under from/name; make them an archive.  Behind the line
 * in the log there is no way back: where the file could not be moved it stays,
 * and the next start does it.  *committed says whether the line was reached.
 */
static int
commit(struct vault *v, struct archive *a, int from, const char *name, bool *committed)
{
	int dir = archive_dir(v, a->id, true), r = -1, error;
	char time[STAMP], hex[SHA256_HEX], *line;
	uint64_t at;

	*committed = false;
	if (dir < 0)
		return -1;
	stamp_put(time, a->time);
	hex_put(hex, a->tree, SHA256_SIZE);
	line = mem_format("+\t%s\t%llu\t%s\t%s\t%s", time, (unsigned long long)a->size, hex, a->id, a->description);
	pthread_rwlock_rdlock(&v->life);
	if (v->gone)
		errno = ENOENT;
	else if (journal_add(v->log, line, &at) == 0) {
		*committed = true;
		r = renameat(from, name, dir, a->id);
		error = errno;
		pthread_mutex_lock(&v->lock);
		note_added(v, a, at);
		pthread_mutex_unlock(&v->lock);
		errno = error;
	}
	pthread_rwlock_unlock(&v->life);
	error = errno;
	free(line);
	close(dir);
	errno = error;
	return r;
}

int
incoming_keep(struct incoming *in, struct archive *a)
{
	bool committed = false;
	int r = -1, error;

	vault_completed_id(a->id, in->id);
	a->size = in->length;
	if (fdatasync(in->fd) == 0 && disk_sync(in->v->incoming) == 0)
		r = commit(in->v, a, in->v->incoming, in->id, &committed);
	error = errno;
	if (!committed)
		unlinkat(in->v->incoming, in->id, 0);
	errno = error;
	incoming_free(in);
	return r;
}

int
vault_add_job(struct vault *v, struct job *j, const char *archive)
{
	int dir = archive_dir(v, archive, false), r, error;

	if (dir < 0) {
		error = errno;
		job_free(j);
		errno = error;
		return -1;
	}
	r = job_add(v->jobs, j, dir, archive, true);
	error = errno;
	close(dir);
	errno = error;
	return r;
}

int
incoming_add_job(struct incoming *in, struct job *j)
{
	int r = -1;

	if (fdatasync(in->fd) != 0)
		job_free(j);
	else
		r = job_add(in->v->jobs, j, in->v->incoming, in->id, false);
	if (r != 0)
		incoming_discard(in);
	else
		incoming_free(in);
	return r;
}

enum vault_rc
vault_complete(struct vault *v, struct upload *up, struct archive *a)
{
	char data[ID_UPLOAD + 8];
	uint8_t tree[SHA256_SIZE];
	enum vault_rc rc = VAULT_SYSTEM;
	bool committed = false;
	uint64_t size;
	int fd = -1, error = 0;

	if (!upload_end(up))
		return VAULT_ENDED;
	snprintf(data, sizeof data, "%s/data", upload_id(up));
	if (!upload_whole(up, &size, tree))
		rc = VAULT_GAPS;
	else if (size != a->size)
		rc = VAULT_SIZE;
	else if (memcmp(tree, a->tree, SHA256_SIZE) != 0)
		rc = VAULT_TREE;
	else {
		vault_completed_id(a->id, upload_id(up));
		strcpy(a->description, upload_description(up));
		/* A part that was never whole may lie behind the end. */
		if ((fd = openat(uploads_dir(v->uploads), data, O_WRONLY | O_CLOEXEC)) >= 0 &&
		    ftruncate(fd, (off_t)size) == 0 && fsync(fd) == 0 &&
		    commit(v, a, uploads_dir(v->uploads), data, &committed) == 0) {
			rc = VAULT_OK;
			upload_remove(up);
		} else
			error = errno;
		if (fd >= 0)
			close(fd);
	}
	if (!committed)
		upload_reopen(up);
	errno = error;
	return rc;
}

enum vault_has
vault_archive(struct vault *v, const char *id, struct archive *a)
{
	enum vault_has has = VAULT_NEVER;
	struct slot *slot;

	if (!id_valid(id, ID_ARCHIVE))
		return VAULT_NEVER;
	pthread_mutex_lock(&v->lock);
	if ((slot = find_slot(v, id, a)) != NULL)
		has = slot->gone ? VAULT_HAD : VAULT_HAS;
	pthread_mutex_unlock(&v->lock);
	return has;
}

int
vault_open_archive(struct vault *v, const char *id)
{
	int dir = archive_dir(v, id, false), fd, error;

	if (dir < 0)
		return -1;
	fd = openat(dir, id, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	error = errno;
	close(dir);
	errno = error;
	return fd;
}

int
vault_remove(struct vault *v, const char *id, int64_t now)
{
	char time[STAMP], *line;
	struct archive a;
	struct slot *slot;
	bool ours = false;
	uint64_t at;
	int r;

	/* Marked first, so that of two who remove it one writes the line. */
	pthread_mutex_lock(&v->lock);
	if ((slot = find_slot(v, id, &a)) != NULL && !slot->gone) {
		ours = true;
		note_removed(v, slot, &a, now);
	}
	pthread_mutex_unlock(&v->lock);
	if (!ours)
		return 0;
	stamp_put(time, now);
	line = mem_format("-\t%s\t%s", time, id);
	r = journal_add(v->log, line, &at);
	free(line);
	if (r == 0)
		return unlink_archive(v, id);
	pthread_mutex_lock(&v->lock);
	find_slot(v, id, &a)->gone = 0;
	v->state.archives++;
	v->state.size += a.size + VAULT_OVERHEAD;
	pthread_mutex_unlock(&v->lock);
	return -1;
}

struct scan {
	struct vault *v;
	uint64_t *gone;                 /* places of the "+" lines that do not count */
	size_t n, cap, next;
	uint64_t from;
	vault_item *call;
	void *shared;
};

static int
collect_removal(void *shared, uint64_t at, char *line)
{
	struct scan *s = shared;
	struct archive a;
	struct slot *slot;
	int64_t time;
	char *id;

	(void)at;
	if ((id = parse_removal(&time, line)) == NULL)
		return 0;
	if (s->n == s->cap) {
		s->cap = s->cap != 0 ? 2 * s->cap : 1024;
		s->gone = mem_grow(s->gone, s->cap * sizeof *s->gone);
	}
	pthread_mutex_lock(&s->v->lock);
	if ((slot = find_slot(s->v, id, &a)) != NULL)
		s->gone[s->n++] = slot->at;
	pthread_mutex_unlock(&s->v->lock);
	return 0;
}

static int
by_place(const void *a, const void *b)
{
	uint64_t p = *(const uint64_t *)a, q = *(const uint64_t *)b;

	return (p > q) - (p < q);
}

static int
each_item(void *shared, uint64_t at, char *line)
{
	struct scan *s = shared;
	struct archive a;

	if (line[0] != '+')
		return 0;
	while (s->next < s->n && s->gone[s->next] < at)
		s->next++;
	if ((s->next < s->n && s->gone[s->next] == at) || at < s->from || !parse_archive(&a, line))
		return 0;
	return s->call(s->shared, at, &a);
}

int
vault_inventory(struct vault *v, uint64_t from, uint64_t end, vault_item *call, void *shared)
{
	struct scan s = { .v = v, .from = from, .call = call, .shared = shared };
	int r, error;

	r = journal_scan(v->log, 0, end, collect_removal, &s);
	if (s.n != 0)
		qsort(s.gone, s.n, sizeof *s.gone, by_place);
	if (r == 0)
		r = journal_scan(v->log, 0, end, each_item, &s);
	error = errno;
	free(s.gone);
	errno = error;
	return r;
}

#include "bucket.h"

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
#include "journal.h"
#include "mem.h"
#include "range.h"
#include "stamp.h"

/* The keys are in memory, in order, each with the place of its line in the log; the rest is read from there. */
struct entry {
	char *key;
	uint64_t at;
	int64_t ready, expires;
	char op;                        /* of the line, while the log is replayed */
};

struct bucket {
	struct buckets *all;
	char name[BUCKET_NAME];
	int64_t created;
	int dir, objects, incoming;
	struct journal *log;
	struct mpus *uploads;
	pthread_rwlock_t life;          /* held to write while it is deleted, to read while something is added */
	bool gone;

	pthread_mutex_t write;          /* held from the line in the log to the entry, so that both say the same */
	pthread_mutex_t lock;           /* over what follows */
	struct entry *list;
	size_t n, cap;
};

struct buckets {
	int dir, buckets, trash;
	pthread_mutex_t lock;           /* over what follows */
	struct bucket **list;           /* by name */
	size_t n;
	struct bucket **old;            /* deleted ones: somebody may still hold them */
	size_t nold;
};

struct receiving {
	struct bucket *b;
	char id[ID_UPLOAD + 1];
	int fd;
	uint64_t length;
};

void
object_clear(struct object *o)
{
	str_free(&o->attrs);
}

void
bucket_completed_id(char id[ID_UPLOAD + 1], const char *upload)
{
	id_derive(id, ID_UPLOAD, upload);
}

bool
bucket_name_good(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789.-";
	size_t n = strlen(name);

	return n >= 3 && n < BUCKET_NAME && strspn(name, letters) == n && strchr(".-", name[0]) == NULL &&
	    strchr(".-", name[n - 1]) == NULL && strstr(name, "..") == NULL;
}

static char *
unescape(const char *s)
{
	struct str t = { 0 };

	if (!str_unescape(&t, s, strlen(s)) || t.len == 0 || t.len >= BUCKET_KEY) {
		str_free(&t);
		return NULL;
	}
	return t.s;
}

/* A "+" line; false where it is none.  Its key goes to *key, for free(), where that is not NULL. */
static bool
parse_object(struct object *o, char **key, char *line)
{
	char *f[8] = { 0 };
	size_t n = journal_fields(line, f, 8);

	if (n < 7 || strcmp(f[0], "+") != 0 || !stamp_get(&o->time, f[1]) || !range_number(&o->size, f[2], INT64_MAX) ||
	    !id_valid(f[3], ID_UPLOAD) || strlen(f[4]) >= sizeof o->etag || strlen(f[5]) >= sizeof o->class)
		return false;
	if (key != NULL && (*key = unescape(f[6])) == NULL)
		return false;
	strcpy(o->id, f[3]);
	strcpy(o->etag, f[4]);
	strcpy(o->class, f[5]);
	if (n == 8)
		str_format(&o->attrs, "\t%s", f[7]);
	return true;
}

static bool
read_object(struct bucket *b, uint64_t at, struct object *o)
{
	char line[JOURNAL_LINE];

	*o = (struct object){ 0 };
	return journal_get(b->log, at, line) >= 0 && parse_object(o, NULL, line);
}

static int
object_dir(struct bucket *b, const char *id, bool make)
{
	char shard[3] = { id[0], id[1], '\0' };

	return make ? disk_open(b->objects, shard) :
	    openat(b->objects, shard, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

/* The file of the object whose line is there, if it is still there. */
static int
unlink_object(struct bucket *b, uint64_t at)
{
	int dir, r = -1, error = EINVAL;
	struct object o;

	if (!read_object(b, at, &o))
		goto out;
	if ((dir = object_dir(b, o.id, false)) < 0) {
		r = errno == ENOENT ? 0 : -1;
		error = errno;
	} else {
		r = unlinkat(dir, o.id, 0) == 0 || errno == ENOENT ? 0 : -1;
		error = errno;
		close(dir);
	}
out:
	object_clear(&o);
	errno = error;
	return r;
}

/* Do two lines stand for the same bytes? */
static bool
same_file(struct bucket *b, uint64_t at1, uint64_t at2)
{
	struct object o, p;
	bool same = read_object(b, at1, &o);

	same = read_object(b, at2, &p) && same && strcmp(o.id, p.id) == 0;
	object_clear(&o);
	object_clear(&p);
	return same;
}

/* The place of key in the list, or where it would go; *found says which.  The lock is held. */
static size_t
place(const struct bucket *b, const char *key, bool *found)
{
	size_t low = 0, high = b->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(b->list[middle].key, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*found = low < b->n && strcmp(b->list[low].key, key) == 0;
	return low;
}

static void
make_room(struct bucket *b)
{
	if (b->n == b->cap) {
		b->cap = b->cap != 0 ? 2 * b->cap : 64;
		b->list = mem_grow(b->list, b->cap * sizeof *b->list);
	}
}

static struct entry *
insert(struct bucket *b, size_t at, const char *key)
{
	make_room(b);
	memmove(b->list + at + 1, b->list + at, (b->n - at) * sizeof *b->list);
	b->list[at] = (struct entry){ .key = mem_copy(key) };
	b->n++;
	return &b->list[at];
}

static void
take_out(struct bucket *b, size_t at)
{
	free(b->list[at].key);
	memmove(b->list + at, b->list + at + 1, (b->n - at - 1) * sizeof *b->list);
	b->n--;
}

/* Every line becomes an entry; fold makes of them what they amount to. */
static int
replay(void *shared, uint64_t at, char *line)
{
	struct entry e = { .at = at, .op = line[0] };
	struct bucket *b = shared;
	char *f[5] = { 0 }, whole[JOURNAL_LINE];
	struct object o = { 0 };
	int64_t time;
	bool good;

	if (at == 0) {
		good = strncmp(line, "bucket\t", 7) == 0 && stamp_get(&b->created, line + 7);
		errno = EINVAL;
		return good ? 0 : -1;
	}
	if (e.op == '+') {
		strcpy(whole, line);
		good = parse_object(&o, &e.key, whole);
		object_clear(&o);
	} else if (e.op == '-')
		good = journal_fields(line, f, 3) == 3 && stamp_get(&time, f[1]) && (e.key = unescape(f[2])) != NULL;
	else
		good = e.op == 'r' && journal_fields(line, f, 5) == 5 && stamp_get(&time, f[1]) && stamp_get(&e.ready, f[3]) &&
		    stamp_get(&e.expires, f[4]) && (e.key = unescape(f[2])) != NULL;
	if (!good) {
		errno = EINVAL;
		return -1;
	}
	make_room(b);
	b->list[b->n++] = e;
	return 0;
}

static int
by_key(const void *a, const void *b)
{
	const struct entry *p = a, *q = b;
	int r = strcmp(p->key, q->key);

	return r != 0 ? r : (p->at > q->at) - (p->at < q->at);
}

/* What is replaced or removed may still have its file: who did that may have died before it was gone. */
static int
fold(struct bucket *b)
{
	size_t kept = 0;

	if (b->n != 0)
		qsort(b->list, b->n, sizeof *b->list, by_key);
	for (size_t i = 0; i < b->n; i++) {
		struct entry *e = &b->list[i];
		bool have = kept != 0 && strcmp(b->list[kept - 1].key, e->key) == 0;

		if (e->op == 'r' || e->op == '-') {
			if (have && e->op == 'r') {
				b->list[kept - 1].ready = e->ready;
				b->list[kept - 1].expires = e->expires;
			} else if (have) {
				if (unlink_object(b, b->list[kept - 1].at) != 0)
					return -1;
				free(b->list[--kept].key);
			}
			free(e->key);
			e->key = NULL;
		} else {
			struct entry fresh = *e;

			if (have) {
				struct entry *old = &b->list[--kept];

				if (same_file(b, old->at, e->at)) {
					fresh.ready = old->ready;
					fresh.expires = old->expires;
				} else if (unlink_object(b, old->at) != 0)
					return -1;
				free(old->key);
			}
			e->key = NULL;
			b->list[kept++] = fresh;
		}
	}
	b->n = kept;
	return 0;
}

static int
settle(struct bucket *b, const char *id)
{
	int dir = object_dir(b, id, true), r, error;

	if (dir < 0)
		return -1;
	r = renameat(b->incoming, id, dir, id);
	error = errno;
	close(dir);
	errno = error;
	return r;
}

/* Has this id a line that counts? */
static bool
counts(struct bucket *b, const char *id)
{
	bool found = false;

	for (size_t i = 0; i < b->n && !found; i++) {
		struct object o;

		found = read_object(b, b->list[i].at, &o) && strcmp(o.id, id) == 0;
		object_clear(&o);
	}
	return found;
}

static int
recover_incoming(void *shared, const char *name)
{
	struct bucket *b = shared;

	return id_valid(name, ID_UPLOAD) && counts(b, name) ? settle(b, name) : disk_remove(b->incoming, name);
}

/* Uploads that are objects already. */
static int
recover_uploads(struct bucket *b)
{
	char *key = mem_copy(""), *id = mem_copy(""), done[ID_UPLOAD + 1];
	struct mpu *up;
	int r = 0;

	while (r == 0 && (up = mpu_next(b->uploads, key, id)) != NULL) {
		struct object o;

		free(key);
		free(id);
		key = mem_copy(mpu_key(up));
		id = mem_copy(mpu_id(up));
		bucket_completed_id(done, id);
		if (bucket_get(b, key, &o) && strcmp(o.id, done) == 0 && mpu_end(up))
			r = mpu_remove(up);
		object_clear(&o);
		mpu_drop(up);
	}
	free(key);
	free(id);
	return r;
}

static void
bucket_free(struct bucket *b)
{
	int fd[] = { b->dir, b->objects, b->incoming }, error = errno;

	for (size_t i = 0; i < sizeof fd / sizeof fd[0]; i++)
		if (fd[i] >= 0)
			close(fd[i]);
	for (size_t i = 0; i < b->n; i++)
		free(b->list[i].key);
	free(b->list);
	journal_close(b->log);
	mpus_close(b->uploads);
	pthread_mutex_destroy(&b->lock);
	pthread_mutex_destroy(&b->write);
	pthread_rwlock_destroy(&b->life);
	free(b);
	errno = error;
}

/* The bucket's own line, where it is new.  ENODATA where it never was one. */
static int
begin(struct bucket *b, int64_t created)
{
	char time[STAMP], *line;
	uint64_t at;
	int r;

	if (journal_size(b->log) != 0)
		return 0;
	if (created == 0) {
		errno = ENODATA;
		return -1;
	}
	stamp_put(time, created);
	line = mem_format("bucket\t%s", time);
	r = journal_add(b->log, line, &at);
	free(line);
	return r == 0 ? disk_sync(b->dir) : -1;
}

static struct bucket *
bucket_open(struct buckets *all, const char *name, int64_t created)
{
	struct bucket *b = mem_alloc(sizeof *b);

	b->all = all;
	strcpy(b->name, name);
	b->dir = b->objects = b->incoming = -1;
	pthread_mutex_init(&b->lock, NULL);
	pthread_mutex_init(&b->write, NULL);
	pthread_rwlock_init(&b->life, NULL);
	if ((b->dir = disk_open(all->buckets, name)) >= 0 && (b->objects = disk_open(b->dir, "objects")) >= 0 &&
	    (b->incoming = disk_open(b->dir, "incoming")) >= 0 && (b->log = journal_open(b->dir, "log")) != NULL &&
	    begin(b, created) == 0 && journal_scan(b->log, 0, UINT64_MAX, replay, b) == 0 && fold(b) == 0 &&
	    (b->uploads = mpus_open(b->dir)) != NULL && disk_list(b->incoming, recover_incoming, b) == 0 &&
	    recover_uploads(b) == 0)
		return b;
	bucket_free(b);
	return NULL;
}

static size_t
place_bucket(const struct buckets *all, const char *name)
{
	size_t at = 0;

	while (at < all->n && strcmp(all->list[at]->name, name) < 0)
		at++;
	return at;
}

static void
insert_bucket(struct buckets *all, struct bucket *b)
{
	size_t at = place_bucket(all, b->name);

	all->list = mem_grow(all->list, (all->n + 1) * sizeof *all->list);
	memmove(all->list + at + 1, all->list + at, (all->n - at) * sizeof *all->list);
	all->list[at] = b;
	all->n++;
}

static int
open_one(void *shared, const char *name)
{
	struct buckets *all = shared;
	struct bucket *b;

	if (!bucket_name_good(name))
		return 0;               /* not ours */
	if ((b = bucket_open(all, name, 0)) != NULL) {
		insert_bucket(all, b);
		return 0;
	}
	return errno == ENODATA ? disk_remove(all->buckets, name) : -1;
}

struct buckets *
buckets_open(const char *path)
{
	struct buckets *all = mem_alloc(sizeof *all);
	int error;

	all->buckets = all->trash = -1;
	pthread_mutex_init(&all->lock, NULL);
	if ((all->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0 &&
	    (all->trash = disk_open(all->dir, "trash")) >= 0 && (all->buckets = disk_open(all->dir, "buckets")) >= 0 &&
	    disk_list(all->buckets, open_one, all) == 0)
		return all;
	error = errno;
	buckets_close(all);
	errno = error;
	return NULL;
}

void
buckets_close(struct buckets *all)
{
	int fd[] = { all->buckets, all->trash, all->dir };

	for (size_t i = 0; i < all->n; i++)
		bucket_free(all->list[i]);
	for (size_t i = 0; i < all->nold; i++)
		bucket_free(all->old[i]);
	free(all->list);
	free(all->old);
	for (size_t i = 0; i < sizeof fd / sizeof fd[0]; i++)
		if (fd[i] >= 0)
			close(fd[i]);
	pthread_mutex_destroy(&all->lock);
	free(all);
}

int
buckets_create(struct buckets *all, const char *name, int64_t now)
{
	struct bucket *b;
	int error = 0;
	size_t at;

	pthread_mutex_lock(&all->lock);
	at = place_bucket(all, name);
	if (at < all->n && strcmp(all->list[at]->name, name) == 0)
		error = EEXIST;
	else if (all->n >= BUCKET_COUNT)
		error = EDQUOT;
	else if ((b = bucket_open(all, name, now)) == NULL)
		error = errno;
	else
		insert_bucket(all, b);
	pthread_mutex_unlock(&all->lock);
	errno = error;
	return error == 0 ? 0 : -1;
}

/* Move it out of the way, if it is empty. */
static int
retire(struct bucket *b, char *name)
{
	int error = 0;

	pthread_rwlock_wrlock(&b->life);
	id_new(name, ID_UPLOAD);
	pthread_mutex_lock(&b->lock);
	if (b->n != 0)
		error = ENOTEMPTY;
	pthread_mutex_unlock(&b->lock);
	if (error == 0 && renameat(b->all->buckets, b->name, b->all->trash, name) != 0)
		error = errno;
	b->gone = error == 0;
	pthread_rwlock_unlock(&b->life);
	errno = error;
	return error == 0 ? 0 : -1;
}

int
buckets_delete(struct buckets *all, const char *name)
{
	char trash[ID_UPLOAD + 1] = "";
	int r = -1, error = ENOENT;
	size_t at;

	pthread_mutex_lock(&all->lock);
	at = place_bucket(all, name);
	if (at < all->n && strcmp(all->list[at]->name, name) == 0) {
		if ((r = retire(all->list[at], trash)) == 0) {
			all->old = mem_grow(all->old, (all->nold + 1) * sizeof *all->old);
			all->old[all->nold++] = all->list[at];
			memmove(all->list + at, all->list + at + 1, (all->n - at - 1) * sizeof *all->list);
			all->n--;
			r = disk_sync(all->buckets);
		}
		error = errno;
	}
	pthread_mutex_unlock(&all->lock);
	if (r == 0)
		disk_remove(all->trash, trash);         /* what is left goes when the server starts again */
	errno = error;
	return r;
}

struct bucket *
buckets_next(struct buckets *all, const char *from)
{
	struct bucket *b = NULL;
	size_t at;

	pthread_mutex_lock(&all->lock);
	if ((at = place_bucket(all, from)) < all->n)
		b = all->list[at];
	pthread_mutex_unlock(&all->lock);
	return b;
}

struct bucket *
bucket_find(struct buckets *all, const char *name)
{
	struct bucket *b = buckets_next(all, name);

	return b != NULL && strcmp(b->name, name) == 0 ? b : NULL;
}

const char *
bucket_name(const struct bucket *b)
{
	return b->name;
}

int64_t
bucket_created(const struct bucket *b)
{
	return b->created;
}

struct mpus *
bucket_uploads(struct bucket *b)
{
	return b->uploads;
}

bool
bucket_get(struct bucket *b, const char *key, struct object *o)
{
	bool found;
	size_t i;

	*o = (struct object){ 0 };
	pthread_mutex_lock(&b->lock);
	i = place(b, key, &found);
	found = found && read_object(b, b->list[i].at, o);
	if (found) {
		o->ready = b->list[i].ready;
		o->expires = b->list[i].expires;
	}
	pthread_mutex_unlock(&b->lock);
	return found;
}

int
bucket_open_object(struct bucket *b, const struct object *o)
{
	int dir = object_dir(b, o->id, false), fd, error;

	if (dir < 0)
		return -1;
	fd = openat(dir, o->id, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	error = errno;
	close(dir);
	errno = error;
	return fd;
}

char *
bucket_next(struct bucket *b, const char *from)
{
	char *key = NULL;
	bool found;
	size_t i;

	pthread_mutex_lock(&b->lock);
	if ((i = place(b, from, &found)) < b->n)
		key = mem_copy(b->list[i].key);
	pthread_mutex_unlock(&b->lock);
	return key;
}

struct receiving *
bucket_receive(struct bucket *b, const char *seed)
{
	struct receiving *in = mem_alloc(sizeof *in);
	int error;

	if (seed != NULL)
		bucket_completed_id(in->id, seed);
	else
		id_new(in->id, ID_UPLOAD);
	in->b = b;
	in->fd = openat(b->incoming, in->id, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (in->fd >= 0)
		return in;
	error = errno;
	free(in);
	errno = error;
	return NULL;
}

int
receiving_write(struct receiving *in, const void *bytes, size_t n)
{
	if (io_put_at(in->fd, bytes, n, in->length) != 0)
		return -1;
	in->length += n;
	return 0;
}

uint64_t
receiving_length(const struct receiving *in)
{
	return in->length;
}

void
receiving_discard(struct receiving *in)
{
	if (in == NULL)
		return;
	unlinkat(in->b->incoming, in->id, 0);
	close(in->fd);
	free(in);
}

static bool
has(struct bucket *b, const char *key)
{
	bool found;

	pthread_mutex_lock(&b->lock);
	place(b, key, &found);
	pthread_mutex_unlock(&b->lock);
	return found;
}

/* The line of key at this place counts from now on; what it replaces goes. */
static void
note_added(struct bucket *b, const char *key, uint64_t at)
{
	uint64_t old = 0;
	bool found;
	size_t i;

	pthread_mutex_lock(&b->lock);
	i = place(b, key, &found);
	if (found)
		old = b->list[i].at;
	else
		insert(b, i, key);
	b->list[i].at = at;
	b->list[i].ready = b->list[i].expires = 0;
	pthread_mutex_unlock(&b->lock);
	if (old != 0)
		unlink_object(b, old);
}

static int
add_line(struct bucket *b, const char *key, const struct object *o, uint64_t *at)
{
	struct str line = { 0 };
	char time[STAMP];
	int r;

	stamp_put(time, o->time);
	str_format(&line, "+\t%s\t%llu\t%s\t%s\t%s\t", time, (unsigned long long)o->size, o->id, o->etag, o->class);
	str_escape(&line, key, strlen(key), false);
	str_puts(&line, str_get(&o->attrs));
	r = journal_add(b->log, line.s, at);
	str_free(&line);
	return r;
}

/* Behind its line there is no way back: where the file could not be moved it stays, and the next start does it. */
static int
commit(struct receiving *in, const char *key, struct object *o, bool only_new, bool *committed)
{
	struct bucket *b = in->b;
	int r = -1, error;
	uint64_t at;

	pthread_rwlock_rdlock(&b->life);
	pthread_mutex_lock(&b->write);
	if (b->gone)
		errno = ENOENT;
	else if (only_new && has(b, key))
		errno = EEXIST;
	else if (add_line(b, key, o, &at) == 0) {
		*committed = true;
		r = settle(b, in->id);
		error = errno;
		note_added(b, key, at);
		errno = error;
	}
	error = errno;
	pthread_mutex_unlock(&b->write);
	pthread_rwlock_unlock(&b->life);
	errno = error;
	return r;
}

int
receiving_keep(struct receiving *in, const char *key, struct object *o, bool only_new)
{
	bool committed = false;
	int r = -1, error;

	strcpy(o->id, in->id);
	o->size = in->length;
	if (fsync(in->fd) == 0 && disk_sync(in->b->incoming) == 0)
		r = commit(in, key, o, only_new, &committed);
	error = errno;
	if (!committed)
		receiving_discard(in);
	else {
		close(in->fd);
		free(in);
	}
	errno = error;
	return r;
}

/*
 * Add a line about key where there is such an object; then its entry is number *i
 * and the lock is held.  1; 0: there is none; -1 and errno.
 */
static int
add_about(struct bucket *b, const char *key, const char *line, size_t *i)
{
	uint64_t at;
	bool found;

	if (!has(b, key))
		return 0;
	if (journal_add(b->log, line, &at) != 0)
		return -1;
	pthread_mutex_lock(&b->lock);
	*i = place(b, key, &found);
	return 1;
}

int
bucket_change(struct bucket *b, const char *key, const char *attrs)
{
	struct object o;
	int r = 0, error;
	uint64_t at;
	bool found;
	size_t i;

	pthread_mutex_lock(&b->write);
	if (bucket_get(b, key, &o)) {
		str_clear(&o.attrs);
		str_puts(&o.attrs, attrs);
		if ((r = add_line(b, key, &o, &at)) == 0) {
			pthread_mutex_lock(&b->lock);
			i = place(b, key, &found);
			b->list[i].at = at;
			pthread_mutex_unlock(&b->lock);
		}
	}
	error = errno;
	object_clear(&o);
	pthread_mutex_unlock(&b->write);
	errno = error;
	return r;
}

int
bucket_remove(struct bucket *b, const char *key, int64_t now)
{
	struct str line = { 0 };
	uint64_t old = 0;
	char time[STAMP];
	int r, error;
	size_t i;

	stamp_put(time, now);
	str_format(&line, "-\t%s\t", time);
	str_escape(&line, key, strlen(key), false);
	pthread_mutex_lock(&b->write);
	if ((r = add_about(b, key, line.s, &i)) == 1) {
		old = b->list[i].at;
		take_out(b, i);
		pthread_mutex_unlock(&b->lock);
		r = unlink_object(b, old);
	}
	error = errno;
	pthread_mutex_unlock(&b->write);
	str_free(&line);
	errno = error;
	return r;
}

int
bucket_restore(struct bucket *b, const char *key, int64_t now, int64_t ready, int64_t expires)
{
	char time[STAMP], begins[STAMP], ends[STAMP];
	struct str line = { 0 };
	int r, error;
	size_t i;

	stamp_put(time, now);
	stamp_put(begins, ready);
	stamp_put(ends, expires);
	str_format(&line, "r\t%s\t", time);
	str_escape(&line, key, strlen(key), false);
	str_format(&line, "\t%s\t%s", begins, ends);
	pthread_mutex_lock(&b->write);
	if ((r = add_about(b, key, line.s, &i)) == 1) {
		b->list[i].ready = ready;
		b->list[i].expires = expires;
		pthread_mutex_unlock(&b->lock);
	}
	error = errno;
	pthread_mutex_unlock(&b->write);
	str_free(&line);
	errno = error;
	return r < 0 ? -1 : 0;
}

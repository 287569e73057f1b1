#include "vault.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "io.h"
#include "mem.h"

struct vault_dir {
	char *path;
	int lock_fd;
	pthread_mutex_t lock;           /* held by whatever changes something */
	_Atomic unsigned long received; /* names in tmp/ */
};

static char *
place(const struct vault_dir *d, const char *vault, const char *kind, const char *id, const char *suffix)
{
	return mem_format("%s/vaults/%s%s%s%s%s%s", d->path, vault, *kind != '\0' ? "/" : "", kind,
	    *id != '\0' ? "/" : "", id, suffix);
}

/* Where an id or a vault's name comes from outside, it must be one part of a path. */
static bool
one_part(const char *s)
{
	return *s != '\0' && *s != '.' && strlen(s) < 250 && strchr(s, '/') == NULL;
}

static void
make_id(char *id, size_t size)
{
	static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	uint8_t random[VAULT_ID];

	while (getrandom(random, size - 1, 0) != (ssize_t)size - 1)
		;
	for (size_t i = 0; i < size - 1; i++)
		id[i] = digit[random[i] & 63];
	id[size - 1] = '\0';
}

int
vault_receive(struct vault_dir *d, char **name)
{
	int fd;

	*name = mem_format("%s/tmp/%lu", d->path, ++d->received);
	if ((fd = open(*name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) < 0) {
		free(*name);
		*name = NULL;
	}
	return fd;
}

void
vault_discard(char *name)
{
	if (name != NULL)
		unlink(name);
	free(name);
}

/* A received file, durable, under its final name.  Frees name. */
static int
keep(char *name, const char *final)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC), r;

	r = fd >= 0 && fsync(fd) == 0 && rename(name, final) == 0 ? file_sync_parent(final) : -1;
	if (fd >= 0)
		close(fd);
	if (r != 0)
		unlink(name);
	free(name);
	return r;
}

/* Frees meta. */
static int
write_json(struct vault_dir *d, const char *final, struct json *meta)
{
	char *text = json_print(meta), *name;
	int fd = vault_receive(d, &name), r = -1;

	json_free(meta);
	if (fd >= 0) {
		r = io_put(fd, text, strlen(text));
		close(fd);
		if (r == 0)
			r = keep(name, final);
		else
			vault_discard(name);
	}
	free(text);
	return r;
}

static struct json *
read_json(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct json *j = NULL;
	char text[1 << 14];
	ssize_t n;

	if (fd < 0)
		return NULL;
	if ((n = io_fill(fd, text, sizeof text)) >= 0 && (j = json_parse(text, (size_t)n)) == NULL)
		errno = EBADMSG;
	close(fd);
	return j;
}

static struct json *
read_place(const struct vault_dir *d, const char *vault, const char *kind, const char *id, const char *suffix)
{
	struct json *j = NULL;
	char *path;

	errno = ENOENT;
	if (!one_part(vault) || (*id != '\0' && !one_part(id)))
		return NULL;
	path = place(d, vault, kind, id, suffix);
	j = read_json(path);
	free(path);
	return j;
}

static int
open_place(const struct vault_dir *d, const char *vault, const char *kind, const char *id, const char *suffix)
{
	char *path;
	int fd;

	errno = ENOENT;
	if (!one_part(vault) || !one_part(id))
		return -1;
	path = place(d, vault, kind, id, suffix);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	free(path);
	return fd;
}

static int
names_only(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

/* Remove a directory of files. */
static void
remove_all(const char *path)
{
	struct dirent **e;
	int n = scandir(path, &e, names_only, NULL);

	for (int i = 0; i < n; i++) {
		char *name = mem_format("%s/%s", path, e[i]->d_name);

		unlink(name);
		free(name);
		free(e[i]);
	}
	if (n >= 0)
		free(e);
	rmdir(path);
}

struct vault_dir *
vault_open(const char *path)
{
	struct vault_dir *d = mem_alloc(sizeof *d);
	char *sub = mem_format("%s/vaults/", path), *tmp = mem_format("%s/tmp", path);
	int error;

	d->path = mem_copy(path);
	d->lock_fd = -1;
	pthread_mutex_init(&d->lock, NULL);
	if (file_parents(sub) == 0 && (d->lock_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0 &&
	    flock(d->lock_fd, LOCK_EX | LOCK_NB) == 0) {
		remove_all(tmp);
		if (mkdir(tmp, 0700) == 0) {
			free(sub);
			free(tmp);
			return d;
		}
	}
	error = errno == EWOULDBLOCK ? EBUSY : errno;
	free(sub);
	free(tmp);
	vault_close(d);
	errno = error;
	return NULL;
}

void
vault_close(struct vault_dir *d)
{
	if (d->lock_fd >= 0)
		close(d->lock_fd);
	pthread_mutex_destroy(&d->lock);
	free(d->path);
	free(d);
}

int
vault_create(struct vault_dir *d, const char *vault)
{
	static const char *const kinds[] = { "archives", "uploads", "jobs" };
	char *path;
	int r = 0;
	struct stat st;

	if (!one_part(vault)) {
		errno = EINVAL;
		return -1;
	}
	pthread_mutex_lock(&d->lock);
	path = place(d, vault, "", "vault.json", "");
	if (stat(path, &st) != 0) {
		for (size_t i = 0; i < 3 && r == 0; i++) {
			char *sub = place(d, vault, kinds[i], "", "/");

			r = file_parents(sub);
			free(sub);
		}
		if (r == 0)
			r = write_json(d, path, json_new_object());
	}
	free(path);
	pthread_mutex_unlock(&d->lock);
	return r;
}

struct json *
vault_read(struct vault_dir *d, const char *vault)
{
	struct json *j = read_place(d, vault, "", "vault.json", "");
	char *path;
	struct stat st;

	if (j != NULL) {
		path = place(d, vault, "", "vault.json", "");
		if (stat(path, &st) == 0)
			json_put_integer(j, "created", st.st_mtime);
		free(path);
	}
	return j;
}

struct json *
vault_list(struct vault_dir *d, const char *vault, const char *kind)
{
	bool vaults = *vault == '\0';
	char *path = vaults ? mem_format("%s/vaults", d->path) : place(d, vault, kind, "", "");
	bool plain = vaults || strcmp(kind, "uploads") == 0;
	struct json *list = json_new_array();
	struct dirent **e;
	int n = scandir(path, &e, names_only, alphasort);

	for (int i = 0; i < n; i++) {
		size_t len = strlen(e[i]->d_name);

		if (!plain && len > 5 && strcmp(e[i]->d_name + len - 5, ".json") == 0) {
			e[i]->d_name[len - 5] = '\0';
			json_push_string(list, e[i]->d_name);
		} else if (plain)
			json_push_string(list, e[i]->d_name);
		free(e[i]);
	}
	if (n >= 0)
		free(e);
	free(path);
	return list;
}

int
vault_remove(struct vault_dir *d, const char *vault)
{
	static const char *const kinds[] = { "uploads", "jobs", "archives" };
	struct json *archives;
	char *path;
	bool empty;

	pthread_mutex_lock(&d->lock);
	archives = vault_list(d, vault, "archives");
	empty = json_element(archives, 0) == NULL;
	json_free(archives);
	if (empty) {
		path = place(d, vault, "", "vault.json", "");
		unlink(path);
		free(path);
		for (size_t i = 0; i < 3; i++) {
			path = place(d, vault, kinds[i], "", "");
			remove_all(path);
			free(path);
		}
		path = place(d, vault, "", "", "");
		rmdir(path);
		free(path);
	}
	pthread_mutex_unlock(&d->lock);
	errno = ENOTEMPTY;
	return empty ? 0 : -1;
}

static int
add_archive(struct vault_dir *d, const char *vault, char *name, struct json *meta, char id[VAULT_ID])
{
	char *bytes, *json;
	int r;

	make_id(id, VAULT_ID);
	bytes = place(d, vault, "archives", id, "");
	json = place(d, vault, "archives", id, ".json");
	r = keep(name, bytes);
	if (r == 0)
		r = write_json(d, json, meta);
	else
		json_free(meta);
	free(bytes);
	free(json);
	return r;
}

int
vault_archive(struct vault_dir *d, const char *vault, char *name, struct json *meta, char id[VAULT_ID])
{
	int r;

	pthread_mutex_lock(&d->lock);
	r = add_archive(d, vault, name, meta, id);
	pthread_mutex_unlock(&d->lock);
	return r;
}

struct json *
vault_archive_read(struct vault_dir *d, const char *vault, const char *id)
{
	return read_place(d, vault, "archives", id, ".json");
}

int
vault_archive_open(struct vault_dir *d, const char *vault, const char *id)
{
	return open_place(d, vault, "archives", id, "");
}

int
vault_archive_remove(struct vault_dir *d, const char *vault, const char *id)
{
	char *path;
	int r = 0;

	if (!one_part(vault) || !one_part(id))
		return 0;
	pthread_mutex_lock(&d->lock);
	/* First what makes it exist; then its bytes. */
	path = place(d, vault, "archives", id, ".json");
	if (unlink(path) != 0 && errno != ENOENT)
		r = -1;
	else if (file_sync_parent(path) != 0)
		r = -1;
	free(path);
	if (r == 0) {
		path = place(d, vault, "archives", id, "");
		unlink(path);
		free(path);
	}
	pthread_mutex_unlock(&d->lock);
	return r;
}

int
vault_upload(struct vault_dir *d, const char *vault, struct json *meta, char id[VAULT_SHORT_ID])
{
	char *path;
	int r;

	make_id(id, VAULT_SHORT_ID);
	pthread_mutex_lock(&d->lock);
	path = place(d, vault, "uploads", id, "/upload.json");
	if ((r = file_parents(path)) == 0)
		r = write_json(d, path, meta);
	else
		json_free(meta);
	free(path);
	pthread_mutex_unlock(&d->lock);
	return r;
}

struct json *
vault_upload_read(struct vault_dir *d, const char *vault, const char *id)
{
	return read_place(d, vault, "uploads", id, "/upload.json");
}

int
vault_upload_remove(struct vault_dir *d, const char *vault, const char *id)
{
	char *path;

	errno = ENOENT;
	if (!one_part(vault) || !one_part(id))
		return -1;
	pthread_mutex_lock(&d->lock);
	path = place(d, vault, "uploads", id, "");
	remove_all(path);
	free(path);
	pthread_mutex_unlock(&d->lock);
	return 0;
}

static int
part_order(const void *a, const void *b)
{
	const struct vault_part *p = a, *q = b;

	return (p->first > q->first) - (p->first < q->first);
}

struct vault_part *
vault_parts(struct vault_dir *d, const char *vault, const char *id, unsigned *n)
{
	char *path = place(d, vault, "uploads", id, "");
	struct vault_part *parts = NULL;
	struct dirent **e;
	int count = scandir(path, &e, names_only, NULL);

	*n = 0;
	if (count >= 0)
		parts = mem_array((size_t)count, sizeof *parts);
	for (int i = 0; i < count; i++) {
		unsigned long long first, last;
		char hash[SHA256_HEX];

		if (sscanf(e[i]->d_name, "%llu-%llu-%64[0-9a-f]", &first, &last, hash) == 3) {
			parts[*n] = (struct vault_part){ .first = first, .last = last };
			memcpy(parts[(*n)++].hash, hash, sizeof hash);
		}
		free(e[i]);
	}
	if (count >= 0)
		free(e);
	free(path);
	if (*n != 0)
		qsort(parts, *n, sizeof *parts, part_order);
	return parts;
}

static char *
part_path(const struct vault_dir *d, const char *vault, const char *id, const struct vault_part *p)
{
	return mem_format("%s/vaults/%s/uploads/%s/%020llu-%020llu-%s", d->path, vault, id,
	    (unsigned long long)p->first, (unsigned long long)p->last, p->hash);
}

int
vault_part(struct vault_dir *d, const char *vault, const char *id, char *name, const struct vault_part *new)
{
	struct vault_part *old;
	char *path;
	unsigned n;
	int r;

	pthread_mutex_lock(&d->lock);
	old = vault_parts(d, vault, id, &n);
	path = part_path(d, vault, id, new);
	r = keep(name, path);
	/* A part that is sent again takes the place of what was there. */
	for (unsigned i = 0; i < n && r == 0; i++) {
		char *before = part_path(d, vault, id, &old[i]);

		if (old[i].first == new->first && strcmp(before, path) != 0)
			unlink(before);
		free(before);
	}
	free(path);
	free(old);
	pthread_mutex_unlock(&d->lock);
	return r;
}

static int
append(int out, const char *path, uint64_t *at)
{
	static const size_t size = 1 << 20;
	int in = open(path, O_RDONLY | O_CLOEXEC);
	char *buf;
	ssize_t n;

	if (in < 0)
		return -1;
	buf = mem_alloc(size);
	while ((n = io_fill(in, buf, size)) > 0) {
		if (io_put_at(out, buf, (size_t)n, *at) != 0) {
			n = -1;
			break;
		}
		*at += (uint64_t)n;
	}
	free(buf);
	close(in);
	return n < 0 ? -1 : 0;
}

int
vault_complete(struct vault_dir *d, const char *vault, const char *upload, struct json *meta, char id[VAULT_ID])
{
	struct vault_part *parts;
	struct json *done;
	char *name, *path;
	uint64_t at = 0;
	unsigned n;
	int fd, r = -1;

	if ((fd = vault_receive(d, &name)) < 0) {
		json_free(meta);
		return -1;
	}
	pthread_mutex_lock(&d->lock);
	parts = vault_parts(d, vault, upload, &n);
	r = 0;
	for (unsigned i = 0; i < n && r == 0; i++) {
		path = part_path(d, vault, upload, &parts[i]);
		r = append(fd, path, &at);
		free(path);
	}
	close(fd);
	if (r == 0)
		r = add_archive(d, vault, name, meta, id);
	else {
		vault_discard(name);
		json_free(meta);
	}
	if (r == 0) {
		done = json_new_object();
		json_put_string(done, "id", id);
		path = place(d, vault, "uploads", upload, "/done");
		r = write_json(d, path, done);
		free(path);
		for (unsigned i = 0; i < n; i++) {
			path = part_path(d, vault, upload, &parts[i]);
			unlink(path);
			free(path);
		}
	}
	free(parts);
	pthread_mutex_unlock(&d->lock);
	return r;
}

int
vault_completed(struct vault_dir *d, const char *vault, const char *upload, char id[VAULT_ID])
{
	struct json *done = read_place(d, vault, "uploads", upload, "/done");
	const char *s;
	int r = -1;

	if (done == NULL)
		return -1;
	if ((s = json_get_string(done, "id")) != NULL && strlen(s) == VAULT_ID - 1) {
		memcpy(id, s, VAULT_ID);
		r = 0;
	}
	json_free(done);
	return r;
}

int
vault_job(struct vault_dir *d, const char *vault, struct json *meta, char *output, char id[VAULT_SHORT_ID])
{
	char *path;
	int r = 0;

	make_id(id, VAULT_SHORT_ID);
	pthread_mutex_lock(&d->lock);
	if (output != NULL) {
		path = place(d, vault, "jobs", id, ".out");
		r = keep(output, path);
		free(path);
	}
	path = place(d, vault, "jobs", id, ".json");
	if (r == 0)
		r = write_json(d, path, meta);
	else
		json_free(meta);
	free(path);
	pthread_mutex_unlock(&d->lock);
	return r;
}

struct json *
vault_job_read(struct vault_dir *d, const char *vault, const char *id)
{
	return read_place(d, vault, "jobs", id, ".json");
}

int
vault_job_open(struct vault_dir *d, const char *vault, const char *id)
{
	return open_place(d, vault, "jobs", id, ".out");
}

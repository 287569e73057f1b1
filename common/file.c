#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mem.h"

enum { OPEN_MAX_FILES = 64 };   /* temporary files at one time in one process */

struct file {
	int fd;
	bool replace;
	char *path;
	char *temp;
};

/*
 * The temporary names, where a signal handler can find them.  A slot is set
 * after its string is complete and cleared before it is freed; the process has
 * one thread that touches files, and its handler runs between two stores.
 */
static char *volatile temps[OPEN_MAX_FILES];
static volatile pid_t owner;            /* a forked child must not remove them */

static void
remove_temps(void)
{
	if (getpid() != owner)
		return;
	for (int i = 0; i < OPEN_MAX_FILES; i++)
		if (temps[i] != NULL)
			unlink(temps[i]);
}

static void
on_signal(int sig)
{
	remove_temps();
	signal(sig, SIG_DFL);
	raise(sig);
}

static void
guard(void)
{
	static const int sigs[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };
	struct sigaction old, act = { .sa_handler = on_signal };

	if (owner == getpid())
		return;
	if (owner == 0)
		atexit(remove_temps);
	owner = getpid();
	sigfillset(&act.sa_mask);
	for (size_t i = 0; i < sizeof sigs / sizeof sigs[0]; i++)
		/* Only what would end the program: nohup's SIG_IGN stays, and so does a program's own handler. */
		if (sigaction(sigs[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
			sigaction(sigs[i], &act, NULL);
}

static int
slot_of(const char *temp)
{
	for (int i = 0; i < OPEN_MAX_FILES; i++)
		if (temps[i] == temp)
			return i;
	return -1;
}

static void
forget(struct file *f)
{
	int i = f->temp != NULL ? slot_of(f->temp) : -1;

	if (i >= 0)
		temps[i] = NULL;
}

static void
close_keeping_errno(int fd)
{
	int error = errno;

	close(fd);
	errno = error;
}

static void
release(struct file *f)
{
	int error = errno;

	forget(f);
	if (f->fd >= 0)
		close(f->fd);
	free(f->temp);
	free(f->path);
	free(f);
	errno = error;
}

static const char *
base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/* Lock fd; then is temp still its name?  1: yes, 0: its owner has renamed or removed it meanwhile, -1 and errno. */
static int
lock(int fd, const char *temp)
{
	struct stat here, there;

	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno == EWOULDBLOCK)
			errno = EBUSY;
		return -1;
	}
	if (fstat(fd, &here) != 0)
		return -1;
	if (!S_ISREG(here.st_mode)) {
		errno = EEXIST;
		return -1;
	}
	return lstat(temp, &there) == 0 && here.st_ino == there.st_ino && here.st_dev == there.st_dev;
}

/*
 * Remove what a killed program left under the temporary name.  It is not used
 * again: its owner, its mode and its other links are not ours to trust.
 */
static int
remove_left_over(const char *temp)
{
	int fd, r;

	if ((fd = open(temp, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)) < 0 && errno == EACCES)
		fd = open(temp, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	/* Only who holds the lock of the file with this name may remove it: its writer never loses it. */
	if ((r = lock(fd, temp)) > 0)
		r = unlink(temp);
	close_keeping_errno(fd);
	return r;
}

/* Create and lock the temporary name. */
static int
claim(const char *temp, mode_t mode)
{
	int fd, r;

	for (;;) {
		if ((fd = open(temp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode)) < 0) {
			if (errno != EEXIST || remove_left_over(temp) < 0)
				return -1;
			continue;
		}
		/* Another program may have taken it for a left-over before it was locked. */
		if ((r = lock(fd, temp)) > 0)
			return fd;
		close_keeping_errno(fd);
		if (r < 0)
			return -1;
	}
}

/* Open and lock a left-over, if it can only be our own: -1 where there is none. */
static int
adopt(const char *temp, uint64_t *have)
{
	int fd = open(temp, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return -1;
	if (lock(fd, temp) > 0 && fstat(fd, &st) == 0 && st.st_uid == geteuid() && st.st_nlink == 1) {
		*have = (uint64_t)st.st_size;
		return fd;
	}
	close(fd);
	return -1;
}

static struct file *
new_file(const char *path, bool replace)
{
	struct file *f;
	struct stat st;

	if (base(path)[0] == '\0') {
		errno = EISDIR;
		return NULL;
	}
	if (!replace && lstat(path, &st) == 0) {
		errno = EEXIST;
		return NULL;
	}
	f = mem_alloc(sizeof *f);
	f->replace = replace;
	f->path = mem_copy(path);
	f->temp = mem_format("%.*s.%s.part", (int)(base(path) - path), path, base(path));
	return f;
}

/* What is no file to be replaced, a device or a pipe, is written to where it is: it has no temporary name. */
static bool
is_device(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

static int
open_device(struct file *f)
{
	free(f->temp);
	f->temp = NULL;
	return open(f->path, O_WRONLY | O_CLOEXEC);
}

struct file *
file_create(const char *path, mode_t mode, bool replace)
{
	struct file *f = new_file(path, replace);
	int i;

	if (f == NULL)
		return NULL;
	if (replace && is_device(path)) {
		if ((f->fd = open_device(f)) >= 0)
			return f;
		release(f);
		return NULL;
	}
	guard();
	if ((f->fd = claim(f->temp, mode)) >= 0) {
		if ((i = slot_of(NULL)) >= 0) {
			temps[i] = f->temp;
			return f;
		}
		unlink(f->temp);
		errno = EMFILE;
	}
	release(f);
	return NULL;
}

struct file *
file_continue(const char *path, mode_t mode, bool replace, uint64_t *have)
{
	struct file *f = new_file(path, replace);

	*have = 0;
	if (f == NULL)
		return NULL;
	if ((f->fd = adopt(f->temp, have)) >= 0 || (f->fd = claim(f->temp, mode)) >= 0)
		return f;
	release(f);
	return NULL;
}

int
file_fd(const struct file *f)
{
	return f->fd;
}

const char *
file_temp(const struct file *f)
{
	return f->temp != NULL ? f->temp : f->path;
}

static int
name_it(const struct file *f)
{
	if (f->replace)
		return rename(f->temp, f->path);
	if (renameat2(AT_FDCWD, f->temp, AT_FDCWD, f->path, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	/* A file system that cannot: link refuses an existing name as well. */
	if (link(f->temp, f->path) != 0)
		return -1;
	return unlink(f->temp);
}

int
file_commit(struct file *f)
{
	if (f->temp == NULL) {
		release(f);
		return 0;
	}
	if (fsync(f->fd) != 0 || name_it(f) != 0) {
		file_abort(f);
		return -1;
	}
	forget(f);
	if (file_sync_parent(f->path) != 0) {
		release(f);
		return -1;
	}
	release(f);
	return 0;
}

void
file_abort(struct file *f)
{
	int error = errno;

	if (f == NULL)
		return;
	if (f->temp != NULL)
		unlink(f->temp);
	release(f);
	errno = error;
}

void
file_keep(struct file *f)
{
	if (f != NULL)
		release(f);
}

static int
sync_directory(const char *path)
{
	int fd, r;

	if ((fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return -1;
	r = fsync(fd);
	/* Some file systems have nothing to sync in a directory, and say so. */
	if (r != 0 && errno == EINVAL)
		r = 0;
	close(fd);
	return r;
}

int
file_sync_parent(const char *path)
{
	char *dir;
	int r, error;

	if (base(path) == path)
		return sync_directory(".");
	dir = mem_format("%.*s", (int)(base(path) - path), path);
	r = sync_directory(dir);
	error = errno;
	free(dir);
	errno = error;
	return r;
}

int
file_parents(const char *path)
{
	char *part = mem_copy(path);
	int r = 0, error;

	for (char *slash = strchr(part + (part[0] == '/'), '/'); slash != NULL && r == 0; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(part, 0777) == 0)
			r = file_sync_parent(part);
		else if (errno != EEXIST)
			r = -1;
		*slash = '/';
	}
	error = errno;
	free(part);
	errno = error;
	return r;
}

bool
file_name_safe(const char *path)
{
	size_t n;

	for (const char *s = path; *s != '\0'; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return false;
	for (;; path += n + 1) {
		n = strcspn(path, "/");
		if (n == 0 || (n == 1 && path[0] == '.') || (n == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		if (path[n] == '\0')
			return true;
	}
}

#include "disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int
disk_sync(int dir)
{
	/* Some file systems have nothing to sync in a directory, and say so. */
	return fsync(dir) == 0 || errno == EINVAL ? 0 : -1;
}

int
disk_open(int dir, const char *name)
{
	if (mkdirat(dir, name, 0777) == 0) {
		if (disk_sync(dir) != 0)
			return -1;
	} else if (errno != EEXIST)
		return -1;
	return openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

int
disk_list(int dir, disk_entry *call, void *shared)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0, error;
	struct dirent *e;
	DIR *d;

	if (fd < 0)
		return -1;
	if ((d = fdopendir(fd)) == NULL) {
		close(fd);
		return -1;
	}
	while (r == 0) {
		errno = 0;
		if ((e = readdir(d)) == NULL) {
			r = errno == 0 ? 0 : -1;
			break;
		}
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			r = call(shared, e->d_name);
	}
	error = errno;
	closedir(d);
	errno = error;
	return r;
}

static int
remove_entry(void *shared, const char *name)
{
	return disk_remove(*(int *)shared, name);
}

int
disk_remove(int dir, const char *name)
{
	int fd, r, error;

	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -1;
	if ((fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)) < 0)
		return -1;
	r = disk_list(fd, remove_entry, &fd);
	error = errno;
	close(fd);
	errno = error;
	return r == 0 ? unlinkat(dir, name, AT_REMOVEDIR) : r;
}

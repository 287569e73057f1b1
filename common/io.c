#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

/*
 * A descriptor that somebody left in non-blocking mode (a terminal shared with
 * ssh, say) answers EAGAIN: wait for it as a blocking one would.
 */
static int
again(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	if (errno == EINTR)
		return 1;
	if (errno != EAGAIN)
		return 0;
	return poll(&p, 1, -1) >= 0 || errno == EINTR;
}

ssize_t
io_some(int fd, void *buf, size_t n)
{
	ssize_t r;

	while ((r = read(fd, buf, n)) < 0)
		if (!again(fd, POLLIN))
			return -1;
	return r;
}

ssize_t
io_fill(int fd, void *buf, size_t n)
{
	size_t have = 0;
	ssize_t r;

	while (have < n) {
		if ((r = io_some(fd, (char *)buf + have, n - have)) < 0)
			return -1;
		if (r == 0)
			break;
		have += (size_t)r;
	}
	return (ssize_t)have;
}

int
io_put(int fd, const void *buf, size_t n)
{
	const char *p = buf;
	ssize_t w;

	while (n > 0) {
		if ((w = write(fd, p, n)) < 0) {
			if (again(fd, POLLOUT))
				continue;
			return -1;
		}
		p += w;
		n -= (size_t)w;
	}
	return 0;
}

size_t
io_move(int in, int out, size_t n)
{
	ssize_t r;

	while ((r = copy_file_range(in, NULL, out, NULL, n, 0)) < 0 && errno == EINTR)
		;
	return r > 0 ? (size_t)r : 0;
}

ssize_t
io_fill_at(int fd, void *buf, size_t n, uint64_t offset)
{
	size_t have = 0;
	ssize_t r;

	while (have < n) {
		r = pread(fd, (char *)buf + have, n - have, (off_t)(offset + have));
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -1;
		if (r == 0)
			break;
		have += (size_t)r;
	}
	return (ssize_t)have;
}

int
io_put_at(int fd, const void *buf, size_t n, uint64_t offset)
{
	const char *p = buf;
	ssize_t w;

	while (n > 0) {
		w = pwrite(fd, p, n, (off_t)offset);
		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return -1;
		p += w;
		n -= (size_t)w;
		offset += (uint64_t)w;
	}
	return 0;
}

int
io_close(int fd)
{
	/* Linux has closed it even when it says EINTR. */
	return close(fd) == 0 || errno == EINTR ? 0 : -1;
}

/* io.h: whole reads and writes over everything that is short or interrupted. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io.h"

#include "tap.h"

enum { SIZE = 300000 };         /* more than a pipe holds */

static char data[SIZE], got[SIZE + 1];

static void
tick(int sig)
{
	(void)sig;
}

/* A signal every 200 µs, whose handler interrupts reads and writes. */
static void
interrupts(bool on)
{
	struct itimerval it = { { 0, on ? 200 : 0 }, { 0, on ? 200 : 0 } };
	struct sigaction act = { .sa_handler = tick };

	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &it, NULL);
}

/* Send data through a pipe; the child writes by step bytes with a pause, or all with io_put against a slow reader. */
static bool
through_pipe(size_t step, bool slow_reader, int flags)
{
	int fd[2], status;
	bool good;
	pid_t pid;

	if (pipe(fd) != 0)
		return false;
	fcntl(fd[0], F_SETFL, flags);
	fcntl(fd[1], F_SETFL, flags);
	fflush(stdout);
	if ((pid = fork()) == 0) {
		close(fd[0]);
		interrupts(true);
		for (size_t at = 0; at < SIZE; at += step) {
			if (io_put(fd[1], data + at, SIZE - at < step ? SIZE - at : step) != 0)
				_exit(1);
			if (!slow_reader)
				usleep(300);
		}
		_exit(0);
	}
	close(fd[1]);
	interrupts(true);
	memset(got, 0, sizeof got);
	if (slow_reader)
		usleep(20000);
	good = io_fill(fd[0], got, sizeof got) == SIZE && memcmp(got, data, SIZE) == 0;
	interrupts(false);
	close(fd[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return good && status == 0;
}

int
main(void)
{
	char name[] = "/tmp/io-test.XXXXXX", buf[16];
	int fd, full, p[2];

	for (size_t i = 0; i < SIZE; i++)
		data[i] = (char)(i % 251);
	is(through_pipe(4096, false, 0), "a slow pipe");
	is(through_pipe(SIZE, true, 0), "a slow reader");
	is(through_pipe(1000, false, O_NONBLOCK), "descriptors left in non-blocking mode");
	is(through_pipe(SIZE, true, O_NONBLOCK), "and a slow reader");

	fd = mkstemp(name);
	is(io_put(fd, "0123456789", 10) == 0 && lseek(fd, 0, SEEK_CUR) == 10, "io_put");
	is(io_put(fd, "", 0) == 0 && io_fill(fd, buf, 0) == 0, "nothing is done at once");
	is(io_fill(fd, buf, 5) == 0, "the end of input");
	lseek(fd, 2, SEEK_SET);
	is(io_fill(fd, buf, 5) == 5 && memcmp(buf, "23456", 5) == 0, "as much as was asked for");
	is(io_fill(fd, buf, 5) == 3 && memcmp(buf, "789", 3) == 0, "or what is left");
	is(io_fill_at(fd, buf, 5, 4) == 5 && memcmp(buf, "45678", 5) == 0, "io_fill_at");
	is(io_fill_at(fd, buf, 5, 8) == 2 && memcmp(buf, "89", 2) == 0, "up to the end");
	is(io_fill_at(fd, buf, 5, 99) == 0, "and beyond it");
	is(io_put_at(fd, "ab", 2, 9) == 0 && io_fill_at(fd, buf, 16, 8) == 3 && memcmp(buf, "8ab", 3) == 0, "io_put_at");
	is(lseek(fd, 0, SEEK_CUR) == 10, "the offset stays");
	is(io_fill_at(fd, buf, 5, UINT64_MAX) == -1 && errno == EINVAL, "a place that cannot be");
	is(io_put_at(fd, "x", 1, UINT64_MAX) == -1 && errno == EINVAL, "nor be written");
	is(io_close(fd) == 0, "io_close");
	is(io_close(fd) == -1 && errno == EBADF, "not twice");
	is(io_fill(fd, buf, 1) == -1 && errno == EBADF, "reading what is closed");
	is(io_put(fd, buf, 1) == -1 && errno == EBADF, "writing it");
	unlink(name);

	full = open("/dev/full", O_WRONLY);
	is(io_put(full, "x", 1) == -1 && errno == ENOSPC, "a full disk");
	close(full);
	if (pipe(p) != 0)
		return 1;
	is(write(p[1], "ab", 2) == 2 && io_some(p[0], buf, 16) == 2, "io_some takes what is there");
	close(p[1]);
	is(io_some(p[0], buf, 16) == 0, "and sees the end");
	close(p[0]);
	signal(SIGPIPE, SIG_IGN);
	if (pipe(p) != 0)
		return 1;
	close(p[0]);
	is(io_put(p[1], "x", 1) == -1 && errno == EPIPE, "a reader that left");
	return tap_done();
}

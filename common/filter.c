#include "filter.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "io.h"
#include "meter.h"

/* Only what is safe behind a fork in a process with threads. */
static _Noreturn void
child(const char *command, int in, pid_t parent)
{
	signal(SIGPIPE, SIG_DFL);
	meter_unblock();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)                /* it died before that */
		_exit(126);
	if (in != STDIN_FILENO && dup2(in, STDIN_FILENO) < 0)
		_exit(126);
	if (in == STDIN_FILENO)
		fcntl(in, F_SETFD, 0);
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

int
filter_start(struct filter *f, const char *command, const char *file)
{
	pid_t parent = getpid();
	int ends[2], error;

	*f = (struct filter){ 0 };
	signal(SIGPIPE, SIG_IGN);
	if (setenv("FILE", file, 1) != 0 || pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	if ((f->pid = fork()) == 0)
		child(command, ends[0], parent);
	error = errno;
	close(ends[0]);
	f->fd = ends[1];
	if (f->pid < 0) {
		close(f->fd);
		errno = error;
		return -1;
	}
	return 0;
}

int
filter_put(struct filter *f, const void *data, size_t n)
{
	if (io_put(f->fd, data, n) == 0)
		return 0;
	f->broken = true;
	return -1;
}

/*
 * Has it read all that is in the pipe?  While there is a reader nothing says so:
 * look again and again.  Without one what is left stays.
 */
static bool
drained(int fd)
{
	struct pollfd p = { .fd = fd };
	bool alone = false;
	int left;

	for (;;) {
		if (ioctl(fd, FIONREAD, &left) != 0)
			return false;
		if (left == 0 || alone)
			return left == 0;
		alone = poll(&p, 1, 1) > 0 && (p.revents & POLLERR) != 0;
	}
}

/* Wait for it. */
static enum filter_rc
reap(struct filter *f)
{
	int status;

	while (waitpid(f->pid, &status, 0) < 0)
		if (errno != EINTR)
			return FILTER_SYSTEM;
	if (WIFSIGNALED(status)) {
		f->number = WTERMSIG(status);
		return FILTER_SIGNAL;
	}
	f->number = WEXITSTATUS(status);
	return f->number == 0 ? FILTER_OK : FILTER_EXIT;
}

enum filter_rc
filter_end(struct filter *f)
{
	bool all = !f->broken && drained(f->fd);
	enum filter_rc rc;

	close(f->fd);
	rc = reap(f);
	return rc == FILTER_OK && !all ? FILTER_EARLY : rc;
}

void
filter_kill(struct filter *f)
{
	const struct timespec tick = { .tv_nsec = 10000000 };
	pid_t ended = 0;

	/* It may clean up; but a shell that waits for its child, and that for the end of its input, never gets so far. */
	kill(f->pid, SIGTERM);
	for (int i = 0; i < 100 && (ended = waitpid(f->pid, NULL, WNOHANG)) == 0; i++)
		nanosleep(&tick, NULL);
	if (ended == 0) {
		kill(f->pid, SIGKILL);
		waitpid(f->pid, NULL, 0);
	}
	close(f->fd);
}

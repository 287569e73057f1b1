/* file.h: whole or not there, whatever happens to the program. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "file.h"
#include "io.h"

#include "tap.h"

enum { LONG = 20000 };          /* several writes of it are one file */

static bool
there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static bool
holds(const char *path, const char *want)
{
	char got[64];
	int fd = open(path, O_RDONLY);
	ssize_t n = fd >= 0 ? io_fill(fd, got, sizeof got) : -1;

	if (fd >= 0)
		close(fd);
	return n == (ssize_t)strlen(want) && memcmp(got, want, (size_t)n) == 0;
}

static mode_t
mode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_mode & 07777 : 0;
}

static void
leave(const char *path, mode_t mode, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || io_put(fd, text, strlen(text)) != 0 || fchmod(fd, mode) != 0)
		exit(1);
	close(fd);
}

static void
plain(void)
{
	struct file *f = file_create("a", 0666, false), *g;

	is(f != NULL && strcmp(file_temp(f), ".a.part") == 0 && there(".a.part") && !there("a"), "created");
	is(io_put(file_fd(f), "one", 3) == 0 && io_fill_at(file_fd(f), (char[4]){ 0 }, 3, 0) == 3, "written and read");
	is(file_create("a", 0666, false) == NULL && errno == EBUSY, "two do not write it at once");
	is(file_commit(f) == 0 && holds("a", "one") && !there(".a.part"), "committed");
	is(mode_of("a") == 0640, "with the mode that the umask leaves");

	is(file_create("a", 0666, false) == NULL && errno == EEXIST && !there(".a.part"), "what exists is refused");
	f = file_create("a", 0600, true);
	is(f != NULL && io_put(file_fd(f), "two", 3) == 0 && holds("a", "one"), "unless it is to be replaced");
	is(file_commit(f) == 0 && holds("a", "two") && mode_of("a") == 0600, "and it is, mode and all");

	is(mkfifo("pipe", 0600) == 0, "a pipe");
	int reader = open("pipe", O_RDONLY | O_NONBLOCK);
	f = file_create("pipe", 0666, true);
	is(f != NULL && io_put(file_fd(f), "fifo", 4) == 0 && file_commit(f) == 0, "is written to");
	is(io_fill(reader, (char[5]){ 0 }, 5) == 4, "and read from");
	struct stat st;
	is(lstat("pipe", &st) == 0 && S_ISFIFO(st.st_mode) && !there(".pipe.part"), "and stays what it is");
	close(reader);
	unlink("pipe");

	f = file_create("b", 0666, false);
	leave("b", 0600, "other");
	is(file_commit(f) == -1 && errno == EEXIST && holds("b", "other") && !there(".b.part"), "refused at the end too");

	f = file_create("c", 0666, true);
	file_abort(f);
	is(!there("c") && !there(".c.part"), "aborted");
	file_abort(NULL);
	f = file_create("c", 0666, true);
	is(io_put(file_fd(f), "kept", 4) == 0, "written");
	file_keep(f);
	is(!there("c") && holds(".c.part", "kept"), "kept under its temporary name");
	unlink(".c.part");
	file_keep(NULL);

	f = file_create("d", 0666, true);
	g = file_create("./d", 0666, true);
	is(f != NULL && g == NULL && errno == EBUSY, "whatever it is called");
	file_abort(f);
	is(file_create("x/", 0666, true) == NULL && errno == EISDIR, "a directory is no file");
	is(file_create("", 0666, true) == NULL, "nor is nothing");
	is(file_create("no/such", 0666, true) == NULL && errno == ENOENT, "a missing directory");
	unlink("a"), unlink("b");
}

static void
left_overs(void)
{
	struct file *f;

	leave(".a.part", 0666, "long left over");
	f = file_create("a", 0600, true);
	is(f != NULL && mode_of(".a.part") == 0600, "a left-over does not give its mode");
	is(io_put(file_fd(f), "new", 3) == 0 && file_commit(f) == 0 && holds("a", "new"), "nor its bytes");
	leave(".a.part", 0666, "");
	f = file_create("a", 0666, true);
	is(f != NULL && mode_of(".a.part") == 0640, "not even an empty one");
	file_abort(f);
	leave("other", 0666, "precious");
	is(link("other", ".a.part") == 0 && (f = file_create("a", 0600, true)) != NULL && holds("other", "precious") &&
	    mode_of("other") == 0666, "nor is another name of it touched");
	file_abort(f);
	is(symlink("other", ".a.part") == 0 && file_create("a", 0600, true) == NULL && errno == ELOOP &&
	    holds("other", "precious"), "a link is not followed");
	unlink(".a.part");
	is(mkdir(".a.part", 0700) == 0 && file_create("a", 0600, true) == NULL, "a directory is in the way");
	rmdir(".a.part");
	is(mkfifo(".a.part", 0600) == 0 && file_create("a", 0600, true) == NULL && errno == EEXIST, "and a pipe is too");
	unlink(".a.part"), unlink("a"), unlink("other");
}

static void
many(void)
{
	struct file *f[65];
	char name[16];
	int n;

	for (n = 0; n < 65; n++) {
		snprintf(name, sizeof name, "m%d", n);
		if ((f[n] = file_create(name, 0600, true)) == NULL)
			break;
	}
	is(n == 64 && errno == EMFILE && !there(".m64.part"), "64 at a time");
	while (n-- > 0)
		file_abort(f[n]);
	is(!there(".m0.part") && !there(".m63.part"), "all gone");
}

/* Fork; the child creates a and b and waits, or ends as told; then what is its status? */
static int
ending(void (*how)(void))
{
	int status;
	pid_t pid;

	fflush(stdout);
	if ((pid = fork()) == 0) {
		static struct file *volatile a, *volatile b;    /* reachable, for the leak checker */

		if ((a = file_create("a", 0600, true)) == NULL || (b = file_create("b", 0600, true)) == NULL ||
		    io_put(file_fd(a), "half", 4) != 0)
			_exit(99);
		how();
		_exit(98);
	}
	waitpid(pid, &status, 0);
	return status;
}

static void by_exit(void) { exit(1); }
static void by_term(void) { raise(SIGTERM); }
static void by_int(void) { raise(SIGINT); }
static void by_hup(void) { raise(SIGHUP); }
static void by_kill(void) { raise(SIGKILL); }

static void
by_pipe(void)
{
	int fd[2];

	if (pipe(fd) == 0)
		close(fd[0]);
	io_put(fd[1], "x", 1);
}

static void
by_child(void)
{
	pid_t pid = fork();

	if (pid == 0)
		exit(0);
	waitpid(pid, NULL, 0);
	_exit(there(".a.part") && there(".b.part") ? 0 : 1);
}

static void
endings(void)
{
	static const struct { const char *name; void (*how)(void); int status; } way[] = {
		{ "exit", by_exit, 1 << 8 }, { "SIGTERM", by_term, SIGTERM }, { "SIGINT", by_int, SIGINT },
		{ "SIGHUP", by_hup, SIGHUP }, { "SIGPIPE", by_pipe, SIGPIPE }
	};

	signal(SIGHUP, SIG_DFL);        /* nohup(1) may have started us */
	for (size_t i = 0; i < sizeof way / sizeof way[0]; i++)
		is(ending(way[i].how) == way[i].status && !there(".a.part") && !there(".b.part") && !there("a"),
		    "%s leaves nothing", way[i].name);
	is(ending(by_child) == 0, "a child that exits removes nothing");
	unlink(".a.part"), unlink(".b.part");
	is(ending(by_kill) == SIGKILL && there(".a.part") && !there("a"), "kill -9 leaves a temporary name only");
	is(ending(by_exit) == 1 << 8 && !there(".a.part") && !there("a"), "which the next one removes");
	unlink(".b.part");
	signal(SIGHUP, SIG_IGN);
	is(ending(by_hup) == 98 << 8, "an ignored SIGHUP stays ignored");
	signal(SIGHUP, SIG_DFL);
	unlink(".a.part"), unlink(".b.part");
}

/* Write k over and over as a file of LONG bytes of one letter; killed at some moment. */
static _Noreturn void
write_on(int seed)
{
	char piece[LONG / 4];

	for (int i = seed;; i++) {
		struct file *f = file_create("k", 0600, true);

		if (f == NULL)
			_exit(1);
		memset(piece, 'a' + i % 26, sizeof piece);
		for (int n = 0; n < 4; n++)
			if (io_put(file_fd(f), piece, sizeof piece) != 0)
				_exit(1);
		if (file_commit(f) != 0)
			_exit(1);
	}
}

static bool
whole(void)
{
	static char got[LONG + 1];
	int fd = open("k", O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return errno == ENOENT;
	n = io_fill(fd, got, sizeof got);
	close(fd);
	for (ssize_t i = 1; i < n; i++)
		if (got[i] != got[0])
			return false;
	return n == LONG;
}

static void
killed(void)
{
	bool good = true, went_on = true;
	int status;
	pid_t pid;

	srand(1);
	fflush(stdout);
	for (int i = 0; i < 100; i++) {
		if ((pid = fork()) == 0)
			write_on(i);
		usleep((useconds_t)(rand() % 5000));
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		went_on = went_on && WIFSIGNALED(status);
		good = good && whole();
	}
	is(good, "killed a hundred times, what has the name is whole");
	is(went_on, "and no left-over stopped the next one");
	unlink("k"), unlink(".k.part");
}

/* Eight processes want the same names; each must be written by one at a time, and whole. */
static void
rivals(void)
{
	bool good = true;
	int status;

	fflush(stdout);
	for (int i = 0; i < 8; i++)
		if (fork() == 0) {
			char piece[LONG];
			struct file *f;
			int won = 0;

			memset(piece, 'a' + i, sizeof piece);
			for (int n = 0; n < 2000 && won < 40; n++) {
				if ((f = file_create("k", 0600, true)) == NULL) {
					if (errno != EBUSY)
						_exit(1);
					usleep(100);
					continue;
				}
				if (io_put(file_fd(f), piece, sizeof piece) != 0 || !whole())
					_exit(2);
				/* Now and then a left-over, while the others look. */
				if (won % 4 == 3)
					file_keep(f);
				else if (file_commit(f) != 0)
					_exit(3);
				won++;
			}
			_exit(0);
		}
	while (wait(&status) > 0)
		good = good && status == 0;
	is(good && whole() && there("k"), "eight that write one name");
	unlink("k"), unlink(".k.part");
}

static void
full_disk(void)
{
	static char big[1 << 17];
	struct file *f;
	int status;
	pid_t pid;

	if (mkdir("small", 0700) != 0)
		exit(1);
	fflush(stdout);
	if ((pid = fork()) == 0) {
		if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
		    mount("none", "small", "tmpfs", 0, "size=64k") != 0)
			_exit(77);
		if ((f = file_create("small/x", 0600, true)) == NULL)
			_exit(1);
		if (io_put(file_fd(f), big, sizeof big) != -1 || errno != ENOSPC)
			_exit(2);
		file_abort(f);
		_exit(!there("small/x") && !there("small/.x.part") ? 0 : 3);
	}
	waitpid(pid, &status, 0);
	is(status == 0 || status == 77 << 8, "a full disk leaves nothing%s", status == 0 ? "" : " # SKIP cannot mount a tmpfs");
	rmdir("small");
}

static void
directories(void)
{
	is(file_parents("p/q/r/file") == 0 && there("p/q/r") && !there("p/q/r/file"), "parents");
	is(file_parents("p/q/r/file") == 0, "which may exist");
	is(file_parents("p//q///s/file") == 0 && there("p/q/s"), "with slashes to spare");
	is(file_parents("file") == 0 && file_parents("") == 0, "none to make");
	leave("p/f", 0600, "");
	is(file_parents("p/f/x/y") == -1 && errno == ENOTDIR, "a file is no parent");
	is(file_sync_parent("p/q/r/x") == 0 && file_sync_parent("x") == 0 && file_sync_parent("/x") == 0, "fsync of the parent");
	is(file_sync_parent("no/such") == -1 && errno == ENOENT, "if it is there");
	unlink("p/f"), rmdir("p/q/s"), rmdir("p/q/r"), rmdir("p/q"), rmdir("p");
}

static void
safe_names(void)
{
	static const char *const good[] = { "a", "a/b", ".a", "..a", "a..", "...", "a/...", "a b", "-", "\303\251", "a\\b" };
	static const char *const bad[] = {
		"", ".", "..", "/", "/a", "a/", "a//b", "./a", "../a", "a/.", "a/..", "a/../b", "a/./b", "a\nb", "a\tb", "\177", "a\033[1m"
	};

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		is(file_name_safe(good[i]), "a safe name: %s", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		is(!file_name_safe(bad[i]), "not a safe name: number %zu", i);
}

int
main(void)
{
	char dir[] = "/tmp/file-test.XXXXXX";

	if (mkdtemp(dir) == NULL || chdir(dir) != 0)
		return 1;
	umask(027);
	plain();
	left_overs();
	many();
	endings();
	killed();
	rivals();
	full_disk();
	directories();
	safe_names();
	return chdir("/") == 0 && is(rmdir(dir) == 0, "nothing is left") ? tap_done() : 1;
}

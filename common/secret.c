#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "box.h"
#include "io.h"

void
secret_add(struct secret *t, const void *bytes, size_t n)
{
	if (t->room - t->len < n) {
		/* Not realloc: it could leave a copy behind. */
		size_t room = 2 * (t->len + n) + 64;
		char *more = box_alloc(room);

		if (t->len != 0)
			memcpy(more, t->s, t->len);
		box_free(t->s);
		t->s = more;
		t->room = room;
	}
	if (n != 0)
		memcpy(t->s + t->len, bytes, n);
	t->len += n;
}

void
secret_free(struct secret *t)
{
	box_free(t->s);
	*t = (struct secret){ 0 };
}

int
secret_read(struct secret *t, int fd, size_t max)
{
	enum { PIECE = 4096 };
	char *some = box_alloc(PIECE);
	ssize_t r;

	while ((r = io_some(fd, some, PIECE)) > 0 && t->len + (size_t)r <= max)
		secret_add(t, some, (size_t)r);
	box_free(some);
	if (r > 0)
		errno = EFBIG;
	return r == 0 ? 0 : -1;
}

int
secret_line(struct secret *t, int fd, size_t max)
{
	char c = '\0';
	ssize_t r;

	/* One by one: what follows may be for somebody else. */
	while ((r = io_some(fd, &c, 1)) > 0 && c != '\n' && t->len < max)
		secret_add(t, &c, 1);
	if (r > 0 && c != '\n') {
		errno = EFBIG;
		r = -1;
	}
	c = '\0';
	return r < 0 ? -1 : 0;
}

/* While the terminal does not show what is typed. */
static struct {
	int fd;
	struct termios seen;
} tty;
static const int deadly[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
enum { DEADLY = sizeof deadly / sizeof deadly[0] };
static struct sigaction before[DEADLY];

static void
dying(int number)
{
	tcsetattr(tty.fd, TCSAFLUSH, &tty.seen);
	for (int i = 0; i < DEADLY; i++)
		sigaction(deadly[i], &before[i], NULL);
	raise(number);
}

static int
unseen_line(struct secret *t, const char *prompt, size_t max)
{
	struct sigaction die_well = { .sa_handler = dying }, ignore = { .sa_handler = SIG_IGN }, stop;
	struct termios unseen;
	int r;

	if (tcgetattr(tty.fd, &tty.seen) != 0)
		return -1;
	unseen = tty.seen;
	unseen.c_lflag &= ~(tcflag_t)ECHO;
	unseen.c_lflag |= ECHONL | ICANON | ISIG;
	for (int i = 0; i < DEADLY; i++) {
		sigaction(deadly[i], NULL, &before[i]);
		if (before[i].sa_handler != SIG_IGN)
			sigaction(deadly[i], &die_well, NULL);
	}
	/* Stopped, it would leave the terminal to a shell that does not show what is typed. */
	sigaction(SIGTSTP, &ignore, &stop);
	/* Before the prompt: whoever sees that may type at once. */
	r = tcsetattr(tty.fd, TCSAFLUSH, &unseen);
	if (r == 0)
		r = io_put(tty.fd, prompt, strlen(prompt));
	if (r == 0)
		r = secret_line(t, tty.fd, max);
	tcsetattr(tty.fd, TCSAFLUSH, &tty.seen);
	sigaction(SIGTSTP, &stop, NULL);
	for (int i = 0; i < DEADLY; i++)
		sigaction(deadly[i], &before[i], NULL);
	return r;
}

int
secret_ask(struct secret *t, const char *prompt, size_t max)
{
	int r, error;

	if ((tty.fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)) < 0)
		return -1;
	r = unseen_line(t, prompt, max);
	error = errno;
	close(tty.fd);
	errno = error;
	return r;
}

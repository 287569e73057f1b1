/* Run what speaks and exits in a child, with text on its stdin, and see what came of it. */
#ifndef CHILD_H
#define CHILD_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct child {
	int status;             /* exit status; 128 + a signal */
	char out[4096], err[4096];
};

static inline void
child_read(FILE *f, char *buf, size_t size)
{
	rewind(f);
	buf[fread(buf, 1, size - 1, f)] = '\0';
	fclose(f);
}

/* f runs to its end (exit status 0) or exits itself. */
static inline struct child
child_run(void (*f)(const void *), const void *arg, const char *in, size_t inlen)
{
	FILE *input = tmpfile(), *out = tmpfile(), *err = tmpfile();
	struct child c = { 0 };
	int status;
	pid_t pid;

	fwrite(in, 1, inlen, input);
	rewind(input);
	fflush(stdout);
	if ((pid = fork()) == 0) {
		dup2(fileno(input), 0);
		dup2(fileno(out), 1);
		dup2(fileno(err), 2);
		f(arg);
		exit(0);
	}
	waitpid(pid, &status, 0);
	c.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	child_read(out, c.out, sizeof c.out);
	child_read(err, c.err, sizeof c.err);
	fclose(input);
	return c;
}

#endif

#include "err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int err_level;

static const char *name = "?";

void
err_init(char *argv[])
{
	char *slash;

	if (argv[0] == NULL)
		return;
	if ((slash = strrchr(argv[0], '/')) != NULL)
		argv[0] = slash + 1;
	name = argv[0];
}

const char *
err_name(void)
{
	return name;
}

/* One write for one line, so that lines of a pipeline's programs do not mix. */
static void
say(int error, const char *fmt, va_list ap)
{
	char line[4096];
	size_t n;

	n = (size_t)snprintf(line, 256, "%.200s: ", name);
	vsnprintf(line + n, sizeof line - n - 1, fmt, ap);
	n = strlen(line);
	if (error != 0)
		snprintf(line + n, sizeof line - n - 1, ": %s", strerror(error));
	n = strlen(line);
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = '?';          /* a hostile name must not drive the terminal */
	line[n++] = '\n';
	fwrite(line, 1, n, stderr);
}

void
warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(0, fmt, ap);
	va_end(ap);
}

void
ewarn(const char *fmt, ...)
{
	int error = errno;
	va_list ap;

	va_start(ap, fmt);
	say(error, fmt, ap);
	va_end(ap);
}

void
note(int level, const char *fmt, ...)
{
	va_list ap;

	if (err_level < level)
		return;
	va_start(ap, fmt);
	say(0, fmt, ap);
	va_end(ap);
}

void
die(int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(0, fmt, ap);
	va_end(ap);
	exit(status);
}

void
edie(int status, const char *fmt, ...)
{
	int error = errno;
	va_list ap;

	va_start(ap, fmt);
	say(error, fmt, ap);
	va_end(ap);
	exit(status);
}

/*
 * Secret text that grows, in memory of box_alloc: a passphrase, the text of an
 * identity file.  All zero is an empty one; s is not ended by a NUL.
 */
#ifndef SECRET_H
#define SECRET_H

#include <stddef.h>

struct secret {
	char *s;
	size_t len;
	size_t room;
};

void secret_add(struct secret *, const void *bytes, size_t n);

/* All that fd gives, at most max bytes.  0; -1 and errno, EFBIG where there is more. */
int secret_read(struct secret *, int fd, size_t max);

/*
 * One line of fd without its newline, at most max bytes, and nothing read behind
 * it.  0; -1 and errno, EFBIG where it is longer.
 */
int secret_line(struct secret *, int fd, size_t max);

/*
 * A line that is typed at the terminal, unseen, behind prompt.  0; -1 and errno,
 * ENXIO where this process has no terminal.  A signal that ends the program puts
 * the terminal back first.
 */
int secret_ask(struct secret *, const char *prompt, size_t max);

/* Wipe it, free it and make it empty. */
void secret_free(struct secret *);

#endif

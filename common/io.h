/*
 * Whole reads and writes.  The only module that calls read and write on data:
 * interrupted calls are resumed and short ones continued, so that a slow pipe,
 * a file and a terminal give the same bytes with the same edges.
 */
#ifndef IO_H
#define IO_H

#include <stdint.h>
#include <sys/types.h>

/* Fill buf from fd.  Returns n, or less only at end of input; -1 and errno on error. */
ssize_t io_fill(int fd, void *buf, size_t n);

/* What is there now, at least one byte: returns its length, 0 at end of input, -1 and errno. */
ssize_t io_some(int fd, void *buf, size_t n);

/* Write all n bytes to fd.  Returns 0; -1 and errno on error. */
int io_put(int fd, const void *buf, size_t n);

/*
 * Up to n bytes from one file to another within the kernel.  Returns how many;
 * 0 where it cannot do that, or there are none: io_some and io_put will tell.
 */
size_t io_move(int in, int out, size_t n);

/* Whole reads and writes at a place in a file; the descriptor's offset stays. */
ssize_t io_fill_at(int fd, void *buf, size_t n, uint64_t offset);
int io_put_at(int fd, const void *buf, size_t n, uint64_t offset);

/*
 * Close a descriptor that was written to; -1 and errno where the last of the
 * data could not be kept.  0, 1 and 2 are closed too: call it once, at the end.
 */
int io_close(int fd);

#endif

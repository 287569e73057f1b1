/*
 * Memory or the end: a filter that has none left holds nothing worth unwinding,
 * so these say "out of memory" and exit with status 1 instead of returning NULL.
 * What they return is the caller's, for free().
 */
#ifndef MEM_H
#define MEM_H

#include <stddef.h>

void *mem_alloc(size_t n);                      /* zeroed */
void *mem_array(size_t count, size_t size);     /* zeroed; overflow is exhaustion */
void *mem_grow(void *p, size_t n);              /* realloc; what is new is not zeroed */
void *mem_pages(size_t n);                      /* begins on a page, so that read(2) is quick; not zeroed */
void mem_frugal(void);                          /* what is large goes back to the system when it is freed, and what was */
char *mem_copy(const char *s);                  /* strdup */
char *mem_format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Overwrite n bytes in a way that the compiler keeps: for keys. */
void mem_wipe(void *p, size_t n);

#endif

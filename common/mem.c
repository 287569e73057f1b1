#include "mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "err.h"

static void *
must(void *p)
{
	if (p == NULL)
		die(ST_FAIL, "out of memory");
	return p;
}

void *
mem_alloc(size_t n)
{
	return must(calloc(1, n != 0 ? n : 1));
}

void
mem_frugal(void)
{
#ifdef __GLIBC__
	/* Said once, glibc does not raise it any more to the sizes that it saw freed. */
	mallopt(M_MMAP_THRESHOLD, 1 << 17);
	malloc_trim(0);
#endif
}

void *
mem_pages(size_t n)
{
	return must(aligned_alloc(4096, (n + 4095) / 4096 * 4096));
}

void *
mem_array(size_t count, size_t size)
{
	return must(calloc(count != 0 ? count : 1, size != 0 ? size : 1));
}

void *
mem_grow(void *p, size_t n)
{
	return must(realloc(p, n != 0 ? n : 1));
}

char *
mem_copy(const char *s)
{
	return must(strdup(s));
}

char *
mem_format(const char *fmt, ...)
{
	va_list ap;
	char *s = NULL;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		s = NULL;
	va_end(ap);
	return must(s);
}

void
mem_wipe(void *p, size_t n)
{
	explicit_bzero(p, n);
}

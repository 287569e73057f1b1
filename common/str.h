/*
 * A string that grows.  All zero is an empty one; s is always ended by a NUL
 * once something was added, and belongs to the struct until str_free.
 */
#ifndef STR_H
#define STR_H

#include <stdbool.h>
#include <stddef.h>

struct str {
	char *s;
	size_t len;             /* without the NUL */
	size_t cap;
};

void str_add(struct str *, const void *bytes, size_t n);
void str_puts(struct str *, const char *s);
void str_format(struct str *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void str_clear(struct str *);           /* empty, memory kept */
void str_free(struct str *);            /* empty, memory given back */

/* "" where nothing was ever added. */
const char *str_get(const struct str *);

/*
 * The escapes of index and ledger: tab, newline and backslash become \t \n \\,
 * other control bytes \ooo; with ascii, so does every byte above 0x7e, and the
 * space at either end (an archive description may hold neither).
 * str_unescape returns false, and leaves what it had added, where s is not
 * something that str_escape wrote.
 */
void str_escape(struct str *, const char *s, size_t n, bool ascii);
bool str_unescape(struct str *, const char *s, size_t n);

#endif

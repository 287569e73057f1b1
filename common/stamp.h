/*
 * Moments to the millisecond, as milliseconds since 1970, and as the vault
 * service writes them: 2012-03-20T17:03:43.221Z.
 */
#ifndef STAMP_H
#define STAMP_H

#include <stdbool.h>
#include <stdint.h>

enum { STAMP = 25 };                    /* size of a buffer, NUL included */

int64_t stamp_now(void);                /* the only clock here */
void stamp_shift(int64_t ms);           /* which is so much ahead of the machine's from now on */

enum { STAMP_HTTP = 30 };
void stamp_http(char out[STAMP_HTTP], int64_t ms);      /* Fri, 21 Dec 2012 00:00:00 GMT */
void stamp_put(char out[STAMP], int64_t ms);

/* Read such a moment, or one in whole seconds; false where it is none. */
bool stamp_get(int64_t *ms, const char *s);

/* Read 20120320T170343Z as SigV4 writes it, in milliseconds too. */
bool stamp_basic(int64_t *ms, const char *s);

#endif

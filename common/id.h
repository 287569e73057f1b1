/*
 * The opaque names that the vault service gives to archives, uploads and jobs:
 * so many characters of A-Z a-z 0-9 - _, and the first may be '-'.
 */
#ifndef ID_H
#define ID_H

#include <stdbool.h>
#include <stddef.h>

enum { ID_ARCHIVE = 138, ID_UPLOAD = 92, ID_JOB = 92, ID_REQUEST = 47 };

/* From now on each begins with '-'. */
void id_dashes(void);

/* n random characters and a NUL. */
void id_new(char *out, size_t n);

/* n characters that follow from seed alone, and begin as it does. */
void id_derive(char *out, size_t n, const char *seed);

/* Could s be an id of n characters? */
bool id_valid(const char *s, size_t n);

#endif

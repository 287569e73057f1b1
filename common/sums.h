/*
 * Lines of a checksum list, as sha256sum writes and reads them: 64 digits, two
 * blanks (or blank and '*'), the name.  Where lines end with '\n', a name that
 * holds a backslash, a newline or a carriage return is written escaped, and the
 * line begins with a backslash (coreutils manual, "md5sum invocation").
 */
#ifndef SUMS_H
#define SUMS_H

#include <stdbool.h>
#include <stddef.h>

#include "sha256.h"
#include "str.h"

/* Append the line without its end; end says which end it will get. */
void sums_format(struct str *, const uint8_t hash[SHA256_SIZE], const char *name, char end);

/*
 * Take a line of n bytes apart; *name is put into name as it was before
 * sums_format.  false: it is not such a line, and name is left empty.
 */
bool sums_parse(const char *line, size_t n, char end, uint8_t hash[SHA256_SIZE], struct str *name);

/*
 * The same of a list that passed through other hands, where sha256sum -c is lenient:
 * blanks before it, upper-case digits, and where end is '\n' a '\r' behind it.
 */
bool sums_parse_loosely(const char *line, size_t n, char end, uint8_t hash[SHA256_SIZE], struct str *name);

/* Append the name as a line may hold it, a backslash before it where it had to be escaped. */
void sums_name(struct str *, const char *name, char end);

#endif

/*
 * Two text formats of settings that others have laid down: the INI of the AWS
 * tools (~/.aws/config, ~/.aws/credentials) and Java's properties.  Pure: text
 * in, a value out.  What a line means is found anew at each look-up, so there is
 * nothing to free.
 */
#ifndef CONF_H
#define CONF_H

#include <stdbool.h>
#include <stddef.h>

#include "str.h"

/*
 * The value of key in [section] of n bytes of INI: blanks around names and values
 * do not count, a line that begins with # or ; is a comment, and so is what
 * follows a blank and one of them.  sub names a key of the indented lines under
 * key, or is NULL.  Where a key is there twice, the last one counts.  Replaces
 * *value; false where there is none.
 */
bool conf_ini(const char *text, size_t n, const char *section, const char *key, const char *sub, struct str *value);

/* Is there such a section? */
bool conf_ini_section(const char *text, size_t n, const char *section);

/* The value of key in n bytes of Java properties (java.util.Properties.load).  Replaces *value. */
bool conf_properties(const char *text, size_t n, const char *key, struct str *value);

#endif

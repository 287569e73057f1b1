/*
 * What is kept of an object beside its bytes: headers, as one text of lines'
 * fields ("\tname=value\tname=value", escaped as str.h does), so that a log takes
 * it as it is.
 */
#ifndef ATTRS_H
#define ATTRS_H

#include "str.h"

void attrs_put(struct str *attrs, const char *name, const char *value);
char *attrs_get(const char *attrs, const char *name);   /* for free(); NULL: there is none */

typedef void attrs_call(void *shared, const char *name, const char *value);
void attrs_each(const char *attrs, attrs_call *, void *shared);

#endif

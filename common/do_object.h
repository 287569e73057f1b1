/* The calls of the S3 service about one object. */
#ifndef DO_OBJECT_H
#define DO_OBJECT_H

#include "s3call.h"

enum { OBJECT_MAX_GIB = 5 };            /* of a body */

/*
 * What a new object is to be: its class, and the attributes that the headers give
 * it.  false and refused.  class points to what lives as long as the request.
 */
bool do_object_settings(struct s3call *, const char **class, struct str *attrs);

/* May this be put only where nothing is (If-None-Match: *)?  false and refused, also where something is. */
bool do_object_condition(struct s3call *, bool *only_new);

bool do_object_expect(struct s3call *);         /* a body is to come */
void do_object_put(struct s3call *);
void do_object_get(struct s3call *);            /* and HEAD */
void do_object_remove(struct s3call *);
void do_object_restore(struct s3call *);
void do_object_tags(struct s3call *);
void do_object_tag(struct s3call *);            /* other tags */
void do_object_untag(struct s3call *);          /* none */

#endif

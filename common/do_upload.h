/* The calls of the vault service that are about uploads in parts. */
#ifndef DO_UPLOAD_H
#define DO_UPLOAD_H

#include "call.h"

void do_upload_begin(struct call *);
void do_upload_list(struct call *);             /* the uploads */
void do_upload_parts(struct call *);            /* the parts of one */
bool do_upload_expect_part(struct call *);      /* its headers are in: refuse, or be ready for its body */
void do_upload_part(struct call *);
bool do_upload_broken(struct call *, int error);         /* refuse a part that could not be kept */
void do_upload_complete(struct call *);
void do_upload_abort(struct call *);

#endif

/* The calls of the S3 service about uploads in parts. */
#ifndef DO_MULTIPART_H
#define DO_MULTIPART_H

#include "s3call.h"

void do_multipart_begin(struct s3call *);
bool do_multipart_expect(struct s3call *);      /* a part is to come */
void do_multipart_put(struct s3call *);
void do_multipart_parts(struct s3call *);
void do_multipart_list(struct s3call *);
void do_multipart_complete(struct s3call *);
void do_multipart_abort(struct s3call *);

#endif

/* The calls of the S3 service about buckets and what is in them. */
#ifndef DO_BUCKET_H
#define DO_BUCKET_H

#include "s3call.h"

void do_bucket_list(struct s3call *);
void do_bucket_create(struct s3call *);
void do_bucket_head(struct s3call *);
void do_bucket_delete(struct s3call *);
void do_bucket_location(struct s3call *);
void do_bucket_versioning(struct s3call *);
void do_bucket_objects(struct s3call *);        /* both versions of the list */
void do_bucket_remove(struct s3call *);         /* many objects */

#endif

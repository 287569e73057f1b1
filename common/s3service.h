/*
 * The S3 service: HTTP requests in, what bucket.h keeps out.  As service.h does
 * for vaults, it refuses what AWS would refuse, with AWS's codes and words.
 */
#ifndef S3SERVICE_H
#define S3SERVICE_H

#include "bucket.h"
#include "httpd.h"
#include "service.h"

struct s3service;

/* All of the options and the buckets must outlive it. */
struct s3service *s3service_new(const struct service_options *, struct buckets *);
void s3service_free(struct s3service *);

/* For httpd_start, with the service as what is shared. */
extern const struct httpd_calls s3service_calls;

#endif

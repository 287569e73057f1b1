/*
 * Several services behind one port: which of them a request is for, the one that
 * it is signed for says, or its path where it is not signed.
 */
#ifndef FRONT_H
#define FRONT_H

#include "httpd.h"
#include "s3service.h"
#include "service.h"

struct front {
	struct service *vaults;
	struct s3service *buckets;
};

/* For httpd_start, with a struct front as what is shared. */
extern const struct httpd_calls front_calls;

#endif

/*
 * The Glacier vault service, version 2012-06-01: HTTP requests in, what
 * vault.h keeps out.  It refuses what AWS would refuse, with AWS's codes and,
 * where they are known, AWS's words.
 */
#ifndef SERVICE_H
#define SERVICE_H

#include <stdint.h>

#include "auth.h"
#include "httpd.h"
#include "vault.h"

struct service_options {
	struct auth_keys keys;
	const char *account;            /* 12 digits */
	int64_t thaw, keep;             /* milliseconds: until a job is ripe, and how long it lives then */

	/* Called for each request; error is NULL where it was answered well, errnum is not 0 where this machine failed. */
	void (*report)(const char *method, const char *target, int status, const char *error, int errnum);
};

struct service;

/* All of the options and the vaults must outlive it. */
struct service *service_new(const struct service_options *, struct vaults *);
void service_free(struct service *);

/* For httpd_start, with the service as what is shared. */
extern const struct httpd_calls service_calls;

#endif

/*
 * The Glacier vault service, version 2012-06-01: HTTP requests in, what
 * vault.h keeps out.  It refuses what AWS would refuse, with AWS's codes and,
 * where they are known, AWS's words.
 */
#ifndef SERVICE_H
#define SERVICE_H

#include <stdint.h>

#include "auth.h"
#include "fault.h"
#include "httpd.h"
#include "vault.h"

enum { TIER_EXPEDITED, TIER_STANDARD, TIER_BULK, TIERS };

struct service_options {
	struct auth_keys keys;
	const char *account;            /* 12 digits */
	int64_t thaw[TIERS];            /* milliseconds until what was asked for is there */
	int64_t job_life;               /* how long a vault's job lives then */
	int64_t upload_life;            /* and an upload to a vault in which nothing happens */
	int64_t inventory;              /* a vault's inventory is as of a multiple of this, 0: as of now */
	int64_t day;                    /* how long a day is for which a bucket keeps a copy */

	struct faults *faults;          /* NULL: nothing fails on demand */

	/*
	 * Called for each request: fault is the way in which it was made to fail, or NULL; status is 0 where there
	 * was no answer; error is NULL where it was answered well; errnum is not 0 where this machine failed.
	 */
	void (*report)(const char *method, const char *target, const char *fault, int status, const char *error, int errnum);
	void (*complain)(const char *what);             /* of the rules for faults */
};

struct service;

/* All of the options and the vaults must outlive it. */
struct service *service_new(const struct service_options *, struct vaults *);
void service_free(struct service *);

/* For httpd_start, with the service as what is shared. */
extern const struct httpd_calls service_calls;

#endif

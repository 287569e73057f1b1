/*
 * Jobs of a vault.  Beginning one is not repeated where the service may have done it,
 * because a job is paid for: the list of jobs is looked into first.
 */
#ifndef REMOTE_JOB_H
#define REMOTE_JOB_H

#include "remote.h"

/* What the list of jobs says of one. */
enum store_state remote_job_state(const struct json *);

/* Is what a job was asked to do being done?  For when the answer was lost. */
typedef enum store_rc remote_job_looks(struct remote *, unsigned lane, void *with, bool *is, struct str *why);

/* Begin a job with these parameters, which are freed. */
enum store_rc remote_job_begin(struct remote *, unsigned lane, struct json *, remote_job_looks *, void *with, struct str *why);

#endif

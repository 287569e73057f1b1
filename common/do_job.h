/* The calls of the vault service that are about retrieval jobs. */
#ifndef DO_JOB_H
#define DO_JOB_H

#include "call.h"

void do_job_begin(struct call *);
void do_job_describe(struct call *);
void do_job_list(struct call *);
void do_job_output(struct call *);

#endif

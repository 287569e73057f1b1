/*
 * Retrieval jobs, of one vault.  Each is a directory that appears whole: job, a
 * JSON object of what was asked for and when, and output, which is there from
 * the beginning although the job tells nobody before it is ripe.  The archive
 * and the job share the file, so that an archive may be deleted meanwhile.  For
 * use from several threads.
 */
#ifndef JOB_H
#define JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "id.h"

struct jobs;                    /* all of one vault */

/* What is NULL or false does not apply.  Times in milliseconds. */
struct job {
	char id[ID_JOB + 1];
	int64_t created, ripe;
	bool inventory, failed;         /* failed: once it is ripe */
	char *description, *topic, *tier;
	uint64_t first, last;           /* of the archive, or of the inventory as a file */

	char *archive;                  /* of an archive's job */
	uint64_t archive_size;
	char *archive_tree, *tree;      /* 64 digits; of the range, where it has one */
	char *archive_description;

	char *format;                   /* of an inventory's job */
	char *from, *to, *limit, *marker, *next;

	unsigned refs;                  /* job.c's */
	uint64_t number;
};

struct jobs *jobs_open(int dir);                /* what is in the directory; NULL and errno */
void jobs_close(struct jobs *);                 /* NULL is allowed */

/*
 * Add j, which mem_alloc made and which has all but id: becomes theirs, and must
 * be dropped too.  Its output is the file name in the directory dir: moved, or
 * with share linked.  0; -1 and errno, and j is freed.
 */
int job_add(struct jobs *, struct job *j, int dir, const char *name, bool share);

struct job *job_find(struct jobs *, const char *id);    /* to be dropped; NULL: none */
void job_drop(struct job *);                            /* NULL is allowed */
void job_free(struct job *);                            /* one that was never added */

/* The oldest whose number is not below ${from}.  NULL: none. */
struct job *job_next(struct jobs *, uint64_t from);

/* Forget the one of this id, if it is there. */
void job_forget(struct jobs *, const char *id);

/* Forget those that were ripe before this moment. */
void jobs_expire(struct jobs *, int64_t ripe_before);

int job_output(struct jobs *, const struct job *);      /* a descriptor to read; -1 and errno */

#endif

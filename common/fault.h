/*
 * Failures on demand: rules that say which calls of a service fail, when, and how.
 *
 *	CALL[@WHEN]=WAY[,WAY...]
 *
 * CALL is the name of an operation (UploadMultipartPart) or a pattern of the
 * shell (List*).  WHEN is a count of the calls that match, from 1: 3, 3-5 or 3-;
 * or a rate: 20%.  Without it each call fails.  Of several ways one is drawn.
 * What is drawn follows from the seed, the rule's place and the count alone, so
 * that a run can be repeated.  The man page of vaultd has the ways.  For use from
 * several threads.
 */
#ifndef FAULT_H
#define FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "str.h"

enum fault_kind {
	FAULT_NONE,

	/* An error instead of the work.  The words are the service's. */
	FAULT_500, FAULT_503, FAULT_408, FAULT_THROTTLE, FAULT_CAPACITY, FAULT_CLOSED, FAULT_DENIED, FAULT_LIMIT,
	FAULT_POLICY, FAULT_TOKEN,
	FAULT_ERROR,                    /* this status and code */

	FAULT_RESET,                    /* the connection ends after n bytes of the body, without the work */
	FAULT_LOST,                     /* the work is done, the connection ends without an answer */

	/* The work is done, the answer is bad. */
	FAULT_CORRUPT,                  /* a byte of it is another */
	FAULT_CUT,                      /* the connection ends after n bytes of its body */
	FAULT_HANG,                     /* it comes n seconds late */
	FAULT_HASH,                     /* its header with the hash is wrong */
	FAULT_LATE,                     /* it is an error behind a status of 200 */
	FAULT_NO_HASH,                  /* it lacks that header */
	FAULT_SHORT,                    /* its body has n bytes, and says so */
	FAULT_SLOW,                     /* its body comes at n bytes a second */

	/* The service is in another state. */
	FAULT_EXPIRE,                   /* the job or upload that is named has gone */
	FAULT_FAIL,                     /* the job that is begun will fail */
	FAULT_PAGE                      /* a list has up to n items a page */
};

enum { FAULT_CODE = 64 };
#define FAULT_HALF UINT64_MAX           /* n of FAULT_CUT and FAULT_SHORT: half of what there is */

struct fault {
	enum fault_kind kind;
	uint64_t n;
	int status;                     /* with FAULT_ERROR, and its code */
	char code[FAULT_CODE];
};

struct faults;

struct faults *faults_new(uint64_t seed);
void faults_free(struct faults *);      /* NULL is allowed */

/* Add a rule.  false: it is none, and why is appended. */
bool faults_add(struct faults *, const char *rule, struct str *why);

/*
 * Take more rules from a file, one a line ('#' begins a comment): now, and again
 * whenever it was changed, with all counts of its rules at nothing.  A file that
 * has gone has no rules.  false, and why is appended: a line is no rule, or the
 * file cannot be read.
 */
bool faults_file(struct faults *, const char *path, struct str *why);

/* How this call is to fail.  Where the file was changed and is bad, its old rules stand and why is appended to. */
struct fault faults_pick(struct faults *, const char *call, struct str *why);

const char *fault_name(enum fault_kind);        /* as in a rule; not of FAULT_NONE */

#endif

/*
 * What was about to become an archive: beside a ledger, "LEDGER.pending" has a line
 * for each upload whose last step was asked for, and goes when all of them are in
 * the ledger.  A program that dies between the service's doing it and the ledger's
 * line would else store the archive twice, because a vault cannot be asked what it
 * got today; the next run asks for the last step again, which makes no second one.
 *
 * Lines are those of a ledger with the upload's id in place of the archive's.  Each
 * program that writes the same ledger at the same time has a file of its own, which
 * it locks ("LEDGER.pending.2"); what an ended one has left anyone may take over.
 */
#ifndef PENDING_H
#define PENDING_H

#include <stddef.h>

#include "ledger.h"

struct pending;

/* For the ledger at path.  NULL and errno. */
struct pending *pending_open(const char *path);

/* What ended programs have left: line i, valid until pending_settled; NULL where there are not so many. */
const struct ledger_line *pending_left(const struct pending *, size_t i);

/* All of that is dealt with: forget it.  0, or -1 and errno. */
int pending_settled(struct pending *);

/* Put a line there, durably.  From any thread.  0, or -1 and errno. */
int pending_add(struct pending *, const struct ledger_line *);

/* All that was put there is in the ledger.  0, or -1 and errno. */
int pending_clear(struct pending *);

/* Remove the file if nothing is pending; NULL is allowed. */
void pending_close(struct pending *);

#endif

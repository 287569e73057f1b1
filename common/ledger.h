/*
 * The ledger: a text file, one line an archive, six fields between tabs:
 *
 *   time  store  name  size  treehash  id
 *
 * time is when the service had acknowledged the whole (UTC, RFC 3339), store is
 * "glacier:VAULT", size is decimal bytes, treehash 64 digits.  Fields are escaped
 * by str_escape, all ASCII.  Lines are only ever added: sort, join and awk work
 * on it, and what stands further down is newer.
 *
 * A line with "-" for size and treehash says that the archive of that store and id is
 * removed, since time.  It is written before the archive is, so that no line
 * promises what may be gone.
 *
 * A line is added by one write and an fsync, under a lock that keeps two writers
 * apart.  A last line without its end is what a crash left of one: it was never
 * acknowledged to anybody, so the next writer removes it and a reader passes over it.
 */
#ifndef LEDGER_H
#define LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "date.h"
#include "sha256.h"
#include "str.h"

struct ledger_line {
	char time[DATE_RFC3339];
	struct str store, name, id;     /* as they are, not escaped */
	uint64_t size;
	uint8_t hash[SHA256_SIZE];
	bool gone;                      /* the archive is removed; size and hash mean nothing */
};

void ledger_line_free(struct ledger_line *);

/* Append the line without its end. */
void ledger_format(struct str *, const struct ledger_line *);

/* Take n bytes (without the end) apart; false where they are no such line.  l is overwritten. */
bool ledger_parse(const char *line, size_t n, struct ledger_line *l);

enum ledger_rc {
	LEDGER_OK,
	LEDGER_NONE,            /* nothing there by that name */
	LEDGER_FOREIGN,         /* ledger_number tells which line is not one of a ledger */
	LEDGER_IO               /* see errno */
};

struct ledger;

/*
 * Open path; to write, it is created where it is not there.  All of its lines are
 * checked once.  *l is made where the answer is LEDGER_OK or LEDGER_FOREIGN.
 */
enum ledger_rc ledger_open(const char *path, bool write, struct ledger **l);
void ledger_close(struct ledger *);             /* NULL is allowed */

/* The newest line with that name, or that id, and of that store where store is not NULL; never one of what is removed. */
enum ledger_rc ledger_find(struct ledger *, const char *store, const char *name, struct ledger_line *l);
enum ledger_rc ledger_find_id(struct ledger *, const char *store, const char *id, struct ledger_line *l);

/* Add a line, durably: LEDGER_OK or LEDGER_IO, with the file as it was before. */
enum ledger_rc ledger_add(struct ledger *, const struct ledger_line *);

unsigned long ledger_number(const struct ledger *);     /* the line that the last answer is about */

/* Did the file end in the middle of a line when it was last gone through? */
bool ledger_cut(const struct ledger *);

#endif

/*
 * What a program says on stderr and how it ends: "name: subject: reason", one
 * line, lower case, no full stop.  Used by cmd/; common/ returns its errors.
 */
#ifndef ERR_H
#define ERR_H

#include <stdbool.h>

enum {
	ST_FAIL = 1,            /* failed */
	ST_USAGE = 2,           /* called wrongly */
	ST_LEFT = 3,            /* done, but something was left out and said */
	ST_AGAIN = 75,          /* not yet, run me again: sysexits' EX_TEMPFAIL */
	ST_CRED = 77            /* credentials: sysexits' EX_NOPERM */
};

/* Take the program's name from argv[0] and shorten it there, for getopt's messages too. */
void err_init(char *argv[]);

/* The program's name. */
const char *err_name(void);

/* -v makes it 1 and more, -q makes it -1; 0 at the start. */
extern int err_level;

/* A line on stderr; the e-forms add ": " and strerror(errno). */
void warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void ewarn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The same where err_level is at least level. */
void note(int level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A line on stderr, then exit with status. */
_Noreturn void die(int status, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
_Noreturn void edie(int status, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif

/*
 * What all command lines have in common.  Speaks for the program: a bad value
 * exits with status 2 and a message that names the option and what it takes.
 */
#ifndef OPT_H
#define OPT_H

#include <stdbool.h>
#include <stdint.h>

/* A decimal number from min to max; name is the option as the user typed it ("-T"). */
uint64_t opt_uint(const char *name, const char *arg, uint64_t min, uint64_t max);

/* The same in bytes, with an optional k, K, M, G or T (1024-based) behind the number. */
uint64_t opt_size(const char *name, const char *arg, uint64_t min, uint64_t max);

/* "FIRST-LAST", bytes counted from 0, both inclusive. */
struct opt_range {
	uint64_t first, last;
};
struct opt_range opt_range(const char *name, const char *arg);

/* Print the usage: on stderr with status 2, or as -h on stdout with status 0. */
_Noreturn void opt_usage(const char *usage);
_Noreturn void opt_help(const char *usage);

/* -V */
_Noreturn void opt_version(void);

/* Refuse (status 2) to read or write what is not text on a terminal. */
void opt_not_terminal(int fd, const char *what);

/*
 * The long options that every program has, for getopt_long's table; their short
 * letters are "hqvV".  opt_common acts on one of them; false: it is not common.
 */
#define OPT_COMMON \
	{ "help", 0, NULL, 'h' }, { "quiet", 0, NULL, 'q' }, { "verbose", 0, NULL, 'v' }, \
	{ "version", 0, NULL, 'V' }, { "progress", 0, NULL, OPT_PROGRESS }, { 0 }
enum { OPT_PROGRESS = 0x1000, OPT_LONG };       /* a program's own long-only options start at OPT_LONG */
bool opt_common(int c, const char *usage);

#endif

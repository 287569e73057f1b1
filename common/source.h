/*
 * The bytes of an age file from a descriptor: armor, where there is some, is
 * taken off, and what was looked at too early is not lost.  Memory is constant
 * but for what source_more is asked to look ahead.
 *
 * Armor that turns out to be malformed ends the bytes like the end of the input
 * does; source_armor tells the difference afterwards.
 */
#ifndef SOURCE_H
#define SOURCE_H

#include <stdbool.h>
#include <sys/types.h>

#include "armor.h"

struct source;

/* The descriptor stays the caller's. */
struct source *source_new(int fd);

/* Wipes what it held; NULL is allowed. */
void source_free(struct source *);

/* Take off armor where the input begins with it.  Before anything is read; else the bytes are as they are. */
void source_detect(struct source *);

/* Is it in armor?  Known once something was read. */
bool source_armored(const struct source *);

/* ARMOR_OK, or what is wrong with the armor, and in which of its lines. */
enum armor_rc source_armor(const struct source *, unsigned long *line);

/* Fill buf.  Returns n, or less only at the end; -1 and errno. */
ssize_t source_fill(struct source *, void *buf, size_t n);

/* Is this the end?  1; 2 where only the armor breaks off here; 0; or -1 and errno. */
int source_ended(struct source *);

/*
 * Pass over the next n bytes, for another thread to read them with io_fill_at from
 * place on: where they stand in a regular file, without armor, and are not its last
 * ones.  Else false, and nothing is passed over.
 */
bool source_claim(struct source *, size_t n, uint64_t *place);

/* Look at some more bytes ahead: 1, 0 at the end, or -1 and errno. */
int source_more(struct source *);

/* The *n bytes that were looked at and not read: valid until the next call. */
const char *source_ahead(const struct source *, size_t *n);

/* Read that many of them. */
void source_skip(struct source *, size_t n);

#endif

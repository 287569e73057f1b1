/*
 * Age files through one pool of threads, one behind the other.  Threads and
 * buffers are kept over all of them, and several are on their way at one time:
 * while one is written, those behind it are worked on and the next one is read.
 * What goes in by sealer_begin and sealer_read comes out by sealer_take, in the
 * same order.  Memory is bounded whatever the files and the threads are.
 *
 * All calls come from one thread.  The loop that a program needs: while there is
 * room, begin a file or read some more of it; then take a piece and write it.
 */
#ifndef SEALER_H
#define SEALER_H

#include "age.h"
#include "armor.h"
#include "seal.h"

struct sealer;

/* Called when a file is sealed with a passphrase and there is none in the keys: it may put one there. */
typedef void sealer_ask(void *);

/* To seal to keys, or to open with them; they and what they point to stay.  ask may be NULL. */
struct sealer *sealer_new(bool open, unsigned threads, const struct age_keys *keys, sealer_ask *ask, void *asked);

/* Drops what is on its way; NULL is allowed. */
void sealer_free(struct sealer *);

/* Is there room to read, is a file being read, is any on its way? */
bool sealer_room(struct sealer *);
bool sealer_reading(const struct sealer *);
bool sealer_busy(const struct sealer *);

/* Begin a file, which is read from fd: closed when it was.  A negative fd gives a file of which only the end comes out. */
void sealer_begin(struct sealer *, int fd, void *file);

/* Read some of the file that was begun last, while there is room. */
void sealer_read(struct sealer *);

/* What is wrong with a file. */
struct sealer_fault {
	enum { SEALER_FINE, SEALER_READ, SEALER_ARMOR, SEALER_HEADER, SEALER_PAYLOAD } kind;
	int error;                      /* errno, of SEALER_READ and of AGE_MEMORY */
	enum armor_rc armor;
	enum age_rc header;             /* sealing: AGE_HEADER where the recipients are too many */
	enum seal_rc payload;
	uint64_t place;                 /* the line of the armor or the header; the byte where a payload's damage begins */
};

/* A piece of output: first the head, then the body.  Valid until the next call. */
struct sealer_piece {
	void *file;
	const char *head;
	const uint8_t *body;
	size_t headlen, bodylen;
	bool end;                       /* it is the last one of its file, */
	struct sealer_fault fault;      /* which ended like this */
};

/* The next one, waited for; false where no file is on its way. */
bool sealer_take(struct sealer *, struct sealer_piece *);

#endif

/*
 * The stanzas of an age header (C2SP, age.md, "Recipient stanza"): "-> " and
 * arguments, the first of which is the type, then a body in unpadded base64, in
 * lines of 64 and a last one that is shorter, be it empty.  Pure.
 */
#ifndef STANZA_H
#define STANZA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "box.h"
#include "str.h"

enum {
	AGE_FILE_KEY = 16,
	STANZA_BODY = AGE_FILE_KEY + BOX_TAG,   /* the body of each type that is known here */
	STANZA_ARGS = 4                         /* and more arguments than any of them has */
};

struct stanza {
	struct {
		const char *s;                  /* in the header's text */
		size_t len;
	} arg[STANZA_ARGS];
	size_t args;                            /* how many there are; the first STANZA_ARGS are kept */
	uint8_t body[STANZA_BODY];
	size_t len;                             /* of the body; the first STANZA_BODY bytes are kept */
};

enum stanza_rc {
	STANZA_OK,
	STANZA_END,             /* no stanza: the line begins with "---" */
	STANZA_MORE,            /* good so far, but it goes on behind these bytes */
	STANZA_BAD              /* breaks the grammar */
};

/*
 * Read the stanza at *text, and move *text behind it; *line counts the lines that
 * were read.  With STANZA_BAD *line is the one at fault.
 */
enum stanza_rc stanza_get(struct stanza *, const char **text, const char *end, unsigned long *line);

/* Is it of this type? */
bool stanza_is(const struct stanza *, const char *type);

/* Argument number i as exactly n bytes in canonical base64. */
bool stanza_bytes(const struct stanza *, size_t i, void *out, size_t n);

/* Append one whose body is the file key, closed. */
void stanza_put(struct str *out, const char *args, const uint8_t body[STANZA_BODY]);

/* What a key finds when it tries a stanza. */
enum stanza_fit {
	STANZA_OTHER,           /* it is for some other key, or of some other type */
	STANZA_BROKEN,          /* it is of this type, and not as this type must be */
	STANZA_OPEN             /* the file key is open */
};

#endif

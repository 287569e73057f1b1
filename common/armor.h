/*
 * ASCII armor (C2SP, age.md, "ASCII armor"; RFC 7468, strict): padded base64 in
 * lines of 64 between a line that begins it and one that ends it.  LF and CRLF
 * both end a line, and white space may stand before and behind; nothing else is
 * taken that armor_put would not write.  Pure.
 */
#ifndef ARMOR_H
#define ARMOR_H

#include <stddef.h>
#include <stdint.h>

#include "str.h"

#define ARMOR_BEGIN "-----BEGIN AGE ENCRYPTED FILE-----"
#define ARMOR_END "-----END AGE ENCRYPTED FILE-----"

enum { ARMOR_COLUMNS = 64, ARMOR_BYTES = ARMOR_COLUMNS / 4 * 3 };

/* Append n bytes as lines, each ended; only the last call of a text may come with n not a multiple of ARMOR_BYTES. */
void armor_put(struct str *out, const uint8_t *bytes, size_t n);

enum armor_rc {
	ARMOR_OK,
	ARMOR_LEAD,             /* something else comes first */
	ARMOR_MARK,             /* the first line is not ARMOR_BEGIN */
	ARMOR_LINE,             /* a line that armor_put would not write here */
	ARMOR_TAIL,             /* something comes after ARMOR_END */
	ARMOR_CUT               /* the input ends without ARMOR_END */
};
const char *armor_strerror(enum armor_rc);

/* All zero at the start. */
struct armor {
	enum { ARMOR_BEFORE, ARMOR_BODY, ARMOR_SHORT, ARMOR_AFTER } state;
	unsigned long line;     /* how many were read */
};

/*
 * Read the next line, its newline taken off: *got bytes come of it.  A line of
 * more than ARMOR_COLUMNS + 1 may be given cut.
 */
enum armor_rc armor_line(struct armor *, const char *line, size_t n, uint8_t out[ARMOR_BYTES], size_t *got);

/* May the input end here? */
enum armor_rc armor_end(const struct armor *);

#endif

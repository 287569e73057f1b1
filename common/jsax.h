/*
 * JSON (RFC 8259) as events, for what is too long to be kept as a tree: text goes
 * in by pieces of any size, and each value is told of as soon as it is whole.
 * Memory is that of the longest string, which is bounded, whatever the text's length.
 *
 * As in json.h a text is one object or array, and a string holds no NUL.  Bytes
 * above 0x7f pass as they are.
 */
#ifndef JSAX_H
#define JSAX_H

#include <stdbool.h>
#include <stddef.h>

enum { JSAX_DEPTH = 64, JSAX_TEXT = 64 << 10 };        /* values inside values; bytes in one string or number */

enum jsax_event {
	JSAX_OBJECT, JSAX_ARRAY,        /* one begins */
	JSAX_END,                       /* the innermost one ends */
	JSAX_KEY,                       /* its value follows */
	JSAX_STRING, JSAX_NUMBER,
	JSAX_WORD                       /* true, false, null */
};

/*
 * text is ended by a NUL and gone after the call; it is "" for what begins or
 * ends.  depth counts the objects and arrays that the thing is inside of.
 * false stops it all.
 */
typedef bool jsax_tell(void *with, enum jsax_event, unsigned depth, const char *text);

struct jsax;

struct jsax *jsax_new(jsax_tell *, void *with);
void jsax_free(struct jsax *);          /* NULL is allowed */

/* The next n bytes.  false, then and ever after: they are not JSON, too deep, too long, or tell said so. */
bool jsax_feed(struct jsax *, const char *text, size_t n);

/* Is the text whole, so that it may end here? */
bool jsax_whole(const struct jsax *);

#endif

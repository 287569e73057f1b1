/*
 * XML by expat, in the little that S3 needs of it: a stream of elements with
 * text, no attributes, no entities of its own, no document type.  For bytes from
 * anybody: depth, length of text and number of elements are bounded.
 */
#ifndef XML_H
#define XML_H

#include <stdbool.h>
#include <stddef.h>

#include "str.h"

enum { XML_DEPTH = 16, XML_TEXT = 1 << 14, XML_ELEMENTS = 1 << 18 };

/*
 * An element has ended.  path is where it stands, without prefixes of name
 * spaces ("ListBucketResult/Contents/Key"); text is what it holds itself, "" where
 * that is nothing but other elements.  false ends the parser.
 */
typedef bool xml_element(void *shared, const char *path, const char *text);

struct xml;

struct xml *xml_new(xml_element *, void *shared);
void xml_free(struct xml *);            /* NULL is allowed */

/* The next n bytes.  false, from then on: they are no XML, go beyond a limit, or the call returned false. */
bool xml_add(struct xml *, const void *bytes, size_t n);

/* There are no more.  false: as above, or it is not at its end. */
bool xml_end(struct xml *);

/* All at once. */
bool xml_parse(const char *text, size_t n, xml_element *, void *shared);

/* Add <name>text</name>, or only text, with what XML demands in place of < > & and of bytes that it cannot hold. */
void xml_put(struct str *, const char *name, const char *text);
void xml_text(struct str *, const char *text);

#endif

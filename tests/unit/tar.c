/* tar.h: headers of every dialect, and what must not pass for one. */
#include <stdlib.h>
#include <string.h>

#include "tar.h"

#include "tap.h"

enum magic { V7, USTAR, GNU, STAR };

/* A header block, its fields as they stand there ("" is a field of NULs), and the data of an extended header behind it. */
struct head {
	char type;
	const char *name, *size;
	const char *link, *mode, *uid, *gid, *mtime, *uname, *gname, *prefix;
	const char *pax;                /* records without their lengths, each ended by '\n' */
	const char *body;               /* or bytes as they are; size counts */
	struct { int at; const char *bytes; } also[5];
};

struct row {
	const char *label;
	enum magic magic;
	struct head head[3];
	const char *error;              /* NULL: it is good, and this is what it says: */
	char type;
	uint64_t data, size, maybe;
	int mode;
	int64_t mtime;
	const char *owner, *path, *link;
};

#define H100 "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"

static const struct row rows[] = {
	/* The dialects. */
	{ "v7", V7, { { .type = '\0', .name = "a", .size = "00000000012 ", .mode = "000644 \0", .uid = "000001 ", .gid = "000002 ", .mtime = "00000000001 ", .uname = "no" } },
	    .type = '0', .data = 10, .size = 10, .mode = 0644, .mtime = 1, .owner = "1:2", .path = "a" },
	{ "v7, a directory is a name with a slash", V7, { { .type = '\0', .name = "d/", .size = "0" } }, .type = '5', .owner = "0:0", .path = "d/" },
	{ "ustar", USTAR, { { .type = '0', .name = "a", .size = "00000000012", .mode = "0104755", .uname = "u", .gname = "g", .prefix = "p/q" } },
	    .type = '0', .data = 10, .size = 10, .mode = 04755, .owner = "u:g", .path = "p/q/a" },
	{ "ustar, fields filled to the brim", USTAR, { { .type = '0', .name = H100, .size = "777777777777", .link = H100, .prefix = H100 } },
	    .type = '0', .data = 0777777777777, .size = 0777777777777, .owner = "0:0", .path = H100 "/" H100 },
	{ "ustar, a user without a name", USTAR, { { .type = '0', .name = "a", .size = "0", .uid = "0001750", .gname = "g" } }, .type = '0', .owner = "1000:g", .path = "a" },
	{ "gnu has no prefix", GNU, { { .type = '0', .name = "a", .size = "0", .prefix = "12345", .uname = "u" } }, .type = '0', .owner = "u:0", .path = "a" },
	{ "star's prefix ends before the times", STAR, { { .type = '0', .name = "a", .size = "0", .prefix = "p" } }, .type = '0', .owner = "0:0", .path = "p/a" },
	{ "a symbolic link", USTAR, { { .type = '2', .name = "a", .size = "0", .link = "b" } }, .type = '2', .owner = "0:0", .path = "a", .link = "b" },
	{ "a hard link with a size", USTAR, { { .type = '1', .name = "a", .size = "12", .link = "b" } }, .type = '1', .maybe = 10, .owner = "0:0", .path = "a", .link = "b" },
	{ "a hard link whose pax header gives a size", USTAR, { { .type = 'x', .name = "x", .pax = "size=10\n" }, { .type = '1', .name = "a", .size = "0", .link = "b" } },
	    .type = '1', .data = 10, .size = 10, .owner = "0:0", .path = "a", .link = "b" },
	{ "a directory with a size", USTAR, { { .type = '5', .name = "d", .size = "10000" } }, .type = '5', .maybe = 4096, .owner = "0:0", .path = "d" },
	{ "a file's link field means nothing", USTAR, { { .type = '0', .name = "a", .size = "0", .link = "b" } }, .type = '0', .owner = "0:0", .path = "a" },
	{ "an unknown type", USTAR, { { .type = 'A', .name = "a", .size = "12" } }, .type = 'A', .data = 10, .size = 10, .owner = "0:0", .path = "a" },
	{ "a type beyond ASCII", USTAR, { { .type = '\351', .name = "a", .size = "12" } }, .type = '\351', .data = 10, .size = 10, .owner = "0:0", .path = "a" },
	{ "a continued volume", GNU, { { .type = 'M', .name = "a", .size = "12" } }, .type = 'M', .data = 10, .size = 10, .owner = "0:0", .path = "a" },
	{ "a dumpdir", GNU, { { .type = 'D', .name = "a", .size = "12" } }, .type = 'D', .data = 10, .size = 10, .owner = "0:0", .path = "a" },

	/* Numbers. */
	{ "blanks in front", USTAR, { { .type = '0', .name = "a", .size = "         12 ", .mode = "   644 " } }, .type = '0', .data = 10, .size = 10, .mode = 0644, .owner = "0:0", .path = "a" },
	{ "a NUL in front", USTAR, { { .type = '0', .name = "a", .size = "0", .also = { { 124, "\00012" }, { 0 } } } }, .type = '0', .owner = "0:0", .path = "a" },
	{ "what stands behind the end", USTAR, { { .type = '0', .name = "a", .size = "12 9xyz" } }, .type = '0', .data = 10, .size = 10, .owner = "0:0", .path = "a" },
	{ "an empty field", USTAR, { { .type = '0', .name = "a", .size = "" } }, .type = '0', .owner = "0:0", .path = "a" },
	{ "a field of blanks", USTAR, { { .type = '0', .name = "a", .size = "            " } }, .type = '0', .owner = "0:0", .path = "a" },
	{ "base-256", GNU, { { .type = '0', .name = "a", .size = "\200\0\0\0\0\0\0\2\0\0\0\1", .also = { { 131, "\2" }, { 135, "\1" } } } },
	    .type = '0', .data = (UINT64_C(2) << 32) + 1, .size = (UINT64_C(2) << 32) + 1, .owner = "0:0", .path = "a" },
	{ "a negative time", GNU, { { .type = '0', .name = "a", .size = "0", .mtime = "\377\377\377\377\377\377\377\377\377\377\377\376" } },
	    .type = '0', .mtime = -2, .owner = "0:0", .path = "a" },
	{ "a negative user", GNU, { { .type = '0', .name = "a", .size = "0", .uid = "\377\377\377\377\377\377\377\376" } }, .type = '0', .owner = "-2:0", .path = "a" },
	{ "a mode, a time and a group that are none", USTAR, { { .type = '0', .name = "a", .size = "0", .mode = "rw-r--r", .mtime = "yesterday", .gid = "9" } },
	    .type = '0', .mode = -1, .mtime = TAR_NO_TIME, .owner = "0:?", .path = "a" },

	/* pax. */
	{ "pax says all", USTAR, { { .type = 'x', .name = "x", .pax = "path=p\nsize=5\nmtime=7.9\nuid=8\nuname=u\ngid=9\ncomment=c\n" }, { .type = '0', .name = "a", .size = "12", .uname = "v" } },
	    .type = '0', .data = 5, .size = 5, .mtime = 7, .owner = "u:9", .path = "p" },
	{ "a link's path", USTAR, { { .type = 'x', .name = "x", .pax = "linkpath=l\n" }, { .type = '2', .name = "a", .size = "0", .link = "b" } }, .type = '2', .owner = "0:0", .path = "a", .link = "l" },
	{ "a header's name goes before pax's number", USTAR, { { .type = 'x', .name = "x", .pax = "uid=99999999999999999999999\n" }, { .type = '0', .name = "a", .size = "0", .uname = "v" } },
	    .type = '0', .owner = "v:0", .path = "a" },
	{ "times before 1970", USTAR, { { .type = 'x', .name = "x", .pax = "mtime=-1.5\n" }, { .type = '0', .name = "a", .size = "0" } }, .type = '0', .mtime = -2, .owner = "0:0", .path = "a" },
	{ "a time that is none", USTAR, { { .type = 'x', .name = "x", .pax = "mtime=1e9\n" }, { .type = '0', .name = "a", .size = "0" } }, .type = '0', .mtime = TAR_NO_TIME, .owner = "0:0", .path = "a" },
	{ "an empty value takes back", USTAR, { { .type = 'g', .name = "g", .pax = "uname=w\n" }, { .type = 'x', .name = "x", .pax = "uname=\npath=\n" }, { .type = '0', .name = "a", .size = "0", .uname = "v" } },
	    .type = '0', .owner = "v:0", .path = "a" },
	{ "the last one counts", USTAR, { { .type = 'x', .name = "x", .pax = "path=p\npath=q\n" }, { .type = 'x', .name = "x", .pax = "path=r\n" }, { .type = '0', .name = "a", .size = "0" } },
	    .type = '0', .owner = "0:0", .path = "r" },
	{ "a global header", USTAR, { { .type = 'g', .name = "g", .pax = "gname=w\nmtime=3\n" }, { .type = '0', .name = "a", .size = "0" } }, .type = '0', .mtime = 3, .owner = "0:w", .path = "a" },
	{ "a local one goes before it", USTAR, { { .type = 'g', .name = "g", .pax = "gname=w\n" }, { .type = 'x', .name = "x", .pax = "gname=x\n" }, { .type = '0', .name = "a", .size = "0" } },
	    .type = '0', .owner = "0:x", .path = "a" },
	{ "an empty pax header", USTAR, { { .type = 'x', .name = "x", .size = "0" }, { .type = '0', .name = "a", .size = "0" } }, .type = '0', .owner = "0:0", .path = "a" },
	{ "Sun's X", USTAR, { { .type = 'X', .name = "x", .pax = "path=p\n" }, { .type = '0', .name = "a", .size = "0" } }, .type = '0', .owner = "0:0", .path = "p" },
	{ "NULs behind the records", USTAR, { { .type = 'x', .name = "x", .size = "20", .body = "9 path=p\n" }, { .type = '0', .name = "a", .size = "0" } },
	    .type = '0', .owner = "0:0", .path = "p" },
	{ "newlines and equals in a value", USTAR, { { .type = 'x', .name = "x", .size = "15", .body = "13 path=\n=\n=\n" }, { .type = '0', .name = "a", .size = "0" } },
	    .type = '0', .owner = "0:0", .path = "\n=\n=" },

	/* GNU's long names, and sparse files. */
	{ "L and K", GNU, { { .type = 'K', .name = "././@LongLink", .size = "5", .body = "link" }, { .type = 'L', .name = "././@LongLink", .size = "5", .body = "name" }, { .type = '2', .name = "a", .size = "0", .link = "b" } },
	    .type = '2', .owner = "0:0", .path = "name", .link = "link" },
	{ "L without its NUL", GNU, { { .type = 'L', .name = "././@LongLink", .size = "4", .body = "name" }, { .type = '0', .name = "a", .size = "0" } }, .type = '0', .owner = "0:0", .path = "name" },
	{ "pax goes before L", GNU, { { .type = 'L', .name = "././@LongLink", .size = "4", .body = "name" }, { .type = 'x', .name = "x", .pax = "path=p\n" }, { .type = '0', .name = "a", .size = "0" } },
	    .type = '0', .owner = "0:0", .path = "p" },
	{ "oldgnu sparse", GNU, { { .type = 'S', .name = "a", .size = "1000", .also = { { 386, "00000000000" }, { 398, "00000001000" }, { 483, "00000100000" } } } },
	    .type = 'S', .data = 512, .size = 32768, .owner = "0:0", .path = "a" },
	{ "star sparse, map in the header", STAR, { { .type = 'S', .name = "a", .size = "1000", .also = { { 356, "00000000000 " }, { 368, "00000001000 " }, { 452, "00000100000 " } } } },
	    .type = 'S', .data = 512, .size = 32768, .owner = "0:0", .path = "a" },
	{ "S elsewhere is a file", USTAR, { { .type = 'S', .name = "a", .size = "1000", .also = { { 482, "1" } } } }, .type = 'S', .data = 512, .size = 512, .owner = "0:0", .path = "a" },
	{ "pax sparse 0.0", USTAR, { { .type = 'x', .name = "x", .pax = "GNU.sparse.size=99\nGNU.sparse.numblocks=1\nGNU.sparse.offset=0\nGNU.sparse.numbytes=5\n" }, { .type = '0', .name = "a", .size = "5" } },
	    .type = '0', .data = 5, .size = 99, .owner = "0:0", .path = "a" },
	{ "pax sparse 1.0", USTAR, { { .type = 'x', .name = "x", .pax = "GNU.sparse.name=n\npath=GNUSparseFile.1/n\nGNU.sparse.realsize=99\n" }, { .type = '0', .name = "a", .size = "1005" } },
	    .type = '0', .data = 517, .size = 99, .owner = "0:0", .path = "n" },
	{ "star's pax sparse", USTAR, { { .type = 'x', .name = "x", .pax = "SCHILY.realsize=99\n" }, { .type = '0', .name = "a", .size = "5" } }, .type = '0', .data = 5, .size = 99, .owner = "0:0", .path = "a" },

	/* What is none. */
	{ "a size that is none", USTAR, { { .type = '0', .name = "a", .size = "12x" } }, .error = "a header's size is not a number" },
	{ "a size with a digit 8", USTAR, { { .type = '0', .name = "a", .size = "18" } }, .error = "a header's size is not a number" },
	{ "a negative size", GNU, { { .type = '0', .name = "a", .size = "\377\377\377\377\377\377\377\377\377\377\377\376" } }, .error = "a header's size is not a number" },
	{ "a size beyond all", GNU, { { .type = '0', .name = "a", .size = "\200\177\177\177\177\177\177\177\177\177\177\177" } }, .error = "a header's size is not a number" },
	{ "a size of 2^63 and more", GNU, { { .type = '0', .name = "a", .size = "", .also = { { 124, "\200" }, { 128, "\177" } } } }, .error = "a header's size is not a number" },
	{ "a sparse size that is none", GNU, { { .type = 'S', .name = "a", .size = "1000", .also = { { 483, "x" } } } }, .error = "a sparse header's size is not a number" },
	{ "a pax size that is none", USTAR, { { .type = 'x', .name = "x", .pax = "size=-1\n" } }, .error = "a size in a pax header is not a number" },
	{ "a pax size in octal", USTAR, { { .type = 'x', .name = "x", .pax = "size=0x10\n" } }, .error = "a size in a pax header is not a number" },
	{ "a pax size beyond all", USTAR, { { .type = 'x', .name = "x", .pax = "size=9223372036854775807\n" } }, .error = "a size in a pax header is not a number" },
	{ "a real size that is none", USTAR, { { .type = 'x', .name = "x", .pax = "GNU.sparse.realsize=many\n" } }, .error = "a size in a pax header is not a number" },
	{ "a size for all", USTAR, { { .type = 'g', .name = "g", .pax = "size=5\n" } }, .error = "a pax global header sets the size of all members" },
	{ "no length", USTAR, { { .type = 'x', .name = "x", .size = "7", .body = " path=p\n" } }, .error = "a pax header is malformed" },
	{ "a length that is none", USTAR, { { .type = 'x', .name = "x", .size = "10", .body = "x path=\n" } }, .error = "a pax header is malformed" },
	{ "a length beyond the header", USTAR, { { .type = 'x', .name = "x", .size = "10", .body = "9 path=\n" } }, .error = "a pax header is malformed" },
	{ "a length that is short", USTAR, { { .type = 'x', .name = "x", .size = "11", .body = "8 path=p\n" } }, .error = "a pax header is malformed" },
	{ "a length that counts not even itself", USTAR, { { .type = 'x', .name = "x", .size = "4", .body = "2 \n" } }, .error = "a pax header is malformed" },
	{ "a length with 30 digits", USTAR, { { .type = 'x', .name = "x", .size = "50", .body = "999999999999999999999999999999 a=b\n" } }, .error = "a pax header is malformed" },
	{ "no equals sign", USTAR, { { .type = 'x', .name = "x", .size = "7", .body = "7 path\n" } }, .error = "a pax header is malformed" },
	{ "no newline", USTAR, { { .type = 'x', .name = "x", .size = "11", .body = "9 path=pq" } }, .error = "a pax header is malformed" },
	{ "half a record", USTAR, { { .type = 'x', .name = "x", .size = "2", .body = "9 path=p\n" } }, .error = "a pax header is malformed" },
	{ "an x header, and zeros", USTAR, { { .type = 'x', .name = "x", .pax = "path=p\n" }, { .type = '\0', .name = NULL, .size = "zeros" } },
	    .error = "zeros stand where a member's header should, behind its extended header" },
};

static void
copy(uint8_t *to, const char *from, size_t n)
{
	if (from == NULL)
		return;
	if ((uint8_t)from[0] & 0x80)
		memcpy(to, from, n);            /* base-256 fills its field */
	else
		memcpy(to, from, strnlen(from, n));
}

/* "path=p\n" becomes "10 path=p\n". */
static size_t
records(char *out, const char *pax)
{
	size_t total = 0;

	for (const char *end; *pax != '\0'; pax = end + 1) {
		size_t n, len = 0;

		end = strchr(pax, '\n');
		for (n = (size_t)(end + 1 - pax) + 1; len != n; ) {
			len = n;
			n = (size_t)(end + 1 - pax) + 1 + (size_t)snprintf(NULL, 0, "%zu", len);
		}
		total += (size_t)sprintf(out + total, "%zu %.*s\n", n, (int)(end - pax), pax);
	}
	return total;
}

static void
sum(uint8_t *b, bool sign)
{
	int n = 0;

	memset(b + 148, ' ', 8);
	for (int i = 0; i < TAR_BLOCK; i++)
		n += sign ? (int8_t)b[i] : b[i];
	sprintf((char *)b + 148, "%06o", (unsigned)n);
}

/* The blocks of one head; how many. */
static size_t
build(uint8_t *b, const struct head *h, enum magic magic)
{
	size_t body = 0;

	memset(b, 0, 4 * TAR_BLOCK);
	if (h->name == NULL)
		return 1;
	copy(b, h->name, 100);
	copy(b + 100, h->mode, 8);
	copy(b + 108, h->uid, 8);
	copy(b + 116, h->gid, 8);
	copy(b + 136, h->mtime, 12);
	copy(b + 157, h->link, 100);
	copy(b + 265, h->uname, 32);
	copy(b + 297, h->gname, 32);
	copy(b + 345, h->prefix, 155);
	b[156] = (uint8_t)h->type;
	if (magic == GNU)
		memcpy(b + 257, "ustar  ", 8);
	else if (magic != V7)
		memcpy(b + 257, "ustar\00000", 8);
	if (magic == STAR)
		memcpy(b + 476, "12345670123 12345670123 ", 24);
	for (int i = 0; i < 5 && h->also[i].bytes != NULL; i++)
		memcpy(b + h->also[i].at, h->also[i].bytes, strlen(h->also[i].bytes));
	if (h->pax != NULL)
		sprintf((char *)b + 124, "%011o", (unsigned)(body = records((char *)b + TAR_BLOCK, h->pax)));
	else
		copy(b + 124, h->size, 12);
	if (h->body != NULL) {
		body = strtoul(h->size, NULL, 8);
		copy(b + TAR_BLOCK, h->body, body);
	}
	sum(b, false);
	return 1 + (body + TAR_BLOCK - 1) / TAR_BLOCK;
}

static bool
same(const struct str *s, const char *want)
{
	return strcmp(str_get(s), want != NULL ? want : "") == 0;
}

static void
check(const struct row *r)
{
	uint8_t b[4 * TAR_BLOCK];
	enum tar_rc rc = TAR_WANT;
	struct tar t;
	const struct tar_member *m = &t.member;

	tar_init(&t);
	for (int i = 0; i < 3 && (r->head[i].name != NULL || r->head[i].size != NULL) && rc == TAR_WANT; i++) {
		size_t n = build(b, &r->head[i], r->magic);

		for (size_t k = 0; k < n && rc == TAR_WANT; k++)
			rc = tar_block(&t, b + k * TAR_BLOCK);
	}
	if (r->error != NULL) {
		is(rc == TAR_BAD && strcmp(t.error, r->error) == 0, "%s: %s", r->label, rc == TAR_BAD ? t.error : "passes");
	} else if (is(rc == TAR_MEMBER, "%s%s%s", r->label, rc == TAR_BAD ? ": " : "", rc == TAR_BAD ? t.error : ""))
		is(m->type == r->type && m->data == r->data && m->size == r->size && m->maybe == r->maybe && m->mode == r->mode &&
		    m->mtime == r->mtime && same(&m->owner, r->owner) && same(&m->path, r->path) && same(&m->link, r->link),
		    "  is %c %llu/%llu/%llu %o %lld %s %s -> %s", m->type < ' ' ? '?' : m->type, (unsigned long long)m->data,
		    (unsigned long long)m->size, (unsigned long long)m->maybe, (unsigned)m->mode, (long long)m->mtime,
		    str_get(&m->owner), str_get(&m->path), str_get(&m->link));
	tar_free(&t);
}

static void
check_sums(void)
{
	struct head h = { .type = '0', .name = "latin\351", .size = "0", .uname = "u\351\351" };
	uint8_t b[4 * TAR_BLOCK];

	build(b, &h, USTAR);
	is(tar_is_header(b), "an unsigned sum");
	sum(b, true);
	is(tar_is_header(b), "a signed sum");
	for (size_t i = 0, found = 0; i < TAR_BLOCK; i++) {
		bool good;

		b[i] ^= 1;
		good = tar_is_header(b);
		b[i] ^= 1;
		/* The field's last byte stands behind the NUL that ends the number. */
		if (good && i != 155)
			found++;
		if (i == TAR_BLOCK - 1)
			is(found == 0, "a flipped bit anywhere is seen");
	}
	memset(b, 0, TAR_BLOCK);
	is(!tar_is_header(b) && tar_is_zero(b), "zeros are no header");
	b[511] = 1;
	is(!tar_is_zero(b), "and a bit at their end is no zero");
}

/* Data behind a link or a directory: only where no header stands. */
static void
check_settle(void)
{
	struct head link = { .type = '1', .name = "a", .size = "12", .link = "b" }, file = { .type = '0', .name = "b", .size = "0" };
	uint8_t b[4 * TAR_BLOCK], next[4 * TAR_BLOCK];
	struct tar t;

	tar_init(&t);
	build(b, &link, USTAR);
	build(next, &file, USTAR);
	is(tar_block(&t, b) == TAR_MEMBER && (tar_settle(&t, next), t.member.data == 0), "a hard link, and a header: no data");
	is(tar_block(&t, b) == TAR_MEMBER && (tar_settle(&t, NULL), t.member.data == 0), "and the end: no data");
	next[0] ^= 1;
	is(tar_block(&t, b) == TAR_MEMBER && (tar_settle(&t, next), t.member.data == 10 && t.member.size == 10), "and something else: data");
	memset(next, 0, TAR_BLOCK);
	is(tar_block(&t, b) == TAR_MEMBER && (tar_settle(&t, next), t.member.data == 0), "and zeros: no data");
	tar_free(&t);
}

static void
check_sparse(void)
{
	struct head h = { .type = 'S', .name = "a", .size = "1000", .also = { { 482, "\1" }, { 483, "00000100000" } } };
	uint8_t b[4 * TAR_BLOCK], more[TAR_BLOCK] = { [504] = 1 };
	struct tar t;

	tar_init(&t);
	build(b, &h, GNU);
	is(tar_block(&t, b) == TAR_WANT && tar_block(&t, more) == TAR_WANT && (more[504] = 0, tar_block(&t, more) == TAR_MEMBER),
	    "sparse continuation blocks");
	h.also[0].at = 345;
	h.also[0].bytes = "prefix";
	h.also[1].bytes = NULL;
	build(b, &h, STAR);
	is(tar_block(&t, b) == TAR_WANT && tar_block(&t, more) == TAR_MEMBER, "star's map goes behind a header that has a prefix");
	tar_free(&t);
}

/* Names are held, and nothing else. */
static void
check_bounds(void)
{
	struct head h = { .type = 'x', .name = "x", .size = "" };
	uint8_t b[4 * TAR_BLOCK], x[TAR_BLOCK];
	enum tar_rc rc = TAR_WANT;
	struct tar t;

	for (int i = 0; i < 3; i++) {
		size_t n = TAR_NAME_MAX + 2 * TAR_BLOCK;
		size_t used = 0;

		tar_init(&t);
		h.type = i == 2 ? 'L' : 'x';
		build(b, &h, USTAR);
		sprintf((char *)b + 124, "%011zo", n);
		sum(b, false);
		rc = tar_block(&t, b);
		memset(x, 'x', sizeof x);
		if (i < 2)
			memcpy(x, i == 0 ? "1049600 path=" : "1049600 note=", 13);
		for (used = 0; used < n && rc == TAR_WANT; used += TAR_BLOCK) {
			if (used + TAR_BLOCK == n && i < 2)
				x[TAR_BLOCK - 1] = '\n';
			rc = tar_block(&t, x);
			memset(x, 'x', sizeof x);
		}
		is(i == 1 ? rc == TAR_WANT : rc == TAR_BAD && strcmp(t.error, "a name is longer than 1 MiB") == 0,
		    "1 MiB of %s", i == 0 ? "path" : i == 1 ? "something else" : "L");
		tar_free(&t);
	}
}

int
main(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		check(&rows[i]);
	check_sums();
	check_settle();
	check_sparse();
	check_bounds();
	return tap_done();
}

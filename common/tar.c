#include "tar.h"

#include <string.h>

/* Places in a header block, and their lengths. */
enum {
	NAME = 0, NAME_LEN = 100, MODE = 100, UID = 108, GID = 116, ID_LEN = 8, SIZE = 124, SIZE_LEN = 12,
	MTIME = 136, CHECKSUM = 148, CHECKSUM_LEN = 8, TYPE = 156, LINK = 157, LINK_LEN = 100, MAGIC = 257,
	UNAME = 265, GNAME = 297, WHO_LEN = 32, PREFIX = 345, PREFIX_LEN = 155,
	GNU_MORE = 482, GNU_REAL = 483, NEXT_MORE = 504,
	STAR_MORE = 355, STAR_FIRST = 356, STAR_REAL = 452, STAR_PREFIX_END = 475, STAR_ATIME = 476, STAR_CTIME = 488
};

enum dialect { V7, USTAR, GNU, STAR };

static const uint64_t limit = UINT64_C(1) << 62;        /* of a size: sums of a few fit 64 bits */

void
tar_init(struct tar *t)
{
	*t = (struct tar){ 0 };
}

void
tar_free(struct tar *t)
{
	str_free(&t->member.path);
	str_free(&t->member.link);
	str_free(&t->member.owner);
	for (int i = 0; i < TAR_KEYS; i++) {
		str_free(&t->all[i].value);
		str_free(&t->next[i].value);
	}
}

static void
forget(struct tar_said said[TAR_KEYS])
{
	for (int i = 0; i < TAR_KEYS; i++) {
		said[i].said = false;
		str_clear(&said[i].value);
	}
}

static enum tar_rc
bad(struct tar *t, const char *error)
{
	t->error = error;
	return TAR_BAD;
}

uint64_t
tar_padded(uint64_t n)
{
	return (n + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
}

static bool
blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/*
 * A numeric field: octal, blanks or a NUL around it, whatever stands behind its
 * end; or GNU's base-256 (the top bit set, the rest two's complement).  An empty
 * field is 0.
 */
static bool
number(const uint8_t *field, size_t n, int64_t *out)
{
	uint64_t v = 0;
	size_t i;

	if (field[0] & 0x80) {
		bool negative = field[0] & 0x40;

		v = field[0] & 0x3f;
		if (negative)
			v |= ~UINT64_C(0x3f);
		for (i = 1; i < n; i++) {
			if (v >> 55 != (negative ? 0x1ff : 0))
				return false;
			v = v << 8 | field[i];
		}
		*out = (int64_t)v;
		return true;
	}
	i = field[0] == '\0';                   /* some put a NUL in front */
	while (i < n && blank(field[i]))
		i++;
	for (; i < n && field[i] >= '0' && field[i] <= '7'; i++)
		v = v << 3 | (uint64_t)(field[i] - '0');        /* 12 digits are 36 bits */
	*out = (int64_t)v;
	return i == n || field[i] == '\0' || blank(field[i]);
}

/* Sums by unsigned bytes, as POSIX says, or by signed ones, as some old tars did; the field itself counts as blanks. */
bool
tar_is_header(const uint8_t block[TAR_BLOCK])
{
	int32_t sum = CHECKSUM_LEN * ' ', high = 0;
	int64_t want;

	if (!number(block + CHECKSUM, CHECKSUM_LEN, &want))
		return false;
	for (int i = 0; i < TAR_BLOCK; i++)
		sum += block[i];
	for (int i = 0; i < CHECKSUM_LEN; i++)
		sum -= block[CHECKSUM + i];
	if (want == sum)
		return true;
	for (int i = 0; i < TAR_BLOCK; i++)
		if (i < CHECKSUM || i >= CHECKSUM + CHECKSUM_LEN)
			high += block[i] >> 7;
	return want == sum - 256 * high;
}

bool
tar_is_zero(const uint8_t block[TAR_BLOCK])
{
	return block[0] == 0 && memcmp(block, block + 1, TAR_BLOCK - 1) == 0;
}

static bool
digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The decimal number at the start of s; *used is its length, at least 1. */
static bool
decimal(const struct str *s, size_t from, uint64_t *v, size_t *used)
{
	size_t i;

	*v = 0;
	for (i = from; i < s->len && digit(s->s[i]); i++) {
		if (*v > limit / 10)
			return false;
		*v = *v * 10 + (uint64_t)(s->s[i] - '0');
	}
	*used = i - from;
	return i > from;
}

/* Seconds, with a sign and a fraction (which is dropped, downward). */
static bool
seconds(const struct str *s, int64_t *t)
{
	bool negative = s->len > 0 && s->s[0] == '-';
	bool fraction = false;
	uint64_t v;
	size_t i;

	if (!decimal(s, negative, &v, &i))
		return false;
	i += negative;
	if (i < s->len && s->s[i] != '.')
		return false;
	for (i++; i < s->len; i++) {
		if (!digit(s->s[i]))
			return false;
		fraction |= s->s[i] != '0';
	}
	*t = negative ? -(int64_t)v - fraction : (int64_t)v;
	return true;
}

/* What was said of a keyword, for all or for this member; NULL: nothing. */
static const struct str *
said(const struct tar *t, enum tar_key key)
{
	const struct tar_said *s = t->next[key].said ? &t->next[key] : &t->all[key];

	return s->said && s->value.len != 0 ? &s->value : NULL;
}

/* Where the value of the keyword that was read goes. */
static struct tar_said *
place(struct tar *t)
{
	static const struct {
		const char *keyword;
		enum tar_key key;
	} known[] = {
		{ "path", TAR_PATH }, { "linkpath", TAR_LINKPATH }, { "size", TAR_SIZE }, { "mtime", TAR_MTIME },
		{ "uid", TAR_UID }, { "gid", TAR_GID }, { "uname", TAR_UNAME }, { "gname", TAR_GNAME },
		{ "GNU.sparse.name", TAR_SPARSE_NAME }, { "GNU.sparse.size", TAR_SPARSE_SIZE },
		{ "GNU.sparse.realsize", TAR_SPARSE_SIZE }, { "SCHILY.realsize", TAR_SPARSE_SIZE },
	};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (strlen(known[i].keyword) == t->keylen && memcmp(known[i].keyword, t->keyword, t->keylen) == 0)
			return (t->kind == 'g' ? t->all : t->next) + known[i].key;
	return NULL;
}

static const char *const malformed = "a pax header is malformed";
static const char *const too_long = "a name is longer than 1 MiB";

/* A record is complete.  The sizes are looked at now, for the error to have its place. */
static const char *
record_done(struct tar *t)
{
	struct tar_said *s = t->into;
	uint64_t v;
	size_t used;

	t->state = TAR_LENGTH;
	t->record = t->used = 0;
	if (s == NULL || s->value.len == 0)
		return NULL;
	if (s == &t->all[TAR_SIZE] || s == &t->all[TAR_SPARSE_SIZE])
		/* POSIX lets it override the headers, most readers do not: nobody knows where the next member is. */
		return "a pax global header sets the size of all members";
	if ((s == &t->next[TAR_SIZE] || s == &t->next[TAR_SPARSE_SIZE]) &&
	    (!decimal(&s->value, 0, &v, &used) || used != s->value.len || v > limit))
		return "a size in a pax header is not a number";
	return NULL;
}

/* The next byte of "LENGTH KEYWORD=", LENGTH counting the whole of the record. */
static const char *
record_head(struct tar *t, char c)
{
	if (t->state == TAR_LENGTH) {
		if (digit(c) && t->record <= limit / 10) {
			t->record = t->record * 10 + (uint64_t)(c - '0');
			t->used++;
		} else if (c == ' ' && t->used > 0 && t->record > t->used + 1) {
			t->record -= t->used + 1;
			t->keylen = 0;
			t->state = TAR_KEYWORD;
		} else if (c == '\0' && t->used == 0)
			t->state = TAR_NOTHING;                 /* some pad it with NULs */
		else
			return malformed;
		return NULL;
	}
	if (--t->record == 0)
		return malformed;
	if (c == '=') {
		if ((t->into = place(t)) != NULL) {
			t->into->said = true;
			str_clear(&t->into->value);
		}
		t->state = TAR_VALUE;
	} else if (t->keylen < sizeof t->keyword)
		t->keyword[t->keylen++] = c;            /* none that is known fills it */
	return NULL;
}

/* "LENGTH KEYWORD=VALUE\n", again and again, in pieces of n bytes. */
static const char *
records(struct tar *t, const char *s, size_t n)
{
	const char *error = NULL;

	while (n > 0 && error == NULL && t->state != TAR_NOTHING) {
		size_t take = 1;

		if (t->state != TAR_VALUE)
			error = record_head(t, *s);
		else if (t->record == 1)
			error = *s == '\n' ? record_done(t) : malformed;
		else {
			take = t->record - 1 < n ? (size_t)t->record - 1 : n;
			t->record -= take;
			if (t->into != NULL && t->into->value.len + take > TAR_NAME_MAX)
				error = too_long;
			else if (t->into != NULL)
				str_add(&t->into->value, s, take);
		}
		s += take;
		n -= take;
	}
	if (error == NULL && t->left == 0 && t->state != TAR_NOTHING && (t->state != TAR_LENGTH || t->used != 0))
		error = malformed;
	return error;
}

/* n bytes of the extended header. */
static enum tar_rc
extended(struct tar *t, const uint8_t *bytes, size_t n)
{
	struct tar_said *name = &t->next[t->kind == 'L' ? TAR_LONG_NAME : TAR_LONG_LINK];
	const char *error = NULL;
	size_t len;

	t->left -= n;
	if (t->kind == 'x' || t->kind == 'g')
		error = records(t, (const char *)bytes, n);
	else if (t->state != TAR_NOTHING) {
		len = strnlen((const char *)bytes, n);
		if (name->value.len + len > TAR_NAME_MAX)
			error = too_long;
		else
			str_add(&name->value, bytes, len);
		if (len < n)
			t->state = TAR_NOTHING;
	}
	return error != NULL ? bad(t, error) : TAR_WANT;
}

static enum tar_rc
extended_begin(struct tar *t, char type, uint64_t size)
{
	t->kind = (char)(type == 'X' ? 'x' : type);     /* Sun's name for it */
	t->left = size;
	t->state = TAR_LENGTH;
	t->record = t->used = 0;
	if (t->kind != 'g')
		t->pending = true;
	if (t->kind == 'L' || t->kind == 'K') {
		struct tar_said *name = &t->next[t->kind == 'L' ? TAR_LONG_NAME : TAR_LONG_LINK];

		name->said = true;
		str_clear(&name->value);
	}
	return TAR_WANT;
}

static bool
octal(uint8_t c)
{
	return c >= '0' && c <= '7';
}

static enum dialect
dialect(const uint8_t *b)
{
	if (memcmp(b + MAGIC, "ustar ", 6) == 0)
		return GNU;
	if (memcmp(b + MAGIC, "ustar", 5) != 0)
		return V7;
	if (b[STAR_PREFIX_END] == '\0' && octal(b[STAR_ATIME]) && b[STAR_ATIME + 11] == ' ' &&
	    octal(b[STAR_CTIME]) && b[STAR_CTIME + 11] == ' ')
		return STAR;
	return USTAR;
}

static void
field(struct str *out, const uint8_t *b, size_t n)
{
	str_add(out, b, strnlen((const char *)b, n));
}

/* A user or group: by name where there is one, in the extended header first. */
static void
who(struct str *out, const struct str *name, const uint8_t *name_field, const struct str *id, const uint8_t *id_field)
{
	int64_t n;

	if (name != NULL)
		str_add(out, name->s, name->len);
	else if (name_field != NULL && name_field[0] != '\0')
		field(out, name_field, WHO_LEN);
	else if (id != NULL)
		str_add(out, id->s, id->len);
	else if (number(id_field, ID_LEN, &n))
		str_format(out, "%lld", (long long)n);
	else
		str_puts(out, "?");
}

/* The first of two that says something. */
static const struct str *
either(const struct str *a, const struct str *b)
{
	return a != NULL ? a : b;
}

static void
set_names(struct tar *t, const uint8_t *b, enum dialect d)
{
	const struct str *path = either(either(said(t, TAR_SPARSE_NAME), said(t, TAR_PATH)), said(t, TAR_LONG_NAME));
	const struct str *link = either(said(t, TAR_LINKPATH), said(t, TAR_LONG_LINK));
	struct tar_member *m = &t->member;

	str_clear(&m->path);
	str_clear(&m->link);
	str_clear(&m->owner);
	if (path != NULL)
		str_add(&m->path, path->s, path->len);
	else {
		/* star's prefix is shorter, and ends with a NUL; in GNU's place for it stand other things. */
		if ((d == USTAR || d == STAR) && b[PREFIX] != '\0') {
			field(&m->path, b + PREFIX, PREFIX_LEN);
			str_puts(&m->path, "/");
		}
		field(&m->path, b + NAME, NAME_LEN);
	}
	if (m->type == '1' || m->type == '2') {
		if (link != NULL)
			str_add(&m->link, link->s, link->len);
		else
			field(&m->link, b + LINK, LINK_LEN);
	}
	who(&m->owner, said(t, TAR_UNAME), d != V7 ? b + UNAME : NULL, said(t, TAR_UID), b + UID);
	str_puts(&m->owner, ":");
	who(&m->owner, said(t, TAR_GNAME), d != V7 ? b + GNAME : NULL, said(t, TAR_GID), b + GID);
}

/* How much data follows, and how large the file is. */
static enum tar_rc
set_sizes(struct tar *t, const uint8_t *b, enum dialect d, uint64_t size)
{
	const struct str *real = said(t, TAR_SPARSE_SIZE), *over = said(t, TAR_SIZE);
	struct tar_member *m = &t->member;
	size_t used;
	int64_t n;

	m->data = size;
	m->maybe = 0;
	if (over != NULL)
		decimal(over, 0, &m->data, &used);
	if (m->type >= '1' && m->type <= '6' && !(m->type == '1' && over != NULL)) {
		m->maybe = m->data;
		m->data = 0;
	}
	m->size = m->data;
	if (real != NULL)
		decimal(real, 0, &m->size, &used);
	if (m->type == 'S' && (d == GNU || d == STAR)) {
		if (!number(b + (d == GNU ? GNU_REAL : STAR_REAL), SIZE_LEN, &n) || n < 0)
			return bad(t, "a sparse header's size is not a number");
		m->size = (uint64_t)n;
		/* star's map starts in the place of the prefix, if it has room there. */
		if (d == GNU)
			t->more_sparse = b[GNU_MORE] != 0;
		else
			t->more_sparse = b[PREFIX] != '\0' || b[STAR_FIRST + 10] == '\0' || b[STAR_MORE] != 0;
	}
	return TAR_MEMBER;
}

/* The headers of the member are complete, but for sparse continuations. */
static enum tar_rc
complete(struct tar *t)
{
	if (t->more_sparse)
		return TAR_WANT;
	forget(t->next);
	t->pending = false;
	return TAR_MEMBER;
}

static enum tar_rc
header(struct tar *t, const uint8_t *b)
{
	enum dialect d = dialect(b);
	struct tar_member *m = &t->member;
	int64_t size, mode, mtime;

	if (!tar_is_header(b))
		return bad(t, "not a tar header: its checksum does not match");
	if (!number(b + SIZE, SIZE_LEN, &size) || size < 0 || (uint64_t)size > limit)
		return bad(t, "a header's size is not a number");
	m->type = b[TYPE] == '\0' ? '0' : (char)b[TYPE];
	switch (m->type) {
	case 'x': case 'X': case 'g': case 'L': case 'K':
		return extended_begin(t, m->type, (uint64_t)size);
	}
	if (set_sizes(t, b, d, (uint64_t)size) == TAR_BAD)
		return TAR_BAD;
	m->mode = number(b + MODE, ID_LEN, &mode) ? (int)(mode & 07777) : -1;
	if (said(t, TAR_MTIME) == NULL ? !number(b + MTIME, SIZE_LEN, &mtime) : !seconds(said(t, TAR_MTIME), &mtime))
		mtime = TAR_NO_TIME;
	m->mtime = mtime;
	set_names(t, b, d);
	/* A directory that is only a name with a slash, as v7 has it. */
	if (m->type == '0' && m->path.len > 0 && m->path.s[m->path.len - 1] == '/')
		m->type = '5';
	return complete(t);
}

enum tar_rc
tar_block(struct tar *t, const uint8_t block[TAR_BLOCK])
{
	if (t->left != 0)
		return extended(t, block, t->left < TAR_BLOCK ? (size_t)t->left : TAR_BLOCK);
	if (t->more_sparse) {
		t->more_sparse = block[NEXT_MORE] != 0;
		return complete(t);
	}
	if (tar_is_zero(block)) {
		if (t->pending)
			return bad(t, "zeros stand where a member's header should, behind its extended header");
		forget(t->all);
		return TAR_ZERO;
	}
	return header(t, block);
}

void
tar_settle(struct tar *t, const uint8_t *next)
{
	struct tar_member *m = &t->member;

	if (m->maybe != 0 && next != NULL && !tar_is_zero(next) && !tar_is_header(next)) {
		m->data = m->maybe;
		if (m->size == 0)
			m->size = m->data;
	}
	m->maybe = 0;
}

const char *
tar_type(char type)
{
	switch (type) {
	case '1': return "hardlink";
	case '2': return "symlink";
	case '3': return "char";
	case '4': return "block";
	case '5': case 'D': return "dir";
	case '6': return "fifo";
	case 'M': return "continued";
	case 'V': return "volume";
	default: return "file";
	}
}

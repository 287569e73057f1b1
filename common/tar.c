#include "tar.h"

#include <string.h>

/* Places in a header block, and their lengths. */
enum {
	NAME = 0, NAME_LEN = 100, MODE = 100, UID = 108, GID = 116, ID_LEN = 8, SIZE = 124, SIZE_LEN = 12,
	MTIME = 136, CHECKSUM = 148, TYPE = 156, LINK = 157, LINK_LEN = 100, MAGIC = 257,
	UNAME = 265, GNAME = 297, WHO_LEN = 32, PREFIX = 345, PREFIX_LEN = 155,
	GNU_MORE = 482, GNU_REAL = 483, GNU_NEXT_MORE = 504
};

static const uint64_t limit = UINT64_C(1) << 62;

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
	str_free(&t->text);
	str_free(&t->path);
	str_free(&t->link);
	str_free(&t->user);
	str_free(&t->group);
}

static void
forget(struct tar *t)
{
	str_clear(&t->path);
	str_clear(&t->link);
	str_clear(&t->user);
	str_clear(&t->group);
	t->has_size = t->has_mtime = t->has_uid = t->has_gid = t->has_real = t->has_path = t->has_link = false;
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

/*
 * A numeric field: octal, with blanks around it, or GNU's base-256 (the first
 * byte's top bit set, two's complement).  An empty field is 0.
 */
static bool
number(const uint8_t *field, size_t n, int64_t *out)
{
	uint64_t v = 0;
	size_t i = 0;

	if (field[0] & 0x80) {
		/* The sign bit is the one below the marker. */
		bool negative = field[0] & 0x40;

		v = field[0] & 0x3f;
		if (negative)
			v |= ~UINT64_C(0x3f);
		for (i = 1; i < n; i++) {
			if (negative ? (v >> 54) != 0x3ff : (v >> 54) != 0)
				return false;
			v = v << 8 | field[i];
		}
		*out = (int64_t)v;
		return true;
	}
	while (i < n && field[i] == ' ')
		i++;
	for (; i < n && field[i] >= '0' && field[i] <= '7'; i++) {
		if (v >> 59 != 0)
			return false;
		v = v << 3 | (uint64_t)(field[i] - '0');
	}
	for (; i < n; i++)
		if (field[i] != ' ' && field[i] != '\0')
			return false;
	*out = (int64_t)v;
	return true;
}

/* Sums by unsigned bytes, as POSIX says, and by signed ones, as some old tars did. */
bool
tar_is_header(const uint8_t block[TAR_BLOCK])
{
	int64_t want, plain = 0, sign = 0;

	if (!number(block + CHECKSUM, 8, &want))
		return false;
	for (int i = 0; i < TAR_BLOCK; i++) {
		uint8_t c = i >= CHECKSUM && i < CHECKSUM + 8 ? ' ' : block[i];

		plain += c;
		sign += (int8_t)c;
	}
	return want == plain || want == sign;
}

static bool
all_zero(const uint8_t block[TAR_BLOCK])
{
	for (int i = 0; i < TAR_BLOCK; i++)
		if (block[i] != 0)
			return false;
	return true;
}

/* A decimal number at the start of s. */
static bool
decimal(const char *s, size_t n, uint64_t *v, size_t *used)
{
	size_t i;

	*v = 0;
	for (i = 0; i < n && s[i] >= '0' && s[i] <= '9'; i++) {
		if (*v > limit / 10)
			return false;
		*v = *v * 10 + (uint64_t)(s[i] - '0');
	}
	*used = i;
	return i > 0;
}

static bool
whole_decimal(const char *s, size_t n, uint64_t *v)
{
	size_t used;

	return decimal(s, n, v, &used) && used == n;
}

/* Seconds, with a sign and a fraction (which is dropped, downward). */
static bool
seconds(const char *s, size_t n, int64_t *t)
{
	bool negative = n > 0 && s[0] == '-';
	bool fraction = false;
	uint64_t v;
	size_t i;

	s += negative;
	n -= negative;
	if (!decimal(s, n, &v, &i))
		return false;
	if (i < n && s[i] != '.')
		return false;
	for (i += i < n; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		fraction |= s[i] != '0';
	}
	*t = negative ? -(int64_t)v - fraction : (int64_t)v;
	return true;
}

static bool
is_key(const char *key, size_t n, const char *want)
{
	return strlen(want) == n && memcmp(key, want, n) == 0;
}

/* One record of a pax header.  Only keywords that move data or name things are looked at. */
static bool
pax_record(struct tar *t, const char *key, size_t k, const char *value, size_t n)
{
	if (is_key(key, k, "size"))
		return t->has_size = whole_decimal(value, n, &t->pax_size);
	if (is_key(key, k, "GNU.sparse.size") || is_key(key, k, "GNU.sparse.realsize") || is_key(key, k, "SCHILY.realsize"))
		return t->has_real = whole_decimal(value, n, &t->pax_real);
	if (is_key(key, k, "uid"))
		return n == 0 || (t->has_uid = whole_decimal(value, n, &t->pax_uid));
	if (is_key(key, k, "gid"))
		return n == 0 || (t->has_gid = whole_decimal(value, n, &t->pax_gid));
	if (is_key(key, k, "mtime"))
		return n == 0 || (t->has_mtime = seconds(value, n, &t->pax_mtime));
	if (is_key(key, k, "GNU.sparse.name") || (is_key(key, k, "path") && !t->has_real)) {
		str_clear(&t->path);
		str_add(&t->path, value, n);
		t->has_path = n != 0;
	} else if (is_key(key, k, "linkpath")) {
		str_clear(&t->link);
		str_add(&t->link, value, n);
		t->has_link = n != 0;
	} else if (is_key(key, k, "uname")) {
		str_clear(&t->user);
		str_add(&t->user, value, n);
	} else if (is_key(key, k, "gname")) {
		str_clear(&t->group);
		str_add(&t->group, value, n);
	}
	return true;
}

/* "LENGTH KEYWORD=VALUE\n", LENGTH counting the whole of itself. */
static bool
pax_records(struct tar *t, const char *s, size_t n, bool apply)
{
	while (n > 0) {
		uint64_t length;
		const char *equals;
		size_t used;

		if (!decimal(s, n, &length, &used) || used >= n || s[used] != ' ' || length > n ||
		    length < used + 3 || s[length - 1] != '\n')
			return false;
		used++;
		if ((equals = memchr(s + used, '=', length - used)) == NULL)
			return false;
		if (apply && !pax_record(t, s + used, (size_t)(equals - s) - used, equals + 1,
		    (size_t)(s + length - 1 - (equals + 1))))
			return false;
		s += length;
		n -= length;
	}
	return true;
}

static enum tar_rc
extended_done(struct tar *t)
{
	const char *s = str_get(&t->text);
	struct str *name = t->kind == 'L' ? &t->path : &t->link;

	switch (t->kind) {
	case 'L': case 'K':
		str_clear(name);
		str_add(name, s, strnlen(s, t->text.len));
		*(t->kind == 'L' ? &t->has_path : &t->has_link) = true;
		break;
	default:
		/* A global header sets defaults; only what is said of one member moves data. */
		if (!pax_records(t, s, t->text.len, t->kind == 'x'))
			return bad(t, "a pax header is malformed");
	}
	str_clear(&t->text);
	return TAR_WANT;
}

static void
who(struct str *out, const struct str *name, const uint8_t *field, bool has, uint64_t pax, int64_t plain)
{
	size_t n = strnlen((const char *)field, WHO_LEN);

	if (name->len != 0)
		str_puts(out, str_get(name));
	else if (n != 0)
		str_add(out, field, n);
	else if (has)
		str_format(out, "%llu", (unsigned long long)pax);
	else
		str_format(out, "%lld", (long long)plain);
}

static void
set_names(struct tar *t, const uint8_t *b, int64_t uid, int64_t gid)
{
	static const uint8_t none[WHO_LEN];
	bool ustar = memcmp(b + MAGIC, "ustar", 5) == 0;
	struct tar_member *m = &t->member;

	str_clear(&m->path);
	str_clear(&m->link);
	str_clear(&m->owner);
	if (t->has_path)
		str_add(&m->path, str_get(&t->path), t->path.len);
	else {
		/* GNU's magic is followed by a blank, and there the prefix holds other things. */
		if (ustar && b[MAGIC + 5] == '\0' && b[PREFIX] != '\0') {
			str_add(&m->path, b + PREFIX, strnlen((const char *)b + PREFIX, PREFIX_LEN));
			str_puts(&m->path, "/");
		}
		str_add(&m->path, b + NAME, strnlen((const char *)b + NAME, NAME_LEN));
	}
	if (t->has_link)
		str_add(&m->link, str_get(&t->link), t->link.len);
	else if (m->type == '1' || m->type == '2')
		str_add(&m->link, b + LINK, strnlen((const char *)b + LINK, LINK_LEN));
	who(&m->owner, &t->user, ustar ? b + UNAME : none, t->has_uid, t->pax_uid, uid);
	str_puts(&m->owner, ":");
	who(&m->owner, &t->group, ustar ? b + GNAME : none, t->has_gid, t->pax_gid, gid);
}

static enum tar_rc
header(struct tar *t, const uint8_t *b)
{
	struct tar_member *m = &t->member;
	int64_t size, mode, mtime, uid, gid, real;

	if (!tar_is_header(b))
		return bad(t, "not a tar header: its checksum does not match");
	if (!number(b + SIZE, SIZE_LEN, &size) || size < 0 || (uint64_t)size > limit)
		return bad(t, "a header's size is not a number");
	switch (b[TYPE]) {
	case 'x': case 'X': case 'g': case 'L': case 'K':
		if (size > TAR_EXTENDED_MAX)
			return bad(t, "an extended header is longer than 16 MiB");
		t->kind = (char)(b[TYPE] == 'X' ? 'x' : b[TYPE]);
		t->left = (uint64_t)size;
		str_clear(&t->text);
		return t->left != 0 ? TAR_WANT : extended_done(t);
	}
	if (!number(b + MTIME, SIZE_LEN, &mtime))
		return bad(t, "a header's time is not a number");
	if (!number(b + MODE, ID_LEN, &mode))
		return bad(t, "a header's mode is not a number");
	if (!number(b + UID, ID_LEN, &uid) || !number(b + GID, ID_LEN, &gid))
		return bad(t, "a header's owner is not a number");

	m->type = b[TYPE] == '\0' ? '0' : (char)b[TYPE];
	m->mode = (uint32_t)mode & 07777;
	m->mtime = t->has_mtime ? t->pax_mtime : mtime;
	m->data = t->has_size ? t->pax_size : (uint64_t)size;
	m->size = t->has_real ? t->pax_real : m->data;
	m->maybe = 0;
	if (m->type == '1') {
		m->maybe = m->data;
		m->data = 0;
	} else if (m->type == '2')
		m->data = 0;
	else if (m->type == 'S') {
		if (!number(b + GNU_REAL, SIZE_LEN, &real) || real < 0)
			return bad(t, "a sparse header's size is not a number");
		m->size = (uint64_t)real;
		t->more_sparse = b[GNU_MORE] != 0;
	}
	set_names(t, b, uid, gid);
	/* A directory that is only a name with a slash, as v7 has it. */
	if (m->type == '0' && m->path.len > 0 && m->path.s[m->path.len - 1] == '/')
		m->type = '5';
	if (t->more_sparse)
		return TAR_WANT;
	forget(t);
	return TAR_MEMBER;
}

enum tar_rc
tar_block(struct tar *t, const uint8_t block[TAR_BLOCK])
{
	if (t->left != 0) {
		size_t n = t->left < TAR_BLOCK ? (size_t)t->left : TAR_BLOCK;

		str_add(&t->text, block, n);
		t->left -= n;
		return t->left != 0 ? TAR_WANT : extended_done(t);
	}
	if (t->more_sparse) {
		t->more_sparse = block[GNU_NEXT_MORE] != 0;
		if (t->more_sparse)
			return TAR_WANT;
		forget(t);
		return TAR_MEMBER;
	}
	if (all_zero(block)) {
		forget(t);
		return TAR_ZERO;
	}
	return header(t, block);
}

bool
tar_pending(const struct tar *t)
{
	return t->left != 0 || t->more_sparse || t->has_path || t->has_link || t->has_size;
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

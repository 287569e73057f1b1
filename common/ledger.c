#include "ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "hex.h"
#include "io.h"
#include "lines.h"
#include "mem.h"

enum { FIELDS = 6 };

struct ledger {
	int fd;
	unsigned long number;
	bool cut;
};

void
ledger_line_free(struct ledger_line *l)
{
	str_free(&l->store);
	str_free(&l->name);
	str_free(&l->id);
}

void
ledger_format(struct str *out, const struct ledger_line *l)
{
	char hex[SHA256_HEX];

	hex_put(hex, l->hash, SHA256_SIZE);
	str_format(out, "%s\t", l->time);
	str_escape(out, str_get(&l->store), l->store.len, true);
	str_puts(out, "\t");
	str_escape(out, str_get(&l->name), l->name.len, true);
	if (l->gone)
		str_puts(out, "\t-\t-\t");
	else
		str_format(out, "\t%llu\t%s\t", (unsigned long long)l->size, hex);
	str_escape(out, str_get(&l->id), l->id.len, true);
}

/* 2026-11-23T10:15:00Z, and a date that exists. */
static bool
parse_time(const char *s, size_t n, char out[DATE_RFC3339])
{
	static const char shape[] = "dddd-dd-ddTdd:dd:ddZ";
	struct date d;
	int64_t t;

	if (n != sizeof shape - 1)
		return false;
	for (size_t i = 0; i < n; i++)
		if (shape[i] == 'd' ? s[i] < '0' || s[i] > '9' : s[i] != shape[i])
			return false;
	memcpy(out, s, n);
	out[n] = '\0';
	d = (struct date){ atoi(out), atoi(out + 5), atoi(out + 8), atoi(out + 11), atoi(out + 14), atoi(out + 17) };
	return date_to_time(&d, &t);
}

static bool
parse_size(const char *s, size_t n, uint64_t *size)
{
	uint64_t v = 0;

	if (n == 0 || n > 19 || (n > 1 && s[0] == '0'))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(s[i] - '0');
	}
	*size = v;
	return true;
}

/* A field as ledger_format wrote it: escaped in the one way there is, so that equal names are equal lines. */
static bool
parse_text(const char *s, size_t n, struct str *out)
{
	struct str again = { 0 };
	bool good;

	str_clear(out);
	good = n != 0 && str_unescape(out, s, n) && strlen(str_get(out)) == out->len;
	if (good) {
		str_escape(&again, str_get(out), out->len, true);
		good = again.len == n && memcmp(again.s, s, n) == 0;
	}
	str_free(&again);
	return good;
}

/* Both or none of them is "-". */
static bool
parse_size_and_hash(const char *const *field, const size_t *len, struct ledger_line *l)
{
	l->gone = len[0] == 1 && len[1] == 1 && field[0][0] == '-' && field[1][0] == '-';
	if (!l->gone)
		return parse_size(field[0], len[0], &l->size) && len[1] == 2 * SHA256_SIZE &&
		    hex_get(l->hash, field[1], SHA256_SIZE);
	l->size = 0;
	memset(l->hash, 0, SHA256_SIZE);
	return true;
}

bool
ledger_parse(const char *line, size_t n, struct ledger_line *l)
{
	const char *field[FIELDS], *tab;
	size_t len[FIELDS];

	for (int i = 0; i < FIELDS; i++) {
		tab = i < FIELDS - 1 ? memchr(line, '\t', n) : line + n;
		if (tab == NULL)
			return false;
		field[i] = line;
		len[i] = (size_t)(tab - line);
		n -= len[i] + (i < FIELDS - 1);
		line = tab + 1;
	}
	return parse_time(field[0], len[0], l->time) && parse_text(field[1], len[1], &l->store) &&
	    parse_text(field[2], len[2], &l->name) && parse_size_and_hash(field + 3, len + 3, l) &&
	    parse_text(field[5], len[5], &l->id);
}

static bool
matches(const struct ledger_line *l, const char *store, const char *name, const char *id)
{
	return (name == NULL || strcmp(str_get(&l->name), name) == 0) && (id == NULL || strcmp(str_get(&l->id), id) == 0) &&
	    (store == NULL || strcmp(str_get(&l->store), store) == 0);
}

/* Lines that match, the newest last: a name may be that of several archives, and one of them is removed. */
struct matching {
	struct ledger_line line;
	unsigned long number;
};

struct matches {
	struct matching *m;
	size_t n;
};

/* What is removed goes; all else comes behind the others.  l is emptied. */
static void
take(struct matches *all, struct ledger_line *l, unsigned long number)
{
	size_t n = 0;

	for (size_t i = 0; l->gone && i < all->n; i++)
		if (strcmp(str_get(&all->m[i].line.id), str_get(&l->id)) == 0 &&
		    strcmp(str_get(&all->m[i].line.store), str_get(&l->store)) == 0)
			ledger_line_free(&all->m[i].line);
		else
			all->m[n++] = all->m[i];
	if (l->gone) {
		all->n = n;
		return;
	}
	if ((all->n & (all->n - 1)) == 0)
		all->m = mem_grow(all->m, (all->n != 0 ? 2 * all->n : 1) * sizeof *all->m);
	all->m[all->n++] = (struct matching){ *l, number };
	*l = (struct ledger_line){ 0 };
}

/* The last of them into found; frees all. */
static enum ledger_rc
newest(struct matches *all, struct ledger_line *found, unsigned long *number)
{
	enum ledger_rc rc = LEDGER_NONE;

	if (all->n != 0) {
		struct matching *last = &all->m[--all->n];

		ledger_line_free(found);
		*found = last->line;
		*number = last->number;
		rc = LEDGER_OK;
	}
	while (all->n != 0)
		ledger_line_free(&all->m[--all->n].line);
	free(all->m);
	return rc;
}

/*
 * Go through the file.  With name or id, put the newest line that matches into
 * found; without, take each one apart.  A last line without its end is not looked at.
 */
static enum ledger_rc
scan(struct ledger *l, const char *store, const char *name, const char *id, struct ledger_line *found)
{
	struct ledger_line one = { 0 };
	enum ledger_rc rc = LEDGER_NONE, match;
	struct matches all = { 0 };
	struct lines *lines;
	unsigned long at = 0, ignored;
	struct str key = { 0 };
	const char *line;
	size_t n;
	int error;

	if (lseek(l->fd, 0, SEEK_SET) != 0)
		return LEDGER_IO;
	/* What stands in the line: most of them are passed over without being taken apart. */
	str_puts(&key, "\t");
	if (found != NULL)
		str_escape(&key, name != NULL ? name : id, strlen(name != NULL ? name : id), true);
	if (name != NULL)
		str_puts(&key, "\t");
	lines = lines_new(l->fd, '\n');
	while ((line = lines_next(lines, &n)) != NULL && !lines_cut(lines)) {
		if (found != NULL && strstr(line, str_get(&key)) == NULL)
			continue;
		if (!ledger_parse(line, n, &one)) {
			rc = LEDGER_FOREIGN;
			at = lines_number(lines);
			break;
		}
		if (found != NULL && matches(&one, store, name, id))
			take(&all, &one, lines_number(lines));
	}
	if (line == NULL && errno == EMSGSIZE) {
		rc = LEDGER_FOREIGN;
		at = lines_number(lines) + 1;
	} else if (line == NULL && errno != 0)
		rc = LEDGER_IO;
	error = errno;
	match = newest(&all, found, rc == LEDGER_NONE ? &at : &ignored);
	rc = rc == LEDGER_NONE ? match : rc;
	l->number = at;
	l->cut = lines_cut(lines);
	lines_free(lines);
	ledger_line_free(&one);
	str_free(&key);
	errno = error;
	return rc;
}

enum ledger_rc
ledger_open(const char *path, bool write, struct ledger **out)
{
	struct ledger *l = mem_alloc(sizeof *l);
	bool created = write && access(path, F_OK) != 0;
	enum ledger_rc rc = LEDGER_IO;
	int error;

	*out = NULL;
	l->fd = open(path, (write ? O_RDWR | O_CREAT | O_APPEND : O_RDONLY) | O_CLOEXEC, 0666);
	if (l->fd >= 0 && (!created || file_sync_parent(path) == 0))
		rc = scan(l, NULL, NULL, NULL, NULL);
	if (rc == LEDGER_IO) {
		error = errno;
		ledger_close(l);
		errno = error;
		return rc;
	}
	*out = l;
	return rc == LEDGER_NONE ? LEDGER_OK : rc;
}

void
ledger_close(struct ledger *l)
{
	if (l == NULL)
		return;
	if (l->fd >= 0)
		close(l->fd);
	free(l);
}

enum ledger_rc
ledger_find(struct ledger *l, const char *store, const char *name, struct ledger_line *found)
{
	return scan(l, store, name, NULL, found);
}

enum ledger_rc
ledger_find_id(struct ledger *l, const char *store, const char *id, struct ledger_line *found)
{
	return scan(l, store, NULL, id, found);
}

/* Cut off what a crash left of a last line.  *size is the file's length then. */
static int
mend(int fd, uint64_t *size)
{
	char buf[4096];
	struct stat st;
	uint64_t end;
	size_t n, i;

	if (fstat(fd, &st) != 0)
		return -1;
	end = *size = (uint64_t)st.st_size;
	while (end > 0) {
		n = end < sizeof buf ? (size_t)end : sizeof buf;
		if (io_fill_at(fd, buf, n, end - n) != (ssize_t)n)
			return -1;
		for (i = n; i > 0 && buf[i - 1] != '\n'; i--)
			;
		end -= n - i;
		if (i > 0)
			break;
	}
	if (end == *size)
		return 0;
	*size = end;
	return ftruncate(fd, (off_t)end);
}

enum ledger_rc
ledger_add(struct ledger *l, const struct ledger_line *line)
{
	struct str text = { 0 };
	uint64_t size;
	int r, error;

	ledger_format(&text, line);
	str_puts(&text, "\n");
	while ((r = flock(l->fd, LOCK_EX)) != 0 && errno == EINTR)
		;
	if (r == 0 && (r = mend(l->fd, &size)) == 0) {
		if (io_put(l->fd, text.s, text.len) != 0 || fsync(l->fd) != 0) {
			r = -1;
			error = errno;
			(void)!ftruncate(l->fd, (off_t)size);   /* what stays of it, the next writer mends */
			errno = error;
		}
	}
	error = errno;
	flock(l->fd, LOCK_UN);
	str_free(&text);
	errno = error;
	return r == 0 ? LEDGER_OK : LEDGER_IO;
}

bool
ledger_cut(const struct ledger *l)
{
	return l->cut;
}

unsigned long
ledger_number(const struct ledger *l)
{
	return l->number;
}

/*
 * tarsplit - cut a tar stream into chunks that are tars of their own.
 *
 * The chunks concatenated are the input, byte for byte: nothing is added and
 * nothing dropped.  cut.h says where to cut; here are one buffer, the chunks and
 * the index.  What is settled leaves the buffer in one write, data and headers
 * of many members together: no slower than a copy.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cpu.h"
#include "tarcut.h"
#include "date.h"
#include "err.h"
#include "file.h"
#include "filter.h"
#include "io.h"
#include "lines.h"
#include "mem.h"
#include "meter.h"
#include "opt.h"
#include "str.h"

static const char usage[] =
    "tarsplit [-fhqrvV] [-b size] [-i index] [-w chunks] [--filter command]\n"
    "                [--no-trailer-ok] prefix";

enum {
	READ = 1 << 18,                         /* stays in a processor's cache on its way through */
	MOVE = 1 << 22,                         /* as long as a signal may wait */
	BUFFER = TARCUT_NEED + READ,
	LAST_NUMBER = 999999
};

struct split {
	const char *prefix, *suffix;
	uint64_t size;
	bool force;

	uint8_t *buf;           /* [0, settled) goes to the chunk, [settled, filled) is not decided */
	size_t settled, filled;
	bool eof;

	unsigned number;        /* of the chunk that is being filled; it is there while name is not NULL */
	char *name;
	bool empty;
	struct file *file;      /* it goes to one of these */
	const char *command;
	struct filter filter;

	unsigned window;        /* printed chunks that may be on disk; 0: any number */
	char **waiting;         /* those that were there when last looked, at most window */
	unsigned nwaiting;

	struct file *index;     /* or NULL */
	const char *index_path;
	struct str lines;       /* of the index, not written yet */
};

static char *
chunk_name(const struct split *s, unsigned number)
{
	return mem_format("%s%06u%s", s->prefix, number, s->suffix);
}

static struct file *
create(const struct split *s, const char *path)
{
	struct file *f = file_create(path, 0666, s->force);

	if (f == NULL)
		edie(ST_FAIL, errno == EEXIST ? "%s: not overwritten without -f" : "%s", path);
	return f;
}

static void
begin_chunk(struct split *s)
{
	if (s->number == LAST_NUMBER)
		die(ST_FAIL, "%s: more than %d chunks; -b makes them larger", s->prefix, LAST_NUMBER);
	s->name = chunk_name(s, ++s->number);
	s->empty = true;
	if (s->command == NULL)
		s->file = create(s, s->name);
	else if (filter_start(&s->filter, s->command, s->name) != 0)
		edie(ST_FAIL, "%s: its filter cannot be started", s->name);
	note(2, "%s: begun", s->name);
	meter_subject(s->name);
}

static void
finish_filter(struct split *s)
{
	switch (filter_end(&s->filter)) {
	case FILTER_OK:
		return;
	case FILTER_EXIT:
		die(ST_FAIL, "%s: its filter failed with status %d", s->name, s->filter.number);
	case FILTER_SIGNAL:
		die(ST_FAIL, "%s: its filter was killed by signal %d", s->name, s->filter.number);
	case FILTER_EARLY:
		die(ST_FAIL, "%s: its filter ended before it had read all of the chunk", s->name);
	case FILTER_SYSTEM:
		edie(ST_FAIL, "%s: its filter", s->name);
	}
}

/* Write what is settled. */
static void
flush(struct split *s)
{
	if (s->settled == 0)
		return;
	if (s->name == NULL)
		begin_chunk(s);
	s->empty = false;
	if (s->command != NULL) {
		if (filter_put(&s->filter, s->buf, s->settled) != 0) {
			finish_filter(s);
			edie(ST_FAIL, "%s: its filter", s->name);
		}
	} else if (io_put(file_fd(s->file), s->buf, s->settled) != 0)
		edie(ST_FAIL, "%s", s->name);
	meter_add(s->settled);
	memmove(s->buf, s->buf + s->settled, s->filled - s->settled);
	s->filled -= s->settled;
	s->settled = 0;
}

/* What was read so far is worth keeping, under its temporary name; but a filter must not see an end of its chunk. */
static _Noreturn void
fail(struct split *s, uint64_t at, const char *why)
{
	s->settled = s->filled;
	flush(s);
	if (s->name != NULL && s->command != NULL) {
		filter_kill(&s->filter);
		warn("%s: is not whole, its filter was ended", s->name);
	} else if (s->name != NULL && !s->empty) {
		warn("%s: is not whole, what was read of it is kept in %s", s->name, file_temp(s->file));
		file_keep(s->file);
	}
	die(ST_FAIL, "standard input: byte %" PRIu64 ": %s", at, why);
}

/*
 * Data of a member goes to the chunk whatever it is: from file to file within the kernel, which is half the copying.
 * It is not worth its call for small members; from a pipe, splice(2) was slower than to read and write.
 */
static bool
move(struct split *s, struct tarcut *c)
{
	uint64_t want = s->filled == 0 && s->file != NULL ? tarcut_ahead(c) : 0;
	size_t n = want < READ ? 0 : io_move(STDIN_FILENO, file_fd(s->file), want < MOVE ? (size_t)want : MOVE);

	if (n == 0)
		return false;
	tarcut_moved(c, n);
	s->empty = false;
	meter_add(n);
	return true;
}

/* Read on. */
static void
refill(struct split *s, struct tarcut *c)
{
	ssize_t n;

	flush(s);
	if (move(s, c))
		return;
	if ((n = io_some(STDIN_FILENO, s->buf + s->filled, READ)) < 0)
		fail(s, c->from + s->filled, strerror(errno));
	s->filled += (size_t)n;
	s->eof = n == 0;
}

/* Wait until fewer than window printed chunks are left.  Whoever takes them away may have died: then so do we. */
static void
wait_for_room(struct split *s)
{
	const struct timespec tick = { .tv_nsec = 10000000 };
	struct pollfd reader = { .fd = STDOUT_FILENO };
	unsigned i;

	for (;;) {
		for (i = 0; i < s->nwaiting; )
			if (access(s->waiting[i], F_OK) != 0 && errno == ENOENT) {
				free(s->waiting[i]);
				s->waiting[i] = s->waiting[--s->nwaiting];
			} else
				i++;
		if (s->nwaiting < s->window)
			return;
		if (poll(&reader, 1, 0) > 0 && (reader.revents & POLLERR) != 0) {
			errno = EPIPE;
			edie(ST_FAIL, "standard output");
		}
		nanosleep(&tick, NULL);
	}
}

static void
finish_file(struct split *s)
{
	struct file *f = s->file;

	if (s->window != 0)
		wait_for_room(s);
	s->file = NULL;         /* commit frees it, come what may */
	if (file_commit(f) != 0)
		edie(ST_FAIL, errno == EEXIST ? "%s: not overwritten without -f" : "%s", s->name);
	if (lines_put(STDOUT_FILENO, s->name, '\n') != 0)
		edie(ST_FAIL, "standard output");
	if (s->window != 0)
		s->waiting[s->nwaiting++] = mem_copy(s->name);
}

static void
finish_chunk(struct split *s)
{
	flush(s);
	if (s->name == NULL)
		return;
	if (s->command != NULL)
		finish_filter(s);
	else if (s->empty)
		file_abort(s->file);
	else
		finish_file(s);
	free(s->name);
	s->name = NULL;
}

static void
write_index(struct split *s)
{
	if (io_put(file_fd(s->index), str_get(&s->lines), s->lines.len) != 0)
		edie(ST_FAIL, "%s", s->index_path);
	str_clear(&s->lines);
}

static void
add_column(struct str *line, const char *s, size_t n, char end)
{
	str_escape(line, s, n, false);
	str_add(line, &end, 1);
}

/* The index line of a member, or of a piece of it. */
static void
index_member(struct split *s, const struct tarcut *c)
{
	const struct tar_member *m = &c->tar.member;
	char *name, when[DATE_RFC3339];
	struct str *l = &s->lines;

	if (s->index == NULL)
		return;
	name = chunk_name(s, c->chunk);
	add_column(l, name, strlen(name), '\t');
	free(name);
	str_format(l, "%" PRIu64 "\t%" PRIu64 "\t%s\t", c->offset, c->length, tar_type(m->type));
	if (m->mode >= 0)
		str_format(l, "%04o\t", (unsigned)m->mode);
	else
		str_puts(l, "?\t");
	add_column(l, str_get(&m->owner), m->owner.len, '\t');
	str_format(l, "%" PRIu64 "\t", m->size);
	if (m->mtime == TAR_NO_TIME)
		str_puts(l, "?\t");
	else if (m->mtime < -62135596800 || m->mtime >= 253402300800)
		str_format(l, "@%" PRId64 "\t", m->mtime);      /* not in the years that RFC 3339 can write */
	else {
		date_rfc3339(when, m->mtime);
		str_format(l, "%s\t", when);
	}
	add_column(l, str_get(&m->path), m->path.len, '\t');
	add_column(l, str_get(&m->link), m->link.len, '\n');
	if (l->len > READ)
		write_index(s);
}

/* All of standard input into chunks. */
static void
split(struct split *s, struct tarcut *c)
{
	for (;;)
		switch (tarcut_next(c, s->buf + s->settled, s->filled - s->settled, s->eof)) {
		case TARCUT_WANT: refill(s, c); break;
		case TARCUT_PUT: s->settled += c->n; break;
		case TARCUT_NEXT: finish_chunk(s); break;
		case TARCUT_MEMBER: index_member(s, c); break;
		case TARCUT_END: finish_chunk(s); return;
		case TARCUT_BAD: fail(s, c->at, c->error);
		}
}

/* The original script's rule, but never above 1G. */
static uint64_t
auto_size(void)
{
	uint64_t n = cpu_memory() / (cpu_count() + 1) / 2;

	if (n > UINT64_C(1) << 30)
		n = UINT64_C(1) << 30;
	return n >> 20 != 0 ? n >> 20 << 20 : UINT64_C(1) << 20;
}

/* The length of what comes, where it is known. */
static uint64_t
input_size(void)
{
	off_t at = lseek(STDIN_FILENO, 0, SEEK_CUR);
	struct stat st;

	return at >= 0 && fstat(STDIN_FILENO, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > at ? (uint64_t)(st.st_size - at) : 0;
}

int
main(int argc, char *argv[])
{
	static const struct option longs[] = {
		{ "size", 1, NULL, 'b' }, { "force", 0, NULL, 'f' }, { "index", 1, NULL, 'i' },
		{ "raw", 0, NULL, 'r' }, { "wait", 1, NULL, 'w' },
		{ "filter", 1, NULL, OPT_LONG }, { "no-trailer-ok", 0, NULL, OPT_LONG + 1 }, OPT_COMMON
	};
	struct split s = { .suffix = ".tar" };
	bool raw = false, no_trailer_ok = false;
	const char *size = "512M";
	struct tarcut cut;
	int c;

	err_init(argv);
	while ((c = getopt_long(argc, argv, "b:fi:rw:hqvV", longs, NULL)) != -1)
		switch (c) {
		case 'b': size = optarg; break;
		case 'f': s.force = true; break;
		case 'i': s.index_path = optarg; break;
		case 'r': raw = true; s.suffix = ""; break;
		case 'w': s.window = (unsigned)opt_uint("-w", optarg, 1, 10000); break;
		case OPT_LONG: s.command = optarg; break;
		case OPT_LONG + 1: no_trailer_ok = true; break;
		default:
			if (!opt_common(c, usage))
				opt_usage(usage);
		}
	if (optind + 1 != argc || (raw && (s.index_path != NULL || no_trailer_ok)) || (s.command != NULL && s.window != 0))
		opt_usage(usage);
	s.size = strcmp(size, "auto") == 0 ? auto_size() : opt_size("-b", size, raw ? 1 : TAR_BLOCK, UINT64_C(1) << 42);
	if (!raw)
		s.size = s.size / TAR_BLOCK * TAR_BLOCK;
	opt_not_terminal(STDIN_FILENO, "standard input");
	s.prefix = argv[optind];
	note(1, "chunks of at most %" PRIu64 " bytes", s.size);

	meter_start(input_size());
	s.buf = mem_alloc(BUFFER);
	s.waiting = mem_array(s.window, sizeof *s.waiting);
	if (s.index_path != NULL)
		s.index = create(&s, s.index_path);
	if (s.command == NULL)
		begin_chunk(&s);        /* what is in the way is in the way at once */
	tarcut_init(&cut, s.size, raw, no_trailer_ok);
	split(&s, &cut);
	if (io_close(STDOUT_FILENO) != 0)
		edie(ST_FAIL, "standard output");
	if (s.index != NULL) {
		write_index(&s);
		if (file_commit(s.index) != 0)
			edie(ST_FAIL, "%s", s.index_path);
	}
	tarcut_free(&cut);
	str_free(&s.lines);
	while (s.nwaiting > 0)
		free(s.waiting[--s.nwaiting]);
	free(s.waiting);
	free(s.buf);
	return 0;
}

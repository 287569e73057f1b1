/*
 * tarsplit - cut a tar stream into chunks that are tars of their own.
 *
 * The chunks concatenated are the input, byte for byte: nothing is added and
 * nothing dropped.  A member's headers are read into memory (they are bounded)
 * until its size is known; then it is decided whether it still fits the chunk, and
 * its data is passed through.  A member larger than a chunk gets chunks of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cpu.h"
#include "date.h"
#include "err.h"
#include "file.h"
#include "io.h"
#include "lines.h"
#include "mem.h"
#include "meter.h"
#include "opt.h"
#include "str.h"
#include "tar.h"

static const char usage[] = "tarsplit [-fhqrvV] [-b size] [-i index] [-w chunks] prefix";

enum { BUFFER = 1 << 20 };

/* Standard input, by large reads. */
struct input {
	uint8_t *buf;
	size_t from, to;
	bool eof;
	uint64_t offset;        /* of buf[from] in the stream */
};

struct split {
	const char *prefix, *suffix;
	uint64_t size;          /* a chunk's limit, a multiple of TAR_BLOCK unless raw */
	bool force;
	unsigned window;        /* printed chunks that may be on disk; 0: any number */

	struct input in;
	struct file *chunk;     /* being written, or NULL */
	char *name;             /* its name to be */
	unsigned number;
	uint64_t have;          /* bytes in it */

	char **waiting;         /* printed names that were there when last looked, at most window */
	unsigned nwaiting;

	struct file *index;     /* or NULL */
	const char *index_path;
	struct str lines;       /* of the index, not written yet */
};

/* What was read so far is worth keeping, under its temporary name. */
static _Noreturn void
fail(struct split *s, uint64_t offset, const char *why)
{
	if (s->chunk != NULL)
		warn("%s: is not whole, what was read of it is kept in %s", s->name, file_temp(s->chunk));
	file_keep(s->chunk);
	die(ST_FAIL, "standard input: byte %" PRIu64 ": %s", offset, why);
}

/* Have n bytes ready at buf[from] (n at most BUFFER); fewer only at the end of the input. */
static size_t
ready(struct split *s, size_t n)
{
	struct input *in = &s->in;
	ssize_t r;

	if (in->to - in->from < n && !in->eof) {
		memmove(in->buf, in->buf + in->from, in->to - in->from);
		in->to -= in->from;
		in->from = 0;
		if ((r = io_fill(STDIN_FILENO, in->buf + in->to, BUFFER - in->to)) < 0)
			edie(ST_FAIL, "standard input");
		in->eof = (size_t)r < BUFFER - in->to;
		in->to += (size_t)r;
	}
	return in->to - in->from < n ? in->to - in->from : n;
}

/* Wait until fewer than window printed chunks are left.  Whoever takes them away may have died: then so do we. */
static void
wait_for_room(struct split *s)
{
	struct pollfd reader = { .fd = STDOUT_FILENO };
	unsigned i;

	for (;;) {
		for (i = 0; i < s->nwaiting; )
			if (access(s->waiting[i], F_OK) != 0) {
				free(s->waiting[i]);
				s->waiting[i] = s->waiting[--s->nwaiting];
			} else
				i++;
		if (s->nwaiting < s->window)
			return;
		if (poll(&reader, 1, 20) > 0 && (reader.revents & POLLERR) != 0) {
			errno = EPIPE;
			edie(ST_FAIL, "standard output");
		}
		if (reader.revents != 0)
			nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
	}
}

static void
finish_chunk(struct split *s)
{
	struct file *f = s->chunk;

	if (f == NULL)
		return;
	if (s->window != 0)
		wait_for_room(s);
	s->chunk = NULL;
	if (file_commit(f) != 0)
		edie(ST_FAIL, errno == EEXIST ? "%s: not overwritten without -f" : "%s", s->name);
	if (lines_put(STDOUT_FILENO, s->name, '\n') != 0)
		edie(ST_FAIL, "standard output");
	if (s->window != 0)
		s->waiting[s->nwaiting++] = s->name;
	else
		free(s->name);
	s->name = NULL;
	s->have = 0;
}

static void
begin_chunk(struct split *s)
{
	if (s->chunk != NULL)
		return;
	if (s->number == 999999)
		die(ST_FAIL, "%s: more than 999999 chunks; -b makes them larger", s->prefix);
	s->name = mem_format("%s%06u%s", s->prefix, ++s->number, s->suffix);
	if ((s->chunk = file_create(s->name, 0666, s->force)) == NULL)
		edie(ST_FAIL, errno == EEXIST ? "%s: not overwritten without -f" : "%s", s->name);
	meter_subject(s->name);
}

static void
put(struct split *s, const void *data, size_t n)
{
	begin_chunk(s);
	if (io_put(file_fd(s->chunk), data, n) != 0)
		edie(ST_FAIL, "%s", s->name);
	s->have += n;
	meter_add(n);
}

/* Pass n bytes of the input through; returns how many there were. */
static uint64_t
copy(struct split *s, uint64_t n)
{
	uint64_t done = 0;
	size_t have;

	while (done < n) {
		if ((have = ready(s, 1)) == 0)
			break;
		have = s->in.to - s->in.from;
		if (have > n - done)
			have = (size_t)(n - done);
		put(s, s->in.buf + s->in.from, have);
		s->in.from += have;
		s->in.offset += have;
		done += have;
	}
	return done;
}

static void
write_index(struct split *s)
{
	if (s->index != NULL && io_put(file_fd(s->index), str_get(&s->lines), s->lines.len) != 0)
		edie(ST_FAIL, "%s", s->index_path);
	str_clear(&s->lines);
}

/* The index line of a member, or of a piece of it: length bytes at offset in the current chunk. */
static void
index_line(struct split *s, const struct tar_member *m, uint64_t offset, uint64_t length)
{
	char when[DATE_RFC3339];

	if (s->index == NULL)
		return;
	str_escape(&s->lines, s->name, strlen(s->name), false);
	str_format(&s->lines, "\t%" PRIu64 "\t%" PRIu64 "\t%s\t%04o\t", offset, length, tar_type(m->type), m->mode);
	str_escape(&s->lines, str_get(&m->owner), m->owner.len, false);
	str_format(&s->lines, "\t%" PRIu64 "\t", m->size);
	if (m->mtime > -62135596800 && m->mtime < 253402300800) {
		date_rfc3339(when, m->mtime);
		str_puts(&s->lines, when);
	} else
		str_format(&s->lines, "@%" PRId64, m->mtime);
	str_puts(&s->lines, "\t");
	str_escape(&s->lines, str_get(&m->path), m->path.len, false);
	str_puts(&s->lines, "\t");
	str_escape(&s->lines, str_get(&m->link), m->link.len, false);
	str_puts(&s->lines, "\n");
	if (s->lines.len > BUFFER)
		write_index(s);
}

/* A member larger than a chunk: pieces of the chunk's size, from a cut to a cut. */
static void
put_giant(struct split *s, const struct tar_member *m, const struct str *headers, uint64_t data)
{
	uint64_t left = headers->len + data, used = 0;

	finish_chunk(s);
	while (left > 0) {
		uint64_t piece = left < s->size ? left : s->size;
		size_t head = headers->len - used < piece ? (size_t)(headers->len - used) : (size_t)piece;

		begin_chunk(s);
		index_line(s, m, 0, piece);
		put(s, headers->s + used, head);
		used += head;
		if (copy(s, piece - head) != piece - head)
			fail(s, s->in.offset, "the input ends inside a member");
		left -= piece;
		finish_chunk(s);
	}
}

/* A hard link that says a size: its data follows only where the next block is no header. */
static void
settle_link(struct split *s, struct tar_member *m)
{
	size_t n = ready(s, TAR_BLOCK);
	const uint8_t *next = s->in.buf + s->in.from;

	for (size_t i = 0; i < n; i++)
		if (next[i] != 0) {
			if (n == TAR_BLOCK && !tar_is_header(next))
				m->data = m->maybe;
			return;
		}
}

static void
put_member(struct split *s, struct tar_member *m, const struct str *headers)
{
	uint64_t data, total;

	if (m->maybe != 0)
		settle_link(s, m);
	data = tar_padded(m->data);
	total = headers->len + data;
	if (total > s->size) {
		put_giant(s, m, headers, data);
		return;
	}
	if (s->have + total > s->size)
		finish_chunk(s);
	begin_chunk(s);
	index_line(s, m, s->have, total);
	put(s, headers->s, headers->len);
	if (copy(s, data) != data)
		fail(s, s->in.offset, "the input ends inside a member");
}

/* Blocks that belong to no member: the end's zeros, and headers that nothing follows. */
static void
put_loose(struct split *s, const struct str *blocks)
{
	if (s->have + blocks->len > s->size)
		finish_chunk(s);
	put(s, blocks->s, blocks->len);
}

static void
split_tar(struct split *s)
{
	struct str headers = { 0 };
	struct tar tar;
	unsigned zeros = 0;
	uint64_t at;
	size_t n;

	tar_init(&tar);
	while ((n = ready(s, TAR_BLOCK)) == TAR_BLOCK) {
		at = s->in.offset;
		str_add(&headers, s->in.buf + s->in.from, TAR_BLOCK);
		s->in.from += TAR_BLOCK;
		s->in.offset += TAR_BLOCK;
		switch (tar_block(&tar, (const uint8_t *)headers.s + headers.len - TAR_BLOCK)) {
		case TAR_WANT:
			zeros = 0;
			if (headers.len > 4 * (size_t)TAR_EXTENDED_MAX)
				fail(s, at, "the headers of one member are longer than 64 MiB");
			continue;
		case TAR_MEMBER:
			zeros = 0;
			put_member(s, &tar.member, &headers);
			break;
		case TAR_ZERO:
			zeros++;
			put_loose(s, &headers);
			break;
		case TAR_BAD:
			fail(s, at, tar.error);
		}
		str_clear(&headers);
	}
	if (n != 0)
		fail(s, s->in.offset, "the input ends inside a block");
	if (headers.len != 0)
		fail(s, s->in.offset, "the input ends inside the headers of a member");
	if (zeros < 2)
		fail(s, s->in.offset, s->in.offset == 0 ? "the input is empty" :
		    "the input ends without the two zero blocks that end a tar");
	tar_free(&tar);
	str_free(&headers);
}

static void
split_raw(struct split *s)
{
	while (ready(s, 1) != 0) {
		copy(s, s->size);
		finish_chunk(s);
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

int
main(int argc, char *argv[])
{
	static const struct option longs[] = {
		{ "size", 1, NULL, 'b' }, { "force", 0, NULL, 'f' }, { "index", 1, NULL, 'i' },
		{ "raw", 0, NULL, 'r' }, { "wait", 1, NULL, 'w' }, OPT_COMMON
	};
	struct split s = { .suffix = ".tar", .size = 512 << 20 };
	bool raw = false;
	int c;

	err_init(argv);
	while ((c = getopt_long(argc, argv, "b:fi:rw:hqvV", longs, NULL)) != -1)
		switch (c) {
		case 'b': s.size = strcmp(optarg, "auto") == 0 ? auto_size() : opt_size("-b", optarg, TAR_BLOCK, UINT64_C(1) << 42); break;
		case 'f': s.force = true; break;
		case 'i': s.index_path = optarg; break;
		case 'r': raw = true; s.suffix = ""; break;
		case 'w': s.window = (unsigned)opt_uint("-w", optarg, 1, 10000); break;
		default:
			if (!opt_common(c, usage))
				opt_usage(usage);
		}
	if (optind + 1 != argc || (raw && s.index_path != NULL))
		opt_usage(usage);
	opt_not_terminal(STDIN_FILENO, "standard input");
	s.prefix = argv[optind];
	if (!raw)
		s.size = s.size / TAR_BLOCK * TAR_BLOCK;
	note(1, "chunks of at most %" PRIu64 " bytes", s.size);
	if (s.index_path != NULL && (s.index = file_create(s.index_path, 0666, s.force)) == NULL)
		edie(ST_FAIL, errno == EEXIST ? "%s: not overwritten without -f" : "%s", s.index_path);
	s.in.buf = mem_alloc(BUFFER);
	s.waiting = mem_array(s.window, sizeof *s.waiting);
	meter_start(0);

	if (raw)
		split_raw(&s);
	else
		split_tar(&s);
	finish_chunk(&s);
	if (s.index != NULL) {
		write_index(&s);
		if (file_commit(s.index) != 0)
			edie(ST_FAIL, "%s", s.index_path);
	}
	if (io_close(STDOUT_FILENO) != 0)
		edie(ST_FAIL, "standard output");
	while (s.nwaiting > 0)
		free(s.waiting[--s.nwaiting]);
	free(s.waiting);
	free(s.in.buf);
	str_free(&s.lines);
	return 0;
}

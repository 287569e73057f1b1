/*
 * xzpar - .xz on all processors.  The main thread reads, cuts the data into
 * Blocks and writes; the pool codes them.  A Block is coded by itself, so what
 * comes out depends on the data and the level, never on the number of threads.
 *
 * A file on its way is an item; its Blocks are jobs, and a last job without a
 * Block ends it: so files follow each other through the pool without a gap, and
 * are finished in the order in which they came.  What may be in memory is a
 * number of bytes, not of jobs: a Block that takes long does not hold up the
 * others behind it.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chain.h"
#include "cpu.h"
#include "cut.h"
#include "err.h"
#include "file.h"
#include "io.h"
#include "kind.h"
#include "mem.h"
#include "meter.h"
#include "names.h"
#include "opt.h"
#include "pool.h"
#include "unxz.h"
#include "xz.h"

static const char usage[] =
    "xzpar [-0123456789cdefhkNqtvV] [-M limit] [-T threads] [--null] [file ...]";

enum {
	RING = 256,                     /* jobs; their memory is counted in bytes */
	MIN_BLOCK = 1 << 20,
	LONG_BLOCK = 1 << 25,
	SERIAL = 1 << 20,               /* bytes for what goes straight through, beside its decoder */
	DENSE_LEVEL = 2                 /* for what is compressed already, for the most part */
};

struct item {
	char *name;                     /* as the user knows it */
	char *target;                   /* NULL: standard output, or nowhere */
	int in, out;                    /* out is -1 where nothing is written */
	struct file *file;
	struct stat st;
	uint64_t taken, cut;            /* bytes read, and cut into Blocks, when compressing */
	struct xz_index *index;
	struct unxz *reader;
	bool begun, failed, unverified;
};

struct job {
	struct item *item;
	bool end;                       /* no Block: the item is complete */
	enum cut_class class;           /* when compressing */
	struct xz_block block;
	struct chain in, out;
	bool tight;                     /* the decoder is to give its memory back */
	uint64_t data;                  /* bytes of input and output in memory at most, when decoding */
	enum xz_rc rc;
	int error;                      /* errno of XZ_IO */
};

static struct {
	bool decode, test, to_stdout, keep, force, names;
	char end;                       /* of names */
	unsigned threads;
	uint64_t limit;                 /* bytes of memory for everything */
	struct xz_method method;
	uint64_t block;                 /* bytes of data in a Block */
} opt = { .end = '\n', .method = { .level = 6 } };

static struct {
	struct pool *pool;
	struct store *store;
	struct xz_encoder **encoder;    /* one a thread */
	uint64_t budget;                /* bytes that chains may hold, when compressing */
	struct unxz_decoder **decoder;  /* one a thread */
	struct {
		uint64_t data, largest_data;    /* of the jobs in the pool, in sum; the greatest so far */
		uint64_t coding, largest_coding;        /* what the decoders of these jobs take; the greatest so far */
		unsigned at_once;               /* Blocks, as far as was said */
		bool tight;                     /* decoders keep no memory between Blocks */
	} memory;                       /* when decoding */
	struct names *list;
	bool failed, left_out;
} work;

/* What is being cut; one item at a time is. */
static struct {
	struct chain pending;
	struct cut cut;
	struct kind_seen seen;
	uint32_t given;                 /* pieces */
} knife;

/* How a Block of this class is coded. */
static struct xz_method
method_for(enum cut_class class)
{
	struct xz_method m = opt.method;

	switch (class) {
	case CUT_TEXT: m.shape = XZ_TEXT; break;
	case CUT_X86: m.shape = XZ_X86; break;
	case CUT_ARM64: m.shape = XZ_WORDS; break;
	case CUT_NOISE: m.shape = XZ_STORED; break;
	case CUT_DENSE:
		if (m.level > DENSE_LEVEL && !m.extreme)
			m.level = DENSE_LEVEL;
		break;
	case CUT_OTHER: break;
	}
	return m;
}

static void
code(void *arg, unsigned thread, void *shared)
{
	struct job *j = arg;
	struct xz_method m;

	(void)shared;
	if (j->end)
		return;
	if (opt.decode) {
		j->rc = unxz_decode(work.decoder[thread], &j->block, work.store, &j->in, opt.test ? NULL : &j->out);
		if (j->tight)
			unxz_decoder_release(work.decoder[thread]);
	} else {
		m = method_for(j->class);
		j->rc = xz_encode(work.encoder[thread], &m, work.store, &j->in, &j->out, &j->block);
	}
}

/* Say what is wrong with the item, once.  Going on with the next one is for lists of files only. */
static void
fail(struct item *i, const char *what, const char *place, uint64_t at)
{
	if (i->failed)
		return;
	i->failed = true;
	work.failed = true;
	if (place != NULL)
		warn("%s: %s: %s at byte %" PRIu64, i->name, what, place, at);
	else
		warn("%s: %s", i->name, what);
	if (opt.names)
		exit(ST_FAIL);
}

/* Make sure of what was written to the item. */
static void
written(const struct item *i, int r)
{
	if (r != 0)
		edie(ST_FAIL, "%s", i->target != NULL ? i->target : "standard output");
}

static void
begin_stream(struct item *i)
{
	uint8_t head[XZ_HEAD];

	if (i->begun)
		return;
	i->begun = true;
	xz_header(head);
	written(i, io_put(i->out, head, sizeof head));
}

/* Owner, mode and times as the input's, as far as this user may give them. */
static void
copy_attributes(const struct item *i)
{
	int fd = file_fd(i->file);
	mode_t mode = i->st.st_mode & 0777, both;
	struct timespec times[2] = { i->st.st_atim, i->st.st_mtim };

	if (fchown(fd, i->st.st_uid, (gid_t)-1) != 0 && geteuid() == 0)
		ewarn("%s: owner is not kept", i->target);
	/* Where the group cannot be kept, it and the others get only what both had. */
	if (fchown(fd, (uid_t)-1, i->st.st_gid) != 0) {
		both = mode >> 3 & mode & 0007;
		mode = (mode & 0700) | both << 3 | both;
	}
	if (fchmod(fd, mode) != 0 || futimens(fd, times) != 0)
		edie(ST_FAIL, "%s", i->target);
}

/* The input has its successor on disk: away with it, if it is still what was read. */
static void
remove_input(const struct item *i)
{
	struct stat now;

	if (lstat(i->name, &now) != 0)
		edie(ST_FAIL, "%s: cannot be removed", i->name);
	if (S_ISLNK(now.st_mode) && opt.force && stat(i->name, &now) != 0)
		edie(ST_FAIL, "%s: cannot be removed", i->name);
	if (now.st_dev != i->st.st_dev || now.st_ino != i->st.st_ino)
		die(ST_FAIL, "%s: is another file now, so it is not removed; %s is complete", i->name, i->target);
	if (unlink(i->name) != 0)
		edie(ST_FAIL, "%s: cannot be removed", i->name);
}

static void
commit(struct item *i)
{
	struct stat now;

	if (fstat(i->in, &now) != 0)
		edie(ST_FAIL, "%s", i->name);
	if (now.st_size != i->st.st_size || now.st_mtim.tv_sec != i->st.st_mtim.tv_sec ||
	    now.st_mtim.tv_nsec != i->st.st_mtim.tv_nsec || (!opt.decode && i->taken != (uint64_t)now.st_size)) {
		fail(i, "changed while it was read", NULL, 0);
		return;
	}
	copy_attributes(i);
	if (file_commit(i->file) != 0) {
		i->file = NULL;
		edie(ST_FAIL, "%s", i->target);
	}
	i->file = NULL;
	if (!opt.keep)
		remove_input(i);
	if (work.list != NULL)
		names_put(work.list, i->target);
}

static void
finish(struct item *i)
{
	struct chain tail = { 0 };

	if (!i->failed && !opt.decode) {
		begin_stream(i);
		if (xz_index_end(i->index, work.store, &tail) != XZ_OK)
			fail(i, "is too large for one Index", NULL, 0);
		else
			written(i, chain_put(&tail, i->out));
		chain_clear(work.store, &tail);
	}
	if (i->file != NULL && !i->failed)
		commit(i);
	file_abort(i->file);
	if (i->in != STDIN_FILENO)
		close(i->in);
	xz_index_free(i->index);
	unxz_free(i->reader);
	free(i->target);
	free(i->name);
	free(i);
}

/* Take the oldest job, waiting for it, and do with it what comes after; false where there is none. */
static bool
settle(void)
{
	struct job *j = pool_take(work.pool);
	struct item *i;
	bool end;

	if (j == NULL)
		return false;
	i = j->item;
	end = j->end;
	if (j->rc != XZ_OK) {
		errno = j->error;
		if (end)
			fail(i, xz_strerror(j->rc), unxz_place(i->reader), unxz_offset(i->reader));
		else
			fail(i, xz_strerror(j->rc), opt.decode ? "the Block" : NULL, j->block.at);
	}
	if (!i->failed && !end) {
		if (!opt.decode) {
			begin_stream(i);
			written(i, io_put(i->out, j->block.head, j->block.headlen));
			if (xz_index_add(i->index, &j->block) != XZ_OK)
				fail(i, "is too large for one Index", NULL, 0);
			note(2, "%s: %" PRIu64 " bytes from %" PRIu64 ": %s, %" PRIu64, i->name, j->block.unpacked,
			    j->block.at, cut_name[j->class], j->block.packed);
		}
		if (i->out >= 0)
			written(i, chain_put(&j->out, i->out));
	}
	chain_clear(work.store, &j->in);
	chain_clear(work.store, &j->out);
	if (!end && opt.decode) {
		work.memory.data -= j->data;
		work.memory.coding -= j->block.memory;
	}
	if (end)
		finish(i);
	return true;
}

/* Write what is done, without waiting. */
static void
settle_ready(void)
{
	while (pool_ready(work.pool))
		settle();
}

static void
settle_all(void)
{
	while (settle())
		;
}

/* An empty job for the item; settles others until there is one. */
static struct job *
vacancy(struct item *i)
{
	struct job *j;

	while ((j = pool_room(work.pool)) == NULL)
		settle();
	j->item = i;
	j->end = false;
	j->rc = XZ_OK;
	j->error = 0;
	return j;
}

static void
add_end(struct item *i, enum xz_rc rc)
{
	struct job *j;
	int error = errno;

	j = vacancy(i);
	j->end = true;
	j->rc = rc;
	j->error = error;
	pool_add(work.pool);
}

/* Give the pool the Blocks that are ready to be coded. */
static void
add_blocks(struct item *i)
{
	struct cut_block b;
	struct job *j;

	while (cut_take(&knife.cut, &b)) {
		j = vacancy(i);
		j->class = b.class;
		j->block.at = i->cut;
		i->cut += b.bytes;
		knife.given += (uint32_t)b.pieces;
		while (b.pieces-- > 0)
			chain_pass(&j->in, &knife.pending);
		pool_add(work.pool);
	}
	knife.seen.since = knife.given + 1;
}

/* Read and judge one piece, when there is memory for it.  false at the end of input. */
static bool
read_piece(struct item *i)
{
	struct chain c = { 0 };
	const uint8_t *p;
	size_t len;
	int64_t n;

	settle_ready();
	while (store_used(work.store) >= work.budget && pool_wait(work.pool))
		settle_ready();
	if ((n = chain_fill(work.store, &c, i->in, CHAIN_PIECE)) < 0)
		fail(i, strerror(errno), NULL, 0);
	if (n <= 0) {
		chain_clear(work.store, &c);
		return false;
	}
	i->taken += (uint64_t)n;
	meter_add((uint64_t)n);
	p = chain_head(&c, &len);
	cut_add(&knife.cut, kind_of(p, len, &knife.seen), len);
	chain_pass(&knife.pending, &c);
	return n == CHAIN_PIECE;
}

static void
compress(struct item *i)
{
	bool more;

	i->index = xz_index_new();
	cut_init(&knife.cut, opt.method.dict, opt.block);
	memset(&knife.seen, 0, sizeof knife.seen);
	knife.given = 0;
	do {
		more = read_piece(i);
		if (!more)
			cut_end(&knife.cut);
		if (!i->failed)
			add_blocks(i);
	} while (more && !i->failed);
	chain_clear(work.store, &knife.pending);
	add_end(i, XZ_OK);
}

/* Have no memory but what is needed next. */
static void
release_all(void)
{
	settle_all();
	for (unsigned t = 0; t < opt.threads; t++)
		unxz_decoder_release(work.decoder[t]);
	store_trim(work.store);
	mem_frugal();
}

/* A Block that is too large for memory, or whose size is not known: straight through, when all before it is written. */
static enum xz_rc
decode_serially(struct item *i, const struct xz_block *b)
{
	enum xz_rc rc;
	char *what;
	bool wrote;

	release_all();
	if (i->failed)
		return XZ_END;
	if (b->memory + SERIAL > opt.limit) {
		what = mem_format("takes %" PRIu64 " MiB to decode, more than -M allows",
		    (b->memory + SERIAL + (1 << 20) - 1) >> 20);
		fail(i, what, "the Block", b->at);
		free(what);
		return XZ_LIMIT;
	}
	note(2, "%s: the Block at byte %" PRIu64 ": straight through", i->name, b->at);
	rc = unxz_stream(i->reader, b, i->out, &wrote);
	if (wrote)
		written(i, -1);
	return rc;
}

/* Say so where -M does not let all threads work. */
static void
tell_threads(uint64_t need)
{
	uint64_t fit = opt.limit / need;

	if (fit >= work.memory.at_once)
		return;
	work.memory.at_once = (unsigned)fit;
	note(1, "-M: %u threads instead of %u", work.memory.at_once, opt.threads);
}

/*
 * May one more Block be in memory?  As long as the limit allows it each decoder
 * keeps its memory; when it does not they give it back after each Block, so that
 * only those at work count.  Beyond what keeps all threads busy nothing is read.
 */
static bool
fits(const struct xz_block *b, uint64_t data)
{
	uint64_t ahead = (opt.threads + 1) * work.memory.largest_data;

	if (work.memory.data == 0)
		return true;
	if (work.memory.data + data > ahead)
		return false;
	if (work.memory.tight)
		return work.memory.data + data + work.memory.coding + b->memory <= opt.limit;
	return work.memory.data + data + opt.threads * work.memory.largest_coding <= opt.limit;
}

static void
make_room(const struct xz_block *b, uint64_t data)
{
	if (work.memory.largest_data < data)
		work.memory.largest_data = data;
	if (work.memory.largest_coding < b->memory)
		work.memory.largest_coding = b->memory;
	if (!work.memory.tight && (data + work.memory.largest_coding) * opt.threads > opt.limit) {
		release_all();
		work.memory.tight = true;
	}
	settle_ready();
	while (!fits(b, data))
		settle();
}

static enum xz_rc
decode_block(struct item *i, const struct xz_block *b)
{
	uint64_t data = b->packed + (opt.test ? 0 : b->unpacked) + 4 * CHAIN_PIECE;
	uint64_t need = b->memory + data;
	struct job *j;
	enum xz_rc rc;

	/* One at a time is no gain, but that its data is verified before it is let out. */
	if (b->packed > opt.limit || b->unpacked > opt.limit || b->memory > opt.limit ||
	    need > (b->promised ? opt.limit / 2 : opt.limit))
		return decode_serially(i, b);
	tell_threads(need);
	make_room(b, data);
	j = vacancy(i);
	j->tight = work.memory.tight;
	if ((rc = unxz_load(i->reader, b, work.store, &j->in)) != XZ_OK) {
		chain_clear(work.store, &j->in);
		return rc;
	}
	j->block = *b;
	j->data = data;
	work.memory.data += data;
	work.memory.coding += b->memory;
	pool_add(work.pool);
	return XZ_OK;
}

/* As xz does: a check of a kind that is not known is not compared, and that is said. */
static void
note_unverified(struct item *i)
{
	unsigned check = unxz_unknown_check(i->reader);

	if (check == 0 || i->unverified)
		return;
	i->unverified = true;
	work.left_out = true;
	warn("%s: has checks of a kind that is not known here, %u: its data is not verified", i->name, check);
}

static void
decompress(struct item *i)
{
	struct xz_block b;
	enum xz_rc rc;

	i->reader = unxz_new(i->in);
	while (!i->failed && (rc = unxz_next(i->reader, &b)) == XZ_OK && (rc = decode_block(i, &b)) == XZ_OK)
		note_unverified(i);
	note_unverified(i);
	add_end(i, i->failed || rc == XZ_END ? XZ_OK : rc);
}

static void
run(struct item *i)
{
	meter_subject(i->name);
	if (opt.decode)
		decompress(i);
	else
		compress(i);
}

static bool
ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n > m && s[n - m - 1] != '/' && strcmp(s + n - m, end) == 0;
}

/* The successor's name, or NULL and why there is none. */
static char *
target_of(const char *name, const char **why)
{
	int n = (int)strlen(name);

	if (opt.decode) {
		if (ends_with(name, ".xz"))
			return mem_format("%.*s", n - 3, name);
		if (ends_with(name, ".txz"))
			return mem_format("%.*star", n - 3, name);
		*why = "has no .xz at its end";
		return NULL;
	}
	if (ends_with(name, ".xz") || ends_with(name, ".txz")) {
		*why = "ends with .xz already";
		return NULL;
	}
	return mem_format("%s.xz", name);
}

/* Why the file is not one to be replaced, by xz's rules; NULL: it is one. */
static const char *
unfit(const struct stat *st)
{
	if (S_ISDIR(st->st_mode))
		return "is a directory";
	if (!S_ISREG(st->st_mode))
		return "is not a regular file";
	if (opt.force || opt.keep)
		return NULL;
	if ((st->st_mode & (S_ISUID | S_ISGID | S_ISVTX)) != 0)
		return "has the setuid, setgid or sticky bit";
	if (st->st_nlink > 1)
		return "has several hard links";
	return NULL;
}

static void
leave_out(const char *name, const char *why)
{
	warn("%s: %s, left as it is", name, why);
	if (opt.names)
		exit(ST_FAIL);
	work.left_out = true;
}

/* Open name and make its successor's temporary file.  0, or -1 where why says more, or errno where it is NULL. */
static int
open_pair(struct item *i, const char **why)
{
	bool replace = !opt.to_stdout && !opt.test;
	int links = replace && !opt.force && !opt.keep ? O_NOFOLLOW : 0;

	if (replace && (i->target = target_of(i->name, why)) == NULL)
		return -1;
	if ((i->in = open(i->name, O_RDONLY | O_CLOEXEC | O_NOCTTY | (replace ? O_NONBLOCK : 0) | links)) < 0) {
		if (errno == ELOOP && links != 0)
			*why = "is a symbolic link";
		return -1;
	}
	if (fstat(i->in, &i->st) != 0)
		return -1;
	i->out = opt.test ? -1 : STDOUT_FILENO;
	if (!replace)
		return 0;
	if ((*why = unfit(&i->st)) != NULL)
		return -1;
	if ((i->file = file_create(i->target, 0600, opt.force)) == NULL)
		return -1;
	i->out = file_fd(i->file);
	return 0;
}

static void
run_file(const char *name)
{
	struct item *i = mem_alloc(sizeof *i);
	const char *why = NULL;

	i->name = mem_copy(name);
	i->in = -1;
	if (open_pair(i, &why) == 0) {
		run(i);
		return;
	}
	if (why != NULL)
		leave_out(name, why);
	else {
		ewarn("%s", i->in >= 0 && i->target != NULL ? i->target : name);
		work.failed = true;
		if (opt.names)
			exit(ST_FAIL);
	}
	if (i->in >= 0)
		close(i->in);
	free(i->target);
	free(i->name);
	free(i);
}

static void
run_stdin(void)
{
	struct item *i = mem_alloc(sizeof *i);

	if (opt.decode)
		opt_not_terminal(STDIN_FILENO, "standard input");
	i->name = mem_copy("standard input");
	i->in = STDIN_FILENO;
	i->out = opt.test ? -1 : STDOUT_FILENO;
	run(i);
}

/* Names in, names out; each is finished before the next one is waited for. */
static void
run_names(void)
{
	const char *name;

	work.list = names_new(opt.end);
	for (;;) {
		if (!names_ready(work.list))
			settle_all();
		if ((name = names_next(work.list)) == NULL)
			break;
		if (strcmp(name, "-") == 0)
			die(ST_FAIL, "-: is not a file name");
		run_file(name);
	}
	settle_all();
	names_free(work.list);
}

/* Bytes of memory for compressing on so many threads: encoders, a Block for each and one more to read. */
static uint64_t
footprint(unsigned threads)
{
	return threads * xz_memory(&opt.method) + (threads + 1) * opt.block + (RING + threads) * sizeof(struct job);
}

/*
 * Blocks of up to three dictionaries, as xz's, and of one and a half where that is
 * long enough: 96 MiB at -9 cost 0.05 % of size over 192, and all processors work.
 */
static void
set_dictionary(uint32_t dict)
{
	uint64_t d = dict;

	opt.method.dict = dict;
	opt.block = 3 * d < MIN_BLOCK ? MIN_BLOCK : 3 * d < LONG_BLOCK ? 3 * d : 3 * d / 2 < LONG_BLOCK ? LONG_BLOCK : 3 * d / 2;
}

/* Fit the compressor into the limit: fewer threads, then a smaller dictionary. */
static void
fit(void)
{
	unsigned asked = opt.threads;
	uint32_t dict = xz_dictionary(opt.method.level);

	set_dictionary(dict);
	while (opt.threads > 1 && footprint(opt.threads) > opt.limit)
		opt.threads--;
	while (footprint(opt.threads) > opt.limit && opt.method.dict > 1 << 16)
		set_dictionary(opt.method.dict / 2);
	if (footprint(opt.threads) > opt.limit)
		die(ST_FAIL, "-M: level %u takes at least %" PRIu64 " MiB", opt.method.level, (footprint(1) >> 20) + 1);
	if (opt.threads < asked)
		note(1, "-M: %u threads instead of %u", opt.threads, asked);
	if (opt.method.dict < dict)
		note(0, "-M: a dictionary of %" PRIu32 " KiB instead of %" PRIu32, opt.method.dict >> 10, dict >> 10);
	work.budget = (opt.threads + 1) * opt.block;
	note(1, "threads: %u, level: %u%s, Blocks up to %" PRIu64 " MiB, memory up to %" PRIu64 " MiB", opt.threads,
	    opt.method.level, opt.method.extreme ? " extreme" : "", opt.block >> 20, (footprint(opt.threads) >> 20) + 1);
}

static void
set_up(void)
{
	if (!opt.decode)
		fit();
	else
		note(1, "threads: %u, memory up to %" PRIu64 " MiB", opt.threads, opt.limit >> 20);
	work.store = store_new();
	work.encoder = mem_array(opt.threads, sizeof(struct xz_encoder *));
	for (unsigned t = 0; t < opt.threads && !opt.decode; t++)
		work.encoder[t] = xz_encoder_new();
	work.decoder = mem_array(opt.threads, sizeof(struct unxz_decoder *));
	for (unsigned t = 0; t < opt.threads && opt.decode; t++)
		work.decoder[t] = unxz_decoder_new();
	work.memory.at_once = opt.threads;
	work.pool = pool_new(opt.threads, RING, sizeof(struct job), code, NULL);
}

static void
tear_down(void)
{
	pool_free(work.pool);
	for (unsigned t = 0; t < opt.threads && !opt.decode; t++)
		xz_encoder_free(work.encoder[t]);
	free(work.encoder);
	for (unsigned t = 0; t < opt.threads && opt.decode; t++)
		unxz_decoder_free(work.decoder[t]);
	free(work.decoder);
	store_free(work.store);
}

/* The bytes that will be read, where that is known. */
static uint64_t
total(char *const *operand)
{
	struct stat st;
	uint64_t sum = 0;

	if (*operand == NULL && !opt.names && fstat(STDIN_FILENO, &st) == 0 && S_ISREG(st.st_mode))
		sum = (uint64_t)st.st_size;
	for (; *operand != NULL; operand++)
		if (stat(*operand, &st) == 0 && S_ISREG(st.st_mode))
			sum += (uint64_t)st.st_size;
	return sum;
}

/* -M: bytes, or a share of the machine's memory. */
static uint64_t
memory_limit(const char *arg)
{
	size_t n = strlen(arg);
	char *share;
	uint64_t percent;

	if (n == 0 || arg[n - 1] != '%')
		return opt_size("-M", arg, 1 << 20, UINT64_C(1) << 50);
	share = mem_copy(arg);
	share[n - 1] = '\0';
	percent = opt_uint("-M", share, 1, 100);
	free(share);
	return cpu_memory() / 100 * percent;
}

int
main(int argc, char *argv[])
{
	static const struct option longs[] = {
		{ "decompress", 0, NULL, 'd' }, { "extreme", 0, NULL, 'e' }, { "force", 0, NULL, 'f' },
		{ "keep", 0, NULL, 'k' }, { "memlimit", 1, NULL, 'M' }, { "names", 0, NULL, 'N' },
		{ "null", 0, NULL, OPT_LONG }, { "stdout", 0, NULL, 'c' }, { "test", 0, NULL, 't' },
		{ "threads", 1, NULL, 'T' }, OPT_COMMON
	};
	char **operand;
	int c;

	err_init(argv);
	opt.threads = cpu_count();
	opt.limit = cpu_memory() / 2;
	while ((c = getopt_long(argc, argv, "0123456789cdefkM:NT:thqvV", longs, NULL)) != -1)
		switch (c) {
		case '0': case '1': case '2': case '3': case '4':
		case '5': case '6': case '7': case '8': case '9':
			opt.method.level = (unsigned)(c - '0');
			break;
		case 'c': opt.to_stdout = true; break;
		case 'd': opt.decode = true; break;
		case 'e': opt.method.extreme = true; break;
		case 'f': opt.force = true; break;
		case 'k': opt.keep = true; break;
		case 'M': opt.limit = memory_limit(optarg); break;
		case 'N': opt.names = true; break;
		case 'T': opt.threads = (unsigned)opt_uint("-T", optarg, 0, 256); break;
		case 't': opt.test = true; break;
		case OPT_LONG: opt.end = '\0'; break;
		default:
			if (!opt_common(c, usage))
				opt_usage(usage);
		}
	operand = argv + optind;
	if (opt.names && (*operand != NULL || opt.to_stdout || opt.test))
		opt_usage(usage);
	if (opt.threads == 0)
		opt.threads = cpu_count();
	opt.decode = opt.decode || opt.test;
	if (!opt.decode && !opt.names && !opt.force && (opt.to_stdout || *operand == NULL))
		opt_not_terminal(STDOUT_FILENO, "standard output");
	meter_start(total(operand));
	set_up();

	if (opt.names)
		run_names();
	else if (*operand == NULL)
		run_stdin();
	for (; *operand != NULL; operand++)
		if (strcmp(*operand, "-") == 0)
			run_stdin();
		else
			run_file(*operand);
	settle_all();
	if (io_close(STDOUT_FILENO) != 0)
		edie(ST_FAIL, "standard output");
	tear_down();
	return work.failed ? ST_FAIL : work.left_out ? ST_LEFT : 0;
}

/*
 * The main thread cuts archives into parts and puts them into the pool; a worker
 * hashes its part and sends it; the main thread takes the parts out in order,
 * builds the tree, and ends an archive with its last part.  An archive of a single
 * part is begun and ended by the worker, so that many small ones do not wait for
 * each other's round trips.
 *
 * An archive belongs to the main thread; workers read of it what is fixed before
 * its first part is handed over: name, fd, base, stream, upload, part.
 */
#include "sender.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "date.h"
#include "io.h"
#include "mem.h"
#include "meter.h"
#include "pace.h"
#include "pool.h"
#include "tree.h"

/* Parts of files while the rate is not known, and at most if the length does not ask for more; parts of streams. */
#define PART_FIRST ((uint64_t)16 << 20)
#define PART_USUAL ((uint64_t)64 << 20)
enum {
	PART_SECONDS = 60,                      /* in which all parts that are under way should arrive */
	RENEWALS = 3                            /* times that a file's upload may vanish */
};

static const char is_empty[] = "is empty, and a store takes no empty archive";

struct archive {
	struct sender_archive is;               /* size: of the parts that are through */
	struct archive *next;
	int fd;
	bool stream;                            /* no regular file: its parts are in memory */
	bool ended;                             /* all of its parts are in the pool */
	bool hash_only;
	bool must;                              /* hash is want, or it fails */
	uint8_t want[SHA256_SIZE];
	struct stat st;                         /* of a regular file at the beginning */
	uint64_t base, length;                  /* in the file; of a regular file */
	uint64_t part, cut;                     /* size of the parts; bytes that are cut into parts */
	unsigned parts, left;                   /* cut; and not yet taken */
	struct store_upload *upload;            /* of a single part: NULL, and then the worker makes one */
	bool resumed;
	_Atomic bool vanished;                  /* its upload: what is left of it need not be sent */
	unsigned renewed;                       /* times that it was begun anew for that */
	struct tree tree;
	enum store_rc rc;                       /* not STORE_OK: it cannot be fed further, why says why */
	struct str why;
};

struct job {
	struct archive *archive;
	uint8_t *buf;                           /* of a stream */
	bool whole;                             /* the archive's only part */
	struct store_part part;
	struct str id;
	bool there;                             /* an earlier run has sent it */
	bool vanished;                          /* its upload was no more */
	uint64_t given;                         /* bytes that the meter has counted */
	enum store_rc rc;
	int error;                              /* errno of reading the file */
	struct str why;
};

struct sender {
	struct sender_options o;
	struct store *store;
	struct pool *pool;
	unsigned threads, lane;                 /* lane: of this thread */
	struct store_upload **old;              /* that earlier runs have left; NULL where one is taken */
	size_t nold;
	bool listed;                            /* old is known */
	_Atomic bool ending;                    /* what waits for a worker need not be done */
	uint64_t stream_part;                   /* of all streams; 0: there was none yet */
	uint8_t **free;                         /* buffers of that size, no more than there are threads */
	unsigned nfree, used;
	uint8_t **leaf;                         /* a leaf for each worker */
	struct archive *first, *last;           /* in order */
	struct archive *done;                   /* what the last step returned */

	pthread_mutex_t lock;                   /* guards state */
	struct str state;
};

/* Bytes leave; where they are asked for again, they have not left before. */
static void
count(struct job *j, uint64_t offset, uint64_t n)
{
	meter_add(offset + n - j->given);
	j->given = offset + n;
}

static int
read_file(void *with, void *buf, size_t n, uint64_t offset)
{
	struct job *j = with;
	ssize_t r = io_fill_at(j->archive->fd, buf, n, j->archive->base + j->part.offset + offset);

	if (r >= 0 && (size_t)r < n)
		errno = ESTALE;                 /* it has become shorter */
	return r == (ssize_t)n ? 0 : -1;
}

/* What the store reads from. */
static int
give(void *with, void *buf, size_t n, uint64_t offset)
{
	struct job *j = with;

	count(j, offset, n);
	if (j->buf == NULL)
		return read_file(j, buf, n, offset);
	memcpy(buf, j->buf + offset, n);
	return 0;
}

enum { SIDE = 64 };                     /* leaves of a part in memory that are hashed side by side */

/* Both hashes of the part; leaf is room for one, where the part is read from a file.  0, or -1 and errno. */
static int
hash_part(struct job *j, uint8_t *leaf)
{
	size_t most = (size_t)(j->buf != NULL ? SIDE : 1) * TREE_LEAF;
	struct sha256 *linear = j->archive->hash_only ? NULL : sha256_new();
	uint8_t node[SIDE][SHA256_SIZE];
	struct tree tree;
	int r = 0;

	tree_init(&tree);
	for (uint64_t at = 0; at < j->part.length; at += most) {
		size_t n = j->part.length - at < most ? (size_t)(j->part.length - at) : most;
		const uint8_t *p = j->buf != NULL ? j->buf + at : leaf;

		if (j->buf == NULL && (r = read_file(j, leaf, n, at)) != 0)
			break;
		if (linear != NULL)
			sha256_add(linear, p, n);
		for (size_t i = 0, count = tree_leaves(node, p, n); i < count; i++)
			tree_push(&tree, 0, node[i]);
	}
	tree_root(&tree, j->part.tree);
	if (linear != NULL)
		sha256_end(linear, j->part.linear);
	sha256_free(linear);
	return r;
}

/* The file is not what it was at the beginning. */
static bool
changed(const struct archive *a)
{
	struct stat st;

	return !a->stream && (fstat(a->fd, &st) != 0 || st.st_size != a->st.st_size ||
	    st.st_mtim.tv_sec != a->st.st_mtim.tv_sec || st.st_mtim.tv_nsec != a->st.st_mtim.tv_nsec);
}

static const char is_changed[] = "changed while it was uploaded";

/* Why an archive with this hash is not to be stored, or NULL. */
static const char *
objection(const struct archive *a, const uint8_t hash[SHA256_SIZE])
{
	if (changed(a))
		return is_changed;
	if (a->must && memcmp(hash, a->want, SHA256_SIZE) != 0)
		return "is not what its tree hash says";
	return NULL;
}

/* Send a part into an upload, if it is not there. */
static void
send_part(struct job *j, struct store_upload *up, unsigned lane)
{
	if (j->archive->resumed && store_has(up, &j->part)) {
		j->there = true;
		count(j, 0, j->part.length);
		return;
	}
	pace_enter(j->part.length);
	j->rc = store_send(up, lane, &j->part, &j->why);
	pace_leave(j->part.length, j->rc == STORE_OK);
	j->vanished = j->rc == STORE_ABSENT;
	count(j, 0, j->rc == STORE_OK ? j->part.length : 0);
}

/* The last step, after which there is an archive. */
static enum store_rc
finish(struct sender *s, struct store_upload *up, unsigned lane, uint64_t size, const uint8_t hash[SHA256_SIZE],
    struct str *id, struct str *why)
{
	struct ledger_line l = { .size = size };
	int r = 0;

	if (s->o.pending != NULL) {
		date_rfc3339(l.time, (int64_t)time(NULL));
		str_puts(&l.store, store_name(s->store));
		str_puts(&l.name, store_upload_name(up));
		str_puts(&l.id, store_upload_id(up));
		memcpy(l.hash, hash, SHA256_SIZE);
		if ((r = pending_add(s->o.pending, &l)) != 0)
			str_format(why, "the file of what is pending beside the ledger: %s", strerror(errno));
		ledger_line_free(&l);
	}
	return r == 0 ? store_finish(up, lane, size, hash, id, why) : STORE_FAILED;
}

/* An archive of one part, from beginning to end. */
static void
send_whole(struct sender *s, struct job *j, unsigned lane)
{
	struct archive *a = j->archive;
	const char *no = objection(a, j->part.tree);
	struct store_upload *up = a->upload;
	struct str ignored = { 0 };

	if (no == NULL && up == NULL)
		j->rc = store_begin(s->store, lane, a->is.name, a->part, &up, &j->why);
	if (no == NULL && j->rc == STORE_OK)
		store_expect(up, j->part.tree);
	if (no == NULL && j->rc == STORE_OK)
		send_part(j, up, lane);
	if (no == NULL && j->rc == STORE_OK && (no = objection(a, j->part.tree)) == NULL)
		j->rc = finish(s, up, lane, j->part.length, j->part.tree, &j->id, &j->why);
	if (no != NULL) {
		j->rc = STORE_FAILED;
		str_puts(&j->why, no);
	}
	if (no != NULL && up != NULL)
		store_abort(up, lane, &ignored);
	str_free(&ignored);
	if (up != a->upload)
		store_upload_free(up);
}

static void
work(void *job, unsigned lane, void *shared)
{
	struct sender *s = shared;
	struct job *j = job;

	if (s->ending || j->archive->vanished) {
		j->rc = STORE_FAILED;
		return;
	}
	if (j->buf == NULL && s->leaf[lane] == NULL)
		s->leaf[lane] = mem_grow(NULL, TREE_LEAF);
	if (hash_part(j, s->leaf[lane]) != 0) {
		j->error = errno;
		j->rc = STORE_FAILED;
		return;
	}
	if (j->archive->hash_only)
		return;
	j->part.read = give;
	j->part.from = j;
	if (j->whole)
		send_whole(s, j, lane);
	else
		send_part(j, j->archive->upload, lane);
}

struct sender *
sender_new(const struct sender_options *o)
{
	struct sender *s = mem_alloc(sizeof *s);

	*s = (struct sender){ .o = *o, .store = o->store, .threads = o->threads, .lane = o->threads };
	pthread_mutex_init(&s->lock, NULL);
	s->free = mem_array(s->threads, sizeof *s->free);
	s->leaf = mem_array(s->threads, sizeof *s->leaf);
	s->pool = pool_new(s->threads, POOL_RING(s->threads), sizeof(struct job), work, s);
	return s;
}

static void
archive_free(struct archive *a)
{
	if (a == NULL)
		return;
	if (a->fd >= 0)
		close(a->fd);
	store_upload_free(a->upload);
	str_free(&a->is.id);
	str_free(&a->why);
	free(a->is.name);
	free(a);
}

void
sender_free(struct sender *s)
{
	struct archive *a;
	struct job *j;

	if (s == NULL)
		return;
	if (s->first != NULL) {
		store_stop();
		while ((j = pool_take(s->pool)) != NULL)
			free(j->buf);
	}
	for (unsigned i = 0; i < POOL_RING(s->threads); i++) {
		j = pool_job(s->pool, i);
		str_free(&j->id);
		str_free(&j->why);
	}
	pool_free(s->pool);
	while ((a = s->first) != NULL) {
		s->first = a->next;
		archive_free(a);
	}
	archive_free(s->done);
	for (size_t i = 0; i < s->nold; i++)
		store_upload_free(s->old[i]);
	free(s->old);
	for (unsigned i = 0; i < s->threads; i++) {
		free(s->leaf[i]);
		free(i < s->nfree ? s->free[i] : NULL);
	}
	free(s->leaf);
	free(s->free);
	str_free(&s->state);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

/*
 * As large as the line lets it be, because each part is paid for; of a stream,
 * whose length nobody knows, large enough for most.  And at least so large that
 * there are not too many.
 */
static uint64_t
part_for(const struct sender *s, bool stream, uint64_t length)
{
	uint64_t rate = pace_rate(), most = rate / s->threads * PART_SECONDS;
	uint64_t part = stream || rate != 0 ? PART_USUAL : PART_FIRST;

	if (s->o.part != 0)
		return s->o.part;
	while (rate != 0 && part > store_part_min(s->store) && part > most)
		part /= 2;
	while (part < STORE_PART_MAX && length > part * STORE_PARTS)
		part *= 2;
	return part;
}

uint64_t
sender_longest(const struct sender *s)
{
	return part_for(s, true, s->o.expect) * STORE_PARTS;
}

bool
sender_room(const struct sender *s)
{
	return s->last == NULL || s->last->ended;
}

bool
sender_idle(const struct sender *s)
{
	return s->first == NULL;
}

/* What sender_state says, as the main thread knows it. */
static void
tell(struct sender *s)
{
	struct archive *a = s->first;

	pthread_mutex_lock(&s->lock);
	str_clear(&s->state);
	if (a != NULL && a->stream)
		str_format(&s->state, "%s: not stored, %" PRIu64 " bytes of it were sent; --abort removes them",
		    a->is.name, a->is.size);
	else if (a != NULL)
		str_format(&s->state, "%s: not stored, %" PRIu64 " of %" PRIu64 " bytes were sent; run it again to go on there",
		    a->is.name, a->is.size, a->length);
	pthread_mutex_unlock(&s->lock);
}

void
sender_state(struct sender *s, struct str *out)
{
	pthread_mutex_lock(&s->lock);
	str_puts(out, str_get(&s->state));
	pthread_mutex_unlock(&s->lock);
}

static void
add(struct sender *s, struct archive *a)
{
	if (s->last != NULL)
		s->last->next = a;
	else
		s->first = a;
	s->last = a;
	tell(s);
}

static struct archive *
archive_new(const char *name, int fd, const uint8_t *want)
{
	struct archive *a = mem_alloc(sizeof *a);

	a->fd = fd;
	a->is.name = mem_copy(name);
	a->must = want != NULL;
	if (want != NULL)
		memcpy(a->want, want, SHA256_SIZE);
	tree_init(&a->tree);
	return a;
}

/* Look at what fd is.  NULL, or why it cannot be stored. */
static const char *
inspect(struct sender *s, struct archive *a)
{
	off_t at = lseek(a->fd, 0, SEEK_CUR);

	if (fstat(a->fd, &a->st) != 0)
		return strerror(errno);
	if (S_ISDIR(a->st.st_mode))
		return "is a directory";
	a->stream = !S_ISREG(a->st.st_mode) || at < 0;
	if (!a->stream) {
		a->base = (uint64_t)at;
		a->length = a->st.st_size > at ? (uint64_t)(a->st.st_size - at) : 0;
		if (a->length == 0)
			return is_empty;
	}
	if (a->stream && s->stream_part == 0)
		s->stream_part = part_for(s, true, s->o.expect);
	a->part = a->stream ? s->stream_part : part_for(s, false, a->length);
	if (!a->stream && a->length > a->part * STORE_PARTS)
		return "needs larger parts, an archive has 10000 at most";
	return NULL;
}

/* Going on with an upload */

static enum store_rc
list_old(struct sender *s, struct str *why)
{
	enum store_rc rc = s->listed ? STORE_OK : store_uploads(s->store, s->lane, &s->old, &s->nold, why);

	s->listed = s->listed || rc == STORE_OK;
	return rc;
}

/* Are the parts of an upload ones that the archive has?  Their places tell, and the bytes of the first. */
static bool
fits(struct archive *a, const struct store_upload *up)
{
	uint64_t part = store_part_size(up), offset, length;
	struct job first = { .archive = a };
	uint8_t *leaf;
	bool same;

	if (part < STORE_PART_MIN || part > STORE_PART_MAX || (part & (part - 1)) != 0 || a->length > part * STORE_PARTS)
		return false;
	for (size_t i = 0; store_held(up, i, &offset, &length); i++)
		if (offset % part != 0 || offset >= a->length ||
		    length != (a->length - offset < part ? a->length - offset : part))
			return false;
	if (!store_held(up, 0, &first.part.offset, &first.part.length))
		return true;
	leaf = mem_alloc(TREE_LEAF);
	same = hash_part(&first, leaf) == 0 && store_has(up, &first.part);
	free(leaf);
	return same;
}

static size_t
count_held(const struct store_upload *up)
{
	uint64_t offset, length;
	size_t n = 0;

	while (store_held(up, n, &offset, &length))
		n++;
	return n;
}

/* Look at an old upload of the archive's name.  Is it one to go on with?  *held is how many parts it has. */
static bool
suits(struct sender *s, struct archive *a, struct store_upload *up, size_t *held, enum store_rc *rc, struct str *why)
{
	struct str what = { 0 };

	*held = 0;
	*rc = store_look(up, s->lane, why);
	if (*rc == STORE_ABSENT)
		*rc = STORE_OK;
	else if (*rc == STORE_OK && fits(a, up)) {
		*held = count_held(up);
		return true;
	} else if (*rc == STORE_OK) {
		str_format(&what, "%s: an unfinished upload of other bytes by this name is left alone, --abort removes it",
		    a->is.name);
		s->o.tell(str_get(&what));
		str_free(&what);
	}
	return false;
}

/*
 * Take the old upload of that name that has most of the archive.  Empty ones beside
 * it are removed; one with other bytes may be somebody else's, and is left alone.
 */
static enum store_rc
resume(struct sender *s, struct archive *a, struct str *why)
{
	struct str what = { 0 }, ignored = { 0 };
	enum store_rc rc = list_old(s, why);
	size_t held, most = 0;

	for (size_t i = 0; i < s->nold && rc == STORE_OK; i++) {
		struct store_upload *up = s->old[i], *worse;

		if (up == NULL || strcmp(store_upload_name(up), a->is.name) != 0 || !suits(s, a, up, &held, &rc, why))
			continue;
		worse = a->upload == NULL ? NULL : held > most ? a->upload : up;
		if (worse != NULL && count_held(worse) == 0)
			store_abort(worse, s->lane, &ignored);
		if (a->upload == NULL || held > most) {
			s->old[i] = a->upload;
			a->upload = up;
			most = held;
		}
	}
	if (rc == STORE_OK && a->upload != NULL) {
		a->part = store_part_size(a->upload);
		a->resumed = true;
		str_format(&what, "%s: going on with its upload, %zu parts are there", a->is.name, most);
		s->o.tell(str_get(&what));
	}
	str_free(&what);
	str_free(&ignored);
	return rc;
}

enum store_rc
sender_begin(struct sender *s, const char *name, int fd, const uint8_t *want, struct str *why)
{
	struct archive *a = archive_new(name, fd, want);
	const char *no = inspect(s, a);
	struct str trouble = { 0 };
	enum store_rc rc = STORE_OK;

	if (no != NULL) {
		rc = STORE_FAILED;
		str_puts(&trouble, no);
	} else if (!a->stream)
		rc = resume(s, a, &trouble);
	if (rc == STORE_OK)
		add(s, a);
	else {
		str_format(why, "%s: %s", name, str_get(&trouble));
		archive_free(a);
	}
	str_free(&trouble);
	return rc;
}

/* Nothing more of it is handed over; it fails when it is its turn. */
static bool
spoil(struct archive *a, enum store_rc rc, const char *why)
{
	a->rc = rc;
	str_clear(&a->why);
	str_puts(&a->why, why);
	a->ended = true;
	return false;
}

/* A job's buffer, if it has one. */
static void
give_back(struct sender *s, struct job *j)
{
	if (j->buf == NULL)
		return;
	s->free[s->nfree++] = j->buf;
	s->used--;
	j->buf = NULL;
}

/* Fill a buffer with a stream's next part; false at its end and where it cannot be read. */
static bool
read_part(struct sender *s, struct archive *a, struct job *j)
{
	ssize_t n;

	j->buf = s->nfree > 0 ? s->free[--s->nfree] : mem_grow(NULL, a->part);
	s->used++;
	if ((n = io_fill(a->fd, j->buf, a->part)) < 0)
		spoil(a, STORE_FAILED, strerror(errno));
	a->ended = n < 0 || (uint64_t)n < a->part;
	if (n > 0) {
		j->part.length = (uint64_t)n;
		return true;
	}
	give_back(s, j);
	if (n == 0 && a->parts == 0)
		spoil(a, STORE_FAILED, is_empty);
	return false;
}

/* The upload that the parts of a long archive go into. */
static bool
open_upload(struct sender *s, struct archive *a)
{
	struct job all = { .archive = a, .part.length = a->length };
	struct str why = { 0 };
	uint8_t *leaf;
	enum store_rc rc = store_begin(s->store, s->lane, a->is.name, a->part, &a->upload, &why);

	if (rc == STORE_OK && a->must)
		store_expect(a->upload, a->want);
	else if (rc == STORE_OK && !a->stream && store_expects(s->store)) {
		/* Read once more, so that the store can write the hash down with it. */
		a->hash_only = true;
		rc = hash_part(&all, leaf = mem_alloc(TREE_LEAF)) == 0 ? STORE_OK : STORE_FAILED;
		a->hash_only = false;
		free(leaf);
		if (rc == STORE_OK)
			store_expect(a->upload, all.part.tree);
		else
			str_puts(&why, strerror(errno));
	}
	if (rc != STORE_OK)
		spoil(a, rc, str_get(&why));
	str_free(&why);
	return rc == STORE_OK;
}

/* Hand over the next part of the last archive, or of one begun anew; false where there is none, or no room for it. */
static bool
feed(struct sender *s)
{
	struct archive *a = s->first->ended ? s->last : s->first;
	struct job *j;

	if (a->ended || a->vanished || (a->stream && s->used == s->threads) || (j = pool_room(s->pool)) == NULL)
		return false;
	*j = (struct job){ .archive = a, .id = j->id, .why = j->why };
	str_clear(&j->id);
	str_clear(&j->why);
	j->part.offset = a->cut;
	if (a->stream) {
		if (!read_part(s, a, j))
			return false;
	} else {
		j->part.length = a->length - a->cut < a->part ? a->length - a->cut : a->part;
		a->ended = a->cut + j->part.length == a->length;
	}
	if (a->parts == STORE_PARTS)
		return spoil(a, STORE_FAILED, "is longer than 10000 parts: say how long it is with --expect-size");
	j->whole = a->parts == 0 && a->ended;
	if (a->parts == 0 && !j->whole && !a->hash_only && a->upload == NULL && !open_upload(s, a))
		return false;
	a->cut += j->part.length;
	a->parts++;
	a->left++;
	pool_add(s->pool);
	return true;
}

static enum store_rc
fail(const struct archive *a, enum store_rc rc, const char *what, struct str *why)
{
	str_format(why, "%s: %s", a->is.name, what);
	return rc;
}

/* It cannot become an archive: nothing more is sent, and what was sent of it is removed. */
static enum store_rc
reject(struct sender *s, struct archive *a, const char *what, struct str *why)
{
	struct str ignored = { 0 };
	struct job *j;

	s->ending = true;
	while ((j = pool_take(s->pool)) != NULL) {
		free(j->buf);
		j->buf = NULL;
	}
	if (a->upload != NULL)
		store_abort(a->upload, s->lane, &ignored);
	str_free(&ignored);
	return fail(a, STORE_FAILED, what, why);
}

/* A part is through. */
static enum store_rc
account(struct sender *s, struct job *j, struct str *why)
{
	struct archive *a = j->archive;
	unsigned level = 0;

	give_back(s, j);
	a->left--;
	if (j->vanished && !a->stream && a->renewed < RENEWALS)
		a->vanished = true;
	if (a->vanished)
		return STORE_OK;
	if (j->rc != STORE_OK && changed(a))
		return reject(s, a, is_changed, why);
	if (j->error != 0)
		return fail(a, STORE_FAILED, strerror(j->error), why);
	if (j->rc != STORE_OK)
		return fail(a, j->rc, str_get(&j->why), why);
	while ((uint64_t)TREE_LEAF << level < a->part)
		level++;
	tree_push(&a->tree, level, j->part.tree);
	a->is.size += j->part.length;
	a->is.there += j->there ? j->part.length : 0;
	if (j->whole)
		str_puts(&a->is.id, str_get(&j->id));
	return STORE_OK;
}

/* The service no longer knows the upload of the oldest archive, and nothing of it is in the pool: all of it once more. */
static void
renew(struct sender *s, struct archive *a)
{
	struct str what = { 0 };

	str_format(&what, "%s: its upload has vanished, beginning anew", a->is.name);
	s->o.tell(str_get(&what));
	str_free(&what);
	store_upload_free(a->upload);
	a->upload = NULL;
	a->ended = false;
	a->vanished = false;
	a->resumed = false;
	a->renewed++;
	a->is.size = a->is.there = a->cut = 0;
	a->parts = 0;
	a->part = part_for(s, false, a->length);
	tree_init(&a->tree);
}

/* All parts of the oldest archive are through: the service makes an archive of them. */
static enum store_rc
complete(struct sender *s, struct archive *a, struct str *why)
{
	struct str trouble = { 0 };
	enum store_rc rc = a->rc;
	const char *no;

	if (rc != STORE_OK)
		return fail(a, rc, str_get(&a->why), why);
	tree_root(&a->tree, a->is.hash);
	if (a->is.id.len != 0)
		return STORE_OK;
	if ((no = objection(a, a->is.hash)) != NULL)
		rc = reject(s, a, no, why);
	else if ((rc = finish(s, a->upload, s->lane, a->is.size, a->is.hash, &a->is.id, &trouble)) != STORE_OK)
		fail(a, rc, str_get(&trouble), why);
	str_free(&trouble);
	return rc;
}

static void
remove_first(struct sender *s)
{
	s->first = s->first->next;
	if (s->first == NULL)
		s->last = NULL;
}

bool
sender_step(struct sender *s, const struct sender_archive **done, enum store_rc *rc, struct str *why)
{
	struct archive *a = s->first;
	struct job *j;

	*done = NULL;
	*rc = STORE_OK;
	archive_free(s->done);
	s->done = NULL;
	if (a == NULL)
		return false;
	while (feed(s))
		;
	if (a->left > 0 && (j = pool_take(s->pool)) != NULL)
		*rc = account(s, j, why);
	if (*rc == STORE_OK && a->vanished && a->left == 0)
		renew(s, a);
	if (*rc == STORE_OK && a->ended && a->left == 0 && (*rc = complete(s, a, why)) == STORE_OK) {
		remove_first(s);
		s->done = a;
		*done = &a->is;
	}
	tell(s);
	return true;
}

int
sender_hash(struct sender *s, int fd, uint8_t hash[SHA256_SIZE])
{
	struct archive *a = archive_new("", fd, NULL);
	struct str why = { 0 };
	int error = 0;
	struct job *j;

	a->hash_only = true;
	if (inspect(s, a) != NULL || a->stream)
		error = EINVAL;
	a->base = 0;
	a->length = (uint64_t)a->st.st_size;
	a->part = PART_FIRST;
	add(s, a);
	while (error == 0 && (!a->ended || a->left > 0)) {
		while (feed(s))
			;
		if ((j = pool_take(s->pool)) != NULL && account(s, j, &why) != STORE_OK)
			error = j->error != 0 ? j->error : EIO;
	}
	while (pool_take(s->pool) != NULL)
		;
	tree_root(&a->tree, hash);
	remove_first(s);
	tell(s);
	a->fd = -1;
	archive_free(a);
	str_free(&why);
	errno = error;
	return error == 0 ? 0 : -1;
}

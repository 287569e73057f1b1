/*
 * A file is cut into batches of a few chunks; one job of the pool is one batch.
 * The first batch of a file also makes or opens its header, so that this too is
 * done by many threads; those that have other batches of the file wait for the
 * key.  They never wait for ever: the pool begins jobs in their order, so the
 * first batch is with some thread already.
 *
 * A batch that stands in a regular file is left to the thread that works on it: to
 * seal it is mapped, which costs less than to copy; to open it is read, for it is
 * looked at twice, and nobody may change it in between.  All others are read by
 * the thread that makes the calls: those of pipes and of armor, and the last one
 * of a file, whose end must be seen.
 */
#include "sealer.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "io.h"
#include "map.h"
#include "mem.h"
#include "meter.h"
#include "pool.h"
#include "source.h"

enum {
	CHUNKS = 32,            /* in a batch, at most */
	THREADS = 32,           /* more are of no use: one thread writes for all of them */
	BUFFERS = 20 << 20      /* bytes of all batches together */
};

/* A file on its way. */
struct flow {
	void *file;
	int fd;                         /* open until the last batch is out; or -1 */
	struct age_keys keys;           /* as they were when it was begun */
	bool passphrase;                /* it is sealed with one */
	bool over;                      /* its end is out; drop what still comes */
	size_t header;                  /* bytes in front of the payload, when opening */
	uint64_t number;                /* chunks so far */
	enum { WAIT, READY, SHUT } state;       /* of key; under the sealer's lock */
	uint8_t file_key[AGE_FILE_KEY];
	uint8_t key[BOX_KEY];
};

struct batch {
	struct flow *flow;
	bool end;                       /* it is the last one of its flow */
	bool header;                    /* there is one to make, or to open */
	bool empty;                     /* there is no payload to work on */
	bool unread;                    /* run.in bytes are still to be read, from place on */
	uint64_t place;
	struct str head;                /* of the first one: the header, and the payload's nonce */
	struct seal_run run;
	struct sealer_fault fault;      /* in reading it, or with the header */
};

struct sealer {
	bool open;
	bool alone;                     /* there is one thread: let it not read too */
	const struct age_keys *keys;
	sealer_ask *ask;
	void *asked;
	struct pool *pool;
	unsigned ring;
	size_t chunks;
	struct flow *flows;             /* ring + 1: each has a batch in the pool, or is the one that is read; of box_alloc */
	uint64_t begun, ended;          /* of the flows */

	/* What is read now, or NULL. */
	struct flow *reading;
	bool fresh;                     /* nothing was read of it */
	struct source *source;

	pthread_mutex_t lock;           /* guards the flows' state */
	pthread_cond_t known;           /* it has changed */
	pthread_mutex_t hard;           /* one passphrase at a time: each takes much memory */
};

static void
tell(struct sealer *s, struct flow *f, bool good)
{
	pthread_mutex_lock(&s->lock);
	f->state = good ? READY : SHUT;
	pthread_cond_broadcast(&s->known);
	pthread_mutex_unlock(&s->lock);
}

static bool
key_known(struct sealer *s, struct flow *f)
{
	bool good;

	pthread_mutex_lock(&s->lock);
	while (f->state == WAIT)
		pthread_cond_wait(&s->known, &s->lock);
	good = f->state == READY;
	pthread_mutex_unlock(&s->lock);
	return good;
}

static enum age_rc
make_header(struct sealer *s, struct batch *b)
{
	struct flow *f = b->flow;
	uint8_t nonce[SEAL_NONCE];
	enum age_rc rc;

	box_random(f->file_key, sizeof f->file_key);
	box_random(nonce, sizeof nonce);
	seal_key(f->key, f->file_key, nonce);
	tell(s, f, true);
	rc = age_header_put(&b->head, &f->keys, f->file_key);
	str_add(&b->head, nonce, sizeof nonce);
	return rc;
}

static enum age_rc
open_header(struct sealer *s, struct batch *b)
{
	struct flow *f = b->flow;
	size_t length;
	enum age_rc rc = age_header_get(b->head.s, b->head.len, &f->keys, f->file_key, &length);

	if (rc == AGE_OK)
		seal_key(f->key, f->file_key, (const uint8_t *)b->head.s + length);
	else
		b->fault.place = length;
	tell(s, f, rc == AGE_OK);
	return rc;
}

/* false: there is no key. */
static bool
begin(struct sealer *s, struct batch *b)
{
	bool hard = b->flow->passphrase;
	enum age_rc rc;

	if (hard)
		pthread_mutex_lock(&s->hard);
	rc = s->open ? open_header(s, b) : make_header(s, b);
	if (rc != AGE_OK) {
		b->fault.kind = SEALER_HEADER;
		b->fault.header = rc;
		b->fault.error = errno;
	}
	if (hard)
		pthread_mutex_unlock(&s->hard);
	mem_wipe(b->flow->file_key, sizeof b->flow->file_key);
	return rc == AGE_OK;
}

static void
seal_mapped(const uint8_t *bytes, size_t n, void *batch)
{
	struct batch *b = batch;

	(void)n;
	b->run.from = bytes;
	seal_run(&b->run, b->flow->key);
}

/* false: it cannot be read, or the file has become shorter. */
static bool
read_claimed(struct batch *b)
{
	ssize_t n = io_fill_at(b->flow->fd, b->run.buf + b->run.lead, b->run.in, b->place);

	if (n == (ssize_t)b->run.in)
		return true;
	b->run.out = 0;
	b->fault.kind = SEALER_READ;
	b->fault.error = n < 0 ? errno : ESTALE;
	return false;
}

static void
work(void *arg, unsigned thread, void *shared)
{
	struct sealer *s = shared;
	struct batch *b = arg;

	(void)thread;
	b->run.out = 0;
	b->run.rc = SEAL_OK;
	if ((b->header && !begin(s, b)) || b->empty || !key_known(s, b->flow))
		return;
	if (b->unread && !s->open && map_do(b->flow->fd, b->place, b->run.in, seal_mapped, b))
		return;
	b->run.from = NULL;
	if (b->unread && !read_claimed(b))
		return;
	if (s->open)
		seal_run_open(&b->run, b->flow->key);
	else
		seal_run(&b->run, b->flow->key);
}

struct sealer *
sealer_new(bool open, unsigned threads, const struct age_keys *keys, sealer_ask *ask, void *asked)
{
	struct sealer *s = mem_alloc(sizeof *s);

	threads = threads < THREADS ? threads : THREADS;
	*s = (struct sealer){ .open = open, .alone = threads == 1, .keys = keys, .ask = ask, .asked = asked, .ring = POOL_RING(threads) };
	for (s->chunks = CHUNKS; s->chunks > 1 && s->ring * SEAL_RUN(s->chunks) > BUFFERS; )
		s->chunks--;
	s->flows = box_alloc((s->ring + 1) * sizeof *s->flows);
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->known, NULL);
	pthread_mutex_init(&s->hard, NULL);
	s->pool = pool_new(threads, s->ring, sizeof(struct batch), work, s);
	return s;
}

static void
stop_reading(struct sealer *s)
{
	source_free(s->source);
	s->source = NULL;
	s->reading = NULL;
}

/* Nothing of it is on its way any more. */
static void
end_flow(struct flow *f)
{
	mem_wipe(f->key, sizeof f->key);
	if (f->fd >= 0)
		close(f->fd);
}

void
sealer_free(struct sealer *s)
{
	struct sealer_piece dropped;
	struct flow *reading;

	if (s == NULL)
		return;
	reading = s->reading;
	stop_reading(s);
	while (sealer_take(s, &dropped))
		;
	if (reading != NULL)
		end_flow(reading);
	for (unsigned i = 0; i < s->ring; i++) {
		struct batch *b = pool_job(s->pool, i);

		str_free(&b->head);
		free(b->run.buf);
	}
	pool_free(s->pool);
	pthread_mutex_destroy(&s->hard);
	pthread_cond_destroy(&s->known);
	pthread_mutex_destroy(&s->lock);
	box_free(s->flows);
	free(s);
}

bool
sealer_room(struct sealer *s)
{
	return pool_room(s->pool) != NULL;
}

bool
sealer_reading(const struct sealer *s)
{
	return s->reading != NULL;
}

bool
sealer_busy(const struct sealer *s)
{
	return s->begun != s->ended;
}

void
sealer_begin(struct sealer *s, int fd, void *file)
{
	struct flow *f = &s->flows[s->begun++ % (s->ring + 1)];

	*f = (struct flow){ .file = file, .fd = fd, .keys = *s->keys, .over = false, .state = WAIT };
	f->passphrase = !s->open && f->keys.keys.n == 0;
	s->reading = f;
	s->fresh = true;
	if (fd < 0)
		return;
	s->source = source_new(fd);
	if (s->open)
		source_detect(s->source);
}

/* Does the armor hold so far? */
static struct sealer_fault
look_at_armor(const struct sealer *s)
{
	struct sealer_fault fault = { .kind = SEALER_FINE };
	unsigned long line;

	if ((fault.armor = source_armor(s->source, &line)) != ARMOR_OK) {
		fault.kind = SEALER_ARMOR;
		fault.place = line;
	}
	return fault;
}

/* This is how the file ends, if its armor is not to blame. */
static void
fails(const struct sealer *s, struct batch *b, struct sealer_fault fault)
{
	struct sealer_fault armor = look_at_armor(s);

	b->fault = armor.kind != SEALER_FINE ? armor : fault;
	b->end = true;
	b->empty = true;
	b->run.in = 0;
}

static void
fails_to_read(const struct sealer *s, struct batch *b)
{
	fails(s, b, (struct sealer_fault){ .kind = SEALER_READ, .error = errno });
}

/* The header as a whole, and the nonce behind it, into the batch's head. */
static void
read_header(struct sealer *s, struct batch *b)
{
	struct flow *f = b->flow;
	uint8_t nonce[SEAL_NONCE];
	const char *bytes;
	enum age_rc rc;
	size_t n, length = 0;
	ssize_t got;
	int more;

	do {
		if ((more = source_more(s->source)) < 0) {
			fails_to_read(s, b);
			return;
		}
		bytes = source_ahead(s->source, &n);
		rc = n == 0 ? AGE_ALIEN : age_header_end(bytes, n, &length, &f->passphrase);
	} while (rc == AGE_MORE && more > 0);
	if (rc != AGE_OK) {
		if (rc == AGE_ALIEN && source_armored(s->source))
			rc = AGE_MORE;
		fails(s, b, (struct sealer_fault){ .kind = SEALER_HEADER, .header = rc, .place = length });
		return;
	}
	if (f->passphrase && f->keys.passphrase == NULL && s->ask != NULL) {
		s->ask(s->asked);
		f->keys = *s->keys;
	}
	b->header = true;
	str_add(&b->head, bytes, length);
	source_skip(s->source, length);
	f->header = length;
	if ((got = source_fill(s->source, nonce, sizeof nonce)) < 0)
		fails_to_read(s, b);
	else if (got < SEAL_NONCE)
		fails(s, b, (struct sealer_fault){ .kind = SEALER_HEADER, .header = AGE_MORE });
	str_add(&b->head, nonce, sizeof nonce);
}

static void
read_payload(struct sealer *s, struct batch *b)
{
	size_t unit = s->open ? SEAL_SEALED : SEAL_CHUNK;
	struct flow *f = b->flow;
	ssize_t n = (ssize_t)(s->chunks * unit);
	int last = 0;

	if (b->run.buf == NULL)
		b->run.buf = mem_pages(SEAL_RUN(s->chunks));
	b->run.lead = SEAL_LEAD(s->chunks);
	b->run.first = f->number;
	b->unread = !s->alone && source_claim(s->source, s->chunks * unit, &b->place);
	if (!b->unread && ((n = source_fill(s->source, b->run.buf + b->run.lead, s->chunks * unit)) < 0 || (last = source_ended(s->source)) < 0)) {
		fails_to_read(s, b);
		return;
	}
	if (!seal_count(&f->number, s->chunks)) {
		errno = EFBIG;
		fails_to_read(s, b);
		return;
	}
	b->run.in = (size_t)n;
	b->run.last = last == 1;
	b->end = last != 0;
	if (s->open)
		b->fault = look_at_armor(s);
	meter_add(b->run.in);
}

void
sealer_read(struct sealer *s)
{
	struct batch *b = pool_room(s->pool);
	struct flow *f = s->reading;

	b->flow = f;
	b->end = b->empty = f->over || f->fd < 0;
	b->unread = false;
	b->header = s->fresh && !s->open && !b->empty;
	b->fault = (struct sealer_fault){ .kind = SEALER_FINE };
	str_clear(&b->head);
	if (!b->empty && s->fresh && s->open)
		read_header(s, b);
	s->fresh = false;
	if (!b->empty)
		read_payload(s, b);
	if (b->end)
		stop_reading(s);
	pool_add(s->pool);
}

/* What is wrong, by what came first. */
static struct sealer_fault
judge(const struct batch *b)
{
	struct sealer_fault fault = b->fault;

	if (fault.kind == SEALER_FINE && b->run.rc != SEAL_OK) {
		fault.kind = SEALER_PAYLOAD;
		fault.payload = b->run.rc;
		fault.place = b->flow->header + seal_run_fault(&b->run);
	}
	return fault;
}

bool
sealer_take(struct sealer *s, struct sealer_piece *p)
{
	struct batch *b;
	struct flow *f;
	bool dropped;

	do {
		if ((b = pool_take(s->pool)) == NULL)
			return false;
		f = b->flow;
		dropped = f->over;
		*p = (struct sealer_piece){ .file = f->file, .body = b->run.buf, .bodylen = b->run.out, .end = b->end, .fault = judge(b) };
		if (!s->open && p->fault.kind == SEALER_FINE) {
			p->head = str_get(&b->head);
			p->headlen = b->head.len;
		}
		if (p->fault.kind != SEALER_FINE)
			p->end = true;
		f->over = p->end || dropped;
		if (b->end) {
			end_flow(f);
			s->ended++;
		}
	} while (dropped);
	return true;
}

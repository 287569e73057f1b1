#include "tarcut.h"

void
tarcut_init(struct tarcut *c, uint64_t size, bool raw, bool no_trailer_ok)
{
	*c = (struct tarcut){ .size = size, .raw = raw, .no_trailer_ok = no_trailer_ok, .now = 1 };
	tar_init(&c->tar);
}

void
tarcut_free(struct tarcut *c)
{
	tar_free(&c->tar);
}

static enum tarcut_rc
bad(struct tarcut *c, uint64_t at, const char *error)
{
	c->at = at;
	c->error = error;
	return TARCUT_BAD;
}

uint64_t
tarcut_ahead(const struct tarcut *c)
{
	uint64_t room = c->size - c->have;

	return c->left < room ? c->left : room;
}

void
tarcut_moved(struct tarcut *c, uint64_t n)
{
	c->have += n;
	c->from += n;
	c->left -= n;
}

/* Put up to left of the bytes. */
static enum tarcut_rc
put(struct tarcut *c, size_t n, bool last)
{
	uint64_t most = tarcut_ahead(c);

	if (n == 0)
		return last ? bad(c, c->from, "the input ends inside a member") : TARCUT_WANT;
	c->n = n < most ? n : (size_t)most;
	tarcut_moved(c, c->n);
	c->held -= c->n < c->held ? c->n : c->held;
	return TARCUT_PUT;
}

/* Tell where the next piece of the member is. */
static enum tarcut_rc
tell(struct tarcut *c)
{
	uint64_t rest = c->total - c->told;

	c->chunk = c->first + (unsigned)(c->told / c->size);
	c->offset = c->told == 0 ? c->start : 0;
	c->length = rest < c->size ? rest : c->size;
	c->told += c->length;
	return TARCUT_MEMBER;
}

/* A run of n bytes that must not be cut, of which left are to be put, begins here: in this chunk, if it fits. */
static void
settle(struct tarcut *c, uint64_t n)
{
	if (!c->open)
		c->due = c->due || c->have + n > c->size;
	c->left = c->held;
}

/* All headers of the member are read. */
static void
place(struct tarcut *c)
{
	uint64_t data = tar_padded(c->tar.member.data);

	c->total = c->head + data;
	settle(c, c->total);
	if (!c->open) {
		c->first = c->now + (c->due && c->have != 0);
		c->start = c->due ? 0 : c->have;
	}
	c->left += data;
	c->told = 0;
	c->head = 0;
	c->open = false;
	c->state = TARCUT_DATA;
}

/* More headers of a member: if they are too long to be held, they begin a chunk, and go out as they come. */
static void
hold(struct tarcut *c)
{
	if (!c->open && (c->held >= TARCUT_HOLD || c->held >= c->size)) {
		c->due = true;
		c->first = c->now + (c->have != 0);
		c->start = 0;
		c->open = true;
	}
	if (c->open)
		c->left = c->held;
}

/* The bytes are the last, and not a whole block is left of them. */
static enum tarcut_rc
end(struct tarcut *c, size_t n)
{
	uint64_t at = c->from + n;

	if (n > c->held)
		return bad(c, at, "the input ends inside a block");
	if (c->head != 0)
		return bad(c, at, "the input ends inside the headers of a member");
	if (at == 0)
		return bad(c, at, "the input is empty");
	if (c->zeros < 2 && !c->no_trailer_ok)
		return bad(c, at, "the input ends without the two zero blocks that end a tar");
	return TARCUT_END;
}

/* The next block of headers; false: it is bad. */
static bool
headers(struct tarcut *c, const uint8_t *block)
{
	bool behind = c->zeros != 0;
	enum tar_rc rc = tar_block(&c->tar, block);

	if (rc == TAR_BAD) {
		bad(c, c->from + c->held, behind && !tar_is_header(block) ?
		    "behind the end of a tar stands neither a tar header nor zeros" : c->tar.error);
		return false;
	}
	c->held += TAR_BLOCK;
	c->head += TAR_BLOCK;
	if (rc == TAR_ZERO) {
		c->zeros += c->zeros < 2;
		c->state = TARCUT_LONE;
		return true;
	}
	c->due = c->due || behind;
	c->zeros = 0;
	if (rc == TAR_WANT)
		hold(c);
	else
		c->state = TARCUT_PEEK;
	return true;
}

/* A zero block, with the one behind it where it is the first of two. */
static void
zero(struct tarcut *c, const uint8_t *next)
{
	bool pair = c->zeros == 1 && next != NULL && tar_is_zero(next) && c->held + TAR_BLOCK <= c->size;

	settle(c, c->held + (pair ? TAR_BLOCK : 0));
	c->head = 0;
	c->open = false;
	c->state = TARCUT_HEADERS;
}

enum tarcut_rc
tarcut_next(struct tarcut *c, const uint8_t *bytes, size_t n, bool last)
{
	const uint8_t *block;

	for (;;) {
		if (c->due) {
			c->due = false;
			if (c->have != 0) {
				c->have = 0;
				c->now++;
				return TARCUT_NEXT;
			}
		}
		if (c->raw && c->left == 0) {
			if (n == 0)
				return last ? TARCUT_END : TARCUT_WANT;
			c->left = n;
		}
		if (c->told < c->total && c->told <= c->total - c->left)
			return tell(c);
		if (c->left != 0 && c->have == c->size) {
			c->due = true;
			continue;
		}
		if (c->left != 0)
			return put(c, n, last);
		if (c->state == TARCUT_DATA) {
			c->due = c->total > c->size;
			c->state = TARCUT_HEADERS;
			continue;
		}

		if (c->state == TARCUT_PEEK && c->tar.member.maybe == 0) {
			place(c);
			continue;
		}

		/* What comes needs a whole block behind those that are held. */
		if (n - c->held < TAR_BLOCK && !last)
			return TARCUT_WANT;
		block = n - c->held < TAR_BLOCK ? NULL : bytes + c->held;
		if (c->state == TARCUT_PEEK) {
			tar_settle(&c->tar, block);
			place(c);
		} else if (c->state == TARCUT_LONE)
			zero(c, block);
		else if (block == NULL)
			return end(c, n);
		else if (!headers(c, block))
			return TARCUT_BAD;
	}
}

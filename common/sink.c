#include "sink.h"

#include <stdlib.h>
#include <string.h>

#include "armor.h"
#include "io.h"
#include "mem.h"
#include "str.h"

struct sink {
	int fd;
	bool armor;
	uint8_t part[ARMOR_BYTES];      /* of a line that is not full */
	size_t have;
	struct str text;
};

enum { PIECE = ARMOR_BYTES * 1024 };    /* in armor so much at once */

struct sink *
sink_new(int fd, bool armor)
{
	struct sink *s = mem_alloc(sizeof *s);

	s->fd = fd;
	s->armor = armor;
	if (armor)
		str_puts(&s->text, ARMOR_BEGIN "\n");
	return s;
}

static int
flush(struct sink *s)
{
	int r = io_put(s->fd, str_get(&s->text), s->text.len);

	str_clear(&s->text);
	return r;
}

int
sink_put(struct sink *s, const void *buf, size_t n)
{
	const uint8_t *p = buf;
	size_t some;

	if (!s->armor)
		return io_put(s->fd, buf, n);
	for (; n > 0; p += some, n -= some) {
		if (s->have == 0 && n >= ARMOR_BYTES) {
			some = n < PIECE ? n - n % ARMOR_BYTES : PIECE;
			armor_put(&s->text, p, some);
		} else {
			some = n < ARMOR_BYTES - s->have ? n : ARMOR_BYTES - s->have;
			memcpy(s->part + s->have, p, some);
			if ((s->have += some) == ARMOR_BYTES) {
				armor_put(&s->text, s->part, ARMOR_BYTES);
				s->have = 0;
			}
		}
		if (s->text.len > PIECE && flush(s) != 0)
			return -1;
	}
	return 0;
}

int
sink_end(struct sink *s)
{
	int r = 0;

	if (s->armor) {
		armor_put(&s->text, s->part, s->have);
		str_puts(&s->text, ARMOR_END "\n");
		r = flush(s);
	}
	sink_free(s);
	return r;
}

void
sink_free(struct sink *s)
{
	if (s == NULL)
		return;
	str_free(&s->text);
	free(s);
}

#include "stock.h"

#include <stdlib.h>
#include <string.h>

#include "date.h"
#include "hex.h"
#include "jsax.h"
#include "mem.h"
#include "str.h"

enum field { ID, DESCRIPTION, TIME, SIZE, TREE, FIELDS, OTHER = FIELDS };

/* Depths: 0 the text, 1 in its object, 2 in the list, 3 in an archive. */
enum { TOP = 1, LIST = 2, ARCHIVE = 3 };

struct stock {
	stock_each *each;
	void *with;
	struct jsax *jsax;
	bool list, listed;              /* inside of ArchiveList; it came */
	bool in;                        /* inside of an archive */
	bool dated;                     /* the value that follows is the inventory's date */
	int64_t time;
	enum field field;               /* whose value follows */
	struct str values[FIELDS];
	bool there[FIELDS];
};

static const char *const names[FIELDS] = { "ArchiveId", "ArchiveDescription", "CreationDate", "Size", "SHA256TreeHash" };

static void
begin_archive(struct stock *s)
{
	s->in = true;
	s->field = OTHER;
	for (int i = 0; i < FIELDS; i++) {
		str_clear(&s->values[i]);
		s->there[i] = false;
	}
}

static bool
size_of(const char *s, uint64_t *size)
{
	char *end;

	if (strlen(s) > 18 || strspn(s, "0123456789") != strlen(s))
		return false;
	*size = strtoull(s, &end, 10);
	return true;
}

static bool
end_archive(struct stock *s)
{
	struct stock_archive a = { .id = str_get(&s->values[ID]), .description = str_get(&s->values[DESCRIPTION]) };
	const struct str *time = &s->values[TIME], *tree = &s->values[TREE];

	s->in = false;
	return s->there[ID] && s->there[SIZE] && s->values[ID].len != 0 && size_of(str_get(&s->values[SIZE]), &a.size) &&
	    date_find(str_get(time), time->len, &a.time) == DATE_OK &&
	    tree->len == 2 * SHA256_SIZE && hex_get(a.tree, str_get(tree), SHA256_SIZE) && s->each(s->with, &a);
}

static enum field
field_of(const char *key)
{
	int i;

	for (i = 0; i < FIELDS && strcmp(key, names[i]) != 0; i++)
		;
	return (enum field)i;
}

static bool
tell(void *with, enum jsax_event e, unsigned depth, const char *text)
{
	struct stock *s = with;

	switch (e) {
	case JSAX_OBJECT:
		if (s->list && depth == LIST)
			begin_archive(s);
		return depth != 0 || !s->listed;
	case JSAX_ARRAY:
		if (depth == TOP && s->field == ID)
			s->list = s->listed = true;
		return depth != 0;
	case JSAX_END:
		if (s->in && depth == LIST)
			return end_archive(s);
		s->list = s->list && depth != TOP;
		return true;
	case JSAX_KEY:
		if (depth == TOP)
			s->field = strcmp(text, "ArchiveList") == 0 ? ID : OTHER;
		else if (s->in && depth == ARCHIVE)
			s->field = field_of(text);
		s->dated = depth == TOP && strcmp(text, "InventoryDate") == 0;
		return true;
	case JSAX_STRING: case JSAX_NUMBER:
		if (s->dated && (e != JSAX_STRING || date_find(text, strlen(text), &s->time) != DATE_OK))
			s->time = 0;
		s->dated = false;
		if (s->in && depth == ARCHIVE && s->field != OTHER) {
			if (s->there[s->field] || (e == JSAX_NUMBER) != (s->field == SIZE))
				return false;
			str_puts(&s->values[s->field], text);
			s->there[s->field] = true;
		}
		return true;
	case JSAX_WORD:
		return true;
	}
	return false;
}

struct stock *
stock_new(stock_each *each, void *with)
{
	struct stock *s = mem_alloc(sizeof *s);

	s->each = each;
	s->with = with;
	s->field = OTHER;
	s->jsax = jsax_new(tell, s);
	return s;
}

void
stock_free(struct stock *s)
{
	if (s == NULL)
		return;
	for (int i = 0; i < FIELDS; i++)
		str_free(&s->values[i]);
	jsax_free(s->jsax);
	free(s);
}

bool
stock_feed(struct stock *s, const char *text, size_t n)
{
	return jsax_feed(s->jsax, text, n);
}

int64_t
stock_time(const struct stock *s)
{
	return s->time;
}

bool
stock_whole(const struct stock *s)
{
	return s->listed && jsax_whole(s->jsax);
}

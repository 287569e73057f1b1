#include "attrs.h"

#include <string.h>
#include <strings.h>

#include "mem.h"

void
attrs_put(struct str *attrs, const char *name, const char *value)
{
	str_puts(attrs, "\t");
	str_puts(attrs, name);
	str_puts(attrs, "=");
	str_escape(attrs, value, strlen(value), false);
}

void
attrs_each(const char *attrs, attrs_call *call, void *shared)
{
	struct str name = { 0 }, value = { 0 };

	while (*attrs == '\t') {
		size_t n = strcspn(++attrs, "\t"), equals = strcspn(attrs, "=");

		if (equals < n) {
			str_clear(&name);
			str_clear(&value);
			str_add(&name, attrs, equals);
			if (str_unescape(&value, attrs + equals + 1, n - equals - 1))
				call(shared, str_get(&name), str_get(&value));
		}
		attrs += n;
	}
	str_free(&name);
	str_free(&value);
}

struct wanted {
	const char *name;
	char *value;
};

static void
take(void *shared, const char *name, const char *value)
{
	struct wanted *w = shared;

	if (w->value == NULL && strcasecmp(name, w->name) == 0)
		w->value = mem_copy(value);
}

char *
attrs_get(const char *attrs, const char *name)
{
	struct wanted w = { name, NULL };

	attrs_each(attrs, take, &w);
	return w.value;
}

#include "json.h"

#include <jansson.h>

#include "err.h"
#include "mem.h"

/* struct json is jansson's json_t under a name of ours: no foreign type leaves this file. */
static json_t *
out(const struct json *j)
{
	return (json_t *)(uintptr_t)j;
}

static struct json *
in(const json_t *t)
{
	return (struct json *)(uintptr_t)t;
}

static void
must(int r)
{
	if (r != 0)
		die(ST_FAIL, "out of memory, or a string for JSON is not UTF-8");
}

struct json *
json_parse(const char *text, size_t n)
{
	return in(json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL));
}

void
json_free(struct json *j)
{
	json_decref(out(j));
}

const char *
json_get_string(const struct json *j, const char *key)
{
	return json_string_value(json_object_get(out(j), key));
}

int64_t
json_get_integer(const struct json *j, const char *key, int64_t otherwise)
{
	const json_t *v = json_object_get(out(j), key);

	return json_is_integer(v) ? json_integer_value(v) : otherwise;
}

bool
json_get_bool(const struct json *j, const char *key)
{
	return json_is_true(json_object_get(out(j), key));
}

const struct json *
json_get(const struct json *j, const char *key)
{
	return in(json_object_get(out(j), key));
}

bool
json_is_map(const struct json *j)
{
	return json_typeof(out(j)) == JSON_OBJECT;
}

bool
json_is_none(const struct json *j)
{
	return json_typeof(out(j)) == JSON_NULL;
}

const struct json *
json_element(const struct json *j, size_t i)
{
	return in(json_array_get(out(j), i));
}

static json_t *
made(json_t *t)
{
	if (t == NULL)
		must(-1);
	return t;
}

struct json *
json_new_object(void)
{
	return in(made(json_object()));
}

struct json *
json_new_array(void)
{
	return in(made(json_array()));
}

void
json_put_string(struct json *j, const char *key, const char *value)
{
	must(json_object_set_new(out(j), key, made(value != NULL ? json_string(value) : json_null())));
}

void
json_put_integer(struct json *j, const char *key, int64_t value)
{
	must(json_object_set_new(out(j), key, made(json_integer(value))));
}

void
json_put_null(struct json *j, const char *key)
{
	must(json_object_set_new(out(j), key, json_null()));
}

void
json_put_bool(struct json *j, const char *key, bool value)
{
	must(json_object_set_new(out(j), key, json_boolean(value)));
}

void
json_put(struct json *j, const char *key, struct json *value)
{
	must(json_object_set_new(out(j), key, out(value)));
}

void
json_push(struct json *array, struct json *value)
{
	must(json_array_append_new(out(array), out(value)));
}

char *
json_print(const struct json *j)
{
	char *s = json_dumps(out(j), JSON_COMPACT);

	if (s == NULL)
		must(-1);
	return s;
}

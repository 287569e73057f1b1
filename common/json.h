/*
 * JSON (RFC 8259) by jansson, in the few words that the toolkit needs.  A value
 * that a getter returns belongs to the tree it is in; json_free ends a tree.
 */
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json;

/* n bytes of text; NULL where they are not one JSON object or array (or nested beyond reason). */
struct json *json_parse(const char *text, size_t n);
void json_free(struct json *);          /* NULL is allowed */

/* Of an object.  NULL or the default where it is absent, null, or of another type. */
const char *json_get_string(const struct json *, const char *key);
int64_t json_get_integer(const struct json *, const char *key, int64_t otherwise);
bool json_get_bool(const struct json *, const char *key);
const struct json *json_get(const struct json *, const char *key);
bool json_is_map(const struct json *);
bool json_is_none(const struct json *);         /* JSON's null */

/* Of an array: NULL beyond its end, and where it is none. */
const struct json *json_element(const struct json *, size_t i);

/* Building.  A string, or JSON null for NULL; what is put or pushed belongs to the tree then. */
struct json *json_new_object(void);
struct json *json_new_array(void);
void json_put_string(struct json *, const char *key, const char *value);
void json_put_integer(struct json *, const char *key, int64_t value);
void json_put_null(struct json *, const char *key);
void json_put_bool(struct json *, const char *key, bool value);
void json_put(struct json *, const char *key, struct json *value);
void json_push(struct json *array, struct json *value);

/* On one line, for free(). */
char *json_print(const struct json *);

#endif

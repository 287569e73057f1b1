#include "s3name.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"

static const char version_mark[] = "?versionId=";

static bool
alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool
s3_bucket_good(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-");

	return n >= 3 && n <= 63 && name[n] == '\0' && alnum(name[0]) && alnum(name[n - 1]) && strstr(name, "..") == NULL;
}

bool
s3_class_good(const char *class)
{
	static const char *const classes[] = { "DEEP_ARCHIVE", "GLACIER", "GLACIER_IR", "STANDARD" };

	for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
		if (strcmp(class, classes[i]) == 0)
			return true;
	return false;
}

bool
s3_takes_name(const char *name, struct str *why)
{
	if (*name != '\0' && strlen(name) <= S3_KEY_MAX / 2)
		return true;
	str_format(why, "a bucket takes names of 1 to %d bytes", S3_KEY_MAX / 2);
	return false;
}

bool
s3_takes_id(const char *id)
{
	const char *mark = strstr(id, version_mark);
	size_t n = mark != NULL ? (size_t)(mark - id) : strlen(id);

	if (n == 0 || n > S3_KEY_MAX || strlen(id) > 2 * S3_KEY_MAX || id[0] == '/')
		return false;
	for (const char *s = id; *s != '\0'; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return false;
	return true;
}

char *
s3_key(const char *id, const char **version)
{
	const char *mark = strstr(id, version_mark);

	*version = mark != NULL ? mark + strlen(version_mark) : NULL;
	return mem_format("%.*s", mark != NULL ? (int)(mark - id) : (int)strlen(id), id);
}

void
s3_put_id(struct str *id, const char *key, const char *version)
{
	str_puts(id, key);
	if (version != NULL && *version != '\0' && strcmp(version, "null") != 0)
		str_format(id, "%s%s", version_mark, version);
}

const char *
s3_name(const char *prefix, const char *key)
{
	size_t n = strlen(prefix);

	return strncmp(key, prefix, n) == 0 ? key + n : key;
}

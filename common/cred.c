#include "cred.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "mem.h"

struct creds {
	pthread_mutex_t lock;           /* guards now */
	struct cred now;
	char *source;
};

static void
forget(char *s)
{
	if (s != NULL)
		mem_wipe(s, strlen(s));
	free(s);
}

void
cred_free(struct cred *c)
{
	forget(c->access_key);
	forget(c->secret);
	forget(c->token);
	*c = (struct cred){ 0 };
}

static void
wipe(struct str *s)
{
	if (s->s != NULL)
		mem_wipe(s->s, s->cap);
	str_free(s);
}

/* What goes into a header must not end it. */
static bool
printable(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s <= 0x20 || (unsigned char)*s >= 0x7f)
			return false;
	return true;
}

enum found { ABSENT, FOUND, BROKEN };

/* Take a pair as it was found: neither is no source, one of them a broken one. */
static enum found
pair(struct cred *c, const char *key, const char *secret, const char *token, const char *where,
    const char *key_name, const char *secret_name, struct str *why)
{
	bool k = key != NULL && key[0] != '\0', s = secret != NULL && secret[0] != '\0';

	if (!k && !s)
		return ABSENT;
	if (!k || !s) {
		str_format(why, "%s: has %s but not %s", where, k ? key_name : secret_name, k ? secret_name : key_name);
		return BROKEN;
	}
	if (!printable(key) || !printable(secret) || (token != NULL && !printable(token))) {
		str_format(why, "%s: a key there holds a blank or a control character", where);
		return BROKEN;
	}
	c->access_key = mem_copy(key);
	c->secret = mem_copy(secret);
	c->token = token != NULL && token[0] != '\0' ? mem_copy(token) : NULL;
	return FOUND;
}

static enum found
from_properties(struct cred *c, const char *path, struct str *why)
{
	struct str text = { 0 }, key = { 0 }, secret = { 0 };
	enum found found = BROKEN;

	if (profile_read(path, &text) != 0)
		str_format(why, "%s: %s", path, strerror(errno));
	else {
		conf_properties(str_get(&text), text.len, "accessKey", &key);
		conf_properties(str_get(&text), text.len, "secretKey", &secret);
		found = pair(c, str_get(&key), str_get(&secret), NULL, path, "accessKey", "secretKey", why);
		if (found == ABSENT) {
			str_format(why, "%s: has neither accessKey nor secretKey", path);
			found = BROKEN;
		}
	}
	wipe(&text);
	wipe(&key);
	wipe(&secret);
	return found;
}

static enum found
from_environment(struct cred *c, profile_env *env, struct str *why)
{
	return pair(c, env("AWS_ACCESS_KEY_ID"), env("AWS_SECRET_ACCESS_KEY"), env("AWS_SESSION_TOKEN"),
	    "the environment", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", why);
}

typedef bool profile_getter(const struct profile *, const char *name, const char *key, struct str *value);

static enum found
from_profile(struct cred *c, const struct profile *p, profile_getter *get, const char *where, struct str *why)
{
	struct str key = { 0 }, secret = { 0 }, token = { 0 };
	enum found found;

	get(p, NULL, "aws_access_key_id", &key);
	get(p, NULL, "aws_secret_access_key", &secret);
	get(p, NULL, "aws_session_token", &token);
	found = pair(c, str_get(&key), str_get(&secret), str_get(&token), where,
	    "aws_access_key_id", "aws_secret_access_key", why);
	wipe(&key);
	wipe(&secret);
	wipe(&token);
	return found;
}

struct creds *
creds_open(profile_env *env, const struct profile *p, const char *properties, struct str *why)
{
	struct creds *c = mem_alloc(sizeof *c);
	enum found found;

	pthread_mutex_init(&c->lock, NULL);
	if (properties != NULL) {
		c->source = mem_copy(properties);
		found = from_properties(&c->now, properties, why);
	} else if ((found = from_environment(&c->now, env, why)) != ABSENT) {
		c->source = mem_copy("the environment");
	} else {
		c->source = mem_format("%s: profile %s", profile_credentials(p), profile_name(p));
		found = from_profile(&c->now, p, profile_secret, c->source, why);
		if (found == ABSENT)
			found = from_profile(&c->now, p, profile_config, "the config file", why);
		if (found == ABSENT)
			str_format(why, "no credentials: neither AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are set, "
			    "nor are there keys in %s", c->source);
	}
	if (found == FOUND)
		return c;
	creds_free(c);
	return NULL;
}

void
creds_free(struct creds *c)
{
	if (c == NULL)
		return;
	cred_free(&c->now);
	free(c->source);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

int
creds_get(struct creds *c, int64_t now, struct cred *out, struct str *why)
{
	(void)now, (void)why;
	pthread_mutex_lock(&c->lock);
	*out = (struct cred){ mem_copy(c->now.access_key), mem_copy(c->now.secret),
	    c->now.token != NULL ? mem_copy(c->now.token) : NULL, c->now.expires };
	pthread_mutex_unlock(&c->lock);
	return 0;
}

const char *
creds_source(const struct creds *c)
{
	return c->source;
}

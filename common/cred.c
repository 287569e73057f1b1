/*
 * A source is what is looked at or asked again whenever keys are needed; one that
 * takes a role has another one beneath it.  What comes over a network or out of a
 * process is temporary; all else is read once.
 */
#include "cred.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "conf.h"
#include "credential.h"
#include "mem.h"

enum {
	EARLY = 15 * 60,        /* seconds before they expire that others are asked for */
	PATIENCE = 60,          /* between two tries of that, while they are good still */
	ROLES = 5               /* one upon the other */
};

enum kind { FIXED, ROLE, WEB, PROCESS, CONTAINER, MACHINE };

struct source {
	enum kind kind;
	char *title;                    /* "the environment" */
	struct cred keys;               /* FIXED */
	struct source *base;            /* ROLE: whose keys sign */
	struct str role, session, external, duration, token_file, command;
};

struct creds {
	struct cred_options o;
	struct source *source;
	pthread_mutex_t lock;           /* guards what follows */
	struct cred now;
	int64_t next;                   /* not before then is it tried again */
	bool stale;
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

static void
source_free(struct source *s)
{
	if (s == NULL)
		return;
	source_free(s->base);
	cred_free(&s->keys);
	str_free(&s->role);
	str_free(&s->session);
	str_free(&s->external);
	str_free(&s->duration);
	str_free(&s->token_file);
	str_free(&s->command);
	free(s->title);
	free(s);
}

/* Sources */

enum found { ABSENT, FOUND, BROKEN };

static struct source *
source_new(enum kind kind, char *title)
{
	struct source *s = mem_alloc(sizeof *s);

	s->kind = kind;
	s->title = title;
	return s;
}

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
	if (credential_make(c, key, secret, token))
		return FOUND;
	str_format(why, "%s: a key there holds a blank or a control character", where);
	return BROKEN;
}

/* Keys in a file of properties, under these names. */
static enum found
from_properties(struct source **s, const char *path, const char *key_name, const char *secret_name, struct str *why)
{
	struct str text = { 0 }, key = { 0 }, secret = { 0 };
	enum found found = BROKEN;

	*s = source_new(FIXED, mem_copy(path));
	if (profile_read(path, &text) != 0)
		str_format(why, "%s: %s", path, strerror(errno));
	else {
		conf_properties(str_get(&text), text.len, key_name, &key);
		conf_properties(str_get(&text), text.len, secret_name, &secret);
		found = pair(&(*s)->keys, str_get(&key), str_get(&secret), NULL, path, key_name, secret_name, why);
		if (found == ABSENT) {
			str_format(why, "%s: has neither %s nor %s", path, key_name, secret_name);
			found = BROKEN;
		}
	}
	wipe(&text);
	wipe(&key);
	wipe(&secret);
	return found;
}

static enum found
from_environment(struct source **s, const struct cred_options *o, struct str *why)
{
	*s = source_new(FIXED, mem_copy("the environment"));
	return pair(&(*s)->keys, o->env("AWS_ACCESS_KEY_ID"), o->env("AWS_SECRET_ACCESS_KEY"), o->env("AWS_SESSION_TOKEN"),
	    "the environment", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", why);
}

typedef bool profile_getter(const struct profile *, const char *name, const char *key, struct str *value);

/* name NULL: the profile in use. */
static enum found
from_profile(struct source **s, const struct cred_options *o, const char *name, bool config, struct str *why)
{
	profile_getter *get = config ? profile_config : profile_secret;
	struct str key = { 0 }, secret = { 0 }, token = { 0 };
	enum found found;

	*s = source_new(FIXED, mem_format("%s: profile %s", config ? "the config file" : profile_credentials(o->profile),
	    name != NULL ? name : profile_name(o->profile)));
	get(o->profile, name, "aws_access_key_id", &key);
	get(o->profile, name, "aws_secret_access_key", &secret);
	get(o->profile, name, "aws_session_token", &token);
	found = pair(&(*s)->keys, str_get(&key), str_get(&secret), str_get(&token), (*s)->title,
	    "aws_access_key_id", "aws_secret_access_key", why);
	wipe(&key);
	wipe(&secret);
	wipe(&token);
	return found;
}

/* A setting of a profile in either file. */
static bool
setting(const struct cred_options *o, const char *name, const char *key, struct str *value)
{
	return profile_config(o->profile, name, key, value) || profile_secret(o->profile, name, key, value);
}

static enum found from_chain(struct source **, const struct cred_options *, const char *name, unsigned depth, struct str *why);

static bool
has_variable(const struct cred_options *o, const char *name)
{
	return o->env(name) != NULL && o->env(name)[0] != '\0';
}

static enum found
from_container(struct source **s, const struct cred_options *o)
{
	*s = source_new(CONTAINER, mem_copy("the container"));
	return has_variable(o, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") || has_variable(o, "AWS_CONTAINER_CREDENTIALS_FULL_URI") ?
	    FOUND : ABSENT;
}

static enum found
from_machine(struct source **s, const struct cred_options *o)
{
	const char *off = o->env("AWS_EC2_METADATA_DISABLED");

	*s = source_new(MACHINE, mem_copy("the machine (IMDS)"));
	return off != NULL && strcasecmp(off, "true") == 0 ? ABSENT : FOUND;
}

/* What a role's "credential_source" names. */
static enum found
from_named(struct source **s, const struct cred_options *o, const char *what, struct str *why)
{
	enum found found = ABSENT;

	if (strcmp(what, "Environment") == 0)
		found = from_environment(s, o, why);
	else if (strcmp(what, "EcsContainer") == 0)
		found = from_container(s, o);
	else if (strcmp(what, "Ec2InstanceMetadata") == 0)
		found = from_machine(s, o);
	if (found == ABSENT) {
		str_format(why, "credential_source %s: there are no keys", what);
		found = BROKEN;
	}
	return found;
}

/* A role that the profile names. */
static enum found
from_role(struct source **out, const struct cred_options *o, const char *name, unsigned depth, struct str *why)
{
	struct source *s = *out = source_new(ROLE, NULL);
	const char *called = name != NULL ? name : profile_name(o->profile);
	struct str v = { 0 };
	enum found found = ABSENT;

	if (!setting(o, name, "role_arn", &s->role) || setting(o, name, "web_identity_token_file", &v)) {
		str_free(&v);
		return ABSENT;
	}
	s->title = mem_format("profile %s: role %s", called, str_get(&s->role));
	setting(o, name, "external_id", &s->external);
	setting(o, name, "duration_seconds", &s->duration);
	setting(o, name, "role_session_name", &s->session);
	if (setting(o, name, "mfa_serial", &v)) {
		str_format(why, "%s: wants a code from a device (mfa_serial), which nobody is here to type", s->title);
		found = BROKEN;
	} else if (depth == ROLES) {
		str_format(why, "%s: too many roles upon each other", s->title);
		found = BROKEN;
	} else if (setting(o, name, "source_profile", &v)) {
		bool itself = strcmp(str_get(&v), called) == 0;

		found = itself ? from_profile(&s->base, o, name, false, why) : from_chain(&s->base, o, str_get(&v), depth + 1, why);
		if (found == ABSENT) {
			str_format(why, "%s: its source_profile %s has no keys", s->title, str_get(&v));
			found = BROKEN;
		}
	} else if (setting(o, name, "credential_source", &v))
		found = from_named(&s->base, o, str_get(&v), why);
	else {
		str_format(why, "%s: has neither source_profile nor credential_source", s->title);
		found = BROKEN;
	}
	str_free(&v);
	return found;
}

static enum found
from_token(struct source **out, const struct cred_options *o, const char *name, struct str *why)
{
	struct source *s = *out = source_new(WEB, NULL);

	if (name == NULL && has_variable(o, "AWS_WEB_IDENTITY_TOKEN_FILE")) {
		str_puts(&s->token_file, o->env("AWS_WEB_IDENTITY_TOKEN_FILE"));
		str_puts(&s->role, has_variable(o, "AWS_ROLE_ARN") ? o->env("AWS_ROLE_ARN") : "");
		str_puts(&s->session, has_variable(o, "AWS_ROLE_SESSION_NAME") ? o->env("AWS_ROLE_SESSION_NAME") : "");
	} else if (!setting(o, name, "web_identity_token_file", &s->token_file))
		return ABSENT;
	else {
		setting(o, name, "role_arn", &s->role);
		setting(o, name, "role_session_name", &s->session);
		setting(o, name, "duration_seconds", &s->duration);
	}
	s->title = mem_format("the token in %s", str_get(&s->token_file));
	if (s->role.len != 0)
		return FOUND;
	str_format(why, "%s: no role is named for it (AWS_ROLE_ARN, role_arn)", s->title);
	return BROKEN;
}

static enum found
from_process(struct source **s, const struct cred_options *o, const char *name)
{
	*s = source_new(PROCESS, mem_format("credential_process of profile %s", name != NULL ? name : profile_name(o->profile)));
	return setting(o, name, "credential_process", &(*s)->command) ? FOUND : ABSENT;
}

/* All that a profile may have, in order. */
static enum found
from_chain(struct source **s, const struct cred_options *o, const char *name, unsigned depth, struct str *why)
{
	enum found found = ABSENT;

	for (int step = 0; found == ABSENT && step < 5; step++) {
		source_free(*s);
		*s = NULL;
		switch (step) {
		case 0: found = from_role(s, o, name, depth, why); break;
		case 1: found = from_token(s, o, name, why); break;
		case 2: found = from_profile(s, o, name, false, why); break;
		case 3: found = from_process(s, o, name); break;
		case 4: found = from_profile(s, o, name, true, why); break;
		}
	}
	return found;
}

static enum found
find(struct source **s, const struct cred_options *o, struct str *why)
{
	enum found found = ABSENT;
	const char *file = o->env("AWS_CREDENTIAL_FILE");

	if (o->properties != NULL)
		return from_properties(s, o->properties, "accessKey", "secretKey", why);
	for (int step = 0; found == ABSENT && step < 5; step++) {
		source_free(*s);
		*s = NULL;
		switch (step) {
		case 0: found = from_environment(s, o, why); break;
		case 1: found = from_chain(s, o, NULL, 0, why); break;
		case 2:
			if (file != NULL && *file != '\0')
				found = from_properties(s, file, "AWSAccessKeyId", "AWSSecretKey", why);
			break;
		case 3: found = from_container(s, o); break;
		case 4: found = from_machine(s, o); break;
		}
	}
	return found;
}

/* Keys out of a source */

static bool
take(const struct cred_options *o, const struct source *s, struct cred *c, struct str *why)
{
	struct credential_role r = { .arn = str_get(&s->role), .session = str_get(&s->session),
	    .external = str_get(&s->external), .duration = str_get(&s->duration), .token_file = str_get(&s->token_file) };
	struct cred base = { 0 };
	bool good = false;

	switch (s->kind) {
	case FIXED: return credential_make(c, s->keys.access_key, s->keys.secret, s->keys.token);
	case ROLE:
		good = take(o, s->base, &base, why) && credential_assume(o, &r, &base, c, why);
		cred_free(&base);
		return good;
	case WEB: return credential_assume(o, &r, NULL, c, why);
	case PROCESS: return credential_process(str_get(&s->command), c, why);
	case CONTAINER: return credential_container(o, c, why);
	case MACHINE: return credential_machine(o, c, why);
	}
	return good;
}

static void
nowhere(const struct cred_options *o, struct str *why)
{
	struct str v = { 0 };
	bool sso = setting(o, NULL, "sso_session", &v) || setting(o, NULL, "sso_start_url", &v) || setting(o, NULL, "login_session", &v);

	str_format(why, "no credentials: neither AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are set, nor are there keys in %s: profile %s",
	    profile_credentials(o->profile), profile_name(o->profile));
	if (sso)
		str_format(why, "; a login by browser is of no use here, but \"credential_process = aws configure "
		    "export-credentials --profile %s\" in another profile is", profile_name(o->profile));
	str_free(&v);
}

struct creds *
creds_open(const struct cred_options *o, struct str *why)
{
	struct creds *c = mem_alloc(sizeof *c);
	struct str trouble = { 0 };
	enum found found;

	c->o = *o;
	pthread_mutex_init(&c->lock, NULL);
	found = find(&c->source, o, why);
	if (found == FOUND && take(o, c->source, &c->now, &trouble)) {
		str_free(&trouble);
		return c;
	}
	/* The machine is asked when nothing else is there, and mostly it is none of theirs. */
	if (found == ABSENT || (found == FOUND && c->source->kind == MACHINE))
		nowhere(o, why);
	else if (found == FOUND)
		str_format(why, "%s: ", c->source->title);
	if (found == FOUND && c->source->kind == MACHINE)
		str_puts(why, ", and the machine has none: ");
	str_puts(why, str_get(&trouble));
	str_free(&trouble);
	creds_free(c);
	return NULL;
}

void
creds_free(struct creds *c)
{
	if (c == NULL)
		return;
	cred_free(&c->now);
	source_free(c->source);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

/* Get others where these are about to expire.  While they are good still, a failure is none. */
static bool
refresh(struct creds *c, int64_t now, struct str *why)
{
	bool expired = c->stale || (c->now.expires != 0 && now >= c->now.expires);
	struct str trouble = { 0 };
	struct cred fresh = { 0 };

	if (c->source->kind == FIXED || (!c->stale && (c->now.expires == 0 || now < c->now.expires - EARLY)) ||
	    (!expired && now < c->next))
		return true;
	c->next = now + PATIENCE;
	if (take(&c->o, c->source, &fresh, &trouble)) {
		cred_free(&c->now);
		c->now = fresh;
		c->stale = false;
		expired = false;
	} else if (expired)
		str_format(why, "the credentials have expired, and %s gives no others: %s", c->source->title, str_get(&trouble));
	str_free(&trouble);
	return !expired;
}

int
creds_get(struct creds *c, int64_t now, struct cred *out, struct str *why)
{
	int r = -1;

	*out = (struct cred){ 0 };
	pthread_mutex_lock(&c->lock);
	if (refresh(c, now, why) && credential_make(out, c->now.access_key, c->now.secret, c->now.token)) {
		out->expires = c->now.expires;
		r = 0;
	}
	pthread_mutex_unlock(&c->lock);
	return r;
}

bool
creds_expired(struct creds *c)
{
	if (c->source->kind == FIXED)
		return false;
	pthread_mutex_lock(&c->lock);
	c->stale = true;
	pthread_mutex_unlock(&c->lock);
	return true;
}

const char *
creds_source(const struct creds *c)
{
	return c->source->title;
}

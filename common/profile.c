#include "profile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf.h"
#include "io.h"
#include "mem.h"

enum { SMALL = 1 << 20 };

struct profile {
	char *name;
	char *config_path, *secret_path;
	struct str config, secret;
};

int
profile_read(const char *path, struct str *text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), error = 0;
	char *buf;
	ssize_t n;

	str_clear(text);
	if (fd < 0)
		return -1;
	buf = mem_alloc(SMALL + 1);
	if ((n = io_fill(fd, buf, SMALL + 1)) < 0)
		error = errno;
	else if (n > SMALL)
		error = EFBIG;
	else
		str_add(text, buf, (size_t)n);
	mem_wipe(buf, SMALL + 1);
	free(buf);
	close(fd);
	errno = error;
	return error == 0 ? 0 : -1;
}

/* What the environment names, else HOME's; NULL without either. */
static char *
path_of(profile_env *env, const char *variable, const char *below_home)
{
	const char *path = env(variable), *home = env("HOME");

	if (path != NULL && path[0] == '~' && path[1] == '/' && home != NULL)
		return mem_format("%s%s", home, path + 1);
	if (path != NULL && path[0] != '\0')
		return mem_copy(path);
	return home != NULL ? mem_format("%s/%s", home, below_home) : NULL;
}

static bool
load(const char *path, struct str *text, struct str *why)
{
	if (path == NULL || profile_read(path, text) == 0 || errno == ENOENT || errno == ENOTDIR)
		return true;
	str_format(why, "%s: %s", path, strerror(errno));
	return false;
}

static const char *
section(char **made, const char *name)
{
	*made = strcmp(name, "default") == 0 ? mem_copy(name) : mem_format("profile %s", name);
	return *made;
}

static bool
known(const struct profile *p)
{
	char *made;
	bool is = conf_ini_section(str_get(&p->config), p->config.len, section(&made, p->name)) ||
	    conf_ini_section(str_get(&p->secret), p->secret.len, p->name);

	free(made);
	return is;
}

struct profile *
profile_open(profile_env *env, struct str *why)
{
	struct profile *p = mem_alloc(sizeof *p);
	const char *named = env("AWS_PROFILE");

	if (named == NULL || named[0] == '\0')
		named = env("AWS_DEFAULT_PROFILE");
	if (named != NULL && named[0] == '\0')
		named = NULL;
	p->name = mem_copy(named != NULL ? named : "default");
	p->config_path = path_of(env, "AWS_CONFIG_FILE", ".aws/config");
	p->secret_path = path_of(env, "AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials");
	if (!load(p->config_path, &p->config, why) || !load(p->secret_path, &p->secret, why)) {
		profile_free(p);
		return NULL;
	}
	if (named != NULL && !known(p)) {
		str_format(why, "AWS_PROFILE: profile %s is neither in %s nor in %s", p->name,
		    p->config_path != NULL ? p->config_path : "a config file",
		    p->secret_path != NULL ? p->secret_path : "a credentials file");
		profile_free(p);
		return NULL;
	}
	return p;
}

void
profile_free(struct profile *p)
{
	if (p == NULL)
		return;
	if (p->secret.s != NULL)
		mem_wipe(p->secret.s, p->secret.cap);
	if (p->config.s != NULL)
		mem_wipe(p->config.s, p->config.cap);
	str_free(&p->secret);
	str_free(&p->config);
	free(p->config_path);
	free(p->secret_path);
	free(p->name);
	free(p);
}

const char *
profile_name(const struct profile *p)
{
	return p->name;
}

const char *
profile_credentials(const struct profile *p)
{
	return p->secret_path != NULL ? p->secret_path : "~/.aws/credentials";
}

bool
profile_config(const struct profile *p, const char *name, const char *key, struct str *value)
{
	char *made;
	bool found = conf_ini(str_get(&p->config), p->config.len, section(&made, name != NULL ? name : p->name),
	    key, NULL, value);

	free(made);
	/* [profile default] is another spelling of [default]. */
	if (!found && strcmp(name != NULL ? name : p->name, "default") == 0)
		found = conf_ini(str_get(&p->config), p->config.len, "profile default", key, NULL, value);
	return found && value->len != 0;
}

bool
profile_secret(const struct profile *p, const char *name, const char *key, struct str *value)
{
	return conf_ini(str_get(&p->secret), p->secret.len, name != NULL ? name : p->name, key, NULL, value) &&
	    value->len != 0;
}

bool
profile_endpoint(const struct profile *p, const char *service, struct str *value)
{
	char *services;
	bool found = false;

	if (profile_config(p, NULL, "services", value)) {
		services = mem_format("services %s", str_get(value));
		found = conf_ini(str_get(&p->config), p->config.len, services, service, "endpoint_url", value);
		free(services);
	}
	return (found && value->len != 0) || profile_config(p, NULL, "endpoint_url", value);
}

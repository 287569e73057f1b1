/* conf.h, profile.h, cred.h: what counts as a setting, and which source of keys comes first. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf.h"
#include "cred.h"
#include "credential.h"
#include "io.h"
#include "profile.h"

#include "tap.h"

static const char ini[] =
    "# a comment\n"
    "stray = 1\n"
    "[default]\n"
    "region = eu-west-1   ; where\n"
    "empty =\n"
    "a=b=c\n"
    "sharp = x#y\n"
    "twice = 1\ntwice = 2\r\n"
    "[ profile  backup ]\n"
    "  \n"
    "region=us-east-2\n"
    "s3 =\n"
    "  addressing_style = path\n"
    "  endpoint_url = http://nested\n"
    "endpoint_url = http://flat\n"
    "[services local]\n"
    "glacier =\n"
    "\tendpoint_url = http://127.0.0.1:8080\n"
    "s3 =\n"
    "\tendpoint_url = http://127.0.0.1:9000\n"
    "[default]\n"
    "later = yes\n"
    "last = no newline";

static const struct { const char *section, *key, *sub, *value; } inis[] = {
	{ "default", "region", NULL, "eu-west-1" },
	{ "default", "empty", NULL, "" },
	{ "default", "a", NULL, "b=c" },
	{ "default", "sharp", NULL, "x#y" },
	{ "default", "twice", NULL, "2" },
	{ "default", "later", NULL, "yes" },
	{ "default", "last", NULL, "no newline" },
	{ "default", "stray", NULL, NULL },
	{ "default", "# a comment", NULL, NULL },
	{ "profile backup", "region", NULL, "us-east-2" },
	{ "profile backup", "endpoint_url", NULL, "http://flat" },
	{ "profile backup", "addressing_style", NULL, NULL },
	{ "profile backup", "s3", "addressing_style", "path" },
	{ "profile backup", "s3", "endpoint_url", "http://nested" },
	{ "services local", "glacier", "endpoint_url", "http://127.0.0.1:8080" },
	{ "services local", "s3", "endpoint_url", "http://127.0.0.1:9000" },
	{ "services local", "s3", "nosuch", NULL },
	{ "backup", "region", NULL, NULL },
	{ "nosuch", "region", NULL, NULL },
};

static const char properties[] =
    "#Mon Nov 23\n! also a comment\n\n"
    "accessKey=AKID\n"
    "secretKey = ab\\=c/+d  \r\n"
    "vaultname: photos\n"
    "endpointname   https\\://glacier.us-east-1.amazonaws.com\n"
    "long = one \\\n    two\n"
    "uni = \\u0041\\u00e4\n"
    "empty\n"
    "tail=\\";

static const struct { const char *key, *value; } props[] = {
	{ "accessKey", "AKID" }, { "secretKey", "ab=c/+d" }, { "vaultname", "photos" },
	{ "endpointname", "https://glacier.us-east-1.amazonaws.com" }, { "long", "one two" }, { "uni", "A" },
	{ "empty", "" }, { "tail", "" }, { "nosuch", NULL }, { "#Mon", NULL },
};

static void
texts(void)
{
	struct str v = { 0 };

	for (size_t i = 0; i < sizeof inis / sizeof inis[0]; i++) {
		bool found = conf_ini(ini, sizeof ini - 1, inis[i].section, inis[i].key, inis[i].sub, &v);

		is(found == (inis[i].value != NULL) && (!found || strcmp(str_get(&v), inis[i].value) == 0),
		    "ini [%s] %s is '%s'", inis[i].section, inis[i].key, found ? str_get(&v) : "(nothing)");
	}
	for (size_t i = 0; i < sizeof props / sizeof props[0]; i++) {
		bool found = conf_properties(properties, sizeof properties - 1, props[i].key, &v);

		is(found == (props[i].value != NULL) && (!found || strcmp(str_get(&v), props[i].value) == 0),
		    "property %s is '%s'", props[i].key, found ? str_get(&v) : "(nothing)");
	}
	str_free(&v);
}

/* An environment for one case: name, value, …, NULL. */
static const char *const *variables;

static char *
env(const char *name)
{
	for (const char *const *v = variables; *v != NULL; v += 2)
		if (strcmp(v[0], name) == 0)
			return (char *)(uintptr_t)v[1];
	return NULL;
}

#define FILES "AWS_CONFIG_FILE", "config", "AWS_SHARED_CREDENTIALS_FILE", "credentials"

static const struct {
	const char *what;
	const char *env[12];
	const char *properties;
	const char *key, *secret, *token;       /* key NULL: refused, and secret is part of why */
} sources[] = {
	{ "nothing", { NULL }, NULL, NULL, "no credentials", NULL },
	{ "the environment", { "AWS_ACCESS_KEY_ID", "E", "AWS_SECRET_ACCESS_KEY", "S", FILES }, NULL, "E", "S", NULL },
	{ "with a token", { "AWS_ACCESS_KEY_ID", "E", "AWS_SECRET_ACCESS_KEY", "S", "AWS_SESSION_TOKEN", "T" }, NULL, "E", "S", "T" },
	{ "half a pair", { "AWS_ACCESS_KEY_ID", "E", FILES }, NULL, NULL, "not AWS_SECRET_ACCESS_KEY", NULL },
	{ "the other half", { "AWS_SECRET_ACCESS_KEY", "E", FILES }, NULL, NULL, "not AWS_ACCESS_KEY_ID", NULL },
	{ "a newline in a key", { "AWS_ACCESS_KEY_ID", "E\nx", "AWS_SECRET_ACCESS_KEY", "S" }, NULL, NULL, "control character", NULL },
	{ "the credentials file", { FILES }, NULL, "FILEKEY", "FILESECRET", NULL },
	{ "a profile of it", { FILES, "AWS_PROFILE", "temp" }, NULL, "TEMPKEY", "TEMPSECRET", "TEMPTOKEN" },
	{ "half a profile", { FILES, "AWS_PROFILE", "half" }, NULL, NULL, "not aws_secret_access_key", NULL },
	{ "a profile of the config file", { FILES, "AWS_PROFILE", "cfg" }, NULL, "CFGKEY", "CFGSECRET", NULL },
	{ "the environment beats AWS_PROFILE", { FILES, "AWS_PROFILE", "temp", "AWS_ACCESS_KEY_ID", "E", "AWS_SECRET_ACCESS_KEY", "S" }, NULL, "E", "S", NULL },
	{ "a file of properties beats all", { "AWS_ACCESS_KEY_ID", "E", "AWS_SECRET_ACCESS_KEY", "S" }, "props", "PKEY", "PSECRET=", NULL },
	{ "one without keys", { "AWS_ACCESS_KEY_ID", "E", "AWS_SECRET_ACCESS_KEY", "S" }, "config", NULL, "neither accessKey", NULL },
	{ "one that is not there", { NULL }, "nosuch", NULL, "No such file", NULL },
};

static void
write_file(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || io_put(fd, text, strlen(text)) != 0)
		abort();
	close(fd);
}

static void
chain(void)
{
	struct str why = { 0 };
	struct cred c;

	for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
		struct profile *p;
		struct creds *s;

		variables = sources[i].env;
		str_clear(&why);
		p = profile_open(env, &why);
		s = p != NULL ? creds_open(&(struct cred_options){ env, p, sources[i].properties, "us-east-1", NULL, false }, &why) : NULL;
		if (sources[i].key == NULL) {
			is(s == NULL && strstr(str_get(&why), sources[i].secret) != NULL, "%s: %s", sources[i].what, str_get(&why));
			is(strstr(str_get(&why), "SECRET") == NULL || strstr(str_get(&why), "AWS_SECRET") != NULL, "without a secret in it");
		} else {
			is(s != NULL && creds_get(s, 0, &c, &why) == 0 && strcmp(c.access_key, sources[i].key) == 0 &&
			    strcmp(c.secret, sources[i].secret) == 0 && (sources[i].token == NULL ? c.token == NULL :
			    c.token != NULL && strcmp(c.token, sources[i].token) == 0), "%s: %s", sources[i].what,
			    s != NULL ? creds_source(s) : str_get(&why));
			if (s != NULL)
				cred_free(&c);
		}
		creds_free(s);
		profile_free(p);
	}
	variables = (const char *const []){ FILES, "AWS_PROFILE", "nosuch", NULL };
	str_clear(&why);
	is(profile_open(env, &why) == NULL && strstr(str_get(&why), "nosuch") != NULL, "a profile that is nowhere: %s", str_get(&why));
	str_free(&why);
}

static const struct { const char *command, *words; } commands[] = {
	{ "a b", "[a][b]" }, { "  a  ", "[a]" }, { "", "" }, { " ", "" }, { "a 'b c' \"d e\"", "[a][b c][d e]" }, { "a\\ b", "[a b]" },
	{ "'a\\b' \"a\\b\" \"a\\\"b\"", "[a\\b][a\\b][a\"b]" }, { "''", "[]" }, { "a''b", "[ab]" }, { "'a", "[a]" }, { "a\\", "[a\\]" },
	{ "$HOME `x` *", "[$HOME][`x`][*]" },
};

static void
words(void)
{
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
		char *text, **w = credential_words(commands[i].command, &text);
		struct str out = { 0 };

		for (size_t k = 0; w[k] != NULL; k++)
			str_format(&out, "[%s]", w[k]);
		is(strcmp(str_get(&out), commands[i].words) == 0, "%s is %s", commands[i].command, str_get(&out));
		str_free(&out);
		free(w);
		free(text);
	}
}

int
main(void)
{
	char dir[] = "/tmp/cred.XXXXXX";

	texts();
	words();
	if (mkdtemp(dir) == NULL || chdir(dir) != 0)
		return 1;
	write_file("credentials", "[default]\naws_access_key_id = FILEKEY\naws_secret_access_key = FILESECRET\n"
	    "[temp]\naws_access_key_id=TEMPKEY\naws_secret_access_key=TEMPSECRET\naws_session_token=TEMPTOKEN\n"
	    "[half]\naws_access_key_id=HALF\n");
	write_file("config", "[profile cfg]\naws_access_key_id=CFGKEY\naws_secret_access_key=CFGSECRET\n");
	write_file("props", "accessKey=PKEY\nsecretKey=PSECRET=\n");
	chain();
	unlink("credentials");
	unlink("config");
	unlink("props");
	return chdir("/") == 0 && rmdir(dir) == 0 ? tap_done() : 1;
}

#include "credential.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "date.h"
#include "hex.h"
#include "http.h"
#include "io.h"
#include "json.h"
#include "mem.h"
#include "profile.h"
#include "sha256.h"
#include "sigv4.h"
#include "xml.h"

enum { OUTPUT = 64 << 10, TRIES = 3, SHORT = 2 };

extern char **environ;

static void
wipe(struct str *s)
{
	if (s->s != NULL)
		mem_wipe(s->s, s->cap);
	str_free(s);
}

static const char *
set(const struct cred_options *o, const char *name)
{
	const char *s = o->env(name);

	return s != NULL && *s != '\0' ? s : NULL;
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

bool
credential_make(struct cred *c, const char *key, const char *secret, const char *token)
{
	if (!printable(key) || !printable(secret) || (token != NULL && !printable(token)))
		return false;
	*c = (struct cred){ mem_copy(key), mem_copy(secret), token != NULL && *token != '\0' ? mem_copy(token) : NULL, 0 };
	return true;
}

/* Keys with the time they last; false where they are not all there. */
static bool
finish(struct cred *c, const char *key, const char *secret, const char *token, const char *expires)
{
	int64_t t = 0;

	if (key == NULL || secret == NULL || *key == '\0' || *secret == '\0' ||
	    (expires != NULL && date_find(expires, strlen(expires), &t) != DATE_OK) || !credential_make(c, key, secret, token))
		return false;
	c->expires = t;
	return true;
}

/* Asking over HTTP */

/* One answer, after as many tries as it takes: its status, 0 for none. */
static int
ask(const struct http_options *o, const struct http_request *r, unsigned tries, struct http_answer *a)
{
	struct http *h = http_new(o);

	for (unsigned i = 1; ; i++) {
		if (a->body.s != NULL)
			mem_wipe(a->body.s, a->body.cap);
		http_try(h, r, a);
		if (i >= tries || http_stopped() || (a->status != 0 && a->status != 429 && a->status < 500))
			break;
		nanosleep(&(struct timespec){ 1, 0 }, NULL);
	}
	http_free(h);
	return a->status;
}

static void
end(struct http_answer *a)
{
	if (a->body.s != NULL)
		mem_wipe(a->body.s, a->body.cap);
	http_answer_free(a);
}

static void
say(struct str *why, const char *whom, const struct http_answer *a)
{
	if (a->status == 0)
		str_format(why, "%s: %s", whom, a->trouble);
	else
		str_format(why, "%s: status %d", whom, a->status);
}

/* The keys in the JSON that containers, machines and processes give. */
static bool
read_json(const char *text, size_t n, const char *token_name, const char *whom, struct cred *c, struct str *why)
{
	struct json *j = json_parse(text, n);
	const char *code = j != NULL ? json_get_string(j, "Code") : NULL;
	bool good = j != NULL && json_is_map(j) && (code == NULL || strcmp(code, "Success") == 0) &&
	    finish(c, json_get_string(j, "AccessKeyId"), json_get_string(j, "SecretAccessKey"),
	    json_get_string(j, token_name), json_get_string(j, "Expiration"));

	if (!good)
		str_format(why, "%s: gave no keys, or not as they should be", whom);
	json_free(j);
	return good;
}

/* STS */

struct reply { struct str key, secret, token, expires, code, message; };

static bool
read_reply(void *with, const char *path, const char *text)
{
	static const char *const names[] = { "Credentials/AccessKeyId", "Credentials/SecretAccessKey",
	    "Credentials/SessionToken", "Credentials/Expiration", "Error/Code", "Error/Message" };
	struct reply *r = with;
	struct str *to[] = { &r->key, &r->secret, &r->token, &r->expires, &r->code, &r->message };
	size_t n = strlen(path);

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		size_t m = strlen(names[i]);

		if (n > m && path[n - m - 1] == '/' && strcmp(path + n - m, names[i]) == 0 && to[i]->len == 0)
			str_puts(to[i], text);
	}
	return true;
}

static void
add(struct str *out, const char *name, const char *value)
{
	str_format(out, "%s%s=", out->len != 0 ? "&" : "", name);
	for (const char *s = value; *s != '\0'; s++)
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~", *s) != NULL)
			str_add(out, s, 1);
		else
			str_format(out, "%%%02X", (unsigned char)*s);
}

static int
give(void *with, void *buf, size_t n, uint64_t offset)
{
	memcpy(buf, str_get(with) + offset, n);
	return 0;
}

/* The endpoint of STS: as for the other services. */
static bool
sts_url(const struct cred_options *o, struct str *url, struct str *host, struct str *why)
{
	struct str base = { 0 }, v = { 0 };
	const char *ignore = o->env("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"), *custom = NULL;
	bool plain, good = true;

	if (ignore == NULL || strcasecmp(ignore, "true") != 0) {
		custom = set(o, "AWS_ENDPOINT_URL_STS");
		if (custom == NULL)
			custom = set(o, "AWS_ENDPOINT_URL");
		if (custom == NULL && profile_endpoint(o->profile, "sts", &v))
			custom = str_get(&v);
	}
	if (custom != NULL)
		str_puts(url, custom);
	else
		str_format(url, "https://sts.%s.amazonaws.com%s", o->region, strncmp(o->region, "cn-", 3) == 0 ? ".cn" : "");
	if (!http_url(str_get(url), &plain, host, &base)) {
		str_format(why, "%s: is not the URL of an endpoint", str_get(url));
		good = false;
	} else if (plain && !o->insecure && !http_loopback(str_get(host))) {
		str_format(why, "%s: is neither https nor on this machine; --insecure-http allows it", str_get(url));
		good = false;
	}
	str_clear(url);
	str_format(url, "%s://%s%s/", plain ? "http" : "https", str_get(host), str_get(&base));
	str_free(&base);
	str_free(&v);
	return good;
}

/* The text of a file without the newline behind it; a token holds nothing that could end a header. */
static bool
read_token(const char *path, struct str *out, struct str *why)
{
	if (profile_read(path, out) != 0) {
		str_format(why, "%s: %s", path, strerror(errno));
		return false;
	}
	while (out->len > 0 && strchr(" \t\r\n", out->s[out->len - 1]) != NULL)
		out->s[--out->len] = '\0';
	if (out->len != 0 && strlen(str_get(out)) == out->len && strpbrk(str_get(out), "\r\n") == NULL)
		return true;
	str_format(why, "%s: holds no token", path);
	return false;
}

static bool
form(struct str *body, const struct credential_role *r, bool web, struct str *why)
{
	struct str token = { 0 };
	char session[40];
	bool good = true;

	snprintf(session, sizeof session, "glacier-%ld", (long)getpid());
	add(body, "Action", web ? "AssumeRoleWithWebIdentity" : "AssumeRole");
	add(body, "Version", "2011-06-15");
	add(body, "RoleArn", r->arn);
	add(body, "RoleSessionName", *r->session != '\0' ? r->session : session);
	if (*r->duration != '\0')
		add(body, "DurationSeconds", r->duration);
	if (*r->external != '\0')
		add(body, "ExternalId", r->external);
	if (web && (good = read_token(r->token_file, &token, why)))
		add(body, "WebIdentityToken", str_get(&token));
	wipe(&token);
	return good;
}

/* Each try is signed by itself, for the date moves. */
static void
call_sts(const struct cred_options *o, const char *url, const char *host, const struct cred *base, struct str *body,
    struct http_answer *a)
{
	struct http_header h[8] = { { "Host", host }, { "Content-Type", "application/x-www-form-urlencoded; charset=utf-8" } };
	struct sigv4_header sign[8];
	struct str authorization = { 0 };
	char date[DATE_BASIC], hex[SHA256_HEX], *path;
	uint8_t hash[SHA256_SIZE];
	size_t n = 2;

	if (base != NULL) {
		date_basic(date, (int64_t)time(NULL));
		sha256(hash, body->s, body->len);
		hex_put(hex, hash, SHA256_SIZE);
		h[n++] = (struct http_header){ "x-amz-date", date };
		if (base->token != NULL)
			h[n++] = (struct http_header){ "x-amz-security-token", base->token };
		for (size_t i = 0; i < n; i++)
			sign[i] = (struct sigv4_header){ h[i].name, h[i].value };
		path = mem_copy(strchr(strstr(url, "//") + 2, '/'));
		sigv4_authorization(&authorization, base->access_key, base->secret, &(struct sigv4_scope){ date, o->region, "sts" },
		    &(struct sigv4_request){ "POST", path, "", sign, n, hex, false });
		free(path);
		h[n++] = (struct http_header){ "Authorization", str_get(&authorization) };
	}
	ask(&(struct http_options){ .ca_bundle = o->ca_bundle }, &(struct http_request){ .method = "POST", .url = url, .headers = h,
	    .nheaders = n, .length = body->len, .source = give, .from = body }, 1, a);
	wipe(&authorization);
}

bool
credential_assume(const struct cred_options *o, const struct credential_role *role, const struct cred *base,
    struct cred *c, struct str *why)
{
	struct str url = { 0 }, host = { 0 }, body = { 0 };
	struct http_answer a = { 0 };
	struct reply r = { 0 };
	bool good = sts_url(o, &url, &host, why) && form(&body, role, base == NULL, why);

	for (int i = 1; good; i++) {
		call_sts(o, str_get(&url), str_get(&host), base, &body, &a);
		wipe(&r.code);
		wipe(&r.message);
		xml_parse(str_get(&a.body), a.body.len, read_reply, &r);
		if (i == TRIES || http_stopped() || a.untrusted || (a.status != 0 && a.status < 500 && a.status != 429 &&
		    strcmp(str_get(&r.code), "IDPCommunicationError") != 0 && strcmp(str_get(&r.code), "Throttling") != 0))
			break;
		nanosleep(&(struct timespec){ i, 0 }, NULL);
	}
	if (good && a.status != 200) {
		str_puts(why, "STS: ");
		say(why, str_get(&url), &a);
		if (r.code.len != 0)
			str_format(why, " %s: %.200s", str_get(&r.code), str_get(&r.message));
		good = false;
	} else if (good && !(good = finish(c, str_get(&r.key), str_get(&r.secret), str_get(&r.token),
	    r.expires.len != 0 ? str_get(&r.expires) : NULL)))
		str_format(why, "STS: %s: gave no keys, or not as they should be", str_get(&url));
	end(&a);
	wipe(&r.key);
	wipe(&r.secret);
	wipe(&r.token);
	str_free(&r.expires);
	str_free(&r.code);
	str_free(&r.message);
	wipe(&body);
	str_free(&url);
	str_free(&host);
	return good;
}

/* Processes */

char **
credential_words(const char *s, char **text)
{
	char *to = *text = mem_alloc(strlen(s) + 1), quote = '\0';
	char **words = mem_array(strlen(s) / 2 + 2, sizeof *words);
	bool in = false;
	size_t n = 0;

	for (; *s != '\0'; s++) {
		if (quote == '\0' && (*s == ' ' || *s == '\t')) {
			if (in)
				*to++ = '\0';
			in = false;
			continue;
		}
		if (!in)
			words[n++] = to;
		in = true;
		if (quote != '\0' && *s == quote)
			quote = '\0';
		else if (quote == '\0' && (*s == '\'' || *s == '"'))
			quote = *s;
		else if (*s == '\\' && quote != '\'' && s[1] != '\0' && (quote == '\0' || s[1] == '"' || s[1] == '\\'))
			*to++ = *++s;
		else
			*to++ = *s;
	}
	*to = '\0';
	words[n] = NULL;
	return words;
}

/* Its standard output into *out; what it says on standard error is the user's to read.  false with why. */
static bool
run(char **words, struct str *out, struct str *why)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int fd[2], status = 0, error;
	char *buf = mem_alloc(OUTPUT);
	ssize_t n = -1;
	sigset_t none;
	pid_t pid;

	if (pipe2(fd, O_CLOEXEC) != 0) {
		str_format(why, "%s", strerror(errno));
		free(buf);
		return false;
	}
	sigemptyset(&none);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, fd[1], STDOUT_FILENO);
	error = posix_spawnp(&pid, words[0], &actions, &attr, words, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	close(fd[1]);
	if (error == 0) {
		n = io_fill(fd[0], buf, OUTPUT);
		close(fd[0]);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	} else
		close(fd[0]);
	if (error != 0)
		str_format(why, "%s: %s", words[0], strerror(error));
	else if (n < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		str_format(why, "%s: failed with status %d", words[0], WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	else
		str_add(out, buf, (size_t)n);
	mem_wipe(buf, OUTPUT);
	free(buf);
	return out->len != 0 || why->len == 0;
}

bool
credential_process(const char *command, struct cred *c, struct str *why)
{
	struct str out = { 0 };
	struct json *j = NULL;
	char *text, **words = credential_words(command, &text);
	bool good = false;

	if (words[0] == NULL)
		str_puts(why, "there is no command");
	else if (run(words, &out, why)) {
		j = json_parse(str_get(&out), out.len);
		if (j == NULL || json_get_integer(j, "Version", 0) != 1)
			str_format(why, "%s: did not print keys of version 1", words[0]);
		else
			good = read_json(str_get(&out), out.len, "SessionToken", words[0], c, why);
	}
	json_free(j);
	wipe(&out);
	free(words);
	free(text);
	return good;
}

/* Containers */

/* Over plain http the keys may come from this machine and the two services' own addresses only. */
static bool
may_ask(const char *url, struct str *why)
{
	static const char *const hosts[] = { "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]" };
	struct str host = { 0 }, base = { 0 };
	bool plain, good = http_url(url, &plain, &host, &base);

	if (good && plain && !http_loopback(str_get(&host))) {
		good = false;
		for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
			size_t n = strlen(hosts[i]);

			good = good || (strncmp(str_get(&host), hosts[i], n) == 0 && (host.s[n] == '\0' || host.s[n] == ':'));
		}
	}
	if (!good)
		str_format(why, "%s: keys are not taken from there", url);
	str_free(&host);
	str_free(&base);
	return good;
}

bool
credential_container(const struct cred_options *o, struct cred *c, struct str *why)
{
	const char *relative = set(o, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"), *file = set(o, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	char *url = relative != NULL ? mem_format("http://169.254.170.2%s", relative) :
	    mem_copy(set(o, "AWS_CONTAINER_CREDENTIALS_FULL_URI"));
	struct http_header h[2] = { { "Accept", "application/json" } };
	struct str token = { 0 };
	struct http_answer a = { 0 };
	bool good = may_ask(url, why);
	size_t n = 1;

	if (file != NULL)
		good = good && read_token(file, &token, why);
	else if (set(o, "AWS_CONTAINER_AUTHORIZATION_TOKEN") != NULL)
		str_puts(&token, set(o, "AWS_CONTAINER_AUTHORIZATION_TOKEN"));
	if (good && strpbrk(str_get(&token), "\r\n") != NULL) {
		str_puts(why, "AWS_CONTAINER_AUTHORIZATION_TOKEN: holds a newline");
		good = false;
	}
	if (token.len != 0)
		h[n++] = (struct http_header){ "Authorization", str_get(&token) };
	if (good && ask(&(struct http_options){ .ca_bundle = o->ca_bundle, .connect = SHORT, .stall = SHORT, .direct = true },
	    &(struct http_request){ .method = "GET", .url = url, .headers = h, .nheaders = n }, TRIES, &a) != 200) {
		say(why, url, &a);
		good = false;
	}
	good = good && read_json(str_get(&a.body), a.body.len, "Token", url, c, why);
	end(&a);
	wipe(&token);
	free(url);
	return good;
}

/* Machines: IMDSv2 */

static unsigned
number(const struct cred_options *o, const char *name, unsigned otherwise)
{
	const char *s = set(o, name);

	return s != NULL && strspn(s, "0123456789") == strlen(s) && strlen(s) < 4 && atoi(s) > 0 ? (unsigned)atoi(s) : otherwise;
}

static bool
get(const struct cred_options *o, const char *method, const char *base, const char *path, const char *header, const char *value,
    struct str *body, struct str *why)
{
	unsigned wait = number(o, "AWS_METADATA_SERVICE_TIMEOUT", 1);
	char *url = mem_format("%s%s", base, path);
	struct http_header h[] = { { header, value } };
	struct http_answer a = { 0 };
	bool good = ask(&(struct http_options){ .connect = wait, .stall = wait, .direct = true }, &(struct http_request){ .method = method,
	    .url = url, .headers = h, .nheaders = 1 }, number(o, "AWS_METADATA_SERVICE_NUM_ATTEMPTS", 1), &a) == 200;

	if (good)
		str_add(body, str_get(&a.body), a.body.len);
	else
		say(why, url, &a);
	end(&a);
	free(url);
	return good;
}

bool
credential_machine(const struct cred_options *o, struct cred *c, struct str *why)
{
	static const char where[] = "/latest/meta-data/iam/security-credentials/", header[] = "X-aws-ec2-metadata-token";
	const char *mode = set(o, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"), *custom = set(o, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
	struct str token = { 0 }, role = { 0 }, body = { 0 };
	char *base = custom != NULL ? mem_copy(custom) : mem_copy(mode != NULL && strcasecmp(mode, "IPv6") == 0 ?
	    "http://[fd00:ec2::254]" : "http://169.254.169.254"), *path = NULL;
	bool good;

	while (strlen(base) > 0 && base[strlen(base) - 1] == '/')
		base[strlen(base) - 1] = '\0';
	good = get(o, "PUT", base, "/latest/api/token", "X-aws-ec2-metadata-token-ttl-seconds", "21600", &token, why);
	if (good && !printable(str_get(&token))) {
		str_format(why, "%s: gave no token", base);
		good = false;
	}
	good = good && get(o, "GET", base, where, header, str_get(&token), &role, why);
	if (good) {
		role.len = strcspn(str_get(&role), "\r\n");
		path = mem_format("%s%.*s", where, (int)role.len, str_get(&role));
		if (role.len == 0 || !printable(path)) {
			str_format(why, "%s: the machine has no role", base);
			good = false;
		}
	}
	good = good && get(o, "GET", base, path, header, str_get(&token), &body, why) &&
	    read_json(str_get(&body), body.len, "Token", base, c, why);
	wipe(&token);
	wipe(&body);
	str_free(&role);
	free(path);
	free(base);
	return good;
}

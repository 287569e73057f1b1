/*
 * glacier-put - files, or standard input, into a store; a ledger line for each
 * when the service has acknowledged the whole of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cpu.h"
#include "date.h"
#include "err.h"
#include "file.h"
#include "io.h"
#include "ledger.h"
#include "lines.h"
#include "mem.h"
#include "meter.h"
#include "names.h"
#include "opt.h"
#include "pace.h"
#include "pending.h"
#include "sender.h"
#include "store.h"
#include "str.h"
#include "sums.h"

static const char usage[] =
    "glacier-put [-0hNqvV] [-L rate] [-l ledger] [-s store] [-T threads]\n"
    "           [--abort] [--bucket-owner account] [--class class] [--create]\n"
    "           [--endpoint-url url] [--expect-size size] [--insecure-http]\n"
    "           [--kms-key id] [--name name] [--part-size size] [--prefix prefix]\n"
    "           [--properties file] [--region region] [--tags tags] [file ...]";

/* What to store comes from operands, from names on stdin, or is stdin itself. */
struct input {
	char **operands;                /* NULL at the end */
	struct names *names;            /* NULL without -N */
	const char *name, *prefix;
	char end;
	bool over;
};

struct put {
	struct store *store;
	struct sender *sender;
	struct ledger *ledger;          /* NULL without -l */
	const char *ledger_path;
	struct pending *pending;        /* beside the ledger */
};

/* One thing to store. */
struct item {
	struct str path, name;
	bool must;
	uint8_t want[SHA256_SIZE];
};

static int
status_of(enum store_rc rc)
{
	return rc == STORE_DENIED ? ST_CRED : rc == STORE_WRONG ? ST_USAGE : ST_FAIL;
}

/* End with a message, after the threads: what they use must not go while they use it. */
static _Noreturn void
stop(struct put *p, int status, const char *why)
{
	sender_free(p->sender);
	die(status, "%s", why);
}

static void
tell(const char *what)
{
	note(1, "%s", what);
}

/* What file is called in the store: as given, without "./" before it. */
static void
name_item(struct item *i, const struct input *in)
{
	const char *path = str_get(&i->path);

	str_clear(&i->name);
	str_puts(&i->name, in->prefix != NULL ? in->prefix : "");
	if (in->name != NULL)
		path = in->name;
	else
		while (path[0] == '.' && path[1] == '/')
			path += 1 + strspn(path + 1, "/");
	str_puts(&i->name, path);
}

/* The next thing to store; false at the end. */
static bool
next(struct input *in, struct item *i)
{
	const char *line;

	i->must = false;
	str_clear(&i->path);
	if (in->names != NULL) {
		if ((line = names_next(in->names)) == NULL)
			return false;
		i->must = sums_parse(line, strlen(line), in->end, i->want, &i->path);
		if (!i->must)
			str_puts(&i->path, line);
	} else {
		if (*in->operands == NULL)
			return false;
		str_puts(&i->path, *in->operands++);
	}
	name_item(i, in);
	return true;
}

/* Would next answer without waiting? */
static bool
ready(const struct input *in)
{
	return in->names == NULL || names_ready(in->names);
}

static void
print(const struct ledger_line *l)
{
	struct str text = { 0 };

	ledger_format(&text, l);
	if (lines_put(STDOUT_FILENO, str_get(&text), '\n') != 0)
		edie(ST_FAIL, "standard output");
	str_free(&text);
}

/* An archive is stored: into the ledger.  Where that cannot be, the line is said, because there is no other. */
static void
keep(struct put *p, const struct ledger_line *l)
{
	struct str text = { 0 };
	int error;

	if (p->ledger == NULL || ledger_add(p->ledger, l) == LEDGER_OK)
		return;
	error = errno;
	ledger_format(&text, l);
	warn("%s: is stored, and its line is: %s", str_get(&l->name), str_get(&text));
	errno = error;
	edie(ST_FAIL, "%s", p->ledger_path);
}

/* And onto stdout. */
static void
record(struct put *p, const struct sender_archive *a)
{
	struct ledger_line l = { .size = a->size };

	date_rfc3339(l.time, (int64_t)time(NULL));
	str_puts(&l.store, store_name(p->store));
	str_puts(&l.name, a->name);
	str_puts(&l.id, str_get(&a->id));
	memcpy(l.hash, a->hash, SHA256_SIZE);
	keep(p, &l);
	print(&l);
	note(1, "%s: stored, %llu bytes, %llu of them by an earlier run", a->name, (unsigned long long)a->size,
	    (unsigned long long)a->there);
	ledger_line_free(&l);
}

/* Work until everything that was begun is stored, or with one, a step. */
static void
work(struct put *p, bool one)
{
	const struct sender_archive *done;
	struct str why = { 0 };
	enum store_rc rc;

	while (sender_step(p->sender, &done, &rc, &why)) {
		if (rc != STORE_OK)
			stop(p, status_of(rc), str_get(&why));
		if (done != NULL)
			record(p, done);
		if (one)
			break;
	}
	if (sender_idle(p->sender) && p->pending != NULL && pending_clear(p->pending) != 0)
		edie(ST_FAIL, "%s.pending", p->ledger_path);
	str_free(&why);
}

/* Is it in the ledger already, as it is now?  Then its line is printed again. */
static bool
recorded(struct put *p, const struct item *i, int fd)
{
	struct ledger_line l = { 0 };
	uint8_t hash[SHA256_SIZE];
	enum ledger_rc rc;
	bool is = false;
	off_t size;

	if (p->ledger == NULL || (size = lseek(fd, 0, SEEK_END)) <= 0 || lseek(fd, 0, SEEK_SET) != 0)
		return false;
	rc = ledger_find(p->ledger, store_name(p->store), str_get(&i->name), &l);
	if (rc == LEDGER_IO)
		edie(ST_FAIL, "%s", p->ledger_path);
	if (rc == LEDGER_FOREIGN)
		die(ST_FAIL, "%s: line %lu: is not a line of a ledger", p->ledger_path, ledger_number(p->ledger));
	if (rc == LEDGER_OK && l.size == (uint64_t)size && (!i->must || memcmp(i->want, l.hash, SHA256_SIZE) == 0)) {
		work(p, false);
		if (sender_hash(p->sender, fd, hash) != 0)
			edie(ST_FAIL, "%s", str_get(&i->path));
		is = memcmp(hash, l.hash, SHA256_SIZE) == 0;
	}
	if (is) {
		note(1, "%s: is stored already", str_get(&i->name));
		print(&l);
	}
	ledger_line_free(&l);
	return is;
}

/* Begin with one file.  What is wrong with it is said after what went before it is stored. */
static void
begin(struct put *p, const struct input *in, const struct item *i)
{
	const char *path = str_get(&i->path), *name = str_get(&i->name);
	bool standard = strcmp(path, "-") == 0 && in->names == NULL;
	struct str why = { 0 };
	enum store_rc rc;
	int fd = standard ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0) {
		int error = errno;

		work(p, false);
		str_format(&why, "%s: %s", path, strerror(error));
		stop(p, ST_FAIL, str_get(&why));
	}
	if (!file_name_safe(name)) {
		work(p, false);
		str_format(&why, "%s: is no name for an archive, only relative paths without ., .. and control characters are%s", name,
		    in->names == NULL ? "; give it one with --name" : "");
		stop(p, ST_FAIL, str_get(&why));
	}
	if (!store_takes_name(p->store, name, &why)) {
		work(p, false);
		die(ST_FAIL, "%s: %s", name, str_get(&why));
	}
	if (!standard && recorded(p, i, fd)) {
		close(fd);
		return;
	}
	meter_subject(name);
	if ((rc = sender_begin(p->sender, name, fd, i->must ? i->want : NULL, &why)) != STORE_OK) {
		work(p, false);
		stop(p, status_of(rc), str_get(&why));
	}
	str_free(&why);
}

static void
put(struct put *p, struct input *in)
{
	struct item i = { 0 };

	for (;;) {
		if (!in->over && sender_room(p->sender) && (sender_idle(p->sender) || ready(in))) {
			if (next(in, &i))
				begin(p, in, &i);
			else
				in->over = true;
		} else if (sender_idle(p->sender) && in->over)
			break;
		else
			work(p, true);
	}
	str_free(&i.path);
	str_free(&i.name);
}

/* What earlier runs have left */

static bool
has(struct put *p, const struct ledger_line *pending)
{
	struct ledger_line l = { 0 };
	enum ledger_rc rc = ledger_find(p->ledger, str_get(&pending->store), str_get(&pending->name), &l);
	bool is = rc == LEDGER_OK && l.size == pending->size && memcmp(l.hash, pending->hash, SHA256_SIZE) == 0;

	if (rc == LEDGER_IO)
		edie(ST_FAIL, "%s", p->ledger_path);
	ledger_line_free(&l);
	return is;
}

/*
 * An archive whose last step an earlier run asked for, and died before it was in
 * the ledger: ask again, which tells its id and makes no second one.
 */
static void
settle_one(struct put *p, const struct ledger_line *left)
{
	struct store_upload *up;
	struct ledger_line l = { .size = left->size };
	struct str why = { 0 };
	enum store_rc rc;

	if (strcmp(str_get(&left->store), store_name(p->store)) != 0)
		die(ST_FAIL, "%s.pending: %s: is for %s; finish that first", p->ledger_path, str_get(&left->name),
		    str_get(&left->store));
	if (has(p, left))
		return;
	up = store_upload_at(p->store, str_get(&left->name), 0, str_get(&left->id));
	rc = store_finish(up, 0, left->size, left->hash, &l.id, &why);
	store_upload_free(up);
	if (rc == STORE_OK) {
		date_rfc3339(l.time, (int64_t)time(NULL));
		str_puts(&l.store, str_get(&left->store));
		str_puts(&l.name, str_get(&left->name));
		memcpy(l.hash, left->hash, SHA256_SIZE);
		keep(p, &l);
		note(1, "%s: an earlier run has stored it", str_get(&left->name));
	} else if (rc == STORE_ABSENT)
		warn("%s: an earlier run died while storing it, at %s, and the store no longer knows whether it has; "
		    "its inventory will tell", str_get(&left->name), left->time);
	else
		die(status_of(rc), "%s: %s", str_get(&left->name), str_get(&why));
	ledger_line_free(&l);
	str_free(&why);
}

static void
settle(struct put *p)
{
	const struct ledger_line *left;

	for (size_t i = 0; (left = pending_left(p->pending, i)) != NULL; i++)
		settle_one(p, left);
	if (pending_settled(p->pending) != 0)
		edie(ST_FAIL, "%s.pending", p->ledger_path);
}

static bool
listed(char *const *names, const char *name)
{
	while (*names != NULL && strcmp(*names, name) != 0)
		names++;
	return *names != NULL;
}

/* --abort: unfinished uploads, of these names or all, of what begins with the prefix. */
static void
abort_uploads(struct store *store, char **names, const char *prefix)
{
	struct store_upload **list;
	struct str why = { 0 };
	enum store_rc rc;
	size_t n;

	if ((rc = store_uploads(store, 0, &list, &n, &why)) != STORE_OK)
		die(status_of(rc), "%s: %s", store_name(store), str_get(&why));
	for (size_t i = 0; i < n; i++) {
		const char *name = store_upload_name(list[i]);

		if ((prefix == NULL || strncmp(name, prefix, strlen(prefix)) == 0) &&
		    (*names == NULL || listed(names, name + (prefix != NULL ? strlen(prefix) : 0)))) {
			rc = store_abort(list[i], 0, &why);
			if (rc != STORE_OK && rc != STORE_ABSENT)
				die(status_of(rc), "%s: %s", name, str_get(&why));
			note(1, "%s: upload %s removed", name, store_upload_id(list[i]));
		}
		store_upload_free(list[i]);
	}
	free(list);
	str_free(&why);
}

/*
 * SIGINT, SIGTERM, SIGHUP: a thread of its own takes them, so that it may say
 * what became of the archive; then the program dies by the signal.  SIGUSR2 lifts
 * the limit of -L, and the next one puts it back.
 */
static sigset_t signals;

static void *
wait_signal(void *with)
{
	struct sender *s = with;
	struct str state = { 0 };
	int sig;

	do {
		if (sigwait(&signals, &sig) != 0)
			return NULL;
		if (sig == SIGUSR2)
			warn("%s", pace_toggle() ? "the rate is limited again" : "the rate is not limited now");
	} while (sig == SIGUSR2);
	sender_state(s, &state);
	if (state.len != 0)
		warn("%s", str_get(&state));
	signal(sig, SIG_DFL);
	sigprocmask(SIG_UNBLOCK, &signals, NULL);
	pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
	raise(sig);
	return NULL;
}

/* Before any thread is started: all of them inherit the mask. */
static void
block_signals(void)
{
	static const int sigs[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction old;

	sigemptyset(&signals);
	for (size_t i = 0; i < sizeof sigs / sizeof sigs[0]; i++)
		if (sigaction(sigs[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaddset(&signals, sigs[i]);
	sigaddset(&signals, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void
watch_signals(struct sender *s)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, wait_signal, s) != 0)
		die(ST_FAIL, "a thread cannot be started");
	pthread_detach(thread);
}

static struct ledger *
open_ledger(const char *path)
{
	struct ledger *l;
	enum ledger_rc rc = ledger_open(path, true, &l);

	if (rc == LEDGER_IO)
		edie(ST_FAIL, "%s", path);
	if (rc == LEDGER_FOREIGN)
		die(ST_FAIL, "%s: line %lu: is not a line of a ledger", path, ledger_number(l));
	if (ledger_cut(l))
		warn("%s: its last line was cut short by a crash and is left out", path);
	return l;
}

static uint64_t
part_size(const char *arg)
{
	uint64_t n = opt_size("--part-size", arg, STORE_PART_MIN, STORE_PART_MAX);

	if ((n & (n - 1)) != 0)
		die(ST_USAGE, "--part-size %s: must be a power of two", arg);
	return n;
}

struct settings {
	struct store_options store;
	struct sender_options sender;
	bool names, create, abort;
};

static void
options(int argc, char *argv[], struct settings *o, struct input *in, struct put *p)
{
	enum { ABORT = OPT_LONG, CLASS, CREATE, ENDPOINT, EXPECT, INSECURE, KMS, NAME, OWNER, PART, PREFIX, PROPERTIES, REGION, TAGS };
	static const struct option longs[] = {
		{ "abort", 0, NULL, ABORT }, { "bucket-owner", 1, NULL, OWNER }, { "class", 1, NULL, CLASS },
		{ "create", 0, NULL, CREATE }, { "endpoint-url", 1, NULL, ENDPOINT }, { "expect-size", 1, NULL, EXPECT },
		{ "insecure-http", 0, NULL, INSECURE }, { "kms-key", 1, NULL, KMS }, { "ledger", 1, NULL, 'l' },
		{ "limit", 1, NULL, 'L' }, { "name", 1, NULL, NAME }, { "names", 0, NULL, 'N' }, { "null", 0, NULL, '0' },
		{ "part-size", 1, NULL, PART }, { "prefix", 1, NULL, PREFIX }, { "properties", 1, NULL, PROPERTIES },
		{ "region", 1, NULL, REGION }, { "store", 1, NULL, 's' }, { "tags", 1, NULL, TAGS }, { "threads", 1, NULL, 'T' }, OPT_COMMON
	};
	int c;

	while ((c = getopt_long(argc, argv, "0hL:l:Nqs:T:vV", longs, NULL)) != -1)
		switch (c) {
		case '0': in->end = '\0'; break;
		case 'L': pace_set(opt_size("-L", optarg, 1024, STORE_PART_MAX * 1024)); break;
		case 'l': p->ledger_path = optarg; break;
		case 'N': o->names = true; break;
		case 's': o->store.name = optarg; break;
		case 'T': o->sender.threads = (unsigned)opt_uint("-T", optarg, 1, 256); break;
		case ABORT: o->abort = true; break;
		case CLASS: o->store.class = optarg; break;
		case CREATE: o->create = true; break;
		case ENDPOINT: o->store.endpoint = optarg; break;
		case EXPECT: o->sender.expect = opt_size("--expect-size", optarg, 1, STORE_PART_MAX * STORE_PARTS); break;
		case INSECURE: o->store.insecure = true; break;
		case KMS: o->store.kms_key = optarg; break;
		case NAME: in->name = optarg; break;
		case OWNER: o->store.owner = optarg; break;
		case PART: o->sender.part = part_size(optarg); break;
		case PREFIX: in->prefix = optarg; break;
		case PROPERTIES: o->store.properties = optarg; break;
		case REGION: o->store.region = optarg; break;
		case TAGS: o->store.tags = optarg; break;
		default:
			if (!opt_common(c, usage))
				opt_usage(usage);
		}
}

/* What is to be stored: operands, names on stdin, stdin itself, or nothing with --create or --abort. */
static void
operands(int n, char **operand, const struct settings *o, struct input *in)
{
	static char dash[] = "-", *standard_input[] = { dash, NULL };

	if ((o->names && (n > 0 || in->name != NULL)) || (in->name != NULL && n > 1) || (in->end == '\0' && !o->names) ||
	    (o->abort && (o->names || in->name != NULL || o->create)))
		opt_usage(usage);
	in->operands = operand;
	if (n == 0 && !o->names && !o->abort && !(o->create && in->name == NULL))
		in->operands = standard_input;
	if (o->store.name == NULL || o->store.name[0] == '\0')
		die(ST_USAGE, "no store: give -s " STORE_FORMS ", or set GLACIER_STORE");
	if (o->abort || o->names)
		return;
	for (char **s = in->operands; *s != NULL; s++)
		if (strcmp(*s, "-") == 0) {
			if (in->name == NULL)
				die(ST_USAGE, "standard input: needs a name, give it with --name");
			opt_not_terminal(STDIN_FILENO, "standard input");
		}
}

/* How much there is to do, where that is known. */
static uint64_t
total(const struct settings *o, const struct input *in)
{
	uint64_t n = 0;
	struct stat st;

	if (o->names || o->abort)
		return 0;
	for (char **s = in->operands; *s != NULL; s++)
		if (strcmp(*s, "-") == 0)
			n += o->sender.expect;
		else if (stat(*s, &st) == 0 && S_ISREG(st.st_mode))
			n += (uint64_t)st.st_size;
	return n;
}

static struct store *
open_store(const struct settings *o)
{
	struct str why = { 0 };
	struct store *store;
	enum store_rc rc;

	if ((store = store_open(&o->store, &rc, &why)) == NULL)
		die(status_of(rc), "%s", str_get(&why));
	note(1, "%s: at %s, credentials from %s", o->store.name, store_endpoint(store), store_source(store));
	if (o->create && (rc = store_create(store, 0, &why)) != STORE_OK)
		die(status_of(rc), "%s: %s", o->store.name, str_get(&why));
	str_free(&why);
	return store;
}

int
main(int argc, char *argv[])
{
	struct settings o = { .store = { .name = getenv("GLACIER_STORE"), .env = getenv, .tell = tell },
	    .sender = { .threads = cpu_count(), .tell = tell } };
	struct input in = { .end = '\n' };
	struct put p = { 0 };

	err_init(argv);
	options(argc, argv, &o, &in, &p);
	operands(argc - optind, argv + optind, &o, &in);
	block_signals();
	meter_start(total(&o, &in));
	o.store.lanes = o.sender.threads + 1;
	o.sender.store = p.store = open_store(&o);
	if (o.abort) {
		abort_uploads(p.store, in.operands, in.prefix);
		store_close(p.store);
		return 0;
	}
	if (p.ledger_path != NULL) {
		p.ledger = open_ledger(p.ledger_path);
		if ((p.pending = pending_open(p.ledger_path)) == NULL)
			edie(ST_FAIL, "%s.pending", p.ledger_path);
		settle(&p);
	}
	o.sender.pending = p.pending;
	p.sender = sender_new(&o.sender);
	watch_signals(p.sender);
	if (o.names)
		in.names = names_new(in.end);

	put(&p, &in);
	names_free(in.names);
	sender_free(p.sender);
	if (io_close(STDOUT_FILENO) != 0)
		edie(ST_FAIL, "standard output");
	pending_close(p.pending);
	ledger_close(p.ledger);
	store_close(p.store);
	return 0;
}

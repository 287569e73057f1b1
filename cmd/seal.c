/*
 * seal - encrypt to age recipients, and decrypt.
 *
 * The main thread reads, writes and names files; the sealer's threads do the
 * rest.  It reads ahead over the end of a file, so that no thread is idle between
 * files; what is written is in order.  What is let out when opening was
 * authenticated before, up to the chunk that was not.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cpu.h"
#include "err.h"
#include "file.h"
#include "io.h"
#include "keyring.h"
#include "mem.h"
#include "meter.h"
#include "names.h"
#include "opt.h"
#include "sealer.h"
#include "sink.h"

static const char usage[] =
    "seal [-0afhkNqvV] [-T threads] [-o file] -r recipient ... | -R file ... | -p [file ...]\n"
    "       seal -d [-0fhkNpqvV] [-T threads] [-o file] [-i identity ...] [file ...]";

/* What the command line asks for. */
struct job {
	struct keyring ring;
	bool open, armor, force, keep;
	const char *out;                /* -o */
	char **operands;                /* what is left of them */
	struct names *names;            /* instead, with -N */
	struct sealer *sealer;
};

/* A file on its way. */
struct item {
	char *name;                     /* of the input, for messages too */
	char *result;                   /* and of the output; NULL where it is not known */
	bool stream;                    /* the result is standard output */
	bool named;                     /* the result is named after the input, and as old */
	int error;                      /* why the input could not be opened, or 0 */
	struct stat st;                 /* of the input; its mode is the result's */
	struct file *f;
	struct sink *sink;              /* NULL until there is something to write */
	bool good;
};

/* FILE <-> FILE.age; NULL where FILE has no suffix to take off. */
static char *
result_name(const struct job *j, const char *name)
{
	size_t n = strlen(name);

	if (!j->open)
		return mem_format("%s.age", name);
	if (n <= 4 || strcmp(name + n - 4, ".age") != 0 || name[n - 5] == '/')
		return NULL;
	return mem_format("%.*s", (int)n - 4, name);
}

/* Its descriptor, or -1. */
static int
open_input(struct item *it)
{
	int fd = open(it->name, O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && fstat(fd, &it->st) == 0) {
		if (!S_ISDIR(it->st.st_mode))
			return fd;
		errno = EISDIR;
	}
	it->error = errno;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Begin the file with this name. */
static void
begin(struct job *j, const char *name)
{
	struct item *it = mem_alloc(sizeof *it);
	int fd = -1;

	*it = (struct item){ .name = mem_copy(name), .result = result_name(j, name), .named = true, .good = true };
	if (it->result != NULL)
		fd = open_input(it);
	meter_subject(name);
	sealer_begin(j->sealer, fd, it);
}

/* Begin standard input, or one operand, to standard output or to -o. */
static void
begin_single(struct job *j, const char *name)
{
	struct item *it = mem_alloc(sizeof *it);
	bool in = name == NULL || strcmp(name, "-") == 0;
	int fd = STDIN_FILENO;

	*it = (struct item){ .name = mem_copy(in ? "standard input" : name), .good = true };
	it->stream = j->out == NULL || strcmp(j->out, "-") == 0;
	it->result = mem_copy(it->stream ? "standard output" : j->out);
	if (!in && (fd = open(name, O_RDONLY | O_CLOEXEC)) < 0)
		it->error = errno;
	it->st.st_mode = 0666;
	sealer_begin(j->sealer, fd, it);
}

/* Begin the next file; false where there is none, or none yet and something else to do. */
static bool
next(struct job *j)
{
	const char *name;

	if (j->names != NULL) {
		if (sealer_busy(j->sealer) && !names_ready(j->names))
			return false;
		if ((name = names_next(j->names)) == NULL)
			return false;
		begin(j, name);
		return true;
	}
	if (j->operands == NULL)
		return false;
	name = *j->operands;
	if (name == NULL || j->out != NULL || strcmp(name, "-") == 0) {
		begin_single(j, name);
		j->operands = NULL;
	} else {
		begin(j, name);
		if (*++j->operands == NULL)
			j->operands = NULL;
	}
	return true;
}

/* Make the result, under its temporary name. */
static bool
create(const struct job *j, struct item *it)
{
	if (it->stream) {
		it->sink = sink_new(STDOUT_FILENO, j->armor);
		return true;
	}
	if ((it->f = file_create(it->result, it->st.st_mode & (j->open ? 0600 : 0666), j->force)) == NULL) {
		ewarn(errno == EEXIST ? "%s: not overwritten without -f" : "%s", it->result);
		return false;
	}
	it->sink = sink_new(file_fd(it->f), j->armor);
	return true;
}

static void
complain_header(const struct job *j, const char *name, const struct sealer_fault *fault)
{
	errno = fault->error;
	if (fault->header == AGE_MEMORY)
		ewarn("%s: %s", name, age_strerror(fault->header));
	else if (!j->open)
		warn("too many recipients: the header would be longer than anybody reads");
	else if (fault->header == AGE_HEADER)
		warn("%s: %s, line %llu", name, age_strerror(fault->header), (unsigned long long)fault->place);
	else if (fault->header == AGE_STRANGER && j->ring.keys.keys.n == 0)
		warn("%s: is not sealed with a passphrase; give an identity with -i", name);
	else
		warn("%s: %s", name, age_strerror(fault->header));
}

static void
complain(const struct job *j, const struct item *it, const struct sealer_fault *fault)
{
	unsigned long long place = fault->place;

	switch (fault->kind) {
	case SEALER_FINE: break;
	case SEALER_READ:
		errno = fault->error;
		if (errno == ESTALE)
			warn("%s: changed while it was read", it->name);
		else
			ewarn("%s", it->name);
		break;
	case SEALER_ARMOR:
		if (fault->armor == ARMOR_LEAD || fault->armor == ARMOR_CUT)
			warn("%s: %s", it->name, armor_strerror(fault->armor));
		else
			warn("%s: %s, line %llu", it->name, armor_strerror(fault->armor), place);
		break;
	case SEALER_HEADER: complain_header(j, it->name, fault); break;
	case SEALER_PAYLOAD: warn("%s: %s, at byte %llu", it->name, seal_strerror(fault->payload), place); break;
	}
}

/* A good result gets its name. */
static void
commit(const struct job *j, struct item *it)
{
	struct timespec times[2] = { it->st.st_atim, it->st.st_mtim };

	if (sink_end(it->sink) != 0)
		edie(ST_FAIL, "%s", it->result);
	it->sink = NULL;
	if (it->stream)
		return;
	if ((it->named && futimens(file_fd(it->f), times) != 0) || file_commit(it->f) != 0)
		edie(ST_FAIL, "%s", it->result);
	it->f = NULL;
	if (j->names == NULL)
		return;
	if (!j->keep && unlink(it->name) != 0)
		edie(ST_FAIL, "%s", it->name);
	names_put(j->names, it->result);
}

static void
discard(struct item *it)
{
	/* What was authentic is let out, of a stream: its last line too. */
	if (it->stream && it->sink != NULL && sink_end(it->sink) != 0)
		edie(ST_FAIL, "%s", it->result);
	if (!it->stream)
		sink_free(it->sink);
	it->sink = NULL;
	file_abort(it->f);
	it->f = NULL;
}

/* Write a piece; false where it was the last one of a file that has come to nothing. */
static bool
put(const struct job *j, const struct sealer_piece *p)
{
	struct item *it = p->file;
	bool good;

	if (it->result == NULL) {
		warn("%s: does not end with .age, so the name of the result is not known; use -o", it->name);
		it->good = false;
	} else if (it->error != 0) {
		errno = it->error;
		ewarn("%s", it->name);
		it->good = false;
	} else if (it->good && it->sink == NULL)
		it->good = create(j, it);
	if (it->good && (sink_put(it->sink, p->head, p->headlen) != 0 || sink_put(it->sink, p->body, p->bodylen) != 0))
		edie(ST_FAIL, "%s", it->result);
	if (!p->end)
		return true;
	if (it->good)
		complain(j, it, &p->fault);
	good = it->good && p->fault.kind == SEALER_FINE;
	if (good)
		commit(j, it);
	else
		discard(it);
	free(it->name);
	free(it->result);
	free(it);
	return good;
}

/* All files.  With -N the first that fails is the last: to go on would be a lie. */
static bool
run(struct job *j)
{
	struct sealer_piece piece;
	bool good = true;

	for (;;) {
		while (sealer_room(j->sealer) && (sealer_reading(j->sealer) || next(j)))
			sealer_read(j->sealer);
		if (!sealer_take(j->sealer, &piece))
			return good;
		good = put(j, &piece) && good;
		if (!good && j->names != NULL)
			return false;
	}
}

static void
ask(void *ring)
{
	keyring_passphrase(ring, false);
}

/* Keys as the command line names them, in its order. */
struct named {
	char option;
	const char *value;
};

static void
collect_keys(struct job *j, const struct named *named, size_t n)
{
	if (j->ring.passphrase_fd >= 0)
		keyring_passphrase(&j->ring, false);
	for (size_t i = 0; i < n; i++)
		switch (named[i].option) {
		case 'i': keyring_identities(&j->ring, named[i].value); break;
		case 'r': keyring_recipient(&j->ring, named[i].value); break;
		case 'R': keyring_recipients(&j->ring, named[i].value); break;
		}
	if (!j->open && key_mixed(&j->ring.keys.keys))
		die(ST_FAIL, "post-quantum recipients do not protect what is sealed to others too: give one kind");
	if (!j->open && j->ring.ask && j->ring.keys.passphrase == NULL)
		keyring_passphrase(&j->ring, true);
}

/* Is the command line one of those that usage shows? */
static bool
sensible(const struct job *j, const struct named *named, size_t n, bool names, int argc, char *argv[])
{
	bool stdin_is_data = names || argc == 0 || strcmp(argv[0], "-") == 0;
	size_t identities = 0, recipients = 0, stdin_is_keys = 0;

	for (size_t i = 0; i < n; i++) {
		*(named[i].option == 'i' ? &identities : &recipients) += 1;
		stdin_is_keys += named[i].option != 'r' && strcmp(named[i].value, "-") == 0;
	}
	if (stdin_is_keys + stdin_is_data > 1)
		die(ST_USAGE, "standard input cannot be keys and something else");
	if (j->open ? recipients != 0 || j->armor : identities != 0 || (recipients == 0) == !j->ring.ask || (!j->ring.ask && j->ring.keys.work != 0))
		return false;
	return !(names && (argc != 0 || j->out != NULL)) && !(j->out != NULL && argc > 1);
}

int
main(int argc, char *argv[])
{
	enum { PASSPHRASE_FD = OPT_LONG, WORK_FACTOR };
	static const struct option longs[] = {
		{ "armor", 0, NULL, 'a' }, { "decrypt", 0, NULL, 'd' }, { "force", 0, NULL, 'f' }, { "identity", 1, NULL, 'i' },
		{ "keep", 0, NULL, 'k' }, { "names", 0, NULL, 'N' }, { "null", 0, NULL, '0' },
		{ "output", 1, NULL, 'o' }, { "passphrase", 0, NULL, 'p' },
		{ "passphrase-fd", 1, NULL, PASSPHRASE_FD }, { "recipient", 1, NULL, 'r' },
		{ "recipients-file", 1, NULL, 'R' }, { "threads", 1, NULL, 'T' },
		{ "work-factor", 1, NULL, WORK_FACTOR }, OPT_COMMON
	};
	unsigned threads = cpu_count();
	struct job j = { .ring = { .passphrase_fd = -1 } };
	struct named *named = mem_array((size_t)argc, sizeof *named);
	bool names = false, good;
	char end = '\n';
	size_t n = 0;
	int c;

	err_init(argv);
	while ((c = getopt_long(argc, argv, "0adfi:kNo:pr:R:T:hqvV", longs, NULL)) != -1)
		switch (c) {
		case '0': end = '\0'; break;
		case 'a': j.armor = true; break;
		case 'd': j.open = true; break;
		case 'f': j.force = true; break;
		case 'i': case 'r': case 'R': named[n++] = (struct named){ (char)c, optarg }; break;
		case 'k': j.keep = true; break;
		case 'N': names = true; break;
		case 'o': j.out = optarg; break;
		case 'p': j.ring.ask = true; break;
		case 'T': threads = (unsigned)opt_uint("-T", optarg, 1, 256); break;
		case PASSPHRASE_FD:
			j.ring.passphrase_fd = (int)opt_uint("--passphrase-fd", optarg, 0, INT_MAX);
			j.ring.ask = true;
			break;
		case WORK_FACTOR: j.ring.keys.work = (unsigned)opt_uint("--work-factor", optarg, 1, SCRYPT_WORK_MAX); break;
		default:
			if (!opt_common(c, usage))
				opt_usage(usage);
		}
	argv += optind;
	argc -= optind;
	if (!sensible(&j, named, n, names, argc, argv)) {
		free(named);
		opt_usage(usage);
	}
	if (j.ring.keys.work == 0)
		j.ring.keys.work = j.open ? SCRYPT_WORK_MAX : SCRYPT_WORK;
	j.ring.ask = j.ring.ask || (j.open && n == 0);
	collect_keys(&j, named, n);
	free(named);
	if (!names && j.out == NULL && !j.open && !j.armor && !j.force && (argc == 0 || strcmp(argv[0], "-") == 0))
		opt_not_terminal(STDOUT_FILENO, "standard output");

	meter_start(0);
	if (names)
		j.names = names_new(end);
	j.operands = argv;
	j.sealer = sealer_new(j.open, threads, &j.ring.keys, j.ring.ask ? ask : NULL, &j.ring);
	good = run(&j);
	sealer_free(j.sealer);
	names_free(j.names);
	keyring_free(&j.ring);
	if (io_close(STDOUT_FILENO) != 0)
		edie(ST_FAIL, "standard output");
	return good ? 0 : ST_FAIL;
}

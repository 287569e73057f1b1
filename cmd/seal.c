/*
 * seal - encrypt to age recipients, and decrypt.
 *
 * A stream is cut into batches of 16 chunks; the main thread reads and writes,
 * the pool seals or opens.  A batch lives in one buffer, the output in front of
 * the input and far enough from it that neither runs into the other, so each is
 * one contiguous read and one contiguous write.  What is let out when opening
 * was authenticated before, up to the chunk that was not.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "age.h"
#include "cpu.h"
#include "err.h"
#include "file.h"
#include "io.h"
#include "mem.h"
#include "meter.h"
#include "names.h"
#include "opt.h"
#include "pool.h"
#include "seal.h"
#include "secret.h"
#include "sink.h"
#include "source.h"
#include "unseal.h"

static const char usage[] =
    "seal [-0afhkNqvV] [-T threads] [-o file] -r recipient ... | -R file ... | -p [file ...]\n"
    "       seal -d [-0fhkNpqvV] [-T threads] [-o file] [-i identity ...] [file ...]";

enum {
	CHUNKS = 16,                                    /* in a batch */
	LEAD = SEAL_SEALED + CHUNKS * BOX_TAG,          /* how far the input stands behind the output */
	BATCH = LEAD + CHUNKS * SEAL_SEALED
};

struct batch {
	uint8_t *buf;           /* BATCH bytes: output from 0, input from LEAD */
	size_t in, out;         /* bytes of each */
	uint64_t first;         /* number of the first chunk */
	bool last;              /* the input ends with it */
	enum seal_rc rc;        /* opening: how it ended; out counts what came before */
};

/* All of the work at hand.  The threads read it, and the main thread changes it between streams. */
struct job {
	struct pool *pool;
	struct age_keys keys;           /* to seal to, or to open with */
	struct secret passphrase;       /* keys.passphrase, once it is known */
	int passphrase_fd;              /* where it comes from; -1 for the terminal */
	bool ask;                       /* it may be asked for */
	bool open, armor;
	uint8_t *file_key;              /* of the file at hand, in memory of box_alloc as is key */
	uint8_t *key;                   /* of its payload */
};

static void
work(void *arg, unsigned thread, void *shared)
{
	const struct job *j = shared;
	struct batch *b = arg;
	size_t unit = j->open ? SEAL_SEALED : SEAL_CHUNK, at = 0, n;
	uint64_t number = b->first;

	(void)thread;
	b->rc = SEAL_OK;
	b->out = 0;
	do {
		bool last = b->last && b->in - at <= unit;

		n = b->in - at < unit ? b->in - at : unit;
		if (!j->open) {
			seal_chunk(b->buf + b->out, b->buf + LEAD + at, n, j->key, number++, last);
			b->out += n + BOX_TAG;
		} else {
			b->rc = seal_open(b->buf + b->out, b->buf + LEAD + at, n, j->key, number++, last);
			if (b->rc == SEAL_OK || (n == unit && (b->rc == SEAL_CUT || b->rc == SEAL_TRAILING)))
				b->out += n - BOX_TAG;
			if (b->rc != SEAL_OK)
				return;
		}
		at += n;
	} while (at < b->in);
}

/*
 * The payload: read, worked on, written.  Returns SEAL_OK, or what is wrong with
 * the chunk that begins *bad bytes behind the payload's nonce.
 */
static enum seal_rc
payload(struct job *j, struct source *in, const char *inname, struct sink *out, const char *outname, uint64_t *bad)
{
	size_t unit = j->open ? SEAL_SEALED : SEAL_CHUNK;
	enum seal_rc rc = SEAL_OK;
	uint64_t number = 0;
	bool eof = false;
	struct batch *b;
	ssize_t n;
	int last;

	for (;;) {
		while (!eof && (b = pool_room(j->pool)) != NULL) {
			if (b->buf == NULL)
				b->buf = mem_alloc(BATCH);
			if ((n = source_fill(in, b->buf + LEAD, CHUNKS * unit)) < 0 || (last = source_ended(in)) < 0)
				edie(ST_FAIL, "%s", inname);
			b->in = (size_t)n;
			b->first = number;
			eof = last != 0;
			b->last = last == 1;
			number += CHUNKS;
			pool_add(j->pool);
			meter_add(b->in);
		}
		if ((b = pool_take(j->pool)) == NULL)
			return rc;
		if (rc != SEAL_OK)
			continue;               /* nothing may follow what is damaged */
		if (sink_put(out, b->buf, b->out) != 0)
			edie(ST_FAIL, "%s", outname);
		if (b->rc != SEAL_OK) {
			rc = b->rc;
			*bad = b->first * SEAL_SEALED + b->out / SEAL_CHUNK * SEAL_SEALED;
			eof = true;
		}
	}
}

static void
seal_stream(struct job *j, int in, const char *inname, int out, const char *outname)
{
	uint8_t nonce[SEAL_NONCE];
	struct source *source = source_new(in);
	struct sink *sink = sink_new(out, j->armor);
	struct str header = { 0 };
	enum age_rc rc;
	uint64_t bad;

	box_random(j->file_key, AGE_FILE_KEY);
	box_random(nonce, sizeof nonce);
	if ((rc = age_header_put(&header, &j->keys, j->file_key)) == AGE_MEMORY)
		edie(ST_FAIL, "%s", age_strerror(rc));
	if (rc != AGE_OK)
		die(ST_FAIL, "too many recipients: the header would be longer than anybody reads");
	str_add(&header, nonce, sizeof nonce);
	seal_key(j->key, j->file_key, nonce);
	mem_wipe(j->file_key, AGE_FILE_KEY);
	if (sink_put(sink, header.s, header.len) != 0)
		edie(ST_FAIL, "%s", outname);
	payload(j, source, inname, sink, outname, &bad);
	if (sink_end(sink) != 0)
		edie(ST_FAIL, "%s", outname);
	mem_wipe(j->key, BOX_KEY);
	str_free(&header);
	source_free(source);
}

/* The passphrase, from where it comes; twice where a slip would lock somebody out. */
static void
get_passphrase(struct job *j, bool twice)
{
	struct secret again = { 0 };

	if (j->passphrase_fd >= 0) {
		if (secret_line(&j->passphrase, j->passphrase_fd, SCRYPT_PASSPHRASE_MAX) != 0)
			edie(ST_FAIL, "--passphrase-fd %d", j->passphrase_fd);
	} else {
		if (secret_ask(&j->passphrase, "passphrase: ", SCRYPT_PASSPHRASE_MAX) != 0 ||
		    (twice && secret_ask(&again, "once more: ", SCRYPT_PASSPHRASE_MAX) != 0))
			edie(ST_FAIL, "the passphrase cannot be asked for (see --passphrase-fd)");
		if (twice && (again.len != j->passphrase.len || !box_equal(again.s, j->passphrase.s, again.len)))
			die(ST_FAIL, "the two passphrases differ");
		secret_free(&again);
	}
	if (j->passphrase.len == 0)
		die(ST_FAIL, "an empty passphrase protects nothing");
	j->keys.passphrase = &j->passphrase;
}

/* Read until the header is whole. */
static enum age_rc
read_header(struct job *j, struct source *s, const char *inname, size_t *length)
{
	enum age_rc rc;
	const char *bytes;
	size_t n;
	int more;

	do {
		if ((more = source_more(s)) < 0)
			edie(ST_FAIL, "%s", inname);
		bytes = source_ahead(s, &n);
		rc = n == 0 ? AGE_ALIEN : age_header_get(bytes, n, &j->keys, j->file_key, length);
	} while (rc == AGE_MORE && more > 0);
	if (rc == AGE_PASSPHRASE && j->ask) {
		get_passphrase(j, false);
		rc = age_header_get(bytes, n, &j->keys, j->file_key, length);
	}
	if (rc == AGE_OK)
		source_skip(s, *length);
	return rc;
}

/* Does the armor hold?  If not, that is said, and what came out of it is not worth another word. */
static bool
armor_holds(const struct source *s, const char *inname)
{
	unsigned long line;
	enum armor_rc rc = source_armor(s, &line);

	if (rc == ARMOR_OK)
		return true;
	if (rc == ARMOR_LEAD || rc == ARMOR_CUT)
		warn("%s: %s", inname, armor_strerror(rc));
	else
		warn("%s: %s, line %lu", inname, armor_strerror(rc), line);
	return false;
}

static void
complain(const struct job *j, const char *inname, enum age_rc rc, size_t line)
{
	if (rc == AGE_MEMORY)
		ewarn("%s: %s", inname, age_strerror(rc));
	else if (rc == AGE_HEADER)
		warn("%s: %s, line %zu", inname, age_strerror(rc), line);
	else if (rc == AGE_STRANGER && j->keys.keys.n == 0)
		warn("%s: is not sealed with a passphrase; give an identity with -i", inname);
	else
		warn("%s: %s", inname, age_strerror(rc));
}

/* false: it does not open, and that was said. */
static bool
open_source(struct job *j, struct source *source, const char *inname, struct sink *sink, const char *outname)
{
	uint8_t nonce[SEAL_NONCE];
	enum age_rc header;
	enum seal_rc rc = SEAL_CUT;
	size_t length = 0;
	uint64_t bad = 0;
	ssize_t n;

	if ((header = read_header(j, source, inname, &length)) != AGE_OK) {
		if (armor_holds(source, inname))
			complain(j, inname, header == AGE_ALIEN && source_armored(source) ? AGE_MORE : header, length);
		return false;
	}
	if ((n = source_fill(source, nonce, sizeof nonce)) < 0)
		edie(ST_FAIL, "%s", inname);
	if (n == sizeof nonce) {
		seal_key(j->key, j->file_key, nonce);
		rc = payload(j, source, inname, sink, outname, &bad);
		mem_wipe(j->key, BOX_KEY);
	}
	mem_wipe(j->file_key, AGE_FILE_KEY);
	if (!armor_holds(source, inname))
		return false;
	if (rc != SEAL_OK)
		warn("%s: %s, at byte %llu", inname, seal_strerror(rc), (unsigned long long)(length + (n == sizeof nonce ? sizeof nonce : 0) + bad));
	return rc == SEAL_OK;
}

static bool
open_stream(struct job *j, int in, const char *inname, int out, const char *outname)
{
	struct source *source = source_new(in);
	struct sink *sink = sink_new(out, false);
	bool good;

	source_detect(source);
	good = open_source(j, source, inname, sink, outname);
	if (sink_end(sink) != 0)
		edie(ST_FAIL, "%s", outname);
	source_free(source);
	return good;
}

static bool
stream(struct job *j, int in, const char *inname, int out, const char *outname)
{
	if (j->open)
		return open_stream(j, in, inname, out, outname);
	seal_stream(j, in, inname, out, outname);
	return true;
}

/* name becomes the file result, whole and with name's mode and times, or not at all. */
static bool
file(struct job *j, const char *name, const char *result, bool replace)
{
	struct timespec times[2];
	struct file *f;
	struct stat st;
	int fd;

	if ((fd = open(name, O_RDONLY | O_CLOEXEC)) < 0 || fstat(fd, &st) != 0) {
		ewarn("%s", name);
		return false;
	}
	if (S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		ewarn("%s", name);
		close(fd);
		return false;
	}
	meter_subject(name);
	if ((f = file_create(result, j->open ? st.st_mode & 0600 : st.st_mode & 0666, replace)) == NULL) {
		ewarn(errno == EEXIST ? "%s: not overwritten without -f" : "%s", result);
		close(fd);
		return false;
	}
	if (!stream(j, fd, name, file_fd(f), result)) {
		file_abort(f);
		close(fd);
		return false;
	}
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	if (futimens(file_fd(f), times) != 0 || file_commit(f) != 0)
		edie(ST_FAIL, "%s", result);
	close(fd);
	return true;
}

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

static bool
operand(struct job *j, const char *name, bool replace)
{
	char *result = result_name(j, name);
	bool good = result != NULL && file(j, name, result, replace);

	if (result == NULL)
		warn("%s: does not end with .age, so the name of the result is not known; use -o", name);
	free(result);
	return good;
}

static void
names_mode(struct job *j, char end, bool replace, bool keep)
{
	struct names *names = names_new(end);
	char *name, *result;

	while ((name = names_next(names)) != NULL) {
		if (!operand(j, name, replace))
			exit(ST_FAIL);          /* said already; going on would be a lie */
		if (!keep && unlink(name) != 0)
			edie(ST_FAIL, "%s", name);
		result = result_name(j, name);
		names_put(names, result);
		free(result);
	}
	names_free(names);
}

/* A file of keys, all of it. */
static void
read_text(struct secret *text, const char *path, bool secret)
{
	int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		edie(ST_FAIL, "%s", path);
	if (secret && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077) != 0)
		warn("%s: others may read this identity file; chmod 600 it", path);
	if (secret_read(text, fd, KEY_FILE_MAX) != 0)
		edie(ST_FAIL, "%s", path);
	if (fd != STDIN_FILENO)
		close(fd);
}

static void
check_keys(const char *path, enum key_rc rc, unsigned long line)
{
	if (rc != KEY_OK && line != 0)
		die(ST_FAIL, "%s: line %lu: %s", path, line, key_strerror(rc));
	if (rc != KEY_OK)
		die(ST_FAIL, "%s: %s", path, key_strerror(rc));
}

static void
recipients_from(struct job *j, const char *path)
{
	struct secret text = { 0 };
	unsigned long line;
	enum key_rc rc;

	read_text(&text, path, false);
	rc = key_recipients(&j->keys.keys, text.s, text.len, &line);
	check_keys(path, rc, line);
	secret_free(&text);
}

/* An identity file that is itself an age file: text becomes what is in it. */
static void
unseal_identities(struct job *j, struct secret *text, const char *path)
{
	struct secret plain = { 0 }, passphrase = { 0 };
	struct age_keys keys = j->keys;
	const char *wrong;
	char *prompt;
	bool wanted;

	if ((wrong = unseal(&plain, text->s, text->len, &keys, &wanted)) != NULL && wanted) {
		prompt = mem_format("passphrase for %s: ", path);
		if (secret_ask(&passphrase, prompt, SCRYPT_PASSPHRASE_MAX) != 0)
			edie(ST_FAIL, "%s: its passphrase cannot be asked for (see --passphrase-fd)", path);
		free(prompt);
		keys.passphrase = &passphrase;
		wrong = unseal(&plain, text->s, text->len, &keys, &wanted);
	}
	if (wrong != NULL)
		die(ST_FAIL, "%s: %s", path, wrong);
	secret_free(&passphrase);
	secret_free(text);
	*text = plain;
}

static void
identities_from(struct job *j, const char *path)
{
	struct secret text = { 0 };
	unsigned long line;
	enum key_rc rc;

	read_text(&text, path, true);
	if (unseal_is(text.s, text.len))
		unseal_identities(j, &text, path);
	rc = key_identities(&j->keys.keys, text.s, text.len, &line);
	check_keys(path, rc, line);
	secret_free(&text);
}

/* stdin or one operand, to stdout or to -o. */
static bool
single(struct job *j, const char *name, const char *out, bool force)
{
	int fd = STDIN_FILENO;
	struct file *f = NULL;
	bool good;

	if (out == NULL && !j->open && !j->armor && !force)
		opt_not_terminal(STDOUT_FILENO, "standard output");
	if (name != NULL && strcmp(name, "-") != 0 && (fd = open(name, O_RDONLY | O_CLOEXEC)) < 0)
		edie(ST_FAIL, "%s", name);
	if (fd == STDIN_FILENO)
		name = "standard input";
	if (out == NULL || strcmp(out, "-") == 0) {
		good = stream(j, fd, name, STDOUT_FILENO, "standard output");
		if (io_close(STDOUT_FILENO) != 0)
			edie(ST_FAIL, "standard output");
		return good;
	}
	if ((f = file_create(out, j->open ? 0600 : 0666, force)) == NULL)
		edie(ST_FAIL, errno == EEXIST ? "%s: not overwritten without -f" : "%s", out);
	if (!stream(j, fd, name, file_fd(f), out)) {
		file_abort(f);
		return false;
	}
	if (file_commit(f) != 0)
		edie(ST_FAIL, "%s", out);
	return true;
}

/* Keys as the command line names them, in its order. */
struct named {
	char option;
	const char *value;
};

static void
collect_keys(struct job *j, const struct named *named, size_t n)
{
	enum key_rc rc;

	if (j->passphrase_fd >= 0)
		get_passphrase(j, false);
	for (size_t i = 0; i < n; i++)
		switch (named[i].option) {
		case 'i': identities_from(j, named[i].value); break;
		case 'R': recipients_from(j, named[i].value); break;
		case 'r':
			if ((rc = key_recipient(&j->keys.keys, named[i].value)) != KEY_OK)
				die(ST_USAGE, "-r %.16s...: %s", rc == KEY_IDENTITY ? "" : named[i].value, key_strerror(rc));
		}
	if (!j->open && j->ask && j->keys.passphrase == NULL)
		get_passphrase(j, true);
}

/* Is the command line one of those that usage shows? */
static bool
sensible(const struct job *j, const struct named *named, size_t n, bool names, int argc, char *argv[], const char *out)
{
	bool stdin_is_data = names || argc == 0 || strcmp(argv[0], "-") == 0;
	size_t identities = 0, recipients = 0, stdin_is_keys = 0;

	for (size_t i = 0; i < n; i++) {
		*(named[i].option == 'i' ? &identities : &recipients) += 1;
		stdin_is_keys += named[i].option != 'r' && strcmp(named[i].value, "-") == 0;
	}
	if (stdin_is_keys + stdin_is_data > 1)
		die(ST_USAGE, "standard input cannot be keys and something else");
	if (j->open ? recipients != 0 || j->armor : identities != 0 || (recipients == 0) == !j->ask || (!j->ask && j->keys.work != 0))
		return false;
	return !(names && (argc != 0 || out != NULL)) && !(out != NULL && argc > 1);
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
	bool force = false, keep = false, names = false, good = true;
	struct job j = { .passphrase_fd = -1 };
	struct named *named = mem_array((size_t)argc, sizeof *named);
	const char *out = NULL;
	char end = '\n';
	size_t n = 0;
	int c;

	err_init(argv);
	while ((c = getopt_long(argc, argv, "0adfi:kNo:pr:R:T:hqvV", longs, NULL)) != -1)
		switch (c) {
		case '0': end = '\0'; break;
		case 'a': j.armor = true; break;
		case 'd': j.open = true; break;
		case 'f': force = true; break;
		case 'i': case 'r': case 'R': named[n++] = (struct named){ (char)c, optarg }; break;
		case 'k': keep = true; break;
		case 'N': names = true; break;
		case 'o': out = optarg; break;
		case 'p': j.ask = true; break;
		case 'T': threads = (unsigned)opt_uint("-T", optarg, 1, 256); break;
		case PASSPHRASE_FD:
			j.passphrase_fd = (int)opt_uint("--passphrase-fd", optarg, 0, INT_MAX);
			j.ask = true;
			break;
		case WORK_FACTOR: j.keys.work = (unsigned)opt_uint("--work-factor", optarg, 1, SCRYPT_WORK_MAX); break;
		default:
			if (!opt_common(c, usage))
				opt_usage(usage);
		}
	argv += optind;
	argc -= optind;
	if (!sensible(&j, named, n, names, argc, argv, out)) {
		free(named);
		opt_usage(usage);
	}
	if (j.keys.work == 0)
		j.keys.work = j.open ? SCRYPT_WORK_MAX : SCRYPT_WORK;
	j.ask = j.ask || (j.open && n == 0);
	j.file_key = box_alloc(AGE_FILE_KEY);
	j.key = box_alloc(BOX_KEY);
	collect_keys(&j, named, n);
	free(named);
	meter_start(0);
	j.pool = pool_new(threads, POOL_RING(threads), sizeof(struct batch), work, &j);

	if (names)
		names_mode(&j, end, force, keep);
	else if (argc == 0 || out != NULL || strcmp(argv[0], "-") == 0)
		good = single(&j, argv[0], out, force);
	else
		for (; *argv != NULL; argv++)
			good = operand(&j, *argv, force) && good;
	for (unsigned i = 0; i < POOL_RING(threads); i++)
		free(((struct batch *)pool_job(j.pool, i))->buf);
	pool_free(j.pool);
	key_free(&j.keys.keys);
	secret_free(&j.passphrase);
	box_free(j.file_key);
	box_free(j.key);
	return good ? 0 : ST_FAIL;
}

/* seal-keygen - make an age identity, or print the recipients of identities. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "date.h"
#include "err.h"
#include "file.h"
#include "io.h"
#include "keyring.h"
#include "opt.h"

static const char usage[] =
    "seal-keygen [-hV] [--pq] [-o file]\n"
    "       seal-keygen -y [-hV] [-o file] [file]";

/* The identity file as age-keygen writes it. */
static void
make_identity(struct secret *out, struct str *recipient, bool pq)
{
	struct str comment = { 0 };
	char now[DATE_RFC3339];
	struct keys key = { 0 };
	enum key_rc rc;

	if ((rc = key_new(&key, pq)) != KEY_OK)
		die(ST_FAIL, "--pq: %s", key_strerror(rc));
	date_rfc3339(now, time(NULL));
	key_print_recipient(recipient, key.key);
	str_format(&comment, "# created: %s\n# public key: %s\n", now, str_get(recipient));
	secret_add(out, comment.s, comment.len);
	key_print_identity(out, key.key);
	secret_add(out, "\n", 1);
	str_free(&comment);
	key_free(&key);
}

static void
print_recipients(struct str *out, const char *path)
{
	struct keys keys = { 0 };

	keyring_read_identities(&keys, path);
	if (path == NULL)
		path = "standard input";
	for (size_t i = 0; i < keys.n; i++) {
		if (!key_print_recipient(out, &keys.key[i]))
			die(ST_FAIL, "%s: is an SSH key, whose recipient is its .pub file", path);
		str_puts(out, "\n");
	}
	key_free(&keys);
}

/* To a file that is not there yet, or to stdout. */
static void
put(const char *text, size_t n, const char *path, mode_t mode)
{
	struct file *f;
	struct stat st;

	if (path == NULL) {
		if (mode == 0600 && fstat(STDOUT_FILENO, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077) != 0)
			warn("standard output: others may read this file; chmod 600 it");
		if (io_put(STDOUT_FILENO, text, n) != 0 || io_close(STDOUT_FILENO) != 0)
			edie(ST_FAIL, "standard output");
		return;
	}
	if ((f = file_create(path, mode, false)) == NULL)
		edie(ST_FAIL, errno == EEXIST ? "%s: not overwritten" : "%s", path);
	if (io_put(file_fd(f), text, n) != 0 || file_commit(f) != 0)
		edie(ST_FAIL, "%s", path);
}

int
main(int argc, char *argv[])
{
	enum { PQ = OPT_LONG };
	static const struct option longs[] = { { "output", 1, NULL, 'o' }, { "pq", 0, NULL, PQ }, { "recipients", 0, NULL, 'y' }, OPT_COMMON };
	struct str recipient = { 0 };
	struct secret identity = { 0 };
	const char *out = NULL;
	bool recipients = false, pq = false;
	int c;

	err_init(argv);
	while ((c = getopt_long(argc, argv, "o:yhqvV", longs, NULL)) != -1)
		switch (c) {
		case 'o': out = optarg; break;
		case 'y': recipients = true; break;
		case PQ: pq = true; break;
		default:
			if (!opt_common(c, usage))
				opt_usage(usage);
		}
	argv += optind;
	argc -= optind;
	if (argc > (recipients ? 1 : 0) || (recipients && pq))
		opt_usage(usage);
	if (recipients) {
		print_recipients(&recipient, argv[0]);
		put(recipient.s, recipient.len, out, 0666);
	} else {
		make_identity(&identity, &recipient, pq);
		put(identity.s, identity.len, out, 0600);
		if (out != NULL) {
			/* The identity is put away: say what it is called in public. */
			str_puts(&recipient, "\n");
			if (io_put(STDOUT_FILENO, recipient.s, recipient.len) != 0)
				edie(ST_FAIL, "standard output");
		}
	}
	secret_free(&identity);
	str_free(&recipient);
	return 0;
}

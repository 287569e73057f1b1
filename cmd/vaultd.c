/*
 * vaultd - a Glacier vault service on this machine, over a plain directory.  The
 * main thread waits for the signal that ends it; a thread for each connection
 * does the rest (common/service.c).
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "err.h"
#include "bucket.h"
#include "fault.h"
#include "file.h"
#include "front.h"
#include "httpd.h"
#include "id.h"
#include "lines.h"
#include "mem.h"
#include "opt.h"
#include "service.h"
#include "stamp.h"
#include "vault.h"

static const char usage[] =
    "vaultd [-hqvV] [--bucket name] [--clock seconds] [-d directory] [--dash-ids] [--day seconds]\n"
    "       [--fault rule] [--fault-file file] [--fault-seed number] [--inventory-every seconds]\n"
    "       [--job-life seconds] [-p port] [--thaw-delay [tier=]seconds] [--upload-life seconds]\n"
    "       [--vault name]";

enum {
	BUCKET = OPT_LONG, CLOCK, DASH_IDS, DAY_LENGTH, FAULT, FAULT_FILE, FAULT_SEED, INVENTORY_EVERY, JOB_LIFE, THAW_DELAY,
	UPLOAD_LIFE, VAULT
};

struct rules {
	const char **rule;
	size_t n;
};

enum { TIME_MAX = 400 * 86400, DAY = 86400 };   /* seconds */

static const char *
environment(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && *value != '\0' ? value : NULL;
}

static const char *
credential(const char *name)
{
	const char *value = environment(name);

	if (value == NULL)
		die(ST_CRED, "%s: is not set; the environment says which key pair the server accepts", name);
	return value;
}

static void
settings(struct service_options *o)
{
	o->keys.access_key = credential("AWS_ACCESS_KEY_ID");
	o->keys.secret = credential("AWS_SECRET_ACCESS_KEY");
	o->keys.token = environment("AWS_SESSION_TOKEN");
	if ((o->keys.region = environment("AWS_REGION")) == NULL &&
	    (o->keys.region = environment("AWS_DEFAULT_REGION")) == NULL)
		o->keys.region = "us-east-1";
	o->keys.service = "glacier";
	o->keys.window = 300;
	if ((o->account = environment("AWS_ACCOUNT_ID")) == NULL)
		o->account = "111122223333";
	if (strlen(o->account) != 12 || strspn(o->account, "0123456789") != 12)
		die(ST_USAGE, "AWS_ACCOUNT_ID: must be 12 digits");
}

/* An option's seconds, in milliseconds. */
static int64_t
seconds(const char *name, uint64_t min)
{
	return (int64_t)opt_uint(name, optarg, min, TIME_MAX) * 1000;
}

/* SECONDS or -SECONDS */
static void
set_clock(const char *arg)
{
	bool behind = *arg == '-';
	int64_t ms = (int64_t)opt_uint("--clock", arg + behind, 0, TIME_MAX) * 1000;

	stamp_shift(behind ? -ms : ms);
}

/* [TIER=]SECONDS */
static void
thaw_delay(struct service_options *o, const char *arg)
{
	static const char *const tiers[] = { [TIER_EXPEDITED] = "expedited=", [TIER_STANDARD] = "standard=", [TIER_BULK] = "bulk=" };

	for (int i = 0; i < TIERS; i++) {
		size_t n = strlen(tiers[i]);

		if (strchr(arg, '=') == NULL)
			o->thaw[i] = (int64_t)opt_uint("--thaw-delay", arg, 0, TIME_MAX) * 1000;
		else if (strncmp(arg, tiers[i], n) == 0) {
			o->thaw[i] = (int64_t)opt_uint("--thaw-delay", arg + n, 0, TIME_MAX) * 1000;
			return;
		}
	}
	if (strchr(arg, '=') != NULL)
		die(ST_USAGE, "--thaw-delay %s: the tiers are expedited, standard and bulk", arg);
}

/* Where the vaults are if nobody says: as other programs' data, in the home directory. */
static char *
default_directory(void)
{
	const char *data = environment("XDG_DATA_HOME"), *home = environment("HOME");

	if (data != NULL)
		return mem_format("%s/vaultd", data);
	if (home == NULL)
		die(ST_USAGE, "neither -d nor HOME says where the vaults are");
	return mem_format("%s/.local/share/vaultd", home);
}

static struct vaults *
open_vaults(const char *directory)
{
	char *below = mem_format("%s/.", directory);
	struct vaults *vaults;

	if (file_parents(below) != 0)
		edie(ST_FAIL, "%s", directory);
	free(below);
	if ((vaults = vaults_open(directory)) != NULL)
		return vaults;
	if (errno == EBUSY)
		die(ST_FAIL, "%s: another vaultd is using it", directory);
	if (errno == EINVAL)
		die(ST_FAIL, "%s: a log in it is damaged", directory);
	edie(ST_FAIL, "%s", directory);
}

/* A request is at most one line, with -v; what this machine failed at is always one. */
static void
report(const char *method, const char *target, const char *fault, int status, const char *error, int errnum)
{
	char *f = fault != NULL ? mem_format(" (fault %s)", fault) : mem_copy("");
	int level = errnum != 0 ? 0 : 1;

	if (error != NULL)
		note(level, "%s %s: %d %s%s", method, target, status, error, f);
	else
		note(level, "%s %s: %d%s", method, target, status, f);
	free(f);
}

static void
complain(const char *what)
{
	warn("--fault-file: %s; what was read before stands", what);
}

static struct faults *
make_faults(uint64_t seed, const struct rules *rules, const char *file)
{
	struct faults *f = faults_new(seed);
	struct str why = { 0 };

	const char *option = "--fault";
	bool good = true;

	for (size_t i = 0; good && i < rules->n; i++)
		good = faults_add(f, rules->rule[i], &why);
	if (good && file != NULL) {
		option = "--fault-file";
		good = faults_file(f, file, &why);
	}
	if (good)
		return f;
	faults_free(f);
	die(ST_USAGE, "%s: %s", option, why.s);
}

/* Each upload and each connection needs descriptors: take what the system grants. */
static void
raise_limit(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur != r.rlim_max) {
		r.rlim_cur = r.rlim_max;
		setrlimit(RLIMIT_NOFILE, &r);
	}
}

static void
make_vault(struct vaults *vaults, const char *name)
{
	if (!vault_name_good(name))
		die(ST_USAGE, "--vault %s: a name is up to 255 of A-Z a-z 0-9 _ - .", name);
	if (vaults_create(vaults, name, stamp_now()) != 0)
		edie(ST_FAIL, "%s", name);
}

static void
make_bucket(struct buckets *buckets, const char *name)
{
	if (!bucket_name_good(name))
		die(ST_USAGE, "--bucket %s: a name is 3 to 63 of a-z 0-9 . - with a letter or digit at either end", name);
	if (buckets_create(buckets, name, stamp_now()) != 0 && errno != EEXIST)
		edie(ST_FAIL, "%s", name);
}

static void
serve(unsigned port, struct service_options *o, const char *directory, const char *vault, const char *bucket)
{
	struct vaults *vaults;
	struct buckets *buckets;
	struct front front;
	struct httpd *httpd;
	sigset_t ends;
	char *url;
	int sig;

	/* Before any thread starts, so that only sigwait sees them. */
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &ends, NULL);
	raise_limit();

	vaults = open_vaults(directory);
	if ((buckets = buckets_open(directory)) == NULL)
		die(ST_FAIL, "%s/buckets: %s", directory, errno == EINVAL ? "a log in it is damaged" : strerror(errno));
	if (vault != NULL)
		make_vault(vaults, vault);
	if (bucket != NULL)
		make_bucket(buckets, bucket);
	o->report = report;
	o->complain = complain;
	front.vaults = service_new(o, vaults);
	front.buckets = s3service_new(o, buckets);
	if ((httpd = httpd_start(port, &front_calls, &front)) == NULL)
		edie(ST_FAIL, "127.0.0.1:%u", port);
	url = mem_format("http://127.0.0.1:%u", httpd_port(httpd));
	if (lines_put(STDOUT_FILENO, url, '\n') != 0)
		edie(ST_FAIL, "standard output");
	free(url);
	sigwait(&ends, &sig);

	httpd_stop(httpd);
	service_free(front.vaults);
	s3service_free(front.buckets);
	buckets_close(buckets);
	vaults_close(vaults);
}

int
main(int argc, char *argv[])
{
	static const struct option longs[] = {
		{ "bucket", 1, NULL, BUCKET }, { "clock", 1, NULL, CLOCK }, { "dash-ids", 0, NULL, DASH_IDS },
		{ "day", 1, NULL, DAY_LENGTH }, { "directory", 1, NULL, 'd' }, { "fault", 1, NULL, FAULT }, { "fault-file", 1, NULL, FAULT_FILE },
		{ "fault-seed", 1, NULL, FAULT_SEED }, { "inventory-every", 1, NULL, INVENTORY_EVERY },
		{ "job-life", 1, NULL, JOB_LIFE }, { "port", 1, NULL, 'p' }, { "thaw-delay", 1, NULL, THAW_DELAY },
		{ "upload-life", 1, NULL, UPLOAD_LIFE }, { "vault", 1, NULL, VAULT }, OPT_COMMON
	};
	struct service_options o = { .job_life = DAY * INT64_C(1000), .upload_life = DAY * INT64_C(1000), .day = DAY * INT64_C(1000) };
	const char *bucket = NULL, *vault = NULL, *fault_file = NULL;
	struct rules rules = { 0 };
	uint64_t seed = 1;
	char *directory = NULL;
	unsigned port = 0;
	int c;

	err_init(argv);
	while ((c = getopt_long(argc, argv, "d:p:hqvV", longs, NULL)) != -1)
		switch (c) {
		case 'd':
			free(directory);
			directory = mem_copy(optarg);
			break;
		case 'p': port = (unsigned)opt_uint("-p", optarg, 0, 65535); break;
		case BUCKET: bucket = optarg; break;
		case CLOCK: set_clock(optarg); break;
		case DASH_IDS: id_dashes(); break;
		case DAY_LENGTH: o.day = seconds("--day", 1); break;
		case FAULT:
			rules.rule = mem_grow(rules.rule, (rules.n + 1) * sizeof *rules.rule);
			rules.rule[rules.n++] = optarg;
			break;
		case FAULT_FILE: fault_file = optarg; break;
		case FAULT_SEED: seed = opt_uint("--fault-seed", optarg, 0, INT64_MAX); break;
		case INVENTORY_EVERY: o.inventory = seconds("--inventory-every", 0); break;
		case JOB_LIFE: o.job_life = seconds("--job-life", 0); break;
		case THAW_DELAY: thaw_delay(&o, optarg); break;
		case UPLOAD_LIFE: o.upload_life = seconds("--upload-life", 1); break;
		case VAULT: vault = optarg; break;
		default:
			if (!opt_common(c, usage))
				opt_usage(usage);
		}
	if (optind != argc)
		opt_usage(usage);
	settings(&o);
	if (directory == NULL)
		directory = default_directory();
	o.faults = make_faults(seed, &rules, fault_file);
	serve(port, &o, directory, vault, bucket);
	faults_free(o.faults);
	free(rules.rule);
	free(directory);
	return 0;
}

/*
 * vaultd - a Glacier vault on this machine: the service's API on loopback, over a
 * plain directory.  For restore drills, demos and tests.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "err.h"
#include "httpd.h"
#include "lines.h"
#include "opt.h"
#include "service.h"
#include "vault.h"

static const char usage[] = "vaultd [-hqvV] [-d dir] [-p port] [--thaw-delay seconds] [--vault name]";

static const char *
environment(const char *name)
{
	const char *s = getenv(name);

	if (s == NULL || *s == '\0')
		die(ST_CRED, "%s: is not set; it says which requests are accepted", name);
	return s;
}

static void
log_line(const char *line)
{
	warn("%s", line);
}

int
main(int argc, char *argv[])
{
	static const struct option longs[] = {
		{ "directory", 1, NULL, 'd' }, { "port", 1, NULL, 'p' }, { "thaw-delay", 1, NULL, OPT_LONG },
		{ "vault", 1, NULL, OPT_LONG + 1 }, OPT_COMMON
	};
	struct service_settings settings = { 0 };
	const char *dir = "vaults", *vault = NULL;
	struct httpd *server;
	uint16_t port = 0;
	sigset_t ends;
	char url[64];
	int c, sig;

	err_init(argv);
	while ((c = getopt_long(argc, argv, "d:p:hqvV", longs, NULL)) != -1)
		switch (c) {
		case 'd': dir = optarg; break;
		case 'p': port = (uint16_t)opt_uint("-p", optarg, 0, 65535); break;
		case OPT_LONG: settings.thaw_delay = (long)opt_uint("--thaw-delay", optarg, 0, 1000000); break;
		case OPT_LONG + 1: vault = optarg; break;
		default:
			if (!opt_common(c, usage))
				opt_usage(usage);
		}
	if (optind != argc)
		opt_usage(usage);
	settings.access_key = environment("AWS_ACCESS_KEY_ID");
	settings.secret = environment("AWS_SECRET_ACCESS_KEY");
	settings.region = getenv("AWS_REGION") != NULL && *getenv("AWS_REGION") != '\0' ? getenv("AWS_REGION") : "us-east-1";
	settings.log = err_level > 0 ? log_line : NULL;
	if ((settings.dir = vault_open(dir)) == NULL)
		edie(ST_FAIL, errno == EBUSY ? "%s: is served by another vaultd" : "%s", dir);
	if (vault != NULL && vault_create(settings.dir, vault) != 0)
		edie(ST_FAIL, "%s", vault);

	/* The threads of the server inherit the mask: signals end here and nowhere else. */
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGHUP);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	if ((server = httpd_start(port, service_start(&settings))) == NULL)
		edie(ST_FAIL, "port %u", port);
	snprintf(url, sizeof url, "http://127.0.0.1:%u", httpd_port(server));
	if (lines_put(STDOUT_FILENO, url, '\n') != 0)
		edie(ST_FAIL, "standard output");
	sigwait(&ends, &sig);
	httpd_stop(server);
	vault_close(settings.dir);
	return 0;
}

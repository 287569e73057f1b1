/*
 * The Glacier vault API (version 2012-06-01) over a vault directory: what a
 * request may be, what it does and how it is answered.  Strict: what AWS refuses
 * is refused, with AWS's codes (developer guide, "API Reference for Amazon S3
 * Glacier").  An httpd_handler for one set of credentials.
 */
#ifndef SERVICE_H
#define SERVICE_H

#include "httpd.h"
#include "vault.h"

struct service_settings {
	struct vault_dir *dir;
	const char *access_key, *secret, *region;
	long thaw_delay;        /* seconds until a job is done */
	void (*log)(const char *line);          /* a line for each request, or NULL */
};

/* There is one service in a process.  The settings stay the caller's and must last. */
const struct httpd_handler *service_start(const struct service_settings *);

#endif

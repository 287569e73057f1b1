#include "front.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

struct turn {
	const struct httpd_calls *to;
	void *call;
};

/* /ACCOUNT/vaults and what is below it; /ACCOUNT/policies, /ACCOUNT/provisioned-capacity. */
static bool
is_vaults_path(const char *path)
{
	const char *second = *path == '/' ? strchr(path + 1, '/') : NULL;

	return second != NULL && (strncmp(second, "/vaults", 7) == 0 ||
	    strncmp(second, "/policies", 9) == 0 || strncmp(second, "/provisioned-capacity", 21) == 0);
}

static bool
is_for_vaults(const struct httpd_request *r)
{
	const char *authorization = httpd_header(r, "authorization");

	if (authorization != NULL && strstr(authorization, "/s3/aws4_request") != NULL)
		return false;
	if (authorization != NULL && strstr(authorization, "/glacier/aws4_request") != NULL)
		return true;
	return httpd_header(r, "x-amz-glacier-version") != NULL || is_vaults_path(httpd_path(r));
}

static void *
on_begin(void *shared, struct httpd_request *r)
{
	struct turn *t = mem_alloc(sizeof *t);
	struct front *f = shared;

	if (is_for_vaults(r)) {
		t->to = &service_calls;
		t->call = t->to->begin(f->vaults, r);
	} else {
		t->to = &s3service_calls;
		t->call = t->to->begin(f->buckets, r);
	}
	return t;
}

static void
on_body(void *turn, const void *bytes, size_t n)
{
	struct turn *t = turn;

	t->to->body(t->call, bytes, n);
}

static void
on_end(void *turn)
{
	struct turn *t = turn;

	t->to->end(t->call);
}

static void
on_gone(void *turn)
{
	struct turn *t = turn;

	t->to->gone(t->call);
	free(t);
}

const struct httpd_calls front_calls = { on_begin, on_body, on_end, on_gone };

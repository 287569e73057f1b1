#include "spoil.h"

#include <ctype.h>
#include <stdlib.h>

#include "mem.h"
#include "str.h"

bool
spoil_begin(struct fault *f, const struct service_options *o, struct httpd_request *r, const char *call)
{
	struct str why = { 0 };

	if (o->faults == NULL)
		return false;
	*f = faults_pick(o->faults, call, &why);
	if (why.len != 0)
		o->complain(why.s);
	str_free(&why);
	if (f->kind != FAULT_RESET || f->n != 0)
		return false;
	httpd_drop(r);
	return true;
}

static void
change_hash(struct httpd_request *r, const char *name, bool none)
{
	const char *value = httpd_get(r, name);
	char *wrong, *s;

	if (value == NULL)
		return;
	s = wrong = mem_copy(value);
	while (*s != '\0' && !isalnum((unsigned char)*s))
		s++;
	if (*s != '\0')
		*s = *s == '0' ? '1' : '0';
	httpd_set(r, name, none ? NULL : wrong);
	free(wrong);
}

void
spoil_answer(const struct fault *f, struct httpd_request *r, bool data, const char *const hashes[], size_t n)
{
	uint64_t half = httpd_length(r) / 2, at = f->n != FAULT_HALF ? f->n : half;

	switch (f->kind) {
	case FAULT_LOST: httpd_drop(r); break;
	case FAULT_HANG: httpd_pause(r, at * 1000); break;
	case FAULT_SLOW: httpd_slow(r, at); break;
	case FAULT_SHORT: httpd_shorten(r, at); break;
	case FAULT_CORRUPT: httpd_corrupt(r, data ? half : 0); break;   /* text must not say something else */
	case FAULT_CUT:
		/* Of nothing nothing can be cut off but the answer itself. */
		if (httpd_length(r) == 0)
			httpd_drop(r);
		else
			httpd_cut(r, at);
		break;
	case FAULT_HASH:
	case FAULT_NO_HASH:
		for (size_t i = 0; i < n; i++)
			change_hash(r, hashes[i], f->kind == FAULT_NO_HASH);
		break;
	default: break;
	}
}

void
spoil_report(const struct fault *f, const struct service_options *o, struct httpd_request *r, const char *error, int errnum)
{
	const char *fault = f->kind != FAULT_NONE ? fault_name(f->kind) : NULL;
	char *target = mem_format("%s%s%s", httpd_path(r), *httpd_query(r) != '\0' ? "?" : "", httpd_query(r));

	if (*error == '\0')
		error = httpd_status(r) == 0 && fault == NULL ? "the client went away" : NULL;
	o->report(httpd_method(r), target, fault, httpd_status(r), error, errnum);
	free(target);
}

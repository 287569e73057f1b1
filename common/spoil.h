/* What a service does with a fault, whatever service it is, and what it tells its log. */
#ifndef SPOIL_H
#define SPOIL_H

#include <stdbool.h>
#include <stddef.h>

#include "fault.h"
#include "httpd.h"
#include "service.h"

/* How this call is to fail.  true: it has, for its connection ends before anything is read. */
bool spoil_begin(struct fault *, const struct service_options *, struct httpd_request *, const char *call);

/*
 * The answer is there: make of it what the fault says.  data: its body is data,
 * not text; hashes: the headers that tell of hashes, their first letter or digit
 * is what changes.
 */
void spoil_answer(const struct fault *, struct httpd_request *, bool data, const char *const hashes[], size_t n);

/*
 * Before the client has the answer, so that whoever reads the log behind it finds
 * it there.  error: "" where it was answered well.
 */
void spoil_report(const struct fault *, const struct service_options *, struct httpd_request *, const char *error, int errnum);

#endif

/* Any text: no date is read beyond its end, and what is found is a date that can be written and read again. */
#include <stdlib.h>
#include <string.h>

#include "date.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *s = malloc(size + 1), out[DATE_RFC3339];          /* exactly as long, for the sanitizer to see */
	struct date_span span;
	int64_t t, again;

	if (s == NULL)
		return 0;
	memcpy(s, data, size);
	s[size] = '\0';
	if (date_span_parse(s, &span))
		(void)date_less(0, &span);
	if ((s = realloc(s, size != 0 ? size : 1)) == NULL)
		abort();
	if (date_find(s, size, &t) == DATE_OK && t >= -62135596800 && t <= 253402300799) {
		date_rfc3339(out, t);
		if (date_find(out, strlen(out), &again) != DATE_OK || again != t)
			abort();
	}
	free(s);
	return 0;
}

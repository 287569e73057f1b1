/* Any line: one that is a ledger's is written again just as it was; and any file of prices is read or refused with a line's number. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "io.h"
#include "ledger.h"
#include "price.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
prices(const uint8_t *data, size_t size)
{
	int fd = memfd_create("prices", MFD_CLOEXEC);
	struct str why = { 0 };
	struct price p;
	char path[64];

	if (fd < 0 || io_put(fd, data, size) != 0)
		abort();
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (price_read(path, "r", "vault", "bulk", &p, &why)) {
		if (p.known && (price_retrieval(&p, UINT64_MAX, UINT64_MAX) < 0 || price_storage(&p, 1 << 30, 1) < 0 || price_transfer(&p, 1) < 0))
			abort();
	} else if (strstr(str_get(&why), path) == NULL)
		abort();
	str_free(&why);
	close(fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *s = malloc(size != 0 ? size : 1);          /* exactly as long, for the sanitizer to see */
	struct ledger_line l = { 0 };
	struct str again = { 0 };

	if (s == NULL)
		return 0;
	memcpy(s, data, size);
	if (ledger_parse(s, size, &l)) {
		ledger_format(&again, &l);
		if (again.len != size || memcmp(again.s, s, size) != 0 || (l.gone && l.size != 0))
			abort();
	}
	ledger_line_free(&l);
	str_free(&again);
	free(s);
	prices(data, size);
	return 0;
}

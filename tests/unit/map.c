/* A file that is mapped: at any offset, and cut off while it is looked at. */
#include "map.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"

enum { PAGES = 40, PAGE = 4096 };

static int fd;
static const uint8_t text[] = "abcdefghijklmnopqrstuvwxyz";

struct look {
	size_t n;
	uint8_t got[sizeof text];
	unsigned long sum;              /* of a byte of each page, so that all are looked at */
	off_t cut;                      /* cut the file off there before looking; 0: do not */
	bool ended;
};

static void
look(const uint8_t *bytes, size_t n, void *arg)
{
	struct look *l = arg;

	if (l->cut != 0 && ftruncate(fd, l->cut) != 0)
		return;
	l->n = n;
	memcpy(l->got, bytes, n < sizeof l->got ? n : sizeof l->got);
	for (size_t i = 0; i < n; i += PAGE)
		l->sum += bytes[i];
	l->ended = true;
}

int
main(void)
{
	static const off_t offsets[] = { 0, 1, 17, PAGE - 1, PAGE, PAGE + 1, 20 * PAGE - 5 };
	FILE *f = tmpfile();
	struct look l;

	fd = fileno(f);
	for (size_t i = 0; i < sizeof offsets / sizeof offsets[0]; i++) {
		l = (struct look){ 0 };
		is(ftruncate(fd, 0) == 0 && pwrite(fd, text, sizeof text, offsets[i]) == sizeof text &&
		    map_do(fd, (uint64_t)offsets[i], sizeof text, look, &l) && l.n == sizeof text && memcmp(l.got, text, sizeof text) == 0,
		    "from byte %ld on", (long)offsets[i]);
	}
	for (int round = 0; round < 3; round++) {
		is(ftruncate(fd, PAGES * PAGE) == 0, "a file");
		l = (struct look){ .cut = PAGE };
		is(!map_do(fd, 0, PAGES * PAGE, look, &l) && !l.ended, "cut off while it is looked at");
		l = (struct look){ 0 };
		is(map_do(fd, 100, PAGE - 100, look, &l) && l.ended, "what is left of it");
	}
	l = (struct look){ 0 };
	is(!map_do(fd, 2 * PAGE, PAGE, look, &l) && !l.ended, "behind its end");
	is(!map_do(-1, 0, PAGE, look, &l) && !l.ended, "no file");
	fclose(f);
	return tap_done();
}

#include "map.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

/* Where a thread goes when its map fails it. */
static _Thread_local sigjmp_buf *trap;

static void
on_bus(int number)
{
	if (trap != NULL)
		siglongjmp(*trap, 1);
	signal(number, SIG_DFL);        /* not ours: it comes again, and ends the program */
}

static void
catch_bus(void)
{
	struct sigaction bus = { .sa_handler = on_bus };

	sigemptyset(&bus.sa_mask);
	sigaction(SIGBUS, &bus, NULL);
}

bool
map_do(int fd, uint64_t offset, size_t n, map_work *work, void *arg)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	size_t before = offset % (uint64_t)sysconf(_SC_PAGESIZE);
	sigjmp_buf here;
	uint8_t *map;
	bool good;

	pthread_once(&once, catch_bus);
	map = mmap(NULL, before + n, PROT_READ, MAP_SHARED, fd, (off_t)(offset - before));
	if (map == MAP_FAILED)
		return false;
	good = sigsetjmp(here, 1) == 0;
	if (good) {
		trap = &here;
		work(map + before, n, arg);
	}
	trap = NULL;
	munmap(map, before + n);
	return good;
}

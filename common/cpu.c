#include "cpu.h"

#include <sched.h>
#include <unistd.h>

unsigned
cpu_count(void)
{
	cpu_set_t set;
	long n;

	/* A mask wider than 1024 does not fit, then all that are online are taken. */
	if (sched_getaffinity(0, sizeof set, &set) == 0)
		n = CPU_COUNT(&set);
	else
		n = sysconf(_SC_NPROCESSORS_ONLN);
	return n > 0 ? (unsigned)n : 1;
}

uint64_t
cpu_memory(void)
{
	long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);

	return pages > 0 && size > 0 ? (uint64_t)pages * (uint64_t)size : 1;
}

/* What this process may use of the machine. */
#ifndef CPU_H
#define CPU_H

#include <stdint.h>

/* Processors in the affinity mask, at least 1: the default of -T. */
unsigned cpu_count(void);

/* Bytes of memory in the machine (MemTotal), at least 1. */
uint64_t cpu_memory(void);

#endif

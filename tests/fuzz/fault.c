/* Any text as a rule for faults: taken or refused with a reason, and a rule that was taken can be asked. */
#include <stdlib.h>

#include "fault.h"
#include "mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *rule = mem_format("%.*s", (int)size, (const char *)data);
	struct faults *f = faults_new(1);
	struct str why = { 0 };
	bool good = faults_add(f, rule, &why);

	if (good != (why.len == 0))
		abort();
	for (int i = 0; i < 5; i++) {
		struct fault x = faults_pick(f, "ListVaults", &why);

		if (x.kind != FAULT_NONE && (!good || fault_name(x.kind)[0] == '\0'))
			abort();
	}
	str_free(&why);
	faults_free(f);
	free(rule);
	return 0;
}

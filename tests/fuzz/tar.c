/* Any blocks as the headers of a tar: no verdict is reached by reading too far, and sizes stay within what can be added. */
#include <stdlib.h>

#include "tar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum tar_rc rc = TAR_WANT;
	struct tar tar;

	tar_init(&tar);
	for (size_t at = 0; at + TAR_BLOCK <= size && rc != TAR_BAD; at += TAR_BLOCK) {
		/* A mutation seldom finds a checksum, so give the block a right one: the sum of signed bytes counts too. */
		uint8_t block[TAR_BLOCK];
		unsigned sum = 8 * ' ';

		for (int i = 0; i < TAR_BLOCK; i++)
			sum += (i >= 148 && i < 156) ? 0 : (block[i] = data[at + (size_t)i]);
		for (int i = 0; i < 6; i++)
			block[148 + i] = (uint8_t)('0' + (sum >> (15 - 3 * i) & 7));
		block[154] = '\0';
		block[155] = ' ';
		rc = tar_block(&tar, sum == 8 * ' ' ? data + at : block);
		if (rc == TAR_MEMBER && tar_padded(tar.member.data) < tar.member.data)
			abort();
	}
	tar_free(&tar);
	return 0;
}

/*
 * Any bytes as .xz: Blocks whose size is told from memory, the others straight
 * through.  Both ways must agree, no claim of the input makes memory grow.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "chain.h"
#include "io.h"
#include "unxz.h"

enum { LIMIT = 1 << 20 };

static struct unxz_decoder *decoder;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Returns the verdict, and the bytes that came out before it. */
static enum xz_rc
walk(int fd, struct store *s, bool serial, uint64_t *out)
{
	struct chain in = { 0 }, plain = { 0 };
	struct unxz *u = unxz_new(fd);
	struct xz_block b;
	enum xz_rc rc;
	bool wrote;

	while ((rc = unxz_next(u, &b)) == XZ_OK) {
		if (b.memory > 64 * LIMIT) {
			rc = XZ_LIMIT;
			break;
		}
		if (serial || b.packed > LIMIT || b.unpacked > LIMIT) {
			if ((rc = unxz_stream(u, &b, -1, &wrote)) != XZ_OK)
				break;
			continue;
		}
		if ((rc = unxz_load(u, &b, s, &in)) != XZ_OK || (rc = unxz_decode(decoder, &b, s, &in, &plain)) != XZ_OK)
			break;
		if (plain.len != b.unpacked)
			abort();
		*out += plain.len;
		chain_clear(s, &plain);
	}
	chain_clear(s, &in);
	chain_clear(s, &plain);
	unxz_free(u);
	return rc;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct store *store;
	uint64_t out = 0;
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	enum xz_rc a, b;

	if (store == NULL) {
		store = store_new();
		decoder = unxz_decoder_new();
	}
	if (fd < 0 || io_put(fd, data, size) != 0 || lseek(fd, 0, SEEK_SET) != 0)
		abort();
	a = walk(fd, store, false, &out);
	lseek(fd, 0, SEEK_SET);
	b = walk(fd, store, true, &out);
	if ((a == XZ_END) != (b == XZ_END) || store_used(store) != 0)
		abort();
	close(fd);
	return 0;
}

/* What xz.c and unxz.c share of liblzma; nobody else includes it. */
#ifndef XZLIB_H
#define XZLIB_H

#include <lzma.h>

#include "xz.h"

static inline enum xz_rc
xz_rc_of(lzma_ret r)
{
	switch (r) {
	case LZMA_OK: case LZMA_STREAM_END: return XZ_OK;
	case LZMA_FORMAT_ERROR: return XZ_ALIEN;
	case LZMA_MEM_ERROR: return XZ_EXHAUSTED;
	case LZMA_MEMLIMIT_ERROR: return XZ_LIMIT;
	case LZMA_OPTIONS_ERROR: case LZMA_UNSUPPORTED_CHECK: return XZ_UNSUPPORTED;
	default: return XZ_DAMAGED;
	}
}

#endif

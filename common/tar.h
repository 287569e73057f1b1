/*
 * The headers of tar archives, block by block: v7, ustar and pax (POSIX.1-2017,
 * pax, "ustar Interchange Format" and "pax Extended Header"), GNU (long names L
 * and K, sparse S with its continuation blocks, base-256 numbers; tar manual,
 * "Basic Tar Format") and star.  Pure: blocks in, verdicts out.  What is held of
 * extended headers is bounded by TAR_EXTENDED_MAX.
 */
#ifndef TAR_H
#define TAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "str.h"

enum { TAR_BLOCK = 512, TAR_EXTENDED_MAX = 16 << 20 };

struct tar_member {
	char type;              /* the type flag; '0' for NUL too */
	uint64_t data;          /* bytes that follow the headers, without their padding */
	uint64_t maybe;         /* a hard link's size: some writers let so many bytes follow, most none */
	uint64_t size;          /* as the user knows it: of a sparse file the whole */
	uint32_t mode;
	int64_t mtime;
	struct str path, link;
	struct str owner;       /* "user:group", by name where there is one */
};

enum tar_rc {
	TAR_WANT,               /* one more block, please: the headers go on */
	TAR_MEMBER,             /* the headers are complete: see member; its data follows */
	TAR_ZERO,               /* a block of zeros: two of them end an archive */
	TAR_BAD                 /* not a header, or one that contradicts itself: see error */
};

struct tar {
	struct tar_member member;
	const char *error;      /* after TAR_BAD: a sentence */

	/* Private: what was said about the next member so far. */
	uint64_t left;          /* bytes of the extended header that are still to come */
	bool more_sparse;       /* a GNU sparse continuation block is to come */
	char kind;              /* of the extended header being read: x, g, L, K */
	struct str text;
	struct str path, link, user, group;
	bool has_size, has_mtime, has_uid, has_gid, has_real, has_path, has_link;
	uint64_t pax_size, pax_real, pax_uid, pax_gid;
	int64_t pax_mtime;
};

void tar_init(struct tar *);
void tar_free(struct tar *);

/* The next block of headers. */
enum tar_rc tar_block(struct tar *, const uint8_t block[TAR_BLOCK]);

/* Are there headers of a member that has not come yet? */
bool tar_pending(const struct tar *);

/* Does the block look like a header: is its checksum right? */
bool tar_is_header(const uint8_t block[TAR_BLOCK]);

/* A word for a type flag: file, hardlink, symlink, char, block, dir, fifo, volume, continued. */
const char *tar_type(char type);

/* Bytes with the padding to whole blocks. */
uint64_t tar_padded(uint64_t n);

#endif

/*
 * The headers of tar archives, block by block: v7, ustar and pax (POSIX.1-2017,
 * pax, "ustar Interchange Format" and "pax Extended Header"), GNU (long names L
 * and K, sparse S with its continuation blocks, dumpdir D, volumes M and V, base-
 * 256 numbers; tar manual, "Basic Tar Format") and star (star(5)).  Pure: blocks
 * in, verdicts out.
 *
 * Strict in what moves data (checksums, sizes, the grammar of pax headers),
 * lenient in the rest: a mode or a time that is no number is not known.  Nothing
 * is held of an extended header but names, each of at most TAR_NAME_MAX bytes.
 */
#ifndef TAR_H
#define TAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "str.h"

enum { TAR_BLOCK = 512, TAR_NAME_MAX = 1 << 20 };

#define TAR_NO_TIME INT64_MIN

struct tar_member {
	char type;              /* the type flag; '0' for NUL too */
	uint64_t data;          /* bytes that follow the headers, without their padding */
	uint64_t maybe;         /* as many may follow instead: see tar_settle */
	uint64_t size;          /* as the user knows it: of a sparse file the whole */
	int mode;               /* permissions, or -1: not known */
	int64_t mtime;          /* seconds since 1970, or TAR_NO_TIME */
	struct str path, link;
	struct str owner;       /* "user:group", by name where there is one */
};

enum tar_rc {
	TAR_WANT,               /* one more block, please: the headers go on */
	TAR_MEMBER,             /* the headers are complete: see member; its data follows */
	TAR_ZERO,               /* a block of zeros: two of them end an archive */
	TAR_BAD                 /* not a header, or one that contradicts itself: see error */
};

/* What extended headers say.  Where one says nothing of a keyword, or says that it is empty, the header's field counts. */
enum tar_key {
	TAR_PATH, TAR_LINKPATH, TAR_UNAME, TAR_GNAME, TAR_UID, TAR_GID, TAR_MTIME, TAR_SIZE,
	TAR_SPARSE_NAME, TAR_SPARSE_SIZE, TAR_LONG_NAME, TAR_LONG_LINK, TAR_KEYS
};

struct tar {
	struct tar_member member;
	const char *error;      /* after TAR_BAD: a sentence */

	/* Private. */
	struct tar_said {
		bool said;
		struct str value;
	} all[TAR_KEYS], next[TAR_KEYS];        /* of all members, by g; of the next one */
	bool pending;           /* something was said of the next one */
	bool more_sparse;       /* a sparse continuation block is to come */

	/* Of the extended header that is being read. */
	char kind;              /* x, g, L, K */
	uint64_t left;          /* bytes that are still to come */
	enum { TAR_LENGTH, TAR_KEYWORD, TAR_VALUE, TAR_NOTHING } state;
	uint64_t record;        /* bytes of the record: in all, then those to come */
	unsigned used;          /* of them for its length */
	char keyword[24];
	size_t keylen;
	struct tar_said *into;  /* NULL: this keyword is not looked at */
};

void tar_init(struct tar *);
void tar_free(struct tar *);

/* The next block of headers. */
enum tar_rc tar_block(struct tar *, const uint8_t block[TAR_BLOCK]);

/*
 * Links, directories, devices and FIFOs have no data, but some writers give them
 * a size, and a hard link may carry the file's data (POSIX.1-2001).  Where
 * maybe is not 0, next is the block behind the headers, or NULL at the end of
 * input: what is no header and not zero is data.
 */
void tar_settle(struct tar *, const uint8_t *next);

/* Is the checksum of this block that of a header? */
bool tar_is_header(const uint8_t block[TAR_BLOCK]);
bool tar_is_zero(const uint8_t block[TAR_BLOCK]);

/* A word for a type flag: file, hardlink, symlink, char, block, dir, fifo, volume, continued. */
const char *tar_type(char type);

/* Bytes with the padding to whole blocks. */
uint64_t tar_padded(uint64_t n);

#endif

/*
 * A place that keeps archives, whatever service it is: what the commands talk
 * to.  A store is named as in the ledger: "glacier:VAULT".
 *
 * Every call that goes over the network says its lane, a number below
 * options.lanes that no other thread uses at that time; otherwise all of it may
 * be used from any thread.  Every call that fails appends to why what went wrong,
 * in words that name the thing.
 */
#ifndef STORE_H
#define STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "profile.h"
#include "sha256.h"
#include "str.h"

enum store_rc {
	STORE_OK,
	STORE_WRONG,            /* a name or a setting that cannot be: the command line's fault */
	STORE_DENIED,           /* no credentials, or they are not accepted */
	STORE_ABSENT,           /* there is no such vault, archive, or output any more */
	STORE_PENDING,          /* it was asked for, and takes hours */
	STORE_FAILED
};

struct store_options {
	const char *name;               /* "glacier:VAULT" */
	const char *endpoint;           /* URL, region, file of keys: from the command line, or NULL */
	const char *region;
	const char *properties;
	bool all;                       /* the name may be that of all places together: "glacier:" */
	const char *class;              /* of storage, for what is put; NULL: what suits */
	const char *kms_key;            /* encrypt with this key of the service; or NULL */
	const char *tags;               /* "name=value&name=value", encoded; or NULL */
	const char *owner;              /* the account that the place must belong to; or NULL */
	unsigned days;                  /* that what has thawed stays; 0: what suits */
	bool insecure;                  /* plain http to anywhere */
	unsigned lanes;
	profile_env *env;
	void (*tell)(const char *what); /* told of each try that is repeated, from any thread; or NULL */
};

#define STORE_FORMS "glacier:VAULT or s3://BUCKET"     /* of a name, for a hint */

struct store;

/* NULL, with why and *rc. */
struct store *store_open(const struct store_options *, enum store_rc *rc, struct str *why);
void store_close(struct store *);               /* NULL is allowed */

const char *store_name(const struct store *);           /* as in the ledger */
const char *store_endpoint(const struct store *);       /* URL */
const char *store_source(const struct store *);         /* of the credentials, in words */
const char *store_region(const struct store *);
const char *store_tariff(const struct store *);         /* what the price list calls the way archives are kept there */

/* Let all calls, those under way too, fail soon: the program is about to end.  From any thread. */
void store_stop(void);

/* Make the vault, if it is not there. */
enum store_rc store_create(struct store *, unsigned lane, struct str *why);

/* Can an archive have that name?  It is kept, escaped, where the store keeps descriptions. */
bool store_takes_name(const struct store *, const char *name, struct str *why);

/*
 * Putting.  An archive goes up in parts of one size, a power of two of MiB, the
 * last one shorter; it is there when store_finish has said STORE_OK, and not
 * before.  An upload belongs to the caller until store_upload_free, which leaves
 * the service's side as it is.
 */
struct store_upload;

enum { STORE_PARTS = 10000 };           /* in one archive at most */
#define STORE_PART_MIN ((uint64_t)1 << 20)
#define STORE_PART_MAX ((uint64_t)4 << 30)
uint64_t store_part_min(const struct store *);          /* there: at least STORE_PART_MIN */

/* Give n bytes of the part from offset on: 0, or -1 and errno.  May be asked for the same bytes again. */
typedef int store_read(void *with, void *buf, size_t n, uint64_t offset);

struct store_part {
	uint64_t offset;                /* in the archive: a multiple of the part size */
	uint64_t length;
	uint8_t linear[SHA256_SIZE];    /* SHA-256 of the bytes, and their tree hash */
	uint8_t tree[SHA256_SIZE];
	store_read *read;
	void *from;
};

/*
 * Where the answer to the first call is lost, what it may have made is looked for
 * and removed, and so again when the archive is finished.
 */
enum store_rc store_begin(struct store *, unsigned lane, const char *name, uint64_t part_size,
    struct store_upload **, struct str *why);
/* Its tree hash, where it is known before its first part is sent: some stores want to write it down then. */
bool store_expects(const struct store *);
void store_expect(struct store_upload *, const uint8_t tree[SHA256_SIZE]);

/* What the part is read from must last until store_finish where it is the only one and shorter than the others could be. */
enum store_rc store_send(struct store_upload *, unsigned lane, const struct store_part *, struct str *why);
enum store_rc store_finish(struct store_upload *, unsigned lane, uint64_t size, const uint8_t tree[SHA256_SIZE],
    struct str *id, struct str *why);
enum store_rc store_abort(struct store_upload *, unsigned lane, struct str *why);
void store_upload_free(struct store_upload *);          /* NULL is allowed */
const char *store_upload_id(const struct store_upload *);
const char *store_upload_name(const struct store_upload *);     /* the archive's */
int64_t store_upload_begun(const struct store_upload *);        /* seconds since 1970; 0: not known */

/*
 * Uploads that were begun and not finished, those of store_begin that are under
 * way too: *list gets *n of them, and is the caller's as they are.
 */
enum store_rc store_uploads(struct store *, unsigned lane, struct store_upload ***list, size_t *n, struct str *why);

/* One whose id is remembered from an earlier run; whether it is there is not asked. */
struct store_upload *store_upload_at(struct store *, const char *name, uint64_t part_size, const char *id);

/*
 * See what is there of it.  After that: its part size (0: not known), where part i of
 * those that are there lies (false: there are not so many), and whether it has just
 * these bytes.
 */
enum store_rc store_look(struct store_upload *, unsigned lane, struct str *why);
uint64_t store_part_size(const struct store_upload *);
bool store_held(const struct store_upload *, size_t i, uint64_t *offset, uint64_t *length);
bool store_has(const struct store_upload *, const struct store_part *);

/*
 * Getting.  An archive must be asked for and thaws for hours; then its bytes can
 * be fetched for a day or so.
 */
enum store_tier { STORE_BULK, STORE_STANDARD, STORE_EXPEDITED };

enum store_state {
	STORE_COLD,             /* not asked for */
	STORE_THAWING,
	STORE_READY,            /* job, size and hash are set */
	STORE_BROKEN            /* it was asked for, and the service could not: why */
};

struct store_item {
	struct str id;                  /* the caller's, */
	uint64_t first, count;          /* as is what of it is wanted (count 0: up to its end), */
	struct str gone;                /* and a job to be passed over, because its output is there no more */

	enum store_state state;         /* the rest is set by the store */
	struct str job, reason;
	uint64_t size;                  /* of the whole archive; the caller may know it before */
	const char *tariff;             /* of this one, a constant; NULL: not known, store_tariff's then */
	uint64_t from, length;          /* what is ready: at least what is wanted */
	bool hashed;                    /* hash is the tree hash of just that */
	uint8_t hash[SHA256_SIZE];
};

void store_item_free(struct store_item *);

/* Could id be the id of an archive there? */
bool store_takes_id(const struct store *, const char *id);

/* Set the state of each of n items, which are sorted by id (strcmp) and differ, by what was asked for already. */
enum store_rc store_states(struct store *, unsigned lane, struct store_item **items, size_t n, struct str *why);

/*
 * Ask for a cold one: it thaws then.  Where the answer is lost it is looked for
 * among what was asked for, so that nothing is asked for and paid twice.
 */
enum store_rc store_thaw(struct store *, unsigned lane, struct store_item *, enum store_tier, struct str *why);

/*
 * Fetch length bytes (not 0) of a ready one from offset in the archive on, all of
 * them or failure.  tree gets their tree hash; where the service sends one of just these
 * bytes, they are the same.  The name that the archive was given is put into name; it is empty
 * where there is none, and not a path to be trusted.  name may be NULL.
 */
enum store_rc store_fetch(struct store *, unsigned lane, const struct store_item *, uint64_t offset, size_t length,
    uint8_t *buf, uint8_t tree[SHA256_SIZE], struct str *name, struct str *why);

/*
 * Listing: each is called once for each thing there is, whose strings last as long as
 * the call; where it says false that is the end, and STORE_FAILED with nothing in why.
 */
struct store_archive {
	int64_t time;                   /* when it was stored, seconds since 1970 */
	const char *name;               /* "": it has none that is known */
	const char *id;
	uint64_t size;
	const uint8_t *hash;            /* its tree hash; NULL: not known */
};
typedef bool store_each_archive(void *with, const struct store_archive *);

/*
 * Lanes from lane on are used, up to all.  STORE_PENDING where the list must be made first: it was asked for, once; call again
 * in some hours.  anew: a list that was made earlier is not good enough.
 */
enum store_rc store_list(struct store *, unsigned lane, bool anew, store_each_archive *, void *with, struct str *why);

/* The time as of which the last list is that was STORE_OK, seconds since 1970; 0: not known. */
int64_t store_listed(const struct store *);

struct store_place {                    /* a vault */
	const char *name;               /* as of a store */
	int64_t made, looked;           /* seconds since 1970; when the two below were true; 0: not known */
	int64_t archives, bytes;        /* -1: not known */
};
typedef bool store_each_place(void *with, const struct store_place *);
enum store_rc store_places(struct store *, unsigned lane, store_each_place *, void *with, struct str *why);

struct store_job {                      /* something that was asked for */
	int64_t time;                   /* when */
	enum store_state state;
	const char *id;
	const char *tier;               /* "": not known */
	const char *archive;            /* its id; "": it is the list that was asked for */
	int64_t size;                   /* of the archive or the list; -1: not known */
};
typedef bool store_each_job(void *with, const struct store_job *);
enum store_rc store_jobs(struct store *, unsigned lane, store_each_job *, void *with, struct str *why);

/*
 * Removing.  An archive is paid for a number of days, whenever it is removed.
 */
struct store_doomed {
	const char *id;                 /* the caller's */
	int64_t since;                  /* when it was stored, seconds since 1970; 0: not known */
	unsigned days;                  /* set by store_terms, since too where the store knows it, */
	const char *tariff;             /* a constant, */
	struct str version;             /* and these, which store_remove needs: */
	struct str held;                /* what may keep it, in words */
	bool gone;                      /* it is not there, but what was before it may be */
	enum store_rc rc;               /* what became of it; where it is gone already that is STORE_OK too */
	struct str why;
	struct str left;                /* set by store_remove: what of it is still there, in words */
};

enum { STORE_BATCH = 1000 };
size_t store_batch(const struct store *);       /* how many it removes with one call; not more than STORE_BATCH */

/* Each for n of them, not more than store_batch.  STORE_OK: each one has its own rc. */
enum store_rc store_terms(struct store *, unsigned lane, struct store_doomed *, size_t n, struct str *why);
enum store_rc store_remove(struct store *, unsigned lane, struct store_doomed *, size_t n, struct str *why);

/* What a kind of store brings along: one table for each, in store.c's list. */
struct store_kind {
	const char *scheme;             /* "glacier:" */
	void *(*open)(const struct store_options *, const char *rest, enum store_rc *, struct str *why);
	void (*close)(void *);
	const char *(*endpoint)(const void *);
	const char *(*source)(const void *);
	const char *(*region)(const void *);
	const char *(*tariff)(const void *);
	enum store_rc (*create)(void *, unsigned lane, struct str *why);
	bool (*takes_name)(const char *name, struct str *why);
	bool (*takes_id)(const char *id);
	enum store_rc (*begin)(void *, unsigned lane, const char *name, uint64_t part_size, void **up, struct str *why);
	void (*expect)(void *up, const uint8_t tree[SHA256_SIZE]);      /* or NULL */
	uint64_t part_min;
	enum store_rc (*send)(void *, void *up, unsigned lane, const struct store_part *, struct str *why);
	enum store_rc (*finish)(void *, void *up, unsigned lane, uint64_t size, const uint8_t tree[SHA256_SIZE],
	    struct str *id, struct str *why);
	enum store_rc (*abort)(void *, void *up, unsigned lane, struct str *why);
	const char *(*upload_id)(const void *up);
	const char *(*upload_name)(const void *up);
	int64_t (*upload_begun)(const void *up);
	enum store_rc (*uploads)(void *, unsigned lane, void ***list, size_t *n, struct str *why);
	void *(*upload_at)(void *, const char *name, uint64_t part_size, const char *id);
	enum store_rc (*look)(void *, void *up, unsigned lane, struct str *why);
	uint64_t (*part_size)(const void *up);
	bool (*held)(const void *up, size_t i, uint64_t *offset, uint64_t *length);
	bool (*has)(const void *up, const struct store_part *);
	void (*upload_free)(void *up);
	enum store_rc (*states)(void *, unsigned lane, struct store_item **, size_t n, struct str *why);
	enum store_rc (*thaw)(void *, unsigned lane, struct store_item *, enum store_tier, struct str *why);
	enum store_rc (*fetch)(void *, unsigned lane, const struct store_item *, uint64_t offset, size_t length,
	    uint8_t *buf, uint8_t tree[SHA256_SIZE], struct str *name, struct str *why);
	enum store_rc (*list)(void *, unsigned lane, bool anew, store_each_archive *, void *with, struct str *why);
	int64_t (*listed)(const void *);
	enum store_rc (*places)(void *, unsigned lane, store_each_place *, void *with, struct str *why);
	enum store_rc (*jobs)(void *, unsigned lane, store_each_job *, void *with, struct str *why);
	size_t batch;
	enum store_rc (*terms)(void *, unsigned lane, struct store_doomed *, size_t n, struct str *why);
	enum store_rc (*remove)(void *, unsigned lane, struct store_doomed *, size_t n, struct str *why);
};

#endif

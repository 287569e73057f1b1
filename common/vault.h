/*
 * Vaults in a plain directory, and nothing half-made in it: what has its final
 * name is whole, whenever the program or the machine was stopped.
 *
 *   DIR/tmp/                              being received; emptied at the start
 *   DIR/vaults/NAME/vault.json
 *   DIR/vaults/NAME/archives/ID           the bytes
 *   DIR/vaults/NAME/archives/ID.json      written after them: with it the archive exists
 *   DIR/vaults/NAME/uploads/ID/upload.json, FIRST-LAST-TREEHASH, done
 *   DIR/vaults/NAME/jobs/ID.json, ID.out
 *
 * The calls may come from any thread; those that change something exclude each other.
 * 0 is success; -1 and errno, ENOENT for what is not there.
 */
#ifndef VAULT_H
#define VAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "json.h"
#include "sha256.h"

enum { VAULT_ID = 139, VAULT_SHORT_ID = 93 };   /* an archive's id, an upload's or a job's; with a NUL */

struct vault_dir;

/* Open or make the directory; only one process at a time (EBUSY). */
struct vault_dir *vault_open(const char *path);
void vault_close(struct vault_dir *);

/* A file to receive a body; its name, for free(), goes to one of the calls below or to vault_discard. */
int vault_receive(struct vault_dir *, char **name);
void vault_discard(char *name);

int vault_create(struct vault_dir *, const char *vault);        /* 0 too where it is there already */
int vault_remove(struct vault_dir *, const char *vault);        /* ENOTEMPTY */
struct json *vault_read(struct vault_dir *, const char *vault);

/* Names of what is there, sorted, one JSON array of strings; kind is "", "archives", "uploads" or "jobs". */
struct json *vault_list(struct vault_dir *, const char *vault, const char *kind);

/* Give the received bytes and their description the id that is made.  Frees name and meta. */
int vault_archive(struct vault_dir *, const char *vault, char *name, struct json *meta, char id[VAULT_ID]);
struct json *vault_archive_read(struct vault_dir *, const char *vault, const char *id);
int vault_archive_open(struct vault_dir *, const char *vault, const char *id);
int vault_archive_remove(struct vault_dir *, const char *vault, const char *id);

int vault_upload(struct vault_dir *, const char *vault, struct json *meta, char id[VAULT_SHORT_ID]);
struct json *vault_upload_read(struct vault_dir *, const char *vault, const char *id);
int vault_upload_remove(struct vault_dir *, const char *vault, const char *id);

struct vault_part {
	uint64_t first, last;           /* bytes, inclusive */
	char hash[SHA256_HEX];
};
int vault_part(struct vault_dir *, const char *vault, const char *id, char *name, const struct vault_part *);
/* Sorted by first, for free(); *n of them. */
struct vault_part *vault_parts(struct vault_dir *, const char *vault, const char *id, unsigned *n);

/*
 * Make the archive of the parts, which were found to fit; leaves its id behind, so that
 * completing again finds it.  Frees meta.
 */
int vault_complete(struct vault_dir *, const char *vault, const char *upload, struct json *meta, char id[VAULT_ID]);
/* The id that an upload was completed to; ENOENT where it was not. */
int vault_completed(struct vault_dir *, const char *vault, const char *upload, char id[VAULT_ID]);

/* A job; output (a received file) may be NULL.  Frees meta and output. */
int vault_job(struct vault_dir *, const char *vault, struct json *meta, char *output, char id[VAULT_SHORT_ID]);
struct json *vault_job_read(struct vault_dir *, const char *vault, const char *id);
int vault_job_open(struct vault_dir *, const char *vault, const char *id);

#endif

/*
 * Files that are whole or not there.  A file is written under a temporary name
 * in the same directory (".NAME.part"), fsynced, renamed, and its directory
 * fsynced.  A program that exits, or dies by SIGINT, SIGTERM, SIGHUP or SIGPIPE,
 * removes its temporary files; what kill -9 leaves behind is removed by the next
 * program that writes the same name.  A lock keeps two that write it at the
 * same time apart: the second one gets EBUSY.
 *
 * Not for use from several threads at once.
 */
#ifndef FILE_H
#define FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct file;

/*
 * Begin the file path.  Without replace a path that exists already is refused,
 * now and when the file is committed.  NULL and errno (EEXIST, EBUSY, …).
 * With replace, a path that is a device or a pipe is opened for writing as it
 * is, and stays what it is.
 */
struct file *file_create(const char *path, mode_t mode, bool replace);

/*
 * The same, but what a killed program of this user left under the temporary name
 * is kept: go on behind its *have bytes, after having looked at them.  And what
 * this program leaves, by a signal or by exit, stays for the next one; file_abort
 * removes it.
 */
struct file *file_continue(const char *path, mode_t mode, bool replace, uint64_t *have);

int file_fd(const struct file *);               /* for reading and writing; stays the file's */
const char *file_temp(const struct file *);     /* its temporary name */

/*
 * Make it durable and give it its name; frees f.  Returns 0, or -1 and errno, and
 * then nothing has the name (but for a failed fsync of the directory after it).
 */
int file_commit(struct file *f);

/* Remove it and free f; NULL is allowed. */
void file_abort(struct file *f);

/* Leave it on disk under its temporary name and free f; NULL is allowed. */
void file_keep(struct file *f);

/* Create the directories above path that are missing, each durably.  0, or -1 and errno. */
int file_parents(const char *path);

/* fsync the directory that holds path.  0, or -1 and errno. */
int file_sync_parent(const char *path);

/*
 * A path that came from outside and is to be created below some directory: not
 * empty, not absolute, no empty, "." or ".." part, no control character.
 */
bool file_name_safe(const char *path);

#endif

/* Directories of a server: what was made or moved stays so after a crash.  0, or a descriptor; -1 and errno. */
#ifndef DISK_H
#define DISK_H

int disk_open(int dir, const char *name);       /* a directory; made where it is missing */
int disk_sync(int dir);

/* Remove name and all below it; not there is fine. */
int disk_remove(int dir, const char *name);

/* Each entry of dir but "." and "..".  Stops where it returns other than 0, and returns that. */
typedef int disk_entry(void *shared, const char *name);
int disk_list(int dir, disk_entry *, void *shared);

#endif

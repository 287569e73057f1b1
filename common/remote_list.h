/* What a vault's inventory and the service's lists tell, as a struct store_kind has it. */
#ifndef REMOTE_LIST_H
#define REMOTE_LIST_H

#include "remote.h"

enum store_rc remote_list_archives(void *, unsigned lane, bool anew, store_each_archive *, void *with, struct str *why);
int64_t remote_list_time(const void *);
enum store_rc remote_list_places(void *, unsigned lane, store_each_place *, void *with, struct str *why);
enum store_rc remote_list_jobs(void *, unsigned lane, store_each_job *, void *with, struct str *why);

#endif

/*
 * Buckets, and what is in one: as a struct store_kind has them.
 *
 * The list of objects has neither tree hash nor version, so each object is asked for
 * it by HeadObject, on all lanes; a page at a time, so the memory does not grow.
 */
#ifndef S3LIST_H
#define S3LIST_H

#include "s3object.h"

enum store_rc s3_create(void *, unsigned lane, struct str *why);
enum store_rc s3_places(void *, unsigned lane, store_each_place *, void *with, struct str *why);
enum store_rc s3_list(void *, unsigned lane, bool anew, store_each_archive *, void *with, struct str *why);
int64_t s3_listed(const void *);
enum store_rc s3_jobs(void *, unsigned lane, store_each_job *, void *with, struct str *why);

#endif

/*
 * A vault's inventory as the service sends it (JSON; developer guide, "Get Job
 * Output"): text goes in by pieces, each archive comes out as soon as it is there,
 * so that a million of them need no more memory than one.
 */
#ifndef STOCK_H
#define STOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sha256.h"

struct stock_archive {
	const char *id, *description;   /* for the time of the call */
	int64_t time;                   /* when it was stored, seconds since 1970 */
	uint64_t size;
	uint8_t tree[SHA256_SIZE];
};

/* false stops it all. */
typedef bool stock_each(void *with, const struct stock_archive *);

struct stock;

struct stock *stock_new(stock_each *, void *with);
void stock_free(struct stock *);                /* NULL is allowed */

/* false: it is not an inventory, or each said so. */
bool stock_feed(struct stock *, const char *text, size_t n);

/* When it was made, seconds since 1970; 0: it does not say. */
int64_t stock_time(const struct stock *);

/* Is it whole? */
bool stock_whole(const struct stock *);

#endif

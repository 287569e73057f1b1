/*
 * The file of prices: what it costs to keep archives and to get them back.  A text that
 * its user edits, because prices change; etc/glacier-prices says what its lines are.
 */
#ifndef PRICE_H
#define PRICE_H

#include <stdbool.h>
#include <stdint.h>

#include "str.h"

struct price {
	char date[16];                  /* of the file; empty where it says none */
	bool known;                     /* there is a line for region, tariff and tier */
	double per_gb, per_1000;        /* dollars; with the tier "storage" for a GB and month, and for 1000 uploads */
	char wait[16];                  /* how long it takes, as the file says it: "5-12h"; empty where it says nothing */
	double out_per_gb;              /* for the transfer; 0 where the file has no line for it */
};

/* false: why says what is wrong, beginning with the path, and the line's number where it is a line. */
bool price_read(const char *path, const char *region, const char *tariff, const char *tier, struct price *,
    struct str *why);

/* Which file: the one given; or GLACIER_PRICES; or /etc/glacier-prices; or the one beside the programs.  To be freed. */
char *price_file(const char *given);

/* Dollars for keeping an archive of so many bytes, and the 32 KiB that the service needs for it, for so many seconds. */
double price_storage(const struct price *, uint64_t bytes, uint64_t seconds);

/* Dollars for the retrieval of so many bytes with so many requests, and for bytes on the way here. */
double price_retrieval(const struct price *, uint64_t bytes, uint64_t requests);
double price_transfer(const struct price *, uint64_t bytes);

#endif

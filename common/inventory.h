/*
 * The text of a vault's inventory, as JSON or CSV, piece by piece (developer
 * guide, "Get Job Output").  In CSV a '"' inside quotes is written '\"' and a
 * backslash stands for itself, as the service does.
 */
#ifndef INVENTORY_H
#define INVENTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "str.h"
#include "vault.h"

/* Each appends to out. */
void inventory_begin(struct str *out, bool csv, const char *arn, int64_t date);
void inventory_item(struct str *out, bool csv, bool first, const struct archive *);
void inventory_end(struct str *out, bool csv);

#endif

/*
 * Vaults of Amazon Glacier (REST API of 2012-06-01) as a kind of store.  The
 * service's facts are here: its calls, its headers, which of its answers are
 * worth another try, and what they mean for the user.
 */
#ifndef GLACIER_H
#define GLACIER_H

#include "retry.h"
#include "store.h"

extern const struct store_kind glacier_kind;

/* Is an answer with this status (0: none) and this code worth another try? */
enum retry glacier_again(int status, const char *code);

/* 1 to 255 of a-z A-Z 0-9 _ - . and not a dot segment. */
bool glacier_vault_good(const char *name);

#endif

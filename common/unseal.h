/*
 * An age file that fits into memory, in armor or not, opened at once: identity
 * files that are themselves sealed.  Pure.
 */
#ifndef UNSEAL_H
#define UNSEAL_H

#include "age.h"

/* Does the text begin as an age file does? */
bool unseal_is(const char *text, size_t n);

/*
 * Add its plaintext to out.  NULL, or a sentence of what is wrong with it; then
 * *passphrase tells whether the want of one is all that is.
 */
const char *unseal(struct secret *out, const char *text, size_t n, const struct age_keys *, bool *passphrase);

#endif

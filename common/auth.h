/*
 * Is a request signed by the one who may?  The checks that AWS makes of Signature
 * Version 4 in the Authorization header, and what it says where one fails.  Pure:
 * the clock is passed in.
 */
#ifndef AUTH_H
#define AUTH_H

#include <stdint.h>

#include "sigv4.h"
#include "str.h"

struct auth_keys {
	const char *access_key, *secret;
	const char *token;              /* of the session; NULL: there is none */
	const char *region, *service;
	int window;                     /* seconds that a signature's date may be off */
};

enum auth_rc {
	AUTH_OK,
	AUTH_MISSING,                   /* MissingAuthenticationTokenException */
	AUTH_INCOMPLETE,                /* IncompleteSignatureException */
	AUTH_STRANGER,                  /* UnrecognizedClientException */
	AUTH_SCOPE,                     /* InvalidSignatureException: for another day, region or service */
	AUTH_UNSIGNED,                  /* InvalidSignatureException: a header must be signed and is not */
	AUTH_SIGNATURE,                 /* InvalidSignatureException */
	AUTH_SKEW                       /* InvalidSignatureException: the clocks differ */
};

/*
 * Check the signature of r, whose headers are all that came; its payload is the
 * hash that was, or must have been, signed.  Appends to why a sentence for the client.
 */
enum auth_rc auth_check(const struct auth_keys *, const struct sigv4_request *r, struct str *why);

/* Check its date, which auth_check has seen to be there, against the clock (milliseconds). */
enum auth_rc auth_fresh(const struct auth_keys *, const struct sigv4_request *r, int64_t now, struct str *why);

#endif

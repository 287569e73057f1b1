/*
 * AWS Signature Version 4 (docs.aws.amazon.com/general/latest/gr/sigv4_signing.html),
 * one function for each published stage, for the client that signs and the server
 * that checks.  Pure: no clock, no request is sent.
 */
#ifndef SIGV4_H
#define SIGV4_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sha256.h"
#include "str.h"

struct sigv4_header { const char *name, *value; };

struct sigv4_request {
	const char *method;
	const char *path;               /* as on the wire, percent-encoded */
	const char *query;              /* as on the wire, "" where there is none */
	const struct sigv4_header *headers;     /* those to sign, any order, host among them */
	size_t nheaders;
	const char *payload;            /* SHA-256 of the body in hex, or what x-amz-content-sha256 says */
	bool s3;                        /* the path is neither normalised nor encoded again */
};

struct sigv4_scope {
	const char *time;               /* 20261123T101500Z */
	const char *region, *service;
};

/* Each appends to out. */
void sigv4_canonical(struct str *out, const struct sigv4_request *);
void sigv4_string(struct str *out, const struct sigv4_scope *, const char *canonical);

void sigv4_key(uint8_t key[SHA256_SIZE], const char *secret, const struct sigv4_scope *);
void sigv4_sign(char hex[SHA256_HEX], const uint8_t key[SHA256_SIZE], const char *string);

/* The value of the Authorization header: all stages in one. */
void sigv4_authorization(struct str *out, const char *access_key, const char *secret,
    const struct sigv4_scope *, const struct sigv4_request *);

/* What an Authorization header says.  The strings live in text. */
struct sigv4_claim {
	char text[4096];
	char *access_key, *date, *region, *service;     /* date is YYYYMMDD */
	char *names;                                    /* "host;x-amz-date" */
	char *signature;                                /* 64 digits */
};

/* Take it apart; false where it is not of this form, or too long. */
bool sigv4_claim(struct sigv4_claim *, const char *header);

#endif

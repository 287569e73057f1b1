/*
 * What S3 answers: errors and lists, which are XML, from anybody; and which of them
 * are worth another try.
 */
#ifndef S3ANSWER_H
#define S3ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "http.h"
#include "retry.h"
#include "sha256.h"
#include "str.h"

enum { S3_SUM = 64 };                   /* room for a SHA-256 in base64, and for "-10000" */

/* Is an answer with this status (0: none) and this code worth another try? */
enum retry s3_again(int status, const char *code);

/* Its code, one printable word or "", and its sentence. */
void s3_complaint(const struct http_answer *, struct str *code, struct str *message);
/* Does it say in which region to ask instead? */
bool s3_elsewhere(const struct http_answer *, const char *code, struct str *region);

/* The text of one element, by its path below the root; false where there is none, or the answer is an error or no XML. */
bool s3_text_of(const struct http_answer *, const char *tail, struct str *out);

/* For those who read a list element by element: is this the path below the root?  Keep its text; as a time, 0 for none. */
bool s3_ends(const char *path, const char *tail);
void s3_keep(struct str *to, const char *text);
int64_t s3_moment(const char *text);

/* A checksum as S3 writes it. */
void s3_sum_text(char out[S3_SUM], const uint8_t sum[SHA256_SIZE]);

#endif

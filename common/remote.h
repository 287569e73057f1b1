/*
 * A vault of Amazon Glacier as its client sees it: one call to the service after the
 * other, what a refusal means in words, and lists that come in pages.  What is made
 * of the calls is in remote_put.h, remote_get.h and remote_list.h.
 */
#ifndef REMOTE_H
#define REMOTE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "aws.h"
#include "json.h"
#include "store.h"

enum {
	REMOTE_ID = 1024,               /* bytes of an id at most */
	REMOTE_SHORTS = 100,            /* times that the body of one fetch may break off */
	REMOTE_WRONGS = 10              /* times that an answer may be wrong that says it is good */
};

struct remote {
	struct aws *aws;
	char *vault;
	pthread_mutex_t lock;           /* guards known */
	struct upload *known;           /* all that were made and not freed */
	int64_t listed;                 /* when the inventory was made that was told of last */
};

/* Could it be an id?  Of archives, uploads and jobs alike. */
bool remote_takes_id(const char *id);

/* "/-/vaults/VAULT", below, id and last; or, with below remote_vaults, what lists the vaults themselves. */
struct remote_path { char s[REMOTE_ID + 512]; };
extern const char remote_vaults[];
const char *remote_path(struct remote_path *, const struct remote *, const char *below, const char *id, const char *last);

/* Begin a call. */
void remote_prepare(struct aws_call *, const char *method, const char *path);

/* Make the call; what is said when it fails begins with what ("part 7"), or with nothing. */
enum store_rc remote_call(struct remote *, unsigned lane, const struct aws_call *, struct aws_answer *, enum aws_rc *,
    const char *what, struct str *why);

/*
 * A call that may be repeated, and whose good answer says this tree hash; where must
 * is not set, it may say none.  An answer that does not was damaged on its way.
 */
enum store_rc remote_call_echoed(struct remote *, unsigned lane, const struct aws_call *, struct aws_answer *,
    const char *hex, bool must, const char *what, struct str *why);

/* The answer is not what the service's guide says it is. */
enum store_rc remote_strange(struct str *why, const struct aws_answer *, const char *what);

/* An id in a header of the answer; false where there is none. */
bool remote_id(const struct aws_answer *, const char *header, struct str *id);

/* A moment in a list: seconds since 1970, 0 where there is none. */
int64_t remote_time(const struct json *, const char *key);

/* Go through a list, page by page, until its marker is null, or an element returns false. */
typedef bool remote_element(const struct json *, void *with);
enum store_rc remote_list(struct remote *, unsigned lane, const char *below, const char *of, const char *array,
    remote_element *, void *with, struct str *why);

#endif

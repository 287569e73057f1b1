#include "remote_job.h"

#include <stdlib.h>
#include <string.h>

#include "hex.h"
#include "json.h"
#include "sha256.h"

enum store_state
remote_job_state(const struct json *j)
{
	const char *status = json_get_string(j, "StatusCode");

	return status == NULL || strcmp(status, "Failed") == 0 ? STORE_BROKEN :
	    strcmp(status, "Succeeded") == 0 ? STORE_READY : STORE_THAWING;
}

static int
read_text(void *with, void *buf, size_t n, uint64_t offset)
{
	memcpy(buf, (const char *)with + offset, n);
	return 0;
}

enum store_rc
remote_job_begin(struct remote *v, unsigned lane, struct json *j, remote_job_looks *look_again, void *with, struct str *why)
{
	struct aws_answer answer = { 0 };
	char hex[SHA256_HEX], *body = json_print(j);
	uint8_t hash[SHA256_SIZE];
	struct str lost = { 0 };
	struct aws_call c;
	struct remote_path p;
	enum aws_rc arc;
	enum store_rc rc;
	bool there = false;

	json_free(j);
	sha256(hash, body, strlen(body));
	hex_put(hex, hash, SHA256_SIZE);
	remote_prepare(&c, "POST", remote_path(&p, v, "/jobs", "", ""));
	aws_call_header(&c, "Content-Type", "application/json");
	c.length = strlen(body);
	c.source = read_text;
	c.from = body;
	c.sha256 = hex;
	c.once = true;
	for (int tries = 1; ; tries++) {
		str_clear(&lost);
		if ((rc = remote_call(v, lane, &c, &answer, &arc, "", &lost)) == STORE_OK)
			break;
		if (arc != AWS_LOST || tries == RETRY_TRIES || answer.http.unsent || http_stopped())
			break;
		str_clear(&lost);
		if ((rc = look_again(v, lane, with, &there, &lost)) != STORE_OK || there)
			break;
	}
	str_puts(why, rc != STORE_OK ? str_get(&lost) : "");
	str_free(&lost);
	free(body);
	aws_answer_free(&answer);
	return rc;
}

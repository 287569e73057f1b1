/* Any bytes as the body of an answer of S3: a code that can be printed, texts that are bounded, times that are times. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "s3answer.h"
#include "xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
walk(void *with, const char *path, const char *text)
{
	if (s3_ends(path, "Contents/LastModified"))
		s3_moment(text);
	else if (s3_ends(path, "Contents/Key"))
		s3_keep(with, text);
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_answer answer = { .status = size != 0 && data[0] % 2 != 0 ? 400 : 301 };
	struct str code = { 0 }, message = { 0 }, region = { 0 }, text = { 0 };

	str_add(&answer.body, data, size);
	s3_complaint(&answer, &code, &message);
	for (const char *s = str_get(&code); *s != '\0'; s++)
		if (*s <= 0x20 || *s > 0x7e)
			abort();
	if (message.len > XML_TEXT)
		abort();
	s3_again(answer.status, str_get(&code));
	s3_elsewhere(&answer, str_get(&code), &region);
	if (s3_text_of(&answer, "ETag", &text) && text.len == 0)
		abort();
	xml_parse(str_get(&answer.body), answer.body.len, walk, &text);
	str_free(&answer.body);
	str_free(&code);
	str_free(&message);
	str_free(&region);
	str_free(&text);
	return 0;
}

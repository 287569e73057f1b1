/* sigv4.h against AWS's published examples, as glacier and S3 sign them. */
#include <string.h>

#include "hex.h"
#include "mem.h"
#include "sigv4.h"

#include "tap.h"

static const char docs_secret[] = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
static const char suite_secret[] = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
static const char empty[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
static const char host[] = "glacier.us-east-1.amazonaws.com";
static const char s3host[] = "examplebucket.s3.amazonaws.com";
static const char version[] = "2012-06-01";

static const struct {
	const char *name, *secret, *time, *service, *method, *path, *query;
	struct sigv4_header headers[8];
	const char *body;               /* NULL: what payload says */
	const char *payload;
	const char *canonical;          /* sha256 of the canonical request, where it is published */
	const char *signature;
} good[] = {
	{ "guide: create vault", docs_secret, "20120525T002453Z", "glacier", "PUT", "/-/vaults/examplevault", "",
	    { { "host", host }, { "x-amz-date", "20120525T002453Z" }, { "x-amz-glacier-version", version } }, "", NULL,
	    "5f1da1a2d0feb614dd03d71e87928b8e449ac87614479332aced3a701f916743",
	    "3ce5b2f2fffac9262b4da9256f8d086b4aaf42eba5f111c21681a65a127b7c2a" },
	{ "guide: streaming upload, as it was before its text broke", docs_secret, "20120507T000000Z", "glacier", "POST",
	    "/-/vaults/examplevault/archives", "",
	    { { "x-amz-glacier-version", version }, { "Host", host }, { "x-amz-date", "20120507T000000Z" },
	      { "x-amz-content-sha256", "726e392cb4d09924dbad1cc0ba3b00c3643d03d14cb4b823e2f041cff612a628" } },
	    "Welcome to Amazon Glacier.", NULL, NULL,
	    "b092397439375d59119072764a1e9a144677c43d9906fd98a5742c57a2855de6" },
	{ "upload part", docs_secret, "20261123T120000Z", "glacier", "PUT", "/-/vaults/examplevault/multipart-uploads/UPLOADID", "",
	    { { "content-range", "bytes 0-1023/*" }, { "host", host },
	      { "x-amz-content-sha256", "2edc986847e209b4016e141a6dc8716d3207350f416969382d431539bf292e4a" },
	      { "x-amz-date", "20261123T120000Z" }, { "x-amz-glacier-version", version },
	      { "x-amz-sha256-tree-hash", "2edc986847e209b4016e141a6dc8716d3207350f416969382d431539bf292e4a" } },
	    NULL, "2edc986847e209b4016e141a6dc8716d3207350f416969382d431539bf292e4a",
	    "e6f5173c3f62ef767aca16d55c9056b6a4862b1cb3c6cf044842f7ec6a373ddc",
	    "a4b6fec08be929182331e514561e57efa136d7213ad2b50bdd37d3d2159a8285" },
	{ "list vaults, with a token and a marker", docs_secret, "20261123T120000Z", "glacier", "GET", "/-/vaults",
	    "limit=2&marker=arn%3Aaws%3Aglacier%3Aus-east-1%3A012345678901%3Avaults%2Fexamplevault1",
	    { { "host", host }, { "x-amz-date", "20261123T120000Z" }, { "x-amz-glacier-version", version },
	      { "x-amz-security-token", "SESSIONTOKENEXAMPLE" } }, "", NULL, NULL,
	    "7655df3db13b9c58b7280730f154d72db6f9224632d593c4b66e7f5c22112a27" },
	{ "initiate job", docs_secret, "20261123T120000Z", "glacier", "POST", "/-/vaults/examplevault/jobs", "",
	    { { "host", host }, { "x-amz-date", "20261123T120000Z" }, { "x-amz-glacier-version", version } },
	    "{\"Type\":\"inventory-retrieval\",\"Format\":\"JSON\"}", NULL, NULL,
	    "0b2c5897e27027b7386c57cca7e6587b9a7512b024a82a072801dca9a6d35e47" },
	{ "s3: get with a range", docs_secret, "20130524T000000Z", "s3", "GET", "/test.txt", "",
	    { { "Host", s3host }, { "Range", "bytes=0-9" }, { "x-amz-content-sha256", empty }, { "x-amz-date", "20130524T000000Z" } },
	    "", NULL, NULL, "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41" },
	{ "s3: put", docs_secret, "20130524T000000Z", "s3", "PUT", "/test%24file.text", "",
	    { { "Date", "Fri, 24 May 2013 00:00:00 GMT" }, { "Host", s3host },
	      { "x-amz-content-sha256", "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072" },
	      { "x-amz-date", "20130524T000000Z" }, { "x-amz-storage-class", "REDUCED_REDUNDANCY" } },
	    "Welcome to Amazon S3.", NULL, NULL, "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd" },
	{ "s3: a query without a value", docs_secret, "20130524T000000Z", "s3", "GET", "/", "lifecycle",
	    { { "Host", s3host }, { "x-amz-content-sha256", empty }, { "x-amz-date", "20130524T000000Z" } }, "", NULL, NULL,
	    "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543" },
	{ "s3: list", docs_secret, "20130524T000000Z", "s3", "GET", "/", "prefix=J&max-keys=2",
	    { { "Host", s3host }, { "x-amz-content-sha256", empty }, { "x-amz-date", "20130524T000000Z" } }, "", NULL, NULL,
	    "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7" },
	{ "suite: get-vanilla", suite_secret, "20150830T123600Z", "service", "GET", "/", "",
	    { { "Host", "example.amazonaws.com" }, { "X-Amz-Date", "20150830T123600Z" } }, "", NULL, NULL,
	    "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31" },
};

/* The canonical request itself, for what no published signature covers. */
static const struct {
	const char *name, *path, *query;
	struct sigv4_header headers[4];
	const char *canonical;
} shape[] = {
	{ "dot segments and slashes", "/a/./b//../c/", "", { { "Host", "h" } }, "GET\n/a/c/\n\nhost:h\n\nhost\n-" },
	{ "above the root", "/../..", "", { { "Host", "h" } }, "GET\n/\n\nhost:h\n\nhost\n-" },
	{ "an encoded path is encoded again", "/a%20b", "", { { "Host", "h" } }, "GET\n/a%2520b\n\nhost:h\n\nhost\n-" },
	{ "a query sorted and recoded", "/", "b=2&a=%2f&a=1&c", { { "Host", "h" } }, "GET\n/\na=%2F&a=1&b=2&c=\nhost:h\n\nhost\n-" },
	{ "blanks folded, repeats joined", "/", "", { { "Host", "h" }, { "My", "  a   b " }, { "my", "c" } },
	    "GET\n/\n\nhost:h\nmy:a b,c\n\nhost;my\n-" },
};

static const char *const bad_claims[] = {
	"", "AWS4-HMAC-SHA256", "Basic dXNlcjpwYXNz",
	"AWS4-HMAC-SHA256 Credential=A/20200101/r/s/aws4_request, SignedHeaders=host",
	"AWS4-HMAC-SHA256 Credential=A/20200101/r/s/aws4, SignedHeaders=host, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
	"AWS4-HMAC-SHA256 Credential=A/20200101/r/aws4_request, SignedHeaders=host, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
	"AWS4-HMAC-SHA256 Credential=A/20200101/r/s/aws4_request/x, SignedHeaders=host, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
	"AWS4-HMAC-SHA256 Credential=A/20200101/r/s/aws4_request, SignedHeaders=host, Signature=5fa0",
	"AWS4-HMAC-SHA256 Credential=A/20200101/r/s/aws4_request, SignedHeaders=host, Signature=5FA00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
};

static size_t
count(const struct sigv4_header *h, size_t max)
{
	size_t n = 0;

	while (n < max && h[n].name != NULL)
		n++;
	return n;
}

int
main(void)
{
	uint8_t hash[SHA256_SIZE];
	char hex[SHA256_HEX];

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		struct sigv4_scope scope = { good[i].time, "us-east-1", good[i].service };
		struct sigv4_request r = { good[i].method, good[i].path, good[i].query, good[i].headers,
		    count(good[i].headers, 8), good[i].payload, strcmp(good[i].service, "s3") == 0 };
		struct str canonical = { 0 }, header = { 0 };
		struct sigv4_claim claim;

		if (good[i].body != NULL) {
			sha256(hash, good[i].body, strlen(good[i].body));
			hex_put(hex, hash, sizeof hash);
			r.payload = hex;
		}
		sigv4_canonical(&canonical, &r);
		if (good[i].canonical != NULL) {
			char got[SHA256_HEX];

			sha256(hash, canonical.s, canonical.len);
			hex_put(got, hash, sizeof hash);
			is(strcmp(got, good[i].canonical) == 0, "%s: canonical request", good[i].name);
		}
		sigv4_authorization(&header, "AKIDEXAMPLE", good[i].secret, &scope, &r);
		is(sigv4_claim(&claim, str_get(&header)), "%s: the header is read back", good[i].name);
		is(strcmp(claim.signature, good[i].signature) == 0, "%s: signature", good[i].name);
		is(strcmp(claim.access_key, "AKIDEXAMPLE") == 0 && strncmp(claim.date, good[i].time, 8) == 0 &&
		    strcmp(claim.region, "us-east-1") == 0 && strcmp(claim.service, good[i].service) == 0,
		    "%s: scope", good[i].name);
		str_free(&canonical);
		str_free(&header);
	}
	for (size_t i = 0; i < sizeof shape / sizeof shape[0]; i++) {
		struct sigv4_request r = { "GET", shape[i].path, shape[i].query, shape[i].headers, count(shape[i].headers, 4), "-", false };
		struct str canonical = { 0 };

		sigv4_canonical(&canonical, &r);
		if (!is(strcmp(str_get(&canonical), shape[i].canonical) == 0, "%s", shape[i].name))
			printf("# %s\n", str_get(&canonical));
		str_free(&canonical);
	}
	for (size_t i = 0; i < sizeof bad_claims / sizeof bad_claims[0]; i++) {
		struct sigv4_claim claim;

		is(!sigv4_claim(&claim, bad_claims[i]), "refused: %s", bad_claims[i]);
	}
	return tap_done();
}

#!/bin/sh
# The S3 half of vaultd, against boto3, Debian's aws and curl.
# shellcheck disable=SC2034,SC2154
. "$(dirname "$0")/lib.sh"

vault d --bucket bkt --thaw-delay 3600 --thaw-delay expedited=0
rule() { printf '%s\n' "$@" >rules.new; mv rules.new rules; }
# boto NAME WHAT: a part of tests/clients/s3.py
boto() {
	if /usr/bin/python3 -c 'import boto3' 2>/dev/null
	then ok "$2" "/usr/bin/python3 $here/tests/clients/s3.py $1"
	else skip "$2" 'python3-boto3 is not installed'
	fi
}
boto buckets 'buckets'
boto objects 'objects, with metadata, tags, checksums, ranges and conditions'
boto lists 'lists in pages, with prefixes, and removing many'
boto multipart 'parts in any order, lists, composite checksums, completing twice, aborting'
boto restore 'thawing: states, tiers, what must not be asked for'
boto once 'If-None-Match: * stores nothing twice'
boto transfer 'a transfer in parts, and back'
api() { /usr/bin/aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }
head -c 20000000 /dev/urandom >a
ok 'aws s3 cp, there and back' 'api s3 cp --quiet --storage-class DEEP_ARCHIVE --metadata k=v a s3://bkt/a && api s3api head-object --bucket bkt --key a >h && jq -e ".StorageClass == \"DEEP_ARCHIVE\" and .Metadata.k == \"v\" and .ContentLength == 20000000" h'
dies 1 'InvalidObjectState' 'not before it is thawed' 'api s3api get-object --bucket bkt --key a o || exit 1'
ok 'thawed' 'api s3 cp --quiet --storage-class GLACIER a s3://bkt/a && api s3api restore-object --bucket bkt --key a --restore-request "{\"Days\":1,\"GlacierJobParameters\":{\"Tier\":\"Expedited\"}}" && api s3api get-object --bucket bkt --key a o && cmp a o'
ok 'aws s3 ls and rm' 'api s3 ls --recursive s3://bkt >l; grep -q " 20000000 a$" l && api s3 rm --quiet s3://bkt/a && ! api s3api head-object --bucket bkt --key a'

# raw METHOD PATH OPTION...: curl's own signature; the status on stdout, the body in o
E3=$(printf '' | sha256sum | cut -c1-64)
raw() {
	m=$1 p=$2; shift 2
	curl -s -o o -w '%{http_code}\n' -X "$m" --aws-sigv4 "aws:amz:${REGION:-us-east-1}:s3" --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
	    -H "x-amz-content-sha256: ${HASH:-$E3}" "$@" "$AWS_ENDPOINT_URL$p"
}
# refused STATUS CODE METHOD PATH OPTION...
refused() { s=$1 k=$2; shift 2; [ "$(raw "$@")" = "$s" ] && grep -q "<Code>$k</Code>" o; }
ok 'a list' '[ "$(raw GET /)" = 200 ] && grep -q "<Name>bkt</Name>" o'
ok 'no signature' '[ "$(curl -s -o o -w "%{http_code}" "$AWS_ENDPOINT_URL/bkt")" = 403 ] && grep -q "<Code>AccessDenied</Code>" o'
ok 'a wrong secret' 'AWS_SECRET_ACCESS_KEY=wrong refused 403 SignatureDoesNotMatch GET /'
ok 'an unknown key' 'AWS_ACCESS_KEY_ID=WRONG refused 403 InvalidAccessKeyId GET /'
ok 'another region, which is named' 'REGION=eu-west-1 refused 400 AuthorizationHeaderMalformed GET / && grep -q "<Region>us-east-1</Region>" o'
ok 'no hash of the payload' '[ "$(curl -s -o o -w "%{http_code}" --aws-sigv4 aws:amz:us-east-1:s3 --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" "$AWS_ENDPOINT_URL/")" = 400 ]'
ok 'a wrong hash of the payload' 'refused 400 XAmzContentSHA256Mismatch PUT /bkt/x --data-binary hello -H "Content-Type: text/plain"'
ok 'the right one' 'HASH=$(printf hello | sha256sum | cut -c1-64); [ "$(raw PUT /bkt/x --data-binary hello)" = 200 ]'
boto skew 'a clock that is off'
ok 'no such call' 'refused 501 NotImplemented GET "/bkt?acl="'
ok 'no such method' 'refused 405 MethodNotAllowed POST /bkt'
ok 'XML that is none' 'HASH=$(printf "<a" | sha256sum | cut -c1-64); refused 400 MalformedXML POST "/bkt/x?restore=" --data-binary "<a"'
ok 'XML with a document type' 'x="<!DOCTYPE a><RestoreRequest><Days>1</Days></RestoreRequest>"; HASH=$(printf "%s" "$x" | sha256sum | cut -c1-64); refused 400 MalformedXML POST "/bkt/x?restore=" --data-binary "$x"'
ok 'a virtual host' 'raw GET /x -H "Host: bkt.localhost" >s; grep -qx 200 s && grep -qx hello o'
HASH=UNSIGNED-PAYLOAD raw PUT /bkt/y --data-binary @a --limit-rate 2M >/dev/null & c=$!
sleep 0.7; n=$(ls d/buckets/bkt/incoming | wc -l); kill -9 "$server"; wait "$server" "$c"
ok 'kill -9 in the middle of a body' '[ "$n" -eq 1 ]'
vault d --fault-file rules
ok 'started again it has what it had' '[ "$(raw GET /bkt/x)" = 200 ] && grep -qx hello o && [ -z "$(ls d/buckets/bkt/incoming)" ]'
boto again 'a thawed copy outlives a change of tags and the server'
ok 'faults have the codes of S3' 'rule "GetObject@1=500" "GetObject@2=throttle" "GetObject@3=408" "GetObject@4=lost" "GetObject@5=corrupt"; refused 500 InternalError GET /bkt/x && refused 503 SlowDown GET /bkt/x && refused 400 RequestTimeout GET /bkt/x && [ "$(raw GET /bkt/x)" = 000 ] && [ "$(raw GET /bkt/x)" = 200 ] && ! grep -qx hello o && rule && [ "$(raw GET /bkt/x)" = 200 ] && grep -qx hello o'
finish

#!/bin/sh
# shellcheck disable=SC2034,SC2046,SC2154
. "$(dirname "$0")/lib.sh"

vault d --thaw-delay 3600
seq 500000 >a
# call NAME OPTION...: Debian's aws, whose answers are JSON
/usr/bin/python3 "$here/tests/clients/aws.py" serve aws & aws=$!
cleanup="kill $aws 2>/dev/null; $cleanup"
until [ -S aws ] || ! kill -0 $aws; do sleep 0.05; done
call() { n=$1; shift; /usr/bin/python3 -IS "$here/tests/clients/aws.py" "$TMP/aws" glacier --endpoint-url "$AWS_ENDPOINT_URL" "$n" --account-id=- "$@"; }
# raw METHOD PATH OPTION...: curl's own signature; the status on stdout, the body in o
raw() {
	m=$1 p=$2; shift 2
	curl -s -o o -w '%{http_code}\n' -X "$m" --aws-sigv4 aws:amz:us-east-1:glacier --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
	    -H 'x-amz-glacier-version: 2012-06-01' "$@" "$AWS_ENDPOINT_URL$p"
}
# refused STATUS CODE METHOD PATH OPTION...
refused() { s=$1 k=$2; shift 2; [ "$(raw "$@")" = "$s" ] && jq -e --arg k "$k" '.code == $k and .type == "Client"' o; }
get() { jq -er "$1" "$2"; }

dies 1 'Vault not found for ARN: arn:aws:glacier:us-east-1:' 'no vault' 'call describe-vault --vault-name nope || { grep -q ResourceNotFound .err && exit 1; }'
ok 'a vault is made, twice is once' 'call create-vault --vault-name v && call create-vault --vault-name v && call list-vaults | jq -e ".VaultList | length == 1"'
ok 'an archive, as aws sends it' 'call upload-archive --vault-name v --body a --archive-description hello >up; get .archiveId up >id; [ "$(get .checksum up)" = "$(treehash a | cut -c1-64)" ]'
ok 'its id has the length of an id' '[ "$(tr -d "\n" <id | wc -c)" -eq 138 ]'
ask() { call initiate-job --vault-name v --job-parameters "{\"Type\":\"archive-retrieval\",\"ArchiveId\":\"$(cat id)\",\"Description\":\"mine\"}"; }
ok 'a job' 'ask >j; get .jobId j >job'
dies 1 'not currently available for download' 'is not done at once' 'call get-job-output --vault-name v --job-id="$(cat job)" out || exit 1'
ok 'it is described' 'call describe-job --vault-name v --job-id="$(cat job)" >d1; jq -e ".StatusCode == \"InProgress\" and .Completed == false and .ArchiveSizeInBytes == $(wc -c <a) and .JobDescription == \"mine\"" d1'
kill $server; wait $server
vault d
ok 'it is remembered, and thaws on' 'call describe-job --vault-name v --job-id="$(cat job)" | jq -e ".Completed == false"; ask | jq -r .jobId >job'
ok 'when it is done its output is the archive' 'call get-job-output --vault-name v --job-id="$(cat job)" out >o; cmp out a; get .archiveDescription o | grep -qx hello'
ok 'a range of it' 'call get-job-output --vault-name v --job-id="$(cat job)" --range bytes=1048576-2097151 out >o; head -c 2097152 a | tail -c 1048576 | cmp - out; [ "$(get .checksum o)" = "$(treehash out | cut -c1-64)" ]'
ok 'a range with no node of the tree has no hash' 'call get-job-output --vault-name v --job-id="$(cat job)" --range bytes=1-10 out >o; [ "$(jq -r .checksum o)" = null ]'
ok 'jobs by state' 'call list-jobs --vault-name v --statuscode Succeeded | jq -e ".JobList | length == 1"; call list-jobs --vault-name v --statuscode InProgress | jq -e ".JobList | length == 1"'
ok 'the inventory' 'call initiate-job --vault-name v --job-parameters "{\"Type\":\"inventory-retrieval\"}" >j; call get-job-output --vault-name v --job-id="$(get .jobId j)" inv; jq -e ".ArchiveList | length == 1 and .[0].ArchiveDescription == \"hello\"" inv'

# Multipart, out of order, a part twice.
ok 'parts' 'call initiate-multipart-upload --vault-name v --part-size 1048576 --archive-description parts >j; get .uploadId j >up
	split -b 1M a p.; for p in p.ac p.aa p.ad p.ab p.ab; do case $p in *a) f=0;; *b) f=1048576;; *c) f=2097152;; *d) f=3145728;; esac; call upload-multipart-part --vault-name v --upload-id="$(cat up)" --body $p --range "bytes $f-$((f + $(wc -c <$p) - 1))/*" || exit 1; done'
ok 'are listed' 'call list-parts --vault-name v --upload-id="$(cat up)" >l; jq -e ".Parts | length == 4 and .[1].RangeInBytes == \"1048576-2097151\"" l'
ok 'and the upload too' 'call list-multipart-uploads --vault-name v | jq -e ".UploadsList | length == 1"'
complete() { call complete-multipart-upload --vault-name v --upload-id="$(cat up)" --archive-size "$1" --checksum "$2"; }
dies 1 'Invalid x-amz-archive-size: 5' 'a wrong size' 'complete 5 "$(treehash a | cut -c1-64)" || exit 1'
dies 1 'Invalid x-amz-sha256-tree-hash' 'a wrong tree hash' 'complete "$(wc -c <a)" "$(treehash p.aa | cut -c1-64)" || exit 1'
ok 'completed' 'complete "$(wc -c <a)" "$(treehash a | cut -c1-64)" >c1'
ok 'completed again it is the same archive' 'complete "$(wc -c <a)" "$(treehash a | cut -c1-64)" | jq -r .archiveId >x; get .archiveId c1 | cmp - x'
ok 'and the upload is gone from the list' 'call list-multipart-uploads --vault-name v | jq -e ".UploadsList | length == 0"'
dies 1 'Vault not empty' 'a vault that is not empty stays' 'call delete-vault --vault-name v || exit 1'

# What AWS refuses.
U=/-/vaults/v/archives L=$(sha256sum p.aa | cut -c1-64)
ok 'no signature' '[ "$(curl -s -o o -w "%{http_code}" "$AWS_ENDPOINT_URL/-/vaults")" = 400 ] && get .code o | grep -qx MissingAuthenticationTokenException'
ok 'a wrong secret' 'AWS_SECRET_ACCESS_KEY=wrong refused 403 InvalidSignatureException GET /-/vaults'
ok 'an unknown key' 'AWS_ACCESS_KEY_ID=WRONG refused 400 UnrecognizedClientException GET /-/vaults'
ok 'another region' '[ "$(curl -s -o o -w "%{http_code}" --aws-sigv4 aws:amz:eu-west-1:glacier --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" -H "x-amz-glacier-version: 2012-06-01" "$AWS_ENDPOINT_URL/-/vaults")" = 403 ]'
ok 'no version' '[ "$(curl -s -o o -w "%{http_code}" --aws-sigv4 aws:amz:us-east-1:glacier --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" "$AWS_ENDPOINT_URL/-/vaults")" = 400 ] && get .code o | grep -qx MissingParameterValueException'
ok 'another account' 'refused 403 AccessDeniedException GET /123456789012/vaults'
ok 'an unknown call' '[ "$(raw GET /-/vaults/v/nothing)" = 404 ]'
ok 'a missing hash' 'refused 400 MissingParameterValueException POST $U --data-binary @p.aa -H "x-amz-content-sha256: $L"'
ok 'a wrong linear hash' 'refused 400 InvalidParameterValueException POST $U --data-binary @p.ab -H "x-amz-content-sha256: $L" -H "x-amz-sha256-tree-hash: $L" || refused 403 InvalidSignatureException POST $U --data-binary @p.ab -H "x-amz-content-sha256: $L" -H "x-amz-sha256-tree-hash: $L"'
ok 'a wrong tree hash' 'refused 400 InvalidParameterValueException POST $U --data-binary @p.aa -H "x-amz-content-sha256: $L" -H "x-amz-sha256-tree-hash: $(echo $L | tr 0-9 1-90)"'
ok 'the right ones' '[ "$(raw POST $U --data-binary @p.aa -H "x-amz-content-sha256: $L" -H "x-amz-sha256-tree-hash: $L")" = 201 ]'
E=$(printf '' | sha256sum | cut -c1-64)
ok 'an empty archive' 'refused 400 InvalidParameterValueException POST $U -H "Content-Length: 0" -H "x-amz-content-sha256: $E" -H "x-amz-sha256-tree-hash: $E"'
ok 'a part size that is no power of two' 'refused 400 InvalidParameterValueException POST /-/vaults/v/multipart-uploads -H "x-amz-part-size: 3145728"'
ok 'a part size of nothing' 'refused 400 MissingParameterValueException POST /-/vaults/v/multipart-uploads'
ok 'a description that is too long' 'refused 400 InvalidParameterValueException POST /-/vaults/v/multipart-uploads -H "x-amz-part-size: 1048576" -H "x-amz-archive-description: $(head -c 1025 /dev/zero | tr "\0" x)"'
raw POST /-/vaults/v/multipart-uploads -H 'x-amz-part-size: 1048576' -D h >/dev/null; up=$(tr -d '\r' <h | sed -n 's/^x-amz-multipart-upload-id: //Ip')
part() { refused 400 InvalidParameterValueException PUT "/-/vaults/v/multipart-uploads/$up" --data-binary @p.aa -H "Content-Range: $1" -H "x-amz-content-sha256: $L" -H "x-amz-sha256-tree-hash: $L"; }
ok 'a part that is not aligned' 'part "bytes 1-1048576/*"'
ok 'a part whose range is not its length' 'part "bytes 0-1048574/*"'
ok 'a part whose range runs backwards' 'part "bytes 5-1/*"'
ok 'a part beyond the ten thousandth' 'part "bytes 10485760000-10486808575/*"'
ok 'completing nothing' 'refused 400 InvalidParameterValueException POST "/-/vaults/v/multipart-uploads/$up" -H "x-amz-archive-size: 1" -H "x-amz-sha256-tree-hash: $L"'
ok 'aborting' '[ "$(raw DELETE "/-/vaults/v/multipart-uploads/$up")" = 204 ] && refused 404 ResourceNotFoundException GET "/-/vaults/v/multipart-uploads/$up"'
ok 'a job for an archive that is not there' 'refused 404 ResourceNotFoundException POST /-/vaults/v/jobs -d "{\"Type\":\"archive-retrieval\",\"ArchiveId\":\"x\"}"'
ok 'a job that is no JSON' 'refused 400 SerializationException POST /-/vaults/v/jobs -d "{{"'
ok 'a job with an unaligned range' 'refused 400 InvalidParameterValueException POST /-/vaults/v/jobs -d "{\"Type\":\"archive-retrieval\",\"ArchiveId\":\"$(cat id)\",\"RetrievalByteRange\":\"5-1048575\"}"'
ok 'an unknown job' 'refused 404 ResourceNotFoundException GET /-/vaults/v/jobs/nope/output'
ok 'a limit that is too high' 'refused 400 InvalidParameterValueException GET "/-/vaults/v/jobs?limit=51"'
ok 'pages' 'call create-vault --vault-name w; raw GET "/-/vaults?limit=1"; get .Marker o | grep -q vaults/w; raw GET "/-/vaults?limit=1&marker=$(get .Marker o | jq -Rr @uri)"; get ".VaultList[0].VaultName" o | grep -qx w'
ok 'deleting, twice' 'for i in 1 2; do call delete-archive --vault-name v --archive-id="$(cat id)" || exit 1; done'
ok 'no way out of its directory' 'for p in /-/vaults/..%2f..%2fetc /-/vaults/.. /-/vaults/v/jobs/..%2f..%2fvault; do case $(raw GET $p --path-as-is) in 40?) ;; *) exit 1;; esac; done'

# Whatever kills it, nothing half-made is there.
head -c 20000000 /dev/urandom >big; B=$(sha256sum <big | cut -c1-64)
raw POST $U --data-binary @big --limit-rate 2M -H "x-amz-content-sha256: $B" -H "x-amz-sha256-tree-hash: $B" >/dev/null & c=$!
sleep 0.7; n=$(find d/vaults/v/incoming -type f | wc -l); kill -9 "$server"; wait "$server" "$c"
ok 'kill -9 in the middle of a body' '[ "$n" -eq 1 ]'
vault d
ok 'started again it has what it had' 'call describe-vault --vault-name v | jq -e ".NumberOfArchives == 2"; [ -z "$(ls d/vaults/v/incoming)" ]'
dies 1 'another vaultd is using it' 'one at a time' 'vaultd -d d'
ok 'a vault of its own' 'vaultd -d f --vault mine >u & p=$!; sleep 0.3; kill $p; [ -s f/vaults/mine/log ]'
ok 'SIGTERM ends it' 'vaultd -d e >u & p=$!; sleep 0.3; kill $p; wait $p'
dies 77 'AWS_SECRET_ACCESS_KEY: is not set' 'no keys' 'unset AWS_SECRET_ACCESS_KEY; vaultd -d e'
dies 2 '^usage' 'an operand' 'vaultd x'
finish

#!/bin/sh
# Failures on demand.
# shellcheck disable=SC2034,SC2154
. "$(dirname "$0")/lib.sh"

seq 400000 | head -c 2097152 >a
H=$(sha256sum <a | cut -c1-64) T=$(treehash a | cut -c1-64)
: >rules
vault d --vault v --fault-file rules --fault-seed 7
# raw METHOD PATH OPTION...: the status on stdout, the body in o, the headers in h
raw() {
	m=$1 p=$2; shift 2
	curl -s -o o -D h -w '%{http_code}\n' -X "$m" --aws-sigv4 aws:amz:us-east-1:glacier --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
	    -H 'x-amz-glacier-version: 2012-06-01' "$@" "$AWS_ENDPOINT_URL$p"
}
rule() { printf '%s\n' "$@" >rules.new; mv rules.new rules; }
header() { tr -d '\r' <h | sed -n "s/^$1: //Ip"; }
vaults() { raw GET /-/vaults; }
archive() { raw POST /-/vaults/v/archives --data-binary @a -H "x-amz-content-sha256: $H" -H "x-amz-sha256-tree-hash: $T" "$@"; }
# is WAY STATUS CODE: of ListVaults
is() { rule "ListVaults=$1"; [ "$(vaults)" = "$2" ] && jq -e --arg k "$3" '.code == $k' o; }

ok 'no rule, no fault' '[ "$(vaults)" = 200 ]'
ok '500' 'is 500 500 ServiceUnavailableException && jq -e ".type == \"Server\"" o'
ok '503' 'is 503 503 ServiceUnavailableException'
ok '408' 'is 408 408 RequestTimeoutException'
ok 'throttle' 'is throttle 400 ThrottlingException'
ok 'capacity' 'is capacity 503 InsufficientCapacityException'
ok 'closed' 'is closed 400 NoLongerSupportedException'
ok 'denied' 'is denied 403 AccessDeniedException'
ok 'limit' 'is limit 400 LimitExceededException'
ok 'policy' 'is policy 400 PolicyEnforcedException'
ok 'token' 'is token 403 ExpiredTokenException'
ok 'any status and code' 'is error:418:Teapot 418 Teapot'
ok 'another call does not fail' '[ "$(raw GET /-/vaults/v)" = 200 ]'
ok 'a pattern of calls' 'rule "List*=500"; [ "$(vaults)" = 500 ] && [ "$(raw GET /-/vaults/v/jobs)" = 500 ] && [ "$(raw GET /-/vaults/v)" = 200 ]'
ok 'the second time' 'rule "ListVaults@2=500"; [ "$(vaults) $(vaults) $(vaults)" = "200 500 200" ]'
ok 'the second and third time' 'rule "ListVaults@2-3=500"; [ "$(vaults) $(vaults) $(vaults) $(vaults)" = "200 500 500 200" ]'
ok 'from the second time on' 'rule "ListVaults@2-=500"; [ "$(vaults) $(vaults) $(vaults)" = "200 500 500" ]'
ok 'the first rule whose turn it is' 'rule "ListVaults@2=500" "*=503"; [ "$(vaults) $(vaults)" = "503 500" ]'
ok 'comments and blanks' 'rule "# nothing" "" " ListVaults=503 # here"; [ "$(vaults)" = 503 ]'
many() { rule "$1"; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do printf "%s " "$(vaults)"; done; }
ok 'a rate is a draw that can be repeated' 'many "ListVaults@60%=500,throttle" >m1; many "ListVaults@60.0%=500,throttle # again" >m2; cmp m1 m2; for s in 200 400 500; do grep -q $s m1 || exit 1; done'
ok 'a rate of nothing' '! many "ListVaults@0%=500" | grep 500'
ok 'a file that has gone has no rules' 'rm rules; [ "$(vaults)" = 200 ]'
ok 'a bad rule changes nothing, and is said' 'rule "ListVaults=500"; vaults; rule "ListVaults=500" "ListVaults=sometimes"; [ "$(vaults)" = 500 ] && grep -q "sometimes.*no way to fail, in line 2 of rules; what was read before stands" d.log'

# The connection.
ok 'reset, before the body' 'rule UploadArchive=reset; [ "$(archive)" = 000 ] && [ -z "$(ls d/vaults/v/archives d/vaults/v/incoming | grep -v :)" ]'
ok 'reset, in the body' 'rule UploadArchive=reset:100000; [ "$(archive)" = 000 ]; n=0; until grep "archives: 0 (fault reset)" d.log | tail -n +2 | grep -q . || [ $n = 50 ]; do n=$((n + 1)); sleep 0.1; done; [ $n -lt 50 ] && [ -z "$(ls d/vaults/v/incoming)" ]'
ok 'lost, but done' 'rule CreateVault=lost; [ "$(raw PUT /-/vaults/w)" = 000 ] && [ "$(raw GET /-/vaults/w)" = 200 ] && grep -q "PUT /-/vaults/w: 201 (fault lost)" d.log'
ok 'cut' 'rule ListVaults=cut; vaults; n=$(header Content-Length); [ "$(wc -c <o)" -eq $((n / 2)) ]'
ok 'cut after so many bytes' 'rule ListVaults=cut:7; vaults; [ "$(wc -c <o)" -eq 7 ]'
ok 'cut, and there is no body' 'rule CreateVault=cut; [ "$(raw PUT /-/vaults/w)" = 000 ]'
ok 'short, and says so' 'rule ListVaults=short:9; [ "$(vaults)" = 200 ] && [ "$(header Content-Length)" = 9 ] && [ "$(wc -c <o)" = 9 ]'
ok 'corrupt text is no text' 'rule ListVaults=corrupt; [ "$(vaults)" = 200 ] && ! jq . o'
ok 'slow' 'rule ListVaults=slow:1000; t=$(date +%s%N); vaults; n=$(wc -c <o); [ $((($(date +%s%N) - t) / 1000000)) -ge $((n * 9 / 10)) ]'
ok 'hang' 'rule ListVaults=hang:1; t=$(date +%s); [ "$(vaults)" = 200 ]; [ $(($(date +%s%N) / 1000000 - t * 1000)) -ge 1000 ]'

# Hashes and archives.
ok 'a wrong hash' 'rule UploadArchive=hash; [ "$(archive)" = 201 ] && n=$(header x-amz-sha256-tree-hash) && [ ${#n} = 64 ] && [ "$n" != "$T" ]'
ok 'no hash' 'rule UploadArchive=no-hash; [ "$(archive)" = 201 ] && [ -z "$(header x-amz-sha256-tree-hash)" ]; header x-amz-archive-id >id; [ -s id ]'
job() { raw POST /-/vaults/v/jobs -d "{\"Type\":\"archive-retrieval\",\"ArchiveId\":\"$(cat id)\"}" >/dev/null; header x-amz-job-id >job; }
output() { raw GET "/-/vaults/v/jobs/$(cat job)/output"; }
ok 'an archive' 'rule; job; [ "$(output)" = 200 ] && cmp o a'
ok 'corrupt' 'rule GetJobOutput=corrupt; [ "$(output)" = 200 ]; [ "$(cmp -l o a | wc -l)" -eq 1 ]'
ok 'cut in the middle' 'rule GetJobOutput=cut; output; [ "$(wc -c <o)" -eq 1048576 ] && [ "$(header Content-Length)" -eq 2097152 ]'
ok 'short in the middle' 'rule GetJobOutput=short; [ "$(output)" = 200 ] && [ "$(wc -c <o)" -eq 1048576 ] && [ "$(header Content-Length)" -eq 1048576 ]'
ok 'no hash of what is fetched' 'rule GetJobOutput=no-hash; output; [ -z "$(header x-amz-sha256-tree-hash)" ]'
ok 'a job that has expired' 'rule GetJobOutput=expire; [ "$(output)" = 404 ]; rule; [ "$(output)" = 404 ]'
ok 'a job that fails' 'rule InitiateJob=fail; job; rule; raw GET "/-/vaults/v/jobs/$(cat job)"; jq -e ".StatusCode == \"Failed\" and .Completed" o && [ "$(output)" = 400 ] && raw GET "/-/vaults/v/jobs?statuscode=Failed" && jq -e ".JobList | length == 1" o'
begin() { raw POST /-/vaults/v/multipart-uploads -H 'x-amz-part-size: 2097152' >/dev/null; header x-amz-multipart-upload-id >up; }
part() { raw PUT "/-/vaults/v/multipart-uploads/$(cat up)" --data-binary @a -H 'Content-Range: bytes 0-2097151/*' -H "x-amz-content-sha256: $H" -H "x-amz-sha256-tree-hash: $T"; }
complete() { raw POST "/-/vaults/v/multipart-uploads/$(cat up)" -H 'x-amz-archive-size: 2097152' -H "x-amz-sha256-tree-hash: $T"; }
ok 'an upload that has expired' 'begin; rule UploadMultipartPart=expire; [ "$(part)" = 404 ]; rule; [ "$(part)" = 404 ]'
ok 'a lost answer to completing: the same archive the next time' 'begin; part; rule "CompleteMultipartUpload@1=lost"; n=$(grep -c "^+" d/vaults/v/log); [ "$(complete)" = 000 ] && [ "$(grep -c "^+" d/vaults/v/log)" -eq $((n + 1)) ] && [ "$(complete)" = 201 ] && grep -q "$(header x-amz-archive-id)" d/vaults/v/log && [ "$(grep -c "^+" d/vaults/v/log)" -eq $((n + 1)) ]'
pages() { m=; n=0; while raw GET "$1?limit=10${m:+&marker=$m}" >/dev/null; do n=$((n + 1)); jq -r "$2" o; m=$(jq -r '.Marker // empty | @uri' o); [ -n "$m" ] || break; done; echo "$n pages"; }
ok 'pages of two' 'for i in 1 2 3; do raw PUT /-/vaults/p$i; begin; done >/dev/null; rule "List*=page:2"; pages /-/vaults ".VaultList[].VaultName" | paste -sd, | grep -qx "p1,p2,p3,v,w,3 pages"; pages /-/vaults/v/multipart-uploads ".UploadsList[].MultipartUploadId" >p; tail -n 1 p | grep "^2 pages"; [ "$(sort -u p | wc -l)" -eq 4 ]'
ok 'a server that is told to end does not wait for a fault' 'vaultd -d e --fault "*=hang:100" >u & p=$!; while [ ! -s u ]; do sleep 0.1; done; curl -s "$(cat u)/-/vaults" & c=$!; sleep 0.5; t=$(date +%s); kill $p; wait $p; wait $c; [ $(($(date +%s) - t)) -lt 20 ]'

for r in x =500 '*=' '*=5OO' '*=500,' '*@=500' '*@0=500' '*@3-2=500' '*@101%=500' '*@x%=500' '*=hang' '*=hang:x' '*=slow:0' '*=error:200:X' '*=error:500:' '*=500:1' '*=cut:99999999999999999999'; do
	dies 2 '^vaultd: --fault: ' "no rule: $r" "vaultd -d e --fault '$r'"
done
dies 2 "in line 1 of bad" "a bad file" "echo \"*\" >bad; vaultd -d e --fault-file bad"
dies 2 'Is a directory' 'a file that cannot be read' 'vaultd -d e --fault-file .'
dies 2 '^usage\|--fault-seed' 'a bad seed' 'vaultd -d e --fault-seed x'
finish

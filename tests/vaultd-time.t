#!/bin/sh
# What time does to vaultd: inventories, jobs, uploads, tiers and clocks; and its life under kill -9.
# shellcheck disable=SC2034,SC2154
. "$(dirname "$0")/lib.sh"

head -c 1048576 /dev/urandom >a
H=$(sha256sum <a | cut -c1-64)
# raw METHOD PATH OPTION...: the status on stdout, the body in o, the headers in h
raw() {
	m=$1 p=$2; shift 2
	curl -s -o o -D h -w '%{http_code}\n' -X "$m" --aws-sigv4 aws:amz:us-east-1:glacier --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
	    -H 'x-amz-glacier-version: 2012-06-01' "$@" "$AWS_ENDPOINT_URL$p"
}
header() { tr -d '\r' <h | sed -n "s/^$1: //Ip"; }
field() { raw GET "$1" >/dev/null; jq -r "$2" o; }
archive() { raw POST /-/vaults/v/archives --data-binary @a -H "x-amz-content-sha256: $H" -H "x-amz-sha256-tree-hash: $H"; }
begin() { raw POST /-/vaults/v/multipart-uploads -H 'x-amz-part-size: 1048576' >/dev/null; header x-amz-multipart-upload-id >up; }
part() { raw PUT "/-/vaults/v/multipart-uploads/$(cat up)" --data-binary @a -H 'Content-Range: bytes 0-1048575/*' -H "x-amz-content-sha256: $H" -H "x-amz-sha256-tree-hash: $H"; }
whole() { raw POST "/-/vaults/v/multipart-uploads/$(cat up)" -H 'x-amz-archive-size: 1048576' -H "x-amz-sha256-tree-hash: $H"; }
job() { raw POST /-/vaults/v/jobs -d "$1" >/dev/null; header x-amz-job-id >job; }
stop() { kill "$server"; wait "$server"; }

vault d --vault v --inventory-every 86400 --dash-ids
archive >/dev/null; id=$(header x-amz-archive-id)
ok 'ids that begin with a dash' 'case $id in -*) ;; *) exit 1;; esac; begin; case $(cat up) in -*) ;; *) exit 1;; esac'
ok 'no inventory yet' '[ "$(field /-/vaults/v .NumberOfArchives)" = null ] && [ "$(field /-/vaults/v .LastInventoryDate)" = null ] && [ "$(raw POST /-/vaults/v/jobs -d "{\"Type\":\"inventory-retrieval\"}")" = 404 ]'
ok 'what was written to since is not deleted' 'raw DELETE "/-/vaults/v/archives/$id"; [ "$(raw DELETE /-/vaults/v)" = 400 ] && grep -q "Vault not empty or recently written to" o'
ok 'but what is new is' 'raw PUT /-/vaults/w; [ "$(raw DELETE /-/vaults/w)" = 204 ]'
archive >/dev/null; archive >/dev/null
# All of this was yesterday.
stop; sed -i "s/$(date -u +%F)T/$(date -u -d yesterday +%F)T/" d/vaults/v/log; vault d --inventory-every 86400
ok 'the next day there is one' '[ "$(field /-/vaults/v .NumberOfArchives)" = 2 ] && [ "$(field /-/vaults/v .SizeInBytes)" = $((2 * (1048576 + 32768))) ] && field /-/vaults/v .LastInventoryDate | grep "T00:00:00.000Z$"'
archive >/dev/null
ok 'and it stays for a day' 'job "{\"Type\":\"inventory-retrieval\"}"; [ "$(field "/-/vaults/v/jobs/$(cat job)/output" ".ArchiveList | length")" = 2 ]'
stop; vault d --clock -3600
ok 'Date is the time of its clock' '[ "$(date +%s)" -ge $(($(date -d "$(raw GET /-/vaults >/dev/null; header Date)" +%s) + 3590)) ]'
ok 'and it does not take what is an hour off' '[ "$(raw GET /-/vaults)" = 403 ] && jq -e ".code == \"InvalidSignatureException\" and (.message | test(\"^Signature not yet current: \"))" o'

stop; vault d --thaw-delay 100 --thaw-delay expedited=0 --job-life 2 --upload-life 2
ok 'tiers take their time' 'for t in Bulk Standard Expedited; do job "{\"Type\":\"inventory-retrieval\",\"Tier\":\"$t\"}"; field "/-/vaults/v/jobs/$(cat job)" .StatusCode; done | paste -sd, | grep -qx InProgress,InProgress,Succeeded'
begin; part >/dev/null; field "/-/vaults/v/multipart-uploads/$(cat up)" '.Parts | length' >parts
sleep 3.1
ok 'a job vanishes, and its file' '[ "$(raw GET "/-/vaults/v/jobs/$(cat job)/output")" = 404 ] && [ "$(field /-/vaults/v/jobs ".JobList | length")" = 2 ] && [ "$(ls d/vaults/v/jobs | wc -l)" -eq 2 ]'
ok 'an upload vanishes too' 'grep -qx 1 parts && [ "$(part)" = 404 ] && [ -z "$(ls d/vaults/v/uploads)" ]'
for o in '--clock x' '--thaw-delay fast=1' '--thaw-delay bulk=x' '--upload-life 0' '--inventory-every -1' '--day 0' '--job-life x'; do
	dies 2 '^vaultd: --' "bad: $o" "vaultd -d e $o"
done

# A server that is killed while uploads are completed, twenty times: each is one archive, and Complete says which.
stop; : >ids
for round in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	vault d
	begin; part >/dev/null
	whole >/dev/null & c=$!
	sleep "0.0$((round * 3 % 10))$((round % 7))"; kill -9 "$server"; wait "$server" "$c" 2>/dev/null
	vault d
	[ "$(whole)" = 201 ] && header x-amz-archive-id >>ids
	stop
done
vault d
ok 'completed and killed: no archive twice, none lost' '[ "$(sort -u ids | wc -l)" -eq 20 ] && cut -f5 d/vaults/v/log | grep -cxF -f ids | grep -qx 20 && field /-/vaults/v .NumberOfArchives >n && grep -qx 23 n && [ "$(find d/vaults/v/archives -type f | wc -l)" -eq 23 ] && [ -z "$(ls d/vaults/v/uploads d/vaults/v/incoming | grep -v :)" ]'
ok 'and each has its bytes' 'for f in d/vaults/v/archives/*/*; do cmp "$f" a || exit 1; done'
stop

# The same of a bucket: each upload is one object, and Complete says so.
s3() { m=$1 p=$2; shift 2; curl -s -o o -D h -w '%{http_code}\n' -X "$m" --aws-sigv4 aws:amz:us-east-1:s3 --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' "$@" "$AWS_ENDPOINT_URL$p"; }
end() { s3 POST "/bkt/o$1?uploadId=$(cat up)" --data-binary @list; }
: >ids
for round in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	vault d --bucket bkt
	s3 POST "/bkt/o$round?uploads=" >/dev/null; sed 's/.*<UploadId>//; s/<.*//' o | tr -d '\n' >up
	s3 PUT "/bkt/o$round?partNumber=1&uploadId=$(cat up)" --data-binary @a >/dev/null
	echo "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>$(header ETag)</ETag></Part></CompleteMultipartUpload>" >list
	end $round >/dev/null & c=$!
	sleep "0.0$((round * 3 % 10))$((round % 7))"; kill -9 "$server"; wait "$server" "$c" 2>/dev/null
	vault d
	[ "$(end $round)" = 200 ] && s3 GET "/bkt/o$round" >/dev/null && cmp -s o a && echo $round >>ids
	stop
done
ok 'a bucket whose uploads are completed and killed' '[ "$(wc -l <ids)" -eq 20 ] && [ "$(grep -c "^+" d/buckets/bkt/log)" -eq 20 ] && [ "$(find d/buckets/bkt/objects -type f | wc -l)" -eq 20 ] && [ -z "$(ls d/buckets/bkt/uploads d/buckets/bkt/incoming | grep -v :)" ]'
finish

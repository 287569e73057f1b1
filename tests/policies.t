#!/bin/sh
# The samples of glacier-policies(7) are JSON, and each lets its programs work while every call that it does not name is denied.
# shellcheck disable=SC2034,SC2154,SC2086
. "$(dirname "$0")/lib.sh"

awk -v d="$TMP" '/^\.Ed/ { f = "" } f != "" { print >f } /^\.Bd -literal/ { f = d "/" ++n ".json" }' "$here/man/glacier-policies.7"
ok 'ten samples' '[ "$(ls ./*.json | wc -l)" -eq 10 ]'
for i in 1 2 3 4 5 6 7 8 9 10; do ok "sample $i is JSON" 'python3 -m json.tool '$i'.json'; done

all='AbortMultipartUpload CompleteMultipartUpload CreateBucket CreateMultipartUpload CreateVault DeleteArchive DeleteBucket
	DeleteObject DeleteObjects DeleteVault DescribeJob DescribeVault GetJobOutput GetObject GetObjectTagging HeadBucket HeadObject
	InitiateJob InitiateMultipartUpload ListBuckets ListJobs ListMultipartUploads ListObjects ListObjectsV2 ListParts ListVaults
	PutObject PutObjectTagging RestoreObject UploadArchive UploadMultipartPart UploadPart'
calls() { # FILE: the calls that it allows
	for a in $(jq -r '.Statement[].Action | if type == "array" then .[] else . end' "$1"); do
		case $a in
		glacier:*) echo "${a#*:}" ;;
		s3:DeleteObject) echo DeleteObject DeleteObjects ;;
		s3:GetObject) echo GetObject HeadObject ;;
		s3:ListBucket) echo ListObjects ListObjectsV2 HeadBucket ;;
		s3:ListBucketMultipartUploads) echo ListMultipartUploads ;;
		s3:ListMultipartUploadParts) echo ListParts ;;
		s3:PutObject) echo PutObject CreateMultipartUpload UploadPart CompleteMultipartUpload ;;
		s3:*Version*) ;;
		s3:*) echo "${a#*:}" ;;
		esac
	done
}
server=
under() { # FILE: the server with this policy
	allowed=" $(calls "$1" | tr '\n' ' ') " rules=
	for c in $all; do
		case $allowed in *" $c "*) ;; *) rules="$rules --fault $c=denied" ;; esac
	done
	[ -z "$server" ] || { kill "$server"; wait "$server" 2>/dev/null; }
	vault store --vault v --bucket buck $rules
	unset AWS_ENDPOINT_URL_S3
}
denied() { ok "$1" '! { '"$2"'; } 2>e && grep -q AccessDenied e'; }
seq 1000 >small
head -c 20000001 /dev/urandom >big
V=glacier:v S=s3://buck/PREFIX

under 1.json
ok 'vault: who stores, stores' 'glacier-put -s $V --part-size 8M -l vled small big >/dev/null && glacier-put -s $V --part-size 8M --name stream <big >/dev/null && wc -l <vled | grep -qx 2'
denied 'vault: who stores cannot get' 'glacier-get -N -s $V -o no <vled'
denied 'vault: who stores cannot remove' 'glacier-rm -N --early -s $V <vled'
under 2.json
ok 'bucket: who stores, stores' 'glacier-put -s $S --part-size 8M -l sled small big >/dev/null && glacier-put -s $S --part-size 8M --name stream <big >/dev/null && wc -l <sled | grep -qx 2'
ok 'bucket: and goes on' '{ timeout -s KILL 1 glacier-put -s $S -L 12M --part-size 8M --name again big; glacier-put -s $S --part-size 8M --name again big; } 2>/dev/null | cut -f3 | grep -qx again'
denied 'bucket: who stores cannot thaw' 'glacier-get -N -s $S -o no <sled'
denied 'bucket: who stores cannot remove' 'glacier-rm -N --early -s $S <sled'
under 3.json
ok 'vault: who restores, restores' 'glacier-get -w --poll 1 -N -s $V -o vback <vled >/dev/null && cmp big vback/big'
ok 'vault: and lists' 'glacier-ls -w --poll 1 -s $V | cut -f3 | sort | tr "\n" " " | grep -qx "big small stream "'
denied 'vault: who restores cannot store' 'glacier-put -s $V --name x big'
denied 'vault: nor remove' 'glacier-rm -N --early -s $V <vled'
under 4.json
ok 'bucket: who restores, restores' 'glacier-get -w --poll 1 -N -s $S -o sback <sled >/dev/null && cmp big sback/big'
ok 'bucket: and lists' 'glacier-ls -s $S | cut -f3 | sort | tr "\n" " " | grep -qx "again big small stream "'
denied 'bucket: who restores cannot store' 'glacier-put -s $S --name x small'
denied 'bucket: nor remove' 'glacier-rm -N --early -s $S <sled'
under 5.json
denied 'vault: who removes cannot get' 'glacier-get -N -s $V -o no <vled'
ok 'vault: who removes, removes' 'glacier-rm -N --early -s $V <vled | cmp - vled'
under 6.json
denied 'bucket: who removes cannot store' 'glacier-put -s $S --name x small'
ok 'bucket: who removes, removes' 'glacier-rm -N --early -s $S <sled | cmp - sled'
finish

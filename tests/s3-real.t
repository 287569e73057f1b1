#!/bin/sh
# Against S3 servers that others wrote, where one is running here: Ceph RGW on 127.0.0.1:7480 and Swift's s3api on 8090,
# with the keys below; and with clients that others wrote.  What is not there is skipped, and said.
# shellcheck disable=SC2034,SC2154
. "$(dirname "$0")/lib.sh"

AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1 AWS_EC2_METADATA_DISABLED=true AWS_CONFIG_FILE=/dev/null
export AWS_REGION AWS_DEFAULT_REGION AWS_EC2_METADATA_DISABLED AWS_CONFIG_FILE AWS_ENDPOINT_URL AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
unset AWS_CA_BUNDLE AWS_SESSION_TOKEN AWS_PROFILE AWS_ENDPOINT_URL_S3 GLACIER_STORE
api() { /usr/bin/aws --endpoint-url "$AWS_ENDPOINT_URL" s3api "$@"; }
put() { glacier-put -s "$S" "$@"; }
odd=$(printf 'd/na\303\257ve +name&<x>%%41')
seq 1000 >small
mkdir d other
cp small "$odd"
head -c 20000001 /dev/urandom >big
head -c 8388608 /dev/zero >eight
seq 7 >other/small
{ cat big; echo; } >other/big

common() { # CLASS
	rm -rf led back
	ok "$1: files go up" 'put -T4 --class '"$2"' -l led small big eight "$odd" >/dev/null && wc -l <led | grep -qx 4'
	ok "$1: so does a stream, in parts" 'put --class '"$2"' --part-size 8M --name stream <big >stream.led && cut -f5 stream.led >h && treehash big | cut -c1-64 | cmp - h'
	ok "$1: once more it is there already" 'put --class '"$2"' small big | cut -f2- >again && grep -E "	(small|big)	" led | cut -f2- | cmp - again'
	dies 1 'small: something else is in the bucket under that name, and is not overwritten' "$1: other bytes of that name are refused" 'cd other && put --class '"$2"' small'
	dies 1 'big: something else is in the bucket under that name' "$1: in parts, too" 'cd other && put --class '"$2"' big'
	ok "$1: all of it comes back" 'glacier-get -s "$S" -N -o back <led >/dev/null && cmp big back/big && cmp eight back/eight && cmp small "back/$odd"'
	ok "$1: nothing is left open" 'glacier-ls -s "$S" --uploads >u && [ ! -s u ] || { [ "$(cut -f3 u | sort -u)" = big ] && glacier-put -s "$S" --abort && glacier-ls -s "$S" --uploads >u && [ ! -s u ]; }'
	ok "$1: a plain client reads it" 'api get-object --bucket "$bucket" --key p/big got >/dev/null && cmp big got'
	ok "$1: and stores what we list and get" 'api put-object --bucket "$bucket" --key p/theirs --body small --metadata treehash=$(treehash small | cut -c1-64) >/dev/null && glacier-ls -s "$S" | grep "	theirs	" >t && glacier-get -s "$S" -N -o back <t && cmp small back/theirs'
	dies 3 'p/bare: has no tree hash, and so no line' "$1: what has no tree hash has no line" 'api put-object --bucket "$bucket" --key p/bare --body small >/dev/null; glacier-ls -s "$S"'
	ok "$1: the bucket is in the list" 'glacier-ls -s s3:// --vaults | cut -f2 | grep -qx "s3://$bucket"'
	dies 77 'SignatureDoesNotMatch' "$1: a wrong secret" 'AWS_SECRET_ACCESS_KEY=wrong put --name x small'
	dies 1 'NoSuchBucket.*is there a bucket nosuch' "$1: no such bucket" 'glacier-ls -s s3://nosuchbucket'
	ok "$1: removed, and again" 'glacier-rm -s "$S" -N --early <led | cmp - led && glacier-rm -s "$S" -N --early <led | cmp - led && ! glacier-ls -s "$S" | grep -E "	(small|big)	"'
}

versions() { # NAME: a bucket that keeps versions
	ok "$1: versions: the id names one, and that one goes" 'api put-bucket-versioning --bucket $bucket --versioning-configuration Status=Enabled && put --class STANDARD --name v small >vl && cut -f6 vl | grep -q "^p/v?versionId=" && glacier-get -s $S -N -o vback <vl && cmp small vback/v && glacier-rm -s $S -N <vl | cmp - vl && api list-object-versions --bucket $bucket --prefix p/v >lv && ! grep -q "\"Key\": \"p/v\"" lv'
	dies 3 'p/w: 2 other versions of it remain, 7786 bytes, and are paid for, the newest is p/w?versionId=' "$1: versions: what else there is is said" 'for i in 1 2 3; do api put-object --bucket $bucket --key p/w --body small >/dev/null || exit; done; glacier-rm -s $S p/w'
	dies 3 'p/w: 2 other versions of it remain' "$1: versions: so it is of what is only hidden" 'api delete-object --bucket $bucket --key p/w >/dev/null; glacier-rm -s $S p/w'
	ok "$1: versions: and each goes by its id" 'for v in $(api list-object-versions --bucket $bucket --prefix p/w --query "Versions[].VersionId" --output text); do glacier-rm -s $S "p/w?versionId=$v"; done; [ "$(api list-object-versions --bucket $bucket --prefix p/w --query "length(Versions || \`[]\`)")" = 0 ]'
}

# here PORT: does something answer there?
here() { curl -s -o /dev/null --max-time 3 "http://127.0.0.1:$1/"; }

if here 7480; then
	AWS_ENDPOINT_URL=http://127.0.0.1:7480 AWS_ACCESS_KEY_ID=AKIAJ2QN54K3SOFABCDE AWS_SECRET_ACCESS_KEY=jhuYh6d73hdhGndk1jdHJHdjHghDjDkkdkKDkdkd
	bucket=test$$ S=s3://test$$/p
	ok 'Ceph: a bucket is made, twice is once' 'glacier-put -s "$S" --create && glacier-put -s "$S" --create'
	common Ceph DEEP_ARCHIVE
	ok 'Ceph: the class is what was asked for' 'put --class GLACIER_IR --name cold small >/dev/null && api head-object --bucket $bucket --key p/cold | jq -r .StorageClass | grep -qx GLACIER_IR'
	ok 'Ceph: index and closing record are not frozen' 'mkdir -p hh && cp small hh/index.tsv.xz.age && put hh/index.tsv.xz.age >/dev/null && api head-object --bucket $bucket --key p/hh/index.tsv.xz.age | jq -e "(.StorageClass // \"STANDARD\") == \"STANDARD\""'
	versions Ceph
	if command -v s3cmd >/dev/null; then
		ok 'Ceph: s3cmd reads it' 'put --class STANDARD --name s3cmd small >/dev/null && s3cmd -q --no-ssl --host=127.0.0.1:7480 --host-bucket=127.0.0.1:7480 --access_key=$AWS_ACCESS_KEY_ID --secret_key=$AWS_SECRET_ACCESS_KEY get --force s3://$bucket/p/s3cmd s3cmd.out && cmp small s3cmd.out'
	else skip 'Ceph: s3cmd reads it' 's3cmd is not installed'; fi
	if command -v rclone >/dev/null; then
		ok 'Ceph: rclone reads it' 'put --class STANDARD --name rclone small >/dev/null && rclone --config /dev/null --s3-provider Other --s3-force-path-style --s3-endpoint $AWS_ENDPOINT_URL --s3-access-key-id $AWS_ACCESS_KEY_ID --s3-secret-access-key $AWS_SECRET_ACCESS_KEY copyto :s3:$bucket/p/rclone rclone.out && cmp small rclone.out'
	else skip 'Ceph: rclone reads it' 'rclone is not installed'; fi
	if python3 -c 'import boto3' 2>/dev/null; then
		ok 'Ceph: boto3 reads it' 'put --class STANDARD --name boto3 small >/dev/null && python3 -c "import boto3, os, sys; sys.stdout.buffer.write(boto3.client(\"s3\", endpoint_url=os.environ[\"AWS_ENDPOINT_URL\"]).get_object(Bucket=sys.argv[1], Key=\"p/boto3\")[\"Body\"].read())" $bucket | cmp - small'
	else skip 'Ceph: boto3 reads it' 'boto3 is not installed'; fi
else skip 'Ceph' 'no Ceph RGW on 127.0.0.1:7480'; fi

if here 8090; then
	AWS_ENDPOINT_URL=http://127.0.0.1:8090 AWS_ACCESS_KEY_ID=test:tester AWS_SECRET_ACCESS_KEY=testing
	bucket=test$$ S=s3://test$$/p
	ok 'Swift: a bucket is made' 'glacier-put -s "$S" --create'
	common Swift STANDARD
	dies 1 'InvalidStorageClass.*--class STANDARD is one that all have' 'Swift: a class it has not' 'put --class GLACIER --name c small'
else skip 'Swift' 'no Swift s3api on 127.0.0.1:8090'; fi
# It thaws, keeps versions and locks; it believes any signature.
if python3 -c 'import moto.server' 2>/dev/null; then
	AWS_ACCESS_KEY_ID=AKIDTEST AWS_SECRET_ACCESS_KEY=secret
	{ python3 -m moto.server -H 127.0.0.1 -p 0 || moto_server -H 127.0.0.1 -p 0; } >moto.log 2>&1 </dev/null & moto=$!
	cleanup="kill $moto 2>/dev/null; pkill -P $moto 2>/dev/null; $cleanup"
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		AWS_ENDPOINT_URL=$(sed -n 's/.*Running on \(http:[^ ]*\).*/\1/p' moto.log | head -n 1)
		[ -z "$AWS_ENDPOINT_URL" ] || break
		sleep 0.5
	done
	bucket=test$$ S=s3://test$$/p
	rm -rf led back
	ok 'moto: files go up' 'glacier-put -s "$S" --create && put -T4 --part-size 8M -l led small big >/dev/null && put --part-size 8M --name stream <big >>led'
	ok 'moto: once more it is there already' 'put small big | cut -f3,5 | sort >x && grep -v stream led | cut -f3,5 | sort | cmp - x'
	dies 1 'small: something else is in the bucket under that name, and is not overwritten' 'moto: other bytes of that name are refused' 'cd other && put small'
	dies 1 'big: something else is in the bucket under that name' 'moto: in parts, too' 'cd other && put --part-size 8M big'
	ok 'moto: it is frozen' '! api get-object --bucket $bucket --key p/small got 2>e && grep -q InvalidObjectState e'
	ok 'moto: it is asked for, and comes back' 'glacier-get -w --poll 1 -s $S -N -o back <led >/dev/null && cmp big back/big && cmp small back/small && cmp big back/stream'
	ok 'moto: the list is the ledger' 'cut -f3-6 led | sort >x && glacier-ls -s $S | cut -f3-6 | sort | cmp - x'
	dies 3 'small: is paid for until 20..-..-.., 180 days in all' 'moto: too early' 'glacier-rm -s $S -N <led'
	ok 'moto: removed' 'glacier-rm -s $S -N --early <led | cmp - led && glacier-ls -s $S | cmp - /dev/null'
	versions moto
	bucket=lock$$ S=s3://lock$$/p
	ok 'moto: a bucket that locks' 'api create-bucket --bucket $bucket --object-lock-enabled-for-bucket >/dev/null && api put-object-lock-configuration --bucket $bucket --object-lock-configuration "ObjectLockEnabled=Enabled,Rule={DefaultRetention={Mode=GOVERNANCE,Days=10}}" && put --class STANDARD small >ll'
	dies 1 'small: AccessDenied.*; it is locked until 20..-..-.., mode GOVERNANCE' 'moto: what is locked stays, and until when is said' 'glacier-rm -s $S -N <ll'
else skip 'moto' 'moto is not installed for python3'; fi
finish

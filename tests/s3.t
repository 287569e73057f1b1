#!/bin/sh
# The programs on a bucket of vaultd: what differs from a vault, and what must not.
# shellcheck disable=SC2034,SC2154
. "$(dirname "$0")/lib.sh"

vault store --bucket buck --thaw-delay 2
unset AWS_ENDPOINT_URL_S3
log=store.log S=s3://buck/pre/fix
put() { glacier-put -s "$S" "$@"; }
get() { glacier-get -s "$S" "$@"; }
api() { /usr/bin/aws --endpoint-url "$AWS_ENDPOINT_URL" s3api "$@"; }
count() { grep -c -e "$1" $log || :; }
again() { # OPTION...: the server once more, with other faults
	kill "$server"; wait "$server" 2>/dev/null
	vault store --thaw-delay 2 "$@"
}
seq 1000 >small
head -c 20000001 /dev/urandom >big
head -c 8388608 /dev/zero >eight
odd=$(printf 'd/na\303\257ve +name&<x>%%41')
mkdir d
cp small "$odd"

ok 'files go up' 'put -T4 -l led --part-size 8M small big eight "$odd" >/dev/null && wc -l <led | grep -qx 4'
ok 'what is below a part with one call, what is not in parts' '[ "$(count "POST /buck/pre/fix/small?uploads")" -eq 0 ] && [ "$(count "POST /buck/pre/fix/big?uploads")" -eq 1 ] && [ "$(count "PUT /buck/pre/fix/big?partNumber")" -eq 3 ]'
ok 'the class is DEEP_ARCHIVE, the tree hash in the metadata, the checksum SHA-256' 'for f in small big; do api head-object --bucket buck --key pre/fix/$f --checksum-mode ENABLED >h && jq -e --arg t "$(treehash $f | cut -c1-64)" ".StorageClass == \"DEEP_ARCHIVE\" and .Metadata.treehash == \$t and (.ChecksumSHA256 | length) > 40" h || exit; done'
ok 'the listing is the ledger' 'glacier-ls -s $S >l && cut -f2- led | sort >a && cut -f2- l | sort | cmp - a'
ok 'the index is not frozen, unless asked for' 'cp small index.tsv.xz.age && cp small closing.tsv.age && put index.tsv.xz.age >/dev/null && put --class GLACIER closing.tsv.age >/dev/null && api head-object --bucket buck --key pre/fix/index.tsv.xz.age | jq -e "(.StorageClass // \"STANDARD\") == \"STANDARD\"" && api head-object --bucket buck --key pre/fix/closing.tsv.age | jq -e ".StorageClass == \"GLACIER\""'
dies 75 '4 of 4 archives are still thawing' 'not yet' 'get -N -o back <led'
ok 'thawing is shown' 'glacier-ls -s $S --jobs | cut -f2,5 | grep -qx "pending	pre/fix/big"'
ok 'asked for once, waited for, and here' 'get -w --poll 1 -N -o back <led >/dev/null && cmp big back/big && cmp eight back/eight && cmp small "back/$odd" && [ "$(count "?restore: 202")" -eq 4 ]'
ok 'what does not freeze is here at once' 'get -o back2 pre/fix/index.tsv.xz.age && cmp small back2/index.tsv.xz.age'
ok 'the tier and the days are passed on' 'put --class GLACIER --name tier small >tl; get -N -t expedited --days 3 <tl; [ $? -eq 75 ]'
ok 'once more: it is there, and nothing is sent' 'put small big | cut -f2- >o && grep -E "	(small|big)	" led | cut -f2- | cmp - o'
dies 1 'small: something else is in the bucket under that name, and is not overwritten' 'other bytes of that name' 'mkdir -p other && cd other && seq 7 >small && put small'
dies 1 'big: something else is in the bucket' 'in parts, too' 'cd other && { cat ../big; echo; } >big && put --part-size 8M big'
ok 'and nothing of it stays' 'glacier-ls -s $S --uploads | cmp - /dev/null'
ok 'a class for each' 'for c in GLACIER GLACIER_IR STANDARD; do put --class $c --name c$c small >/dev/null; done; api list-objects-v2 --bucket buck --prefix pre/fix/c | jq -r ".Contents[].StorageClass" | sort -u | tr "\n" " " | grep -qx "GLACIER GLACIER_IR STANDARD "'
ok 'a prefix is a store of its own' 'glacier-put -s s3://buck --name top small | cut -f6 | grep -qx top && ! glacier-ls -s $S | grep -q "	top	"'
ok 'buckets' 'glacier-ls -s s3:// --vaults | cut -f2 | grep -qx s3://buck && glacier-put --create -s s3://another && glacier-put --create -s s3://another && glacier-ls -s s3:// --vaults | wc -l | grep -qx 2'
ok 'thousands are listed page by page' 'for i in $(seq 30); do echo $i >n$i; done; seq 30 | sed s/^/n/ | glacier-put -N --class STANDARD -s s3://another/many -l many >/dev/null; glacier-ls -s s3://another/many | wc -l | grep -qx 30'

# Removing.
dies 3 'small: is paid for until 20..-..-.., 180 days in all, so it stays' 'too early' 'grep "	small	" led | glacier-rm -N -s $S'
dies 3 'cGLACIER: is paid for until 20..-..-.., 90 days in all' 'the class counts' 'glacier-rm -s $S pre/fix/cGLACIER'
ok 'STANDARD is not bound' 'glacier-rm -s $S pre/fix/cSTANDARD | grep -qx pre/fix/cSTANDARD'
ok 'thirty with one call' 'glacier-rm -N -s s3://another/many <many | cmp - many && [ "$(count "POST /another?delete")" -eq 1 ] && glacier-ls -s s3://another/many | cmp - /dev/null'
ok 'gone already is gone' 'glacier-rm -N -s s3://another/many <many | cmp - many'

# Going on.
ok 'a killed run is gone on with, and nothing is sent twice' 'head -c 60000000 /dev/urandom >huge; { glacier-put -s $S -L 20M --part-size 8M huge & p=$!; sleep 1.3; kill -9 $p; wait $p; } 2>/dev/null; n=$(count "PUT /buck/pre/fix/huge?partNumber.*: 200"); [ $n -gt 0 ] && put -v huge >hl 2>e && grep -q "going on with its upload" e && [ "$(count "PUT /buck/pre/fix/huge?partNumber.*: 200")" -eq 8 ] && treehash huge | cut -c1-64 >h && cut -f5 hl | cmp - h && glacier-ls -s $S --uploads | cmp - /dev/null'
ok 'a stream in parts has a ledger line' 'cat big | put --part-size 8M --class STANDARD --name stream >sl 2>/dev/null && cut -f5 sl >h && treehash big | cut -c1-64 | cmp - h && get -N -o sback <sl && cmp big sback/stream'

# Faults.
again --fault 'CompleteMultipartUpload@1=late' --fault 'CompleteMultipartUpload@3=lost' --fault 'CompleteMultipartUpload@5=500'
for i in 1 2 3; do cp big b$i; done
ok 'the last step: an error inside of a 200, a lost answer, a failure' 'for i in 1 2 3; do put --part-size 8M --class STANDARD b$i >>bl || exit; done; get -N -o fb <bl >/dev/null && for i in 1 2 3; do cmp big fb/b$i || exit; done'
again --fault 'PutObject@1=lost' --fault 'PutObject@2=503' --fault 'PutObject@5=hash' --fault 'UploadPart@1=reset:65536' --fault 'UploadPart@3=408' --fault 'CreateMultipartUpload@1=lost'
ok 'a put whose answer is lost is there once' 'put --class STANDARD --name lost small | cut -f3 | grep -qx lost'
ok 'one that the service could not do' 'put --class STANDARD --name busy small | cut -f3 | grep -qx busy'
dies 1 'the service has stored something else, its checksum differs' 'a wrong echo is noticed' 'put --class STANDARD --name echo small'
ok 'parts that break off, and a lost beginning, which leaves nothing' 'put --class STANDARD --part-size 8M --name parts <big >pl && get -N -o fp <pl && cmp big fp/parts && glacier-ls -s $S --uploads | cmp - /dev/null'
again --fault 'GetObject@2=cut:1000' --fault 'GetObject@4=corrupt' --fault 'ListObjectsV2@1=cut' --fault 'HeadObject@1=500' --fault 'List*=page:2'
ok 'a body that breaks off is gone on with; one that is damaged gets no name' 'get -T1 -N -o fc <pl >/dev/null 2>e || { grep -q "tree hash is not" e && [ ! -e fc/parts ] && get -N -o fc <pl; } && cmp big fc/parts'
ok 'pages of two' 'glacier-ls -s $S | cut -f3 | sort >l1 && api list-objects-v2 --bucket buck --prefix pre/fix/ --no-paginate >/dev/null && [ "$(wc -l <l1)" -gt 10 ] && [ "$(sort -u l1 | wc -l)" -eq "$(wc -l <l1)" ]'

# Refusals.
dies 77 'SignatureDoesNotMatch.*the secret key is wrong' 'a wrong secret' 'AWS_SECRET_ACCESS_KEY=wrong put --name x small'
dies 77 'InvalidAccessKeyId.*is not known' 'an unknown key' 'AWS_ACCESS_KEY_ID=WRONG put --name x small'
dies 1 'NoSuchBucket.*is there a bucket nosuch' 'no such bucket' 'glacier-ls -s s3://nosuch'
dies 2 'class FROZEN: must be' 'no such class' 'put --class FROZEN small'
dies 2 'classes, keys, tags, owners and days are for s3' 'a class for a vault' 'glacier-put -s glacier:v --class GLACIER small'
dies 2 'a bucket.s name is' 'a name that is none' 'glacier-put -s s3://Nope small'
dies 2 'what follows the bucket' 'a prefix that is none' 'glacier-put -s s3://buck//x small'
dies 2 'parts in a bucket have at least 8M' 'parts that are too small' 'put --part-size 1M --name x small'
dies 2 'is neither https nor on this machine' 'plain http to elsewhere' 'put --endpoint-url http://s3.example.com --name x small'
dies 1 'nosuch: .*404\|NoSuchKey' 'an object that is not there' 'get pre/fix/nosuch'
ok 'another region is learnt from the refusal' 'AWS_REGION=eu-west-1 glacier-ls -s $S | wc -l | grep -qx "$(wc -l <l1)"'

# The whole way, on a bucket that thaws, and back on a machine that has nothing but the keys.
again
ok 'backup.sh' 'seal-keygen -o key.txt >recipients && mkdir -p data/sub && cp small data/sub/one && cp big data/two && printf "BACKUP_PREFIX=%s/spool\nHOST=h\nSTORE=s3://buck/sets\nRECIPIENTS=%s/recipients\nSPLITSIZE=4M\n" "$TMP" "$TMP" >conf && "$here/scripts/backup.sh" -c conf "$TMP/data" >set'
ok 'restore.sh without a ledger asks the store' '"$here/scripts/restore.sh" -w -s s3://buck/sets -i key.txt -l new/ledger.tsv -o out "$(cat set)" && cmp big "out$TMP/data/two" && cmp small "out$TMP/data/sub/one" && [ -s new/ledger.tsv ]'
ok 'and by aws, age, xz and tar, as printed' 'mkdir plain && cut -f6 new/ledger.tsv | grep "/backup_.*tar.xz.age$" | sort >keys && [ -s keys ] && while read -r key; do
		api restore-object --bucket buck --key "$key" --restore-request "Days=7,GlacierJobParameters={Tier=Bulk}" || exit
		for i in 1 2 3 4 5 6 7 8 9; do api head-object --bucket buck --key "$key" --query Restore | grep -q false && break; sleep 0.5; done
		api get-object --bucket buck --key "$key" "${key##*/}" >/dev/null || exit
	done <keys && for c in backup_*.tar.xz.age; do age -d -i key.txt "$c" | xz -dc; done | tar -xpif - -C plain && cmp big "plain$TMP/data/two"'
again --vault old --thaw-delay 0
ok 'moving from a vault' 'glacier-put -s glacier:old small big >ledger && mkdir move && cd move && glacier-get -N -w -t bulk -s glacier:old <../ledger | glacier-put -N -s s3://buck/moved -l ../ledger.s3 >/dev/null && cut -f3-5 ../ledger | sort >x && cut -f3-5 ../ledger.s3 | sort | cmp - x && glacier-rm -N -s glacier:old --now 2099-01-01 <../ledger | wc -l | grep -qx 2'
finish

#!/bin/sh
# shellcheck disable=SC2034,SC2154
# verify.sh on a vault and on a bucket: what is missing, changed, too much; and samples.
. "$(dirname "$0")/lib.sh"

PATH=$here/scripts:$PATH
vault d --vault v --bucket buck
log=d.log
seal-keygen -o key.txt >key.pub
seal-keygen -o no.txt >/dev/null
unset DIRS LEDGER HOST RETENTION KEEP
export RECIPIENTS="$TMP/key.pub" SPLITSIZE=1M LEVEL=1 RETENTION=0 BACKUP_PREFIX="$TMP/spool" HOST=box
mkdir -p src && seq 300000 >src/numbers && head -c 1500000 /dev/urandom >src/noise
tab=$(printf '\t')
jobs() { grep -c 'POST /-/vaults/v/jobs\|?restore' $log || :; }
start() { vault d "$@"; }
stop() { kill "$server"; wait "$server" 2>/dev/null; }

for store in glacier:v s3://buck/pre; do
export STORE=$store
ledger=spool/box/ledger.tsv
rm -rf spool
ok "$store: two backups" 'backup.sh "$TMP/src" >set1; sleep 1; backup.sh "$TMP/src" >set2 && [ "$(grep -c "tar.xz.age" $ledger)" -gt 4 ]'
set1=$(cat set1) set2=$(cat set2) per=$(($(wc -l <$ledger) / 2)) chunks=$(grep -c tar.xz.age $ledger)
ok "$store: all is there" 'verify.sh >o 2>e && grep -c "^whole	box/.*	$per archives, [0-9]* bytes$" o | grep -qx 2 && [ "$(wc -l <o)" -eq 2 ] && grep -q "without an identity closing records cannot be read: what must be there is what .*ledger.tsv says" e'
ok "$store: no archive was asked for" 'j=$(jobs); glacier-ls -s $store >/dev/null; verify.sh >o 2>/dev/null && [ "$(jobs)" -eq "$j" ]'
ok "$store: by the closing records" 'verify.sh -i key.txt >o 2>e && grep -c "^whole	box/.*	$per archives" o | grep -qx 2 && cmp e /dev/null'
ok "$store: which are kept" 'j=$(jobs); verify.sh -i key.txt >o && [ "$(jobs)" -eq "$j" ] && [ "$(find spool/box/verify -name closing.tsv.age | wc -l)" -eq 2 ]'
ok "$store: one set" 'verify.sh "${set1#box/}" >o 2>/dev/null && cut -f1,2 o | tr "\t\n" "  " | grep -qx "whole $set1 "'
dies 1 'box/20200101T000000Z: has no closing record' "$store: a set that is none" 'verify.sh 20200101T000000Z'
ok "$store: a sample" 'verify.sh -i key.txt --sample 3 -t bulk >o 2>e && grep -c "^opened	box/.*[.]tar.xz.age	[0-9]* bytes" o | grep -qx 3 && grep -q "the sample: 3 requests, [0-9]* bytes to ask for, bulk, [0-9h-]* to the first byte, .0.0001 (to ask, prices of" e && [ ! -e spool/box/verify/sample ]'
ok "$store: a sample larger than all" 'verify.sh -i key.txt --sample 999 >o 2>e && grep -c "^opened" o | grep -qx "$chunks" && grep -q "there are only $chunks chunks" e'
dies 1 'more than --max-cost 0' "$store: that costs too much" 'j=$(jobs); verify.sh -i key.txt --sample 2 --max-cost 0 -o other; s=$?; [ "$(jobs)" -le $((j + 2)) ] && exit $s'
ok "$store: extra, foreign, and what the ledger has lost" 'echo hello >f; glacier-put -s $store --name box/20200101T000000Z/x f >/dev/null; glacier-put -s $store --name other f >/dev/null; grep -v "$set2/index" $ledger >less; glacier-ls --fresh -s $store >/dev/null; verify.sh -l less >o 2>/dev/null; grep -q "^extra	box/20200101T000000Z/x	the ledger does not know it" o && grep -q "^extra	$set2/index" o && grep -q "^foreign	box	[1-9]* archives" o && verify.sh -l less -i key.txt >o && grep -q "^unlisted	$set2/index" o && ! grep -q "^extra	$set2/index" o && grep -c ^whole o | grep -qx 2'
ok "$store: without a ledger" 'verify.sh -l nosuch/ledger -i key.txt -o bare >o 2>e && grep -c "^whole" o | grep -qx 2 && grep -q "is not there: which sets there are is what $store says itself" e'
dies 1 'no identity\|not for\|cannot be opened\|none of' "$store: the wrong identity" 'verify.sh -i no.txt >o; s=$?; grep -c "^damaged	.*closing.tsv.age	cannot be opened" o | grep -qx 2 && grep -c "^broken" o | grep -qx 2 && exit $s'

# damage: one chunk is gone, another is something else, behind everybody's back
gone=$(grep "$set1/.*000001.tar" $ledger | head -n 1)
changed=$(grep "$set1/.*000002.tar" $ledger | head -n 1)
name() { printf %s "$1" | cut -f3; }
id() { printf %s "$1" | cut -f6; }
case $store in
glacier:*)
	stop
	awk -F '\t' -v OFS='\t' -v i="$(id "$changed")" '$1 == "+" && $5 == i { $3 = $3 + 0; sub(/^./, substr($4, 1, 1) == "0" ? "1" : "0", $4) } { print }' d/vaults/v/log >x && cp x d/vaults/v/log
	start ;;
*)	/usr/bin/aws s3api --endpoint-url "$AWS_ENDPOINT_URL" put-object --bucket buck --key "$(id "$changed")" --body f --storage-class DEEP_ARCHIVE --metadata "treehash=$(treehash f | cut -c1-64)" >/dev/null ;;
esac
printf '%s\n' "$gone" | glacier-rm -N --early -s $store >/dev/null
glacier-ls --fresh -w -s $store >/dev/null
dies 1 'not all is as it should be' "$store: missing and changed" 'verify.sh >o'
ok "$store: each is named, and the other set is whole" 'grep -q "^missing	$(name "$gone")	it was stored at 20" o && grep -q "^changed	$(name "$changed")	it" o && grep -q "^broken	$set1	2 of its archives are missing, changed or damaged" o && grep -q "^whole	$set2	" o'
dies 1 'not all is as it should be' "$store: by the closing records, too" 'verify.sh -i key.txt >o2; s=$?; grep "^missing\|^changed\|^broken\|^whole" o2 >a; grep "^missing\|^changed\|^broken\|^whole" o | cmp - a && exit $s'
ok "$store: the other set alone" 'verify.sh "$set2" >o 2>/dev/null'
# a closing record that is gone: the ledger has it, so the set is broken
dies 1 'not all is as it should be' "$store: the closing record is missing" 'grep "$set1/closing" $ledger | glacier-rm -N --early -s $store >/dev/null; glacier-ls --fresh -w -s $store >/dev/null; verify.sh >o; s=$?; grep -q "^missing	$set1/closing" o && exit $s'
ok "$store: a removed set is not missed" 'grep "$set1/" $ledger | glacier-rm -N --early -l $ledger -s $store >/dev/null; verify.sh >o 2>/dev/null && cut -f1,2 o | grep "^whole\|^broken\|^missing" | tr "\t\n" "  " | grep -qx "whole $set2 "'
done

# a closing record alone is no set
ok 'a closing record without its set is not whole' 'echo x >c; glacier-put -s glacier:v --name box/20200301T000000Z/closing.tsv.age -l lone c >/dev/null; glacier-ls --fresh -s glacier:v >/dev/null; STORE=glacier:v verify.sh -l lone >o 2>/dev/null; [ $? -eq 1 ] && grep -q "^missing	box/20200301T000000Z/index.tsv.xz.age" o && grep -q "^broken	box/20200301T000000Z	1 of" o'
# bytes that are not what they were: only a sample can know
export STORE=glacier:v
rm -rf spool; HOST=cox; export HOST
backup.sh "$TMP/src" >set3
ok 'a chunk that has rotted is found by a sample' 'i=$(grep -m1 000002.tar spool/cox/ledger.tsv | cut -f6); f=$(find d/vaults/v/archives -name "*$i"); printf X | dd of="$f" bs=1 seek=1000 conv=notrunc 2>/dev/null; glacier-ls --fresh -s glacier:v >/dev/null; verify.sh >o 2>/dev/null && ! verify.sh -i key.txt --sample 99 >o 2>e && grep -q "^damaged	.*000002.tar.xz.age" o'

# an inventory and archives that take their time
stop; start --thaw-delay 2
rm -rf spool; HOST=dox; export HOST
backup.sh "$TMP/src" >set4
dies 75 'inventory was asked for and is not ready; run this again' 'not yet' 'glacier-ls --fresh -s glacier:v; verify.sh -i key.txt --sample 1'
ok 'waiting for all of it' 'verify.sh -w -i key.txt --sample 1 >o 2>e && grep -q "^whole" o && grep -q ^opened o'
ok 'the sample that was asked for is the one that is taken' 'for i in 1 2 3 4 5 6 7 8 9; do verify.sh -i key.txt --sample 3 >o 2>e; r=$?; [ $r -eq 75 ] || break; cat spool/dox/verify/sample.lines >>all; sleep 1; done; [ $r -eq 0 ] && grep -q ^opened o && [ "$(sort -u all | wc -l)" -eq 4 ]'
stop; start --inventory-every 100000
sleep 1
backup.sh "$TMP/src" >set5
ok 'what is younger than the inventory is not called missing, nor whole' 'glacier-ls --fresh -w -s glacier:v >/dev/null; verify.sh >o 2>e; [ $? -eq 3 ] && grep -q "^recent	$(cat set5)	the inventory is older" o && grep -q "^recent	.*closing.tsv.age	it was stored at" o && ! grep -q "^missing" o'

ok 'the examples of the man page' 'sed -n "s/^.Dl glacier-verify/verify.sh/p" "$here/man/glacier-verify.1" | sed "s:/var/log/::" >x && [ "$(wc -l <x)" -eq 2 ] && { sh -u x >o 2>e; r=$?; [ $r -eq 3 ] || { echo "status $r"; cat o e; exit 1; }; }'
dies 2 'can be opened with an identity only' 'a sample without an identity' 'verify.sh --sample 1'
dies 2 '--sample x: must be a number' 'a sample of x' 'verify.sh -i key.txt --sample x'
dies 2 'nosuch: cannot be read' 'no identity' 'verify.sh -i nosuch'
dies 2 'box/20200101T000000Z: is not of dox' 'a set of another host' 'verify.sh box/20200101T000000Z'
dies 2 'STORE: is not set' 'no store' 'unset STORE; verify.sh'
dies 2 '^usage: verify.sh' 'a bad option' 'verify.sh --nope x'
dies 77 'the secret key is wrong' 'a wrong secret key' 'AWS_SECRET_ACCESS_KEY=wrong verify.sh'
dies 1 'line 1: is not a line of a ledger' 'a foreign ledger' 'echo hello >x; verify.sh -l x'
ok 'help is on stdout' 'verify.sh -h | grep -q "^usage: verify.sh"'
finish

#!/bin/sh
# shellcheck disable=SC2034,SC2154
. "$(dirname "$0")/lib.sh"

vault vaults --vault v --fault-file rules
log=vaults.log
# asked: how many jobs the server was asked for
asked() { grep -c 'POST /-/vaults/v/jobs' $log || :; }
get() { glacier-get -s glacier:v "$@"; }

seq 1000 >small
head -c 1048577 /dev/urandom >leaf
head -c 20000001 /dev/urandom >big
mkdir -p dir/sub
cp leaf dir/sub/deep
glacier-put -s glacier:v --part-size 1M -l led small leaf big dir/sub/deep >/dev/null
line() { awk -F '\t' -v n="$1" '$3 == n' led; }
id() { line "$1" | cut -f6; }

ok 'by name' 'get -l led -o o1 small | grep -qx o1/small && cmp small o1/small'
ok 'by id, the name is in the vault' 'get -o o2 -- "$(id big)" | grep -qx o2/big && cmp big o2/big'
ok 'by id with a ledger' 'get -l led -o o3 -- "$(id leaf)" | grep -qx o3/leaf && cmp leaf o3/leaf'
ok 'by ledger lines' 'get -N -o o4 <led | sort >n && cmp - n <<E2
o4/big
o4/dir/sub/deep
o4/leaf
o4/small
E2
for f in small leaf big dir/sub/deep; do cmp $f o4/$f || exit; done'
ok 'what is here is not asked for again' 'n=$(wc -l <$log) && get -N -o o4 <led | sort | cmp - n && [ "$(wc -l <$log)" -eq "$n" ]'
ok 'nor is what was asked for: one job each in all' '[ "$(asked)" -eq 4 ]'
ok 'here without a directory' '( mkdir o5 && cd o5 && get -l ../led small | grep -qx small && cmp ../small small )'
ok 'by names on stdin' 'printf "small\nleaf\n" | get -N -l led -o o6 | wc -l | grep -qx 2'
ok 'NUL between names, and out' 'printf "small\0leaf\0" | get -N0 -l led -o o7 | tr "\0" "\n" | wc -l | grep -qx 2'
ok 'ids on stdin' 'id leaf | get -N -o o8 | grep -qx o8/leaf'
ok 'the same twice is there once' 'get -l led -o o9 small small -- "$(id small)" | sort -u | grep -qx o9/small && [ "$(asked)" -eq 4 ]'
ok 'one thread and eight agree' 'get -T1 -l led -o o10 big >/dev/null && get -T8 -l led -o o11 big >/dev/null && cmp big o10/big && cmp big o11/big'
ok 'the newest line of a name counts' 'seq 7 >again && glacier-put -s glacier:v -l led again >/dev/null && seq 8 >again && glacier-put -s glacier:v -l led again >/dev/null && get -l led -o o12 again && cmp again o12/again'
ok 'silent without -v' 'get -l led -o o13 small 2>&1 >/dev/null | cmp - /dev/null'

# a part of an archive
before=$(asked)
part() { tail -c +$(($2 + 1)) "$1" | head -c $(($3 - $2 + 1)); }
for r in 0-0 0-1048575 1048576-2097151 5-3000000 8388607-8388608 12345678-20000000 19999999-20000000; do
	ok "bytes $r" "get -l led -o r1 --range $r big | grep -qx r1/big.$r && part big ${r%-*} ${r#*-} | cmp - r1/big.$r"
done
ok 'to the end' 'get -l led -o r1 --range 19000000- big | grep -qx r1/big.19000000-20000000 && part big 19000000 20000000 | cmp - r1/big.19000000-20000000'
ok 'and what is beyond it is not asked for' 'get -l led -o r2 --range 19000000-99999999 big | grep -qx r2/big.19000000-20000000 && cmp r1/big.19000000-20000000 r2/big.19000000-20000000'
ok 'all of that from the job for the whole' '[ "$(asked)" -eq "$before" ]'
cp big fresh; glacier-put -s glacier:v --part-size 1M -l led fresh >/dev/null
ok 'a job for whole MiB, where there is none' 'n=$(asked) && get -q -l led -o r3 --range 5000000-9000000 fresh && part fresh 5000000 9000000 | cmp - r3/fresh.5000000-9000000 && [ "$(asked)" -eq $((n + 1)) ]'
ok 'which serves for what is in it' 'n=$(asked) && get -q -l led -o r3 --range 6000000-7000000 fresh && part fresh 6000000 7000000 | cmp - r3/fresh.6000000-7000000 && [ "$(asked)" -eq "$n" ]'
ok 'and not for what is not' 'n=$(asked) && get -q -l led -o r3 --range 6000000-10000000 fresh && [ "$(asked)" -eq $((n + 1)) ]'
ok 'bytes without a tree hash are said to be' 'get -l led -o r4 --range 5000000-9000000 fresh 2>&1 | grep -q "have no tree hash that they could be checked with"'
cp big fresher; glacier-put -s glacier:v --part-size 1M -l led fresher >/dev/null
ok 'those with one are not' 'get -l led -o r4 --range 4194304-8388607 fresher 2>&1 >/dev/null | cmp - /dev/null'
ok 'by id, without a ledger' 'get -q -o r5 --range 0-4194303 -- "$(id fresh)" && part fresh 0 4194303 | cmp - r5/fresh.0-4194303'
ok 'what is here is not fetched again' 'n=$(wc -l <$log) && get -l led -o r4 --range 4194304-8388607 fresher && [ "$(wc -l <$log)" -eq "$n" ]'
dies 2 'range: is for one archive, not for 2' 'two archives' 'get -l led --range 0-1 small leaf'
dies 2 'range: small has only 3893 bytes' 'bytes that it has not' 'get -l led --range 3893- small'
for r in 1 -1 2-1 a-b 1-2-3 ''; do dies 2 'range .*: must be FIRST-LAST' "no range: '$r'" "get -l led --range '$r' small"; done

# what it would cost
cp big priced; glacier-put -s glacier:v -l led priced >/dev/null
printf 'date 2026-01-02\nus-east-1 vault standard 1024 1000 3-5h\nus-east-1 transfer out 512 0\n' >prices
ok 'the cost, and nothing is asked for' 'n=$(asked) && get -n --prices prices -l led -o c1 priced fresh small >c && [ "$(asked)" -eq "$n" ] && [ ! -e c1 ] && cmp c - <<E2
ask	20000001	20.0735	priced
ask	20000001	20.0735	fresh
ready	3893	0.0000	small
total	40000002	40.1470	to ask, prices of 2026-01-02	2	standard	3-5h	us-east-1	vault
total	40003895	19.0753	to transfer
E2'
ok 'of a part' 'get -n --prices prices -l led --range 0-1048575 priced | head -n 1 | grep -qx "ask	1048576	2.0000	priced"'
ok 'what is here costs nothing' 'get -n --prices prices -l led -o o1 small | head -n 1 | grep -qx "here	0	0.0000	small"'
ok 'the file that comes with the program' 'env -u GLACIER_PRICES glacier-get -s glacier:v -n -l led -t bulk priced | grep -q "prices of 20"'
ok 'or that of the environment' 'GLACIER_PRICES=prices get --estimate -l led priced | grep -q 2026-01-02'
dies 3 'prices: has no price for us-east-1, vault, bulk; add a line' 'no such price' 'get -n -t bulk --prices prices -l led priced'
dies 3 'not all sizes are known' 'an id without a ledger' 'get -n --prices prices -- "$(id priced)"'
dies 1 'p: line 3: is not REGION' 'a file that is none' '{ cat prices; echo hello; } | sed 1d >p; get -n --prices p -l led priced'
dies 1 'nosuch: No such' 'no file' 'get -n --prices nosuch -l led priced'
dies 1 'it costs 59.2223 dollars, 40.1470 to ask and 19.0753 to transfer, more than --max-cost 59.2' '--max-cost: more than may be spent' 'n=$(asked); get --max-cost 59.2 --prices prices -l led -o c2 priced fresh small; s=$?; [ "$(asked)" -eq "$n" ] && [ ! -e c2 ] && exit $s'
dies 1 'more than --max-cost 59' 'with -n, too, and the bill is printed' 'get -n --max-cost 59 --prices prices -l led -o c2 priced fresh small >c; s=$?; grep -q "^total	40000002" c && exit $s'
dies 1 'what it costs is not known' 'nor what is not known' 'get --max-cost 99 -t bulk --prices prices -l led -o c2 priced'
ok 'what is cheap enough comes' 'get --max-cost 59.3 --prices prices -l led -o c3 priced fresh small >/dev/null && cmp big c3/priced'
dies 2 '--max-cost 1e3: must be dollars' 'no dollars' 'get --max-cost 1e3 -l led small'
ok 'of a bucket, by the class of each' 'glacier-put --create -s s3://buck >/dev/null && for c in GLACIER DEEP_ARCHIVE STANDARD; do glacier-put -s s3://buck --class $c --name o$c -l led7 leaf >/dev/null || exit; done; n=$(grep -c "POST /buck.*restore" $log)
	printf "date 2026-01-02\nus-east-1 GLACIER bulk 1024 1000 5-12h\nus-east-1 DEEP_ARCHIVE bulk 2048 1000 48h\n" >p3; glacier-get -s s3://buck -n --prices p3 -t bulk -N <led7 >c && cut -f1,2 c | tr "\t\n" ": " | grep -qx "ask:1048577 ask:1048577 ready:1048577 total:2097154 total:3145731 " && grep -qx "total	2097154	5.0000	to ask, prices of 2026-01-02	2	bulk	5-12h,48h	us-east-1	GLACIER,DEEP_ARCHIVE" c && [ "$(grep -c "POST /buck.*restore" $log)" -eq "$n" ]'

# what another client stored
aws() { /usr/bin/aws glacier --endpoint-url "$AWS_ENDPOINT_URL" "$@" --account-id=- --vault-name v; }
ok 'without a description the id is the name' 'aws upload-archive --body small >j; i=$(jq -r .archiveId j) && get -o a1 -- "$i" | grep -qx -e "a1/$i" && cmp small "a1/$i"'
ok 'with one that leads out, too' 'aws upload-archive --body small --archive-description ../../out >j; i=$(jq -r .archiveId j) && get -o a2 -- "$i" | grep -qx -e "a2/$i" && [ ! -e ../out ]'
ok 'a plain one is a name' 'aws upload-archive --body small --archive-description "My photos" >j; i=$(jq -r .archiveId j) && get -o a3 -- "$i" | grep -qx "a3/My photos"'
ok 'a job that another asked for is used' 'aws upload-archive --body small --archive-description theirs >j; i=$(jq -r .archiveId j) && aws initiate-job --job-parameters "{\"Type\":\"archive-retrieval\",\"ArchiveId\":\"$i\"}" >/dev/null && n=$(asked) && get -o a4 -- "$i" | grep -qx a4/theirs && [ "$(asked)" -eq "$n" ]'
ok 'but not one of a part of it' 'cp leaf part && glacier-put -s glacier:v -l led part >/dev/null && aws initiate-job --job-parameters "{\"Type\":\"archive-retrieval\",\"ArchiveId\":\"$(id part)\",\"RetrievalByteRange\":\"0-1048575\"}" >/dev/null && get -l led -o a5 part && cmp leaf a5/part'

ok 'aws reads what we have stored' 'aws initiate-job --job-parameters "{\"Type\":\"archive-retrieval\",\"ArchiveId\":\"$(id big)\"}" | jq -r .jobId >j && aws get-job-output --job-id="$(cat j)" theirs >o && cmp big theirs && jq -r .archiveDescription o | grep -qx big && [ "$(jq -r .checksum o)" = "$(line big | cut -f5)" ]'

# what comes is looked at when it comes
pieces() { grep -c '/output: 20' $log || :; }
ok 'a piece that broke off and was damaged is fetched again, and only that' 'printf "GetJobOutput@1=cut\nGetJobOutput@2=corrupt\n" >rules; n=$(pieces); get -T1 -l led -o d1 big; : >rules; cmp big d1/big && [ "$(pieces)" -eq $((n + 5)) ]'
ok 'what the store itself has damaged gets no name, and no part of it is kept' 'f=$(find vaults -path "*archives*" -size 20000001c | head -n 1); s=$(glacier-put -s glacier:v -l led --name rotten big | cut -f6); f=$(find vaults -name "$s" -path "*archives*" -type f); printf XX | dd of="$f" conv=notrunc bs=1 seek=9000000 2>/dev/null; ! get -l led -o d2 rotten 2>e && grep -q "tree hash" e && [ -z "$(find d2 -type f)" ]'

# what is here already
dies 1 'o14/small: is something else, and is not overwritten' 'another file of that name' 'mkdir o14; cp leaf o14/small; get -l led -o o14 small'
ok 'is left alone' 'cmp leaf o14/small'
dies 1 'is something else' 'even of the same size' 'tr 1 2 <small >o14/small; get -l led -o o14 small'
ok 'a part that a killed run has left is gone on with' 'mkdir o15 && head -c 17000000 big >o15/.big.part && get -v -l led -o o15 big 2>e && cmp big o15/big && grep -q "going on behind 17000000" e'
ok 'a part that is not of it is fetched again' 'mkdir o16 && head -c 17000000 /dev/urandom >o16/.big.part && get -l led -o o16 big && cmp big o16/big'
ok 'nor is one that is too long believed' 'mkdir o17 && cat big leaf >o17/.big.part && get -l led -o o17 big && cmp big o17/big'
ok 'no part is left' '[ -z "$(find . -name "*.part")" ]'

# refusals
dies 1 'zz: is not in led' 'a name that is not in the ledger' 'get -l led zz'
dies 1 'is not the id of an archive; -l names' 'a word that is no id' 'get a/b'
dies 1 'ResourceNotFoundException\|InvalidParameterValueException' 'an id that is nowhere' 'get "$(printf %0138d 0)"'
ok 'does not keep the others from coming' '! get -l led -o o18 "$(printf %0138d 0)" small 2>e && cmp small o18/small'
dies 1 'small: is in glacier:v, not in glacier:w' 'a line of another store' 'line small | glacier-get -N -s glacier:w'
dies 1 'something else under its id' 'a hash that is not of the store' 'line small | sed "s/	3893	./	3893	0/" | get -N -o p1'
ok 'gives no file' '[ ! -e p1/small ]'
dies 1 'something else under its id' 'nor does a wrong size' 'line small | sed "s/	3893	/	3894	/" | get -N -o p1'
dies 1 '\.\./x: is no relative path' 'a name that leads out' 'line small | sed "s/	small	/	..\\/x	/" | get -N -o p2'
dies 1 'led2: line 1: is not a line of a ledger' 'a foreign ledger' 'echo hello >led2; get -l led2 small'
dies 1 'led3: No such' 'no ledger' 'get -l led3 small'
dies 1 'line 2: is cut short' 'a line that is cut short' '{ line small; line leaf | head -c 50; } | get -N -o p3'
dies 1 'Vault not found' 'a vault that does not exist' 'glacier-get -s glacier:nosuch -- "$(id small)"'
dies 77 'the secret key is wrong' 'a wrong secret key' 'AWS_SECRET_ACCESS_KEY=wrong get -l led -o p4 small'
dies 77 'no credentials' 'no keys' 'env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY glacier-get -s glacier:v -l led -o p4 small'
dies 1 'giving up after 2 tries' 'a server that is down' 'AWS_MAX_ATTEMPTS=2 get --endpoint-url http://127.0.0.1:1 -l led -o p4 small'
dies 1 'standard output: No space' 'a full disk behind stdout' 'get -l led -o p5 small >/dev/full'
dies 1 'p6/big: File too large' 'a full disk' "trap '' XFSZ; ulimit -f 20000; get -l led -o p6 big"
ok 'gives no file, and what came is kept' '[ ! -e p6/big ] && [ -s p6/.big.part ] && get -l led -o p6 big && cmp big p6/big'
dies 2 'tier\|-t slow: must be' 'a tier that is none' 'get -t slow x'
dies 2 '^usage: glacier-get' 'nothing to get' 'get'
dies 2 '^usage: glacier-get' 'operands and -N' 'get -N x'
dies 2 '^usage: glacier-get' 'a bad option' 'get -Z'
dies 2 'no store' 'no store' 'glacier-get x'
ok 'help is on stdout' 'glacier-get -h | grep -q "^usage: glacier-get"'

# a vault that takes its time
kill "$server"; wait "$server" 2>/dev/null
rm -rf slow
vault slow --vault v --thaw-delay 2
log=slow.log
glacier-put -s glacier:v -l led4 small leaf >/dev/null
dies 75 '2 of 2 archives are still thawing; run it again' 'not yet' 'get -N -o q <led4'
ok 'nothing is there then' '[ ! -e q ]'
dies 75 'still thawing' 'again' 'get -N -o q <led4'
ok 'and nothing was asked for twice' '[ "$(asked)" -eq 2 ]'
ok 'waiting for it' 'get -w --poll 1 -N -o q <led4 && cmp small q/small && cmp leaf q/leaf && [ "$(asked)" -eq 2 ]'
ok 'all are asked for before the first is waited for' 'cp small s1; cp small s2; cp small s3; glacier-put -s glacier:v -l led5 s1 s2 s3 >/dev/null; n=$(asked); get -N -o r <led5; [ $? -eq 75 ] && [ "$(asked)" -eq $((n + 3)) ] && get -N -w -o r <led5 | wc -l | grep -qx 3'
ok 'the tier is passed on' 'cp small s4; glacier-put -s glacier:v -l led6 s4 >/dev/null; get -N -t bulk -o r <led6; [ $? -eq 75 ] && aws list-jobs | jq -r .JobList[].Tier | grep -qx Bulk'
ok 'the examples of the man page' 'cp small etc.tar.xz.age; glacier-put -s glacier:v -l ledger etc.tar.xz.age >/dev/null; rm etc.tar.xz.age; glacier-get -s glacier:v -l ledger -t bulk etc.tar.xz.age; [ $? -eq 75 ] && glacier-get -s glacier:v -w -N -o back <ledger && cmp small back/etc.tar.xz.age'
finish

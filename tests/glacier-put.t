#!/bin/sh
# shellcheck disable=SC2034,SC2154
. "$(dirname "$0")/lib.sh"

unset AWS_DEFAULT_PROFILE http_proxy
vault vaults --vault v --fault-file rules
HOME=$TMP
export HOME
log=vaults.log
# started FILE: the first line of a server that has just been started in the background
started() { until [ -s "$1" ]; do sleep 0.05; done; head -n 1 "$1"; }
# fake STATUS CODE MESSAGE: a server that answers everything so, its URL in $fake
cat >fake.py <<'E2'
import sys, json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class H(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def do(self):
        self.rfile.read(int(self.headers.get('content-length', 0)))
        body = json.dumps({'code': sys.argv[2], 'message': sys.argv[3], 'type': 'Client'}).encode()
        self.send_response(int(sys.argv[1]))
        self.send_header('x-amzn-RequestId', 'REQUEST17')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    do_GET = do_PUT = do_POST = do_DELETE = do
    def log_message(self, *a): sys.stderr.write('request\n')
s = ThreadingHTTPServer(('127.0.0.1', 0), H)
print('http://127.0.0.1:%d' % s.server_port, flush=True)
s.serve_forever()
E2
fake() {
	rm -f fake.url
	python3 fake.py "$@" >fake.url 2>fake.log </dev/null &
	cleanup="$cleanup kill $!;"
	fake=$(started fake.url)
}
put() { glacier-put -s glacier:v "$@"; }
# the ledger's fields that do not change from run to run
what() { cut -f2-5; }
hash() { treehash "$1" | cut -d' ' -f1; }

seq 1000 >small
head -c 1048576 /dev/urandom >leaf
head -c 5000001 /dev/urandom >big

ok 'a small file' 'put small >l && what <l | cmp - <<E2
glacier:v	small	3893	$(hash small)
E2'
ok 'the line has a time and an id' 'grep -qE "^20[0-9-]{8}T[0-9:]{8}Z	.*	[A-Za-z0-9_-]{40,}$" l'
ok 'and the vault has its bytes' 'cmp small "$(find vaults -type f -size 3893c | head -n 1)"'
for n in 1048575 1048576 1048577 2097152 3145729; do
	head -c $n /dev/urandom >n
	ok "$n bytes in parts of 1M" 'put --part-size 1M n | what | cmp - <<E2
glacier:v	n	$n	$(hash n)
E2'
done
ok 'one byte' 'printf x >n && put n | what | cmp - <<E2
glacier:v	n	1	2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881
E2'
ok 'standard input gives the same as a file' 'put --name big --part-size 1M <big | what >a && cat big | put --name big --part-size 1M | what | cmp - a && put big | what | cmp - a'
ok 'a slow pipe changes nothing' '{ head -c 1500000 big; sleep 0.2; tail -c +1500001 big; } | put --name big --part-size 1M | what | cmp - a'
ok 'any number of threads gives the same' 'put -T1 --part-size 1M big | what | cmp - a && put -T8 --part-size 1M big | what | cmp - a'
ok 'a stream of whole parts' 'head -c 4194304 big | put --name q --part-size 2M | what | cut -f3 | grep -qx 4194304'
ok 'names in, lines out, in order' 'printf "big\nsmall\nleaf\n" | put -N -T4 --part-size 1M | cut -f3 | tr "\n" " " | grep -qx "big small leaf "'
ok 'NUL between names' 'printf "big\0small\0" | put -N0 | cut -f3 | tr "\n" " " | grep -qx "big small "'
ok 'a prefix goes before the name' 'put --prefix host/ small | cut -f3 | grep -qx host/small'
ok 'and before a given one' 'put --prefix host/ --name x small | cut -f3 | grep -qx host/x'
ok '"./" before a name does not count' 'put ./small .//small | cut -f3 | uniq | grep -qx small'
ok 'lines of treehash are taken' 'printf "small\nbig\n" | treehash -N | put -N --part-size 1M | what | sed -n 2p | cmp - a'
ok 'a line is out as soon as its file is stored' '{ echo small; n=0; until [ -s early ] || [ $n = 100 ]; do n=$((n + 1)); sleep 0.05; done; [ -s early ]; s=$?; echo big; exit $s; } | { exec 3<&0; put -N <&3 >early; } && [ "$(wc -l <early)" -eq 2 ]'
ok 'odd names are escaped' 'n=" a\\ü"; cp small "$n"; put "$n" >o; cut -f3 o >x; printf "%s\n" "\\040a\\\\\\303\\274" | cmp - x'
ok 'the store is taken from the environment' 'GLACIER_STORE=glacier:v glacier-put small | what | cut -f1 | grep -qx glacier:v'
ok 'the endpoint and region from options' 'AWS_ENDPOINT_URL=http://127.0.0.1:1 AWS_REGION=nowhere put --endpoint-url $AWS_ENDPOINT_URL --region us-east-1 small | grep -q small'
ok 'silent without -v' 'put small 2>&1 >/dev/null | cmp - /dev/null'
ok 'it makes a vault' 'glacier-put -s glacier:new --create small | cut -f2 | grep -qx glacier:new'
ok 'and only that, without anything to store' 'glacier-put -s glacier:new2 --create | cmp - /dev/null && glacier-put -s glacier:new2 small | grep -q small'

# the ledger
ok 'with -l the same line is in the file' 'put -l led small big >a && cmp a led'
ok 'what is recorded is not stored again, its line is printed' 'n=$(wc -l <$log) && put -l led small big >b && cmp a b && cmp a led && [ "$(wc -l <$log)" -eq "$n" ]'
ok 'nor with its hash' 'printf "small\nbig\n" | treehash -N | put -N -l led | cmp - a'
ok 'what has changed is stored again' 'cp small s2 && put -l led2 s2 >/dev/null && seq 2000 >s2 && put -l led2 s2 | cut -f4 | grep -qx 8893 && [ "$(wc -l <led2)" -eq 2 ]'
ok 'even at the same size' 'tr 1 2 <s2 >s3 && mv s3 s2 && put -l led2 s2 | cut -f5 | grep -qx "$(hash s2)" && [ "$(wc -l <led2)" -eq 3 ]'
ok 'another store is another record' 'glacier-put -s glacier:new -l led small | cut -f2 | grep -qx glacier:new && [ "$(wc -l <led)" -eq 3 ]'
ok 'a last line cut by a crash is replaced' 'cp a led && head -c 100 a >>led && put -l led leaf 2>e >/dev/null && grep -q "led: its last line was cut short" e && [ "$(wc -l <led)" -eq 3 ] && put -l led leaf 2>&1 >/dev/null | cmp - /dev/null'
ok 'two writers at once keep their lines whole' 'for i in 1 2 3 4 5 6 7 8; do cp small w$i; done; put -l led3 w1 w2 w3 w4 >o1 & put -l led3 w5 w6 w7 w8 >o2; wait; sort o1 o2 >x; sort led3 | cmp - x'
dies 1 'led4: line 1: is not a line of a ledger' 'a foreign ledger' 'echo hello >led4; put -l led4 small'
full() { ( trap '' XFSZ; ulimit -f 1; exec "$@" ); }
dies 1 'led5: File too large' 'a ledger that cannot be written' 'cat a a >led5; cp led5 kept; full glacier-put -s glacier:v -l led5 leaf'
ok 'is left as it was' 'cmp kept led5'
dies 1 'leaf: is stored, and its line is: 20' 'and the line is said' 'full glacier-put -s glacier:v -l led5 leaf'
dies 1 'dir/led: No such' 'a ledger in no directory' 'put -l dir/led small'

# refusals
dies 1 'nosuch: No such' 'a missing file' 'put nosuch'
dies 1 'nosuch: No such' 'a missing name stops' 'printf "small\nnosuch\nbig\n" | put -N >o'
ok 'after what went before it' 'cut -f3 o | cmp - <<E2
small
E2'
dies 1 'line 2: is cut short' 'a name that is cut short' 'printf "small\nbi" | put -N'
dies 1 'small: is not what its tree hash says' 'a wrong hash' 'echo "$(hash big)  small" | put -N -l led6'
ok 'and nothing is recorded' '[ ! -s led6 ]'
dies 1 'big: is not what its tree hash says' 'a wrong hash of many parts' 'echo "$(hash small)  big" | put -N --part-size 1M -l led6'
dies 1 'n: is empty' 'an empty file' ': >n; put n'
dies 1 'x: is empty' 'empty input' ': | put --name x'
dies 1 'vaults: is a directory' 'a directory' 'put vaults'
dies 1 '/etc/passwd: is no name' 'an absolute path' 'put /etc/passwd'
dies 1 'only relative paths' 'a path that leads out' 'cp small ../x.$$; put ../x.$$; s=$?; rm ../x.$$; exit $s'
dies 1 'names of 1 to 1024' 'a name that is too long' 'put --name "$(printf %01025d 0)" small'
dies 1 '404 ResourceNotFoundException: Vault not found.*nosuch' 'a vault that does not exist' 'glacier-put -s glacier:nosuch small'
dies 1 'is there a vault nosuch in us-east-1' 'says where it was looked for' 'glacier-put -s glacier:nosuch small'
dies 77 '403 InvalidSignatureException.*the secret key is wrong' 'a wrong secret key' 'AWS_SECRET_ACCESS_KEY=wrongwrong put small'
dies 77 'UnrecognizedClientException.*not known, it came from the environment' 'an unknown access key' 'AWS_ACCESS_KEY_ID=AKIDOTHER put small'
ok 'the secret is in no message' '! AWS_SECRET_ACCESS_KEY=wrongwrong put -v small 2>&1 | grep -q wrongwrong'
dies 77 'no credentials' 'no keys' 'env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY glacier-put -s glacier:v small'
dies 77 'not AWS_SECRET_ACCESS_KEY' 'half a key pair' 'env -u AWS_SECRET_ACCESS_KEY glacier-put -s glacier:v small'
dies 1 'http://127.0.0.1:1: .*giving up after 2 tries' 'a server that is down' 'AWS_MAX_ATTEMPTS=2 AWS_ENDPOINT_URL=http://127.0.0.1:1 put small'
dies 1 'standard output: No space' 'a full disk' 'put small >/dev/full'
dies 1 'standard output: Broken pipe' 'nobody who reads the lines' '{ put small; echo $? >s; } | :; exit $(cat s)'
ok 'a read error commits nothing' '! put --name x --part-size 1M <vaults 2>e; grep -q "x: " e'
dies 2 'needs a name' 'standard input without a name' 'put <small'
dies 2 '^usage: glacier-put' 'a bad option' 'put -Z'
dies 2 'no store' 'no store' 'glacier-put small'
dies 2 'photos: is not the name of a store' 'a store of no kind' 'glacier-put -s photos small'
dies 2 'glacier:a/b: a vault' 'a vault that cannot be' 'glacier-put -s glacier:a/b small'
dies 2 'no region' 'no region' 'env -u AWS_REGION -u AWS_DEFAULT_REGION glacier-put -s glacier:v small'
dies 2 'neither https nor on this machine' 'plain http to elsewhere' 'put --endpoint-url http://192.0.2.1 small'
dies 2 'part-size 3M: must be a power of two' 'a part size that is none' 'put --part-size 3M small'
dies 2 'part-size 512k: must be a size from 1M' 'a part size that is too small' 'put --part-size 512k small'
dies 1 'longer than 10000 parts\|needs larger parts' 'more parts than there may be' 'truncate -s 10486M sparse; put --part-size 1M sparse'
rm -f sparse

# where the keys come from
mkdir .aws
printf '[default]\naws_access_key_id = AKIDTEST\naws_secret_access_key = secret/of+tests\n[other]\naws_access_key_id = AKIDTEST\naws_secret_access_key = wrong\n' >.aws/credentials
printf 'accessKey=AKIDTEST\nsecretKey=secret/of+tests\n' >props
bare() { env -u AWS_CONFIG_FILE -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY "$@"; }
ok 'from the credentials file' 'bare glacier-put -s glacier:v -v small 2>e >o && grep -q "credentials from .*/.aws/credentials: profile default" e'
dies 77 'InvalidSignature' 'from another profile of it' 'AWS_PROFILE=other bare glacier-put -s glacier:v small'
dies 77 'profile nosuch is neither in' 'from no profile' 'AWS_PROFILE=nosuch bare glacier-put -s glacier:v small'
ok 'from a file of properties' 'AWS_SECRET_ACCESS_KEY=wrong glacier-put -s glacier:v --properties props small >/dev/null'
ok 'region and endpoint from the config file' 'printf "[default]\nregion=us-east-1\nendpoint_url=%s\n" "$AWS_ENDPOINT_URL" >.aws/config && env -u AWS_CONFIG_FILE -u AWS_REGION -u AWS_DEFAULT_REGION -u AWS_ENDPOINT_URL glacier-put -s glacier:v small >/dev/null'

# what the service says
fake 503 SlowDown 'Reduce your rate.'
dies 1 'small: 503 SlowDown: Reduce your rate (request REQUEST17), giving up after 2 tries' 'trouble of the service' 'AWS_MAX_ATTEMPTS=2 put --endpoint-url $fake small'
fake 500 ServiceUnavailableException 'Service unavailable.'
dies 1 'giving up after 3 tries' 'is tried again' 'AWS_MAX_ATTEMPTS=3 put --endpoint-url $fake small'
ok 'so many times' '[ "$(wc -l <fake.log)" -eq 3 ]'
fake 400 ThrottlingException 'Rate exceeded'
dies 1 '400 ThrottlingException.*giving up after 2 tries' 'throttling, which is a 400' 'AWS_MAX_ATTEMPTS=2 put --endpoint-url $fake small'
fake 400 LimitExceededException 'Too many.'
dies 1 '400 LimitExceededException: Too many (request REQUEST17)$' 'a limit is not tried again' 'put --endpoint-url $fake small'
fake 400 NoLongerSupportedException 'This API is no longer supported for new accounts.'
dies 1 'NoLongerSupportedException.*closed to new customers' 'an account without vaults' 'put --endpoint-url $fake small'
fake 200 '' ''
dies 1 'x: 200: the answer has no upload id' 'an answer that is none' 'cat small | put --endpoint-url $fake --name x'
dies 1 'small: 200: the list is not as it should be' 'nor is one a list' 'put --endpoint-url $fake small'
fake 301 '' ''
dies 1 'small: 301' 'a redirect is not followed' 'put --endpoint-url $fake small'

ok 'killed midway, it says what is not stored and records nothing' '{ head -c 3000000 big; sleep 1.2; } | { exec 3<&0; glacier-put -s glacier:v -l led7 --name big --part-size 1M <&3 >o 2>e & p=$!; sleep 0.5; kill $p; wait $p; [ $? -eq 143 ] && [ ! -s led7 ] && [ ! -s o ] && grep -q "big: not stored" e; }'

# interrupted, and run again
# sent FILE: parts that the server took while it wrote the log from line $from on
sent() { tail -n +"$from" $log | grep -c '^vaultd: PUT .*: 204' || :; }
mark() { from=$(($(wc -l <$log) + 1)); }
# cut_off WHAT SIGNAL ARGUMENT ...: a run that is ended by a signal when the server has logged a line with WHAT in it
cut_off() {
	w=$1 g=$2; shift 2
	mark
	glacier-put -s glacier:v "$@" >o 2>e & p=$!
	until tail -n +"$from" $log | grep -q "$w" || ! kill -0 $p 2>/dev/null; do sleep 0.05; done
	kill "-$g" $p; wait $p 2>/dev/null
}
part=': 204' begun='multipart-uploads: 201'
uploads() { glacier-ls -s glacier:v --uploads | wc -l; }
put --abort
ok 'nothing is left after --abort' '[ "$(uploads)" -eq 0 ]'
head -c 9000001 /dev/urandom >long
ok 'killed by -9 and run again: no part is sent twice' 'cut_off "$part" 9 -L 4M -T2 --part-size 1M long; [ ! -s o ] && n=$(sent) && [ "$n" -gt 0 ] && [ "$(uploads)" -eq 1 ] && put -v -l led8 long 2>e | what | cut -f3,4 | grep -qx "9000001	$(hash long)" && grep -q "going on with its upload, $n parts are there" e && [ "$(sent)" -eq 9 ] && [ "$(uploads)" -eq 0 ]'
ok 'and of a single part' 'cut_off "$begun" 9 -L 1M leaf; mark; put leaf | grep -q leaf && [ "$(uploads)" -eq 0 ] && tail -n +$from $log | grep -c "POST /-/vaults/v/multipart-uploads: 201" | grep -qx 0'
ok 'SIGTERM says how to go on' 'cut_off "$part" TERM -L 4M -T2 --part-size 1M long; grep -q "long: not stored, [0-9]* of 9000001 bytes were sent; run it again to go on there" e && put -v long 2>e >o && grep -q "going on" e && [ "$(uploads)" -eq 0 ]'
ok 'an upload of other bytes by that name is left alone' 'cut_off "$part" 9 -L 4M -T2 --part-size 1M long; cp long long.1; tr a b <long.1 >long; put -v long 2>e >o && grep -q "upload of other bytes by this name is left alone" e && cut -f5 o | grep -qx "$(hash long)" && [ "$(uploads)" -eq 1 ]'
ok 'until it is aborted by its name' 'put --abort nothing && [ "$(uploads)" -eq 1 ] && put -v --abort long 2>e && [ "$(uploads)" -eq 0 ] && grep -q "long: upload .* removed" e'
ok 'or by what the names begin with' 'cut_off "$part" 9 -L 4M -T2 --part-size 1M long; put --abort --prefix x && [ "$(uploads)" -eq 1 ] && put --abort --prefix lo && [ "$(uploads)" -eq 0 ]'
ok 'stored, but not in the ledger yet: the next run asks for the id, and stores nothing' 'put -l led9 leaf >o9 && awk -F "\t" -v OFS="\t" "{ print }" led9 >kept9 && u=$(grep "POST /-/vaults/v/multipart-uploads/.*: 201" $log | tail -n 1 | sed "s|.*uploads/\([^:]*\): .*|\1|") && awk -F "\t" -v OFS="\t" -v u="$u" "{ \$6 = u; print }" led9 >led9.pending && : >led9 && mark && put -v -l led9 leaf 2>e >o && [ "$(sent)" -eq 0 ] && cut -f2- o9 | cmp - o.2 2>/dev/null; cut -f2- o >o.2; cut -f2- o9 | cmp - o.2 && cut -f2- led9 | cmp - o.2 && [ ! -e led9.pending ] && grep -q "leaf: an earlier run has stored it" e'
ok 'where that is no longer known it is said' 'rm led9; awk -F "\t" -v OFS="\t" "{ \$6 = \"nosuchupload\"; print }" kept9 >led9.pending; put -l led9 leaf 2>e >o && grep -q "leaf: an earlier run died while storing it, .* no longer knows" e && [ "$(wc -l <led9)" -eq 1 ]'
dies 1 'led9.pending: leaf: is for glacier:w; finish that first' 'what is pending for another store' 'sed "s/glacier:v/glacier:w/" kept9 >led9.pending; put -l led9 leaf'
ok 'nothing pending, no file of it' 'rm led9.pending; put -l led9 leaf >o && [ ! -e led9.pending ]'
dies 1 'changing: changed while it was uploaded' 'a file that changes while it is sent' 'cp big changing; (sleep 0.4; echo x >>changing) & put -L 5M -T2 --part-size 1M changing'
dies 1 'changing: changed while it was uploaded' 'even if it has the same length' 'cp big changing; (sleep 0.4; printf x | dd of=changing conv=notrunc bs=1 seek=4999990 2>/dev/null) & put -L 5M -T2 --part-size 1M changing'
dies 1 'changing: changed while it was uploaded' 'or becomes shorter' 'cp big changing; (sleep 0.4; truncate -s 4000000 changing) & put -L 5M -T2 --part-size 1M changing'
ok 'leaves no upload' '[ "$(uploads)" -eq 0 ]'
ok 'the rate is kept by all threads together' 'b=$(date +%s%N); put -L 5M -T4 --part-size 1M big >o; e=$(date +%s%N); [ $(((e - b) / 1000000)) -ge 850 ]'
ok 'SIGUSR2 lifts it' '{ glacier-put -s glacier:v -L 4k --part-size 1M long >o 2>e & p=$!; sleep 0.5; kill -USR2 $p; wait $p; } && grep -q "rate is not limited now" e'
dies 2 'L 5: must be' 'a rate that is none' 'put -L 5 small'
dies 2 '^usage' '--abort and --create' 'put --abort --create'

# an upload that vanishes while it is at work
rule() { printf '%s\n' "$@" >rules; }
ok 'an upload that vanishes is begun anew' 'rule "UploadMultipartPart@3=expire"; put -v --part-size 1M -T2 big 2>e >o; rule; grep -q "big: its upload has vanished, beginning anew" e && cut -f5 o | grep -qx "$(hash big)" && [ "$(uploads)" -eq 0 ] && [ "$(glacier-ls -s glacier:v --fresh | grep -cF "$(cut -f6 o)")" -eq 1 ]'
ok 'what comes after it waits its turn' 'rule "UploadMultipartPart@4=expire"; printf "big\nsmall\nlong\nleaf\n" | put -v -N -T3 --part-size 1M 2>e | cut -f3,5 >o; rule; grep -q "beginning anew" e && for f in big small long leaf; do printf "%s\t%s\n" $f "$(hash $f)"; done | cmp - o && [ "$(uploads)" -eq 0 ]'
ok 'of a single part, too' 'rule "UploadMultipartPart@1=expire"; put -v leaf 2>e >o; rule; grep -q "leaf: its upload has vanished" e && cut -f5 o | grep -qx "$(hash leaf)"'
dies 1 'big: part .: 404 ResourceNotFoundException.*(request ' 'but not for ever' 'rule "UploadMultipartPart=expire"; put --part-size 1M big; s=$?; rule; exit $s'
dies 1 'x: part 2: 404 ResourceNotFoundException' 'a stream cannot begin anew' 'rule "UploadMultipartPart@2=expire"; cat big | put --name x --part-size 1M -T1; s=$?; rule; exit $s'
ok 'pipes by their names, one behind the other' 'mkfifo p1 p2; { cat big >p1; cat long >p2; } & put -T2 --part-size 1M p1 p2 | cut -f3,5 >o; wait; printf "p1\t%s\np2\t%s\n" "$(hash big)" "$(hash long)" | cmp - o'
ok 'help is on stdout' 'glacier-put -h | grep -q "^usage: glacier-put"'
ok 'SIGUSR1 is a line, not death' '{ cat small; sleep 0.6; } | { exec 3<&0; glacier-put -s glacier:v --name x <&3 >o 2>e & p=$!; sleep 0.3; kill -USR1 $p; wait $p && grep -q "glacier-put: .*B/s" e; }'
ok 'the examples of the man page' 'cp small x.age && ls *.age | treehash -N | glacier-put -N -s glacier:v -l ledger | grep -q x.age'
finish

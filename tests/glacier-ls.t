#!/bin/sh
# shellcheck disable=SC2034,SC2154
. "$(dirname "$0")/lib.sh"

vault vaults --vault v
log=vaults.log
asked() { grep -c 'POST /-/vaults/v/jobs' $log || :; }
ls() { glacier-ls -s glacier:v "$@"; }
aws() { /usr/bin/aws glacier --endpoint-url "$AWS_ENDPOINT_URL" "$@" --account-id=- --vault-name v; }
# stored DESCRIPTION: a client that is not ours stores something under it; the name it is listed by then
stored() {
	aws upload-archive --body small --archive-description "$1" >j && ls --fresh >l && awk -F '\t' -v i="$(jq -r .archiveId j)" '$6 == i { print $3 }' l
}

seq 1000 >small
dies 1 'no inventory yet.*; the first inventory of a vault is made within a day' 'a vault that never had anything' 'ls'
odd=$(printf 'na\303\257ve \\ name')
mkdir dir && cp small "$odd" && cp small dir/deep && head -c 3000000 /dev/urandom >big
glacier-put -s glacier:v -l led small big dir/deep "$odd" >/dev/null
ok 'the inventory is the ledger' 'ls --fresh >l && cut -f2- led | sort >a && cut -f2- l | sort | cmp - a'
ok 'its times are times' 'cut -f1 l | grep -qvE "^20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-9:]{8}Z$" && exit 1; :'
ok 'glacier-get takes its lines' 'glacier-get -s glacier:v -N -o back <l >/dev/null && cmp big back/big && cmp small "back/$odd"'
ok 'a second look asks for nothing' 'n=$(asked) && ls | cmp - l && [ "$(asked)" -eq "$n" ]'
ok '-v says as of when it is' 'ls -v 2>&1 >/dev/null | grep -Eqx "glacier-ls: glacier:v: as of $(date -u +%Y)-..-..T..:..:..Z"'
ok 'silent' 'ls 2>&1 >/dev/null | cmp - /dev/null'
ok 'the store from the environment' 'GLACIER_STORE=glacier:v glacier-ls | cmp - l'

# Names that others gave.
mt() { printf 'mt%s %s' "$1" "$(printf %s "$2" | base64 -w0 | tr +/ -_ | tr -d =)"; }
ok 'plain' 'stored "My photos" | grep -qx "My photos"'
ok 'nothing: the id' 'aws upload-archive --body small >j; i=$(jq -r .archiveId j); ls --fresh | cut -f3 | grep -qx -e "$i"'
ok 'mt-aws-glacier' 'stored "$(mt 2 "{\"mtime\":\"20130101T000000Z\",\"filename\":\"dir/f?le>.txt\"}")" | grep -qxF "dir/f?le>.txt"'
ok 'its umlauts' 'stored "$(mt 2 "{\"filename\":\"$(printf "\303\244")\",\"mtime\":\"20130101T000000Z\"}")" | grep -qxF "\\303\\244"'
ok 'its first form' 'stored "$(mt 1 "{\"filename\":\"$(printf "\303\203\302\244")\",\"mtime\":\"20130101T000000Z\"}")" | grep -qxF "\\303\\244"'
ok 'FastGlacier' 'stored "<m><v>4</v><p>$(printf a/b | base64)</p><lm>20130101T000000Z</lm></m>" | grep -qx a/b'
ok 'what only looks like one of them' 'stored "mt2 nothing at all" | grep -qx "mt2 nothing at all"'
ok 'a backslash' 'stored "C:\\Users" | grep -qxF "C:\\\\Users"'

# The other lists.
ok 'vaults' 'glacier-put --create -s glacier:w && glacier-ls -s glacier: --vaults | cut -f2 >n && printf "glacier:v\nglacier:w\n" | cmp - n'
ok 'with how much is in them' 'glacier-ls -s glacier:v --vaults | awk -F "\t" "\$2 == \"glacier:v\" && \$3 > 4 && \$4 > 3000000 { good = 1 } END { exit !good }"'
ok 'jobs' 'ls --jobs | cut -f2,5 | sort -u | grep -qx "ready	-" && ls --jobs | awk -F "\t" "NF != 6 { exit 1 }"'
ok 'of an archive' 'i=$(cut -f6 led | head -n1) && ls --jobs | cut -f5 | grep -qxF -e "$i"'
ok 'no uploads' 'ls --uploads | cmp - /dev/null'
ok 'an upload' 'aws initiate-multipart-upload --part-size 1048576 --archive-description "half a thing" >j; ls --uploads >u; cut -f2-4 u | grep -qx "glacier:v	half a thing	1048576" && cut -f5 u | grep -qxF -e "$(jq -r .uploadId j)"'

# Refusals.
dies 1 'Vault not found' 'a vault that does not exist' 'glacier-ls -s glacier:nosuch'
dies 77 'the secret key is wrong' 'a wrong secret' 'AWS_SECRET_ACCESS_KEY=wrong ls'
dies 77 'no credentials' 'no keys' 'env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY glacier-ls -s glacier:v'
dies 1 'giving up after 2 tries' 'a server that is down' 'AWS_MAX_ATTEMPTS=2 ls --endpoint-url http://127.0.0.1:1'
dies 1 'standard output: No space' 'a full disk' 'ls >/dev/full'
dies 2 'a vault.s name is' 'no vault' 'glacier-ls -s glacier:'
dies 2 'no store' 'no store' 'glacier-ls'
dies 2 '^usage: glacier-ls' 'two lists' 'ls --jobs --uploads'
dies 2 '^usage: glacier-ls' 'an operand' 'ls x'
dies 2 '^usage: glacier-ls' 'a bad option' 'ls -Z'
ok 'help is on stdout' 'glacier-ls -h | grep -q "^usage: glacier-ls"'
ok 'the examples of the man page' 'glacier-ls -s glacier:v -w >ledger && [ -s ledger ] && glacier-ls -s glacier:v --uploads >/dev/null'

# An inventory that takes its time.
kill "$server"; wait "$server" 2>/dev/null
vault slow --vault v --thaw-delay 2
log=slow.log
glacier-put -s glacier:v small >line
dies 75 'the inventory was asked for and is not ready; run it again' 'not yet' 'ls'
dies 75 'is not ready' 'again' 'ls'
ok 'it was asked for once' '[ "$(asked)" -eq 1 ]'
ok 'waiting' 'ls -w --poll 1 | cut -f2- >l && cut -f2- line | cmp - l && [ "$(asked)" -eq 1 ]'
dies 75 'is not ready' 'a fresh one' 'ls --fresh'
ok 'is another job, one' '[ "$(asked)" -eq 2 ] && { ls --fresh; [ $? -eq 75 ]; } && [ "$(asked)" -eq 2 ]'
kill "$server"; wait "$server" 2>/dev/null

# A server that answers what it is told to, to see what is made of it.
cat >fake.py <<'P'
import http.server, json, sys, itertools
mode = sys.argv[1]
h64 = "0" * 64
def text(n):
    yield '{"VaultARN":"arn","InventoryDate":"2026-01-01T00:00:00Z","ArchiveList":['
    for i in range(n):
        yield '%s{"ArchiveId":"%0138d","ArchiveDescription":"host/20261123T101500Z/chunk.%06d","CreationDate":"2026-01-01T00:00:00.123Z","Size":%d,"SHA256TreeHash":"%s"}' % ("," if i else "", i, i, i, h64)
    yield ']}'
class H(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *a): pass
    def reply(self, body, status=200, **k):
        self.send_response(status)
        for a, b in k.items(): self.send_header(a.replace("_", "-"), b)
        self.send_header("Content-Length", str(len(body))); self.end_headers(); self.wfile.write(body)
    def do_GET(self):
        n = int(sys.argv[2])
        if not self.path.endswith("/output"):
            job = dict(JobId="J", Action="InventoryRetrieval", StatusCode="Succeeded", Completed=True, ArchiveId=None, Tier=None,
                CreationDate="2026-01-01T00:00:00.000Z", InventorySizeInBytes=sum(map(len, text(n))), InventoryRetrievalParameters=None)
            return self.reply(json.dumps(dict(JobList=[job], Marker=None)).encode())
        r = self.headers.get("Range")
        if mode == "million":
            self.send_response(200); self.send_header("Content-Length", str(sum(map(len, text(n))))); self.end_headers()
            it = text(n)
            while True:
                piece = "".join(itertools.islice(it, 1000))
                if not piece: return
                self.wfile.write(piece.encode())
        body = "".join(text(n)).encode()
        if mode == "cut": return self.reply(body[:-2])
        if mode == "garbage": return self.reply(body[:500] + b"}" + body[501:])
        if mode == "hash": return self.reply(body.replace(h64.encode(), b"G" * 64))
        if mode == "breaks":
            a = int(r[6:].split("-")[0]) if r else 0
            self.send_response(206 if r else 200); self.send_header("Content-Length", str(len(body) - a))
            if r: self.send_header("Content-Range", "bytes %d-%d/%d" % (a, len(body) - 1, len(body)))
            self.end_headers(); self.wfile.write(body[a:a + 40000]); self.wfile.flush(); self.close_connection = True; self.connection.close(); return
        if mode == "wrongrange":
            self.send_response(200); self.send_header("Content-Length", str(len(body))); self.end_headers()
            self.wfile.write(body[:40000]); self.wfile.flush(); self.close_connection = True; self.connection.close()
s = http.server.ThreadingHTTPServer(("127.0.0.1", 0), H)
print(s.server_port, flush=True)
s.serve_forever()
P
fake() {
	mkfifo port
	python3 fake.py "$@" >port 2>/dev/null & server=$!
	read -r p <port
	rm port
	cleanup="kill $server 2>/dev/null; $cleanup"
	AWS_ENDPOINT_URL=http://127.0.0.1:$p
}
fake breaks 1000
ok 'an answer that breaks off is gone on with' 'ls >l && wc -l <l | grep -qx 1000 && cut -f3 l | sort -u | wc -l | grep -qx 1000'
fake wrongrange 1000
dies 1 'giving up\|other bytes\|is not as it should be' 'but not when it begins anew' 'AWS_MAX_ATTEMPTS=2 ls'
fake cut 10
dies 1 'the inventory is cut short' 'one that is cut short' 'ls'
fake garbage 10
dies 1 'the inventory is not as it should be' 'one that is not JSON' 'ls'
fake hash 10
dies 1 'the inventory is not as it should be' 'one with a hash that is none' 'ls'
fake million 50000
ok 'memory does not grow with it' 'command time -f %M -o m1 glacier-ls -s glacier:v | tail -n1 | cut -f4 | grep -qx 49999 && fake million 100 && command time -f %M -o m2 glacier-ls -s glacier:v >/dev/null; kill $server; [ $(($(cat m1) - $(cat m2))) -lt 4096 ]'
finish

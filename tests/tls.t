#!/bin/sh
# Who may vouch for the service, and what is made of what it refuses.
# shellcheck disable=SC2034,SC2154
. "$(dirname "$0")/lib.sh"

vault store --vault v --fault-file faults
log=store.log
plain=$AWS_ENDPOINT_URL

# A front with TLS before it, for a certificate: its port is $port.
cat >front.py <<'P'
import http.server, http.client, ssl, sys, urllib.parse
up = urllib.parse.urlparse(sys.argv[1])
class H(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *a): pass
    def do(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        c = http.client.HTTPConnection(up.netloc)
        c.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for k, v in self.headers.items(): c.putheader(k, v)
        c.endheaders(body)
        r = c.getresponse(); b = r.read()
        self.send_response(r.status)
        for k, v in r.getheaders():
            if k.lower() not in ("connection", "content-length", "date", "server"): self.send_header(k, v)
        self.send_header("Content-Length", str(len(b))); self.end_headers(); self.wfile.write(b)
    do_GET = do_PUT = do_POST = do_DELETE = do
s = http.server.ThreadingHTTPServer(("127.0.0.1", 0), H)
t = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); t.load_cert_chain(sys.argv[2] + ".crt", sys.argv[2] + ".key")
s.socket = t.wrap_socket(s.socket, server_side=True)
print(s.server_port, flush=True)
s.serve_forever()
P
front() {
	mkfifo port.$1
	python3 front.py "$plain" "$1" >port.$1 2>/dev/null & cleanup="kill $! 2>/dev/null; $cleanup"
	read -r port <port.$1
}
# certificate NAME SUBJECT FIRST LAST: by the authority ca
certificate() {
	openssl req -newkey rsa:2048 -nodes -keyout "$1.key" -subj "/CN=$2" -out "$1.csr" 2>/dev/null
	printf 'subjectAltName=DNS:%s\n' "$2" >"$1.ext"
	openssl ca -batch -config ca.conf -in "$1.csr" -out "$1.crt" -startdate "$3" -enddate "$4" -extfile "$1.ext" -notext 2>ca.err
}
if command -v openssl >/dev/null; then
	for ca in ca other; do openssl req -x509 -newkey rsa:2048 -nodes -keyout $ca.key -out $ca.crt -subj "/CN=test $ca" -days 30 2>/dev/null; done
	mkdir new; : >index; echo 01 >serial
	cat >ca.conf <<-'C'
		[ca]
		default_ca = x
		[x]
		database = index
		serial = serial
		new_certs_dir = new
		certificate = ca.crt
		private_key = ca.key
		default_md = sha256
		policy = p
		unique_subject = no
		[p]
		commonName = supplied
	C
	year=$(date -u +%Y)
	certificate right localhost "$((year - 1))0101000000Z" "$((year + 1))1231000000Z"
	certificate name example.com "$((year - 1))0101000000Z" "$((year + 1))1231000000Z"
	certificate old localhost "$((year - 2))0101000000Z" "$((year - 1))0101000000Z"
	ls() { AWS_CA_BUNDLE=${CA:-$TMP/ca.crt} AWS_ENDPOINT_URL=https://localhost:$port glacier-ls -s glacier:v --uploads; }
	front right
	ok 'the right name by a known authority' 'ls'
	ok 'the authority from the profile' 'mkdir -p .aws && printf "[default]\nca_bundle = %s/ca.crt\n" "$TMP" >.aws/config && AWS_CONFIG_FILE=$TMP/.aws/config AWS_ENDPOINT_URL=https://localhost:$port glacier-ls -s glacier:v --uploads'
	ok 'data goes up and comes back over it' 'seq 100000 >f && AWS_CA_BUNDLE=$TMP/ca.crt AWS_ENDPOINT_URL=https://localhost:$port glacier-put -s glacier:v f >led && AWS_CA_BUNDLE=$TMP/ca.crt AWS_ENDPOINT_URL=https://localhost:$port glacier-get -s glacier:v -N -o back <led >/dev/null && cmp f back/f'
	dies 1 'certificate' 'an unknown authority, tried once' 'CA=$TMP/other.crt ls'
	ok 'nothing was sent to it' 'n=$(wc -l <$log); ! CA=$TMP/other.crt ls 2>e; ! grep -q "tries" e && [ "$(wc -l <$log)" -eq "$n" ]'
	dies 1 'certificate' 'the authorities of the system do not know it either' 'AWS_ENDPOINT_URL=https://localhost:$port glacier-ls -s glacier:v --uploads'
	dies 1 'nosuch.crt' 'a file of authorities that is not there' 'CA=$TMP/nosuch.crt ls'
	front name
	dies 1 'no alternative certificate subject name matches\|does not match' 'another name' 'ls'
	front old
	dies 1 'certificate.*expired\|expired.*certificate' 'one that has expired' 'ls'
else skip 'TLS' 'openssl is not installed'; fi

# What the service refuses, by its code: the status, a pattern of what is said, and whether it is tried again.
AWS_ENDPOINT_URL=$plain
refused() { # EXIT TRIES STATUS CODE PATTERN
	ok "$4" "echo 'ListMultipartUploads=error:$3:$4' >faults; : >$log; AWS_MAX_ATTEMPTS=2 glacier-ls -s glacier:v --uploads 2>e; [ \$? -eq $1 ] && grep -qE '$3 $4.*\\(request [A-Za-z0-9_-]+\\).*$5' e && grep -c uploads $log | grep -qx $2"
}
refused 77 1 403 AccessDeniedException 'the credentials came from the environment'
refused 1 1 400 BadRequest ''
refused 77 1 403 ExpiredTokenException 'get new credentials, these came from the environment'
refused 1 1 503 InsufficientCapacityException 'ask with -t standard'
refused 1 1 400 InsufficientCapacityException 'ask with -t standard'
refused 1 1 400 InvalidParameterValueException ''
refused 77 1 403 InvalidSignatureException 'the secret key is wrong'
refused 77 1 400 InvalidSignatureException 'the secret key is wrong'
refused 1 1 400 LimitExceededException ''
refused 77 1 400 MissingAuthenticationTokenException ''
refused 1 1 400 MissingParameterValueException ''
refused 1 1 400 NoLongerSupportedException 'use -s s3://BUCKET'
refused 1 1 400 PolicyEnforcedException 'data retrieval policy forbids it'
refused 1 2 408 RequestTimeoutException 'giving up after 2 tries'
refused 1 1 404 ResourceNotFoundException ''
refused 1 1 400 SerializationException ''
refused 1 2 500 ServiceUnavailableException 'giving up after 2 tries'
refused 1 2 400 ThrottlingException 'giving up after 2 tries'
refused 1 2 403 ThrottlingException 'giving up after 2 tries'
refused 77 1 400 UnrecognizedClientException 'the access key is not known'
refused 1 2 503 SlowDown 'giving up after 2 tries'
: >faults

# The clock, of a service that is an hour ahead or behind.
for off in 3600 -3600; do
	mkfifo url
	vaultd -v -d store$off --vault v --clock $off >url 2>clock$off.log & cleanup="kill $! 2>/dev/null; $cleanup"
	read -r far <url
	rm url
	ok "a clock that is $off seconds wrong is set by the service" 'AWS_ENDPOINT_URL=$far glacier-put -s glacier:v --name clock store.log >led && [ "$(grep -c ": 403" clock$off.log)" -ge 1 ] && AWS_ENDPOINT_URL=$far glacier-get -s glacier:v -N -o clock$off <led >/dev/null && cmp store.log clock$off/clock'
	ok 'once for all calls of a program' 'n=$(grep -c ": 403" clock$off.log); AWS_ENDPOINT_URL=$far glacier-put -s glacier:v -T1 --part-size 1M --name clock f >led && [ "$(grep -c ": 403" clock$off.log)" -eq $((n + 1)) ]'
done

# Proxies.
ok 'a proxy is asked, unless the host needs none' 'http_proxy=http://127.0.0.1:1 AWS_MAX_ATTEMPTS=1 glacier-ls -s glacier:v --uploads 2>/dev/null; [ $? -eq 1 ] && http_proxy=http://127.0.0.1:1 no_proxy=127.0.0.1 glacier-ls -s glacier:v --uploads'
finish

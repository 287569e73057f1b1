#!/bin/sh
# Where the keys come from, with little servers in place of STS, the container's and the machine's.
# shellcheck disable=SC2034,SC2154
. "$(dirname "$0")/lib.sh"

cat >keys.py <<'P'
import http.server, json, sys, time, urllib.parse
# What each path gives; the log on stderr tells what was asked.
KEY, SECRET, TOKEN = "AKIDTEST", "secret/of+tests", "session-token"
asked = {}
def when(s): return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + s))
class H(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *a): pass
    def reply(self, text, status=200):
        b = text.encode()
        self.send_response(status); self.send_header("Content-Length", str(len(b))); self.end_headers(); self.wfile.write(b)
    def keys(self, secret=SECRET, last=3600, **more):
        self.reply(json.dumps(dict(AccessKeyId=KEY, SecretAccessKey=secret, Token=TOKEN, Expiration=when(last), **more)))
    def say(self, what):
        asked[what] = asked.get(what, 0) + 1
        sys.stderr.write(what + "\n"); sys.stderr.flush()
    def do_PUT(self):
        if self.path == "/latest/api/token" and self.headers.get("X-aws-ec2-metadata-token-ttl-seconds"):
            self.say("imds token"); return self.reply("IMDSTOKEN")
        self.reply("", 404)
    def do_GET(self):
        if self.path.startswith("/latest/meta-data/iam/security-credentials/"):
            if self.headers.get("X-aws-ec2-metadata-token") != "IMDSTOKEN": return self.reply("", 401)
            if self.path.endswith("/"): self.say("imds role"); return self.reply("the-role")
            self.say("imds keys"); return self.keys(Code="Success", Type="AWS-HMAC")
        self.say("container " + self.path + " " + str(self.headers.get("Authorization")))
        if self.path == "/ecs": return self.keys()
        if self.path == "/eks": return self.keys() if self.headers.get("Authorization") == "POD" else self.reply("", 403)
        if self.path == "/old": return self.keys(secret="old" if asked["container /old None"] == 1 else SECRET, last=-10 if asked["container /old None"] == 1 else 3600)
        if self.path == "/bad": return self.reply("{}")
        if self.path == "/busy": return self.reply("", 503) if asked["container /busy None"] < 3 else self.keys()
        self.reply("", 404)
    def do_POST(self):
        q = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        auth = self.headers.get("Authorization", "")
        self.say("sts %s %s %s %s" % (q["Action"], q["RoleArn"], q.get("ExternalId"), "signed" if "/sts/aws4_request" in auth else "unsigned"))
        if q["RoleArn"].endswith("/no"):
            return self.reply("<ErrorResponse><Error><Code>AccessDenied</Code><Message>not you</Message></Error></ErrorResponse>", 403)
        if q["RoleArn"].endswith("/busy") and sum(v for k, v in asked.items() if "/busy" in k) < 2:
            return self.reply("<ErrorResponse><Error><Code>IDPCommunicationError</Code></Error></ErrorResponse>", 400)
        if q["Action"] == "AssumeRoleWithWebIdentity" and q["WebIdentityToken"] != "JWT": return self.reply("", 400)
        self.reply("<R xmlns='https://sts.amazonaws.com/doc/2011-06-15/'><%sResult><Credentials><AccessKeyId>%s</AccessKeyId><SecretAccessKey>%s</SecretAccessKey>"
            "<SessionToken>%s</SessionToken><Expiration>%s</Expiration></Credentials></%sResult></R>" % (q["Action"], KEY, SECRET, TOKEN, when(3600), q["Action"]))
s = http.server.ThreadingHTTPServer(("127.0.0.1", 0), H)
print(s.server_port, flush=True)
s.serve_forever()
P
mkfifo port
python3 keys.py >port 2>keys.log & keys=$!
cleanup="kill $keys 2>/dev/null; $cleanup"
read -r p <port
K=http://127.0.0.1:$p
mkfifo url
AWS_ACCESS_KEY_ID=AKIDTEST AWS_SECRET_ACCESS_KEY=secret/of+tests AWS_SESSION_TOKEN=session-token vaultd -d v --vault v --fault 'ListMultipartUploads@3=token' >url 2>/dev/null & server=$!
cleanup="kill $server 2>/dev/null; $cleanup"
read -r V <url

# ls NAME=VALUE ...: glacier-ls with this environment and no other
ls() { env -i PATH="$PATH" LC_ALL=C HOME="$TMP" AWS_EC2_METADATA_DISABLED=true AWS_REGION=us-east-1 AWS_ENDPOINT_URL_GLACIER="$V" AWS_ENDPOINT_URL_STS="$K" "$@" glacier-ls -v -s glacier:v --uploads; }
# from PATTERN NAME=VALUE ...: it works, and says that the keys came from there, and no secret
from() { pattern=$1; shift; ls "$@" 2>said && grep -q "credentials from .*$pattern" said && ! grep -qE 'secret/of|session-token|JWT|POD' said; }
asked() { grep -c "$1" keys.log; }
mkdir .aws

ok 'the environment' 'from "the environment" AWS_ACCESS_KEY_ID=AKIDTEST AWS_SECRET_ACCESS_KEY=secret/of+tests AWS_SESSION_TOKEN=session-token'
ok 'the machine' 'from "the machine" AWS_EC2_METADATA_DISABLED=false AWS_EC2_METADATA_SERVICE_ENDPOINT=$K/ && [ $(asked "imds keys") -eq 1 ]'
ok 'expired: the service says so, and others are got' 'from "the machine" AWS_EC2_METADATA_DISABLED=false AWS_EC2_METADATA_SERVICE_ENDPOINT=$K && [ $(asked "imds keys") -eq 3 ]'
dies 77 'no credentials.*the machine has none' 'no machine' 'ls AWS_EC2_METADATA_DISABLED=false AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:1'
ok 'a container' 'from "the container" AWS_CONTAINER_CREDENTIALS_FULL_URI=$K/ecs'
ok 'with a token in a file' 'echo POD >pod; from "the container" AWS_CONTAINER_CREDENTIALS_FULL_URI=$K/eks AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=$TMP/pod'
ok 'in a variable' 'from "the container" AWS_CONTAINER_CREDENTIALS_FULL_URI=$K/eks AWS_CONTAINER_AUTHORIZATION_TOKEN=POD'
ok 'one that is busy' 'from "the container" AWS_CONTAINER_CREDENTIALS_FULL_URI=$K/busy'
ok 'keys that are over are asked for again' 'from "the container" AWS_CONTAINER_CREDENTIALS_FULL_URI=$K/old && [ $(asked "container /old") -eq 2 ]'
dies 77 'the container: .*status 403' 'the wrong token' 'ls AWS_CONTAINER_CREDENTIALS_FULL_URI=$K/eks AWS_CONTAINER_AUTHORIZATION_TOKEN=NO'
dies 77 'gave no keys' 'an answer without keys' 'ls AWS_CONTAINER_CREDENTIALS_FULL_URI=$K/bad'
dies 77 'keys are not taken from there' 'plain http to elsewhere' 'ls AWS_CONTAINER_CREDENTIALS_FULL_URI=http://example.com/x'
dies 77 'holds a newline' 'a token with a newline' 'ls AWS_CONTAINER_CREDENTIALS_FULL_URI=$K/eks AWS_CONTAINER_AUTHORIZATION_TOKEN="$(printf "POD\nX-Evil: 1")"'

cat >.aws/config <<'C'
[default]
region = us-east-1
[profile plain]
aws_access_key_id = AKIDTEST
aws_secret_access_key = wrong
[profile role]
role_arn = arn:aws:iam::1:role/r
source_profile = base
external_id = ext/1
[profile chained]
role_arn = arn:aws:iam::1:role/second
source_profile = role
[profile denied]
role_arn = arn:aws:iam::1:role/no
source_profile = base
[profile loop]
role_arn = arn:aws:iam::1:role/r
source_profile = loop2
[profile loop2]
role_arn = arn:aws:iam::1:role/r
source_profile = loop
[profile sourceless]
role_arn = arn:aws:iam::1:role/r
[profile mfa]
role_arn = arn:aws:iam::1:role/r
source_profile = base
mfa_serial = arn:aws:iam::1:mfa/x
[profile env]
role_arn = arn:aws:iam::1:role/r
credential_source = EcsContainer
[profile web]
role_arn = arn:aws:iam::1:role/busy
web_identity_token_file = WEB
[profile process]
credential_process = sh -c 'cat "$HOME/out.json"' ignored
[profile failing]
credential_process = sh -c "exit 3"
[profile absent]
credential_process = /nosuch/program
[profile sso]
sso_start_url = https://example.com
C
sed -i "s#WEB#$TMP/jwt#" .aws/config
cat >.aws/credentials <<'C'
[base]
aws_access_key_id = BASE
aws_secret_access_key = base-secret
C
echo JWT >jwt
ok 'a role by the keys of another profile' 'from "profile role: role arn:aws:iam::1:role/r" AWS_PROFILE=role && grep -qx "sts AssumeRole arn:aws:iam::1:role/r ext/1 signed" keys.log'
ok 'a role upon a role' 'from "role/second" AWS_PROFILE=chained'
ok 'a role by the keys of a container' 'from "profile env: role" AWS_PROFILE=env AWS_CONTAINER_CREDENTIALS_FULL_URI=$K/ecs'
ok 'a token of an identity provider' 'from "the token in" AWS_WEB_IDENTITY_TOKEN_FILE=$TMP/jwt AWS_ROLE_ARN=arn:aws:iam::1:role/r && grep -q "AssumeRoleWithWebIdentity arn:aws:iam::1:role/r None unsigned" keys.log'
ok 'the profile names it, and the provider is slow' 'from "the token in" AWS_PROFILE=web'
dies 77 'STS: .*status 403 AccessDenied: not you' 'a role that is refused' 'ls AWS_PROFILE=denied'
dies 77 'too many roles' 'roles in a ring' 'ls AWS_PROFILE=loop'
dies 77 'neither source_profile nor credential_source' 'a role without keys' 'ls AWS_PROFILE=sourceless'
dies 77 'wants a code from a device' 'a role that wants a code' 'ls AWS_PROFILE=mfa'
dies 77 'no role is named' 'a token without a role' 'ls AWS_WEB_IDENTITY_TOKEN_FILE=$TMP/jwt'
dies 77 'nosuch: No such file' 'a token that is not there' 'ls AWS_WEB_IDENTITY_TOKEN_FILE=/nosuch AWS_ROLE_ARN=x'
dies 77 'neither https nor on this machine' 'an STS over plain http elsewhere' 'ls AWS_PROFILE=role AWS_ENDPOINT_URL_STS=http://sts.example.com'

echo '{"Version":1,"AccessKeyId":"AKIDTEST","SecretAccessKey":"secret/of+tests","SessionToken":"session-token"}' >out.json
ok 'a process' 'from "credential_process of profile process" AWS_PROFILE=process'
dies 77 'sh: failed with status 3' 'one that fails' 'ls AWS_PROFILE=failing'
dies 77 '/nosuch/program: No such file' 'one that is not there' 'ls AWS_PROFILE=absent'
dies 77 'did not print keys of version 1' 'one of another version' 'echo "{\"Version\":2}" >out.json; ls AWS_PROFILE=process'
dies 77 'gave no keys' 'one without keys' 'echo "{\"Version\":1}" >out.json; ls AWS_PROFILE=process'
dies 77 'a login by browser is of no use here' 'a login by browser' 'ls AWS_PROFILE=sso'
dies 77 'it came from the config file: profile plain' 'keys that are refused: their source is named' 'ls AWS_PROFILE=plain'
dies 77 'no credentials' 'nothing' 'ls'
ok 'a file of keys' 'printf "AWSAccessKeyId=AKIDTEST\nAWSSecretKey=wrong\n" >file; ls AWS_CREDENTIAL_FILE=$TMP/file 2>said; [ $? -eq 77 ] && grep -q "credentials from $TMP/file" said'
finish

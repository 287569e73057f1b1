# shellcheck shell=sh
# Sourced by every tests/*.t: TAP on stdout, a scratch directory as working directory, the build first in PATH.
#   ok NAME COMMAND              COMMAND exits 0
#   dies STATUS PATTERN NAME COMMAND   COMMAND exits STATUS, its stderr matches PATTERN
#   skip NAME REASON             said aloud, so that silence is never coverage
# BUILD names the build to test (default: build/ of the tree).
here=$(cd "$(dirname "$0")/.." && pwd)
PATH=${BUILD:-$here/build}:$PATH
LC_ALL=C
TMP=$(mktemp -d "${TMPDIR:-/tmp}/glacier-test.XXXXXX") && cd "$TMP" || exit 1
export PATH LC_ALL TMP here
count=0 failed=0 cleanup=
trap 'eval "$cleanup"; cd /; rm -rf "$TMP"' EXIT
trap 'exit 130' INT TERM

result() { # STATUS NAME
	count=$((count + 1))
	if [ "$1" -eq 0 ]; then echo "ok $count - $2"; return; fi
	echo "not ok $count - $2"
	failed=$((failed + 1))
	sed 's/^/# /' "$TMP/.err"
}
ok() {
	( eval "$2" ) >"$TMP/.out" 2>"$TMP/.err" </dev/null; r=$?
	[ $r -eq 0 ] || { echo "status $r of: $2"; tail -n 20 "$TMP/.out"; } >>"$TMP/.err"
	result $r "$1"
}
dies() {
	( eval "$4" ) >"$TMP/.out" 2>"$TMP/.err" </dev/null; r=$?
	[ $r -eq "$1" ] && grep -q -e "$2" "$TMP/.err"; r2=$?
	[ $r2 -eq 0 ] || echo "status $r, not $1, or stderr without /$2/: $4" >>"$TMP/.err"
	result $r2 "$3"
}
skip() { count=$((count + 1)); echo "ok $count - $1 # SKIP $2"; }
# vault DIR [OPTION ...]: start vaultd there, with a key pair in the environment; its process is $server, its log DIR.log
vault() {
	AWS_ACCESS_KEY_ID=AKIDTEST AWS_SECRET_ACCESS_KEY=secret/of+tests AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1
	AWS_EC2_METADATA_DISABLED=true AWS_CONFIG_FILE=/dev/null
	export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_REGION AWS_DEFAULT_REGION AWS_EC2_METADATA_DISABLED AWS_CONFIG_FILE
	unset AWS_CA_BUNDLE AWS_SESSION_TOKEN AWS_PROFILE AWS_ENDPOINT_URL_GLACIER GLACIER_STORE
	mkfifo "$TMP/.url"
	vaultd -v -d "$@" >"$TMP/.url" 2>>"$1.log" & server=$!
	read -r AWS_ENDPOINT_URL <"$TMP/.url"
	rm "$TMP/.url"
	export AWS_ENDPOINT_URL server
	cleanup="kill $server 2>/dev/null; $cleanup"
}
# finish: after the last test
finish() { echo "1..$count"; exit $((failed > 0)); }

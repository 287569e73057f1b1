#!/bin/sh
# shellcheck disable=SC2154 # here, of lib.sh
# Where secrets are while seal works: once, in memory that is not swapped, and nowhere else.
. "$(dirname "$0")/lib.sh"

hex() { od -An -v -tx1 | tr -d ' \n'; }
seal-keygen -o id >pub
ssh-keygen -q -t ed25519 -N '' -f ssh
echo 'correct horse battery staple' >pw
identity=$(sed -n 's/^AGE-SECRET-KEY-1//p' id | cut -c 11-50 | tr -d '\n' | hex)
pem=$(sed -n 3p ssh | cut -c 5-50 | tr -d '\n' | hex)
passphrase=$(head -n 1 pw | cut -c 1-20 | tr -d '\n' | hex)
head -c 3000000 /dev/zero | seal -R pub >s

# halfway COMMAND: run it until it waits for more than the first 2 MB, look at its memory, let it go on
halfway() {
	mkfifo in
	eval "$1" <in >out 2>/dev/null & pid=$!
	exec 4>in
	head -c 2000000 s >&4
	sleep 0.5
	"$here/tests/memory" $pid "$identity" "$pem" "$passphrase" >counts 2>err; status=$?
	tr '\0' ' ' </proc/$pid/cmdline >cmdline
	grep VmLck /proc/$pid/status >locked
	tail -c +2000001 s >&4
	exec 4>&-
	wait $pid; ended=$?
	rm in
}

case ${BUILD:-} in
*-*) skip 'secrets in memory' 'a build with sanitizers' ;;
*)
	halfway 'exec seal -d -i id -i ssh --passphrase-fd 3 3<pw'
	if [ $status -ne 0 ]; then skip 'secrets in memory' "$(tail -n 1 err)"; finish; fi
	ok 'it went on' '[ '$ended' -eq 0 ] && [ "$(wc -c <out)" -eq 3000000 ]'
	ok 'the texts of identities are gone, the passphrase is there once' '[ "$(cat counts)" = "0 0 1" ]'
	ok 'in locked memory' '! grep -q " 0 kB" locked || [ "$(ulimit -l)" = 0 ]'
	ok 'no secret is an argument' '! grep -q -i "secret\|horse" cmdline'
	halfway 'exec seal --passphrase-fd 3 --work-factor 10 3<pw'
	ok 'sealing, the passphrase is there once' '[ '$ended' -eq 0 ] && [ "$(cat counts)" = "0 0 1" ]' ;;
esac
finish

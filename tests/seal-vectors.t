#!/bin/sh
# shellcheck disable=SC2154 # here, of lib.sh
# Vectors with one defect each, from scripts/mkvectors; or those in the directory $VECTORS, in the form of C2SP's testkit.
. "$(dirname "$0")/lib.sh"

if [ -n "${VECTORS:-}" ]; then vectors=$VECTORS
else vectors=$TMP/vectors; "$here/scripts/mkvectors" "$vectors" || exit 1
fi

key() { sed -n "1,/^\$/s/^$1: //p" "$vector"; }

# What kind of failure a message tells of.
kind() {
	case $1 in
	'success') echo '^$' ;;
	'no match') echo 'not for any of these identities\|passphrase is wrong\|sealed with a passphrase' ;;
	'HMAC failure') echo 'MAC does not match' ;;
	'header failure') echo 'header\|is not an age file\|version that is not known' ;;
	'payload failure') echo 'damaged.*at byte\|cut short, at byte\|after its end, at byte' ;;
	'armor failure') echo 'the armor\|is not an age file' ;;
	*) echo 'no such kind' ;;
	esac
}

# What stands behind the header of a vector.
unpack() {
	case $(key compressed) in
	'') cat ;;
	zlib) perl -MCompress::Zlib -0777 -ne 'print uncompress($_)' ;;
	esac
}

# Is there something in the header that we do not know?  Then the vector is for others.
foreign() { sed '/^$/q' "$1" | grep -a -v -q -e '^$' -e '^\(expect\|payload\|identity\|passphrase\|armored\|file key\|comment\|plaintext\|says\|ssh\): ' -e '^compressed: zlib$'; }

# Open the vector both ways; what came out is out, what was said is said.
check() {
	vector=$1 set=
	expect=$(key expect) says=$(key says) hash=$(key payload) bytes=$(key plaintext)
	sed '1,/^$/d' "$vector" | unpack >file.age
	key identity >identity; chmod 600 identity
	key passphrase | head -n 1 >passphrase
	key ssh | base64 -d >ssh; chmod 600 ssh
	[ ! -s identity ] || set="$set -i identity"
	[ ! -s ssh ] || set="$set -i ssh"
	[ ! -s passphrase ] || set="$set --passphrase-fd 3"
	rm -f file
	# shellcheck disable=SC2086 # options
	{
		seal -d $set <file.age >out 2>said 3<passphrase; status=$?
		seal -d $set file.age 2>said2 3<passphrase; status2=$?
	}
	{
		echo "stream: status $status, $(wc -c <out) bytes, $(cat said); file: status $status2, $(cat said2); expected: $expect, ${bytes:-?} bytes, $says"
		case $expect in success) want=0 ;; *) want=1 ;; esac
		[ $status -eq $want ] && [ $status2 -eq $want ] && [ ! -e .file.part ] || return 1
		[ $want -eq 1 ] || cmp out file || return 1
		[ $want -eq 0 ] || [ ! -e file ] || return 1
		[ $want -eq 0 ] || grep -q -e "$(kind "$expect")" said || return 1
		[ -z "$says" ] || grep -q -e "$says" said || return 1
		[ "$(sed 's/^seal: standard input: //' said)" = "$(sed 's/^seal: file.age: //' said2)" ] || return 1
		[ -z "$bytes" ] || [ "$(wc -c <out)" -eq "$bytes" ] || return 1
		[ -z "$hash" ] || [ "$(sha256sum <out | cut -d' ' -f1)" = "$hash" ] || return 1
	} >.err 2>&1
}

pq() { seal-keygen --pq >/dev/null 2>&1; }
for v in "$vectors"/*; do
	if foreign "$v"; then skip "${v##*/}" 'has a key in its header that is not known here'; continue; fi
	if grep -a -q '^identity: AGE-SECRET-KEY-PQ-1' "$v" && ! pq; then skip "${v##*/}" 'libsodium knows no post-quantum keys'; continue; fi
	check "$v"
	result $? "${v##*/}: $expect"
done
finish

#!/bin/sh
# shellcheck disable=SC2016 # expanded by ok
# Post-quantum keys: refused where libsodium knows none, else against age, if it knows them.
. "$(dirname "$0")/lib.sh"

# The example of the specification, and the hash of its recipient.
example=AGE-SECRET-KEY-PQ-1XX76JRALNLXDMEW0CRK45QMCCH4X06SE84UN3VPM33W6HWDX0H3SK3ZQFR
seal-keygen -o x >x.pub
head -c 200000 /dev/urandom >in

if ! seal-keygen --pq >/dev/null 2>.err; then
	dies 1 '^seal-keygen: --pq: is a post-quantum key, and the libsodium .* knows none$' 'no post-quantum identity is made' 'seal-keygen --pq -o id'
	ok 'and no file' '[ ! -e id ]'
	dies 1 '^seal: r: line 1: is a post-quantum key, and the libsodium .* knows none$' 'no such recipient' 'echo age1pq1qqqq >r; seal -R r <in'
	dies 2 '^seal: -r age1pq1qqqq\.\.\.: is a post-quantum key' 'also on the command line' 'seal -r age1pq1qqqq <in'
	dies 1 '^seal: i: line 1: is a post-quantum key' 'no such identity' "echo $example >i; chmod 600 i; seal -d -i i <in"
	dies 1 'line 1: is a post-quantum key' 'nor its recipient' "echo $example | seal-keygen -y"
	skip 'post-quantum keys against age' 'built with a libsodium before 1.0.22; scripts/check-sid has a newer one'
	finish
fi

seal-keygen --pq -o id >pub
seal-keygen --pq -o id2 >pub2
seal-keygen --pq -o other >pub3
ok 'an identity and its recipient' 'grep -q "^AGE-SECRET-KEY-PQ-1" id; [ "$(stat -c %a id)" = 600 ]; [ "$(wc -c <pub)" -eq 1960 ] && seal-keygen -y id | cmp - pub'
ok "the specification's example" "echo $example | seal-keygen -y | grep -q '^age1pq1x34nzsvr0rxjsgdn8zgyhfe8j7ceq5r9rdelkjuh3y235'"
dies 2 '^usage' '--pq makes, -y does not' 'seal-keygen --pq -y id'
for n in 0 1 65536 200000; do
	ok "$n bytes: ours opens ours" "head -c $n in >y; seal -R pub <y | seal -d -i id | cmp - y"
done
ok 'two recipients, each opens; in armor' 'seal -a -R pub -R pub2 <in >m; for i in id id2; do seal -d -i $i <m | cmp - in || exit; done'
ok 'two kinds of identities, one fits' 'seal -d -i x -i id2 <m | cmp - in'
dies 1 'not for any of these identities' 'the wrong identity' 'seal -d -i other <m'
dies 1 'not for any of these identities' 'another kind' 'seal -d -i x <m'
dies 1 'give one kind' 'not beside others' 'seal -R pub -R x.pub <in'
dies 1 'line 1: is an age key with a mistake' 'a misspelled recipient' 'sed "s/.\$/q/;s/^\(.\{99\}\)./\1q/" pub >r; seal -R r <in'
dies 1 'line 3: is an age key with a mistake' 'a misspelled identity' 'sed "s/^\(AGE.*\)./\1Q/" id >r; chmod 600 r; seal -d -i r <in'
dies 1 'is an identity and not' 'an identity as recipient' 'seal -R id <in'
# stanza COMMAND: in.age with its share worked on by a command
seal -R pub <in >s
stanza() { { sed -n 1p s; printf -- '-> mlkem768x25519 %s\n' "$(sed -n '2s/.* //p' s | base64 -d 2>/dev/null | eval "$1" | base64 -w0 | tr -d =)"; tail -n +3 s; } >d; }
ok 'the share is read as it is' 'stanza cat; cmp s d'
dies 1 'not for any of these identities' 'its ML-KEM part is damaged' 'stanza "{ printf x; tail -c +2; }"; seal -d -i id <d'
dies 1 'not for any of these identities' 'its X25519 part is damaged' 'stanza "{ head -c 1119; printf x; }"; seal -d -i id <d'
dies 1 'header is malformed, line 3' 'its X25519 part is of low order' 'stanza "{ head -c 1088; head -c 32 /dev/zero; }"; seal -d -i id <d'
dies 1 'header is malformed, line 3' 'it is short' 'stanza "head -c 1119"; seal -d -i id <d'
ok 'many files' 'cp in n1; cp in n2; printf "n1\nn2\n" | seal -N -R pub | seal -dN -i id >l; printf "n1\nn2\n" | cmp - l; cmp n1 in; cmp n2 in'

if ! age-keygen -pq -o age.id 2>/dev/null; then
	skip 'post-quantum keys against age' 'this age knows none; scripts/check-sid has a newer one'
	finish
fi
age-keygen -y age.id >age.pub
ok "age's recipient of our identity" 'age-keygen -y id | cmp - pub'
ok "our recipient of age's identity" 'seal-keygen -y age.id | cmp - age.pub'
for n in 0 1 65535 65536 65537 131072; do
	head -c $n in >y
	ok "$n bytes: age opens ours" 'seal -R pub <y | age -d -i id | cmp - y'
	ok "$n bytes: ours opens age's" 'age -R age.pub y | seal -d -i age.id | cmp - y'
done
ok 'age opens ours, two recipients, armor' 'seal -a -R pub -R age.pub <in >m; for i in id age.id; do age -d -i $i m | cmp - in || exit; done'
ok "ours opens age's, two recipients, armor" 'age -a -R pub -R age.pub in >m; for i in id age.id; do seal -d -i $i <m | cmp - in || exit; done'
ok 'age finds the same faults' 'stanza "{ head -c 1088; head -c 32 /dev/zero; }"; ! age -d -i id d; stanza "{ printf x; tail -c +2; }"; ! age -d -i id d'
ok 'age does not mix them either' '! age -R pub -R x.pub in'
finish

#!/bin/sh
. "$(dirname "$0")/lib.sh"

seal-keygen -o id >pub
seal-keygen -o id2 >pub2
seal-keygen -o other >pub3
seq 400000 >in

for n in 0 1 65535 65536 65537 131072 1048575 1048576 1048577 5000000; do
	head -c $n /dev/urandom >x
	ok "$n bytes: ours opens ours" 'seal -R pub <x | seal -d -i id | cmp - x'
	ok "$n bytes: age opens ours" 'seal -R pub <x | age -d -i id | cmp - x'
	ok "$n bytes: ours opens age's" 'age -R pub x | seal -d -i id | cmp - x'
done
ok 'the overhead is age'"'"'s' '[ "$(seal -R pub <in | wc -c)" -eq "$(age -R pub in | wc -c)" ]'
ok 'armor: age opens ours' 'for n in 0 1 47 48 49 65536 1000000; do head -c $n in >x; seal -a -R pub <x >x.asc && age -d -i id x.asc | cmp - x && seal -d -i id <x.asc | cmp - x || exit; done'
ok "armor: ours opens age's" 'for n in 0 1 47 48 49 65536 1000000; do head -c $n in | age -a -R pub | seal -d -i id >x2 && head -c $n in | cmp - x2 || exit; done'
ok 'armor: lines end with CRLF, with white space around' '{ printf "\n \t\r\n"; sed "s/$/\r/" x.asc; printf "\n\n  "; } | seal -d -i id | cmp - x'
ok 'any number of threads' 'seal -T8 -R pub <in >s; seal -T1 -d -i id <s | cmp - in; seal -T8 -d -i id <s | cmp - in'
ok 'a slow pipe changes nothing' '{ head -c 70000 s; sleep 0.1; tail -c +70001 s; } | seal -d -i id | cmp - in'
ok 'many recipients, each opens' 'seal -r "$(cat pub)" -R pub2 <in >m; for i in id id2; do seal -d -i $i <m | cmp - in && age -d -i $i m | cmp - in; done'
ok 'two identities, one fits' 'seal -d -i other -i id <s | cmp - in'
ok 'a recipients file has comments' 'printf "# me\n\n%s\r\n" "$(cat pub)" >r; seal -R r <in | seal -d -i id | cmp - in'

ok 'a file gets its successor, and stays' 'cp in f; seal -R pub f; [ -f f ] && age -d -i id f.age | cmp - in'
ok 'and comes back' 'rm f; seal -d -i id f.age; cmp f in'
dies 1 'f.age: not overwritten' 'nothing is overwritten' 'seal -R pub f'
ok 'but with -f' 'seal -f -R pub f'
ok '-o names the result' 'seal -R pub -o o.age in; seal -d -i id -o o o.age; cmp o in'
ok 'names in, names out, inputs go' 'cp in n1; seq 9 >n2; printf "n1\nn2\n" | seal -N -R pub >names; printf "n1.age\nn2.age\n" | cmp - names; [ ! -e n1 ] && [ ! -e n2 ] && seal -d -i id <n1.age | cmp - in'
ok 'unless kept' 'cp in n3; echo n3 | seal -Nk -R pub; [ -e n3 ] && [ -e n3.age ]'
ok 'and back' 'printf "n1.age\nn2.age\n" | seal -dN -i id | tr "\n" " " >names; [ "$(cat names)" = "n1 n2 " ] && cmp n1 in'
dies 1 'gone: No such' 'a name that is not there stops' 'cp in n4; printf "gone\nn4\n" | seal -N -R pub'
ok 'before the next' '[ -e n4 ] && [ ! -e n4.age ]'

# Damage: kind, place, and how much came out before.
size=$(wc -c <s)
flip() { cp s d; printf '\377' | dd of=d bs=1 seek="$1" conv=notrunc 2>/dev/null; }
head=$(($(grep -abo -- '^---' s | head -n 1 | cut -d: -f1) + 48))
dies 1 'standard input: is not an age file' 'nothing at all' ': | seal -d -i id'
dies 1 'is not an age file' 'something else' 'seal -d -i id <in'
dies 1 'the armor is malformed, line 3' 'armor with a blank' 'sed "3s/./ &/" x.asc | seal -d -i id'
dies 1 'the armor is cut short' 'armor without its end' 'sed \$d x.asc | seal -d -i id'
dies 1 'stands behind the armor' 'armor with something behind it' '{ cat x.asc; echo hello; } | seal -d -i id'
dies 1 'stands in front of the armor' 'armor with something in front' '{ echo hello; cat x.asc; } | seal -d -i id'
dies 1 'does not begin with' 'armor of something else' 'sed s/FILE/DATA/ x.asc | seal -d -i id'
dies 1 'of a version' 'another version' 'sed "1s/v1/v2/" s | seal -d -i id'
dies 1 'header is malformed' 'a damaged stanza' 'sed "2s/X25519 ./X25519 */" s | seal -d -i id'
dies 1 'header is cut short' 'a cut header' 'head -c 100 s | seal -d -i id'
dies 1 'not for any of these' 'the wrong identity' 'seal -d -i other <s'
dies 1 'MAC does not match' 'a damaged MAC' 'sed "s/^--- ....../--- AAAAAA/" s | seal -d -i id'
dies 1 "is cut short, at byte $head" 'no payload' "head -c $head s | seal -d -i id"
dies 1 "is damaged, at byte $((head + 16))" 'a damaged nonce' "flip $((head + 3)); seal -d -i id <d"
dies 1 "is damaged, at byte $((head + 16 + 65552))" 'a damaged second chunk' "flip $((head + 16 + 65552 + 7)); seal -d -i id <d"
ok 'what came before is out, and no more' "! seal -d -i id <d >o; [ \$(wc -c <o) -eq 65536 ] && head -c 65536 in | cmp - o"
dies 1 'is damaged, at byte' 'a damaged last byte' "flip $((size - 1)); seal -d -i id <d"
dies 1 'is cut short, at byte' 'cut at the end of a chunk' "head -c $((head + 16 + 65552)) s | seal -d -i id"
dies 1 'is damaged, at byte' 'cut inside a chunk' "head -c $((size - 5)) s | seal -d -i id"
dies 1 'is damaged, at byte\|data after' 'one byte too many' '{ cat s; printf x; } | seal -d -i id'
dies 1 'data after its end' 'a full last chunk with more behind it' 'head -c 65536 in | seal -R pub >e; { cat e; head -c 65552 s; } | seal -d -i id'
ok 'a failed open leaves no file' 'cp d x.age; rm -f x; ! seal -d -i id x.age; [ ! -e x ] && [ ! -e .x.part ]'

dies 1 'standard output: No space' 'a full disk' 'seal -R pub <in >/dev/full'
dies 1 'standard output: No space' 'a full disk when opening' 'seal -d -i id <s >/dev/full'
ok 'killed midway leaves nothing' 'mkfifo p; { cat in; sleep 1; } >p & seal -R pub -o k.age p & p=$!; sleep 0.3; kill $p; wait $p; [ $? -eq 143 ] && [ ! -e k.age ] && [ ! -e .k.age.part ]'
dies 2 'not an age recipient' 'a bad recipient' 'seal -r age1qqqq <in'
dies 1 'r: line 2: is not an age recipient' 'a bad recipients file' 'printf "#\nage1foo\n" >r; seal -R r <in'
dies 1 'holds no age recipient' 'an empty recipients file' 'echo "#" >r; seal -R r <in'
dies 1 'line 3: is not an age identity' 'a recipients file as identity' 'sed "s/^AGE.*/AGE-SECRET-KEY-1FOO/" id >r; seal -d -i r <s'
dies 0 'others may read' 'a readable identity is warned of' 'cp id id3; chmod 644 id3; seal -d -i id3 <s'
ok 'the secret is never printed' '! grep -q "AGE-SECRET" .err'
dies 2 '^usage' 'no recipient' 'seal <in'
dies 2 '^usage' 'decryption wants an identity' 'seal -d <s'
finish

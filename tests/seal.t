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
ssh-keygen -q -t ed25519 -N '' -C 'me at home' -f ssh
ssh-keygen -q -t ed25519 -N secret -f locked
ssh-keygen -q -t rsa -b 2048 -N '' -f rsa
for n in 0 1 65535 65536 65537 131072 10485760; do
	head -c $n /dev/urandom >x
	ok "ssh-ed25519, $n bytes: age opens ours" 'seal -R ssh.pub <x | age -d -i ssh | cmp - x'
	ok "ssh-ed25519, $n bytes: ours opens age's" 'age -a -R ssh.pub x | seal -d -i ssh | cmp - x'
done
ok 'an SSH recipient on the command line' 'seal -r "$(cat ssh.pub)" <in | seal -d -i ssh | cmp - in'
ok 'SSH and age recipients, each opens' 'cat ssh.pub pub >r; seal -R r -R pub2 <in >m; for i in id id2 ssh; do seal -d -i $i <m | cmp - in && age -d -i $i m | cmp - in || exit; done'
dies 1 'rsa.pub: line 1: is an SSH key of a type' 'an RSA recipient' 'seal -R rsa.pub <in'
dies 1 'rsa: is an SSH key of a type' 'an RSA identity' 'seal -d -i rsa <m'
dies 1 'locked: is an SSH key under a passphrase' 'an SSH key under a passphrase' 'seal -d -i locked <m'
dies 1 'ssh.cut: is a damaged SSH key' 'a damaged SSH key' 'sed 3d ssh >ssh.cut; chmod 600 ssh.cut; seal -d -i ssh.cut <m'
dies 1 'ssh.pub: line 1: is a recipient and not an identity' 'a recipient as identity' 'chmod 600 ssh.pub; seal -d -i ssh.pub <m'
dies 1 'id: line 3: is an identity and not a recipient' 'an identity as recipient' 'seal -R id <in'
dies 2 '^seal: -r \.\.\.: is an identity' 'and never repeated' 'seal -r "$(grep AGE id)" <in'
dies 1 'line 2: is a key for an age plugin' 'a plugin' 'printf "#\nage1yubikey1qwer\n" >r; seal -R r <in'
dies 2 'is an age key with a mistake' 'a recipient of low order' 'seal -r age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqdp6ezr <in'

for i in 1 2 3 4 5 6 7 8 9 10; do seal-keygen -o many$i; done >many
ok 'a hundred recipients: age opens ours' 'for i in 1 2 3 4 5 6 7 8 9 10; do cat many; done | seal -R - -o m.age in; for i in 1 5 10; do age -d -i many$i m.age | cmp - in || exit; done'
ok "a hundred recipients: ours opens age's" 'for i in 1 2 3 4 5 6 7 8 9; do cat many many; done | age -R - in >m2; for i in 1 5 10; do seal -d -i many$i <m2 | cmp - in || exit; done'
dies 1 'too many recipients' 'more recipients than a header takes' 'yes "$(cat pub)" | head -n 12000 | seal -R - -o toomany.age in'
ok 'leave no file' '[ ! -e toomany.age ] && [ ! -e .toomany.age.part ]'

echo swordfish >pw
echo shark >pw2
ok 'a passphrase from a descriptor' 'seal --passphrase-fd 3 <in >p 3<pw; seal -d --passphrase-fd 3 <p 3<pw | cmp - in; grep -a -q "^-> scrypt .* 18$" p'
ok 'of less work' 'seal --work-factor 10 --passphrase-fd 3 <in >p 3<pw; grep -a -q "^-> scrypt .* 10$" p'
ok 'from the first line of standard input' '{ cat pw p; } | seal -d --passphrase-fd 0 | cmp - in'
ok 'also without its newline' 'printf swordfish | seal -d --passphrase-fd 3 3<&0 <p | cmp - in'
dies 1 'standard input: the passphrase is wrong' 'the wrong passphrase' 'seal -d --passphrase-fd 3 <p 3<pw2'
dies 1 'asks for more work' 'more work than allowed' 'seal -d --work-factor 9 --passphrase-fd 3 <p 3<pw'
dies 1 'sealed with a passphrase; give it with -p' 'a passphrase, not an identity' 'seal -d -i id <p'
dies 1 'empty passphrase' 'no passphrase' 'seal --passphrase-fd 3 <in 3</dev/null'
dies 1 'fd 9: Bad file' 'no descriptor' 'seal --passphrase-fd 9 <in'
dies 1 'File too large' 'a passphrase without end' 'seal --passphrase-fd 3 <in 3</dev/zero'
dies 1 'cannot be asked for' 'no terminal' 'setsid -w seal -p <in'
dies 2 '^usage' 'work without a passphrase' 'seal --work-factor 10 -R pub <in'
dies 2 'from 1 to 22' 'more work than anybody opens' 'seal --work-factor 23 --passphrase-fd 3 <in 3<pw'
dies 2 '^usage' 'a passphrase is alone' 'seal -p -R pub <in'
ok 'an identity file under a passphrase' 'seal --work-factor 10 --passphrase-fd 3 <id >id.age 3<pw; chmod 600 id.age; seal -R pub <in | seal -d -i id.age --passphrase-fd 3 3<pw | cmp - in'
ok 'and in armor, with an SSH key in it' 'seal -a --work-factor 10 --passphrase-fd 3 <ssh >ssh.age 3<pw; chmod 600 ssh.age; seal -R ssh.pub <in | seal -d -i ssh.age --passphrase-fd 3 3<pw | cmp - in'
dies 1 'id.age: the passphrase is wrong' 'its passphrase is wrong' 'seal -d -i id.age --passphrase-fd 3 3<pw2 <m'
dies 1 'id.cut: is damaged' 'it is damaged' 'head -c -20 id.age >id.cut; chmod 600 id.cut; seal -d -i id.cut --passphrase-fd 3 3<pw <p'
ok 'it may be sealed to an identity that comes before' 'seal -R pub2 <id >id.age2; chmod 600 id.age2; seal -R pub <in | seal -d -i id2 -i id.age2 | cmp - in'
dies 2 'standard input cannot be keys and' 'one standard input' 'seal -d -i - <m'
ok 'keys from standard input' 'seal -f -R - -o x.age x <pub; seal -d -i - x.age -o - <id | cmp - x'
ok 'armor through a slow pipe' 'head -c 3000 in >x; seal -a -R pub <x | dd bs=1 2>/dev/null | seal -d -i id | cmp - x'
dies 1 'standard output: No space' 'armor and a full disk' 'seal -a -R pub <in >/dev/full'
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

# Memory does not grow with the input, nor with the threads: KiB.
peak() { command time -q -f %M -o ".kib$2$3" "$@" && [ "$(cat ".kib$2$3")" -le 32768 ]; }
case ${BUILD:-} in
*-*) skip 'at most 32 MiB' 'a build with sanitizers' ;;
*)
	for t in 1 2 8 256; do
		ok "at most 32 MiB for 300 MB, $t threads" "head -c 300000000 /dev/zero | { peak seal -T$t -R pub && touch fine2; } | { peak seal -T$t -d -i id && touch fine; } | cmp -n 300000000 - /dev/zero && rm fine fine2"
	done
	ok 'and in armor' 'head -c 100000000 /dev/zero | peak seal -a -T8 -R pub >big.asc; peak seal -d -T8 -i id -o big big.asc && [ "$(wc -c <big)" -eq 100000000 ]; r=$?; rm -f big.asc big; [ $r -eq 0 ]'
	;;
esac

# Many files on their way at once.
mkdir n && for i in $(seq 1 40); do head -c $((i * i * 1311)) in >n/$i; done; mkdir n0 && cp n/* n0
ok 'many files: order out is order in' 'seq 40 | sed "s,^,n/," >l; seal -N -T4 -R pub <l >l2; sed "s/$/.age/" l | cmp - l2; [ "$(ls n | grep -v age)" = "" ]'
ok 'age opens each' 'for i in $(seq 40); do age -d -i id n/$i.age | cmp - n0/$i || exit; done'
ok 'and back' 'seal -dN -T4 -i id <l2 | cmp - l; for i in $(seq 40); do cmp n/$i n0/$i || exit; done'
ok 'time and mode go with them' 'touch -d 2001-01-01 n/7; chmod 640 n/7; echo n/7 | seal -N -R pub; [ "$(stat -c "%Y %a" n/7.age)" = "$(date -d 2001-01-01 +%s) 640" ]; echo n/7.age | seal -dN -i id; [ "$(stat -c "%Y %a" n/7)" = "$(date -d 2001-01-01 +%s) 600" ]'
dies 1 '^seal: n/20.age: is damaged, at byte' 'one is damaged: its name' 'seal -N -R pub <l >l2; printf x | dd of=n/20.age bs=1 seek=9999 conv=notrunc 2>/dev/null; seal -dN -i id <l2 >l3'
ok 'those before it are done, it and those behind it are not' 'head -n 19 l | cmp - l3; [ -e n/20.age ] && [ ! -e n/20 ] && [ -e n/21.age ] && [ ! -e n/21 ] && [ ! -e n/.20.part ]'
ok 'operands: one is damaged, the others are done' 'tail -n +20 l2 | { ! xargs seal -d -i id; }; [ ! -e n/20 ] && for i in $(seq 21 40); do cmp n/$i n0/$i || exit; done'
ok 'each result is out before the next name comes' 'mkfifo to; seal -N -R pub <to >from & exec 5>to; for i in 1 2 3; do cp in s$i; echo s$i >&5; until grep -q "^s$i.age$" from; do sleep 0.01; done; done; exec 5>&-; wait'
ok 'threads stay from file to file' 'cp n0/1 n0/2 .; seal -N -T3 -R pub <to >from & exec 5>to; echo 1 >&5; until grep -q 1.age from; do sleep 0.01; done; ls /proc/$!/task >a; echo 2 >&5; until grep -q 2.age from; do sleep 0.01; done; ls /proc/$!/task | cmp - a; r=$?; exec 5>&-; wait; [ $r -eq 0 ] && [ "$(wc -l <a)" -ge 4 ]'
ok 'each file has a key of its own' 'head -c 70000 /dev/zero | tee z1 z2 >z3; printf "z1\nz2\nz3\n" | seal -N -R pub >/dev/null; cat z?.age | split -b 16 --filter "od -An -tx1" | sort | uniq -d | wc -l >a; [ "$(tail -c +201 z1.age | head -c 65000 | cmp -l - z2.age | wc -l)" -gt 60000 ]'
rm -rf n n0

# Damage: kind, place, and how much came out before.
size=$(wc -c <s)
flip() { cp s d; byte=$(od -An -tu1 -j"$1" -N1 s); printf "\\$(printf %o $((255 - byte)))" | dd of=d bs=1 seek="$1" conv=notrunc 2>/dev/null; }
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
dies 1 'header is cut short$' 'no payload' "head -c $((head + 15)) s | seal -d -i id"
dies 1 "is damaged, at byte $((head + 16))" 'a damaged nonce' "flip $((head + 3)); seal -d -i id <d"
dies 1 "is damaged, at byte $((head + 16 + 65552))" 'a damaged second chunk' "flip $((head + 16 + 65552 + 7)); seal -d -i id <d"
ok 'what came before is out, and no more' "! seal -d -i id <d >o; [ \$(wc -c <o) -eq 65536 ] && head -c 65536 in | cmp - o"
dies 1 'is damaged, at byte' 'a damaged last byte' "flip $((size - 1)); seal -d -i id <d"
dies 1 'is cut short, at byte' 'cut at the end of a chunk' "head -c $((head + 16 + 65552)) s | seal -d -i id"
dies 1 'is damaged, at byte' 'cut inside a chunk' "head -c $((size - 5)) s | seal -d -i id"
dies 1 'is damaged, at byte\|data after' 'one byte too many' '{ cat s; printf x; } | seal -d -i id'
dies 1 'data after its end' 'a full last chunk with more behind it' 'head -c 65536 in | seal -R pub >e; { cat e; head -c 65552 s; } | seal -d -i id'
# While the threads wait for the passphrase's key they have claimed what they will read.
dies 1 '^seal: p2: changed while it was read$' 'a file that becomes shorter' 'head -c 9000000 /dev/zero | seal --passphrase-fd 3 >p2 3<pw; seal -d -T2 --passphrase-fd 3 -o p3 p2 3<pw & until [ "$(cat /proc/$!/fdinfo/* 2>/dev/null | sed -n "s/^pos:[^0-9]*//p" | sort -n | tail -n 1)" -gt 3000000 ]; do sleep 0.01; done; truncate -s 2000000 p2; wait $!'
ok 'leaves no file' '[ ! -e p3 ] && [ ! -e .p3.part ]'
ok 'standard input is read from where it is, and to its end' 'cat in in in in >x; { dd bs=1000 count=1 status=none >/dev/null; seal -T2 -R pub >e; wc -c >rest; } <x; [ "$(cat rest)" -eq 0 ]; seal -d -i id <e >y; tail -c +1001 x | cmp - y; { echo hello; cat e; } >z; { dd bs=6 count=1 status=none >/dev/null; seal -d -T2 -i id; } <z | cmp - y'
ok 'a failed open leaves no file' 'cp d x.age; rm -f x; ! seal -d -i id x.age; [ ! -e x ] && [ ! -e .x.part ]'

dies 1 'standard output: No space' 'a full disk' 'seal -R pub <in >/dev/full'
dies 1 'standard output: No space' 'a full disk when opening' 'seal -d -i id <s >/dev/full'
ok 'killed midway leaves nothing' 'mkfifo fifo; { cat in; sleep 1; } >fifo & seal -R pub -o k.age fifo & p=$!; sleep 0.3; kill $p; wait $p; [ $? -eq 143 ] && [ ! -e k.age ] && [ ! -e .k.age.part ]'
dies 2 'age key with a mistake' 'a bad recipient' 'seal -r age1qqqq <in'
dies 1 'r: line 2: is an age key with a mistake' 'a bad recipients file' 'printf "#\nage1foo\n" >r; seal -R r <in'
dies 1 '^seal: /dev/zero: File too large$' 'a recipients file without end' 'seal -R /dev/zero <in'
dies 1 'r: holds no key' 'an empty recipients file' 'echo "#" >r; seal -R r <in'
dies 1 'line 3: is an age key with a mistake' 'a bad identity file' 'sed "s/^AGE.*/AGE-SECRET-KEY-1FOO/" id >r; seal -d -i r <s'
dies 0 'others may read' 'a readable identity is warned of' 'cp id id3; chmod 644 id3; seal -d -i id3 <s'
ok 'the secret is never printed' '! grep -q "AGE-SECRET" .err'
dies 2 '^usage' 'no recipient' 'seal <in'
dies 1 'not sealed with a passphrase; give an identity' 'decryption wants an identity' 'seal -d <s'
finish

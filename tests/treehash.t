#!/bin/sh
. "$(dirname "$0")/lib.sh"

zero() { head -c "$1" /dev/zero; }
hash() { cut -d' ' -f1; }
is() { [ "$(hash)" = "$1" ]; }

# glacier developer guide and botocore's own tests
ok 'nothing has the hash of nothing' ': | treehash | is e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
ok 'one byte'       'zero 1 | treehash | is 6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d'
ok 'a leaf less 1'  'zero 1048575 | treehash | is ca7ed0c4a8e67cbdc461c4cb0d286d2fabbd9f0c41a7f42b665f72ebaa8aec56'
ok 'a leaf'         'zero 1048576 | treehash | is 30e14955ebf1352266dc2ff8067e68104607e750abb9d3b36582b8af909fcb58'
ok 'a leaf and 1'   'zero 1048577 | treehash | is 28638dab8d5e1754a4ecb38b0ebe6df66c844f94aed142d4d0283d208bb786cd'
ok '17 leaves'      'zero 17825792 | treehash | is b06910158d0b44a1d16cd4a39901bd20674c823ccee9473a72005624eae442a4'
ok 'up to a leaf it is sha256sum' 'seq 100000 >s; treehash s >a; sha256sum s | cmp - a'

seq 1500000 >in
ok 'any number of threads gives the same' 'treehash -T1 in >a; treehash -T8 in | cmp - a'
ok 'a slow pipe changes nothing' '{ head -c 5000 in; sleep 0.1; tail -c +5001 in; } | treehash | hash >b; hash <a | cmp - b'
ok 'names in, lines out' 'printf "in\ns\n" | treehash -N >b; treehash in s | cmp - b'
ok 'NUL between names' 'printf "in\0s\0" | treehash -0N | tr "\0" "\n" | cmp - b'
ok 'tee passes the data on and writes the hash' 'treehash --tee h <in | cmp - in; treehash <in | cmp - h'
ok 'odd names are escaped as sha256sum does' 'n=$(printf "a\\\\b\nc"); seq 9 >"$n"; treehash "$n" >a; sha256sum "$n" | cmp - a; treehash -c a'

ok 'each kernel gives the same' 'treehash in s >a; for k in avx512 avx2 shani arm plain; do TREEHASH_KERNEL=$k treehash in s >b 2>e || { grep -q "this machine has no such kernel" e && continue; }; cmp a b || exit 1; done; TREEHASH_KERNEL=plain treehash -T1 in s | cmp - a'
dies 2 'TREEHASH_KERNEL: best: this machine has no such' 'a kernel that is none' 'TREEHASH_KERNEL=best treehash in'

# From a file, which is mapped, and from a pipe, which is read: sizes around a leaf and a window.
for n in 1048575 1048576 1048577 2097152 16777215 16777216 16777217 17825793 33554432 70000000; do
	ok "a file and a pipe of $n bytes" 'seq 10000000 | head -c $n >x; treehash <x | hash >a; treehash x | hash | cmp - a; cat x | treehash -T1 | hash | cmp - a; treehash --tee /dev/null <x | cmp - x'
done
ok 'from where the descriptor stands' '{ head -c 5 >/dev/null; treehash; } <in | hash >a; tail -c +6 in | treehash | hash | cmp - a'
ok 'what follows the input is left to the next program' '{ treehash >/dev/null; cat; } <in | wc -c | grep -qx 0'
ok '/proc, whose files say that they are empty' 'treehash /proc/version >a; sha256sum /proc/version | cmp - a'
ok '26 levels and more: a stream as long as one likes is a stack' 'head -c 200000000 /dev/zero | treehash -T1 | is "$(head -c 200000000 /dev/zero | python3 -c "
import hashlib, sys
h = []
while True:
    b = sys.stdin.buffer.read(1 << 20)
    if not b: break
    h.append(hashlib.sha256(b).digest())
while len(h) > 1:
    h = [hashlib.sha256(h[i] + h[i + 1]).digest() if i + 1 < len(h) else h[i] for i in range(0, len(h), 2)]
print(h[0].hex())")"'
ok 'a file that becomes shorter meanwhile is no success' 'truncate -s 3G big; treehash -T1 big >o 2>e & p=$!; sleep 0.2; truncate -s 20M big; wait $p; [ $? -eq 1 ] && [ ! -s o ] && grep -q "big: became shorter" e; r=$?; rm big; exit $r'

# Ranges, as glacier-facts has them for 6.5 MiB.
head -c 6815744 in >r
ok 'a range is the hash of its bytes' 'treehash --range 2097152-4194303 r >a; dd if=r bs=1M skip=2 count=2 2>/dev/null | treehash | hash >b; hash <a | cmp - b; grep -q "  2097152-4194303  tree-aligned  r$" a'
ok 'and says how it lies' 'for r in 0-4194303:tree 4194304-6815743:tree 0-6815743:tree 1048576-3145727:mib 0-6291455:mib 5242880-6815743:mib 0-1:un 1-2:un; do treehash --range ${r%:*} r | grep -q "  ${r%:*}  ${r#*:}-\?aligned  r$" || exit 1; done'
ok 'of a stream too' 'cat r | treehash --range 4194304-6815743 | grep -q "  tree-aligned  -$"'
dies 1 'bytes 6815740-6815744 are not all there: the input has no byte 6815744' 'a range behind the end' 'treehash --range 6815740-6815744 r'
dies 2 'range 5-4: must be FIRST-LAST' 'a range that is none' 'treehash --range 5-4 r'
ok 'leaves' 'treehash --leaves r >a; [ "$(wc -l <a)" -eq 7 ]; tail -n 1 a | grep -q "  6291456-6815743  leaf  r$"; tail -c 524288 r | sha256sum | hash >b; tail -n 1 a | hash | cmp - b'
ok 'leaves of a range' 'treehash --leaves --range 2097152-4194303 r >b; sed -n 3,4p a | cmp - b'

treehash in s >list
ok 'a good list' 'treehash -c list | cmp - <<E
in: OK
s: OK
E'
ok 'quiet says nothing of what is good' '[ -z "$(treehash -c --quiet list)" ]'
ok 'a list on stdin' 'treehash -c <list'
cp in kept; printf x | dd of=in bs=1 seek=3000000 conv=notrunc 2>/dev/null
dies 1 'do not match: 1' 'a changed byte is found' 'treehash -c list'
ok 'and named on stdout' 'treehash -c list | grep -qx "in: FAILED"'
ok 'status says nothing' '! treehash -c --status list >o 2>&1; [ ! -s o ]'
mv kept in; mv s s2
dies 1 'could not be read: 1' 'a missing file is found' 'treehash -c list'
ok 'unless it may be missing' 'treehash -c --ignore-missing list'
dies 1 'no line of it' 'a list that is none' 'echo hello | treehash -c'
mv s2 s

# A list that went through other hands, as sha256sum -c reads it: byte for byte the same on stdout, the same status.
seq 9 >f1; odd=$(printf 'a\\b\nc'); seq 8 >"$odd"; h=$(sha256sum f1 | hash)
{ echo "$h" | tr a-f A-F | sed 's/$/  f1/'; printf '# words\n   %s  f1\n%s  f1\r\n%s *f1\n\n%s  nosuch\n%s  in\nx\n' $h $h $h $h $h; sha256sum "$odd"; } >mixed
for o in '' --quiet --status --ignore-missing --strict -w '--strict --ignore-missing'; do
	ok "a mixed list $o" 'treehash -c $o mixed >a 2>/dev/null; x=$?; sha256sum -c $o mixed >b 2>/dev/null; [ $? -eq $x ] && cmp a b'
done
ok 'strict: a bad line is a failure, else not' '{ sha256sum f1; echo x; } >l; treehash -c l 2>/dev/null && ! treehash -c --strict l >/dev/null 2>&1'
dies 1 'l: line 2: is not a tree hash' 'warn names the line' 'treehash -c --strict -w l'
ok 'a list with NUL' 'treehash -z f1 "$odd" | treehash -cz | tr "\0" "\n" | grep -c ": OK" | grep -qx 2'
ok 'a list with names of hostile bytes' 'n=$(printf "\377\n\r\\"); seq 5 >"$n"; treehash "$n" >a; sha256sum "$n" | cmp - a; treehash -c a >b; sha256sum -c a | cmp - b'

dies 1 'nosuch: No such' 'a missing operand' 'treehash nosuch'
ok 'does not stop the others' '! treehash nosuch s >o 2>&1; grep -q "  s$" o'
dies 1 'nosuch: No such' 'a missing name stops' 'printf "nosuch\ns\n" | treehash -N'
dies 1 'line 2: is cut short' 'a name that is cut short is refused' 'printf "in\nin" | treehash -N'
dies 1 'Is a directory' 'a directory' 'treehash .'
dies 1 'standard output: No space' 'a full disk' 'treehash in >/dev/full'
dies 1 'standard output: No space' 'a full disk behind tee' 'treehash --tee h2 <in >/dev/full'
ok 'and the hash is not there' '[ ! -e h2 ] && [ -z "$(ls -A | grep part)" ]'
ok 'killed midway, tee leaves nothing' '{ seq 99999; sleep 1; } | { exec 3<&0; treehash --tee h3 <&3 >o & p=$!; sleep 0.3; kill $p; wait $p; [ $? -eq 143 ] && [ ! -e h3 ] && [ ! -e .h3.part ]; }'
dies 2 '^usage: treehash' 'a bad option' 'treehash -Z'
dies 2 'T 0: must be a number from 1 to 256' 'a bad number' 'treehash -T0'
ok 'help is on stdout' 'treehash -h | grep -q "^usage: treehash"'
ok 'SIGUSR1 is a line, not death' '{ cat s; sleep 0.5; } | { exec 3<&0; treehash <&3 2>e & p=$!; sleep 0.3; kill -USR1 $p; wait $p && grep -q "treehash: .*B/s" e; }'
ok 'many small files' 'mkdir many; for i in $(seq 300); do seq $i >many/$i; done; treehash many/* >a; sha256sum many/* | cmp - a; ls many | sed s:^:many/: | treehash -N | sort >b; sort a | cmp - b'
finish

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
finish

#!/bin/sh
# shellcheck disable=SC2154 # here, of lib.sh
# Passphrases at a terminal: ours, and age's with ours.
. "$(dirname "$0")/lib.sh"

typed() { "$here/tests/typed" "$@"; }
seal-keygen -o id >pub
seq 100000 >in
ok 'asked for twice' 'typed horse horse -- seal -p --work-factor 12 <in >p 2>seen; grep -q "^passphrase: " seen && grep -q "^once more: " seen'
ok 'and not shown' '! grep -q horse seen && grep -q "the terminal shows what is typed" seen'
ok 'asked for once to open' 'typed horse -- seal -d <p 2>seen | cmp - in; grep -q "^passphrase: " seen && ! grep -q "once more" seen'
ok 'only where it is needed' 'seal -R pub <in | setsid -w seal -d -p -i id | cmp - in'
ok 'beside an identity with -p' 'typed horse -- seal -d -p -i id <p | cmp - in'
dies 1 'the passphrase is wrong' 'another one' 'typed mule -- seal -d <p'
dies 1 'the two passphrases differ' 'a slip' 'typed horse house -- seal -p -o slip.age in'
ok 'leaves no file' '[ ! -e slip.age ]'
dies 1 'an empty passphrase protects nothing' 'an empty one' 'typed "" "" -- seal -p <in'
dies 130 'the terminal shows what is typed' 'interrupted, the terminal is as it was' 'typed ^C -- seal -p <in'
ok 'interrupted, there is no file' 'cp p p.age; ! typed ^C -- seal -d -o q p.age; [ ! -e q ] && [ ! -e .q.part ]'
ok 'once for many files' 'cp in a; cp in b; printf "a\nb\n" >list; typed horse horse -- seal -p --work-factor 10 -N <list >names; rm -f a b; typed horse -- seal -d -N <names >list2; cmp list list2 && cmp a in && cmp b in'
ok 'an identity file asks for its own' 'typed horse horse -- seal -p --work-factor 12 -o id.age id; chmod 600 id.age; seal -R pub <in >s; typed horse -- seal -d -i id.age <s 2>seen | cmp - in; grep -q "^passphrase for id.age: " seen'
dies 1 'id.age: the passphrase is wrong' 'and is strict about it' 'typed mule -- seal -d -i id.age <s'

for n in 0 1 65535 65536 65537 131072 10485760; do
	head -c $n /dev/urandom >x
	ok "$n bytes under a passphrase: age opens ours" 'typed horse horse -- seal -p <x >y; typed horse -- age -d y | cmp - x'
	ok "$n bytes under a passphrase: ours opens age's" 'typed horse horse -- age -p -a -o y x; typed horse -- seal -d <y | cmp - x; rm y'
done
ok "an identity file that age sealed" 'typed horse horse -- age -p -o id2.age id; chmod 600 id2.age; typed horse -- seal -d -i id2.age <s | cmp - in'
ok "age takes an identity file that is sealed by us" 'typed horse -- age -d -i id.age s | cmp - in'
finish

#!/bin/sh
. "$(dirname "$0")/lib.sh"

ok 'an identity and its recipient' 'seal-keygen -o id >pub; [ "$(stat -c %a id)" = 600 ]; age-keygen -y id | cmp - pub'
ok 'to stdout too' 'umask 077; seal-keygen >id2; seal-keygen -y id2 | cmp - <<E
$(sed -n "s/^# public key: //p" id2)
E'
ok 'recipients of a file made by age-keygen' 'age-keygen -o id3 2>/dev/null; age-keygen -y id3 >a; seal-keygen -y <id3 | cmp - a'
dies 1 'id: not overwritten' 'an identity is never overwritten' 'seal-keygen -o id'
dies 0 'others may read' 'a readable file is warned of' 'umask 022; seal-keygen >id4'
dies 1 'line 1: is not a key' 'no identity' 'echo hello | seal-keygen -y'
dies 1 'nosuch: No such' 'no file' 'seal-keygen -y nosuch'
dies 1 'No space' 'a full disk' 'seal-keygen >/dev/full'
dies 2 '^usage' 'an operand' 'seal-keygen id5'
finish

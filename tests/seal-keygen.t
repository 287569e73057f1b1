#!/bin/sh
. "$(dirname "$0")/lib.sh"

ok 'an identity and its recipient' 'seal-keygen -o id >pub; [ "$(stat -c %a id)" = 600 ]; age-keygen -y id | cmp - pub'
ok 'to stdout too' 'umask 077; seal-keygen >id2; seal-keygen -y id2 | cmp - <<E
$(sed -n "s/^# public key: //p" id2)
E'
ok 'recipients of a file made by age-keygen' 'age-keygen -o id3 2>/dev/null; age-keygen -y id3 >a; seal-keygen -y <id3 | cmp - a'
dies 1 'id: not overwritten' 'an identity is never overwritten' 'seal-keygen -o id'
dies 0 'others may read' 'a readable file is warned of' 'umask 022; seal-keygen >id4'
dies 0 'id6: others may read this identity file' 'so is one that is read' 'cp id id6; chmod 644 id6; seal-keygen -y id6'
dies 1 'an SSH key, whose recipient is its .pub file' 'an SSH key' 'ssh-keygen -q -t ed25519 -N "" -f ssh; seal-keygen -y ssh'
dies 1 'id.age: is itself sealed' 'an identity file that is sealed' 'seal -r "$(cat pub)" id; seal-keygen -y id.age'
dies 1 'line 1: is a recipient and not an identity' 'a recipient' 'seal-keygen -y pub'
ok 'many identities, comments, CRLF' '{ cat id; echo "# more"; echo; cat id3; } | sed "s/\$/\r/" | seal-keygen -y >a; { cat pub; age-keygen -y id3; } | cmp - a'
dies 1 'line 1: is not a key' 'no identity' 'echo hello | seal-keygen -y'
dies 1 'nosuch: No such' 'no file' 'seal-keygen -y nosuch'
dies 1 'No space' 'a full disk' 'seal-keygen >/dev/full'
dies 2 '^usage' 'an operand' 'seal-keygen id5'
finish

#!/bin/sh
# shellcheck disable=SC2034,SC2154
. "$(dirname "$0")/lib.sh"

vault vaults --vault v
del() { glacier-rm -s glacier:v "$@"; }
left() { glacier-ls -s glacier:v --fresh | cut -f3 | sort; }
put() { glacier-put -s glacier:v "$@"; }
# later DAYS: that many days from now
later() { date -u -d "+$1 days" +%Y-%m-%dT%H:%M:%SZ; }

for i in 1 2 3 4 5 6; do echo "number $i" >f$i; done
put f1 f2 f3 f4 f5 f6 >led
line() { sed -n "${1}p" led; }
id() { line "$1" | cut -f6; }

dies 3 'f1: is paid for until 20..-..-.., 90 days in all, so it stays; --early removes it' 'too early' 'line 1 | del -N'
dies 3 'is paid for until' 'a day less than 90' 'line 1 | del -N --now "$(later 89)"'
dies 3 'when it was stored is not known here' 'an id alone' 'del -- "$(id 1)"'
ok 'nothing is gone' 'left | tr "\n" " " | grep -qx "f1 f2 f3 f4 f5 f6 "'
ok '-n says what would go' 'del -n -N --early <led | cmp - led && left | wc -l | grep -qx 6'
ok 'after 90 days' 'line 1 | del -N --now "$(later 90)" >o && line 1 | cmp - o && left | tr "\n" " " | grep -qx "f2 f3 f4 f5 f6 "'
ok 'gone already is gone' 'line 1 | del -N --early >o && line 1 | cmp - o'
ok 'early' 'line 2 | del -N --early | cut -f3 | grep -qx f2 && left | tr "\n" " " | grep -qx "f3 f4 f5 f6 "'
ok 'by its id, and that is printed' 'del --early -- "$(id 3)" >o && id 3 | cmp - o && left | tr "\n" " " | grep -qx "f4 f5 f6 "'
dies 3 'f5: is paid for' 'what is old enough goes, and the rest stays' '{ line 4 | sed "s/^20[0-9]*/2020/"; line 5; } | del -N >o'
ok 'and only that was printed' 'cut -f3 o | grep -qx f4 && left | tr "\n" " " | grep -qx "f5 f6 "'
ok 'NUL between lines, and out' '{ line 5 | tr "\n" "\0"; line 6 | tr "\n" "\0"; } | del -N0n --early | tr "\0" "\n" | wc -l | grep -qx 2'
ok 'what is done is told of while the next is waited for' 'mkfifo in; del -N --early <in >o & r=$!; exec 9>in; line 5 >&9; for i in 1 2 3 4 5 6 7 8 9 0; do [ -s o ] && break; sleep 0.2; done; [ -s o ]; s=$?; exec 9>&-; wait $r && [ $s -eq 0 ]'
ok 'silent' 'line 6 | del -N --early 2>&1 >/dev/null | cmp - /dev/null && left | cmp - /dev/null'
ok 'a hundred, in order' 'for i in $(seq 100); do echo $i >h$i; done; seq 100 | sed s/^/h/ | put -N >led2 && del -N --early -T8 <led2 | cmp - led2 && left | cmp - /dev/null'
ok 'ids that begin with -' 'for try in 1 2 3 4 5 6 7 8 9; do for i in $(seq 10); do echo "$try $i" >g$i; done; seq 10 | sed s/^/g/ | put -N >led3; i=$(cut -f6 led3 | grep -m1 "^-") && break; del -N --early <led3 >/dev/null; done; [ -n "$i" ] || exit 0; del --early -- "$i" | grep -qxF -e "$i" && printf "%s\n" "$i" | del --early -N | grep -qxF -e "$i"'

put f1 f2 >led
dies 1 'f1: is in glacier:v, not in glacier:w' 'a line of another store' 'line 1 | glacier-rm -s glacier:w -N'
dies 1 'a/b: is neither a line of a ledger nor the id' 'a word that is no id' 'del --early a/b'
dies 1 'line 2: is cut short' 'a line that is cut short' '{ line 1; line 2 | head -c 60; } | del -N --early'
dies 1 'Vault not found' 'a vault that does not exist' 'glacier-rm -s glacier:nosuch --early -- "$(id 1)"'
dies 77 'the secret key is wrong' 'a wrong secret' 'AWS_SECRET_ACCESS_KEY=wrong del -N --early <led'
dies 1 'giving up after 2 tries' 'a server that is down' 'AWS_MAX_ATTEMPTS=2 del --endpoint-url http://127.0.0.1:1 -N --early <led'
dies 1 'standard output: No space' 'a full disk' 'del -N --early <led >/dev/full'
dies 2 '--now yesterday: must be a date' 'a date that is none' 'del --now yesterday x'
dies 2 '^usage: glacier-rm' 'nothing to remove' 'del'
dies 2 '^usage: glacier-rm' 'operands and -N' 'del -N x'
dies 2 '^usage: glacier-rm' 'a bad option' 'del -Z'
dies 2 'no store' 'no store' 'glacier-rm x'
ok 'help is on stdout' 'glacier-rm -h | grep -q "^usage: glacier-rm"'
ok 'the examples of the man page' 'mkdir -p web1/20260101T000000Z && cp f1 web1/20260101T000000Z/ && put web1/20260101T000000Z/f1 f2 >ledger; awk -F "\t" "\$3 ~ \"^web1/20260101T000000Z/\"" ledger | glacier-rm -n -N -s glacier:v --now "$(later 91)" | grep -c f1 | grep -qx 1'
finish

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

# the ledger
glacier-ls -s glacier:v --fresh | del -N --early >/dev/null
put -l book f1 f2 f3 f4 >/dev/null
struck() { awk -F '\t' '$4 == "-" && $5 == "-" { print $3 }' book | sort | tr '\n' ' '; }
ok '-l: the ledger learns of it' 'sed -n 1,2p book | del -N -l book --early | wc -l | grep -qx 2 && [ "$(struck)" = "f1 f2 " ] && tail -n 1 book | cut -f2,3 | grep -q "^glacier:v	f" && [ "$(left | tr "\n" " ")" = "f3 f4 " ]'
ok 'by id: the name is that of the ledger' 'del -l book --early -- "$(sed -n 3p book | cut -f6)" && [ "$(struck)" = "f1 f2 f3 " ]'
dies 1 'f2: is not in book' 'glacier-get does not find it' 'glacier-get -s glacier:v -l book f2'
ok 'nor asks for it, when it reads all of the ledger' 'glacier-get -s glacier:v -N -o got <book | grep -qx got/f4 && [ "$(ls got)" = f4 ]'
ok 'glacier-put stores it again' 'put -l book f2 f4 >/dev/null && [ "$(cut -f3 book | grep -c f2)" -eq 3 ] && [ "$(cut -f3 book | grep -c f4)" -eq 1 ] && left | tr "\n" " " | grep -qx "f2 f4 " && glacier-get -s glacier:v -N -o got <book | sort | tr "\n" " " | grep -qx "got/f2 got/f4 "'
ok 'what is left alone is not in it' 'n=$(wc -l <book); tail -n 1 book | del -N -l book; [ $? -eq 3 ] && tail -n 1 book | del -nN -l book --early >/dev/null && [ "$(wc -l <book)" -eq "$n" ]'
ok 'lines that say so are passed over' 'del -N -n --early <book | wc -l | grep -qx 5 && del -N --early -l book <book >/dev/null && left | cmp - /dev/null'
dies 1 'nosuch/book: No such' 'a ledger that cannot be' 'del -l nosuch/book --early x'
dies 1 'book2: line 1: is not a line of a ledger' 'a file that is none' 'echo hello >book2; del -l book2 --early x'
printf 'date 2026-01-02\nus-east-1 vault storage 1 0\n' >prices
ok '--terms' 'printf "%s\tglacier:v\tgib\t1073709056\t%064d\tid\n" 2026-01-01T00:00:00Z 0 >l && del --terms --prices prices --now 2026-03-02 -N <l >o && printf "2026-04-01T00:00:00Z\tvault\t1073709056\t1.000000\t" | cat - l | cmp - o && del --terms --prices prices --now 2026-04-01 -N <l | cut -f1-4 | grep -qxe "-	vault	1073709056	0"'
ok 'of an id alone little is known' 'del --terms --prices prices id | grep -qx "?	vault	?	?	id"'
dies 3 'has no price for us-east-1, vault, storage' 'no price' 'echo "date 2026-01-02" >none; del --terms --prices none --now 2026-03-02 -N <l'

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

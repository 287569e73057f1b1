#!/bin/sh
. "$(dirname "$0")/lib.sh"

cat >sets <<'L'
h/20261123T101500Z
h/20261123T091500Z
h/20261122T101500Z
h/20261121T101500Z
h/20261120T101500Z
h/20261031T101500Z
h/20251231T101500Z
L
is() { printf '%s\n' "$@" | cmp - .got; }
run() { retain "$@" <sets >.got; }

ok 'what goes is printed' 'run --last 5 && is h/20261031T101500Z h/20251231T101500Z'
ok 'with -k what stays' 'run -k --last 2 && is h/20261123T101500Z h/20261123T091500Z'
ok 'both together are the input' '{ retain --daily 2 --yearly 2 <sets; retain -k --daily 2 --yearly 2 <sets; } | sort >a; sort sets | cmp - a'
ok 'the order is that of the input' 'sort sets | retain -k --daily 9 >a; sort a | cmp - a; [ "$(wc -l <a)" = 6 ]'
ok 'hours' 'run -k --hourly 2 && is h/20261123T101500Z h/20261123T091500Z'
ok 'days' 'run -k --daily 2 && is h/20261123T101500Z h/20261122T101500Z'
ok 'weeks' 'run -k --weekly 2 && is h/20261123T101500Z h/20261122T101500Z'
ok 'months' 'run -k --monthly 2 && is h/20261123T101500Z h/20261031T101500Z'
ok 'years, and the oldest fills up' 'run -k --yearly 2 && is h/20261123T101500Z h/20251231T101500Z'
ok 'unlimited is all' 'run --last unlimited && cmp .got /dev/null && run --last -1 && cmp .got /dev/null'
ok 'within' 'run -k --within 1d1h --now 20270101 && is h/20261123T101500Z h/20261123T091500Z h/20261122T101500Z'
ok 'min-age is counted from now' 'run --last 1 --min-age 3d --now 2026-11-24T10:15:00Z && is h/20261121T101500Z h/20261120T101500Z h/20261031T101500Z h/20251231T101500Z'
ok 'and from the clock' 'date -u +%Y%m%dT%H%M%SZ >n; date -u -d "2 days ago" +%Y%m%dT%H%M%SZ >>n; date -u -d "4 days ago" +%Y%m%dT%H%M%SZ >>n; retain --last 1 --min-age 3d <n >a; tail -n 1 n | cmp - a'
ok 'a date from the future does not drop the newest' 'printf "h/20990101T000000Z\nh/20261123T101500Z\nh/20261122T101500Z\n" | retain -k --last 1 --now 2026-11-23T12:00:00Z >.got; is h/20990101T000000Z h/20261123T101500Z'
ok 'verdicts and reasons' 'printf "20261123\n20261122\n20261121\n" | retain -v --last 1 --weekly 1 >.got; is "keep	last,weekly,newest	20261123" "drop	-	20261122" "drop	-	20261121"'
ok 'the newest always stays' 'printf "20261123\n" | retain --daily 1 >.got; cmp .got /dev/null'
ok 'no lines, no verdicts' ': | retain --daily 1 >.got; cmp .got /dev/null'

ok 'the names of the original script' 'printf "%s\n" backup-11232026-101500 backup-12312025-101500 backup-01012026-101500 | retain --last 2 >.got; is backup-12312025-101500'
ok 'its date command' 'for d in 2026-11-23 2025-12-31 2026-01-01; do date -u -d "$d 10:15" +b.%m%d%Y-%H%M%S; done | retain --last 2 >.got; is b.12312025-101500'
ok 'and of GNU date' 'for i in 1 2 3; do TZ=XXX-5:30 date -d "2026-01-0$i" -Iseconds; done | retain -k --last 1 >.got; is 2026-01-03T00:00:00+05:30'
ok 'offsets count' 'printf "%s\n" 2026-11-23T00:30:00+01:00 2026-11-22T23:45:00Z | retain --last 1 >.got; is 2026-11-23T00:30:00+01:00'

# A ledger line begins with the time of the upload; its set is in the name.
ledger() { printf '%s\tglacier:photos-2020-01-01\t%s\t20201231\t%064d\t-20190101-x\n' "$1" "$2" 0; }
{ ledger 2026-11-24T00:00:00Z h/20261123T101500Z/a.1; ledger 2026-11-25T00:00:00Z h/20261122T101500Z/a.1
ledger 2026-11-25T00:00:01Z h/20261123T101500Z/backup_2024-01-01.1; ledger 2026-11-26T00:00:00Z h/20261121T101500Z/a.1; } >ledger
ok 'lines of one set share its verdict, upload times do not count' 'retain --last 1 <ledger | cut -f3 >.got; is h/20261122T101500Z/a.1 h/20261121T101500Z/a.1'
ok 'lines come out as they went in' 'retain -k --last 1 <ledger >a; grep 20261123T ledger | cmp - a'
ok 'a name without a date counts from its upload' '{ ledger 2026-11-24T00:00:00Z x; ledger 2026-11-25T00:00:00Z y; } | retain --last 1 | cut -f3 >.got; is x'
dies 1 'line 1: has a date that does not exist' 'a name with a bad one does not' '{ ledger 2026-11-24T00:00:00Z h/20260230T101500Z/x; } | retain --last 1'
ok 'sets of a listing' 'mkdir -p d/20261123T101500Z d/20261122T101500Z; for d in d/*; do echo "$d"; done | retain --last 1 >.got; is d/20261122T101500Z'
ok 'NUL between names' 'printf "a\n20261123\0b\n20261122\0" | retain -0 --last 1 | od -c >a; printf "b\n20261122\0" | od -c | cmp - a'

nothing() { ! retain "$@" >.got 2>/dev/null && [ ! -s .got ]; }
for bad in 'h/nodate' '' 'h/20260230T101500Z' 'h/20261123T10150' '2026-11-23 2026-11-24' "$(printf 'a\001b')"; do
	ok "nothing is printed for: $bad" "{ cat sets; printf '%s\n' '$bad'; cat sets; } | nothing --last 1"
done
dies 1 'line 8: has no date: h/nodate' 'a line without a date is named' '{ cat sets; echo h/nodate; } | retain --last 1'
dies 1 'line 1: has a date that does not exist: 20260230' 'a date that does not exist' 'echo 20260230 | retain --last 1'
dies 1 'line 1: has several dates' 'dates that differ' 'echo 2026-11-23 2026-11-24 | retain --last 1'
dies 1 'line 8: is cut short' 'a line that is cut short' '{ cat sets; printf h/20261123T1015; } | retain --last 1'
ok 'and nothing is printed' '{ cat sets; printf h/20261123T101500Z; } | nothing --last 1'
dies 1 'line 1: Message too long' 'a line without end' 'head -c 70000 /dev/zero | retain --last 1'
dies 1 'more than 10000000 lines' 'too many lines' 'yes 20261123 | retain --last 1'
dies 1 'standard output: No space' 'a full disk' 'retain --last 1 <sets >/dev/full'
dies 1 'standard input: line 1: Is a directory' 'a directory as input' 'retain --last 1 <.'
ok 'a slow pipe changes nothing' '{ head -c 30 sets; sleep 0.1; tail -c +31 sets; } | retain --last 3 >a; retain --last 3 <sets | cmp - a'
ok 'a killed program has printed nothing' '{ cat sets; sleep 1; } | { exec 3<&0; retain --last 1 <&3 >o & p=$!; sleep 0.3; kill $p; wait $p; [ $? -eq 143 ] && [ ! -s o ]; }'
ok 'a hundred thousand lines' 'seq 100000 | awk "{ printf \"%04d-01-01 %d\\n\", 1 + \$1 % 9999, \$1 }" >m; retain -k --last 10 <m | awk "{ print \$1 }" | sort -u >a; seq 9990 9999 | sed s/\$/-01-01/ | cmp - a'

dies 2 'nothing says what to keep' 'no policy' 'retain <sets'
dies 2 'nothing says what to keep' 'a least age is none' 'retain --min-age 3d <sets'
dies 2 'nothing says what to keep' 'nor is nothing' 'retain --last 0 --within 0d <sets'
dies 2 '--last x: must be a number from 0 to 1000000' 'a bad number' 'retain --last x <sets'
dies 2 '--daily -2: must be' 'a negative number' 'retain --daily -2 <sets'
dies 2 '--within 3w: must be a time such as' 'a bad time' 'retain --within 3w <sets'
dies 2 '--now tomorrow: must be a date' 'a bad date' 'retain --last 1 --now tomorrow <sets'
dies 2 '^usage: retain' 'an operand' 'retain --last 1 sets'
dies 2 '^usage: retain' 'both -k and -v' 'retain --last 1 -kv <sets'
dies 2 '^usage: retain' 'a bad option' 'retain -Z'
ok 'help is on stdout' 'retain -h | grep -q "^usage: retain"'
ok 'the version' 'retain -V | grep -q "^retain [0-9]"'
ok 'it needs no library but libc' '! ldd "$(command -v retain)" | grep -v -e vdso -e libc.so -e ld-linux -e san -e libm.so -e libgcc -e libstdc | grep .'

# The man page's examples.
mkdir -p complete/h/20261123T101500Z complete/h/20261122T101500Z complete/h/20261121T101500Z
ok 'example: local sets' 'cd complete && printf "%s\n" h/* | retain --last 2 | xargs -r rm -r -- && [ "$(ls h | wc -l)" = 2 ]'
ok 'example: a ledger' 'retain --daily 7 --weekly 5 --monthly 12 --min-age 180d <ledger >a && [ ! -s a ]'
ok 'example: why' 'ls complete/h | retain -v --daily 7 --weekly 5 >a && grep -q "^keep	daily,weekly,newest	20261123T101500Z" a'
finish

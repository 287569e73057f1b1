#!/bin/sh
# shellcheck disable=SC2034,SC2154
# expire.sh on a vault and on a bucket: what goes, what stays, what is left when it is killed.
. "$(dirname "$0")/lib.sh"

PATH=$here/scripts:$PATH
vault d --vault v --bucket buck
log=d.log
seal-keygen -o key.txt >key.pub
unset DIRS LEDGER HOST BACKUP_PREFIX RETENTION KEEP
export RECIPIENTS="$TMP/key.pub" SPLITSIZE=1M LEVEL=1 RETENTION=0
printf 'date 2026-01-02\nus-east-1 vault storage 4 0\nus-east-1 DEEP_ARCHIVE storage 1 0\n' >prices
export GLACIER_PRICES="$TMP/prices"
mkdir -p src && seq 3000 >src/numbers && echo me >src/name
tab=$(printf '\t')

# on STORE: that store, a host and a ledger of their own
hosts=0
on() {
	hosts=$((hosts + 1))
	export STORE="$1" HOST="box$hosts" BACKUP_PREFIX="$TMP/spool"
	ledger=spool/$HOST/ledger.tsv
	mkdir -p "spool/$HOST/inflight" "spool/$HOST/complete"
}
# sets STAMP ...: a set of each date, closing record last; what is in it nobody reads here.  chunks N: so many chunks each
n=2
sets() {
	for s; do
		mkdir -p "$HOST/$s"
		for i in $(seq $n); do echo "$s $i" >"$HOST/$s/backup_x.00000$i.tar.xz.age"; done
		echo "$s" >"$HOST/$s/index.tsv.xz.age"
		echo "closing $s" >"$HOST/$s/closing.tsv.age"
		for i in $(seq $n); do echo "$HOST/$s/backup_x.00000$i.tar.xz.age"; done
		echo "$HOST/$s/index.tsv.xz.age"
		echo "$HOST/$s/closing.tsv.age"
	done | glacier-put -N -s "$STORE" -l "$ledger" >/dev/null
}
# dead STAMP ...: sets without a closing record
dead() { for s; do mkdir -p "$HOST/$s"; echo "dead $s" >"$HOST/$s/backup_x.000001.tar.xz.age"; echo "$HOST/$s/backup_x.000001.tar.xz.age"; done | glacier-put -N -s "$STORE" -l "$ledger" >/dev/null; }
listed() { glacier-ls --fresh -w -s "$STORE" | cut -f2,3,6 | grep "$tab$HOST/" | sort; }
live() { awk -F '\t' -v OFS='\t' -v s="$STORE" '$2 != s { next } { k = $2 FS $6 } $5 == "-" { delete l[k]; next } { l[k] = $2 OFS $3 OFS $6 } END { for (k in l) print l[k] }' "$ledger" | sort; }
# there [STAMP ...]: just these sets have a closing record in the store, and nothing of others is there; ledger and store agree
there() {
	listed >listed && live | cmp - listed && cut -f2 listed | grep closing.tsv.age | cut -d/ -f2 | tr '\n' ' ' >.c &&
	cut -f2 listed | cut -d/ -f2 | sort -u | tr '\n' ' ' >.e && echo "$*" | sed 's/$/ /; s/^ $//' | tr -d '\n' | tee .w | cmp - .c && cmp .w .e
}
days() { date -u -d "$1 days" +%Y-%m-%dT%H:%M:%SZ; }
late=$(days +400)
jobs() { grep -c 'POST /-/vaults/v/jobs\|?restore' $log || :; }
deletes() { grep -c 'DELETE \|POST /buck?delete' $log || :; }

for store in glacier:v s3://buck/pre/fix; do
on $store
sets 20260101T000000Z 20260102T000000Z 20260103T000000Z
ok "$store: -n shows all and does nothing" 'j=$(jobs) r=$(deletes); expire.sh -n --last 1 --now $late >t && cut -f1,2,3 t | grep -v ^total | tr "\t\n" ": " | grep -qx "remove:$HOST/20260101T000000Z:4 remove:$HOST/20260102T000000Z:4 keep:$HOST/20260103T000000Z:4 " && grep -q "^total	remove	8	[0-9]*	2	0.0000" t && [ "$(jobs)" -eq "$j" ] && [ "$(deletes)" -eq "$r" ] && there 20260101T000000Z 20260102T000000Z 20260103T000000Z'
ok "$store: what is paid for stays, and it is said until when" 'expire.sh --last 1 >t 2>e && there 20260101T000000Z 20260102T000000Z 20260103T000000Z && grep -c "^wait	.*	20..-..-..T..:..:..Z	0.00[0-9]*[1-9]" t | grep -qx 2 && grep -q "20260101T000000Z: is paid for until 20..-..-..: to remove it now saves nothing of the .0.00[0-9]* that remain, so it stays until then; --early" e'
dies 1 'it costs .* dollars, more than --max-cost 0.00001: nothing is removed' "$store: --max-cost" 'expire.sh --early --last 1 --max-cost 0.00001'
ok "$store: rules of the settings" 'KEEP="--last 2" expire.sh --now $late >t && there 20260102T000000Z 20260103T000000Z'
ok "$store: rules of the command line go before" 'KEEP="--last unlimited" expire.sh --early --last 1 >t && grep -q "^remove" t && there 20260103T000000Z'
ok "$store: the last one stays, whatever the rules" 'expire.sh --early --within 1h >t && ! grep -q "^remove" t && there 20260103T000000Z'
ok "$store: no rule, nothing goes" 'sets 20260104T000000Z && expire.sh --early >t && there 20260103T000000Z 20260104T000000Z'
ok "$store: a date from the future does not drop the newest" 'sets 20990101T000000Z && expire.sh --early --last 1 >t && there 20260104T000000Z 20990101T000000Z'
ok "$store: no half of a set but behind its closing record" '[ "$(awk -F "\t" "\$5 == \"-\" { split(\$3, p, \"/\"); if (p[3] == \"closing.tsv.age\") c[p[2]] = 1; else if (!(p[2] in c)) print }" $ledger | wc -l)" -eq 0 ] && grep -q "	-	-	" $ledger'

# What is nobody's.
dead 20260201T000000Z
ok "$store: a dead set is shown and stays" 'expire.sh --grace 0 --now $late 2>e >t && grep -q "^dead	$HOST/20260201T000000Z	1	[0-9]*	-	0.0000	it has no closing record" t && grep -q "dead: 1 archives, .* --orphans removes them" e && listed | grep -q 20260201'
ok "$store: one that is in flight is not dead" 'mkdir spool/$HOST/inflight/20260201T000000Z; expire.sh --grace 0 --now $late --orphans --early >t; grep -q "^flight	$HOST/20260201" t && listed | grep -q 20260201; r=$?; rmdir spool/$HOST/inflight/20260201T000000Z; exit $r'
ok "$store: nor one that is young" 'expire.sh --orphans --early >t; grep -q "^flight	$HOST/20260201" t && listed | grep -q 20260201'
ok "$store: --orphans" 'expire.sh --grace 0 --now $late --orphans >t; there 20260104T000000Z 20990101T000000Z'
# an archive that was stored, and the ledger not told
dead 20260202T000000Z; sed -i '$d' $ledger
# a second copy
case $store in glacier:*) echo twice >"$HOST/20260104T000000Z/x"; glacier-put -s $store --name "$HOST/20260104T000000Z/index.tsv.xz.age" "$HOST/20260104T000000Z/x" >/dev/null; two=2 ;; *) two=1 ;; esac
# a set that the ledger has lost, one archive of a set that it has, and what is of nobody
cp $ledger kept; sets 20260301T000000Z; cp kept $ledger
echo more >m; glacier-put -s $store --name $HOST/20260104T000000Z/more m >/dev/null; glacier-put -s $store --name other/thing m >/dev/null
glacier-ls -s $store --fresh >/dev/null
ok "$store: -n shows what the ledger does not know, and asks for nothing" 'j=$(jobs) r=$(deletes); expire.sh -n --grace 0 --now $late >t 2>e; grep -c "^orphan	$HOST/" t | grep -qx $two && grep -c "^unknown	$HOST/" t | grep -qx 5 && grep -q "^total	foreign	[1-9]" t && grep -q "not in the ledger, but may be needed" e && [ "$(jobs)" -eq "$j" ] && [ "$(deletes)" -eq "$r" ]'
dies 3 'not in the ledger, but may be needed' "$store: orphans go, the rest stays" 'expire.sh --grace 0 --now $late --orphans'
ok "$store: and nothing else" 'listed | cut -f2 | sort >l && ! grep -q 20260202 l && [ "$(grep -c "20260104T000000Z/index" l)" -eq 1 ] && [ "$(grep -c 20260301 l)" -eq 4 ] && [ "$(grep -c 20260104 l)" -eq 5 ] && live | cut -f3 | sort >a && listed | cut -f3 | sort | comm -13 - a | cmp - /dev/null'
done

# A vault whose inventory takes its time.
on glacier:v
sets 20260101T000000Z 20260102T000000Z
dead 20250101T000000Z
kill "$server"; wait "$server" 2>/dev/null
vault d --thaw-delay 2 --job-life 1
sleep 1
ok 'no inventory: -n asks for none, and says so' 'j=$(jobs); expire.sh -n --last 1 --now $late >t 2>e; [ "$(jobs)" -eq "$j" ] && grep -q "its inventory is not at hand" e && grep -q "^dead" t'
dies 75 'inventory was asked for and is not ready; run this again' '--orphans: what the ledger knows goes, then it is 75' 'expire.sh --orphans --grace 0 --last 1 --now $late'
kill "$server"; wait "$server" 2>/dev/null
vault d
ok 'so it was' 'sleep 2; there 20260102T000000Z'

# Killed at any moment, and run again.
kills=0
ok 'killed at random, again and again: what stays is whole, what goes goes in the end' '
	seed=$(date +%s); echo "seed $seed" >&2
	random() { seed=$(((seed * 1103515245 + 12345) % 2147483648)); r=$((seed / 65536 % $1)); }
	for round in 1 2 3 4 5 6; do
		case $((round % 2)) in 0) on glacier:v ;; *) on s3://buck/pre/fix ;; esac
		n=1; stamps=
		for i in 1 2 3 4 5 6; do random 6; stamps="$stamps 202$r"; random 9; stamps=${stamps}0$((r + 1)); random 9; stamps=${stamps}1${r}T0${i}0${round}00Z; done
		sets $stamps; random 3; dead $(echo 20200101T000000Z 20200102T000000Z | cut -d" " -f1-$((r + 1)))
		random 4; keep=$((r + 1))
		live >before; cut -f2 before | grep closing | sort | tail -n $keep | cut -d/ -f1,2 >keep
		for try in 1 2 3; do
			setsid expire.sh --orphans --early --grace 0 --now $late --last $keep >t 2>e & p=$!
			random 60; sleep "$(printf 0.%02d $r)"; kill -9 -- -$p 2>/dev/null && kills=$((kills + 1)); wait $p 2>/dev/null
			listed >l
			# all that stays has all that it had, and what has a closing record in the ledger has all of it in the store
			grep -Ff keep before | comm -23 - l | cmp - /dev/null || { echo "lost"; exit 1; }
			live >a; grep closing a | cut -f2 | cut -d/ -f1,2 >c; [ "$(wc -l <c)" -ge "$keep" ] || exit 1
			grep -Ff c before | comm -23 - l | cmp - /dev/null || { echo "half a set is called a backup"; exit 1; }
			comm -23 a l | cmp - /dev/null || { echo "the ledger promises what is not there"; exit 1; }
		done
		for again in 1 2 3; do expire.sh --orphans --early --grace 0 --now $late --last $keep >t 2>e; r=$?; [ $r -eq 75 ] || break; sleep 0.3; done
		[ $r -eq 0 ] || { cat e; exit 1; }
		there $(cut -d/ -f2 keep | tr "\n" " ") || { echo "not settled"; diff listed before; exit 1; }
		[ ! -e "$ledger.expiring" ] || exit 1
	done
	echo "$kills kills" >&2'

# Together with backup.sh.
hosts=100
on glacier:v
ok 'after a real backup' 'for i in 1 2 3; do backup.sh "$TMP/src" >set || exit; sleep 1; done; expire.sh --early --last 1 >t && there "$(cut -d/ -f2 set)" && restore.sh -w -i key.txt -o back >/dev/null && cmp src/numbers back/${TMP#/}/src/numbers'
ok 'what is removed is no backup to restore.sh, and backup.sh does not bring it back' 'RETENTION=3 backup.sh "$TMP/src" >one; sleep 1; RETENTION=3 backup.sh "$TMP/src" >two; expire.sh --early --last 1 >t; restore.sh -i key.txt -o no "$(cat one)" 2>e; [ $? -eq 1 ] && grep -q "has no closing record" e && sleep 1 && RETENTION=3 backup.sh "$TMP/src" >three && there "$(cut -d/ -f2 two)" "$(cut -d/ -f2 three)"'
ok 'the examples of the man page' 'sed -n "s/^.Dl glacier-expire/expire.sh/p" "$here/man/glacier-expire.1" | sed "s/\\\\//g" >x && [ "$(wc -l <x)" -eq 2 ] && KEEP="--daily 7" sh -eu x'
ok 'its lock is respected' 'exec 8>>spool/$HOST/lock; flock 8; expire.sh --last 1 2>e; [ $? -eq 75 ] && grep -q "is at work here" e && expire.sh -n --last 1 >t'
ok 'a last line that a crash has cut is no line' 'printf "2026-01-01T00:00:00Z	glacier:v	$HOST/2026" >>$ledger; expire.sh --early --last 1 >t'
dies 1 'ledger.tsv: line 1: is not a line of a ledger' 'a foreign ledger' 'echo hello >x.tsv; cp x.tsv ledger.tsv; expire.sh -l ledger.tsv --last 1'
dies 1 'cannot be read; glacier-ls -s glacier:v prints another one' 'no ledger' 'expire.sh -l nosuch --last 1'
dies 2 'STORE: is not set' 'no store' 'unset STORE; expire.sh --last 1'
dies 2 '^usage: expire.sh' 'a bad option' 'expire.sh --nope'
dies 2 '^usage: expire.sh' 'an option without its value' 'expire.sh --last'
dies 2 'last x: must be' 'a rule that is none' 'expire.sh --last x'
dies 2 '--now: must be a date' 'a date that is none' 'expire.sh --now blah'
dies 2 '--max-cost x: must be dollars' 'dollars that are none' 'expire.sh --max-cost x'
dies 77 'the secret key is wrong' 'a wrong secret key' 'AWS_SECRET_ACCESS_KEY=wrong expire.sh --early --last 1 --orphans'
ok 'help is on stdout' 'expire.sh -h | grep -q "^usage: expire.sh"'
finish

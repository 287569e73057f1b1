#!/usr/bin/env bash
# verify.sh - is in the store what should be there?  Nothing but the inventory is fetched, unless it is asked for.
#
#   verify.sh [-w] [-c FILE] [-i IDENTITY] [-l LEDGER] [-o DIR] [-s STORE] [-t TIER] [--max-cost DOLLARS] [--prices FILE]
#             [--sample N] [SET ...]
#
# Each committed set of HOST must have all of its archives there, of the size and tree hash that the ledger has, or with
# an identity the closing record, which is fetched for it.  --sample retrieves N chunks at random, and opens them.
# Status 75: what was asked for is not ready; run it again, or give -w.  What was asked for is not asked for again.
set -u -o pipefail
export LC_ALL=C
umask 077

here=$(dirname -- "$(realpath -- "$0")")
for sets in "$here/sets.sh" "$here/../share/glacier-backup/sets.sh"; do [ ! -r "$sets" ] || break; done
# shellcheck source=scripts/sets.sh
. "$sets" || exit 1

say() { printf 'verify.sh: %s\n' "$*" >&2; }
die() { local status=$1; shift; say "$*"; exit "$status"; }
usage() {
	cat <<'E'
usage: verify.sh [-hw] [-c file] [-i identity] [-l ledger] [-o dir] [-s store] [-t tier] [--max-cost dollars]
                 [--prices file] [--sample n] [set ...]
E
}

options() {
	config='' identity='' l='' dir='' s='' tier=() wait=() cost=() sample='' chosen=()
	while [ $# -gt 0 ]; do
		case $1 in
		--*=*) set -- "${1%%=*}" "${1#*=}" "${@:2}" ;;
		esac
		case $1 in
		-h | --help) usage; exit 0 ;;
		-w | --wait) wait=(-w); shift; continue ;;
		-*) [ $# -gt 1 ] || { usage >&2; exit 2; } ;;
		*) chosen+=("${1%/}"); shift; continue ;;
		esac
		case $1 in
		-c | --config) config=$2 ;;
		-i | --identity) identity=$2 ;;
		-l | --ledger) l=$2 ;;
		-o | --directory) dir=$2 ;;
		-s | --store) s=$2 ;;
		-t | --tier) tier=(-t "$2") ;;
		--max-cost | --prices) cost+=("$1" "$2") ;;
		--sample) sample=$2 ;;
		*) usage >&2; exit 2 ;;
		esac
		shift 2
	done
	case $sample in *[!0-9]*) die 2 "--sample $sample: must be a number of chunks" ;; esac
	[ -z "$sample" ] || [ -n "$identity" ] || die 2 '--sample: chunks can be opened with an identity only: -i FILE'
	[ -z "$identity" ] || [ -r "$identity" ] || die 2 "$identity: cannot be read"
}

configure() {
	local i
	read_settings "$config" "$s" "$l"
	for i in "${!chosen[@]}"; do
		case ${chosen[i]} in
		*/*) [ "${chosen[i]%%/*}" = "$HOST" ] || die 2 "${chosen[i]}: is not of $HOST; HOST=${chosen[i]%%/*} verify.sh looks at it" ;;
		*) chosen[i]=$HOST/${chosen[i]} ;;
		esac
	done
	[ ! -e "$LEDGER" ] || [ -r "$LEDGER" ] || die 1 "$LEDGER: cannot be read"
	[ ! -e "$LEDGER" ] || LEDGER=$(realpath -- "$LEDGER")
	[ -z "$identity" ] || identity=$(realpath -- "$identity")
	for i in "${!cost[@]}"; do
		[ "${cost[i]}" != --prices ] || cost[i+1]=$(realpath -- "${cost[i+1]}")
	done
	dir=$(realpath -m -- "${dir:-$BACKUP_PREFIX/$HOST/verify}")
}

# live and struck.  Without a ledger the store's word for what it has is all there is.
read_ledger() {
	split_ledger
	[ ! -e "$LEDGER" ] || return 0
	say "$LEDGER: is not there: which sets there are is what $STORE says itself"
	cp inventory live
}

# committed: the sets to look at, oldest first.
choose_sets() {
	local set
	judge '$3 == closing(setof($3)) { print setof($3) }' live | sort -u >all
	if [ ${#chosen[@]} -eq 0 ]; then
		mv all committed
	else
		for set in "${chosen[@]}"; do
			grep -Fqx -- "$set" all || die 1 "$set: has no closing record: it is no backup"
		done
		printf '%s\n' "${chosen[@]}" | sort -u >committed
	fi
	[ -s committed ] || say "$HOST: has no set in $STORE"
}

# Archives into a directory, by their lines.
fetch() { # LINES DIRECTORY WHAT
	local status
	[ -s "$1" ] || return 0
	glacier-get -N -s "$STORE" -o "$2" ${wait[@]+"${wait[@]}"} ${tier[@]+"${tier[@]}"} ${cost[@]+"${cost[@]}"} <"$1" >got
	status=$?
	case $status in
	0) ;;
	75) say "$3: were asked for and are not all ready; run this again, or give -w"; exit 75 ;;
	*) return $status ;;
	esac
}

# expected: set, name, size, tree hash, time, id of all that must be there, by the ledger.
expect_ledger() {
	judge '
		FILENAME == "committed" { take[$1] = 1; next }
		setof($3) in take { print setof($3), $3, $4, $5, $1, $6 }' committed live >expected
}

# The same by the closing records.  The closing record itself is vouched for by the ledger.
expect_closings() {
	local set
	judge '
		FILENAME == "committed" { take[$1 "/closing.tsv.age"] = 1; next }
		FILENAME == "inventory" { there[$6] = 1; next }
		$3 in take && $6 in there && !done[$3]++' committed inventory live >closings
	fetch closings "$dir/closings" 'closing records' || say 'not all closing records could be fetched'
	judge '
		FILENAME == "committed" { take[$1 "/closing.tsv.age"] = 1; next }
		$3 in take { print setof($3), $3, $4, $5, $1, $6 }' committed live >expected
	while read -r set; do
		if [ ! -e "$dir/closings/$set/closing.tsv.age" ]; then
			[ ! -s closings ] || ! grep -Fq "	$set/closing.tsv.age	" closings || printf '%s\tcannot be fetched\n' "$set" >>unread
		elif ! seal -d -i "$identity" <"$dir/closings/$set/closing.tsv.age" >closing; then
			printf '%s\tcannot be opened\n' "$set" >>unread
		elif ! closing_archives "$set" closing >archives; then
			printf '%s\tdoes not agree with itself\n' "$set" >>unread
		else
			judge '{ print set, $3, $4, $5, $1, $6 }' set="$set" archives >>expected
			awk -F '\t' -v OFS='\t' '$1 == "chunk" { print $2, $3 }' closing >>plain
		fi
	done <committed
}

# result: what is amiss, a line each; then the sets, whole or not; then what nobody expects.
compare() {
	judge '
		function amiss(verdict, set, name, why) { print verdict, name, why; if (verdict == "recent") recent[set] = 1; else broken[set]++ }
		FILENAME == "unread" { amiss("damaged", $1, $1 "/closing.tsv.age", $2); next }
		FILENAME == "inventory" {
			size[$6] = $4; hash[$6] = $5; name[$6] = $3; time[$6] = $1; id[++n] = $6
			if (setof($3) != "") copy[$3 SUBSEP $4 SUBSEP $5] = $6
			next
		}
		FILENAME == "live" { known[$6] = ledger[$3 SUBSEP $4 SUBSEP $5] = 1; next }
		FILENAME == "struck" { struck[$7] = $1; next }
		FILENAME == "expected" {
			known[$6] = 1; count[$1]++; bytes[$1] += $3
			if ($2 == $1 "/index.tsv.xz.age") indexed[$1] = 1
			if (!(($2 SUBSEP $3 SUBSEP $4) in ledger)) print "unlisted", $2, "the closing record has it, and the ledger does not"
			if ($6 in size && size[$6] == $3 && hash[$6] == $4) next
			if (($2 SUBSEP $3 SUBSEP $4) in copy) { known[copy[$2 SUBSEP $3 SUBSEP $4]] = 1; next }
			if ($6 in size)
				amiss("changed", $1, $2, size[$6] != $3 ? "it has " size[$6] " bytes, not " $3 : "its tree hash is " hash[$6] ", not " $4)
			else if ($5 > as_of)
				amiss("recent", $1, $2, "it was stored at " $5 ", and the inventory is of " as_of)
			else
				amiss("missing", $1, $2, "it was stored at " $5)
			next
		}
		FILENAME == "committed" {
			if (!($1 in indexed) && !($1 in broken) && !($1 in recent)) amiss("missing", $1, $1 "/index.tsv.xz.age", "nobody knows of one")
			if ($1 in broken) { bad++; print "broken", $1, broken[$1] " of its archives are missing, changed or damaged" }
			else if ($1 in recent) { young++; print "recent", $1, "the inventory is older than it" }
			else { print "whole", $1, count[$1] " archives, " sprintf("%.0f", bytes[$1]) " bytes" }
		}
		END {
			for (i = 1; i <= n; i++)
				if (id[i] in known || (id[i] in struck && struck[id[i]] >= as_of)) continue
				else if (setof(name[id[i]]) == "") foreign++
				else if (!some) print "extra", name[id[i]], id[i] in struck ? "it was removed at " struck[id[i]] : "the ledger does not know it"
			if (foreign && !some) print "foreign", host, foreign " archives are not of its sets"
			exit bad ? 1 : young ? 3 : 0
		}' as_of="$as_of" some="${#chosen[@]}" unread inventory live struck expected committed >result
}

# Chunks at random; those that an earlier run has asked for, where there are some.
choose_sample() {
	local list=$dir/sample.lines
	if [ -s "$list" ] && [ "$(head -n 1 "$list")" = "$STORE $sample ${chosen[*]-}" ]; then
		return
	fi
	judge '
		FILENAME == "inventory" { line[$6] = $0; copy[$3 SUBSEP $4 SUBSEP $5] = $0; next }
		$2 ~ /\.tar\.xz\.age$/ {
			if ($6 in line) print line[$6]
			else if (($2 SUBSEP $3 SUBSEP $4) in copy) print copy[$2 SUBSEP $3 SUBSEP $4]
		}' inventory expected | shuf -n "$sample" >chosen
	{ echo "$STORE $sample ${chosen[*]-}"; cat chosen; } >"$list.new" && sync "$list.new" && mv -- "$list.new" "$list" || exit 1
}

take_sample() {
	local name bytes plain bad=0 n=0
	choose_sample
	sed 1d "$dir/sample.lines" >chosen
	say_estimate 'the sample' chosen "$dir/sample" ${tier[@]+"${tier[@]}"} ${cost[@]+"${cost[@]}"}
	fetch chosen "$dir/sample" 'chunks of the sample' || say 'not all of the sample could be fetched'
	while IFS=$'\t' read -r _ _ name _; do
		n=$((n + 1))
		if [ ! -e "$dir/sample/$name" ]; then
			printf 'damaged\t%s\tit cannot be fetched\n' "$name"
			bad=1
		elif ! bytes=$(seal -d -i "$identity" <"$dir/sample/$name" | xzpar -d | wc -c); then
			printf 'damaged\t%s\tit cannot be opened\n' "$name"
			bad=1
		elif plain=$(awk -F '\t' -v n="$name" '$1 == n { print $2 }' plain) && [ "${plain:-$bytes}" != "$bytes" ]; then
			printf 'damaged\t%s\tit has %s bytes, and had %s when it was stored\n' "$name" "$bytes" "$plain"
			bad=1
		else
			printf 'opened\t%s\t%s bytes\n' "$name" "$bytes"
		fi
	done <chosen
	rm -rf -- "${dir:?}/sample" "$dir/sample.lines"
	[ "$n" -ge "$sample" ] || say "there are only $n chunks to choose from"
	return $bad
}

command -v glacier-ls >/dev/null || PATH=$(cd "$here/../build" 2>/dev/null && pwd):$PATH
options "$@"
configure
work_dir
if [ -n "$identity" ]; then
	mkdir -p "$dir" && exec 8>>"$dir/lock" || die 1 "$dir: cannot be used; -o names another directory"
	flock -n 8 || die 75 "$dir: another verification is at work there"
fi
cd "$tmp" || exit 1
: >unread; : >plain
read_inventory ${wait[@]+"${wait[@]}"} || die 75 "$STORE: its inventory was asked for and is not ready; run this again, or give -w"
read_ledger
choose_sets
if [ -n "$identity" ]; then
	expect_closings
else
	say "without an identity closing records cannot be read: what must be there is what $([ -e "$LEDGER" ] && echo "$LEDGER" || echo "$STORE") says"
	expect_ledger
fi
compare
status=$?
cat result
[ -z "$sample" ] || [ "$sample" -eq 0 ] || take_sample || status=1
[ $status -ne 1 ] || say "$HOST: not all is as it should be"
exit $status

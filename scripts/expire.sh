#!/usr/bin/env bash
# expire.sh - remove from the store the sets that no rule keeps, and what is left of sets that never came to be.
#
#   expire.sh [-n] [-c FILE] [-l LEDGER] [-s STORE] [--early] [--grace DAYS] [--max-cost DOLLARS] [--now DATE] [--orphans]
#             [--prices FILE] [RULES OF retain(1)]
#
# Sets are those of HOST whose closing record the ledger has; retain(1) judges them by their dates.  A set goes when all
# of it is old enough to be free of charge.  Its closing record goes first, and the ledger says so before the store is
# told: killed at any moment, what is half removed is no backup to anybody, and the next run removes the rest of it.
set -u -o pipefail
export LC_ALL=C
umask 077

here=$(dirname -- "$(realpath -- "$0")")
for sets in "$here/sets.sh" "$here/../share/glacier-backup/sets.sh"; do [ ! -r "$sets" ] || break; done
# shellcheck source=scripts/sets.sh
. "$sets" || exit 1

say() { printf 'expire.sh: %s\n' "$*" >&2; }
die() { local status=$1; shift; say "$*"; exit "$status"; }
usage() {
	cat <<'E'
usage: expire.sh [-hn] [-c file] [-l ledger] [-s store] [--early] [--grace days] [--max-cost dollars] [--now date]
                 [--orphans] [--prices file] [--last n] [--hourly n] [--daily n] [--weekly n] [--monthly n] [--yearly n]
                 [--within time] [--min-age time]
E
}

options() {
	config='' dry='' early=() grace='' max='' now=$(date -u +%Y-%m-%dT%H:%M:%SZ) orphans='' prices=() rules=() l='' s=''
	while [ $# -gt 0 ]; do
		case $1 in
		--*=*) set -- "${1%%=*}" "${1#*=}" "${@:2}" ;;
		esac
		case $1 in
		-h | --help) usage; exit 0 ;;
		-n | --dry-run) dry=1; shift; continue ;;
		--early) early=(--early); shift; continue ;;
		--orphans) orphans=1; shift; continue ;;
		esac
		[ $# -gt 1 ] || { usage >&2; exit 2; }
		case $1 in
		-c | --config) config=$2 ;;
		-l | --ledger) l=$2 ;;
		-s | --store) s=$2 ;;
		--grace) grace=$2 ;;
		--max-cost) max=$2 ;;
		--now) now=$2 ;;
		--prices) prices=(--prices "$2") ;;
		--last | --hourly | --daily | --weekly | --monthly | --yearly | --within | --min-age) rules+=("$1" "$2") ;;
		*) usage >&2; exit 2 ;;
		esac
		shift 2
	done
	now=$(date -u -d "$now" +%Y-%m-%dT%H:%M:%SZ 2>/dev/null) || die 2 '--now: must be a date such as 2026-11-23T10:15:00Z'
	case $grace in *[!0-9]*) die 2 "--grace $grace: must be a number of days" ;; esac
	case $max in *[!0-9.]* | .) die 2 "--max-cost $max: must be dollars" ;; esac
}

configure() {
	read_settings "$config" "$s" "$l"
	[ ${#rules[@]} -gt 0 ] || read -r -d '' -a rules <<<"$KEEP"
	[ -r "$LEDGER" ] || die 1 "$LEDGER: cannot be read; glacier-ls -s $STORE prints another one"
	LEDGER=$(realpath -- "$LEDGER")
	root=$(realpath -m -- "$BACKUP_PREFIX/$HOST")
	[ -n "$grace" ] || { if [ -d "$root/inflight" ]; then grace=1; else grace=7; fi; }
	before=$(date -u -d "$now - $grace days" +%Y-%m-%dT%H:%M:%SZ)
}

# backup.sh's lock: what it has in flight does not change meanwhile.  It may have called this, and have it already.
lock() {
	mkdir -p "$root" || exit 1
	[ ! /proc/self/fd/9 -ef "$root/lock" ] || return 0
	exec 9>>"$root/lock" || exit 1
	flock -n 9 || die 75 "$root: a backup or another removal is at work here; try again when it has ended"
	echo $$ >"$root/lock.pid"
}

# sets: HOST/SET, committed or going or unfinished, time of the newest archive.  Going: it was committed once.
list_sets() {
	judge '
		FILENAME == "live" && (set = setof($3)) != "" {
			there[set] = 1
			if ($1 > newest[set]) newest[set] = $1
			if ($3 == closing(set)) committed[set] = 1
		}
		FILENAME == "struck" && (set = setof($4)) != "" && $4 == closing(set) { going[set] = 1 }
		END {
			for (set in there)
				print set, set in committed ? "committed" : set in going ? "going" : "unfinished", newest[set]
		}' live struck | sort >sets
}

in_flight() { [ -e "$root/inflight/${1#*/}" ] || [ -e "$root/complete/${1#*/}" ]; }

# verdicts: keep, drop, going, flight or dead; HOST/SET; why.
decide() {
	local set state newest
	awk -F '\t' '$2 == "committed" { print $1 }' sets >committed
	if [ ${#rules[@]} -gt 0 ]; then
		retain -v --now "$now" "${rules[@]}" <committed >judged || exit
	else
		sed 's/^/keep\tno rule\t/' committed >judged
	fi
	awk -F '\t' -v OFS='\t' '{ print $1, $3, $2 }' judged >verdicts
	[ ! -s committed ] || judge '
		FILENAME == "verdicts" { if ($1 == "keep") keep[$2 "/index.tsv.xz.age"] = 1; next }
		$3 in keep { found = 1 }
		END { exit !found }' verdicts live || die 1 "$HOST: no set that would stay has its index in $LEDGER: nothing is removed"
	while IFS=$'\t' read -r set state newest; do
		case $state in
		committed) ;;
		going) printf 'going\t%s\tits removal was interrupted\n' "$set" ;;
		*)	if in_flight "$set"; then
				printf 'flight\t%s\tbackup.sh has it in hand\n' "$set"
			elif [[ ! $newest < $before ]]; then
				printf 'flight\t%s\tits newest archive is of %s\n' "$set" "$newest"
			else
				printf 'dead\t%s\tit has no closing record\n' "$set"
			fi ;;
		esac
	done <sets >>verdicts
}

# The store's inventory.  A vault is asked for one only where $1 is ask.
inventory() {
	if [ "$1" != ask ] && [[ $STORE == glacier:* ]]; then
		glacier-ls -s "$STORE" --jobs >asked || exit
		awk -F '\t' '$2 == "ready" && $5 == "-" { found = 1 } END { exit !found }' asked || return 75
	fi
	read_inventory
}

# strays: what the inventory has and the ledger does not: verdict, why, the line.  An orphan is nobody's: of a set that is
# dead or removed, or the second copy of what the ledger has a first one of.  What might be the rest of a set that the
# ledger has lost is unknown, and stays.
find_strays() {
	judge '
		FILENAME == "verdicts" { verdict[$2] = $1; next }
		FILENAME == "live" { live[$6] = 1; first[$3] = $6; next }
		FILENAME == "struck" { struck[$7] = $1; if ($4 == closing(setof($4))) was[setof($4)] = 1; next }
		{
			listed[$6] = 1
			set = setof($3)
			if ($6 in live) next
			if ($6 in struck && struck[$6] >= as_of) next   # it may have been there at that time
			stray[++n] = $0; name[n] = $3; of[n] = set; id[n] = $6
			if ($1 > newest[set]) newest[set] = $1
			if ($3 == closing(set)) whole[set] = 1
		}
		END {
			for (i = 1; i <= n; i++) {
				set = of[i]
				if (id[i] in struck) v = "orphan\tit was removed, and is there"
				else if (set == "") v = "foreign\tit is no set of " host
				else if (verdict[set] == "flight" || index(flying, " " set " ")) v = "flight\tit may be in flight"
				else if (name[i] in first && first[name[i]] in listed) v = "orphan\ta second copy"
				else if (verdict[set] == "keep" || verdict[set] == "drop") v = "unknown\tthe ledger has its set without it"
				else if (set in was) v = "orphan\tits set is removed"
				else if (set in whole) v = "unknown\tthe ledger has lost its set"
				else if (newest[set] >= before) v = "flight\tit may be in flight"
				else v = "orphan\tits set has no closing record"
				print v, stray[i]
			}
		}' as_of="$as_of" before="$before" flying="$(flying)" verdicts live struck inventory >strays
}

flying() {
	local d
	for d in "$root"/inflight/*/ "$root"/complete/*/; do printf ' %s/%s ' "$HOST" "$(basename "$d")"; done
}

# terms: what glacier-rm says of each archive that could go: until when it is paid for, class, bytes, dollars, its line.
find_terms() {
	local status=0
	{
		judge 'FILENAME == "verdicts" { if ($1 ~ /^(drop|going|dead)$/) take[$2] = 1; next } setof($3) in take' verdicts live
		awk -F '\t' '$1 == "orphan"' strays | cut -f3-
	} >candidates
	glacier-rm --terms -N -s "$STORE" --now "$now" ${prices[@]+"${prices[@]}"} <candidates >terms || status=$?
	case $status in 0 | 3) ;; *) exit $status ;; esac
}

# table: verdict, set or archive, archives, bytes, until, dollars, why.  A drop that is paid for still is "wait", unless
# --early; so is what is dead.
make_table() {
	judge '
		function put(verdict, what, n, bytes, until, dollars, why) {
			print verdict, what, n + 0, sprintf("%.0f", bytes), until == "" ? "-" : until, \
			    dollars == "?" ? "?" : sprintf("%.4f", dollars), why
			sets[verdict]++; archives[verdict] += n; all[verdict] += bytes
			if (dollars == "?" || sum[verdict] == "?") sum[verdict] = "?"; else sum[verdict] += dollars
		}
		function add(k, until, dollars) {
			if (until != "-" && (until == "?" || until > end[k])) end[k] = until
			if (dollars == "?" || cost[k] == "?") cost[k] = "?"; else cost[k] += dollars
		}
		function now_or_later(verdict, k) {
			return verdict ~ /^(remove|dead|orphan)$/ && end[k] != "" && !early ? "wait" : verdict
		}
		FILENAME == "live" { set = setof($3); n[set]++; bytes[set] += $4; of[$6] = set; next }
		FILENAME == "terms" { add($10, $1, $4); if ($10 in of) add(of[$10], $1, $4); next }
		FILENAME == "verdicts" {
			put(now_or_later($1 == "drop" ? "remove" : $1, $2), $2, n[$2], bytes[$2], end[$2], cost[$2] "", $3)
			next
		}
		$1 == "foreign" { foreign++; next }
		{ put($1 == "orphan" ? now_or_later($1, $8) : $1, $5, 1, $6, end[$8], cost[$8] "", $2 ": " $8) }
		END {
			m = split("keep remove wait going dead orphan flight unknown", order, " ")
			for (i = 1; i <= m; i++)
				if ((v = order[i]) in sets)
					print "total", v, archives[v], sprintf("%.0f", all[v]), sets[v], sum[v] == "?" ? "?" : sprintf("%.4f", sum[v]), "-"
			if (foreign) print "total", "foreign", foreign, "-", "-", "-", "not of " host
		}' early="${early[*]-}" live terms verdicts strays >table
}

explain() {
	awk -F '\t' -v store="$STORE" '
		$1 == "wait" { print "expire.sh: " $2 ": is paid for until " substr($5, 1, 10) ": to remove it now saves nothing of the " \
		    ($6 == "?" ? "rest" : "$" $6 " that remain") ", so it stays until then; --early removes it" }
		$1 == "unknown" { print "expire.sh: " $2 ": is in " store " and not in the ledger, but may be needed: it stays; glacier-ls makes a ledger that has it" }
		$1 == "total" && $2 ~ /^(dead|orphan)$/ && !o { print "expire.sh: " $2 ": " $3 " archives, " $4 " bytes are nobody'"'"'s; --orphans removes them" }
		' o="$orphans" table >&2
}

# More than may be lost to --early.
affordable() {
	[ -n "$max" ] || return 0
	awk -F '\t' -v max="$max" '
		$1 == "total" && ($2 == "remove" || (o && $2 ~ /^(dead|orphan)$/)) { if ($6 == "?") unknown = 1; sum += $6 }
		END { if (unknown || sum > max + 0) { printf "%s\n", unknown ? "what it costs is not known" : "it costs " sum " dollars, more than --max-cost " max; exit 1 } }' o="$orphans" table >dear ||
	    die 1 "$(cat dear): nothing is removed"
}

# Removing

rm_lines() { # FILE [OPTION ...]
	[ ! -s "$1" ] || glacier-rm -N -s "$STORE" --early "${@:2}" <"$1"
}

# What an earlier run had begun to remove, and the ledger has as removed: was the store told?
finish() {
	[ -s "$LEDGER.expiring" ] || return 0
	awk -F '\t' 'FILENAME == "struck" { gone[$7] = 1; next } $6 in gone' struck "$LEDGER.expiring" >again
	awk -F '\t' '$3 ~ /\/closing\.tsv\.age$/' again >again.first
	awk -F '\t' '$3 !~ /\/closing\.tsv\.age$/' again >again.then
	rm_lines again.first >gone || exit
	rm_lines again.then >gone || exit
	rm -f -- "$LEDGER.expiring"
}

# doomed: the lines that go.  struck.first: closing records that the ledger has as removed while the rest of the set is there.
choose_doomed() {
	judge '
		FILENAME == "table" { if ($1 == "remove" || $1 == "going" || ($1 == "dead" && o)) take[$2] = 1
		    if ($1 == "orphan" && o) one[$7] = 1
		    next }
		FILENAME == "live" { if (setof($3) in take) print; next }
		$1 == "orphan" && $2 ": " $8 in one { print $3, $4, $5, $6, $7, $8 }' o="$orphans" table live strays >doomed
	judge 'FILENAME == "table" { if ($1 == "going") take[$2] = 1; next }
		setof($4) in take && $5 != "-" && $4 == closing(setof($4))' table struck | cut -f2- >struck.first
}

remove() {
	local bad=0
	choose_doomed
	[ -s doomed ] || [ -s struck.first ] || return 0
	cat struck.first doomed >"$LEDGER.expiring.new" && sync "$LEDGER.expiring.new" &&
	    mv -- "$LEDGER.expiring.new" "$LEDGER.expiring" && sync "$(dirname -- "$LEDGER")" ||
	    die 1 "$LEDGER.expiring: cannot be written; nothing is removed"
	rm_lines struck.first >gone || exit
	judge 'setof($3) != "" && $3 == closing(setof($3))' doomed >first
	rm_lines first -l "$LEDGER" >first.gone || bad=$?
	# Of a set whose closing record is there still, all else stays.
	judge '
		FILENAME == "first" { here[$6] = setof($3); next }
		FILENAME == "first.gone" { delete here[$6]; next }
		!begun++ { for (i in here) whole[here[i]] = 1 }
		(setof($3) == "" || $3 != closing(setof($3))) && !(setof($3) in whole)' first first.gone doomed >rest
	rm_lines rest -l "$LEDGER" >gone || bad=$?
	[ $bad -eq 0 ] || die $bad "not all of it could be removed; run this again"
	rm -f -- "$LEDGER.expiring"
}

command -v glacier-rm >/dev/null || PATH=$(cd "$here/../build" 2>/dev/null && pwd):$PATH
options "$@"
configure
work_dir
[ -n "$dry" ] || lock
case ${prices[1]-} in '' | /*) ;; *) prices[1]=$PWD/${prices[1]} ;; esac
cd "$tmp" || exit 1
split_ledger
[ -n "$dry" ] || finish
list_sets
decide
: >strays
pending=
if inventory "$([ -z "$orphans" ] || [ -n "$dry" ] || echo ask)"; then
	find_strays
else
	pending=1
	[ -z "$dry" ] && [ -n "$orphans" ] || say "$STORE: its inventory is not at hand, so archives that the ledger does not know are not shown; --orphans asks for it"
fi
find_terms
make_table
cat table
explain
affordable
[ -z "$dry" ] || exit 0
remove
if [ -n "$pending" ] && [ -n "$orphans" ]; then
	die 75 "$STORE: its inventory was asked for and is not ready; run this again to remove what the ledger does not know"
fi
! grep -q '^unknown' table || exit 3

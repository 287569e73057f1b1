#!/usr/bin/env bash
# restore.sh - bring a set, or some paths of it, back from the store.
#
#   restore.sh [-nw] [-c FILE] [-i IDENTITY] [-l LEDGER] [-o DIR] [-s STORE] [-t TIER] [--before DATE] [--list]
#              [--max-cost DOLLARS] [--prices FILE] [SET] [PATH ...]
#
# Only a set that has its closing record exists.  Without a ledger the store is asked for one.  Closing record and index
# come first; they say which archives are needed.  Everything is fetched into DIR.part, checked, unpacked there, compared
# with closing record and index, and DIR gets its name last.  Status 75: archives are still thawing; run again, what was
# asked for is not asked for again, and what was fetched is not fetched again.
set -u -o pipefail
export LC_ALL=C
umask 077

here=$(dirname -- "$(realpath -- "$0")")
for lib in "$here/sets.sh" "$here/../share/glacier-backup/sets.sh"; do [ ! -r "$lib" ] || break; done
# shellcheck source=scripts/sets.sh
. "$lib" || exit 1

say() { printf 'restore.sh: %s\n' "$*" >&2; }
die() { local status=$1; shift; say "$*"; exit "$status"; }
usage() {
	cat <<'E'
usage: restore.sh [-hnw] [-c file] [-i identity] [-l ledger] [-o directory] [-s store] [-t tier] [--before date] [--list]
                  [--max-cost dollars] [--prices file] [set] [path ...]
E
}
misused() { [ $# -eq 0 ] || say "$*"; usage >&2; exit 2; }

configure() {
	local config='' n l='' s='' option
	identity='' out='' only_print='' wait=() get=() list='' before='' set='' paths=()
	while getopts c:hi:l:no:s:t:w-: option; do
		if [ "$option" = - ]; then
			option=${OPTARG%%=*}
			case $option,$OPTARG in
			before,before | max-cost,max-cost | prices,prices)
				[ $OPTIND -le $# ] || misused "--$option: wants a value"
				OPTARG=${!OPTIND} OPTIND=$((OPTIND + 1)) ;;
			before,* | max-cost,* | prices,*) OPTARG=${OPTARG#*=} ;;
			*,*=*) misused "--$option: is unknown, or takes no value" ;;
			esac
		fi
		case $option in
		c) config=$OPTARG ;;
		h | help) usage; exit 0 ;;
		i) identity=$OPTARG ;;
		l) l=$OPTARG ;;
		n) only_print=1 ;;
		o) out=$OPTARG ;;
		s) s=$OPTARG ;;
		t) get+=(-t "$OPTARG") ;;
		w) wait=(-w) ;;
		before) before=$(date -u -d "$OPTARG" +%Y%m%dT%H%M%SZ) || die 2 "--before $OPTARG: is no date" ;;
		list) list=1 ;;
		max-cost) get+=(--max-cost "$OPTARG") ;;
		prices) get+=(--prices "$(realpath -- "$OPTARG")") ;;
		\?) misused ;;
		*) misused "--$option: is unknown" ;;
		esac
	done
	shift $((OPTIND - 1))
	read_settings "$config" "$s" "$l"
	[ -n "$identity" ] || [ -n "$list$only_print" ] || die 2 'an identity file is needed: -i FILE'
	[ -z "$identity" ] || { [ -r "$identity" ] && [ ! -d "$identity" ]; } || die 2 "$identity: cannot be read"
	[ -z "$identity" ] || identity=$(realpath -- "$identity")
	if [ $# -gt 0 ] && [[ $1 =~ (^|/)[0-9]{8}T[0-9]{6}Z/?$ ]]; then
		set=${1%/}
		case $set in */*) ;; *) set=$HOST/$set ;; esac
		[ -z "$before" ] || misused "$set: --before chooses a set, too"
		shift
	fi
	for n in "$@"; do
		n=${n#/} n=${n%/}
		[ -n "$n" ] || die 2 'a path must not be empty; without paths the whole set comes back'
		paths+=("$n")
	done
}

# A machine that has no ledger asks the store, and keeps what it says.
list_store() {
	local status
	[ ! -e "$LEDGER" ] || die 1 "$LEDGER: cannot be read; it names the archives"
	say "$LEDGER: is not there, so the store is asked for one"
	mkdir -p -- "$(dirname -- "$LEDGER")" || die 1 "$LEDGER: its directory cannot be made; -l FILE names another place"
	glacier-ls -s "$STORE" ${wait[@]+"${wait[@]}"} >"$LEDGER.part"
	status=$?
	case $status in
	0 | 3) sync "$LEDGER.part" && mv -- "$LEDGER.part" "$LEDGER" || exit 1 ;;
	75) rm -f -- "$LEDGER.part"; die 75 "$STORE: its inventory was asked for and is not ready; run this again later, or give -w" ;;
	*) rm -f -- "$LEDGER.part"; die $status "$STORE: cannot be listed" ;;
	esac
}

# --list: set, when it was committed, archives, bytes.
list_sets() {
	ledger_live | awk -F '\t' -v OFS='\t' '
		{ set = $3; sub(/\/[^\/]*$/, "", set); n[set]++; bytes[set] += $4 }
		$3 == set "/closing.tsv.age" { at[set] = $1 }
		END { for (s in at) print s, at[s], n[s], sprintf("%.0f", bytes[s]) }' | sort
}

choose() {
	committed_sets >"$tmp/sets" || exit
	if [ -n "$set" ]; then
		grep -Fqx -- "$set" "$tmp/sets" ||
		    die 1 "$set: has no closing record in $LEDGER for $STORE: it is no backup and is not restored"
		return
	fi
	set=$(awk -F/ -v host="$HOST" -v before="$before" 'NF == 2 && $1 == host && (before == "" || $2 < before)' "$tmp/sets" | tail -n 1)
	[ -z "$set" ] || return 0
	[ -z "$before" ] || ! grep -q "^$HOST/" "$tmp/sets" || die 1 "$HOST: has no set before $before; --list shows those that there are"
	die 1 "$HOST: no set of this host in $STORE has a closing record in $LEDGER$(cut -d/ -f1 "$tmp/sets" | sort -u |
	    awk '{ s = s (NR > 1 ? " " : "") $0 } END { if (NR) print "; there are sets of " s ": name one as HOST/SET, --list shows them" }')"
}

# The newest line of an archive.
line_of() { ledger_live | awk -F '\t' -v n="$1" '$3 == n { l = $0 } END { if (l != "") print l; else exit 1 }'; }

# A copy of a small archive that backup.sh has kept here is as good as the store's, if its tree hash is the ledger's.
take_copy() { # NAME
	local copy=$BACKUP_PREFIX/${set%%/*}/complete/${1#*/}
	[ ! -e "$spool/$1" ] && [ -f "$copy" ] && [ "$(treehash <"$copy" | cut -c1-64)" = "$(line_of "$1" | cut -f5)" ] || return 0
	mkdir -p "$spool/$set" && cp -- "$copy" "$spool/$1"
}

# The archives of a file of ledger lines end up below the spool.
fetch() {
	local status
	glacier-get -N -s "$STORE" -o "$spool" ${wait[@]+"${wait[@]}"} ${get[@]+"${get[@]}"} <"$1" >/dev/null
	status=$?
	case $status in
	0) ;;
	75) die 75 "$set: the store is thawing what was asked for; run this again later, or give -w" ;;
	*) die $status "$set: not all of its archives could be fetched" ;;
	esac
}

unseal() { seal -d -i "$identity" <"$1"; }

# closing, the closing record; archives, its ledger lines; index.
open_closing() {
	unseal "$spool/$set/closing.tsv.age" >closing || die 1 "$set/closing.tsv.age: cannot be opened"
	[ "$(head -n 1 closing)" = "format	1" ] || die 1 "$set/closing.tsv.age: is not a closing record of format 1"
	closing_archives "$set" closing >archives || die 1 "$set/closing.tsv.age: does not agree with itself"
	# The closing record is what the set was; the ledger is how it is found.
	awk -F '\t' -v n="$set/index.tsv.xz.age" '$3 == n' archives >needed
	[ -s needed ] || die 1 "$set/closing.tsv.age: names no index"
}

open_index() {
	unseal "$spool/$set/index.tsv.xz.age" | xzpar -d >index || die 1 "$set/index.tsv.xz.age: cannot be opened"
}

# Of the index: the lines of the members that were asked for, and of the targets of their hard links.
select_members() {
	printf '%s\n' "${paths[@]}" >wanted
	: >unfound
	awk -F '\t' '
		function quote(c) { return c ~ /[a-zA-Z0-9_\/ -]/ ? c : "\\" c }
		function regex(glob,   i, c, re) {
			for (i = 1; i <= length(glob); i++) {
				c = substr(glob, i, 1)
				re = re (c == "*" ? ".*" : c == "?" ? "." : quote(c))
			}
			return "^" re "(/|$)"
		}
		function take(path,   i, some) {
			sub(/^\.?\/+/, "", path)
			for (i = 1; i <= n; i++)
				if (path == want[i] || index(path, want[i] "/") == 1 || (glob[i] != "" && path ~ glob[i]))
					some = found[i] = 1
			return some
		}
		FILENAME == "wanted" { want[++n] = $0; glob[n] = $0 ~ /[*?]/ ? regex($0) : ""; next }
		FNR == 1 { pass++ }
		pass == 1 { if (take($9) && $4 == "hardlink") target[$10] = 1; next }
		($9 in target) || take($9)
		END { for (i = 1; i <= n; i++) if (!(i in found)) print want[i] >"unfound" }' wanted index index >selected
	[ ! -s unfound ] || die 1 "$(head -n 1 unfound): is not in $set"
}

# Lines with the escapes of the index undone; each ends with NUL if told so.
unescape() { # [nul]
	awk -v nul="${1-}" '{
		s = $0; out = ""
		while ((i = index(s, "\\")) > 0) {
			out = out substr(s, 1, i - 1); c = substr(s, i + 1, 1)
			if (c == "t") { out = out "\t"; s = substr(s, i + 2) }
			else if (c == "n") { out = out "\n"; s = substr(s, i + 2) }
			else if (c == "\\") { out = out "\\"; s = substr(s, i + 2) }
			else { out = out sprintf("%c", substr(s, i + 1, 1) * 64 + substr(s, i + 2, 1) * 8 + substr(s, i + 3, 1)); s = substr(s, i + 4) }
		}
		printf "%s%s", out, s
		if (nul) printf "%c", 0; else print ""
	}'
}

# needed: the chunks that hold what is selected.
choose_chunks() {
	if [ ${#paths[@]} -eq 0 ]; then
		cp index selected
		awk -F '\t' '$3 ~ /\.tar\.xz\.age$/' archives >needed
	else
		select_members
		awk -F '\t' -v host="${set%%/*}" 'FILENAME == "selected" { chunk[host "/" $1 ".xz.age"] = 1; next } $3 in chunk' selected archives >needed
	fi
}

say_plan() { # FILE of ledger lines, WHAT
	awk -F '\t' -v what="$2" '{ n++; b += $4 } END { printf "restore.sh: %s: %d archives, %.0f bytes to retrieve\n", what, n, b }' "$1" >&2
}

# -n asks for nothing that is paid for: closing record and index are read only if that is free.
plan() {
	local status=0 part
	: >needed
	for part in closing.tsv.age index.tsv.xz.age; do line_of "$set/$part" >>needed || die 1 "$set/$part: is not in $LEDGER"; done
	if [ -n "$identity" ] && glacier-get -n -N -s "$STORE" -o "$spool" <needed >state && ! grep -q '^ask\|^thawing' state; then
		fetch needed
		open_closing
		open_index
		choose_chunks
	else
		[ ${#paths[@]} -eq 0 ] || {
			say "$set: which chunks hold these paths is not known before its closing record and index are here; at most it is all of them"
			status=3
		}
		ledger_live | awk -F '\t' -v set="$set/" 'index($3, set) == 1 && $3 !~ /\/README\.restore\.txt$/' >needed
	fi
	say_plan needed "$set"
	say_estimate "$set" needed "$spool" ${get[@]+"${get[@]}"} || status=3
	exit $status
}

# The archives of one stream in order, opened, as the tar (or a piece of it) that they were.
stream() {
	local name plain
	while read -r name; do
		{ unseal "$spool/$name" | xzpar -d | tee /dev/fd/3 | wc -c >bytes; } 3>&1 || { say "$name: cannot be opened"; return 1; }
		plain=$(awk -F '\t' -v n="$name" '$1 == "chunk" && $2 == n { print $3 }' closing)
		[ "${plain:-$(cat bytes)}" = "$(cat bytes)" ] || { say "$name: has $(cat bytes) bytes, and had $plain when it was stored"; return 1; }
	done
}

unpack() { # FILE of archive names, further options of tar
	local names=$1 status
	shift
	stream <"$names" | tar --extract --file=- --directory=tree --ignore-zeros --preserve-permissions --delay-directory-restore \
	    --acls --xattrs --xattrs-include='*' "$@"
	status=("${PIPESTATUS[@]}")
	[ "${status[0]}" -eq 0 ] && [ "${status[1]}" -eq 0 ] && return
	die 1 "$set: unpacking failed (open: status ${status[0]}, tar: status ${status[1]}); what came out is in $out.part/tree"
}

unpack_all() {
	local label
	while IFS=$'\t' read -r _ label _; do
		awk -F '\t' -v p="$set/$label." 'index($3, p) == 1 && substr($3, length(p) + 1) ~ /^[0-9]+\.tar\.xz\.age$/ { print $3 }' needed >names
		if [ ${#paths[@]} -eq 0 ]; then
			[ -s names ] || die 1 "$set: $label: has no chunks"
			unpack names
		elif [ -s names ]; then
			awk -F '\t' -v p="${set#*/}/$label." 'index($1, p) == 1 && substr($1, length(p) + 1) ~ /^[0-9]+\.tar$/ { print $9 }' selected |
			    unescape nul | sort -zu >members
			unpack names --no-recursion --null --verbatim-files-from --files-from=members
		fi
	done < <(grep '^directory	' closing)
}

# Every member that was selected has come out, as what it was, and as long; of a path that is there twice, the last.
compare() {
	local missing
	awk -F '\t' -v OFS='\t' '
		BEGIN { type["file"] = type["continued"] = "f"; type["symlink"] = "l"; type["dir"] = "d"; type["fifo"] = "p"; type["char"] = "c"; type["block"] = "b" }
		$4 == "volume" || $9 == "?" { next }
		{ path = $9; sub(/^(\.?\/+)+/, "", path); sub(/\/+$/, "", path) }
		path != "" && path != "." { print path, NR, $4 in type ? type[$4] : "any", $4 == "file" ? $7 : "-" }' selected |
	    sort -t '	' -k1,1 -k2,2n |
	    awk -F '\t' -v OFS='\t' 'NR > 1 && $1 != path { print line } { path = $1; line = $3 OFS $4 OFS $1 } END { if (NR) print line }' |
	    unescape | sort >expected || exit 1
	find tree -mindepth 1 \( -type f -printf 'f\t%s\t%P\n' -o -true \) -printf '%y\t-\t%P\nany\t-\t%P\n' | sort >there || exit 1
	missing=$(comm -23 expected there | head -n 1)
	[ -z "$missing" ] || die 1 "$set: ${missing##*	}: did not come out as the index has it (type, bytes, path: ${missing//	/, }); what came out is in $out.part/tree"
	say "$set: $(wc -l <expected) members from $(wc -l <needed) archives are here, as index and closing record say"
}

command -v glacier-get >/dev/null || PATH=$(cd "$here/../build" 2>/dev/null && pwd):$PATH
configure "$@"
[ -r "$LEDGER" ] || list_store
LEDGER=$(realpath -- "$LEDGER")
BACKUP_PREFIX=$(realpath -m -- "$BACKUP_PREFIX")
if [ -n "$list" ]; then
	list_sets
	exit
fi
work_dir
choose
out=$(realpath -m -- "${out:-${set##*/}}")
if [ -n "$only_print" ]; then
	cd "$tmp" || exit 1
	spool=$tmp/spool
	[ ! -d "$out.part/spool" ] || spool=$out.part/spool
	for name in closing.tsv.age index.tsv.xz.age; do take_copy "$set/$name"; done
	plan
fi
if [ -e "$out" ] && ! rmdir -- "$out" 2>/dev/null; then
	die 1 "$out: is there already; -o names another directory"
fi
mkdir -p "$out.part/spool" && cd "$out.part" || exit 1
spool=spool
exec 9>>lock
flock -n 9 || die 75 "$out.part: another restore is at work there"
rm -rf tree
mkdir tree || exit 1
for name in closing.tsv.age index.tsv.xz.age; do take_copy "$set/$name"; done
# Both at once: what has to thaw thaws side by side.
for name in closing.tsv.age index.tsv.xz.age; do line_of "$set/$name" || die 1 "$set/$name: is not in $LEDGER"; done >needed
fetch needed
open_closing
fetch needed
open_index
choose_chunks
say_plan needed "$set"
fetch needed
unpack_all
compare
chmod 755 tree
sync tree
mv -T -- tree "$out" && cd / && rm -rf -- "${out:?}.part" || die 1 "$out: cannot be put in place; the files are in $out.part/tree"

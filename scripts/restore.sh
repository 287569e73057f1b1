#!/usr/bin/env bash
# restore.sh - bring a set, or some paths of it, back from the store.
#
#   restore.sh [-nw] [-c FILE] [-i IDENTITY] [-l LEDGER] [-o DIR] [-s STORE] [-t TIER] [SET] [PATH ...]
#
# SET is HOST/20261123T101500Z, or the stamp alone, or left out for the newest of this host.  Only a set whose closing
# record is in the ledger exists; without a ledger the store is listed.  Everything is fetched into DIR.part, checked, unpacked there, and DIR gets its name
# last.  Status 75: archives are still thawing; run it again, or give -w.  What was fetched is not fetched again.
set -u -o pipefail
export LC_ALL=C
umask 077

say() { printf 'restore.sh: %s\n' "$*" >&2; }
die() { local status=$1; shift; say "$*"; exit "$status"; }
usage() { echo 'usage: restore.sh [-nw] [-c file] [-i identity] [-l ledger] [-o dir] [-s store] [-t tier] [set] [path ...]'; }

configure() {
	local config='' n store=${STORE-} host=${HOST-} prefix=${BACKUP_PREFIX-} book=${LEDGER-}
	identity='' out='' only_print='' wait=() tier=() l='' s=''
	while getopts c:hi:l:no:s:t:w option; do
		case $option in
		c) config=$OPTARG ;;
		h) usage; exit 0 ;;
		i) identity=$OPTARG ;;
		l) l=$OPTARG ;;
		n) only_print=1 ;;
		o) out=$OPTARG ;;
		s) s=$OPTARG ;;
		t) tier=(-t "$OPTARG") ;;
		w) wait=(-w) ;;
		*) usage >&2; exit 2 ;;
		esac
	done
	shift $((OPTIND - 1))
	STORE='' HOST=$(uname -n) BACKUP_PREFIX=/var/backups/glacier LEDGER=
	if [ -n "$config" ]; then
		[ -r "$config" ] || die 2 "$config: cannot be read"
	elif [ -r /etc/glacier-backup.conf ]; then
		config=/etc/glacier-backup.conf
	fi
	# shellcheck disable=SC1090 # the user's file
	[ -z "$config" ] || . "$config" || die 2 "$config: cannot be sourced"
	STORE=${s:-${store:-${STORE:-${GLACIER_STORE-}}}} HOST=${host:-$HOST} BACKUP_PREFIX=${prefix:-$BACKUP_PREFIX}
	LEDGER=${l:-${book:-${LEDGER:-$BACKUP_PREFIX/$HOST/ledger.tsv}}}
	[ -n "$STORE" ] || die 2 'STORE: is not set; for example -s glacier:photos or -s s3://photos'
	[ -n "$identity" ] || die 2 'an identity file is needed: -i FILE'
	[ -r "$identity" ] || die 2 "$identity: cannot be read"
	[ -r "$LEDGER" ] || list_store
	identity=$(realpath -- "$identity")
	LEDGER=$(realpath -- "$LEDGER")
	set=
	if [ $# -gt 0 ] && [[ $1 =~ (^|/)[0-9]{8}T[0-9]{6}Z/?$ ]]; then
		set=${1%/}
		shift
	fi
	for n in "$@"; do
		n=${n#/} n=${n%/}
		[ -n "$n" ] || die 2 'a path must not be empty; without paths the whole set comes back'
		paths+=("$n")
	done
}

# A machine that has no ledger asks the store, and keeps what it says for the next run.
list_store() {
	[ ! -e "$LEDGER" ] || die 1 "$LEDGER: cannot be read; it names the archives"
	say "$LEDGER: is not there, so the store is asked for one"
	mkdir -p "$(dirname -- "$LEDGER")" || die 1 "$LEDGER: its directory cannot be made"
	glacier-ls -s "$STORE" ${wait[@]+"${wait[@]}"} >"$LEDGER.part"
	local status=$?
	case $status in
	0 | 3) mv -- "$LEDGER.part" "$LEDGER" || exit 1 ;;
	75) rm -f -- "$LEDGER.part"; exit 75 ;;
	*) rm -f -- "$LEDGER.part"; die $status "$STORE: cannot be listed" ;;
	esac
}

# The newest line of each archive whose name ends with $1, of this store, that is not removed.
ledger() {
	awk -F '\t' -v OFS='\t' -v store="$STORE" -v tail="$1" '
		$2 != store || substr($3, length($3) - length(tail) + 1) != tail { next }
		$5 == "-" { delete line[$6]; next }
		{ line[$6] = $0; at[$6] = NR }
		END {
			for (id in line) { split(line[id], f); if (at[id] > last[f[3]]) { last[f[3]] = at[id]; best[f[3]] = id } }
			for (n in best) print line[best[n]]
		}' "$LEDGER"
}

choose() {
	local closings
	closings=$(ledger /closing.tsv.age | cut -f3 | sed 's:/closing\.tsv\.age$::' | sort)
	case $set in
	'') set=$(printf '%s\n' "$closings" | awk -F/ -v h="$HOST" '$1 == h' | tail -n 1)
	    [ -n "$set" ] || die 1 "$HOST: no set of this host in $STORE has a closing record in $LEDGER" ;;
	*/*) ;;
	*) set=$HOST/$set ;;
	esac
	printf '%s\n' "$closings" | grep -Fqx -- "$set" ||
	    die 1 "$set: has no closing record in $LEDGER for $STORE: it is no backup and is not restored"
}

# The archives of a file of ledger lines end up below spool/.
fetch() {
	glacier-get -N -s "$STORE" -o spool ${wait[@]+"${wait[@]}"} ${tier[@]+"${tier[@]}"} <"$1" >/dev/null
	local status=$?
	case $status in
	0) ;;
	75) say "$set: the store is thawing what was asked for; run this again later, or give -w"; exit 75 ;;
	*) die $status "$set: not all of its archives could be fetched" ;;
	esac
}

unseal() { seal -d -i "$identity" <"$1"; }

# The closing record, opened and looked at as what it is: words from outside.
open_closing() {
	ledger "$set/closing.tsv.age" | awk -F '\t' -v n="$set/closing.tsv.age" '$3 == n' >needed
	fetch needed
	unseal "spool/$set/closing.tsv.age" >closing || die 1 "$set/closing.tsv.age: cannot be opened"
	[ "$(head -n 1 closing)" = "format	1" ] || die 1 "$set/closing.tsv.age: is not a closing record of format 1"
	awk -F '\t' -v set="$set" '
		$1 == "host" { host = $2 }
		$1 == "set" { named = host "/" $2 }
		$1 == "archive" { n++; bytes += $5; if (index($4, set "/") != 1) exit bad = 1 }
		$1 == "total" { total = ($2 == n && $3 == bytes) }
		END { exit bad || !total || named != set }' closing ||
	    die 1 "$set/closing.tsv.age: does not agree with itself"
	grep '^archive	' closing | cut -f2- >archives
}

# Of the index: the lines of the members that were asked for, and of the targets of their hard links.
select_members() {
	printf '%s\n' "${paths[@]}" >wanted
	awk -F '\t' '
		function quote(c) { return c ~ /[a-zA-Z0-9_\/ -]/ ? c : "\\" c }
		function regex(glob,   i, c, re) {
			for (i = 1; i <= length(glob); i++) {
				c = substr(glob, i, 1)
				re = re (c == "*" ? ".*" : c == "?" ? "." : quote(c))
			}
			return "^" re "(/|$)"
		}
		FILENAME == "wanted" { want[++n] = $0; glob[n] = $0 ~ /[*?]/ ? regex($0) : ""; next }
		{
			path = $9
			sub(/^\.?\/+/, "", path)
			take = 0
			for (i = 1; i <= n && !take; i++)
				if (path == want[i] || path == want[i] "/" || index(path, want[i] "/") == 1 ||
				    (glob[i] != "" && path ~ glob[i])) {
					take = 1
					found[i] = 1
				}
			if (take && $4 == "hardlink") target[$10] = 1
			line[++m] = $0; name[m] = $9; taken[m] = take
		}
		END {
			for (i = 1; i <= n; i++)
				if (!(i in found)) { print want[i] >"unfound"; missing = 1 }
			for (i = 1; i <= m; i++)
				if (taken[i] || (name[i] in target)) print line[i]
			exit missing
		}' wanted index >selected && return
	die 1 "$(head -n 1 unfound): is not in $set"
}

# Names as tar reads them with --null: the escapes of the index undone.
unescape() {
	awk -F '\t' '{
		s = $9; out = ""
		while ((i = index(s, "\\")) > 0) {
			out = out substr(s, 1, i - 1); c = substr(s, i + 1, 1)
			if (c == "t") { out = out "\t"; s = substr(s, i + 2) }
			else if (c == "n") { out = out "\n"; s = substr(s, i + 2) }
			else if (c == "\\") { out = out "\\"; s = substr(s, i + 2) }
			else { out = out sprintf("%c", substr(s, i + 1, 1) * 64 + substr(s, i + 2, 1) * 8 + substr(s, i + 3, 1)); s = substr(s, i + 4) }
		}
		printf "%s%s%c", out, s, 0
	}'
}

# The archives of one stream in order, opened, as the tar (or a piece of it) that they were.
stream() {
	local name
	while read -r name; do
		unseal "spool/$name" | xzpar -d || { say "$name: cannot be opened"; return 1; }
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

restore_whole() {
	local label
	grep -v -e '/index\.tsv\.xz\.age	' archives >needed
	print_plan
	fetch needed
	while IFS=$'\t' read -r _ label _; do
		cut -f3 needed | grep -F -- "$set/$label." >names || die 1 "$set: $label: has no chunks"
		unpack names
	done < <(grep '^directory	' closing)
}

restore_paths() {
	local label
	grep '/index\.tsv\.xz\.age	' archives >needed
	fetch needed
	unseal "spool/$set/index.tsv.xz.age" | xzpar -d >index || die 1 "$set/index.tsv.xz.age: cannot be opened"
	select_members
	awk -F '\t' -v host="${set%%/*}" '
		FILENAME == "selected" { chunk[host "/" $1 ".xz.age"] = 1; next }
		$3 in chunk' selected archives >needed
	print_plan
	fetch needed
	while IFS=$'\t' read -r _ label _; do
		cut -f3 needed | grep -F -- "$set/$label." >names || continue
		awk -F '\t' -v l="${set#*/}/$label." 'index($1, l) == 1' selected | unescape | LC_ALL=C sort -zu >members
		unpack names --no-recursion --null --verbatim-files-from --files-from=members
	done < <(grep '^directory	' closing)
}

print_plan() {
	awk -F '\t' -v set="$set" '{ n++; b += $4 } END { printf "restore.sh: %s: %d archives, %.0f bytes to retrieve\n", set, n, b }' needed >&2
	[ -z "$only_print" ] || exit 0
}

command -v glacier-get >/dev/null || PATH=$(cd "$(dirname "$0")/../build" 2>/dev/null && pwd):$PATH
paths=()
configure "$@"
choose
out=$(realpath -m -- "${out:-${set##*/}}")
if [ -e "$out" ] && ! rmdir -- "$out" 2>/dev/null; then
	die 1 "$out: is there already; -o names another directory"
fi
mkdir -p "$out.part/spool" && cd "$out.part" || exit 1
exec 9>>lock
flock -n 9 || die 75 "$out.part: another restore is at work there"
rm -rf tree unfound
mkdir tree || exit 1
open_closing
if [ ${#paths[@]} -eq 0 ]; then restore_whole; else restore_paths; fi
chmod 755 tree
sync tree
mv -T -- tree "$out" && cd / && rm -rf -- "${out:?}.part" || die 1 "$out: cannot be put in place; the files are in $out.part/tree"

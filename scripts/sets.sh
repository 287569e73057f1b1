# shellcheck shell=bash
# sets.sh - sourced by the scripts: what the ledger and a closing record say of sets.  Wants LEDGER, a file that need
# not be there, and STORE.

# The ledger's lines of this store, one an archive that is not removed, in their order.  A last line without its end is
# what a crash has left.  1: it is no ledger, which is said.
ledger_live() {
	[ -e "$LEDGER" ] || return 0
	{ if [ -n "$(tail -c 1 -- "$LEDGER")" ]; then sed '$d' -- "$LEDGER"; else cat -- "$LEDGER"; fi; } |
	    awk -F '\t' -v store="$STORE" -v ledger="$LEDGER" -v name="${0##*/}" '
		NF != 6 { print name ": " ledger ": line " NR ": is not a line of a ledger" >"/dev/stderr"; exit bad = 1 }
		$2 != store { next }
		$4 == "-" { delete line[$6]; next }
		{ line[$6] = $0; at[$6] = ++n; id[n] = $6 }
		END { for (i = 1; i <= n && !bad; i++) if (id[i] in line && at[id[i]] == i) print line[id[i]]; exit bad }'
}

# HOST/SET of the sets that have their closing record, of one host or of all, oldest first.
committed_sets() { # [HOST]
	ledger_live | awk -F '\t' -v host="${1-}" '
		{ n = split($3, part, "/") }
		n >= 3 && part[n] == "closing.tsv.age" && (host == "" || (n == 3 && part[1] == host)) { sub(/\/[^\/]*$/, "", $3); print $3 }' |
	    sort -u
}

# The ledger lines of the archives that a closing record names.  1: it is none, or not of HOST/SET, or does not agree with itself.
closing_archives() { # HOST/SET FILE
	awk -F '\t' -v set="$1" '
		NR == 1 { good = $0 == "format\t1" }
		$1 == "host" { host = $2 }
		$1 == "set" { named = host "/" $2 }
		$1 == "archive" { n++; bytes += $5; if (index($4, set "/") != 1 || NF != 7) bad = 1 }
		$1 == "total" { total = $2 == n && $3 == bytes }
		END { exit !(good && total && named == set && !bad) }' "$2" && sed -n 's/^archive	//p' "$2"
}

# What follows wants HOST, and works in the current directory, a temporary one.

# The settings STORE, HOST, BACKUP_PREFIX, LEDGER and KEEP: options go before the environment, that before the file, that
# before what is the rule.
read_settings() { # FILE STORE LEDGER, each may be empty
	local config=$1 store=${STORE-} host=${HOST-} prefix=${BACKUP_PREFIX-} book=${LEDGER-} keep=${KEEP-}
	STORE='' HOST=$(uname -n) BACKUP_PREFIX=/var/backups/glacier LEDGER='' KEEP=''
	if [ -n "$config" ]; then
		[ -r "$config" ] || die 2 "$config: cannot be read"
	elif [ -r /etc/glacier-backup.conf ]; then
		config=/etc/glacier-backup.conf
	fi
	# shellcheck disable=SC1090 # the user's file
	[ -z "$config" ] || . "$config" || die 2 "$config: cannot be sourced"
	STORE=${2:-${store:-${STORE:-${GLACIER_STORE-}}}} HOST=${host:-$HOST} BACKUP_PREFIX=${prefix:-$BACKUP_PREFIX}
	LEDGER=${3:-${book:-${LEDGER:-$BACKUP_PREFIX/$HOST/ledger.tsv}}} KEEP=${keep:-$KEEP}
	[ -n "$STORE" ] || die 2 'STORE: is not set; for example -s glacier:photos or -s s3://photos'
	case $HOST in '' | *[!A-Za-z0-9._-]* | .*) die 2 "HOST: $HOST: is not a host name" ;; esac
}

# A directory of its own to work in, for as long as the script runs.
work_dir() {
	local signal
	tmp=$(mktemp -d "${TMPDIR:-/tmp}/${0##*/}.XXXXXX") || exit 1
	trap 'rm -rf -- "$tmp"' EXIT
	for signal in INT TERM HUP; do
		# shellcheck disable=SC2064 # the signal of this round
		trap "rm -rf -- '$tmp'; trap - $signal; kill -s $signal \$\$" $signal
	done
}

# awk on lines, with setof(name): HOST/SET of an archive of this host, "" of others.
judge() { # PROGRAM [ARGUMENT ...]
	awk -F '\t' -v OFS='\t' -v host="$HOST" '
		function setof(name,   stamp) {
			stamp = substr(name, length(host) + 2, 16)
			if (index(name, host "/") == 1 && substr(name, length(host) + 18, 1) == "/" && length(stamp) == 16 &&
			    stamp ~ /^[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]T[0-9][0-9][0-9][0-9][0-9][0-9]Z$/)
				return host "/" stamp
			return ""
		}
		function closing(set) { return set "/closing.tsv.age" }
		'"$1" "${@:2}"
}

# The ledger in two files: live, its lines as ledger_live prints them; struck, of what is removed when that was, behind it
# the line of the archive, or where there is none the one that says that it is removed.
split_ledger() {
	ledger_live >live || exit
	: >struck
	[ ! -e "$LEDGER" ] || awk -F '\t' -v store="$STORE" '
		$2 != store { next }
		$4 == "-" { if (!($6 in line)) line[$6] = $0; if (!($6 in gone)) id[++n] = $6; gone[$6] = $1; next }
		{ line[$6] = $0; delete gone[$6] }
		END { for (i = 1; i <= n; i++) if (id[i] in gone) { print gone[id[i]] "\t" line[id[i]]; delete gone[id[i]] } }' "$LEDGER" >struck
}

# The store's inventory into the file inventory, and into as_of the time of it.  75: it is not ready.
read_inventory() { # [OPTION of glacier-ls]
	local status
	glacier-ls -v -s "$STORE" "$@" >inventory 2>said
	status=$?
	as_of=$(sed -n 's/^glacier-ls: .*: as of \(20.*Z\)$/\1/p' said)
	case $status in
	0) ;;
	3) grep 'has no tree hash' said >&2 ;;
	75) return 75 ;;
	*) cat said >&2; exit $status ;;
	esac
	[ -n "$as_of" ] || die 1 "$STORE: does not say as of when its inventory is"
}

# Say on standard error what it takes to retrieve the archives of a file of ledger lines.  1: not all of it is known.
say_estimate() { # WHAT FILE DIRECTORY [OPTION of glacier-get ...]
	local status
	glacier-get -n -N -s "$STORE" -o "$3" "${@:4}" <"$2" >"$tmp/estimate"
	status=$?
	awk -F '\t' -v what="${0##*/}: $1: " '
		$1 == "total" && $4 != "to transfer" { print what $5 " requests, " $2 " bytes to ask for, " $6 ", " $7 " to the first byte, $" $3 " (" $4 ")" }
		$1 == "total" && $4 == "to transfer" { print what $2 " bytes to transfer, $" $3 }' "$tmp/estimate" >&2
	case $status in 0) ;; 3) return 1 ;; *) exit $status ;; esac
}

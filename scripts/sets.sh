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

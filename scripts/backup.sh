#!/usr/bin/env bash
# backup.sh - take directories of this machine off site: tar, split, compress, encrypt, hash, upload.
#
#   backup.sh [-c FILE] [DIR ...]
#
# One run makes one set, HOST/20261123T101500Z/.  All of it is one pipeline of names, so a chunk leaves as soon as
# it is ready.  The set counts only once its closing record is stored, and that is written last, after every stage
# has ended with 0: whatever kills this script, restore.sh never sees a set that is not whole.
set -u -o pipefail
export LC_ALL=C
umask 077

# Settings.  These are the defaults; then /etc/glacier-backup.conf (or -c FILE) is sourced; then the environment counts.
settings() {
	BACKUP_PREFIX=/var/backups/glacier      # the spool: BACKUP_PREFIX/HOST/{inflight,complete}
	HOST=$(uname -n)                        # the first part of every archive's name
	DIRS='/etc /home /root /usr/local'      # what to back up: words, or a bash array; operands replace it
	EXCLUDE=                                # a file of patterns for tar --exclude-from
	STORE=                                  # glacier:VAULT
	RECIPIENTS=/etc/glacier-backup.recipients   # age recipients, one a line: public keys only
	LEDGER=                                 # default BACKUP_PREFIX/HOST/ledger.tsv
	RETENTION=1                             # local copies of sets kept: a number, or options of retain(1)
	SPLITSIZE=auto                          # size of a chunk before compression: memory / (CPUs + 1) / 2, at most 1G
	SPOOL=4                                 # chunks that may wait for the compressor
	CPUS=                                   # default: those this process may use
	LEVEL=9                                 # of xzpar: 0 to 9, 9e
	UPLOAD=stream                           # after: stage the whole set before the first byte is sent
}
names='BACKUP_PREFIX HOST DIRS EXCLUDE STORE RECIPIENTS LEDGER RETENTION SPLITSIZE SPOOL CPUS LEVEL UPLOAD'

say() { printf 'backup.sh: %s\n' "$*" >&2; }
die() { local status=$1; shift; say "$*"; exit "$status"; }
usage() { echo 'usage: backup.sh [-c file] [dir ...]'; }

configure() {
	local n config='' given=()
	while getopts c:h option; do
		case $option in
		c) config=$OPTARG ;;
		h) usage; exit 0 ;;
		*) usage >&2; exit 2 ;;
		esac
	done
	shift $((OPTIND - 1))
	for n in $names; do
		[ -z "${!n+set}" ] || given+=("$n=${!n}")
	done
	settings
	if [ -n "$config" ]; then
		[ -r "$config" ] || die 2 "$config: cannot be read"
	elif [ -r /etc/glacier-backup.conf ]; then
		config=/etc/glacier-backup.conf
	fi
	# shellcheck disable=SC1090 # the user's file
	[ -z "$config" ] || . "$config" || die 2 "$config: cannot be sourced"
	for n in ${given[@]+"${given[@]}"}; do
		unset "${n%%=*}"                # it may be an array by now
		printf -v "${n%%=*}" %s "${n#*=}"
	done
	if [ $# -gt 0 ]; then
		dirs=("$@")
	else
		dirs=("${DIRS[@]}")
		[ ${#dirs[@]} -gt 1 ] || read -r -d '' -a dirs <<<"${dirs[0]-}"
	fi
	[ ${#dirs[@]} -gt 0 ] || die 2 'DIRS: is empty, there is nothing to back up'
	[ -n "$STORE" ] || die 2 'STORE: is not set; for example STORE=glacier:photos'
	[ -r "$RECIPIENTS" ] || die 2 "$RECIPIENTS: cannot be read; seal-keygen -y prints the recipient of an identity"
	case $HOST in ''|*[!A-Za-z0-9._-]*|.*) die 2 "HOST: $HOST: is not a host name" ;; esac
	case $UPLOAD in stream|after) ;; *) die 2 "UPLOAD: $UPLOAD: must be stream or after" ;; esac
	case $LEVEL in [0-9]|[0-9]e) ;; *) die 2 "LEVEL: $LEVEL: must be 0 to 9, or 9e" ;; esac
	for n in "${dirs[@]}"; do
		[ -d "$n" ] || die 1 "$n: is not a directory"
	done
	RECIPIENTS=$(realpath -- "$RECIPIENTS")
	[ -z "$EXCLUDE" ] || EXCLUDE=$(realpath -e -- "$EXCLUDE") || exit 2
	root=$(realpath -m -- "$BACKUP_PREFIX/$HOST")
	LEDGER=$(realpath -m -- "${LEDGER:-$root/ledger.tsv}")
	threads=()
	[ -z "$CPUS" ] || threads=(-T "$CPUS")
}

# Every process of a run inherits descriptor 9, the lock: who has it open belongs to a run.
holders() {
	local fd pid
	for fd in /proc/[0-9]*/fd/9; do
		pid=${fd#/proc/} pid=${pid%%/*}
		if [ "$pid" != $$ ] && [ "$fd" -ef "$root/lock" ]; then echo "$pid"; fi
	done
}

# One run at a time.  A run that was killed may have left stages behind that still work: end them first.
lock() {
	local pid i
	mkdir -p "$root/inflight" "$root/complete" || exit 1
	exec 9>>"$root/lock" || exit 1
	if ! flock -n 9; then
		pid=$(cat "$root/lock.pid" 2>/dev/null)
		if [ -n "$pid" ] && [ "/proc/$pid/fd/9" -ef "$root/lock" ]; then
			die 75 "$root: process $pid is at work here; try again when it has ended"
		fi
		for i in TERM KILL; do
			# shellcheck disable=SC2046 # one word a process
			kill -s $i $(holders) 2>/dev/null
			flock -w 10 9 && break
			[ $i = TERM ] || die 1 "$root/lock: is held by processes that cannot be ended"
		done
	fi
	echo $$ >"$root/lock.pid"
}

# What an earlier run left.  A set that is complete but for the storing of its closing record gets that now; all
# else that is in flight is dead: it has no closing record and never will.
recover() {
	local set
	for set in "$root"/inflight/*/; do
		[ -d "$set" ] || continue
		say "$(basename "$set"): was left unfinished by an earlier run, it is no backup: removed"
		rm -rf -- "$set"
	done
	rm -rf -- "$root"/state.*
	for set in "$root"/complete/*/; do
		[ -d "$set" ] || continue
		set=$(basename "$set")
		committed "$set" && continue
		cd "$root/complete" || exit 1
		if [ -f "$set/closing.tsv.age" ] && printf '%s\n' "$set/closing.tsv.age" | upload >/dev/null; then
			say "$set: its closing record was missing in the store: stored"
		else
			say "$set: has no closing record, it is no backup: removed"
			rm -rf -- "${root:?}/complete/$set"
		fi
	done
}

committed() { # SET
	awk -F '\t' -v store="$STORE" -v name="$HOST/$1/closing.tsv.age" \
	    '$2 == store && $3 == name { found = 1 } END { exit !found }' "$LEDGER" 2>/dev/null
}

# /usr/share/man -> backup_usr_share_man, and never the same for two directories.
label() {
	local l=backup_${1//[^A-Za-z0-9.-]/_}
	while [ -n "${labels[$l]+set}" ]; do l=${l}_; done
	labels[$l]=1
	label=$l
}

# tar | tarsplit for each directory in turn: the names of the chunks, ready as they come.
chunks() {
	local dir label i=0 status
	local -A labels=()
	for dir in "${dirs[@]}"; do
		dir=$(realpath -- "$dir") || return 1
		label "${dir#/}"
		i=$((i + 1))
		tar --create --file=- --directory=/ --format=posix --pax-option=delete=atime,delete=ctime \
		    --sparse --acls --xattrs --exclude="${root#/}" ${EXCLUDE:+"--exclude-from=$EXCLUDE"} \
		    --anchored --no-wildcards-match-slash -- "${dir:1}" 2> >(grep -v 'socket ignored$' >&2) |
		    tarsplit -b "$SPLITSIZE" -w "$SPOOL" -i "$state/index.$(printf %06d $i)" "$set/$label."
		status=("${PIPESTATUS[@]}")
		[ "${status[1]}" -eq 0 ] || { say "tarsplit: $dir: failed with status ${status[1]}"; return 1; }
		case ${status[0]} in
		0) ;;
		1) say "tar: $dir: files changed while they were read; recorded" ;;
		*) say "tar: $dir: failed with status ${status[0]}"; return 1 ;;
		esac
		printf 'directory\t%s\t%s\t%s\n' "$label" "$(escape "$dir")" "${status[0]}" >>"$state/directories" || return 1
	done
}

escape() { local s=${1//\\/\\\\}; s=${s//$'\t'/\\t}; printf %s "${s//$'\n'/\\n}"; }

encrypt() { seal -N -R "$RECIPIENTS" "${threads[@]}"; }
upload() { treehash -N "${threads[@]}" | glacier-put -N -s "$STORE" --prefix "$HOST/" -l "$LEDGER"; }

# Every stage of a pipeline has ended with 0, or the names of those that have not are said.
all_well() { # STATUS ... -- STAGE ...
	local status=() bad=0
	while [ "$1" != -- ]; do status+=("$1"); shift; done
	shift
	for s in "${status[@]}"; do
		# 141: it lost its reader, whose own failure is the news
		[ "$s" -eq 0 ] || [ "$s" -eq 141 ] || say "$1: failed with status $s"
		[ "$s" -eq 0 ] || bad=1
		shift
	done
	return $bad
}

# The whole set up to its closing record.  Leaves the ledger lines of its archives in $state/put.
store_chunks() {
	if [ "$UPLOAD" = after ]; then
		chunks | tee "$state/names" | xzpar -N "-$LEVEL" "${threads[@]}" | encrypt >"$state/sealed"
		all_well "${PIPESTATUS[@]}" -- chunks tee xzpar seal || return 1
		treehash -N "${threads[@]}" <"$state/sealed" | glacier-put -N -s "$STORE" --prefix "$HOST/" -l "$LEDGER" >"$state/put"
		all_well "${PIPESTATUS[@]}" -- treehash glacier-put
	else
		chunks | tee "$state/names" | xzpar -N "-$LEVEL" "${threads[@]}" | encrypt | treehash -N "${threads[@]}" |
		    glacier-put -N -s "$STORE" --prefix "$HOST/" -l "$LEDGER" >"$state/put"
		all_well "${PIPESTATUS[@]}" -- chunks tee xzpar seal treehash glacier-put
	fi
}

store_index() {
	cat "$state"/index.* >"$set/index.tsv" || return 1
	printf '%s\n' "$set/index.tsv" | xzpar -N "-$LEVEL" "${threads[@]}" | encrypt | upload >>"$state/put"
	all_well "${PIPESTATUS[@]:1}" -- xzpar seal 'treehash or glacier-put'
}

# The closing record: what the set is, every archive of it, and how tar ended.
closing() {
	printf 'format\t1\nhost\t%s\nset\t%s\nbegin\t%s\nend\t%s\n' "$HOST" "$set" "$begin" "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
	cat "$state/directories"
	sed 's/^/archive\t/' "$state/put"
	awk -F '\t' '{ bytes += $4 } END { printf "total\t%d\t%.0f\n", NR, bytes }' "$state/put"
}

make_set() {
	cd "$root/inflight" && mkdir "$set" || return 1
	store_chunks || return 1
	# The last look before the promise: as many archives as there were chunks.
	[ "$(wc -l <"$state/names")" -eq "$(wc -l <"$state/put")" ] ||
	    { say "$set: $(wc -l <"$state/names") chunks, but $(wc -l <"$state/put") archives"; return 1; }
	store_index || return 1
	mv -T -- "$set" "$root/complete/$set" && sync "$root/inflight" "$root/complete" || return 1
	cd "$root/complete" || return 1
	closing >"$set/closing.tsv" || return 1
	printf '%s\n' "$set/closing.tsv" | encrypt | upload >>"$state/put"
	all_well "${PIPESTATUS[@]:1}" -- seal 'treehash or glacier-put'
}

# Local copies: those of the newest sets stay.
expire() {
	local policy set
	case $RETENTION in
	0) policy= ;;
	*[!0-9]*) policy=$RETENTION ;;
	*) policy="--last $RETENTION" ;;
	esac
	cd "$root/complete" || return 1
	for set in *Z; do [ ! -d "$set" ] || echo "$set"; done >"$state/local"
	if [ -n "$policy" ]; then
		# shellcheck disable=SC2086 # options, a word each
		retain $policy <"$state/local" >"$state/expired" || return 1
	else
		mv "$state/local" "$state/expired" || return 1
	fi
	while read -r set; do
		rm -rf -- "${root:?}/complete/$set" || return 1
	done <"$state/expired"
}

# End the stages, clean up, die by the signal that came.
stop() {
	trap - "$1"
	# shellcheck disable=SC2046 # one word a process
	kill -s TERM $(holders) 2>/dev/null
	rm -rf -- "${root:?}/inflight/${set:?}" "${state:?}"
	kill -s "$1" $$
}

command -v tarsplit >/dev/null || PATH=$(cd "$(dirname "$0")/../build" 2>/dev/null && pwd):$PATH
configure "$@"
lock
set=$(date -u +%Y%m%dT%H%M%SZ)
begin=$(date -u +%Y-%m-%dT%H:%M:%SZ)
state=$root/state.$set
for s in INT TERM HUP; do
	# shellcheck disable=SC2064 # the signal of this round
	trap "stop $s" $s
done
# In the background, so that a signal is acted on at once and not when the pipeline has ended.
{ recover && mkdir "$state" && make_set && expire; } &
if wait $!; then
	rm -rf -- "$state"
	echo "$HOST/$set"
else
	rm -rf -- "$state" "${root:?}/inflight/$set"
	die 1 "$HOST/$set: is no backup: no closing record was stored"
fi

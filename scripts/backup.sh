#!/usr/bin/env bash
# backup.sh - take directories of this machine off site: tar, split, compress, encrypt, hash, upload.
#
#   backup.sh [-c FILE] [--status | --abandon] [DIR ...]
#
# One run makes one set, HOST/20261123T101500Z/.  All of it is one pipeline of names, so a chunk leaves as soon as
# it is ready.  The set counts only once its closing record is stored, and that is written last, after every stage
# has ended with 0 and the ledger has every chunk: whatever kills this script, a set that is not whole is no set.
#
# A set is in one of these states, and what is on disk says which:
#   inflight/SET, state.SET           tar is at work, or was interrupted: dead, unless it goes on
#   inflight/SET, state.SET/ended     every tar stream has ended: whatever interrupts it, the next run finishes it
#   complete/SET, state.SET/ended     all is stored but the closing record: the same
#   its closing record in the ledger  committed; complete/SET is a local copy
#   dead/SET                          it never came to be, and may have left unfinished uploads
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

here=$(dirname -- "$(realpath -- "$0")")
for sets in "$here/sets.sh" "$here/../share/glacier-backup/sets.sh"; do [ ! -r "$sets" ] || break; done
# shellcheck source=scripts/sets.sh
. "$sets" || exit 1

say() { printf 'backup.sh: %s\n' "$*" >&2; }
die() { local status=$1; shift; say "$*"; exit "$status"; }
usage() { echo 'usage: backup.sh [-h] [-c file] [--status | --abandon] [dir ...]'; }

configure() {
	local n config='' given=()
	task=backup
	while [ $# -gt 0 ]; do
		case $1 in
		-c) [ $# -gt 1 ] || { usage >&2; exit 2; }; config=$2; shift ;;
		-c?*) config=${1#-c} ;;
		-h | --help) usage; exit 0 ;;
		--status | --abandon) task=${1#--} ;;
		--) shift; break ;;
		-*) usage >&2; exit 2 ;;
		*) break ;;
		esac
		shift
	done
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
	page=$(dirname -- "$(command -v tarsplit)")
	for n in "$page" "$page/../share/glacier-backup"; do [ ! -r "$n/README.restore.txt" ] || break; done
	page=$n/README.restore.txt
	[ -r "$page" ] || die 2 "$page: is not there; it is stored beside every set, and make makes it"
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
		if [ "$pid" != $$ ] && [ "$pid" != "$BASHPID" ] && [ "$fd" -ef "$root/lock" ]; then echo "$pid"; fi
	done
}

# Prints the process that is at work here.
worker() {
	local pid
	pid=$(cat "$root/lock.pid" 2>/dev/null) && [ -n "$pid" ] && [ "/proc/$pid/fd/9" -ef "$root/lock" ] && echo "$pid"
}

# End what this run, or one that was killed, has left at work.
end_stages() {
	local i signal
	for signal in TERM KILL; do
		for ((i = 0; i < 100; i++)); do
			# shellcheck disable=SC2046 # one word a process
			set -- $(holders)
			[ $# -gt 0 ] || return 0
			kill -s $signal "$@" 2>/dev/null
			sleep 0.1
		done
	done
	die 1 "$root/lock: is held by processes that cannot be ended: $*"
}

# One run at a time; those that begin do so one after the other, so that each knows what it sees.  Who finds the lock
# taken waits until its owner has said who it is: without one, these are stages that a killed run has left at work.
lock() {
	local i pid
	mkdir -p "$root/inflight" "$root/complete" "$root/dead" || exit 1
	exec 8>>"$root/lock.begin" && flock 8 || exit 1
	for ((i = 0; i < 10; i++)); do
		! flock -n "$root/lock" true || break
		pid=$(worker) && die 75 "$root: process $pid is at work here; try again when it has ended"
		sleep 0.1
	done
	[ $i -lt 10 ] || end_stages
	exec 9>>"$root/lock" || exit 1
	flock -n 9 || die 75 "$root: another process is at work here; try again when it has ended"
	echo $$ >"$root/lock.pid" || exit 1
	exec 8>&-
}

committed() { # SET
	committed_sets "$HOST" | grep -Fqx -- "$HOST/$1"
}

# A set that will never be: only the ledger's lines of it stay, and its name, for what it may have left in the store.
# Its mark goes first, so that nobody finishes half a set.
bury() { # SET WHY
	say "$1: $2: it is no backup, and its local files are removed"
	echo "$2" >"$root/dead/$1"
	rm -f -- "$root/state.$1/ended" && rm -rf -- "${root:?}/inflight/$1" "${root:?}/complete/$1" "$root/state.$1"
}

# Uploads that dead sets have begun and will never end.
sweep() {
	local f
	for f in "$root"/dead/*Z; do
		[ -f "$f" ] || continue
		if glacier-put --abort -s "$STORE" --prefix "$HOST/${f##*/}/" >/dev/null; then rm -f -- "$f"; fi
	done
}

# What earlier runs have left: what can be finished is, and all else that has no closing record is dead.
recover() {
	local dir set state
	for dir in "$root"/inflight/*Z/ "$root"/complete/*Z/; do
		[ -d "$dir" ] || continue
		set=$(basename "$dir") state=$root/state.$set
		if committed "$set"; then
			rm -rf -- "$state" "${root:?}/inflight/$set"
		elif [ "$task" = abandon ]; then
			bury "$set" 'was abandoned' || return 1
		elif [ ! -f "$state/ended" ]; then
			bury "$set" 'was interrupted before all was read' || return 1
		elif ! ( cd "$dir/.." && find_chunks ); then
			bury "$set" 'its local files are not what was written' || return 1
		else
			say "$set: was interrupted after all was read: what is missing is stored now"
			( cd "$dir/.." && finish all ) || { say "$set: cannot be finished now; backup.sh --abandon gives it up"; return 1; }
			rm -rf -- "$state"
			say "$set: is committed"
		fi
	done
	for state in "$root"/state.*; do
		[ ! -d "$state" ] || rm -rf -- "$state" || return 1
	done
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
	# From here on the set can be finished.  The indexes are durable already.
	sync "$state/directories" && : >"$state/ended.new" && mv -T -- "$state/ended.new" "$state/ended" && sync "$state"
}

escape() { local s=${1//\\/\\\\}; s=${s//$'\t'/\\t}; printf %s "${s//$'\n'/\\n}"; }

compress() { xzpar -N "-$LEVEL" "${threads[@]}"; }
encrypt() { seal -N -R "$RECIPIENTS" "${threads[@]}"; }
hash() { treehash -N "${threads[@]}" | tee -a "$state/hashes"; }
put() { glacier-put -N -s "$STORE" --prefix "$HOST/" -l "$LEDGER" >/dev/null; }

# Note how long each file is when it is unpacked, durably before seal takes it away.
weigh() {
	local name size
	while read -r name; do
		size=$(xz --robot --list -- "$name" | awk '$1 == "totals" { print $5 }') && [ -n "$size" ] || return 1
		printf '%s\t%s\n' "${name%.xz}" "$size" >>"$state/sizes" && sync "$state/sizes" && printf '%s\n' "$name" || return 1
	done
}

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

# The chunks of all directories on their way.  tarsplit must see at once that its reader has gone: nothing stands between it
# and the compressor.
store_chunks() {
	if [ "$UPLOAD" = after ]; then
		chunks | compress | weigh | encrypt >"$state/sealed"
		all_well "${PIPESTATUS[@]}" -- chunks xzpar 'unpacked sizes' seal || return 1
		hash <"$state/sealed" | put
		all_well "${PIPESTATUS[@]}" -- treehash glacier-put
	else
		chunks | compress | weigh | encrypt | hash | put
		all_well "${PIPESTATUS[@]}" -- chunks xzpar 'unpacked sizes' seal treehash glacier-put
	fi
}

# $state/chunks: the names that tarsplit gave, in the order of the streams.  Each is still there, at some stage; of each
# stream they count from 1, and all that the indexes name are among them.
find_chunks() {
	local label file
	while IFS=$'\t' read -r _ label _; do
		for file in "$set/$label".[0-9][0-9][0-9][0-9][0-9][0-9].tar*; do
			file=${file%.age}
			printf '%s\n' "${file%.xz}"
		done | uniq
	done <"$state/directories" >"$state/chunks"
	cat "$state"/index.[0-9]* | awk -F '\t' -v chunks="$state/chunks" -v set="$set" '
		function missing(name) { print "backup.sh: " set ": " name ": is not there" >"/dev/stderr"; exit bad = 1 }
		BEGIN {
			while ((getline chunk <chunks) > 0) {
				stream = substr(chunk, 1, length(chunk) - 10)
				number = stream == last ? number + 1 : 1
				last = stream
				if (chunk != sprintf("%s%06d.tar", stream, number)) missing(sprintf("%s%06d.tar", stream, number))
				there[chunk] = 1
			}
		}
		!($1 in there) { missing($1) }
		END { exit bad }'
}

# Store the files of a list, each from the stage on that it has reached.  What the ledger has is not sent again.
store_rest() { # FILE of names before the first stage
	local name stage
	: >"$state/at" && : >"$state/at.xz" && : >"$state/at.xz.age" || return 1
	while read -r name; do
		for stage in .xz.age .xz ''; do [ ! -e "$name$stage" ] || break; done
		# The stage before was killed between making this and removing that.
		case $stage in
		.xz.age) rm -f -- "$name" "$name.xz" ;;
		.xz) rm -f -- "$name" ;;
		esac
		printf '%s\n' "$name$stage" >>"$state/at$stage" || return 1
	done <"$1"
	printf '%s\n' "$set/README.restore.txt" >>"$state/at.xz.age" || return 1
	{ cat "$state/at.xz.age" && { cat "$state/at.xz" && compress <"$state/at"; } | weigh | encrypt; } | hash | put
	all_well "${PIPESTATUS[@]}" -- 'compression or encryption' treehash glacier-put
}

# A file with what is on standard input, whole or not there.
whole() { cat >"$1.new" && sync "$1.new" && mv -T -- "$1.new" "$1"; }

# What the closing record says of archives: every chunk that tarsplit printed, with its size and tree hash as they are here
# and as the ledger has them.  Anything that does not agree is no backup.
account() {
	ledger_live >"$state/live" && stat -c '%n	%s' "$set"/*.xz.age "$set/README.restore.txt" >"$state/files" || return 1
	awk -F '\t' -v OFS='\t' -v host="$HOST" -v set="$set" '
		function wrong(name, why) { print "backup.sh: " name ": " why >"/dev/stderr"; exit bad = 1 }
		function check(name) {
			n++
			if (!(name in size)) wrong(name, "is not there")
			if (!(name in hash)) wrong(name, "has no tree hash")
			if (!((host "/" name) in line)) wrong(name, "the ledger has no line for it")
			split(line[host "/" name], l, "\t")
			if (l[4] != size[name] || l[5] != hash[name]) wrong(name, "the ledger has another size or tree hash")
			stored += size[name]
			archives = archives "archive\t" line[host "/" name] "\n"
		}
		function packed(kind, name) {
			if (!(name in plain)) wrong(name, "its size before compression is not known")
			check(name ".xz.age")
			all += plain[name]
			print kind, host "/" name ".xz.age", plain[name], size[name ".xz.age"], hash[name ".xz.age"]
		}
		part == "hash" { hash[substr($0, 67)] = substr($0, 1, 64); next }
		part == "plain" { plain[$1] = $2; next }
		part == "file" { size[$1] = $2; files++; next }
		part == "live" { line[$3] = $0; next }
		{ packed("chunk", $1) }
		END {
			if (!bad) packed("index", set "/index.tsv")
			if (!bad) check(set "/README.restore.txt")
			if (!bad && files != n) wrong(set, "has " files " archives here, and " n " are accounted for")
			if (bad) exit 1
			printf "%stotal\t%d\t%.0f\t%.0f\n", archives, n, stored, all
		}' part=hash "$state/hashes" part=plain "$state/sizes" part=file "$state/files" part=live "$state/live" \
	    part=chunk "$state/chunks" | whole "$state/account"
}

# The closing record; glacier-backup(7) has its format.
closing() {
	printf 'format\t1\nhost\t%s\nset\t%s\nstart\t%s\nend\t%s\n' "$HOST" "$set" \
	    "$(sed 's/\(....\)\(..\)\(..\)T\(..\)\(..\)/\1-\2-\3T\4:\5:/' <<<"$set")" "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
	cat "$state/directories" "$state/account" || return 1
	for tool in tar tarsplit xzpar seal treehash glacier-put; do
		printf 'tool\t%s\t%s\n' $tool "$($tool --version | head -n 1)" || return 1
	done
}

# From the end of the tar streams to the commit, in the directory that the set is in.  After a crash "all": the chunks too
# are looked at.
finish() { # [all]
	find_chunks || return 1
	if [ ! -e "$set/index.tsv.xz" ] && [ ! -e "$set/index.tsv.xz.age" ]; then
		cat "$state"/index.[0-9]* | whole "$set/index.tsv" || return 1
	fi
	whole "$set/README.restore.txt" <"$page" || return 1
	echo "$set/index.tsv" >"$state/rest" || return 1
	if [ $# -gt 0 ]; then
		cat "$state/chunks" >>"$state/rest" && : >"$state/hashes" || return 1
	fi
	store_rest "$state/rest" && account || return 1
	rm -f -- "$set"/.*.part "$set"/*.new
	if [ -e "$root/inflight/$set" ]; then
		mv -T -- "$root/inflight/$set" "$root/complete/$set" && sync "$root/inflight" "$root/complete" && cd "$root/complete" || return 1
	fi
	# Sealed once: two closing records of one set with different bytes would be two archives of one name.
	if [ ! -e "$set/closing.tsv.age" ]; then
		closing | whole "$set/closing.tsv" && printf '%s\n' "$set/closing.tsv" | encrypt >/dev/null || return 1
	fi
	rm -f -- "$set/closing.tsv"
	printf '%s\n' "$set/closing.tsv.age" | hash | put
	all_well "${PIPESTATUS[@]:1}" -- treehash glacier-put || return 1
	committed "$set" || { say "$set: its closing record is not in $LEDGER"; return 1; }
}

make_set() {
	mkdir "$state" && cd "$root/inflight" && mkdir "$set" && : >"$state/directories" && store_chunks && finish
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
	for set in *Z; do
		if [ -d "$set" ] && committed "$set"; then echo "$set"; fi
	done >"$state/local"
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

# A set that this run leaves without its closing record.
settle() {
	if [ -f "$state/ended" ]; then
		say "$set: all was read: the next run finishes it, and stores what is missing"
	elif [ -d "$root/inflight/$set" ]; then
		bury "$set" 'not all was read'
	fi
	[ -f "$state/ended" ] || rm -rf -- "${state:?}"
}

# End the stages, clean up, die by the signal that came.
stop() {
	trap - "$1"
	end_stages
	committed "$set" || settle
	kill -s "$1" $$
}

# One that no set of this host has, whatever the clock does.
new_stamp() {
	local newest
	while set=$(date -u +%Y%m%dT%H%M%SZ); do
		[ -e "$root/inflight/$set" ] || [ -e "$root/complete/$set" ] || [ -e "$root/dead/$set" ] ||
		    grep -Fq -- "	$HOST/$set/" "$LEDGER" 2>/dev/null || break
		sleep 0.2
	done
	newest=$(committed_sets "$HOST" | tail -n 1)
	[[ ! $HOST/$set < $newest ]] || say "the clock says $set, and the newest set is $newest: by its name this one will not be the newest"
}

# --status: a line for each set that this host knows of.
status() {
	local pid set n b c word here
	local -A archives=() bytes=() closed=()
	pid=$(worker)
	while IFS=$'\t' read -r set n b c; do
		archives[$set]=$n bytes[$set]=$b closed[$set]=$c
	done < <(ledger_live | awk -F '\t' -v OFS='\t' -v host="$HOST" '
		split($3, part, "/") == 3 && part[1] == host {
			n[part[2]]++; b[part[2]] += $4
			if (part[3] == "closing.tsv.age") c[part[2]] = $1
		}
		END { for (s in n) print s, n[s], sprintf("%.0f", b[s]), c[s] }')
	[ -z "$pid" ] || echo "process $pid is at work"
	{ printf '%s\n' "${!archives[@]}"; cd "$root" 2>/dev/null && ls inflight complete dead; } 2>/dev/null | grep -Ex '[0-9]{8}T[0-9]{6}Z' | sort -u |
	    while read -r set; do
		here=$(du -sbc "$root/inflight/$set" "$root/complete/$set" 2>/dev/null | tail -n 1 | cut -f1)
		if [ -n "${closed[$set]-}" ]; then
			word="committed at ${closed[$set]}"
		elif [ -d "$root/complete/$set" ]; then
			word='complete, not committed: its closing record is not stored'
		elif [ -d "$root/inflight/$set" ] && [ -f "$root/state.$set/ended" ]; then
			word='in flight: all was read, not all is stored'
		elif [ -d "$root/inflight/$set" ]; then
			word='in flight: not all was read'
		else
			word='dead: it has no closing record and never will; expire.sh --orphans removes what is stored of it'
		fi
		case $pid$word in
		in\ flight* | complete*)
			if [ -f "$root/state.$set/ended" ]; then word="$word; nobody is at work, the next run finishes it"
			else word="$word; nobody is at work, it is no backup and never will be"; fi ;;
		esac
		echo "$HOST/$set: $word; ${archives[$set]:-0} archives, ${bytes[$set]:-0} bytes in $STORE; ${here:-0} bytes here"
	done
}

command -v tarsplit >/dev/null || PATH=$(cd "$here/../build" 2>/dev/null && pwd):$PATH
configure "$@"
if [ "$task" = status ]; then
	status
	exit
fi
lock
if [ "$task" = abandon ]; then
	recover && sweep
	exit
fi
new_stamp
state=$root/state.$set
for s in INT TERM HUP; do
	# shellcheck disable=SC2064 # the signal of this round
	trap "stop $s" $s
done
# In the background, so that a signal is acted on at once and not when the pipeline has ended.
{ recover && make_set && expire && sweep; } &
if wait $!; then
	rm -rf -- "$state"
	echo "$HOST/$set"
	exit
fi
end_stages
if committed "$set"; then
	rm -rf -- "$state"
	echo "$HOST/$set"
	die 1 "$HOST/$set: is committed, but not all that had to be done after that was"
fi
settle
die 1 "$HOST/$set: is no backup: no closing record was stored"

#!/bin/sh
# shellcheck disable=SC2034,SC2046,SC2154
# The programs together: a backup into a vault on this machine and back, and what happens when something ends early.
. "$(dirname "$0")/lib.sh"

PATH=$here/scripts:$PATH
seal-keygen -o key.txt >key.pub
vault d --vault v
mkdir -p src/etc/sub src/home
seq 60000 >src/etc/numbers; ln src/etc/numbers src/etc/same; ln -s numbers src/etc/link; : >src/etc/empty
head -c 3000000 /dev/urandom >src/etc/sub/giant; echo me >src/etc/hostname; chmod 640 src/etc/hostname
for i in $(seq 150); do seq "$i" 3000 >"src/home/file $i"; done
echo odd >"src/home/$(printf 'tab\there')"; touch -d '2001-02-03 04:05:06.789' src/home/old
cat >conf <<E
BACKUP_PREFIX=$TMP/spool
HOST=box
STORE=glacier:v
RECIPIENTS=$TMP/key.pub
DIRS="$TMP/src/etc $TMP/src/home"
SPLITSIZE=1M
LEVEL=1
E
unset DIRS STORE HOST LEDGER
ledger=spool/box/ledger.tsv
below=${TMP#/}/src
list() { (cd "$1" && find . -printf '%p %y %m %U:%G %T@ %l\n' | grep -v '^\. ' | sort; find . -type f -exec sha256sum {} + | sort -k2; stat -c %h etc/same); }
committed() { cut -f3 $ledger | grep -c '/closing.tsv.age$'; }

ok 'backup.sh' 'backup.sh -c conf >set'
ok 'prints its set' 'grep -Eqx "box/[0-9]{8}T[0-9]{6}Z" set'
ok 'the ledger has every archive once, the closing record last' 'cut -f3 $ledger | sort | uniq -d | wc -l | grep -qx 0; tail -n 1 $ledger | cut -f3 | grep -q closing.tsv.age'
ok 'the local copy is complete, and nothing in clear' '[ -z "$(ls spool/box/inflight)" ] && [ -z "$(find spool/box/complete -type f ! -name "*.age" ! -name README.restore.txt)" ]'
ok 'restore.sh brings all of it back' 'restore.sh -w -c conf -i key.txt -o back; list back/$below >b; list src | diff - b'
ok 'a hard link brings its target: of two names one comes alone, the other with it' 'for f in same numbers; do restore.sh -c conf -i key.txt -o one.$f "$below/etc/$f" || exit 1; cmp one.$f/$below/etc/$f src/etc/numbers; done; [ "$(find one.* -type f | wc -l)" -eq 3 ]'
ok 'a directory and a glob' 'restore.sh -c conf -i key.txt -o two /$below/etc/sub "$below/home/file 1?"; cmp two/$below/etc/sub/giant src/etc/sub/giant; [ "$(find two -type f | wc -l)" -eq 11 ]'
ok 'one small file costs one chunk' 'restore.sh -c conf -i key.txt -o three "$below/etc/hostname" 2>e; grep -q ": 1 archives," e; cmp three/$below/etc/hostname src/etc/hostname'
ok 'odd names too' 'restore.sh -c conf -i key.txt -o four "$below/home/tab*"; [ "$(find four -type f | wc -l)" -eq 1 ]'
ok '-n retrieves no chunk' 'restore.sh -n -c conf -i key.txt -o five 2>e && grep -q "bytes to retrieve" e && [ ! -e five ] && [ -z "$(find five.part/spool -name "*.tar.*")" ]'
dies 1 'is not in box/' 'a path that is not there' 'restore.sh -c conf -i key.txt -o six etc/nosuch'
dies 1 'has no closing record' 'a set that is not there' 'restore.sh -c conf -i key.txt -o six 20200101T000000Z'
dies 1 'is there already' 'a directory that is there' 'restore.sh -c conf -i key.txt -o back'
dies 1 'cannot be opened' 'the wrong identity' 'seal-keygen -o no.txt >/dev/null; restore.sh -c conf -i no.txt -o seven'

# glacier-backup(7): its commands as printed, with stock tools and nothing of ours.
ok 'the page restores without this toolkit' 'mkdir stock; cp spool/box/complete/*/*.age key.txt stock
	sed -n "/^\.Sh RESTORING WITHOUT/,/^\.Sh KEYS/p" "$here/man/glacier-backup.7" | sed -n "/^\.Bd/,/^\.Ed/p" | grep -v "^\." | sed "/^aws/,\$d" >commands
	label=$(basename $(ls stock/*.000001.tar.xz.age | head -n 1) .000001.tar.xz.age)
	sed -e "s/backup_etc/$label/g" -e "s:etc/hostname:$below/etc/hostname:g" commands >run
	[ "$(wc -l <run)" -eq 4 ] && (cd stock && PATH=/usr/bin:/bin sh -eu ../run) >o && cmp stock/$below/etc/sub/giant src/etc/sub/giant && cmp stock/$below/etc/hostname src/etc/hostname'

sleep 1
ok 'a second set; RETENTION keeps one local copy' 'backup.sh -c conf >set2; [ "$(ls spool/box/complete)" = "$(cut -d/ -f2 set2)" ] && [ "$(committed)" -eq 2 ]'
ok 'the first is still in the store' 'restore.sh -c conf -i key.txt -o first "$(cat set)" "$below/etc/hostname"'
sleep 1
ok 'staged before it is sent' 'UPLOAD=after backup.sh -c conf >set3; restore.sh -c conf -i key.txt -o staged "$(cat set3)"; list staged/$below >b; list src | diff - b'
ok 'the host cannot read its backup' '! seal -d -i key.pub <"$(ls spool/box/complete/*/closing.tsv.age)" >/dev/null 2>&1'

# Nothing that fails is ever called a backup.  fails PATTERN NAME COMMAND: status, message, and no new set.
n=$(committed)
fails() { dies "$1" "$2" "$3" "$4"; ok "$3: no set" '[ "$(committed)" -eq "$n" ] && backup.sh -c conf --abandon 2>/dev/null && [ -z "$(ls spool/box/inflight)" ]'; }
fails 1 'v2' 'a vault that does not exist' 'STORE=glacier:v2 backup.sh -c conf'
fails 1 'signature\|Signature' 'a wrong secret key' 'AWS_SECRET_ACCESS_KEY=wrong backup.sh -c conf'
fails 2 'nosuch.pub: cannot be read' 'no recipients' 'RECIPIENTS=nosuch.pub backup.sh -c conf'
fails 1 'line 1: is not a key that is known here' 'a wrong recipients file' 'RECIPIENTS=conf backup.sh -c conf'
fails 1 'is not a directory' 'a directory that is not there' 'backup.sh -c conf /nosuch'
ok 'tar that fails' 'mkdir bin; printf "#!/bin/sh\n/bin/tar \"\$@\"; exit 2\n" >bin/tar; chmod +x bin/tar'
fails 1 'tar: .*: failed with status 2' 'tar with status 2' 'PATH=$TMP/bin:$PATH backup.sh -c conf'
ok 'tar that is cut' 'printf "#!/bin/sh\n/bin/tar \"\$@\" | head -c 700000\n" >bin/tar'
fails 1 'standard input: byte 700000: the input ends' 'a stream that is cut short' 'PATH=$TMP/bin:$PATH backup.sh -c conf'
sleep 1
ok 'tar with status 1 is recorded, and a set' 'printf "#!/bin/sh\n/bin/tar \"\$@\"; exit 1\n" >bin/tar; PATH=$TMP/bin:$PATH backup.sh -c conf 2>e >set; grep -q "files changed" e; cat spool/box/complete/*/closing.tsv.age | seal -d -i key.txt | grep -q "^directory	.*	1$"'
n=$(committed)
if [ "$(id -u)" -eq 0 ] && mkdir small && mount -t tmpfs -o size=2m none small 2>/dev/null; then
	cleanup="umount $TMP/small; $cleanup"
	dies 1 'No space left' 'a full spool' 'BACKUP_PREFIX=$TMP/small backup.sh -c conf'
	ok 'a full spool: no set' '! grep -q closing small/box/ledger.tsv'
else
	skip 'a full spool' 'only root may mount a tmpfs'
fi

# Killed at ten moments: backup.sh itself, and each stage.  The run fails, no set appears, unless all that it lacked was
# the end of glacier-put with the closing record, and the next run is good.
# tar takes its time, so that every stage is there to be killed.
printf '#!/bin/sh\n/bin/tar "$@" | { head -c 300000; sleep 0.7; cat; }\n' >bin/tar
for victim in tar tarsplit xzpar seal treehash glacier-put backup.sh backup.sh backup.sh backup.sh; do
	backup.sh -c conf --abandon 2>/dev/null
	n=$(committed)
	delay=$((count % 7))
	ok "killed: $victim" 'PATH=$TMP/bin:$PATH backup.sh -c conf >o 2>e & p=$!
		i=0; v=
		while [ $i -lt 300 ] && [ -z "$v" ]; do
			i=$((i + 1)); sleep 0.02
			if [ $victim != backup.sh ]; then
				for q in /proc/[0-9]*; do read -r name 2>/dev/null <$q/comm && [ "$name" = $victim ] && [ $q/fd/9 -ef spool/box/lock ] && v=${q#/proc/} && break; done
			elif [ $i -gt $((delay * 9)) ]; then v=$p; fi
		done
		kill -9 $v; wait $p && { echo "it was too quick" >&2; exit 1; }
		[ "$(committed)" -eq "$n" ] || { [ $victim = backup.sh ] && [ "$(committed)" -eq $((n + 1)) ] && restore.sh -c conf -i key.txt -o whole && list whole/$below >b && list src | diff - b; }; x=$?; rm -rf whole; [ $x -eq 0 ]'
done
sleep 1
ok 'after all of that, the next run is good' 'backup.sh -c conf >set 2>e; restore.sh -c conf -i key.txt -o last "$(cat set)"; list last/$below >b; list src | diff - b'
n=$(committed)
sh -c 'exec 9>>spool/box/lock; flock 9; echo $$ >spool/box/lock.pid; sleep 3' & sleep 0.5
dies 75 'is at work here' 'one at a time' 'backup.sh -c conf'
wait $!
fails 1 'onnect\|refused' 'a server that is down' 'kill $server; AWS_MAX_ATTEMPTS=1 backup.sh -c conf'
finish

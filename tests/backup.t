#!/bin/sh
# shellcheck disable=SC2034,SC2046,SC2154
# What backup.sh calls a set: its closing record, and what becomes of a run that was interrupted, at each stage.
. "$(dirname "$0")/lib.sh"

PATH=$here/scripts:$PATH
seal-keygen -o key.txt >key.pub
vault d --vault v
mkdir -p src/etc src/home bin; seq 30000 >src/etc/numbers; head -c 500000 /dev/urandom >src/home/noise; ln -s x src/home/link
cat >conf <<E2
BACKUP_PREFIX=$TMP/spool
HOST=box
STORE=glacier:v
RECIPIENTS=$TMP/key.pub
DIRS="$TMP/src/etc $TMP/src/home"
SPLITSIZE=64k
LEVEL=1
RETENTION=9
E2
unset DIRS STORE HOST LEDGER
S=spool/box
ledger=$S/ledger.tsv
committed() { cut -f3 $ledger 2>/dev/null | grep -c '/closing.tsv.age$'; }
last() { ls $S/"$1" | tail -n 1; }
closing() { seal -d -i key.txt <$S/complete/"$1"/closing.tsv.age; }
list() { (cd "$1" && find . -printf '%p %y %m %U:%G %T@ %l\n' | grep -v '^\. ' | sort; find . -type f -exec sha256sum {} + | sort -k2); }
restores() { rm -rf back; restore.sh -w -c conf -i key.txt -o back "$1" && list back/${TMP#/}/src >b && list src | diff - b; }
calls() { grep -c " $1 \|/multipart-uploads.*$1" d.log; }

ok 'a set' 'backup.sh -c conf >set && [ "$(committed)" -eq 1 ]'
s=$(cut -d/ -f2 set)
closing "$s" >c
ok 'the page is beside it in clear, as it was built' 'cmp $S/complete/$s/README.restore.txt $(dirname $(command -v tarsplit))/README.restore.txt && grep -q "age -d -i key.txt" $S/complete/$s/README.restore.txt && cut -f3 $ledger | grep -qx box/$s/README.restore.txt && ! grep "^\." $S/complete/$s/README.restore.txt'
ok 'closing record: what and when' 'head -n 3 c | tr "\t\n" " ;" | grep -qx "format 1;host box;set $s;" && grep -qE "^start	20..-..-..T..:..:..Z$" c && grep -qE "^end	20..-..-..T..:..:..Z$" c'
ok 'closing record: directories and status' '[ "$(grep -c "^directory	backup_.*	0$" c)" -eq 2 ]'
ok 'closing record: chunks are those that are here' 'grep "^chunk" c | cut -f2 | sort >n; (cd $S/complete; ls $s/*.tar.xz.age) | sed "s:^:box/:" | diff - n; [ "$(wc -l <n)" -gt 8 ]'
ok 'closing record: plain size, stored size and tree hash of each are true' 'grep "^chunk\|^index" c | while IFS="	" read -r _ name plain stored hash; do f=$S/complete/${name#box/}
	[ "$(seal -d -i key.txt <$f | xz -dc | wc -c)" -eq $plain ] && [ "$(stat -c %s $f)" -eq $stored ] && [ "$(treehash <$f | cut -c1-64)" = $hash ] || exit 1; done'
ok 'closing record: the sizes of a stream add up to its tar' 'for l in etc home; do seal -d -i key.txt <$S/complete/$s/index.tsv.xz.age >/dev/null; a=$(grep "^chunk	.*_$l\." c | awk -F "\t" "{ n += \$3 } END { print n }"); b=$(for f in $S/complete/$s/*_$l.*.tar.xz.age; do seal -d -i key.txt <$f | xz -dc; done | tee tar | wc -c); [ $a -eq $b ] && tar -tf tar >/dev/null || exit 1; done'
ok 'closing record: the ledger lines of the set' 'grep "^archive" c | cut -f2- | sort >a; grep -v closing.tsv $ledger | sort | diff - a'
ok 'closing record: totals' 'grep "^total" c | { read -r _ n stored _; [ $n -eq $(wc -l <a) ] && [ $stored -eq $(awk -F "\t" "{ n += \$4 } END { print n }" a) ]; }'
ok 'closing record: tools' '[ "$(grep -c "^tool	[a-z-]*	.*[0-9]" c)" -eq 6 ]'
ok 'sets.sh reads both' '. $here/scripts/sets.sh; STORE=glacier:v LEDGER=$ledger; [ "$(committed_sets box)" = box/$s ] && closing_archives box/$s c | sort | diff - a && ! closing_archives box/20200101T000000Z c && sed "/^archive/{d;q}" c >c2 && ! closing_archives box/$s c2'
ok 'status: committed' 'backup.sh -c conf --status | grep -qE "^box/$s: committed at 20.*Z; [0-9]+ archives, [0-9]+ bytes in glacier:v; [0-9]+ bytes here$"'

# Interrupted after all was read: finished by the next run, from the very files that were there.
fake() { printf '#!/bin/sh\n%s\n' "$2" >"bin/$1"; chmod +x "bin/$1"; }
real() { command -v "$1"; }
inodes() { (cd "$1" && stat -c '%i %n' ./*.age | sort); }
interrupted() { # NAME: what there is to be said before and after
	x=$(last inflight)
	ok "$1: all was read, and it is said" 'grep -q "the next run finishes it" e && [ -f $S/state.$x/ended ] && [ "$(committed)" -eq '"$n"' ]'
	ok "$1: status" 'backup.sh -c conf --status | grep -q "^box/$x: in flight: all was read, not all is stored; nobody is at work, the next run finishes it; "'
	inodes $S/inflight/"$x" >before 2>/dev/null
	puts=$(grep -c 'POST .*/multipart-uploads$\|POST .*multipart-uploads ' d.log)
	stored=$(grep -c "	box/$x/" $ledger)
	ok "$1: the next run finishes it, and makes its own" 'backup.sh -c conf >set 2>e; [ "$(committed)" -eq $((n + 2)) ] && grep -q "^backup.sh: $x: is committed" e'
	ok "$1: nothing is sealed twice" 'inodes $S/complete/$x >after; [ "$(join before after | wc -l)" -eq "$(wc -l <before)" ]'
	ok "$1: nothing is stored twice" 'cut -f3 $ledger | sort | uniq -d | wc -l | grep -qx 0; [ "$(find d/vaults/v/archives -type f | wc -l)" -eq "$(wc -l <$ledger)" ]'
	ok "$1: it restores" 'restores box/$x'
	n=$(committed)
}
n=1
fake treehash 'cat >/dev/null; exit 1'
dies 1 'treehash: failed with status 1' 'nothing was hashed' 'PATH=$TMP/bin:$PATH backup.sh -c conf'
cp .err e; rm bin/*
interrupted 'before anything was sent'
fake glacier-put "n=0; while read -r l; do n=\$((n + 1)); [ \$n -gt 3 ] || echo \"\$l\"; done | $(real glacier-put) \"\$@\"; exit 1"
dies 1 'glacier-put: failed with status 1' 'three were sent' 'PATH=$TMP/bin:$PATH backup.sh -c conf'
cp .err e; rm bin/*
interrupted 'three were sent'
fake seal "n=0; while read -r l; do n=\$((n + 1)); [ \$n -gt 4 ] || echo \"\$l\"; done | $(real seal) \"\$@\"; exit 1"
dies 1 'seal: failed with status 1' 'four are sealed' 'PATH=$TMP/bin:$PATH backup.sh -c conf'
cp .err e; rm bin/*
ok 'four are sealed: the others are compressed' 'ls $S/inflight/*/*.tar.xz'
interrupted 'four are sealed'
fake xzpar "n=0; while read -r l; do n=\$((n + 1)); [ \$n -gt 2 ] || echo \"\$l\"; done | $(real xzpar) \"\$@\"; exit 1"
dies 1 'xzpar: failed with status 1' 'two are compressed' 'PATH=$TMP/bin:$PATH SPOOL=1000 backup.sh -c conf'
cp .err e; rm bin/*
ok 'two are compressed: the others are tars' 'ls $S/inflight/*/*.tar'
interrupted 'two are compressed'

# The closing record is stored last, and once.

fake glacier-put "cat >$TMP/names; grep -q closing $TMP/names && exit 1; $(real glacier-put) \"\$@\" <$TMP/names"
dies 1 'is no backup' 'without its closing record it is no backup' 'PATH=$TMP/bin:$PATH UPLOAD=after backup.sh -c conf'
rm bin/*
x=$(last complete)
ok 'status: complete' 'backup.sh -c conf --status | grep -q "^box/$x: complete, not committed: its closing record is not stored; nobody is at work, the next run finishes it; "'
ok 'it is stored by the next run, as it was sealed' 'i=$(stat -c %i $S/complete/$x/closing.tsv.age); backup.sh -c conf >set 2>e; [ "$(stat -c %i $S/complete/$x/closing.tsv.age)" = $i ] && [ "$(committed)" -eq $((n + 2)) ] && restores box/$x'
n=$(committed)

# What the ledger does not have is not stored.
fake glacier-put "sed 2d | $(real glacier-put) \"\$@\""
dies 1 'the ledger has no line for it' 'a chunk that the ledger does not have' 'PATH=$TMP/bin:$PATH backup.sh -c conf'
rm bin/*
ok 'no set' '[ "$(committed)" -eq "$n" ]'
x=$(last inflight)
ok '--abandon: it is dead' 'backup.sh -c conf --abandon 2>e; grep -q "$x: was abandoned: it is no backup" e; [ ! -e $S/inflight/$x ] && [ ! -e $S/state.$x ] && [ "$(committed)" -eq "$n" ]'
ok 'status: dead' 'backup.sh -c conf --status | grep -qE "^box/$x: dead: .*; [1-9][0-9]* archives, [1-9][0-9]* bytes in glacier:v; 0 bytes here$"'
ok 'a chunk that has gone: dead, and the next run is good' 'fake treehash "cat >/dev/null; exit 1"; ! PATH=$TMP/bin:$PATH backup.sh -c conf; rm bin/*; x=$(last inflight); rm $S/inflight/$x/*.000002.tar*; backup.sh -c conf 2>e >set; grep -q "$x: its local files are not what was written" e; [ "$(committed)" -eq $((n + 1)) ]'
n=$(committed)

# Interrupted before all was read.
fake tar "$(real tar) \"\$@\" | { head -c 200000; sleep 30; cat; }"
ok 'killed while tar reads: dead' 'PATH=$TMP/bin:$PATH backup.sh -c conf 2>e & p=$!; sleep 1; backup.sh -c conf --status >o; kill -9 $p; grep -q "process $p is at work" o && grep -q "in flight: not all was read; [0-9]* archives" o; x=$(last inflight); backup.sh -c conf --status | grep -q "$x: in flight: not all was read; nobody is at work, it is no backup"; backup.sh -c conf >set 2>e; grep -q "$x: was interrupted before all was read: it is no backup" e && [ "$(committed)" -eq $((n + 1)) ] && [ -z "$(find $S/inflight $S/dead -mindepth 1)" ] && restores $(cat set)'
ok 'no unfinished upload is left' '[ -z "$(glacier-ls -s glacier:v --uploads)" ]'
ok 'two at once: the second says who' 'PATH=$TMP/bin:$PATH backup.sh -c conf 2>e & p=$!; sleep 1; backup.sh -c conf 2>f; [ $? -eq 75 ] && grep -q "process $p is at work here" f; r=$?; kill $p; wait $p; [ $r -eq 0 ]'
ok 'SIGTERM leaves no stage at work' '[ -z "$(ls $S/inflight)" ] && flock -n $S/lock true'
dies 2 'usage' 'usage' 'backup.sh --nonsense'
dies 1 'is not a line of a ledger' 'a ledger that is none' 'echo x >l; LEDGER=$TMP/l backup.sh -c conf'
finish

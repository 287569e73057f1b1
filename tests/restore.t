#!/bin/sh
# shellcheck disable=SC2034,SC2046,SC2154
# The way back: from credentials and an identity alone; some paths for the price of their chunks; interrupted and run again.
. "$(dirname "$0")/lib.sh"

PATH=$here/scripts:$PATH
seal-keygen -o key.txt >key.pub
vault d --vault v --bucket box-sets --inventory-every 1
mkdir -p src/etc/sub src/etc.d src/home
seq 60000 >src/etc/numbers; ln -s numbers src/etc/link; head -c 10000 /dev/urandom >src/etc/ten; chmod 640 src/etc/ten
head -c 1500000 /dev/urandom >src/home/giant; mkfifo src/home/pipe; echo dotted >src/etc.d/file
seq 9 >src/etc/sub/first; i=0; while [ $i -lt 120 ]; do i=$((i + 1)); head -c 20000 /dev/urandom >"src/home/file $i"; done
ln src/etc/sub/first src/etc/zz; echo odd >"src/home/$(printf 'new\nline\tand tab\\')"
# 2 GiB where RESTORE_LARGE is set: TESTS=tests/restore.t RESTORE_LARGE=2G.
head -c "${RESTORE_LARGE:-40M}" /dev/zero >src/home/large
unset DIRS STORE HOST LEDGER BACKUP_PREFIX
below=${TMP#/}/src
list() { (cd "$1" && find . -printf '%p %y %m %U:%G %T@ %l\n' | grep -v '^\. ' | sort; find . -type f -exec sha256sum {} + | sort -k2); }
jobs() { glacier-ls -s glacier:v --jobs | awk -F '\t' '$5 != "-"' | wc -l; }
restore() { restore.sh -c conf -i key.txt "$@"; }
when() { sed -E 's:box/(....)(..)(..)T(..)(..)(..)Z:\1-\2-\3 \4\:\5\:\6Z:' "$1"; }

for store in glacier:v s3://box-sets/p; do
	cat >conf <<E2
BACKUP_PREFIX=$TMP/spool
HOST=box
STORE=$store
RECIPIENTS=$TMP/key.pub
SPLITSIZE=300k
LEVEL=1
RETENTION=1
E2
	rm -f src/etc/more
	ok "$store: two sets" 'backup.sh -c conf "$TMP/src/etc" "$TMP/src/etc.d" "$TMP/src/home" >set1 && echo more >src/etc/more && backup.sh -c conf "$TMP/src/etc" "$TMP/src/etc.d" "$TMP/src/home" >set2'
	list src >want
	ok "$store: all local state goes" 'mv spool spool.gone && sleep 1.2'
	ok "$store: from nothing" 'until restore -o back 2>e; do [ $? -eq 75 ] && sleep 0.3 || { cat e; exit 1; }; done; list back/$below | diff want - && [ ! -e back.part ]'
	ok "$store: what came out was compared" 'grep -Eq "$(cat set2): [0-9]+ members from [0-9]+ archives are here, as index and closing record say" e'
	ok "$store: the store made the ledger" '[ "$(cut -f3 spool/box/ledger.tsv | grep -c closing)" -eq 2 ]'
	ok "$store: --list" 'restore --list >o && cut -f1 o | cat set1 set2 - | sort | uniq -c | awk "\$1 != 2 { exit 1 }" && awk -F "\t" "\$2 !~ /^20.*Z\$/ || \$3 < 9 || \$4 < 1000 { exit 1 }" o'
	ok "$store: --before" 'rm -rf back; restore -w -o back --before "$(when set2)" 2>e && grep -q "$(cat set1): " e && [ ! -e back/$below/etc/more ] && [ -e back/$below/etc/ten ]'
	dies 1 'box: has no set before 2001' "$store: none is older" 'restore -o none --before 2001-01-01'
	dies 1 'other: no set of this host .*; there are sets of box: name one as HOST/SET' "$store: another host" 'HOST=other restore -l spool/box/ledger.tsv -o none'
	ok "$store: a set by its name, from another host" 'rm -rf back; HOST=other restore -l spool/box/ledger.tsv -w -o back "$(cat set1)" && [ -e back/$below/home/pipe ]'
	ok "$store: a name with a newline" 'rm -rf back; restore -w -o back "$below/home/new*" && [ "$(find back -type f -printf x)" = x ]'
	ok "$store: a directory whose name begins as another" 'rm -rf back; restore -w -o back "$below/etc.d" 2>e && cmp back/$below/etc.d/file src/etc.d/file && grep -q ": 1 archives, " e'
	ok "$store: a hard link and its target" 'rm -rf back; restore -w -o back "$below/etc/zz" && cmp back/$below/etc/zz src/etc/zz && [ "$(find back -type f | wc -l)" -eq 2 ]'
	ok "$store: a member in several chunks" 'rm -rf back; restore -w -o back "$below/home/giant" 2>e && cmp back/$below/home/giant src/home/giant && ! grep -q ": 1 archives, " e'
	ok "$store: -n says chunks, bytes, money, and asks for nothing" 'restore -n -o plan "$below/etc/ten" 2>e; n=$(jobs); grep -q ": 1 archives, [0-9]* bytes to retrieve" e && grep -q "requests, .* to the first byte, \\$" e && [ ! -e plan ] && [ ! -e plan.part ] && [ "$(jobs)" -eq $n ]'
	dies 1 '.' "$store: --max-cost" 'restore -o dear --max-cost 0 --prices /dev/null; r=$?; ! ls dear 2>/dev/null && exit $r'
	dies 2 'is no date' "$store: --before nonsense" 'restore --before nonsense -o x'
	rm -rf spool spool.gone back ./*.part
	sleep 1
done

# vaultd's own record: of all the chunks one is asked for.
: >conf
ok 'one file of a large backup' 'STORE=glacier:one HOST=box RECIPIENTS=key.pub BACKUP_PREFIX=$TMP/sp SPLITSIZE=1M LEVEL=0; export STORE HOST RECIPIENTS BACKUP_PREFIX SPLITSIZE LEVEL
	glacier-put -s glacier:one --create && backup.sh -c conf "$TMP/src" >set && [ "$(wc -l <sp/box/ledger.tsv)" -ge "${RESTORE_CHUNKS:-6}" ] && rm -rf sp/box/complete && glacier-ls -s glacier:one --jobs | wc -l | grep -qx 0 &&
	restore -n -o ten "$below/etc/ten" 2>e; [ $? -eq 3 ] && grep -q "which chunks hold these paths is not known" e && glacier-ls -s glacier:one --jobs | wc -l | grep -qx 0 &&
	restore -w -o ten "$below/etc/ten" && cmp ten/$below/etc/ten src/etc/ten && glacier-ls -s glacier:one --jobs >j && cut -f5 j >ids &&
	awk -F "\t" "FILENAME == \"ids\" { asked[\$1] = 1; next } \$6 in asked { sub(/.*\//, \"\", \$3); print \$3 }" ids sp/box/ledger.tsv | sed "s/.*[.]tar[.]/chunk./" | sort | tr "\n" " " | grep -qx "chunk.xz.age closing.tsv.age index.tsv.xz.age "'

# Killed, thawing, run again: nothing is asked for twice.
kill "$server"; wait "$server" 2>/dev/null
vault d --vault one --thaw-delay 1 --inventory-every 1
ok 'not ready yet: 75, and again 75, and then all of it; each asked for once' 'export STORE=glacier:one HOST=box BACKUP_PREFIX=$TMP/sp; n=0; t=0
	while :; do timeout -s KILL "$(awk -v n=$n "BEGIN { print 0.6 + n * n / 60 }")" restore.sh -c conf -i key.txt -o slow "$below/etc" "$below/home" 2>e; r=$?; [ $r -ne 0 ] || break; n=$((n + 1)); [ $n -lt 60 ] || { cat e; exit 1; }; case $r in 75) t=$((t + 1)); sleep 0.2 ;; 137) ;; *) cat e; exit 1 ;; esac; done
	[ $t -gt 0 ] && list slow/$below/home >a && list src/home | diff - a && glacier-ls -s glacier:one --jobs | cut -f5 | sort | uniq -d | wc -l | grep -qx 0'

# What is wrong is said, and nothing is called restored.
export STORE=glacier:one HOST=box BACKUP_PREFIX=$TMP/sp
dies 2 'an identity file is needed' 'no identity' 'restore.sh -c conf -o x'
dies 2 'usage' 'an option that is none' 'restore --nonsense'
dies 2 'is unknown' 'and with a value' 'restore --nonsense=1'
dies 1 'is not a line of a ledger' 'a ledger that is none' 'echo x >l; restore -l l -o x'
dies 1 'did not come out as the index has it' 'a file that tar has lost' 'mkdir -p bin; printf "#!/bin/sh\n/bin/tar \"\$@\"; r=\$?; rm -f tree/%s/etc/ten; exit \$r\n" "$below" >bin/tar; chmod +x bin/tar; PATH=$TMP/bin:$PATH restore -w -o lost "$below/etc"'
ok 'and what was fetched is not fetched again' 'restore -w -o lost "$below/etc" && cmp lost/$below/etc/ten src/etc/ten'
finish

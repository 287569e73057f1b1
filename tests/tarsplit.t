#!/bin/sh
# shellcheck disable=SC2046,SC2154
. "$(dirname "$0")/lib.sh"

# A tree with something of everything: long names, odd bytes, links, empty files, a giant.
long=$(printf '%0120d' 0)
mkdir -p "t/$long/$long/deep" t/empty t/many
seq 200000 >t/giant
head -c 70000 /dev/urandom >t/sealed
for i in $(seq 60); do seq "$i" "$((i * 40))" >"t/many/$i"; done
: >t/zero; ln t/giant t/hard; ln -s giant t/soft; ln -s "$long/$long/$long" t/longlink
printf x >"t/$(printf 'tab\there\nand a newline')"; printf x >"t/$(printf 'latin\351')"
seq 99 >"t/$long/$long/deep/$long"
truncate -s 3M t/sparse; printf end | dd of=t/sparse bs=1 seek=3000000 conv=notrunc 2>/dev/null

# holds SIZE: cut a.tar, and check all that must hold of the chunks.  Only a piece of a giant does not list alone.
holds() {
	rm -rf c; mkdir c
	tarsplit -b "$1" -i c/index c/x. <a.tar >c/names || return 1
	xargs cat <c/names | cmp - a.tar || return 1
	for f in $(cat c/names); do
		awk -F '\t' -v f="$f" '{ n[$9]++ } $1 == f { path = $9 } END { exit n[path] < 2 }' c/index && continue
		tar -tf "$f" >/dev/null 2>e && bsdtar -tf "$f" >/dev/null 2>>e || { cat e; echo "$f does not list"; return 1; }
	done
	[ "$(cut -f9 c/index | sort -u | wc -l)" -eq "$(tar -tf a.tar | sort -u | wc -l)" ]
}
for format in v7 oldgnu gnu ustar posix; do
	opts='--exclude=*latin*'; case $format in gnu|oldgnu|posix) opts="$opts --sparse" ;; v7|ustar) opts="$opts --exclude=*0000000000*" ;; esac
	tar -cf a.tar --format=$format $opts --exclude=longlink t
	ok "$format, chunks of 64k" 'holds 64k'
	ok "$format, chunks of 1M" 'holds 1M'
done
bsdtar -cf a.tar --exclude='*latin*' t
ok 'bsdtar, chunks of 64k' 'holds 64k'
busybox tar -cf a.tar t/many t/giant t/hard t/zero
ok 'busybox, chunks of 64k' 'holds 64k'
python3 - <<'E'
import tarfile
with tarfile.open('a.tar', 'w', format=tarfile.PAX_FORMAT) as a: a.add('t', filter=lambda m: None if 'latin' in m.name else m)
E
ok 'python, chunks of 64k' 'holds 64k'

rm t/hard; ln t/many/1 t/zz-hard
tar -cf a.tar --format=posix t
ok 'a slow pipe changes nothing' 'mkdir s1 s2; { head -c 5000 a.tar; sleep 0.1; tail -c +5001 a.tar; } | tarsplit -b 128k -i s1/i s1/x. >/dev/null; tarsplit -b 128k -i s2/i s2/x. <a.tar >/dev/null; sed s/s1/s2/ s1/i | cmp - s2/i; cat s1/x.* | cmp - a.tar'
ok 'a giant has chunks of its own' 'tarsplit -b 64k -i gi g. <a.tar >g; f=$(awk -F "\t" "\$9 == \"t/giant\" { print \$1; exit }" gi); n=$(awk -F "\t" "\$9 == \"t/giant\"" gi | wc -l); [ $n -gt 10 ] && [ "$(cut -f1,9 gi | grep -c "^$f	")" -eq 1 ]'
ok 'its pieces make it whole again' 'cat $(awk -F "\t" "\$9 == \"t/giant\" { print \$1 }" gi) | tar -xOf - t/giant | cmp - t/giant'
ok 'the index gives type, link and size' 'grep -q "	symlink	0777	[^	]*	0	.*	t/soft	giant$" gi && grep -q "	hardlink	.*t/zz-hard	t/many/1$\|	hardlink	.*t/many/1	t/zz-hard$" gi'
ok 'odd bytes are escaped' 'grep -q "tab.there.nand a newline" gi && grep -Fq "tab\\there\\nand" gi'
ok 'a chunk by its place in the index' 'awk -F "\t" "\$9 == \"t/many/7\" { print \$1, \$2, \$3 }" gi | { read f o n; tail -c +$((o + 1)) $f | head -c $n | tar -xOf - t/many/7 | cmp - t/many/7; }'
ok 'two tars behind each other are kept and indexed' 'mkdir cc; cat a.tar a.tar | tarsplit -b 1M -i cc/i cc/x. >/dev/null; cat cc/x.* | cmp - <<E
$(:)
E
cat a.tar a.tar >aa.tar; cat cc/x.* | cmp - aa.tar && [ $(grep -c "t/many/7	" cc/i) -eq 2 ]'
ok 'base-256 numbers' 'truncate -s 9G big; tar --format=gnu --sparse -cf b.tar big; tarsplit -i bi b. <b.tar >/dev/null; cut -f4,7 bi | grep -qx "file	9663676416"; rm big'

ok 'raw, as split does' 'tarsplit -r -b 100000 r. <a.tar >names; split -b 100000 a.tar sp.; cat r.* | cmp - a.tar; [ $(ls r.* | wc -l) -eq $(ls sp.* | wc -l) ] && cmp r.000001 sp.aa'
ok 'raw and nothing: nothing' '[ -z "$(: | tarsplit -r e.)" ]'

# Filters, as split has them.
ok 'a filter gets each chunk and its name' 'mkdir f g2; tarsplit -b 128k f/p. <a.tar >names; tarsplit -b 128k -i f/i --filter '\''gzip -1 >g2/$(basename $FILE).gz'\'' f/p. <a.tar && for n in $(cat names); do zcat g2/${n#f/}.gz | cmp - $n || exit 1; done; [ $(ls g2 | wc -l) -eq $(wc -l <names) ] && cut -f1 f/i | uniq >n && head -n $(wc -l <n) names | cmp - n'
ok 'nothing is staged' 'mkdir s3; tarsplit -b 128k --filter "cat >/dev/null; ls -A s3" s3/x. <a.tar >seen && [ ! -s seen ]'
ok 'what filters print goes to standard output' 'tarsplit -b 128k --filter "wc -c" s3/x. <a.tar | awk "{ n += \$1 } END { print n }" >n && [ $(cat n) -eq $(stat -c %s a.tar) ]'
dies 1 'x.000002.tar: its filter failed with status 7' 'a filter that fails' 'tarsplit -b 128k --filter '\''cat >/dev/null; case $FILE in *2.tar) exit 7; esac'\'' s3/x. <a.tar'
dies 1 'x.000001.tar: its filter was killed by signal 9' 'a filter that is killed' 'tarsplit -b 128k --filter '\''kill -9 $$'\'' s3/x. <a.tar'
dies 1 'x.000003.tar: its filter ended before it had read all' 'a filter that reads a part' 'tarsplit -b 128k --filter '\''case $FILE in *3.tar) head -c 100; exit 0; esac; cat'\'' s3/x. <a.tar >/dev/null'
dies 1 'its filter failed with status 127' 'no such filter' 'tarsplit --filter no-such-program s3/x. <a.tar'
dies 1 'x.000001.tar: is not whole, its filter was ended' 'a filter never takes a part for a chunk' 'head -c 100000 a.tar | tarsplit --filter "cat >s3/p && mv s3/p s3/whole" s3/x.'
ok 'and does not finish it' '[ ! -e s3/whole ]'
dies 2 '^usage' 'a filter stages nothing to wait for' 'tarsplit --filter cat -w 3 x. <a.tar'

# Windows: the spool is bounded, whoever is slow.
ok 'never more than N printed chunks' 'mkdir w; tarsplit -b 64k -w 3 w/x. <a.tar | { max=0; while read -r f; do n=$(ls w | wc -l); [ $n -gt $max ] && max=$n; sleep 0.02; rm "$f"; done; echo $max >max; }; [ "$(cat max)" -le 3 ]'
ok 'and one more that is being written, whenever one looks' 'mkdir w1; tarsplit -b 64k -w 2 w1/x. <a.tar | { python3 -c "
import os, sys, time
most = 0
for f in sys.stdin:
    end = time.monotonic() + 0.02
    while time.monotonic() < end: most = max(most, len(os.listdir(\"w1\")))
    os.remove(f.strip())
sys.exit(most != 3)"; }'
dies 1 'standard output: Broken pipe' 'a consumer that died is noticed' 'mkdir w2; mkfifo q; (exec 3<q; sleep 0.3) & tarsplit -b 64k -w 1 w2/x. <a.tar >q'

dies 1 'byte 0: the input is empty' 'nothing' ': | tarsplit n.'
dies 1 'byte 1: the input ends inside a block' 'one byte' 'printf x | tarsplit n.'
dies 1 'byte 0: not a tar header' 'not a tar' 'seq 99999 | tarsplit n.'
dies 1 'ends inside a member' 'cut in a member' 'tarsplit -b 1M n. <a.tar >/dev/null; rm n.*; head -c 500000 a.tar | tarsplit n.'
ok 'what was read is kept, and not named' '[ ! -e n.000001.tar ] && head -c 500000 a.tar | cmp - .n.000001.tar.part'
dies 1 'without the two zero blocks' 'cut before the end' 'rm -f .n.*; echo hi >h; tar -cf h.tar h; head -c 1024 h.tar | tarsplit n.'
ok 'a plain end may be good' '[ "$(head -c 1024 h.tar | tarsplit --no-trailer-ok -i hi h.)" = h.000001.tar ] && head -c 1024 h.tar | cmp - h.000001.tar && [ $(wc -l <hi) -eq 1 ]'
dies 1 'ends inside a member' 'but not inside a member' 'rm -f .n.*; head -c 700000 a.tar | tarsplit --no-trailer-ok n.'
ok 'one zero block is an end only then' 'head -c 1536 h.tar | tarsplit --no-trailer-ok -f h. >/dev/null && ! head -c 1536 h.tar | tarsplit -f h. 2>/dev/null'

# The manual's one-liners, as it prints them.
lines() { sed -n '/^\.Sh INDEX/,/^\.Sh EXIT/s/^\.Dl \(awk\|sort\) /\1 /p' "$here/man/tarsplit.1" | sed 's/\\et/\\t/g; s/\\(dq/"/g; s/\\-/-/g'; }
line() { cp gi index; eval "$(lines | sed -n "$1p" | sed "s,etc/passwd,t/many/7,; s,etc/ssh/,t/many/,")"; }
ok 'the manual lists' '[ $(lines | wc -l) -eq 5 ] && line 1 | sort -u >l && [ $(wc -l <l) -eq $(tar -tf a.tar --quoting-style=escape | sort -u | wc -l) ] && grep -qx t/many/7 l'
ok 'the manual finds a file' 'line 2 | { read -r f o n; tail -c +$((o + 1)) $f | head -c $n | tar -xOf - t/many/7 | cmp - t/many/7; }'
ok 'the manual counts the bytes of chunks' 'line 3 | sort | sed \$d >n; [ $(wc -l <n) -gt 5 ] && while read -r f n; do [ $n -eq $(stat -c %s $f) ] || exit 1; done <n'
ok 'the manual finds what is large' '[ "$(line 4 | head -1 | cut -f9)" = t/sparse ]'
ok 'the manual finds the chunks of a directory' 'line 5 >n; for f in $(cat n); do tar -tf $f; done | grep -c "^t/many/." | grep -qx 60'

printf 'XXXX' | dd of=a.tar bs=1 seek=148 conv=notrunc 2>/dev/null
dies 1 'byte 0: not a tar header: its checksum' 'a damaged checksum' 'tarsplit n. <a.tar'
ok 'no index of what failed' 'tarsplit -i ni n. <a.tar 2>/dev/null; [ ! -e ni ]'
tar -cf a.tar t
dies 1 'g.000001.tar: not overwritten' 'nothing is overwritten' 'tarsplit -b 64k g. <a.tar'
dies 1 'nodir' 'no such directory' 'tarsplit nodir/x. <a.tar'
dies 1 'standard output: No space' 'names to a full disk' 'mkdir fd; tarsplit -b 64k fd/x. <a.tar >/dev/full'
ok 'killed midway, nothing half has a name' 'mkdir k; { head -c 300000 a.tar; sleep 1; } | { exec 3<&0; tarsplit k/x. <&3 & p=$!; sleep 0.3; kill $p; wait $p; [ $? -eq 143 ] && [ -z "$(ls -A k)" ]; }'
dies 2 'b 1: must be a size' 'too small a chunk' 'tarsplit -b 1 x.'
dies 2 '^usage' 'no prefix' 'tarsplit'
finish

#!/bin/sh
# shellcheck disable=SC2046
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

# Windows: the spool is bounded, whoever is slow.
ok 'never more than N printed chunks' 'mkdir w; tarsplit -b 64k -w 3 w/x. <a.tar | { max=0; while read -r f; do n=$(ls w | wc -l); [ $n -gt $max ] && max=$n; sleep 0.02; rm "$f"; done; echo $max >max; }; [ "$(cat max)" -le 4 ]'
dies 1 'standard output: Broken pipe' 'a consumer that died is noticed' 'mkdir w2; mkfifo q; (exec 3<q; sleep 0.3) & tarsplit -b 64k -w 1 w2/x. <a.tar >q'

dies 1 'byte 0: the input is empty' 'nothing' ': | tarsplit n.'
dies 1 'byte 1: the input ends inside a block' 'one byte' 'printf x | tarsplit n.'
dies 1 'byte 0: not a tar header' 'not a tar' 'seq 99999 | tarsplit n.'
dies 1 'ends inside a member' 'cut in a member' 'tarsplit -b 1M n. <a.tar >/dev/null; rm n.*; head -c 500000 a.tar | tarsplit n.'
ok 'what was read is kept, and not named' '[ ! -e n.000001.tar ] && head -c 500000 a.tar | cmp - .n.000001.tar.part'
dies 1 'without the two zero blocks' 'cut before the end' 'rm -f .n.*; echo hi >h; tar -cf h.tar h; head -c 1024 h.tar | tarsplit n.'
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

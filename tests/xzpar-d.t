#!/bin/sh
# shellcheck disable=SC2034,SC2154 # used within quotes; of lib.sh
. "$(dirname "$0")/lib.sh"

noise() { openssl enc -aes-128-ctr -nosalt -pass pass:"$1" -in /dev/zero 2>/dev/null | head -c "$2"; }
unlzma_python() { python3 -c 'import lzma, sys; sys.stdout.buffer.write(lzma.decompress(sys.stdin.buffer.read()))'; }
lzma_python() { python3 -c 'import lzma, sys; sys.stdout.buffer.write(lzma.compress(sys.stdin.buffer.read(), check=lzma.CHECK_SHA256, filters=[{"id": lzma.FILTER_DELTA, "dist": 3}, {"id": lzma.FILTER_LZMA2, "preset": 0}]))'; }
lzma_7z() { rm -f 7.xz; 7z a -txz -mx1 -si 7.xz >/dev/null && cat 7.xz; }
# peak FILE COMMAND: KiB of memory at most go to FILE
peak() { m=$1; shift; \time -q -f %M -o "$m" "$@"; }
under() { case ${BUILD##*/} in build-*) ;; *) [ "$(cat m)" -lt "$1" ] || { echo "peak $(cat m)" >&2; false; } ;; esac; }

# There and back, file by file, with what others read and write.
mkdir c
: >c/empty; printf x >c/one; head -c 1500000 /dev/zero >c/zeros; noise 1 700000 >c/noise
seq 200000 >c/text; head -c 700000 /bin/bash >c/code
seq 20000 | gzip >1.gz; noise 2 300000 | gzip >2.gz; tar -cf c/gzips 1.gz 2.gz 1.gz
cat c/text c/noise c/text c/zeros c/code >mixed
for n in 1048575 1048576 1048577 2097151 2097152 2097153; do head -c $n mixed >c/$n; done
cp mixed c/mixed
xzpar -0k c/*
mkdir ours; mv c/*.xz ours
# each COMMAND: of every file of ours by a reader from standard input
each() { for f in c/*; do
	case $1:$f in busybox*:c/code|busybox*:c/mixed) continue ;; esac  # it lacks the x86 filter
	$1 <"ours/${f#c/}.xz" | cmp - "$f" || exit 1; done; }
ok 'ours by xz'      'each "xz -dc -T0"; xz -tq ours/*'
ok 'ours by bsdcat'  'for f in c/*; do bsdcat "ours/${f#c/}.xz" | cmp - "$f" || exit 1; done'
ok 'ours by 7z'      'for f in c/*; do 7z x -so "ours/${f#c/}.xz" 2>/dev/null | cmp - "$f" || exit 1; done'
ok 'ours by python'  'each unlzma_python'
ok 'ours by busybox' 'each "busybox unxz"'
for t in 1 2 8; do ok "ours by ours, -T$t" "each 'xzpar -dT$t'"; done
for w in 'xz -0 -T1' 'xz -0 -T2' 'xz -0 -T1 --block-size=300k' 'xz -0 -T2 --block-size=300k' 'xz -1 -T1 --block-list=1000,500000,0' \
	'xz --delta=dist=4 --lzma2=preset=0 -T1 --block-size=1M --check=sha256' 'xz --x86 --lzma2=preset=0,lc=0,lp=2 --block-size=1M --check=none' \
	'pixz -0 -t' 'lzma_7z' 'lzma_python'; do
	ok "from $w" "for f in c/*; do $w <\$f >x.xz || exit 1; xzpar -dcT1 x.xz | cmp - \$f && xzpar -dT8 <x.xz | cmp - \$f && cat x.xz | xzpar -d | cmp - \$f || exit 1; done"
done
ok 'a tar from pixz' 'tar -cf t.tar c; pixz -0 <t.tar >x.xz; xz -dc x.xz >o; xzpar -dc x.xz | cmp - o'
xz -0 -T1 --block-size=300k <mixed >bare.xz     # no sizes in the headers
ok 'Blocks whose sizes only the Index tells are decoded at once' 'xzpar -dvvc -T4 bare.xz 2>e >o; cmp o mixed && ! grep "straight through" e'
ok 'from a pipe they go straight through' 'cat bare.xz | xzpar -dvv 2>e >o; cmp o mixed && [ "$(grep -c "straight through" e)" -gt 5 ]'
ok 'and where there is one only' 'xz -0 -T1 <mixed | tee one.xz | xz -tq; xzpar -dvvc one.xz 2>e >o; cmp o mixed && [ "$(grep -c "straight through" e)" -eq 1 ]'
ok 'standard input may be within a file' '{ echo rubbish; cat bare.xz; } >o; { head -c 8 >/dev/null; xzpar -dvv; } <o 2>e | cmp - mixed && ! grep "straight through" e'
ok 'streams of both kinds, padding between them' '{ cat bare.xz ours/mixed.xz; head -c 400 /dev/zero; cat bare.xz one.xz; } >x.xz; cat mixed mixed mixed mixed >o; xzpar -dc x.xz | cmp - o && cat x.xz | xzpar -d | cmp - o'
ok 'a slow pipe' '{ head -c 5000 bare.xz; sleep 0.1; tail -c +5001 bare.xz; } | xzpar -d | cmp - mixed'
dies 1 'standard output: No space' 'a full disk'                       'xzpar -dc bare.xz >/dev/full'
dies 1 'standard output: No space' 'a full disk, straight through'     'cat bare.xz | xzpar -d >/dev/full'
dies 1 'standard output: No space' 'a full disk at the last flush'     'xzpar -dc ours/one.xz >/dev/full'
dies 1 'standard input: Is a directory' 'what cannot be read'          'xzpar -d </'

# Small files made byte by byte.
"$here/tests/xzvectors" v
kinds='is not in the .xz format\|is damaged\|does not match its check\|does not agree with the Index\|is cut short\|is followed by something\|needs a filter or flag'
for f in v/good/*.out; do
	n=${f%.out}
	ok "whole: ${n#v/good/}" "for t in 1 8; do xzpar -dM 5G -T\$t <$n | cmp - $f && cat $n | xzpar -dM 5G -T\$t | cmp - $f || exit 1; done; xz -dc <$n | cmp - $f"
done
for f in v/bad/*.why; do
	n=${f%.why}
	dies 1 "$(cat $f)" "broken: ${n#v/bad/}"  "xz -tq <$n || xzpar -d <$n"
	dies 1 "$(cat $f)" 'and from a pipe'      "cat $n | xzpar -d >o"
done
rm v/bad/*.why
ok 'any number of threads says the same' '! xzpar -tT1 v/bad/* 2>a && ! xzpar -tT8 v/bad/* 2>b && cmp a b && [ "$(wc -l <a)" -eq "$(ls v/bad | wc -l)" ] && ! grep -v "$kinds" a'
ok 'no claim costs memory' '! peak m xzpar -tT2 v/bad/* 2>/dev/null; under 40000'
for f in v/unknown/*; do
	dies 3 'has checks of a kind that is not known here, [0-9]*: its data is not verified' "unknown check: ${f#v/unknown/}" "xzpar -dc $f >o; r=\$?; cmp o v/unknown.out; exit \$r"
done
ok 'all said once' '[ "$(xzpar -t v/unknown/* 2>&1 | wc -l)" -eq "$(ls v/unknown | wc -l)" ]'

# Every byte changed, every length: the file has sizes in headers, sizes in the Index only, padding between.
{ cat v/good/check-4; head -c 8 /dev/zero; cat v/good/index-check-1; } >small
xz -dc small >small.out
mkdir damaged short
python3 - <<'P'
whole = open('small', 'rb').read()
for i in range(len(whole)):
    for where, data in (('damaged', whole[:i] + bytes([whole[i] ^ 1 << i % 8]) + whole[i + 1:]), ('short', whole[:i])):
        open('%s/%04d.xz' % (where, i), 'wb').write(data)
P
end=$(stat -c %s v/good/check-4)
for n in 0 4 8; do rm "short/$(printf %04d $((end + n))).xz"; done       # whole streams
ok 'every changed byte is found' '! xzpar -d damaged/* 2>a; [ "$(wc -l <a)" -eq "$(stat -c %s small)" ] && ! grep -v "$kinds" a && ! grep -v "at byte [0-9]*$" a'
ok 'and no output is left'       '[ "$(ls -A damaged | wc -l)" -eq "$(stat -c %s small)" ]'
ok 'every cut is found'          '! xzpar -dT1 short/* 2>a; [ "$(wc -l <a)" -eq "$(ls short | wc -l)" ] && [ "$(grep -c "is cut short" a)" -ge $(($(wc -l <a) - 7)) ] && ! grep -v "is cut short\|stream padding" a'
ok 'and no output is left there' '! ls -A short | grep -qv "[0-9].xz$"'
ok 'from a pipe, what came out is verified, or of a Block without sizes' 'for i in $(seq 0 7 $(($(stat -c %s small) - 1))); do f=$(printf "damaged/%04d.xz" $i)
	xzpar -dT8 <$f >o 2>a && exit 1; cmp o small.out >b 2>&1 || grep -q "EOF on o" b || { cat a b >&2; exit 1; }; done'

# Memory.
head -c 100000000 /dev/zero | xz -0 -T2 --block-size=100MiB >bomb.xz
ok 'a Block of zeros that is larger than memory' 'peak m xzpar -dM 8M bomb.xz -c | cmp -n 100000000 - /dev/zero; under 16000'
ok 'and one without a size' 'head -c 100000000 /dev/zero | xz -0 -T1 | peak m xzpar -dM 2M | cmp -n 100000000 - /dev/zero; under 12000'
for i in 1 2 3 4 5 6; do cat ours/mixed.xz; done >six.xz
ok 'memory is bounded' 'peak m xzpar -dcT8 -M 10M six.xz >o; cmp -n 4000000 o mixed && under 18000'
ok 'fewer threads: it says so' 'xzpar -dvT8 -M 10M <six.xz 2>&1 >/dev/null | grep -q "^xzpar: -M: [1-7] threads instead of 8$"'
ok 'by the Index too' 'peak m xzpar -dcT8 -M 4M bare.xz >o; cmp o mixed && under 12000'
dies 1 'six.xz: takes [0-9] MiB to decode, more than -M allows: the Block at byte 12' 'not even one' 'cp six.xz f.xz; xz -0 --lzma2=preset=0,dict=2M <mixed >six.xz; xzpar -dcM 1M six.xz >o'
dies 1 'takes [0-9] MiB' 'and it stops a list of names' 'printf "six.xz\nx\n" | xzpar -dNM 1M'
ok 'with no output' '[ ! -e six ] && [ -e six.xz ]'

# Files: the same as xz does, but that what xz calls a warning (2) is 3.
prepare() {
	for x in seq\ 9:plain seq\ 8:b.c seq\ 7:mode seq\ 6:linked seq\ 5:aim seq\ 4:taken seq\ 3:set seq\ 2:gone; do ${x%:*} >"${x#*:}"; done
	xz -0 plain b.c mode linked aim set taken; mv b.c.xz b.txz; seq 1 3 | xz >plain.tar.xz
	chmod 640 mode.xz; chmod 4755 set.xz; ln linked.xz hard.xz; ln -s aim.xz soft.xz; ln -s nowhere dangling.xz
	echo mine >taken; mkdir dir.xz; mkfifo pipe.xz; seq 2 >text; seq 3 >bad.xz; : >nothing.xz; mkdir sub; cp plain.xz sub/.xz; cp plain.xz nosuffix; rm gone
	find . ! -type d -exec touch -h -d '2001-02-03 04:05:06.789' {} +
}
mkdir A B; (cd A && prepare); (cd B && prepare)
state() { (cd "$1" && find . ! -type d -printf '%P %y %m %n %s %T@ %l\n' | sort); }
like_xz() { ok "as xz: $*" "(cd A; xz -q $*) >oa 2>/dev/null </dev/null; a=\$?; (cd B; xzpar $*) >ob 2>eb </dev/null; b=\$?; state A >sa; state B >sb
	diff sa sb >&2 && cmp oa ob && case \$a:\$b in 0:0|1:1|2:3) ;; *) echo \"xz \$a, xzpar \$b\" >&2; cat eb >&2; false ;; esac"; }
like_xz -d gone.xz
like_xz -d nosuffix
like_xz -dc nosuffix
like_xz -d dir.xz
like_xz -d pipe.xz
like_xz -d dangling.xz
like_xz -d soft.xz
like_xz -dc soft.xz
like_xz -dk soft.xz
like_xz -t soft.xz hard.xz set.xz mode.xz
like_xz -d hard.xz
like_xz -dc hard.xz set.xz
like_xz -d set.xz
like_xz -dk set.xz
like_xz -d taken.xz
like_xz -dk taken.xz
like_xz -dkf taken.xz
like_xz -df taken.xz
like_xz -d bad.xz
like_xz -t bad.xz plain.xz
like_xz -t text
like_xz -d sub/.xz
like_xz -dc mode.xz plain.tar.xz
like_xz -d mode.xz
like_xz -dk b.txz
like_xz -d b.txz plain.tar.xz
like_xz -d gone.xz plain.xz
like_xz -df hard.xz
ok 'an empty file is not .xz for us' 'cd B && ! xzpar -d nothing.xz 2>e && grep -q "nothing.xz: is cut short" e && [ ! -e nothing ]'
ok 'what is not .xz is not copied, even if forced' '! xzpar -dfc v/good/empty-twice.out mixed 2>/dev/null >o; [ ! -s o ]'
dies 1 'f.xz: is followed by' 'rubbish at the end of a file' 'echo x >>f.xz; xzpar -d f.xz'
ok 'leaves the file only' '[ -e f.xz ] && [ ! -e f ] && [ ! -e .f.part ]'
ok 'XZ_OPT and XZ_DEFAULTS are not read' 'XZ_OPT=-9z XZ_DEFAULTS=--nosuch xzpar -dc one.xz | cmp - mixed'

# Killed while it writes a file: a pipe that is never closed could not be FILE, so a large one and a quick hand.
cat mixed mixed mixed mixed mixed mixed mixed mixed | xz -0 -T1 >k.xz; cat k.xz k.xz k.xz k.xz >l.xz
# killed SIGNAL: once the temporary file is there
killed() { { xzpar -d l.xz & p=$!; while [ ! -s .l.part ] && kill -0 $p 2>/dev/null; do :; done; kill -"$1" $p; wait $p; r=$?; } 2>/dev/null; [ $r -gt 128 ]; }
ok 'killed midway it leaves nothing' 'killed TERM && [ -e l.xz ] && [ ! -e l ] && [ ! -e .l.part ]'
ok 'killed hard it leaves no file of that name' 'killed KILL && [ -e l.xz ] && [ ! -e l ]'
ok 'and then it can be done again' 'xzpar -d l.xz && cmp -n 4000000 l mixed && [ ! -e l.xz ] && [ ! -e .l.part ]'
ok 'SIGUSR1 tells how far it is, of what' 'mkfifo q; { xzpar -dc k.xz 2>e >q & p=$!; }; exec 3<q; head -c 100 <&3 >/dev/null; kill -USR1 $p; for i in $(seq 50); do [ -s e ] && break; sleep 0.1; done; exec 3<&-
	kill $p 2>/dev/null; grep "^xzpar: k.xz: [0-9.]* [kM]iB of [0-9.]* [kM]iB, .*/s" e'
finish

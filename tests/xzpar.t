#!/bin/sh
. "$(dirname "$0")/lib.sh"

patch() { printf '\377\000\252' | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null; }
unlzma_python() { python3 -c 'import lzma, sys; sys.stdout.buffer.write(lzma.decompress(sys.stdin.buffer.read()))'; }
noise() { openssl enc -aes-128-ctr -nosalt -pass pass:"$1" -in /dev/zero 2>/dev/null | head -c "$2"; }

# Text, machine code, noise, zeros: several Blocks at -1.
seq 300000 >text
cat /bin/bash /usr/bin/perl >code
noise 1 3000000 >noise
cat text code noise >in; head -c 4000000 /dev/zero >>in; cat text >>in
xzpar -1 <in >in.xz.1
blocks() { xz -lvv "$1" | sed -n 's/^  Blocks: *//p' | head -n 1; }

for f in text code noise in; do
	ok "$f comes back"                   "xzpar -1 <$f >x; xzpar -d <x | cmp - $f"
	ok "$f by xz"                        "xz -dc <x | cmp - $f && xz -tq x"
	ok "$f by bsdtar"                    "bsdtar -xOf x --format=raw 2>/dev/null | cmp - $f || bsdcat x | cmp - $f"
	ok "$f by python"                    "unlzma_python <x | cmp - $f"
	case $f in
	text|noise) ok "$f by busybox"       "busybox unxz <x | cmp - $f" ;;
	*) skip "$f by busybox" "Debian's busybox lacks the x86 filter" ;;
	esac
	ok "$f from xz"                      "xz -1 -T1 <$f | xzpar -d | cmp - $f"
	ok "$f from xz with several Blocks"  "xz -1 -T2 --block-size=700k <$f | xzpar -d | cmp - $f"
done
xzpar -1 <code >code.xz
ok 'machine code goes through the branch filter' 'xz -lvv code.xz | grep -q x86'
ok 'noise is stored' 'xzpar -9 <noise >x; [ "$(stat -c %s x)" -lt $((3000000 + 3000000 / 2000)) ] && xzpar -dM 2M <x | cmp - noise'
ok 'noise that comes twice does not cost twice' 'cat noise noise | xzpar -6 >x; [ "$(stat -c %s x)" -lt 3100000 ] && xz -dc x | tail -c 3000000 | cmp - noise'
ok 'nothing is larger than by xz' 'for f in text code noise in; do
	[ "$(xzpar -9c $f | wc -c)" -le $(($(xz -9c $f | wc -c) * 1001 / 1000 + 300)) ] || { echo $f >&2; exit 1; }; done'
ok 'twice -v tells of each Block' 'xzpar -1vv <code 2>&1 >x | grep -q "bytes from 0: x86, [0-9]"'
ok 'several Blocks' '[ "$(blocks in.xz.1)" -gt 3 ]'
for n in 0 1 2 65535 65536 65537 262143 262144 262145 1048575 1048576 1048577 3145727 3145728 3145729; do
	ok "$n bytes" "head -c $n in >s; xzpar -1 <s >x; xz -dc <x | cmp - s && xzpar -dc <x | cmp - s"
done
for l in 0 1 2 3 4 5 6 7 8 9 6e 9e; do
	ok "level $l" "head -c 500000 in | xzpar -$l | xz -d | cmp - in 2>&1 | grep -q 'EOF on -'"
done
ok 'any number of threads gives the same' 'for t in 1 3 8; do xzpar -1 -T$t <in | cmp - in.xz.1 || exit 1; done'
ok 'and any number decodes it' 'for t in 1 3 8; do xzpar -d -T$t <in.xz.1 | cmp - in || exit 1; done'
ok 'a slow pipe changes nothing' '{ head -c 5000 in; sleep 0.1; tail -c +5001 in; } | xzpar -1 | cmp - in.xz.1'
ok 'nor does one when decoding' '{ head -c 5000 in.xz.1; sleep 0.1; tail -c +5001 in.xz.1; } | xzpar -d | cmp - in'

for c in none crc32 crc64 sha256; do
	ok "check $c" "xz -1 --check=$c --block-size=1M <text | xzpar -d | cmp - text"
done
for f in x86 arm armthumb powerpc ia64 sparc arm64 'delta=dist=4'; do
	ok "filter $f" "xz --$f --lzma2=preset=1 <text | xzpar -d | cmp - text"
done
ok 'streams in a row' 'cat in.xz.1 x in.xz.1 | xzpar -d >y; cat in text in | cmp - y || { xz -dc x >z; cat in z in | cmp - y; }'
ok 'stream padding' '{ cat in.xz.1; head -c 8 /dev/zero; cat in.xz.1; head -c 4 /dev/zero; } | xzpar -d >y; cat in in | cmp - y'
ok 'small memory: Blocks one at a time' 'xzpar -d -M 4M <in.xz.1 | cmp - in'
ok 'memory lowers the dictionary' 'xzpar -9 -M 40M <text >x 2>e; grep -q "a dictionary of" e; xz -dc x | cmp - text'

# What is not whole.  Blocks before the damage are out, the rest is not.
size=$(stat -c %s in.xz.1)
dies 1 'standard input: is not in the .xz format' 'not xz'      'xzpar -d <text'
dies 1 'is cut short: the stream header at byte 0' 'nothing at all'              'xzpar -d </dev/null'
for at in 8 14 100 $((size / 2)) $((size - 30)) $((size - 10)) $((size - 2)); do
	dies 1 'is damaged\|is not in\|is cut\|needs a filter\|followed\|does not match' "a changed byte at $at" "cp in.xz.1 d; patch d $at; xzpar -d <d >x"
	ok 'and what came out is right' 'cmp x in 2>&1 | grep -q "EOF on x" || cmp x in'
done
for n in 3 11 12 20 $((size / 2)) $((size - 13)) $((size - 12)) $((size - 1)); do
	dies 1 'is cut short' "cut at $n" "head -c $n in.xz.1 | xzpar -d >x"
done
dies 1 "is followed by something that is not .xz: the stream header at byte $size" 'trailing garbage' '{ cat in.xz.1; echo x; } | xzpar -d >x'
ok 'but the data is out' 'cmp x in'
dies 1 'stream padding' 'stream padding of three' '{ cat in.xz.1; head -c 3 /dev/zero; } | xzpar -d >x'
dies 1 'c: is cut short: the Block at byte 42832' 'files are tested' 'head -c 50000 in.xz.1 >c; xzpar -t c in.xz.1'
ok 'a good one is silent' 'xzpar -t in.xz.1 >o 2>&1; [ ! -s o ]'
dies 1 'takes 66 MiB to decode, more than -M allows: the Block at byte 12' 'too little memory to decode' 'xz --lzma2=preset=1,dict=64MiB <text | xzpar -d -M 2M'

# Files.
cp text f; chmod 640 f; touch -d '2001-02-03 04:05:06.789' f
ok 'a file is replaced' 'xzpar -1 f && [ ! -e f ] && xz -dc f.xz | cmp - text'
ok 'with its mode and time' '[ "$(stat -c "%a %y" f.xz)" = "640 2001-02-03 04:05:06.789000000 +0000" ] || stat -c "%a %y" f.xz | grep "640 2001"'
ok 'and back' 'xzpar -d f.xz && [ ! -e f.xz ] && cmp f text && [ "$(stat -c %a f)" = 640 ]'
ok 'keep' 'xzpar -1k f && cmp f text && xz -t f.xz'
dies 1 'f.xz: File exists' 'an existing file is not overwritten' 'xzpar -1 f'
ok 'unless forced' 'xzpar -1f f && [ ! -e f ] && xz -dk f.xz && rm f.xz'
ok 'to stdout' 'xzpar -1c f f | xz -d | cmp -n 100000 - text && [ -e f ] && [ ! -e f.xz ]'
ok '.txz gives .tar' 'xz -1c f >t.txz; xzpar -d t.txz; cmp t.tar text'
cp text a.xz; ln -s f link; ln f hard; mkdir dir; cp f suid; chmod 4755 suid
dies 3 'a.xz: ends with .xz already' 'a suffix that is there'   'xzpar a.xz'
dies 3 'f: has no .xz at its end'    'one that is not'          'xzpar -d f'
dies 3 'link: is a symbolic link'    'a symbolic link'          'xzpar link'
dies 3 'hard: has several hard links' 'a hard link'             'xzpar hard'
dies 3 'suid: has the setuid'        'a setuid file'            'xzpar suid'
dies 3 'dir: is a directory'         'a directory'              'xzpar dir'
dies 1 'nosuch: No such'             'a missing file'           'xzpar nosuch'
rm hard; cp f g
ok 'does not stop the others' '! xzpar -1 nosuch dir g 2>/dev/null; [ -e g.xz ] && [ ! -e g ]'
dies 1 'c.xz: is cut short' 'a file that is cut short' 'rm c; head -c 100000 in.xz.1 >c.xz; xzpar -d c.xz'
ok 'leaves no output' '[ -e c.xz ] && [ ! -e c ] && [ ! -e .c.part ]'
dies 1 'standard output: No space' 'a full disk' 'xzpar -1 <in >/dev/full'
dies 1 'standard output: No space' 'a full disk when decoding' 'xzpar -d <in.xz.1 >/dev/full'
ok 'killed midway leaves nothing' 'cat in in in >k; xzpar -9e k & p=$!; sleep 0.4; kill $p; wait $p; [ $? -eq 143 ] && [ -e k ] && [ ! -e k.xz ] && [ ! -e .k.xz.part ]'

# Names.
cp text n1; cp noise n2; : >n3
ok 'names in, names out' 'printf "n1\nn2\nn3\n" | xzpar -1N >o; printf "n1.xz\nn2.xz\nn3.xz\n" | cmp - o; [ ! -e n1 ] && xz -t n1.xz n2.xz n3.xz'
ok 'and back' 'xzpar -dN <o >b; printf "n1\nn2\nn3\n" | cmp - b && cmp n1 text && cmp n2 noise'
ok 'NUL between names' 'printf "n1\0n2\0" | xzpar -1N --null | tr "\0" "\n" >o; printf "n1.xz\nn2.xz\n" | cmp - o; xzpar -d n1.xz n2.xz'
ok 'a name is out before the next one is in' 'mkfifo p; { exec 3<>p; xzpar -1N <p >o & q=$!; echo n1 >p; for i in $(seq 100); do [ -s o ] && break; sleep 0.1; done; grep -qx n1.xz o; r=$?; kill $q; exit $r; }; xzpar -d n1.xz'
dies 1 'nosuch: No such' 'a missing name stops' 'printf "nosuch\nn1\n" | xzpar -N'
ok 'and the next one is as it was' 'cp text n1; ! printf "nosuch\nn1\n" | xzpar -N 2>/dev/null; [ -e n1 ]'
dies 1 'line 2: is cut short' 'a name that is cut short is refused' 'printf "n2\nn1" | xzpar -1N'
dies 1 'n1.xz: ends with .xz' 'a name that has the suffix stops' 'cp n1 n1.xz; echo n1.xz | xzpar -N'

dies 2 '^usage: xzpar' 'a bad option' 'xzpar -Z'
dies 2 'T 300: must be a number from 0 to 256' 'a bad number' 'xzpar -T300'
dies 2 'M 3x: must be a size' 'a bad size' 'xzpar -M 3x'
ok 'help is on stdout' 'xzpar -h | grep -q "^usage: xzpar"'
finish

#!/bin/sh
# shellcheck disable=SC2046,SC2154
# Each header field of each dialect changed, and each dialect cut at every block: see tests/damage.
# SHARE=1 tries all of it, which takes minutes; SEED=N certain ones.
. "$(dirname "$0")/lib.sh"

seed=${SEED:-$(date +%s)}
echo "# SEED=$seed"
long=$(printf '%0140d' 0)
mkdir -p t
seq 99 >t/f; ln t/f t/hard; ln -s f t/soft; echo "$long" >"t/$long"; ln -s "$long$long" t/longlink
for at in 0 9 18 27 36 45; do echo data | dd of=t/sparse bs=4096 seek=$at conv=notrunc 2>/dev/null; done

for format in v7 ustar oldgnu gnu posix; do
	case $format in v7 | ustar) opts='--exclude=*0000* --exclude=longlink' ;; *) opts=-S ;; esac
	tar -cf $format.tar --sort=name --format=$format $opts t
done
for v in 0.0 0.1 1.0; do tar -cSf sparse-$v.tar --sort=name --format=posix --sparse-version=$v t/f t/sparse; done
tar -cf global.tar --format=posix --pax-option=globexthdr.name=g,comment=all t/f t/soft
tar -cf base256.tar --format=gnu --owner=me:99999999 --mtime=@-5 t/f
tar -cf label.tar --format=gnu --label=volume t/f
tar -cf dumpdir.tar --format=gnu -g snapshot t
bsdtar -cf bsdtar.tar --format=pax t
busybox tar -cf busybox.tar t
python3 -c 'import tarfile
with tarfile.open("python.tar", "w") as a: a.add("t")'
for f in *.tar; do ok "${f%.tar}, damaged" '"$here/tests/damage" '"$f ${SHARE:-40} $seed"; done
finish

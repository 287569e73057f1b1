#!/bin/sh
# shellcheck disable=SC2046,SC2154
# Random trees by every writer of tars that is here, in chunks of many sizes.  The chunks concatenated are the tar;
# each that holds whole members lists and extracts by itself; all of them in their order give the tree again.
# TREES=N for more trees, SEED=N for certain ones.
. "$(dirname "$0")/lib.sh"
seed=${SEED:-$(date +%s)}
echo "# SEED=$seed"

# write WRITER: a.tar of t.  What a format cannot hold is left out by its writer, with a status that does not count here.
write() {
	rm -f a.tar
	case $1 in
	tar-v7 | tar-ustar) tar -cf a.tar --format="${1#tar-}" t ;;
	tar-*) tar -cSf a.tar --format="${1#tar-}" t ;;
	tar.*) tar -cSf a.tar --format=posix --sparse-version="${1#tar.}" t ;;
	bsdtar-*) bsdtar -cf a.tar --format="${1#bsdtar-}" t ;;
	busybox) busybox tar -cf a.tar t ;;
	python-*) python3 - "${1#python-}" <<-'E'
		import sys, tarfile
		with tarfile.open('a.tar', 'w', format=getattr(tarfile, sys.argv[1] + '_FORMAT')) as a:
		    def add(name):
		        try: a.add(name, recursive=False)
		        except (ValueError, UnicodeError): return
		        import os
		        if os.path.isdir(name) and not os.path.islink(name):
		            for n in sorted(os.listdir(name)): add(name + '/' + n)
		    add('t')
		E
	;;
	perl) perl -MArchive::Tar -MFile::Find -e 'my @f; find({ no_chdir => 1, wanted => sub { push @f, $_ unless -p || -S _ } }, "t"); Archive::Tar->create_archive("a.tar", 0, @f)' ;;
	esac 2>writer.err
	[ -s a.tar ]
}
list() { (cd "$1" && find . -printf '%p\0%y\0%m\0%s\0%T@\0%l\n' | LC_ALL=C sort; find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum); }

# cut SIZE: of a.tar, whose tree is in whole/
cuts() {
	rm -rf c out; mkdir c out
	tarsplit -b "$1" -i c/index c/x. <a.tar >c/names || return 1
	xargs cat <c/names | cmp - a.tar || return 1
	[ "$(awk -F '\t' '{ n += $3 } END { printf "%.0f", n }' c/index)" -le "$(stat -c %s a.tar)" ] || return 1
	# A run of names: pieces of one giant are put together, all else stands alone.
	awk -F '\t' 'NR == FNR { if ($1 == chunk) { whole[$1] = 1 } else if ($2 == 0 && NR > 1 && $9 == path && !whole[chunk]) piece[$1] = 1; chunk = $1; path = $9; next }
		{ printf "%s%s", FNR == 1 ? "" : ($1 in piece) ? " " : "\n", $1 } END { print "" }' c/index c/names >c/groups
	while read -r group; do
		cat $group >one.tar
		case $group in *' '*) ;; *) tar -tf one.tar >/dev/null 2>e || { echo "$group does not list"; cat e; return 1; } ;; esac
		tar -C out -xpf one.tar 2>e || { echo "$group does not extract"; cat e; return 1; }
	done <c/groups
	# A directory's time is that of the last chunk which wrote into it.
	list whole >a; list out >b
	sed -i 's/^\(.*\x00d\x00[^\x00]*\x00\).*/\1/' a b
	cmp a b
}

for n in $(seq "$seed" $((seed + ${TREES:-1} - 1))); do
	rm -rf t; "$here/tests/trees" "$n" t 330000
	for w in tar-v7 tar-ustar tar-oldgnu tar-gnu tar-posix tar.0.0 tar.0.1 bsdtar-v7tar bsdtar-ustar bsdtar-pax bsdtar-gnutar busybox python-USTAR python-GNU python-PAX perl; do
		case $w in perl) perl -MArchive::Tar -e1 2>/dev/null || { skip perl 'no Archive::Tar here'; continue; } ;; esac
		if ! write $w; then skip "$w" "it cannot write this tree: $(head -c 60 writer.err)"; continue; fi
		rm -rf whole; mkdir whole; tar -C whole -xpf a.tar 2>/dev/null
		ok "tree $n, $w" 'for b in 64k 70k 1M 64M; do cuts $b || { echo "$b: SEED='"$n"'"; exit 1; }; done'
	done
done
if command -v go >/dev/null; then
	cat >w.go <<-'E'
		package main
		import ("archive/tar"; "os"; "strings")
		func main() {
			w := tar.NewWriter(os.Stdout)
			for i, f := range []tar.Format{tar.FormatUSTAR, tar.FormatPAX, tar.FormatGNU} {
				n := strings.Repeat("n", 90+i*60)
				w.WriteHeader(&tar.Header{Name: n, Size: 100000, Mode: 0644, Format: f}); w.Write(make([]byte, 100000))
			}
			w.Close()
		}
	E
	ok go 'go run w.go >a.tar && rm -rf whole && mkdir whole && tar -C whole -xpf a.tar && cuts 64k && cuts 1M'
else
	skip go 'no go here'
fi
finish

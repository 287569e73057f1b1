#!/bin/sh
# scripts/demo on a small directory, with a vault and with a bucket.
# shellcheck disable=SC2034,SC2154
. "$(dirname "$0")/lib.sh"

if [ "${BUILD:-$here/build}" != "$here/build" ]; then skip demo 'it builds for itself, in build/'; finish; fi
mkdir -p data/sub
seq 1000 >data/one
head -c 3000000 /dev/urandom >data/sub/two
ln data/one data/sub/again
ln -s one data/link
chmod 600 data/one
for s in glacier s3; do
	ok "$s: ends with identical" 'TMPDIR=$TMP LEVEL=1 SPLITSIZE=1M "$here/scripts/demo" -s '$s' data >out 2>err; r=$?; cat err; tail -n 3 out; [ $r -eq 0 ] && [ "$(tail -n 1 out)" = identical ]'
done
dies 2 'usage: demo' 'no such store' '"$here/scripts/demo" -s tape data'
finish

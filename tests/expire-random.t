#!/bin/sh
# shellcheck disable=SC2154
# A few rounds of tests/expire-random.
. "$(dirname "$0")/lib.sh"

for store in glacier:v s3://buck/p; do
	ok "$store: whatever is killed, a set that is called committed comes back" '"$here/tests/expire-random" "$(date +%s)" 9 $store >&2'
done
finish

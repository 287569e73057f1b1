#!/bin/sh
# shellcheck disable=SC2034,SC2154
. "$(dirname "$0")/lib.sh"

# CHAOS_SEED runs one again that has failed.
seed=${CHAOS_SEED:-$(date +%N | sed 's/^0*//')}
seed=$((seed % 30000 + 1))
[ -z "$CHAOS_SEED" ] || seed=$CHAOS_SEED
echo "# seed $seed"
out=$TMP/out
store=${CHAOS_STORE:-glacier}
case $store in
glacier) size='-n 24 -m 12 -k 5' checks=9 ;;
*) size='-n 16 -m 24 -k 4' checks=10 ;;
esac
# shellcheck disable=SC2086
"$here"/tests/chaos $size -s "$store" -S "$seed" -d "$TMP" >"$out"
grep '^#' "$out"
while read -r line; do
	case $line in
	'ok - '*) ok "${line#ok - }" true ;;
	'not ok - '*) ok "${line#not ok - } (CHAOS_SEED=$seed)" false ;;
	esac
done <"$out"
ok 'all of it was looked at' '[ "$(grep -c "^ok\|^not ok" "$out")" -eq $checks ]'
finish

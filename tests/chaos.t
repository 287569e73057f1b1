#!/bin/sh
# shellcheck disable=SC2034,SC2154
. "$(dirname "$0")/lib.sh"

# CHAOS_SEED runs one again that has failed.
seed=${CHAOS_SEED:-$(date +%N | sed 's/^0*//')}
seed=$((seed % 30000 + 1))
[ -z "$CHAOS_SEED" ] || seed=$CHAOS_SEED
echo "# seed $seed"
out=$TMP/out
"$here"/tests/chaos -n 24 -m 12 -k 5 -s "$seed" -d "$TMP" >"$out"
grep '^#' "$out"
while read -r line; do
	case $line in
	'ok - '*) ok "${line#ok - }" true ;;
	'not ok - '*) ok "${line#not ok - } (CHAOS_SEED=$seed)" false ;;
	esac
done <"$out"
ok 'all of it was looked at' '[ "$(grep -c "^ok\|^not ok" "$out")" -eq 9 ]'
finish

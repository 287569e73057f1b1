#!/bin/sh
# shellcheck disable=SC2154
# A little of tests/retain-restic, which by itself compares the verdicts on 200 sets of dates.
. "$(dirname "$0")/lib.sh"

if command -v restic >/dev/null && command -v jq >/dev/null; then
	ok 'the same verdicts as restic forget' '"$here/tests/retain-restic" "$(date +%s)" 8 16 >&2'
else
	skip 'the same verdicts as restic forget' 'restic or jq is not here'
fi
finish

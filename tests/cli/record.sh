#!/bin/sh
# SPDX-License-Identifier: MIT
# What `seamless run --record` writes replays without a difference, and on a changed platform it does not.
# Usage: record.sh SEAMLESS GUEST...
set -eu
seamless=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
	echo "record: $*" >&2
	exit 1
}

# recorded GUEST OPTIONS...
recorded() {
	"$seamless" run --timeout 60 --record "$work/run.tdx" --guest "$@" >"$work/out" 2>&1 || [ $? = 1 ] ||
		fail "$*: $(cat "$work/out")"
	"$seamless" replay --json "$work/run.tdx" >"$work/json" || fail "$*: $(cat "$work/json")"
	grep -q '^{"files":1,"calls":[0-9]\{3,\},"mismatches":0}$' "$work/json" || fail "$*: $(cat "$work/json")"
}

for guest in "$@"; do
	recorded "$guest" --deterministic
	recorded "$guest"
	sed "s/^#: cmr .*/#: cmr 0x2000000 0x3e000000/" "$work/run.tdx" >"$work/other.tdx"
	if "$seamless" replay --stop-at-first "$work/other.tdx" >"$work/out"; then
		fail "$guest: a platform with other memory makes no difference"
	fi
done
if "$seamless" run --guest "$1" --record "$work/no/such/run.tdx" >"$work/out" 2>&1; then
	fail "a transcript in no directory"
fi
grep -q 'no/such/run.tdx' "$work/out" || fail "no message: $(cat "$work/out")"

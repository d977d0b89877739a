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
# The host that was recorded makes no mistake; without its TDH.PHYMEM.PAGE.WBINVD it makes one, which is told with its line.
recorded "$1" --deterministic
"$seamless" replay --strict-memory "$work/run.tdx" >"$work/out" 2>&1 || fail "a mistake: $(cat "$work/out")"
grep -v '^S [0-9]* rax=29 ' "$work/run.tdx" >"$work/mistaken.tdx"
"$seamless" replay --strict-memory "$work/mistaken.tdx" >"$work/out" 2>&1 && fail "no WBINVD and no report"
line=$(sed -n 's/.*mistaken\.tdx:\([0-9]*\):$/\1/p' "$work/out")
sed -n "${line:-1}p" "$work/mistaken.tdx" | grep -q '^F ' || fail "not at the host's clearing of the page: $(cat "$work/out")"
grep -q '^SUMMARY: strict-memory: dirty-cache ' "$work/out" || fail "no dirty cache: $(cat "$work/out")"
"$seamless" replay --strict-memory=continue "$work/mistaken.tdx" >"$work/out" 2>&1 && fail "continued to success"
[ "$(grep -c '^ERROR: strict-memory: dirty-cache ' "$work/out")" -gt 1 ] || fail "did not continue: $(cat "$work/out")"
[ "$("$seamless" replay --strict-memory=x "$work/run.tdx" 2>&1)" = "seamless replay: --strict-memory: 'x' is not 'continue'" ] ||
	fail "--strict-memory=x"
if "$seamless" run --guest "$1" --record "$work/no/such/run.tdx" >"$work/out" 2>&1; then
	fail "a transcript in no directory"
fi
grep -q 'no/such/run.tdx' "$work/out" || fail "no message: $(cat "$work/out")"

#!/bin/sh
# SPDX-License-Identifier: MIT
# A guest asks for a quote of itself; `seamless verify` accepts it with the root of the quoting service and not without.
# Usage: quote.sh SEAMLESS GUEST
set -eu
seamless=$1 guest=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
	echo "quote: $*" >&2
	exit 1
}

# run FILE OPTIONS...: runs the guest, leaves its quote in FILE
run() {
	file=$1
	shift
	"$seamless" run --guest "$guest" --timeout 60 "$@" >"$work/out" 2>"$work/err" ||
		fail "the guest failed: $(cat "$work/out" "$work/err")"
	grep -q '^PASS$' "$work/out" || fail "no PASS: $(cat "$work/out")"
	sed -n '/^BEGIN QUOTE$/,/^END QUOTE$/p' "$work/out" | sed '1d;$d' |
		python3 -c 'import sys; sys.stdout.buffer.write(bytes.fromhex(sys.stdin.read()))' >"$file"
}

# verify STATUS WORDS ARGUMENTS...
verify() {
	status=$1 words=$2
	shift 2
	got=0
	"$seamless" verify "$@" >"$work/out" 2>&1 || got=$?
	[ $got = "$status" ] || fail "verify $*: exit status $got, expected $status: $(cat "$work/out")"
	grep -q -e "$words" "$work/out" || fail "verify $*: no '$words' in: $(cat "$work/out")"
}

# All runs in one folder have one root; the second run finds what the first made.
run "$work/quote4" --quote "$work/store"
cp "$work/store/root.pem" "$work/first.pem"
run "$work/quote5" --quote "$work/store" --quote-version 5
cmp "$work/store/root.pem" "$work/first.pem" || fail "another root for the second run"
verify 0 '^verified: ' "$work/quote4" --root "$work/first.pem"
verify 0 '^verified: ' "$work/quote5" --root "$work/first.pem"
verify 1 "^FAILS  *trust anchor .*: not Intel's" "$work/quote4"
verify 1 "^FAILS  *trust anchor .*: not Intel's" "$work/quote5"
verify 0 '000102030405060708090a0b0c0d0e0f1011' "$work/quote4" --root "$work/first.pem"
mrtd=$(sed -n 's/^seamless: TD built: .* MRTD //p' "$work/err")
verify 0 "mrtd  *$mrtd" "$work/quote4" --root "$work/first.pem"
[ "$(stat -c %a "$work/store/hierarchy.pem")" = 600 ] || fail "others may read the keys"
[ "$(find "$work/store" -type f | wc -l)" = 2 ] || fail "files left over: $(ls "$work/store")"

# Another folder, another root.
run "$work/other" --quote "$work/other_store"
verify 1 '^FAILS  *trust anchor ' "$work/other" --root "$work/first.pem"

# refused WORDS OPTIONS...
refused() {
	words=$1
	shift
	got=0
	"$seamless" run --guest "$guest" --timeout 60 "$@" >"$work/out" 2>&1 || got=$?
	[ $got = 2 ] || fail "run $*: exit status $got: $(cat "$work/out")"
	grep -q -e "$words" "$work/out" || fail "run $*: no '$words' in: $(cat "$work/out")"
}

refused "'6' is not 4 or 5" --quote "$work/store" --quote-version 6
refused 'No such file' --quote "$work/no/such/store"
head -c 500 "$work/store/hierarchy.pem" >"$work/cut"
cp "$work/cut" "$work/store/hierarchy.pem"
refused 'hierarchy.pem: not a test hierarchy' --quote "$work/store"

# Without a service, GetQuote is refused and the guest says so.
got=0
"$seamless" run --guest "$guest" --timeout 60 >"$work/out" 2>&1 || got=$?
[ $got = 1 ] && grep -q 'reported a fatal error 0x0: GetQuote' "$work/out" || fail "without a service: $(cat "$work/out")"

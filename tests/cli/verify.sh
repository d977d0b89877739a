#!/bin/sh
# SPDX-License-Identifier: MIT
# `seamless verify` as a user meets it: exit statuses, lines, JSON, errors. Usage: verify.sh SEAMLESS MAKE_FILES
set -u
seamless=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
"$2" "$dir" && head -c 1000 "$dir/report" >"$dir/report.cut" || exit 1
now='--time @1750000000'
bad=0 tried=0

# expect STATUS WORDS ARGUMENTS...: the exit status, and words somewhere in the output
expect() {
	status=$1 words=$2
	shift 2
	tried=$((tried + 1))
	out=$("$seamless" verify "$@" 2>&1)
	got=$?
	if [ $got != "$status" ]; then
		echo "verify $*: exit status $got, expected $status: $out"
		bad=$((bad + 1))
	elif ! printf '%s\n' "$out" | grep -q -e "$words"; then
		echo "verify $*: no '$words' in: $out"
		bad=$((bad + 1))
	fi
}

# shellcheck disable=SC2086 # $now is two words
{
	expect 0 '^verified: ' "$dir/quote4" --root "$dir/root4.pem" $now
	expect 0 '^holds  *quote signature  *ECDSA' "$dir/quote5" --root "$dir/root5.pem" $now
	expect 0 '^not checked  *TCB level ' "$dir/quote5" --root "$dir/root5.pem" $now
	expect 0 '"verified": true' --json "$dir/quote5" --root "$dir/root5.pem" $now
	expect 0 '^  td_attributes  *0x0000000010000000 SEPT_VE_DISABLE$' "$dir/report"
	expect 0 '^not checked  *MAC ' "$dir/report"
	expect 0 '^holds  *MAC ' "$dir/report" --mac-key "$(printf "thirty-two bytes of a test's key" | od -An -tx1 | tr -d ' \n')"
	expect 1 '^FAILS  *MAC ' "$dir/report" --mac-key "$(printf '%064d' 0)"
	expect 1 "^FAILS  *trust anchor .*: not Intel's" "$dir/quote5" $now
	expect 1 '^FAILS  *trust anchor ' "$dir/quote5" --root "$dir/root4.pem" $now
	expect 1 '"verified": false' --json "$dir/quote5" $now
	expect 1 '^FAILS  *PCK certificate validity .*: expired' "$dir/quote4" --root "$dir/root4.pem" --time 2030-01-01
	expect 1 'not yet valid' "$dir/quote4" --root "$dir/root4.pem" --time 2020-01-01T00:00:00Z
	expect 1 '^NOT VERIFIED: ' "$0"
	expect 1 '^FAILS  *structure .*offset 0x0: file size is ' "$dir/report.cut"
	expect 2 'No such file' "$dir/absent"
	expect 2 'directory' "$dir"
	expect 2 '^seamless verify: give FILE; .seamless help verify. tells more$'
	expect 2 'one FILE at a time' "$dir/report" "$dir/report"
	expect 2 'no-such-option' "$dir/report" --no-such-option
	expect 2 'is no time' "$dir/report" --time tomorrow
	expect 2 'is no time' "$dir/report" --time @253402300800
	expect 2 'is no time' "$dir/report" --time 1969-12-31
	expect 1 '^FAILS  *--mac-key  *a quote has nothing to compare it with' "$dir/quote4" --mac-key "$(printf '%064d' 0)"
	expect 0 '^note  *--root  *a TDREPORT has nothing to compare it with' "$dir/report" --root "$dir/root4.pem"
	expect 0 '^note  *TCB signing certificate  *no TCB info' "$dir/quote4" --root "$dir/root4.pem" --tcb-chain "$dir/root4.pem" $now
	{ printf '\006' && tail -c +2 "$dir/quote4"; } >"$dir/quote6"
	head -c 40 "$dir/quote4" >"$dir/quote.cut"
	expect 1 '^FAILS  *structure  *quote, offset 0x0: version is 0x6: expected 4 or 5' "$dir/quote6"
	expect 1 '^FAILS  *structure  *quote, offset 0x0: header is 0x30: bytes needed, 0x28 left' "$dir/quote.cut"
	expect 2 'not a certificate' "$dir/quote4" --root "$dir/report"
	expect 2 'No such file' "$dir/quote4" --root "$dir/absent"
	expect 1 '^FAILS .*CRL' "$dir/quote4" --crl "$dir/report" --crl "$dir/root4.pem" $now
	expect 2 '64 hex digits' "$dir/report" --mac-key 00
	expect 0 '^usage: ' --help
	od -An -v -tx1 "$dir/quote4" >"$dir/quote4.hex"
	base64 "$dir/report" >"$dir/report.base64"
	log=$(dirname "$0")/../../fuzz/seeds/eventlog/two_events
	expect 0 '^  event 0x000041  RTMR0  EV_[A-Z0-9_ ]* [0-9a-f]\{96\}' "$log"
	expect 0 '"register": "RTMR' --json "$log"
	expect 1 '^FAILS  *--nonce  *an event log has nothing' "$log" --nonce 00
	expect 1 '^FAILS  *RTMR0  *replay of the log' "$dir/report" --log "$log"
	expect 0 '^note  *encoding  *hex;' "$dir/quote4.hex" --root "$dir/root4.pem" $now
	expect 0 '^note  *encoding  *base64; .* 1024 bytes' "$dir/report.base64"
}

"$seamless" verify --json "$dir/report" | python3 -c 'import json, sys; d = json.load(sys.stdin)
assert d["kind"] == "tdreport" and d["fields"]["mrtd"] == "42" * 48 and d["links"][0]["verdict"] == "holds"' || bad=$((bad + 1))
echo "$tried calls, $bad complaints"
[ $bad = 0 ]

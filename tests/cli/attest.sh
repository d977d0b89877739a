#!/bin/sh
# SPDX-License-Identifier: MIT
# `seamless run --attest` with a guest that attests itself, and cheats when it is told to; what it keeps is verified once more by
# `seamless verify`. Usage: attest.sh SEAMLESS GUEST PYTHON
set -eu
seamless=$1 guest=$2 python=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
head -c 5000 /dev/zero >"$work/initrd"

fail() {
	echo "attest: $*" >&2
	exit 1
}

# run STATUS OPTIONS...
run() {
	status=$1 got=0
	shift
	"$seamless" run --kernel "$guest" --initrd "$work/initrd" -m 64M --timeout 100 "$@" >"$work/out" 2>"$work/err" || got=$?
	[ $got = "$status" ] || fail "run $*: exit status $got, expected $status: $(cat "$work/out" "$work/err")"
}

says() {
	grep -q -e "$1" "$work/err" || fail "no '$1' in: $(cat "$work/err")"
}

run 0 --append 'one two' --attest="$work/kept"
for link in 'MAC  ' 'nonce ' 'MRTD expected' 'RTMR0 expected' 'RTMR1 expected' 'RTMR2 expected' 'event log' \
	'RTMR0  ' 'RTMR1  ' 'RTMR2  '; do
	says "^seamless:   holds  *$link"
done
says '^seamless: VERIFIED: '
mrtd=$(sed -n 's/^seamless: TD built: .* MRTD //p' "$work/err")
nonce=$(od -An -v -tx1 "$work/kept/nonce" | tr -d ' \n')
"$seamless" verify "$work/kept/report" --nonce "$nonce" --mrtd "$mrtd" --log "$work/kept/eventlog" >"$work/out" ||
	fail "what was kept does not verify: $(cat "$work/out")"
grep -q '^holds  *nonce' "$work/out" || fail "the nonce was not checked: $(cat "$work/out")"
measure() {
	"$seamless" measure --kernel "$guest" --initrd "$work/initrd" -m 64M --match "$work/kept/report" "$@" >"$work/out"
}
measure --append "one two seamless.nonce=$nonce" || fail "measure predicts other registers: $(cat "$work/out")"
[ "$(grep -c ' MATCHES$' "$work/out")" = 5 ] || fail "measure: MRTD and four RTMRs should match: $(cat "$work/out")"
measure --append "one TWO seamless.nonce=$nonce" && fail "measure: another command line matches"
grep -q '^RTMR2 .* DIFFERS$' "$work/out" || fail "measure: RTMR2 should differ: $(cat "$work/out")"
grep -q '^RTMR1 .* MATCHES$' "$work/out" || fail "measure: RTMR1 should match: $(cat "$work/out")"
measure --append "one two seamless.nonce=$nonce" --smp 2 && fail "measure: another number of vCPUs matches"
other=$(echo "$nonce" | tr '0-9' '1-90')
"$seamless" verify "$work/kept/report" --nonce "$other" >"$work/out" && fail "another nonce verifies"
grep -q '^FAILS  *nonce' "$work/out" || fail "no failing nonce: $(cat "$work/out")"
"$seamless" verify "$work/kept/report" --mrtd "$(printf '%096d' 0)" >"$work/out" && fail "another MRTD verifies"
grep -q '^FAILS  *MRTD expected' "$work/out" || fail "no failing MRTD: $(cat "$work/out")"

# A nonce of its own for each run.
run 0 --attest="$work/again"
cmp -s "$work/kept/nonce" "$work/again/nonce" && fail "the same nonce twice"

while read -r lie words; do
	run 1 --append "lie=$lie" --attest
	says "$words"
	says '^seamless: NOT VERIFIED'
done <<-'EOT'
nonce FAILS  *nonce
mac FAILS  *MAC
report FAILS  *TEE_INFO_HASH
report FAILS  *MRTD expected
log FAILS  *RTMR0
rtmr FAILS  *RTMR2 expected
rtmr FAILS  *RTMR2  *replay
silence gave no TDREPORT
secrecy gave no event log
EOT

run 1 --quote "$work/store" --attest
says 'gave no quote'

# A firmware whose kernel attests the TD: what it has in its RTMRs, only its log can tell.
# firmware STATUS LOG COMMAND-LINE
nonce=$(printf '%0128d' 7)
firmware() {
	status=$1 got=0
	"$python" "$(dirname "$0")/attested_firmware.py" "$guest" "seamless.nonce=$nonce $3" "$2" "$work/firmware" "$work/kernel"
	"$seamless" run --firmware "$work/firmware" --kernel "$work/kernel" --timeout 100 --attest="$work/booted" --nonce "$nonce" \
		>"$work/out" 2>"$work/err" || got=$?
	[ $got = "$status" ] || fail "firmware, log '$2', $3: exit status $got, expected $status: $(cat "$work/err")"
}

firmware 0 '' lie=secrecy
for link in 'MAC  ' 'nonce ' 'MRTD expected'; do
	says "^seamless:   holds  *$link"
done
says 'no event log, and RTMR0 to RTMR2 are zero: its firmware measures nothing$'
says '^seamless: VERIFIED: .* of the firmware that was given; kernel, command line and initrd are not measured$'
mrtd=$("$seamless" measure --order single "$work/firmware" | sed -n 's/^single *\([0-9a-f]*\) .*/\1/p')
says "^seamless:   holds  *MRTD expected  *as expected: $mrtd"
cmp -s "$work/booted/report" "$work/kept/report" && fail "the report was not kept"
firmware 0 true lie=rtmr
says '^seamless:   holds  *event log  *1 events'
says '^seamless:   holds  *RTMR2  *replay of the log = '
says '^seamless: VERIFIED: .* of the firmware that was given; what else is measured, its event log tells$'
grep -q 'expected.*RTMR\|RTMR. expected' "$work/err" && fail "what firmware measures is not known: $(cat "$work/err")"
while read -r log lie words; do
	firmware 1 "${log#none}" "$lie"
	says "$words"
	says '^seamless: NOT VERIFIED'
done <<-'EOT'
none lie=rtmr,lie=secrecy no event log, and RTMR0 to RTMR2 are not zero
true lie=none FAILS  *RTMR2
false lie=rtmr FAILS  *RTMR2
none lie=nonce,lie=secrecy FAILS  *nonce
none lie=mac,lie=secrecy FAILS  *MAC
none lie=report,lie=secrecy FAILS  *MRTD expected
none lie=silence,lie=secrecy gave no TDREPORT
EOT

# refused WORDS ARGUMENTS...
refused() {
	words=$1 got=0
	shift
	"$seamless" "$@" >"$work/out" 2>&1 || got=$?
	[ $got = 2 ] || fail "$*: exit status $got: $(cat "$work/out")"
	grep -q -e "$words" "$work/out" || fail "$*: no '$words' in: $(cat "$work/out")"
}

refused 'No such file' run --kernel "$guest" --attest="$work/no/such"
printf '' >"$work/file"
refused 'file/nonce: Not a directory' run --kernel "$guest" --attest="$work/file"
grep -q 'TD built' "$work/out" && fail "a guest ran whose proof can't be kept"
refused 'version goes with --quote DIR' run --guest "$guest" --quote-version 5
refused 'go with --kernel' run --guest "$guest" --attest
refused 'go with --kernel' run --firmware "$guest" --attest
refused 'go with --kernel FILE' measure --append x "$guest"
refused 'not both' measure --kernel "$guest" "$guest"
refused "'x' is not a number of vCPUs" measure --kernel "$guest" --smp x
refused "'3X' is not a size" measure --kernel "$guest" -m 3X
refused "order 'single' only" measure --kernel "$guest" --order two-pass
refused 'is not 2 to 128 hex digits' verify "$work/kept/report" --nonce 123
refused 'is not 2 to 128 hex digits' verify "$work/kept/report" --nonce "${nonce}00"
refused 'is not 2 to 128 hex digits' verify "$work/kept/report" --nonce xy
refused 'is not 96 hex digits' verify "$work/kept/report" --mrtd 00

#!/bin/sh
# SPDX-License-Identifier: MIT
# --fault and --fault-file of run and replay: a run gets over what comes by chance, its recording with the faults in it
# replays, a fault for good ends it with the rule in the message, wrong rules are told before anything runs.
# Usage: fault.sh SEAMLESS GUEST
set -eu
seamless=$1 guest=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
	echo "fault: $*" >&2
	exit 1
}

run() { # STATUS ARGUMENTS...
	wanted=$1 status=0
	shift
	"$seamless" run --guest "$guest" --timeout 60 "$@" >"$work/out" 2>&1 || status=$?
	[ $status = "$wanted" ] || fail "$*: exit status $status, not $wanted: $(cat "$work/out")"
}

said() {
	grep -q -e "$1" "$work/out" || fail "does not say '$1': $(cat "$work/out")"
}

cat >"$work/rules" <<EOF
# what may happen at any time
* OPERAND_BUSY chance=3%
TDH.PHYMEM.CACHE.WB INTERRUPTED_RESUMABLE

TDG.MR.REPORT INTERRUPTED_RESUMABLE times=2
* RND_NO_ENTROPY every=2
EOF
run 0 --fault-file "$work/rules" --fault 'TDH.*.KEY.CONFIG KEY_GENERATION_FAILED times=2' --record "$work/run.tdx"
said 'PASS'
said 'fault "TDH.\*.KEY.CONFIG KEY_GENERATION_FAILED times=2": happened to 2 of 4 calls'
grep -q '^FAULT 0 TDG.MR.REPORT INTERRUPTED_RESUMABLE$' "$work/run.tdx" || fail "the recording has no faults"
"$seamless" replay --json "$work/run.tdx" >"$work/out" || fail "the recording does not replay: $(cat "$work/out")"
said '"mismatches":0'
if "$seamless" replay --stop-at-first --fault 'TDH.MNG.CREATE HKID_NOT_FREE' "$work/run.tdx" >"$work/out"; then
	fail "a fault makes no difference to a replay"
fi
said 'injected by "TDH.MNG.CREATE HKID_NOT_FREE"'

run 1 --fault 'TDH.MR.FINALIZE OPERAND_BUSY(RCX)'
said 'TDH.MR.FINALIZE: OPERAND_BUSY(RCX): injected by "TDH.MR.FINALIZE OPERAND_BUSY(RCX)"'
said 'pages proved free'

run 2 --fault 'TDH.MR.FINALISE OPERAND_BUSY'
said 'did you mean TDH.MR.FINALIZE'
printf 'TDH.MR.FINALIZE OPERAND_BUSY\n\nTDH.MR.FINALIZE TD_BUSY\n' >"$work/wrong"
run 2 --fault-file "$work/wrong"
said "wrong:3: no status 'TD_BUSY'"
run 2 --fault-file "$work/none"
said 'No such file'

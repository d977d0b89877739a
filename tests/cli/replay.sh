#!/bin/sh
# SPDX-License-Identifier: MIT
# Snapshots of a replay: what begins with one goes on as the recording does, with faults that wait for their call and with
# values that were captured before; one that does not belong to the transcript is told.
# Usage: replay.sh SEAMLESS GUEST TRANSCRIPTS.tar.xz
set -eu
seamless=$1 guest=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
	echo "replay: $*" >&2
	exit 1
}

# refused TEXT ARGUMENTS...
refused() {
	text=$1 status=0
	shift
	"$seamless" replay "$@" >"$work/out" 2>&1 || status=$?
	[ $status = 2 ] || fail "$*: exit status $status: $(cat "$work/out")"
	grep -q -e "$text" "$work/out" || fail "$*: does not say '$text': $(cat "$work/out")"
}

# cut_at LINE FILE: from the snapshot on, each call that is left is made and none differs.
cut_at() {
	rm -f "$work/snapshot"
	"$seamless" replay --snapshot-at "$1:$work/snapshot" "$2" >"$work/out" 2>&1 || fail "$2:$1: $(cat "$work/out")"
	calls=$(tail -n "+$1" "$2" | grep -c '^\([SCX]\|RPT\) ') || :
	"$seamless" replay --json --restore "$work/snapshot" "$2" >"$work/out" 2>&1 || fail "from $2:$1: $(cat "$work/out")"
	[ "$(cat "$work/out")" = "{\"files\":1,\"calls\":$calls,\"mismatches\":0}" ] || fail "from $2:$1: $(cat "$work/out"), not $calls calls"
}

# line PATTERN FILE: where it stands first
line() {
	sed -n "/$1/{=;q}" "$2"
}

run=$work/run.tdx
"$seamless" run --guest "$guest" --timeout 60 --deterministic --fault 'TDH.MEM.PAGE.ADD OPERAND_BUSY every=3' --record "$run" >"$work/out" 2>&1 ||
	fail "no recording: $(cat "$work/out")"
fault=$(line '^FAULT' "$run") plat=$(line '^PLAT' "$run") last=$(line '^END' "$run")
for at in 1 "$plat" "$fault" $((fault + 1)) $((fault + 2)) $((last / 2)) "$last"; do
	cut_at "$at" "$run"
done
tar -C "$work" -xJf "$3" happy/migration_full_cold.tdx || fail "no transcript"
captures=$work/happy/migration_full_cold.tdx
cut_at "$(line ' rcx=[$]' "$captures")" "$captures"
# The migration that it records reaches the leaves that a run does not.
while read -r leaf status said; do
	rule="$leaf $status nth=1"
	"$seamless" replay --stop-at-first --fault "$rule" "$captures" >"$work/out" 2>&1 && fail "$rule: as recorded"
	grep -q "tdx:[0-9]*: $leaf: rax: expected 0 SUCCESS, got [0-9a-f]* $status$" "$work/out" || fail "$rule: $(cat "$work/out")"
	grep -q "module: $leaf: $status: injected by \"$rule\": $said" "$work/out" || fail "$rule, no reason: $(cat "$work/out")"
done <<-'EOT'
TDH.EXPORT.MEM OPERAND_BUSY(SEPT_TREE) the secure EPT is locked by another
TDH.IMPORT.MEM INTERRUPTED_RESUMABLE an interrupt waits
TDH.EXPORT.STATE.IMMUTABLE RND_NO_ENTROPY .
TDH.IMPORT.TRACK OPERAND_BUSY(MIGSC) .
EOT

# What stands after the line may be changed, and differs there; a snapshot of a snapshot's replay is one too.
call=$(line '^S ' "$run")
cut_at "$call" "$run"
sed "${call}s/ => V rax=0/ => V rax=1/" "$run" >"$work/changed.tdx"
"$seamless" replay --restore "$work/snapshot" --stop-at-first "$work/changed.tdx" >"$work/out" 2>&1 && fail "nothing differs"
grep -q "changed.tdx:$call: .*expected 1 SUCCESS" "$work/out" || fail "elsewhere: $(cat "$work/out")"
grep -q '^1 files, 1 calls, 1 mismatches$' "$work/out" || fail "it is not the first call: $(cat "$work/out")"
"$seamless" replay --restore "$work/snapshot" --snapshot-at "$((call + 1)):$work/next" "$run" >"$work/out" || fail "$(cat "$work/out")"
"$seamless" replay --json --restore "$work/next" "$run" | grep -q '"mismatches":0' || fail "from the second snapshot"
refused "line $call is before line $((call + 1)), where .*/next begins" --restore "$work/next" --snapshot-at "$call:$work/x" "$run"
refused "next: not of .*changed.tdx: what stands before line $((call + 1)) is another text" --restore "$work/next" "$work/changed.tdx"

refused "changed.tdx:$call: the replay ends here, before line $last: no snapshot" --stop-at-first \
	--snapshot-at "$last:$work/none" "$work/changed.tdx"
refused "run.tdx:$last: the replay ends here, before line 99999999: no snapshot" --snapshot-at "99999999:$work/none" "$run"
[ ! -e "$work/none" ] || fail "a snapshot of a line that was not reached"
refused 'no/such/file: No such file' --snapshot-at "1:$work/no/such/file" "$run"
refused 'run.tdx: offset 0x0: not a snapshot' --restore "$run" "$run"
refused 'none: No such file' --restore "$work/none" "$run"
refused 'a snapshot is of one transcript' --restore "$work/next" "$run" "$run"
refused "the platform is the snapshot's" --restore "$work/next" --platform default "$run"
refused 'is given twice' --snapshot-at 1:x --snapshot-at 2:x "$run"
for wrong in 1x 5 :f 5: 0:f -3:f 4294967296:f; do
	refused "'$wrong' is not LINE:FILE" --snapshot-at "$wrong" "$run"
done

#!/bin/sh
# SPDX-License-Identifier: MIT
# `make check-long`: what does not fit into half an hour of `make check`. Its last result is docs/check-long.md; --keep writes it.
#   differential  the interpreter against the processor, many more sequences, from other seeds
#   sweep         every legacy encoding, and the BusyBox of the guest: what the interpreter lacks
#   reasons       the sentences of refusals, for the calls of all transcripts with other operands
#   threads       Debian's kernel on four vCPUs, and what is typed into its console, under TSan
#   model         the module against the model of tests/model, MODEL_SEEDS sequences (without it 3000)
#   stress        sixteen processors at once under ThreadSanitizer for STRESS_SECONDS (without it 600)
#   snapshots     all transcripts, the machine replaced by its snapshot at every line
#   faults        a TD's life with each fault at each call of it, and with each of its allocations failing
#   fuzz          every fuzz target for FUZZ_SECONDS each (without it 600)
#   bench         the figures of `seamless bench`
# Usage: check-long.sh [--keep] [PART...]     (all of them, in this order, where none is named)
set -eu
cd "$(dirname "$0")/.."
keep=
[ "${1:-}" != --keep ] || {
	keep=yes
	shift
}
parts=${*:-differential sweep reasons threads model stress snapshots faults fuzz bench}
seconds=${FUZZ_SECONDS:-600}
report=$(mktemp)
trap 'rm -f "$report" "$report".*' EXIT
passed=0 failed=0

verdict() { # NAME STATUS [OUTPUT]
	if [ "$2" = 0 ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		[ -z "${3:-}" ] || printf '%s\n' "$3" | tail -100
		echo "FAILED: $1 (status $2)"
	fi
}

build() { # DIR CC OPTIONS...
	dir=$1 compiler=$2
	shift 2
	[ -f "$dir/build.ninja" ] || CC=$compiler meson setup "$dir" "$@" >/dev/null
	ninja -C "$dir" >/dev/null
}

differential() {
	for seed in 2 3 5 7 11; do
		status=0
		line=$(build/tests/cpu/cpu_diff_test --seed $seed --count 1000000 2>&1) || status=$?
		verdict "differential, seed $seed" $status "$line"
		echo "$line" | grep 'forms tested' | sed 's/^/- differential: /' | tee -a "$report"
	done
}

sweep() {
	guest/linux/build.sh build >/dev/null 2>&1 || verdict "sweep, packages" 1
	for what in --64 --32 build/debian/bin/busybox; do
		status=0
		line=$(build/tests/cpu/cpu_sweep "$what" 2>&1) || status=$?
		verdict "sweep, $what" $status "$line"
		echo "$line" | tail -n 1 | sed "s|^|- sweep $what: |" | tee -a "$report"
	done
}

reasons() {
	transcripts=build/tests/conformance/transcripts
	python3 tests/conformance/check.py build/seamless $transcripts --listed >/dev/null
	status=0
	line=$(build/tests/conformance/test_reasons_of_transcripts $transcripts 1 2) || status=$?
	verdict "reasons" $status "$line"
	echo "$line" | tail -1 | sed 's/^/- reasons: /' | tee -a "$report"
}

# boot WHAT WORDS: the words after it on the kernel's command line; standard input is typed.
boot_under_tsan() {
	status=0
	TSAN_OPTIONS="suppressions=$PWD/tools/tsan-guest.supp halt_on_error=0 exitcode=66" \
		build-tsan/seamless run --kernel build/linux/vmlinuz --initrd build/linux/initramfs --smp 4 -m 256M --timeout 900 \
		--append "console=hvc0 panic=-1 $2" >"$report.out" 2>"$report.err" || status=$?
	grep -q 'init: power off' "$report.out" || status=1
	[ $status = 0 ] || grep -A 12 'WARNING: ThreadSanitizer' "$report.err" || tail "$report.err"
	verdict "threads, $1" $status
	echo "- threads: $1: $(sed -n 's/^seamless: the run had //p' "$report.err")" | tee -a "$report"
}

threads() {
	guest/linux/build.sh build
	boot_under_tsan "two workers on four vCPUs" seamless.work </dev/null
	printf 'echo typed\n%s\nexit\n' "$(seq -s ' ' 500 | sed 's/^/: /')" >"$report.in"
	boot_under_tsan "a shell that is typed into" seamless.shell <"$report.in"
	grep -q '^typed' "$report.out" || verdict "threads: the shell did not get what was typed" 1
}

model() {
	status=0
	line=$(build/tests/model/test_model --seeds 1000 "${MODEL_SEEDS:-3000}" 2>&1) || status=$?
	verdict "model" $status "$line"
	echo "$line" | tail -1 | sed 's/^/- model: /' | tee -a "$report"
}

stress() {
	status=0
	line=$(build-tsan/tests/stress/test_stress --seconds "${STRESS_SECONDS:-600}" --seed "$(date +%s)" 2>&1) || status=$?
	verdict "stress" $status "$line"
	echo "$line" | tail -1 | sed 's/^/- stress: /' | tee -a "$report"
}

snapshots() {
	transcripts=build/tests/conformance/transcripts
	python3 tests/conformance/check.py build/seamless $transcripts --listed >/dev/null
	status=0
	line=$(build/tests/snapshot/snapshot_cuts $transcripts 2>&1) || status=$?
	verdict "snapshots" $status "$line"
	echo "$line" | tail -1 | sed 's/^/- snapshots: /' | tee -a "$report"
}

faults() {
	status=0
	line=$(build/tests/fault/fault_sweep build/guest/test.elf all) || status=$?
	verdict "faults" $status "$line"
	echo "$line" | tail -1 | sed 's/^/- faults: /' | tee -a "$report"
	status=0
	line=$(build/tests/fault/allocation_sweep build/guest/test.elf all) || status=$?
	verdict "faults, allocations" $status
	echo "$line" | tail -1 | sed 's/^/- faults, allocations: /' | tee -a "$report"
	status=0
	line=$(python3 tests/fault/allocation_command.py build/tests/fault/seamless_failing all build/guest tests/data/images \
		build/tests/attest/test_attest_make_files build/tests/exec/exec_program platforms/default.conf) || status=$?
	verdict "faults, allocations of the command" $status
	echo "$line" | tail -1 | sed 's/^/- faults, allocations of the command: /' | tee -a "$report"
}

fuzz() {
	status=0
	log=$(fuzz/all.sh "$seconds" build-fuzz 2>&1) || status=$?
	verdict "fuzz" $status "$log"
	echo "$log" | grep -E ' (Done |FOUND)' | sed "s/^/- fuzz_/" | tee -a "$report"
}

bench() {
	status=0
	build/seamless bench >"$report.out" || status=$?
	verdict "bench" $status
	sed 's/^/    /' "$report.out" | tee -a "$report"
}

for part in $parts; do
	case $part in
	differential | sweep | reasons | threads | model | stress | snapshots | faults | fuzz | bench) ;;
	*)
		echo "check-long: no part '$part'; they are listed at the head of $0" >&2
		exit 2
		;;
	esac
done
build build gcc
case " $parts " in *" threads "* | *" stress "*) build build-tsan clang -Db_sanitize=thread -Db_lundef=false ;; esac
for part in $parts; do
	began=$(date +%s)
	echo "== check-long: $part"
	$part
	echo "== check-long: $part took $(($(date +%s) - began)) s"
done

if [ "$keep" ]; then
	{
		printf '<!-- SPDX-License-Identifier: MIT -->\n# The last result of `make check-long`\n\n'
		printf 'Run on %s on commit %s by `tools/check-long.sh --keep` with FUZZ_SECONDS=%s: %s passed, %s failed.\n' \
			"$(date +%Y-%m-%d)" "$(git rev-parse --short HEAD)" "$seconds" "$passed" "$failed"
		printf 'Its parts: %s.\n\n' "$parts"
		cat "$report"
	} >docs/check-long.md
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]

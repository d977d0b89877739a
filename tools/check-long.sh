#!/bin/sh
# SPDX-License-Identifier: MIT
# `make check-long`: what does not fit into half an hour of `make check`. Its last result is docs/check-long.md; --keep writes it.
#   differential  the interpreter against the processor, many more sequences, from other seeds
#   reasons       the sentences of refusals, for the calls of all transcripts with other operands
#   fuzz          every fuzz target for FUZZ_SECONDS each (without it 600)
#   bench         the figures of `seamless bench`
# Usage: check-long.sh [--keep]
set -eu
cd "$(dirname "$0")/.."
seconds=${FUZZ_SECONDS:-600}
report=$(mktemp)
trap 'rm -f "$report"' EXIT
passed=0 failed=0

verdict() { # NAME STATUS
	if [ "$2" = 0 ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $1"
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
		verdict "differential, seed $seed" $status
		echo "$line" | grep 'forms tested' | sed 's/^/- differential: /' | tee -a "$report"
	done
}

reasons() {
	transcripts=build/tests/conformance/transcripts
	python3 tests/conformance/check.py build/seamless $transcripts --listed >/dev/null
	status=0
	line=$(build/tests/conformance/test_reasons_of_transcripts $transcripts 1 2) || status=$?
	verdict "reasons" $status
	echo "$line" | tail -1 | sed 's/^/- reasons: /' | tee -a "$report"
}

fuzz() {
	status=0
	log=$(fuzz/all.sh "$seconds" build-fuzz 2>&1) || status=$?
	verdict "fuzz" $status
	echo "$log" | grep -E ' (Done |FOUND)' | sed "s/^/- fuzz_/" | tee -a "$report"
}

build build gcc
differential
reasons
fuzz
build/seamless bench | sed 's/^/    /' | tee -a "$report"

if [ "${1:-}" = --keep ]; then
	{
		printf '<!-- SPDX-License-Identifier: MIT -->\n# The last result of `make check-long`\n\n'
		printf 'Run on %s by `tools/check-long.sh --keep` with FUZZ_SECONDS=%s: %s passed, %s failed.\n\n' \
			"$(date +%Y-%m-%d)" "$seconds" "$passed" "$failed"
		cat "$report"
	} >docs/check-long.md
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]

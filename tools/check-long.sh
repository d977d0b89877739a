#!/bin/sh
# SPDX-License-Identifier: MIT
# `make check-long`: what does not fit into half an hour of `make check`. Its last result is docs/check-long.md; --keep writes it.
#   differential  the interpreter against the processor, many more sequences, from other seeds
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

fuzz_one() { # PATH
	name=$(basename "$1")
	seeds=fuzz/seeds/${name#fuzz_}
	[ -d "$seeds" ] || seeds=
	mkdir -p "$1.corpus"
	status=0
	log=$("$1" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
		-artifact_prefix="$1." "$1.corpus" $seeds 2>&1) || status=$?
	verdict "$name" $status
	executed=$(echo "$log" | sed -n 's/.*number_of_executed_units: *//p')
	coverage=$(echo "$log" | sed -n 's/.* cov: \([0-9]*\) .*/\1/p' | tail -n 1)
	echo "- $name: $executed executions in $seconds s, coverage $coverage, exit status $status" | tee -a "$report"
}

fuzz() {
	for target in $(find build-fuzz/fuzz -maxdepth 2 -type f -name 'fuzz_*' -perm -u+x | sort); do
		fuzz_one "$target"
	done
}

build build gcc
build build-fuzz clang -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false
differential
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

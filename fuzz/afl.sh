#!/bin/sh
# SPDX-License-Identifier: MIT
# A long run of one target under AFL++: one main and PROCESSES - 1 secondary instances share what they find; then what
# they found in all. The same harness as for libFuzzer, built by afl-clang-fast; ASan and UBSan in the first secondary only.
# Usage: fuzz/afl.sh TARGET SECONDS [PROCESSES]     (TARGET: seamcall, replay, metadata, transcript ...)
set -eu
name=${1:?usage: fuzz/afl.sh TARGET SECONDS [PROCESSES]} seconds=${2:?seconds} processes=${3:-2}
cd "$(dirname "$0")/.."
command -v afl-fuzz >/dev/null || {
	echo "afl.sh: afl-fuzz not found: apt-get install afl++" >&2
	exit 2
}

build() { # DIRECTORY OPTIONS...
	dir=$1
	shift
	[ -f "$dir/build.ninja" ] || CC=afl-clang-fast meson setup "$dir" -Dfuzz=true -Db_lundef=false "$@" >/dev/null
	target=$(ninja -C "$dir" -t targets all | sed -n "s|^\(fuzz/[a-z]*/fuzz_$name\): .*|\1|p" | head -1)
	ninja -C "$dir" "$target" >/dev/null
	echo "$dir/$target"
}

plain=$(build build-afl)
checked=$plain
[ "$processes" = 1 ] || checked=$(build build-afl-asan -Db_sanitize=address,undefined)
seeds=fuzz/seeds/$name
[ -d "$seeds" ] || seeds=tests/data/images
out=$plain.afl
mkdir -p "$out"
export AFL_SKIP_CPUFREQ=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_NO_UI=1 AFL_AUTORESUME=1 AFL_NO_AFFINITY=1
n=1
while [ "$n" -lt "$processes" ]; do
	binary=$plain
	[ "$n" != 1 ] || binary=$checked
	afl-fuzz -S "s$n" -i "$seeds" -o "$out" -m none -t 10000 -V "$seconds" "$binary" >"$out.s$n.log" 2>&1 &
	n=$((n + 1))
done
afl-fuzz -M main -i "$seeds" -o "$out" -m none -t 10000 -V "$seconds" "$plain" >"$out.main.log" 2>&1 || {
	tail -20 "$out.main.log"
	exit 1
}
wait
awk -F: '/^execs_done|^saved_crashes|^saved_hangs/ { gsub(/ /, ""); sum[$1] += $2 }
	END { printf "%d executions, %d crashes, %d hangs\n", sum["execs_done"], sum["saved_crashes"], sum["saved_hangs"]
	      exit sum["saved_crashes"] + sum["saved_hangs"] > 0 }' "$out"/*/fuzzer_stats

#!/bin/sh
# SPDX-License-Identifier: MIT
# A long run of one target under AFL++: one main and PROCESSES - 1 secondary instances share what they find. The same harness as
# for libFuzzer, built by afl-clang-fast; ASan and UBSan in the first secondary only. The main begins with the kept corpus
# too, and what it comes to goes to the corpus of libFuzzer's target in build-fuzz, if that is there, for fuzz/corpora.sh pack.
# Prints a line every minute and what was found in all; the exit status is 1 when that is a crash or a hang (each is named),
# 2 when it could not run. A directory of an earlier run is taken up where it ended.
# Usage: fuzz/afl.sh TARGET SECONDS [PROCESSES]     (TARGET: seamcall, replay, metadata, transcript ...)
set -eu
name=${1:?usage: fuzz/afl.sh TARGET SECONDS [PROCESSES]} seconds=${2:?seconds} processes=${3:-2}
cd "$(dirname "$0")/.."

fail() {
	echo "afl.sh: $*" >&2
	exit 2
}

command -v afl-fuzz >/dev/null || fail "afl-fuzz not found: apt-get install afl++"

build() { # DIRECTORY OPTIONS...: the target, in $built
	dir=$1 log=$1/built.log
	shift
	mkdir -p "$dir"
	[ -f "$dir/build.ninja" ] ||
		CC=afl-clang-fast AFL_QUIET=1 meson setup "$dir" -Dfuzz=true -Db_lundef=false "$@" >"$log" 2>&1 ||
		fail "$dir is not set up: see $log"
	target=$(ninja -C "$dir" -t targets all | sed -n "s|^\(fuzz/[a-z]*/fuzz_$name\): .*|\1|p")
	[ -n "$target" ] || fail "no target fuzz_$name"
	echo "building $dir/$target"
	ninja -C "$dir" "$target" >"$log" 2>&1 || fail "fuzz_$name is not built: see $log"
	built=$dir/$target
}

copy() { # FROM TO: the files of a directory that the other has not
	mkdir -p "$2"
	find -L "$1" -maxdepth 1 -type f ! -name '.*' -exec cp -n {} "$2" \;
}

pids=
stop() {
	[ -z "$pids" ] || kill $pids 2>/dev/null || true
}

start() { # -M|-S INSTANCE BINARY INPUTS
	afl-fuzz "$1" "$2" -i "$4" -o "$out" -m none -t 10000 -G 16384 -V "$seconds" "$3" >"$out/$2.log" 2>&1 &
	pids="$pids $!"
}

told() { # one line of all instances' figures; coverage is the main's, to which the others' finds come
	awk -F' *: *' '{ sum[$1] += $2 } FILENAME ~ /\/main\// { main[$1] = $2 }
		END { printf "%d executions, %d of %d edges (%s stable), %d inputs, %d crashes, %d hangs\n", sum["execs_done"],
		      main["edges_found"], main["total_edges"], main["stability"], main["corpus_count"], sum["saved_crashes"],
		      sum["saved_hangs"] }' "$out"/*/fuzzer_stats
}

build build-afl
plain=$built checked=$built
if [ "$processes" != 1 ]; then
	build build-afl-asan -Db_sanitize=address,undefined
	checked=$built
fi
seeds=fuzz/seeds/$name
[ -d "$seeds" ] || seeds=tests/data/images
out=$plain.afl
inputs=$plain.afl.inputs
mkdir -p "$out"
copy "$seeds" "$inputs"
tar -C "$inputs" --strip-components=2 -xJf fuzz/corpora.tar.xz "./$name" 2>/dev/null || echo "no inputs are kept of fuzz_$name"

export AFL_SKIP_CPUFREQ=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_NO_UI=1 AFL_AUTORESUME=1 AFL_NO_AFFINITY=1 AFL_FAST_CAL=1
trap 'stop; exit 2' INT TERM
start -M main "$plain" "$inputs"
n=1
while [ "$n" -lt "$processes" ]; do
	[ "$n" = 1 ] && binary=$checked || binary=$plain
	start -S "s$n" "$binary" "$seeds"
	n=$((n + 1))
done

began=$(date +%s)
while kill -0 $pids 2>/dev/null; do
	sleep 60 &
	wait $! || true
	[ ! -f "$out/main/fuzzer_stats" ] || echo "$name, $(($(date +%s) - began)) s: $(told)"
done
if [ $(($(date +%s) - began)) -lt "$seconds" ]; then
	stop
	tail -n 20 "$out"/*.log
	fail "an instance ended before its time: its output is above"
fi
wait

echo "$name: $(told)"
corpus=build-fuzz/${plain#*/}.corpus
[ ! -d "$corpus" ] || copy "$out/main/queue" "$corpus"
if find "$out" -path '*/crashes/id*' -o -path '*/hangs/id*' | grep .; then
	echo "found; each makes it happen again: $checked FILE"
	exit 1
fi

#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds every fuzz target and runs each for some seconds from its seeds and from what earlier runs found (fuzz/corpora.sh). Prints how
# many executions each did and what they cover; the exit status is 1 when one found something (the input is named in its output).
# On a machine that stands still at times, give a longer -timeout: libFuzzer's is by the clock on the wall.
# Usage: fuzz/all.sh SECONDS [BUILD_DIRECTORY [LIBFUZZER-OPTIONS...]]
set -eu
seconds=${1:?usage: fuzz/all.sh SECONDS [BUILD_DIRECTORY [LIBFUZZER-OPTIONS...]]}
build=${2:-build-fuzz}
shift $(($# > 1 ? 2 : 1))
cd "$(dirname "$0")/.."
[ -f "$build/build.ninja" ] ||
	CC=clang meson setup "$build" -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false
ninja -C "$build"
sh fuzz/corpora.sh unpack "$build"
found=0
for target in "$build"/fuzz/*/fuzz_*; do
	[ -x "$target" ] && [ -f "$target" ] || continue
	name=${target##*/fuzz_}
	seeds=fuzz/seeds/$name
	[ -d "$seeds" ] || seeds=tests/data/images
	if sh fuzz/run.sh "$target" "$seeds" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 "$@" >"$target.log" 2>&1; then
		printf '%-14s %s, %s\n' "$name" "$(grep '^Done' "$target.log")" "$(grep -o 'cov: [0-9]*' "$target.log" | tail -1)"
	else
		found=1
		printf '%-14s FOUND: see %s\n' "$name" "$target.log"
	fi
done
exit $found

#!/bin/sh
# SPDX-License-Identifier: MIT
# The corpora that the fuzzers have grown, kept in one archive, fuzz/corpora.tar.xz.
#   pack    takes from each target's corpus, seeds and kept inputs the fewest that reach all of its coverage, and makes the
#           archive; what is kept of targets that are not built stays as it is
#   unpack  puts the archive's inputs beside the targets, where fuzz/run.sh looks; what is there already stays
# Usage: fuzz/corpora.sh pack|unpack [BUILD_DIRECTORY]
set -eu
action=${1:-}
build=${2:-build-fuzz}
cd "$(dirname "$0")/.."
archive=fuzz/corpora.tar.xz
kept=$build/corpora

targets() {
	for target in "$build"/fuzz/*/fuzz_*; do
		[ -x "$target" ] && [ -f "$target" ] && echo "$target"
	done
}

seeds_of() {
	[ -d "fuzz/seeds/${1##*/fuzz_}" ] && echo "fuzz/seeds/${1##*/fuzz_}" || echo tests/data/images
}

minimise() { # TARGET: its smallest corpus, in $kept, without what the seeds reach anyway
	name=${1##*/fuzz_}
	rm -rf "$kept/$name"
	mkdir -p "$kept/$name" "$1.corpus"
	cp -rL "$(seeds_of "$1")" "$kept/$name.seeds"
	"$1" -merge=1 -timeout=20 -rss_limit_mb=2048 "$kept/$name.seeds" "$1.corpus" >"$1.merge.log" 2>&1 || {
		echo "$name: the merge failed: see $1.merge.log" >&2
		exit 1
	}
	for input in "$kept/$name.seeds"/*; do
		[ -e "$(seeds_of "$1")/${input##*/}" ] || mv "$input" "$kept/$name/"
	done
	rm -r "$kept/$name.seeds"
	printf '%-14s %5d inputs kept of %d, %s\n' "$name" "$(ls "$kept/$name" | wc -l)" "$(ls "$1.corpus" | wc -l)" \
		"$(grep -o 'cov: [0-9]*' "$1.merge.log" | tail -1)"
}

unpack() { # the archive, and nothing of an earlier pack that was broken off
	rm -rf "$kept"
	mkdir -p "$kept"
	tar -C "$kept" -xJf "$archive"
	for target in $(targets); do
		[ -d "$kept/${target##*/fuzz_}" ] || continue
		mkdir -p "$target.corpus"
		cp -n "$kept/${target##*/fuzz_}"/* "$target.corpus/" 2>/dev/null || true
	done
}

case $action in
pack)
	unpack
	targets | xargs -P "$(nproc)" -n 1 sh fuzz/corpora.sh minimise "$build"
	tar -C "$kept" --sort=name --owner=0 --group=0 --mtime=@0 -cJf "$build/corpora.tar.xz" .
	mv "$build/corpora.tar.xz" "$archive"
	ls -l "$archive" | awk '{print $9 ": " $5 " bytes"}'
	;;
minimise) # of pack, for one target each
	minimise "${3:?}"
	;;
unpack) unpack ;;
*)
	echo "usage: fuzz/corpora.sh pack|unpack [BUILD_DIRECTORY]" >&2
	exit 2
	;;
esac

#!/bin/sh
# SPDX-License-Identifier: MIT
# `make demo`: a trust domain is built, measured, run and torn down through real TDH.* calls; then Debian's own TDX-capable
# firmware is measured and entered. Usage: demo.sh BUILD
set -eu
seamless=$1/seamless
guest=$1/guest/test.elf
firmware=/usr/share/ovmf/OVMF.fd
traces=$1/demo
mkdir -p "$traces"

say() {
	printf '\n== %s\n' "$*"
}

# the first line of each leaf in a trace, with how often it was called
first_of_each() {
	awk '{
		line = $0
		sub(/^\[[0-9]+\] +/, "", line)
		leaf = line
		sub(/[ (].*/, "", leaf)
		if (leaf !~ /^TD[HG]\./) next
		if (line !~ / = | -> guest/) next
		if (!count[leaf]++) { order[++n] = leaf; first[leaf] = line }
	}
	END { for (i = 1; i <= n; i++) printf "%7d x  %.110s\n", count[order[i]], first[order[i]] }' "$1"
}

say "a TD with a guest of this repository: built, measured, run, torn down"
"$seamless" run --guest "$guest" --trace="$traces/guest.trace"
say "what the host and the guest called, each leaf with its first call (all of it: $traces/guest.trace)"
first_of_each "$traces/guest.trace"

say "the MRTD of Debian's firmware, by the module's own leaves, in both page orders"
"$seamless" measure "$firmware"

say "that firmware as a TD: from its reset vector to its first calls"
"$seamless" run --firmware "$firmware" --stop-after 1 --timeout 120 --trace="$traces/firmware.trace"
say "the guest's own calls, the first fifteen of them (all of it: $traces/firmware.trace)"
grep -m 15 'TDG\..* = ' "$traces/firmware.trace" | cut -c 1-130

say "done: the TDs are gone, every page was proved free"

#!/bin/sh
# SPDX-License-Identifier: MIT
# `make demo`: Debian's Linux kernel, as packaged, boots as a trust domain and proves what it is; then Debian's TDX-capable
# firmware is measured and entered. Usage: demo.sh BUILD
set -eu
seamless=$1/seamless
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

# the guest's console, without the hex that is for the host
without_hex() {
	awk '/^END / { hidden = 0 }
	!hidden { print; fflush() }
	/^BEGIN / { hidden = 1; print "(hex)"; fflush() }'
}

say "Debian's cloud kernel, downloaded and unpacked, with an initramfs that attests the guest"
"$(dirname "$0")/../guest/linux/build.sh" "$1"

say "it boots as a trust domain with a nonce on its command line, powers off, and is verified"
mkfifo "$traces/console.$$"
trap 'rm -f "$traces/console.$$"' EXIT
without_hex <"$traces/console.$$" &
"$seamless" run --kernel "$1/linux/vmlinuz" --initrd "$1/linux/initramfs" --append 'earlyprintk=serial,ttyS0 console=hvc0 panic=-1' -m 256M \
	--quote "$traces/quoting" --attest="$traces/proof" --trace="$traces/linux.trace" --timeout 600 >"$traces/console.$$"
wait

say "what the host and the guest called, each leaf with its first call (all of it: $traces/linux.trace)"
first_of_each "$traces/linux.trace"

say "the MRTD of Debian's firmware, in both page orders"
"$seamless" measure "$firmware"

say "that firmware as a trust domain: from its reset vector to its first calls"
"$seamless" run --firmware "$firmware" --stop-after 1 --timeout 120 --trace="$traces/firmware.trace"
say "the guest's own calls, the first five of them (all of it: $traces/firmware.trace)"
grep -m 5 'TDG\..* = ' "$traces/firmware.trace" | cut -c 1-130

say "done: the TDs are gone, every page was proved free; the kernel's TD is VERIFIED"

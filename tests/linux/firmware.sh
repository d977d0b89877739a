#!/bin/sh
# SPDX-License-Identifier: MIT
# Debian's OVMF boots Debian's cloud kernel: by the EFI stub, with the command line and initial RAM disk that were given, the ACPI
# tables that were placed, two vCPUs, to user space and off.
# Usage: firmware.sh SOURCE_ROOT BUILD SEAMLESS
set -eu
source=$1 build=$2 seamless=$3 firmware=/usr/share/ovmf/OVMF.fd
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
[ -e "$firmware" ] || {
	echo "$firmware is not installed"
	exit 77
}
"$source/guest/linux/build.sh" "$build"

fail() {
	# This firmware has no CCEL and extends no RTMR: MRTD, MAC and nonce are what there is to prove.
mrtd=$("$seamless" measure --order single "$firmware" | sed -n 's/^single *\([0-9a-f]*\) .*/\1/p')
has err "^seamless:   holds  *MRTD expected  *as expected: ${mrtd:?}"
has err '^seamless:   holds  *MAC  '
has err '^seamless:   holds  *nonce  '
has out '^init: no log: attest: /sys/firmware/acpi/tables/data/CCEL: No such file or directory$'
has err 'no event log, and RTMR0 to RTMR2 are zero: its firmware measures nothing$'
has err '^seamless: VERIFIED: .* of the firmware that was given; kernel, command line and initrd are not measured$'
echo "firmware: $*" >&2
	exit 1
}

has() { # out|err REGULAR-EXPRESSION
	tr -d '\r' <"$work/$1" | grep -q -e "$2" || fail "no '$2' in: $(tail -n 80 "$work/$1")"
}

"$seamless" run --firmware "$firmware" --kernel "$build/linux/vmlinuz" --initrd "$build/linux/initramfs" --smp 2 --timeout 400 --attest \
	--append 'earlyprintk=serial,ttyS0 console=hvc0 panic=-1 said.to=firmware' >"$work/out" 2>"$work/err" </dev/null ||
	fail "status $?: $(tail -n 80 "$work/out") $(cat "$work/err")"
has out 'efi: EFI v2\.[0-9]* by EDK II$'
has out 'Command line:.* said\.to=firmware'
for table in FACP DSDT APIC; do
	has out "ACPI: $table 0x.* SEAMLESS "
done
has out '^init: Linux 6\.12.*, 2 CPUs, '
has out '^init: | .*tdx: Guest detected$'
has out '^init: /proc/cpuinfo has tdx_guest 2 times$'
has err '^seamless: the guest powered the machine off$'
has err 'pages proved free$'
echo "firmware: $(sed -n 's/^seamless: the run had //p' "$work/err")"

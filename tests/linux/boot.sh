#!/bin/sh
# SPDX-License-Identifier: MIT
# Debian's cloud kernel as packaged boots as a TD to user space and proves what it is: with one vCPU on the virtio console, its
# quote too, which `seamless verify` accepts with the root of the quoting service; with four on the serial port; with a GPA
# width of 52, and leave to turn #VE for pending pages off.
# Usage: boot.sh SOURCE_ROOT BUILD SEAMLESS
set -eu
source=$1 build=$2 seamless=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$source/guest/linux/build.sh" "$build"

fail() {
	echo "boot: $*" >&2
	exit 1
}

# boot VCPUS OPTIONS...
boot() {
	vcpus=$1
	shift
	"$seamless" run --kernel "$build/linux/vmlinuz" --initrd "$build/linux/initramfs" --smp "$vcpus" -m 256M --timeout 400 \
		"$@" >"$work/out" 2>"$work/err" </dev/null ||
		fail "$vcpus vCPUs: status $?: $(tail -n 60 "$work/out") $(cat "$work/err")"
	has out "^init: Linux 6\.12.*, $vcpus CPUs, "
	has out '^init: | .*tdx: Guest detected$'
	has out "^init: /proc/cpuinfo has tdx_guest $vcpus times\$"
	has out '^init: power off, '
	has err '^seamless: the guest powered the machine off$'
	has err '^seamless: VERIFIED: '
	grep -q -e FAILS -e 'guest got #UD' "$work/err" && fail "$vcpus vCPUs: $(cat "$work/err")"
	echo "boot: $vcpus vCPUs: $(sed -n 's/^seamless: the run had //p' "$work/err")"
}

has() { # out|err REGULAR-EXPRESSION
	tr -d '\r' <"$work/$1" | grep -q -e "$2" || fail "no '$2' in: $(tail -n 60 "$work/$1")"
}

boot 1 --append 'console=hvc0 panic=-1' --quote "$work/store" --attest="$work/kept"
has err "^seamless: the guest's quote:\$"
"$seamless" verify "$work/kept/quote" --root "$work/store/root.pem" --log "$work/kept/eventlog" \
	--nonce "$(od -An -v -tx1 "$work/kept/nonce" | tr -d ' \n')" >"$work/out" || fail "the quote: $(cat "$work/out")"
"$seamless" verify "$work/kept/quote" >"$work/out" && fail "the quote verifies with Intel's root"

boot 4 --append 'earlyprintk=serial,ttyS0 console=ttyS0 panic=-1 seamless.work' --attest
has out '^init: two workers took [0-9.]* s$'

boot 2 --append 'console=hvc0 panic=-1' --gpaw 52 --pending-ve flexible --attest

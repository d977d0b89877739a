#!/bin/sh
# SPDX-License-Identifier: MIT
# The Linux guest's initramfs without TDX, in QEMU (TCG): it is the same each time it is made, comes up, gives a shell on its
# console, its modules load in their order (tdx-guest refuses: this is no TD), and attest says what it misses.
# Usage: initramfs.sh SOURCE_ROOT BUILD
set -eu
source=$1 build=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
	echo "initramfs: $*" >&2
	exit 1
}

"$source/guest/linux/build.sh" "$build"
cp "$build/linux/initramfs" "$work/first"
(umask 077 && "$source/guest/linux/build.sh" "$build")
cmp "$work/first" "$build/linux/initramfs" || fail "another initramfs the second time"

# What is typed waits for the shell in the emulated port.
mkfifo "$work/in"
timeout 200 qemu-system-x86_64 -accel tcg,thread=single -cpu max -m 512 -smp 2 -nographic -no-reboot \
	-kernel "$build/linux/vmlinuz" -initrd "$build/linux/initramfs" \
	-append 'console=ttyS0 panic=-1 quiet seamless.shell' <"$work/in" >"$work/out" 2>&1 &
qemu=$!
exec 3>"$work/in"
for _ in $(seq 180); do
	grep -q 'a shell; leave it' "$work/out" && break
	sleep 1
done
cat >&3 <<'COMMANDS'
mount -t configfs config /sys/kernel/config; while read m; do insmod $m && echo loaded $m; done </modules/order; mount -t configfs config /sys/kernel/config
/bin/attest report 00; attest report $(printf '%0128d' 7); attest quote $(printf '%0128d' 7); attest log
ls -d /sys/kernel/config/tsm
exit
COMMANDS
exec 3>&-
wait $qemu || fail "QEMU ended with $?: $(tail -n 20 "$work/out")"

has() { # REGULAR EXPRESSION
	tr -d '\r' <"$work/out" | grep -q -e "$1" || fail "no '$1' in: $(cat "$work/out")"
}

has 'init: Linux 6\.12.*, 2 CPUs, [0-9.]* s after its start$'
has '^init: /proc/cpuinfo lacks tdx_guest: this is no TD$'
has '^loaded /modules/configfs\.ko$'
has '^loaded /modules/tsm\.ko$'
has "can't insert '/modules/tdx-guest.ko': No such device"
has '^usage: attest report NONCE'
has '^attest: /dev/tdx_guest: No such file or directory$'
has '^attest: /sys/kernel/config/tsm/report/seamless: '
has '^attest: /sys/firmware/acpi/tables/data/CCEL: No such file or directory$'
has '^/sys/kernel/config/tsm$'
has '^init: power off, '

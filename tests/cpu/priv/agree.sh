#!/bin/sh
# SPDX-License-Identifier: MIT
# The self-checking program must pass in QEMU too, and say the same there as in the interpreter, line by line but for what
# either leaves out. Usage: agree.sh RUNNER ELF
set -eu
command -v qemu-system-x86_64 >/dev/null || {
	echo "skipped: no qemu-system-x86_64 (Debian's package qemu-system-x86)"
	exit 77
}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
"$1" "$2" >"$dir/interpreter"
status=0
timeout 250 qemu-system-x86_64 -M microvm -cpu max,vendor=GenuineIntel -accel tcg,thread=single -m 64 -display none \
	-nodefaults -no-reboot -kernel "$2" -debugcon "file:$dir/qemu" \
	-device isa-debug-exit,iobase=0xf4,iosize=1 || status=$?
# isa-debug-exit turns the program's 0 into 1
[ "$status" = 1 ] && grep -q '^PASSED$' "$dir/qemu" || {
	echo "QEMU ended with status $status; the program said:"
	grep -v '^ok' "$dir/qemu"
	exit 1
}
for who in interpreter qemu; do
	grep '^skip' "$dir/$who" | sed "s/^skip/$who skips/" || true
	grep '^is ' "$dir/$who" >"$dir/$who.values"
	grep '^ok ' "$dir/$who" | sort >"$dir/$who.ok"
done
diff "$dir/interpreter.values" "$dir/qemu.values"
if comm -13 "$dir/interpreter.ok" "$dir/qemu.ok" | grep .; then
	echo "QEMU checked these, the interpreter did not"
	exit 1
fi
echo "$(comm -12 "$dir/interpreter.ok" "$dir/qemu.ok" | wc -l) checks pass in both," \
	"$(comm -23 "$dir/interpreter.ok" "$dir/qemu.ok" | wc -l) more in the interpreter"

#!/bin/sh
# SPDX-License-Identifier: MIT
# Boots the kernels that build.sh prepared in QEMU (TCG: no /dev/kvm needed) with BusyBox, loads core, consumer and common cases once
# per SEAMCALL site, and judges by what the kernel's log says. Usage: boot.sh WORKDIR [KERNEL...]
set -eu
work=$(cd "$1" && pwd)
shift
[ $# -gt 0 ] || set -- 6.1 6.12
root=$(dirname "$work")/debian
failed=0
. "$(dirname "$0")/../tools/debian.sh"

debian_unpack "$root" busybox-static
for tool in qemu-system-x86_64 cpio; do
	command -v $tool >/dev/null || {
		echo "boot: '$tool' not found: packages qemu-system-x86, cpio" >&2
		exit 1
	}
done

# the modules that kvm_host.h's consumer needs from the kernel package: none; core and consumer stand alone
initramfs() { # RELEASE
	tree=$work/initramfs-$1
	rm -rf "$tree"
	mkdir -p "$tree/bin" "$tree/proc" "$tree/sys" "$tree/dev"
	cp "$root/bin/busybox" "$tree/bin/busybox"
	for site in ud gp vmfail; do
		mkdir -p "$tree/$site"
		for module in core consumer cases; do
			cp "$work/$1-$site/seamless_$module.ko" "$tree/$site"
		done
	done
	cat >"$tree/init" <<-'EOF'
	#!/bin/busybox sh
	/bin/busybox mount -t proc proc /proc
	/bin/busybox mount -t devtmpfs dev /dev
	for site in ud gp vmfail; do
		/bin/busybox insmod /$site/seamless_core.ko || echo "seamless: WRONG core of site $site did not load"
		/bin/busybox insmod /$site/seamless_consumer.ko expect=$site || echo "seamless: WRONG consumer of site $site did not load"
		/bin/busybox insmod /$site/seamless_cases.ko expect=$site || echo "seamless: WRONG common cases of site $site did not load"
		/bin/busybox rmmod seamless_cases
		/bin/busybox rmmod seamless_consumer
		/bin/busybox rmmod seamless_core
	done
	echo "seamless: alive after all, $(/bin/busybox uname -r)" >/dev/kmsg
	/bin/busybox sync
	/bin/busybox reboot -f
	EOF
	chmod +x "$tree/init"
	(cd "$tree" && find . | cpio -o -H newc --quiet) | gzip -1 >"$work/initramfs-$1.gz"
}

boot() { # RELEASE LOG
	timeout 300 qemu-system-x86_64 -accel tcg,thread=single -cpu max -m 512 -smp 2 -nographic -no-reboot \
		-kernel "$root/boot/vmlinuz-$1" -initrd "$work/initramfs-$1.gz" \
		-append 'console=ttyS0 panic=-1 quiet loglevel=7' </dev/null >"$2" 2>&1
}

# for each site: the consumer's checks and the common cases
checks=$((3 * (5 + 10)))

judge() { # RELEASE LOG
	grep -a 'seamless' "$2" | sed 's/^\[[^]]*\] //; s/\r$//'
	right=$(grep -ac 'seamless: ok' "$2") || true
	wrong=$(grep -ac -e 'seamless: WRONG' -e 'Oops' -e 'Kernel panic' -e 'BUG:' "$2") || true
	if [ "$right" = $checks ] && [ "$wrong" = 0 ] && grep -aq 'seamless: alive after all' "$2"; then
		echo "boot: $1: $checks checks right, the kernel lives on; #UD is the real instruction's, #GP and VMfailInvalid a patched site's"
	else
		echo "boot: $1: $right checks right ($checks expected), $wrong wrong; the log is $2"
		tail -n 30 "$2"
		failed=1
	fi
}

for series in "$@"; do
	release=$(cat "$work/release-$series")
	initramfs "$release"
	boot "$release" "$work/boot-$series.log" || true
	judge "$release" "$work/boot-$series.log"
done
exit $failed

#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes BUILD/linux/vmlinuz, Debian's cloud kernel as packaged, and BUILD/linux/initramfs: our init and attest, BusyBox, and
# the kernel's modules for attestation. With another FLAVOUR of it, `amd64`, in BUILD/linux-FLAVOUR. The same packages give the
# same bytes. Usage: build.sh BUILD [FLAVOUR]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "$1" && pwd)
root=$build/debian
out=$build/linux${2:+-$2}
. "$here/../../tools/debian.sh"

image=$(debian_versioned "linux-image-6.12-${2:-cloud-amd64}" .)
debian_unpack "$root" "$image" busybox-static
release=${image#linux-image-}
modules=$root/lib/modules/$release/kernel

# The file of a module: Linux takes - and _ in its name for the same.
module_file() {
	found=$(find "$modules" -name "$(echo "$1" | sed 's/[-_]/[-_]/g').ko.xz")
	[ -n "$found" ] || {
		echo "build: $image has no module $1" >&2
		return 1
	}
	echo "$found"
}

# Unpacks a module after those that it depends on, and notes the order.
add_module() { # TREE NAME
	grep -qx "/modules/$2.ko" "$1/modules/order" && return
	xz -dc "$(module_file "$2")" >"$1/modules/$2.ko"
	for needed in $(tr '\0' '\n' <"$1/modules/$2.ko" | sed -n 's/^depends=//p' | tr , ' '); do
		add_module "$1" "$needed"
	done
	echo "/modules/$2.ko" >>"$1/modules/order"
}

populate() { # TREE
	mkdir -p "$1/bin" "$1/dev" "$1/modules" "$1/proc" "$1/sys" "$1/tmp"
	: >"$1/modules/order"
	cp "$root/bin/busybox" "$build/guest/linux/attest" "$1/bin"
	cp "$here/init" "$1/init"
	for name in configfs tsm tdx-guest; do
		add_module "$1" $name
	done
	find "$1" -type d -exec chmod 755 {} +
	find "$1" -type f -exec chmod 644 {} +
	chmod 755 "$1/init" "$1"/bin/*
	find "$1" -exec touch -h -d @0 {} +
}

mkdir -p "$out"
tree=$(mktemp -d -p "$out")
trap 'rm -rf "$tree"' EXIT
populate "$tree"
(cd "$tree" && find . | LC_ALL=C sort | cpio -o -H newc --reproducible -R 0:0 --quiet) | gzip -9n >"$tree.gz"
mv "$tree.gz" "$out/initramfs"
ln -sf "../debian/boot/vmlinuz-$release" "$out/vmlinuz"
echo "build: $out/vmlinuz is $release, $out/initramfs has $(stat -c %s "$out/initramfs") bytes"

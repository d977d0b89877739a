#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds the modules for Debian's packaged kernels, 6.1 and 6.12, in a throwaway folder: the headers and image
# packages are downloaded and unpacked beside it, in `debian`, never installed. For each kernel: the core with its three
# SEAMCALL sites, the consumer, and the rogue, which must not link. Usage: build.sh WORKDIR [KERNEL...]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(dirname "$here")
mkdir -p "$1"
work=$(cd "$1" && pwd)
root=$(dirname "$work")/debian
shift
[ $# -gt 0 ] || set -- 6.1 6.12

. "$top/tools/debian.sh"

# downloads and unpacks the packages of one kernel series; prints its release
unpack() {
	case $1 in
	6.1) headers=$(debian_versioned linux-headers-cloud-amd64 .) kbuild=linux-kbuild-6.1 ;;
	6.12) headers=$(debian_versioned linux-headers-6.12-cloud-amd64 .) kbuild= ;;
	*)
		echo "build: no kernel series '$1': 6.1 or 6.12" >&2
		return 1
		;;
	esac
	[ -n "$headers" ] || return
	release=${headers#linux-headers-}
	version=${release%-cloud-amd64}
	: "${kbuild:=linux-kbuild-$version}"
	debian_unpack "$root" "$headers" "linux-headers-$version-common" "$kbuild" "linux-image-$release" || return
	for tree in "$root/usr/src/linux-headers-$version"-*; do
		sed -i "s,^include /usr/src/,include $root/usr/src/," "$tree/Makefile"
		rm -f "$tree/vmlinux" # only for BTF, which modules here do without
	done
	echo "$release"
}

# modules RELEASE SITE [ROGUE]: builds in $work/RELEASE-SITE
modules() {
	dir=$work/$1-$2
	mkdir -p "$dir"
	cp "$here"/*.c "$here"/*.h "$here"/*.S "$here"/Kbuild "$top"/tests/tdx/common/*.[ch] "$dir"
	mkdir -p "$dir/tdx"
	cp "$top"/include/tdx/* "$dir/tdx"
	python3 "$top/tools/abi/generate.py" --prefix sl --output "$dir/sl"
	make -C "$root/usr/src/linux-headers-$1" M="$dir" SITE="$2" ROGUE="${3:-}" modules >"$dir/log" 2>&1
}

for series in "$@"; do
	release=$(unpack "$series")
	for site in ud gp vmfail; do
		modules "$release" $site || {
			cat "$work/$release-$site/log"
			exit 1
		}
		if grep -i 'warning' "$work/$release-$site/log"; then
			echo "build: $release, site $site: warnings" >&2
			exit 1
		fi
	done
	if modules "$release" ud rogue; then
		echo "build: $release: seamless_rogue linked, though the thunk is hidden" >&2
		exit 1
	fi
	grep -q '__sl_tdx_seamcall.*undefined' "$work/$release-ud/log" || {
		cat "$work/$release-ud/log"
		echo "build: $release: seamless_rogue failed for another reason than the hidden thunk" >&2
		exit 1
	}
	modules "$release" ud
	echo "$release" >"$work/release-$series"
	echo "build: $release: core with three sites, consumer, common cases; rogue refused by the linker, as it must be"
done

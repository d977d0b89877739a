#!/bin/sh
# SPDX-License-Identifier: MIT
# The example as an outsider has it: a copy of its folder, built by its own Makefile with the installed library alone, passes its
# tests, and they find each planted mistake.
# Usage: outside.sh INSTALLED_SH MESON SOURCE_ROOT BUILD_ROOT PREFIX COMPILER...
set -eu
. "$1"
source=$3
build=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

install_into "$2" "$4" "$5"
shift 5
cp -r "$source/examples/hypervisor" "$work/hypervisor"
cd "$work/hypervisor"
rm -rf build
env -i PATH="$PATH" HOME="$work" PKG_CONFIG_PATH="$PKG_CONFIG_PATH" make -s -j2 CC="$*" \
	CFLAGS='-O1 -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Werror' check

# What the compiler read: the copy, the prefix and the system.
cat build/*.d build/right/*.d | tr ' \\' '\n\n' | grep / | sort -u >"$work/read"
grep -q "^$root/include/seamless/seamless.h" "$work/read" || { echo 'the installed headers were not used'; exit 1; }
if grep -e "^$source/" -e "^$build/" "$work/read"; then
	echo 'were read: they are not installed'
	exit 1
fi

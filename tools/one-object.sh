#!/bin/sh
# SPDX-License-Identifier: MIT
# The library that is installed: one object, in which nothing has a name for others but what the headers declare. A program that has an
# ept_walk() of its own, or embeds tdx_core.c, links with it.
# Usage: one-object.sh OUTPUT ARCHIVE OBJCOPY AR COMPILER...
set -eu
out=$1 archive=$2 objcopy=$3 ar=$4
shift 4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$@" -r -nostdlib -o "$work/seamless.o" -Wl,--whole-archive "$archive"
"$objcopy" -w --keep-global-symbol='seamless_*' --keep-global-symbol='__tdx_*' --keep-global-symbol='seamcall*' \
	--keep-global-symbol='tdcall*' "$work/seamless.o"
rm -f "$out"
"$ar" rcsD "$out" "$work/seamless.o"

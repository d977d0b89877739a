#!/bin/sh
# SPDX-License-Identifier: MIT
# The library that is installed: one object, in which nothing has a name for others but what the headers declare. A program that has an
# ept_walk() of its own, or embeds tdx_core.c, links with it.
# Usage: one-object.sh OUTPUT WHOLE_ARCHIVE ARCHIVE OBJCOPY AR COMPILER...; of the second archive only what the first needs
set -eu
out=$1 whole=$2 more=$3 objcopy=$4 ar=$5
shift 5
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$@" -r -nostdlib -o "$work/seamless.o" -Wl,--whole-archive "$whole" -Wl,--no-whole-archive "$more"
"$objcopy" -w --keep-global-symbol='seamless_*' --keep-global-symbol='__tdx_*' --keep-global-symbol='seamcall*' \
	--keep-global-symbol='tdcall*' "$work/seamless.o"
rm -f "$out"
"$ar" rcsD "$out" "$work/seamless.o"

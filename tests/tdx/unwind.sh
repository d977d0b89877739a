#!/bin/sh
# SPDX-License-Identifier: MIT
# The stack is unwound through the thunk, by the compiler's own unwinder and by gdb: both compilers, red zone or not, frame
# pointers or not. gdb stops at the instruction, which faults, and must name every caller.
# Usage: unwind.sh SOURCE_ROOT INCLUDE_DIR
set -eu
root=$1
include=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
count=0

chain() { # call: the frames that gdb must show, in order, for that call
	case $1 in
	host) echo "__tdx_seamcall tdh_mem_track leaf_host middle outer" ;;
	guest) echo "__tdx_tdcall tdg_vp_invept leaf_guest middle outer" ;;
	l2) echo "__tdx_tdcall __tdx_tdcall_keep_rbp tdg_vp_enter leaf_l2 middle outer" ;;
	enter) echo "__tdx_seamcall __tdx_vp_enter tdh_vp_enter leaf_enter middle outer" ;;
	esac
}

gdb_names() { # call: the functions of gdb's backtrace in one line, without the step over the red zone
	timeout 120 gdb -nx -q -batch -iex 'set debuginfod enabled off' -ex run -ex backtrace --args "$work/unwind" "$1" \
		>"$work/gdb" 2>&1
	sed -n 's/^#[0-9]* *\(0x[0-9a-f]* in \)\{0,1\}\([a-z_0-9]*\) (.*/\2/p' "$work/gdb" | grep -v _stepped | tr '\n' ' '
}

look() { # with gdb
	for call in host guest l2 enter; do
		case "$(gdb_names $call)" in
		"$(chain $call) "*) ;;
		*)
			cat "$work/gdb"
			echo "gdb, call $call: expected $(chain $call)"
			exit 1
			;;
		esac
	done
}

for cc in gcc clang; do
	command -v $cc >/dev/null || { echo "$cc: not installed, not tried"; continue; }
	for zone in '' '-mno-red-zone -DTDX_NO_RED_ZONE'; do
		for frame in -fomit-frame-pointer -fno-omit-frame-pointer; do
			for opt in -O0 -Os -O2; do
				# shellcheck disable=SC2086 # words are wanted
				$cc -std=gnu11 -Wall -Wextra -Werror -g $opt $zone $frame -I "$include" \
					"$root/tests/tdx/unwind.c" "$root/include/tdx/tdx_call.S" -o "$work/unwind"
				"$work/unwind" || { echo "failed: $cc $opt $zone $frame"; exit 1; }
				count=$((count + 1))
			done
			command -v gdb >/dev/null || { echo "gdb: not installed, not tried"; continue; }
			look
		done
	done
done
[ $count -gt 0 ] || { echo "no compiler"; exit 1; }
echo "$count builds unwound"

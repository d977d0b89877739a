#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds the call layer in the ways its users do: C11, gnu17, C++17; freestanding with kernel flags, frame pointers on and off,
# -fcf-protection; inside a kernel without <stdint.h>; PIC with lazy binding; out of line; every optimization level; each header
# alone; as a prefixed copy; and runs the register test at -O0 and -Os with both compilers.
# Usage: builds.sh SOURCE_ROOT VIEW_DIR
set -eu
root=$1
view=$2
here=$root/tests/tdx
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
strict="-Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Werror"
kernel="-ffreestanding -mno-red-zone -DTDX_NO_RED_ZONE -mcmodel=kernel -fno-pic -mno-sse -mno-mmx -mno-80387"
count=0

build() { # compiler and options; compiles everywhere.c
	count=$((count + 1))
	"$@" -I "$view" -c "$here/everywhere.c" -o "$work/o.o" || { echo "failed: $*"; exit 1; }
}

# A kernel's headers, as few as the call layer asks for: no <stdint.h>, u64 is unsigned long long.
make_kernel_headers() {
	mkdir -p "$work/kernel/linux" "$work/kernel/asm"
	echo 'typedef unsigned long long u64; typedef unsigned int u32; typedef unsigned short u16; typedef unsigned char u8;' \
		>"$work/kernel/linux/types.h"
	echo 'register unsigned long current_stack_pointer __asm__("rsp");' >"$work/kernel/asm/asm.h"
}

headers() { # compiler and options: each public header alone
	for header in "$root"/include/tdx/*.h; do
		case $header in */tdh_extern.h) ooline=-DTDX_OUT_OF_LINE ;; *) ooline= ;; esac
		# shellcheck disable=SC2086 # no word, or one
		echo "#include \"tdx/${header##*/}\"" | "$@" $ooline -I "$view" -fsyntax-only - \
			|| { echo "${header##*/} does not stand alone: $*"; exit 1; }
	done
}

# One image has the thunk and one function per leaf; another calls the leaves and can't name the thunk.
out_of_line() { # compiler
	cat >"$work/consumer.c" <<-'END'
	#define TDX_OUT_OF_LINE
	#define TDX_WANT_IDLE_LEAVES
	#include "tdx/tdx.h"
	int main(int argc, char **argv)
	{
		(void)argv;
		return argc > 100 && tdx_status_ok(tdh_mem_track(tdx_tdr(0))) && tdx_status_ok(tdh_sys_lp_shutdown());
	}
	END
	echo 'void __tdx_seamcall(void); int main(void) { __tdx_seamcall(); }' >"$work/rogue.c"
	"$1" -O2 $strict -fPIC -shared -DTDX_WANT_IDLE_LEAVES -I "$view" "$root/include/tdx/tdx_core.c" "$root/include/tdx/tdx_call.S" \
		-o "$work/libcore.so"
	"$1" -O2 $strict -I "$view" "$work/consumer.c" -o "$work/consumer" -L "$work" -lcore -Wl,-rpath,"$work"
	"$work/consumer" || { echo "$1: the out-of-line consumer does not run"; exit 1; }
	if "$1" "$work/rogue.c" -o "$work/rogue" -L "$work" -lcore 2>/dev/null; then
		echo "$1: a consumer can name the thunk"
		exit 1
	fi
}

# With -fcf-protection every function of the assembly starts with an end-branch, and the object says so.
end_branches() { # compiler
	"$1" $strict -fcf-protection -c "$root/include/tdx/tdx_call.S" -o "$work/call.o"
	functions=$(readelf -sW "$work/call.o" | grep -c ' FUNC ')
	starts=$(objdump -d "$work/call.o" | grep -A1 '^[0-9a-f]* <[a-z_]*>:$' | grep -c endbr64)
	[ "$functions" = "$starts" ] || { echo "$1: $functions functions, $starts end-branches"; exit 1; }
	readelf -n "$work/call.o" | grep -q 'IBT, SHSTK' || { echo "$1: the object is not marked for IBT and SHSTK"; exit 1; }
}

# The consumer's section, return and entry: no function is left in another section, none returns or starts otherwise.
attributes() { # compiler
	cat >"$work/own.S" <<-'END'
	#define TDX_TEXT_SECTION .section .noinstr.text, "ax"
	#define TDX_RET jmp consumer_return_thunk
	#define TDX_ENTRY xchg %ax, %ax
	#include "tdx/tdx_call.S"
	END
	"$1" -I "$view" -c "$work/own.S" -o "$work/own.o"
	objdump -d "$work/own.o" >"$work/own.txt"
	functions=$(readelf -sW "$work/own.o" | grep -c ' FUNC ')
	starts=$(grep -A1 '^[0-9a-f]* <[a-z_]*>:$' "$work/own.txt" | grep -c 'xchg *%ax,%ax')
	[ "$functions" = "$starts" ] || { echo "$1: $functions functions, $starts with the consumer's entry"; exit 1; }
	if grep -q 'ret *$' "$work/own.txt"; then
		echo "$1: a function returns without the consumer's thunk"
		exit 1
	fi
	objdump -r "$work/own.o" | grep -q consumer_return_thunk || { echo "$1: nothing uses the return thunk"; exit 1; }
	if [ "$(grep '^Disassembly of section' "$work/own.txt")" != "Disassembly of section .noinstr.text:" ]; then
		echo "$1: code outside the consumer's section"
		exit 1
	fi
}

# Everything that a prefixed copy defines has the prefix: macros, functions, types, symbols of the object.
prefixed_names() { # compiler
	echo '#include <stddef.h>
	#include <stdint.h>' >"$work/without.h"
	{ cat "$work/without.h"; echo '#include "prefixed/tdx.h"'; } >"$work/with.h"
	for which in without with; do
		"$1" -x c -dM -E "$work/$which.h" -I "$work" | awk '{ sub(/\(.*/, "", $2); print $2 }' | sort >"$work/$which.macros"
	done
	if comm -13 "$work/without.macros" "$work/with.macros" | grep -v -e '^MINE_' -e '^mine_'; then
		echo "$1: macros of a prefixed copy without the prefix"
		exit 1
	fi
	"$1" -c "$work/prefixed/tdx_call.S" -o "$work/prefixed.o"
	if nm -g --defined-only "$work/prefixed.o" | awk '{ print $3 }' | grep -v -e '^mine_' -e '^__mine_'; then
		echo "$1: symbols of a prefixed copy without the prefix"
		exit 1
	fi
	"$1" -x c -E -P "$work/with.h" -I "$work" | grep -oE '\b(tdx|tdh|tdg|seamcall|tdcall|tdvmcall)[a-z0-9_]*' | sort -u >"$work/words" || true
	if [ -s "$work/words" ]; then
		cat "$work/words"
		echo "$1: names of a prefixed copy without the prefix"
		exit 1
	fi
}

make_kernel_headers
for cc in gcc clang; do
	command -v $cc >/dev/null || { echo "$cc: not installed, not tried"; continue; }
	for opt in -O0 -O1 -O2 -Os; do
		build $cc -std=c11 $opt $strict
		build $cc -std=gnu17 $opt $strict $kernel -fno-omit-frame-pointer
	done
	build $cc -std=gnu11 -O2 $strict $kernel -fomit-frame-pointer -fcf-protection=branch
	build $cc -std=gnu11 -O2 $strict $kernel -fno-omit-frame-pointer -fcf-protection
	for opt in -O0 -O2 -Os; do
		build $cc -std=gnu11 $opt $strict $kernel -D__KERNEL__ -nostdinc -I "$work/kernel"
	done
	headers $cc -std=c11 $strict -x c
	build $cc -std=gnu11 -O2 $strict -fPIC -fomit-frame-pointer
	build $cc -std=gnu11 -O2 $strict -DTDX_CALL_INLINE
	for opt in -O0 -Os "-O2 -fno-omit-frame-pointer -fcf-protection" "-O2 -mno-red-zone -DTDX_NO_RED_ZONE -fomit-frame-pointer"; do
		# shellcheck disable=SC2086 # words are wanted
		$cc $opt $strict -I "$view" -I "$here" "$here/test_typed.c" "$here/recorder.c" "$root/src/lib/transport_sw.S" \
			"$root/abi/gen/leaves.c" -o "$work/typed"
		"$work/typed" >"$work/out" || { cat "$work/out"; echo "$cc $opt: registers are wrong"; exit 1; }
	done
	# From a shared object that binds lazily: no stub may run between operands (R10, R11) and the thunk.
	$cc -O2 $strict -fPIC -shared -Wl,-z,lazy -Dmain=typed_main -Wno-missing-prototypes -I "$view" -I "$here" \
		"$here/test_typed.c" "$here/recorder.c" "$root/src/lib/transport_sw.S" "$root/abi/gen/leaves.c" \
		-o "$work/libtyped.so"
	echo 'int typed_main(void); int main(void) { return typed_main(); }' |
		$cc -x c - -o "$work/lazy" -L "$work" -ltyped -Wl,-z,lazy -Wl,-rpath,"$work"
	"$work/lazy" >"$work/out" || { cat "$work/out"; echo "$cc: wrong from a shared object"; exit 1; }
	if objdump -R "$work/libtyped.so" | grep -q '__tdx_'; then
		echo "$cc: a thunk is bound at run time"
		exit 1
	fi
	end_branches $cc
	out_of_line $cc
	python3 "$root/tools/abi/generate.py" --prefix mine --output "$work/prefixed"
	$cc $strict -O2 -I "$work" -I "$here" "$here/prefixed.c" "$work/prefixed/tdx_call.S" -o "$work/prefixed.exe"
	prefixed_names $cc
	attributes $cc
done
for cxx in g++ clang++; do
	command -v $cxx >/dev/null || { echo "$cxx: not installed, not tried"; continue; }
	for opt in -O0 -O2 -Os; do
		build $cxx -std=c++17 -x c++ $opt $strict
		build $cxx -std=c++17 -x c++ $opt $strict $kernel -fno-exceptions -fno-rtti
	done
	headers $cxx -std=c++17 $strict -x c++
done
[ $count -gt 0 ] || { echo "no compiler"; exit 1; }
echo "$count builds"

#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds the call layer in the ways its users do: C11, gnu17, C++17; freestanding with kernel flags; PIC; every optimization
# level; as a prefixed copy; and runs the register test at -O0 and -Os with both compilers.
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

for cc in gcc clang; do
	command -v $cc >/dev/null || { echo "$cc: not installed, not tried"; continue; }
	for opt in -O0 -O1 -O2 -Os; do
		build $cc -std=c11 $opt $strict
		build $cc -std=gnu17 $opt $strict $kernel -fno-omit-frame-pointer
	done
	build $cc -std=gnu11 -O2 $strict $kernel -fomit-frame-pointer -fcf-protection=branch
	build $cc -std=gnu11 -O2 $strict -fPIC -fomit-frame-pointer
	build $cc -std=gnu11 -O2 $strict -DTDX_CALL_INLINE
	for opt in -O0 -Os; do
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
	$cc $strict -fcf-protection -c "$root/include/tdx/tdx_call.S" -o "$work/call.o"
	python3 "$root/tools/abi/generate.py" --prefix mine --output "$work/prefixed"
	$cc $strict -O2 -I "$work" -I "$here" "$here/prefixed.c" "$work/prefixed/tdx_call.S" -o "$work/prefixed.exe"
done
for cxx in g++ clang++; do
	command -v $cxx >/dev/null || { echo "$cxx: not installed, not tried"; continue; }
	for opt in -O0 -O2 -Os; do
		build $cxx -std=c++17 -x c++ $opt $strict
	done
done
[ $count -gt 0 ] || { echo "no compiler"; exit 1; }
echo "$count builds"

#!/bin/sh
# SPDX-License-Identifier: MIT
# Each CASE of mustfail.c must be refused by each compiler that there is, in C and in C++; CASE 0 and the number after the
# last, which have no mistake, must be taken. The same for the slots of struct tdx_module_args in assembly.
# Usage: mustfail.sh SOURCE_DIR INCLUDE_DIR
set -u
source=$1/mustfail.c
include=$2
cases=38
bad=0 tried=0

try() { # compiler, standard, language, case, options
	"$1" "-std=$2" -x "$3" -Werror -Wall -Wextra -fsyntax-only "-DCASE=$4" -I "$include" "$source" >/dev/null 2>&1
}

for entry in gcc:gnu11:c clang:c11:c g++:c++17:c++ clang++:c++17:c++; do
	compiler=${entry%%:*} rest=${entry#*:}
	standard=${rest%%:*} language=${rest#*:}
	command -v "$compiler" >/dev/null || { echo "$compiler: not installed, not tried"; continue; }
	tried=$((tried + 1))
	for right in 0 $((cases + 1)); do
		try "$compiler" "$standard" "$language" $right || { echo "$compiler: correct case $right is refused"; bad=1; }
	done
	n=1
	while [ $n -le $cases ]; do
		if try "$compiler" "$standard" "$language" $n; then
			echo "$compiler: mistake $n compiles"
			bad=1
		fi
		n=$((n + 1))
	done
done
# The slots that hold no operand can't be named from assembly.
slot() { # compiler, register
	printf '#include "tdx/args.h"\n\tmov TDX_ARGS_%s(%%rdi), %%rax\n' "$2" |
		"$1" -x assembler-with-cpp -c -I "$include" - -o /dev/null >/dev/null 2>&1
}

for compiler in gcc clang; do
	command -v "$compiler" >/dev/null || continue
	for register in RCX RDX RBX RSI RDI R8 R9 R10 R11 R12 R13 R14 R15; do
		slot "$compiler" $register || { echo "$compiler: assembly can't name the slot of $register"; bad=1; }
	done
	for register in RAX RSP RBP; do
		if slot "$compiler" $register; then
			echo "$compiler: assembly can name the slot of $register"
			bad=1
		fi
	done
done
[ $tried -gt 0 ] || { echo "no compiler"; exit 1; }
echo "$tried compilers, $cases mistakes each"
exit $bad

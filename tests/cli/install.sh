#!/bin/sh
# SPDX-License-Identifier: MIT
# What is installed serves a program outside of this tree: headers, library and pkg-config file are enough to build it.
# Usage: install.sh MESON BUILD_ROOT PREFIX COMPILER...
set -eu
meson=$1 build=$2 prefix=$3
shift 3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

DESTDIR="$work/root" "$meson" install -C "$build" --no-rebuild >"$work/log" 2>&1 || {
	cat "$work/log"
	exit 1
}
cat >"$work/program.c" <<'END'
#include <seamless/seamless.h>
#include <stdio.h>
#include <tdx/tdx.h>

int main(void)
{
	char why[160] = "";
	struct seamless_machine *machine = seamless_create(NULL, why, sizeof(why));
	uint8_t key[32];

	if (!machine) {
		puts(why);
		return 1;
	}
	seamless_report_key(machine, key);
	seamless_destroy(machine);
	printf("leaf %d\n", (int)TDX_VMCALL_FN_GET_QUOTE);
	return 0;
}
END
pc=$(find "$work/root" -name seamless.pc)
flags() {
	PKG_CONFIG_PATH=$(dirname "$pc") pkg-config --static --define-variable=prefix="$work/root$prefix" "$@" seamless
}
# shellcheck disable=SC2046 # words are wanted
"$@" -Wall -Werror $(flags --cflags) -o "$work/program" "$work/program.c" $(flags --libs)
[ "$("$work/program")" = 'leaf 65538' ]
"$work/root$prefix/bin/seamless" --version | grep -q "^seamless $(flags --modversion)$"

#!/bin/sh
# SPDX-License-Identifier: MIT
# What is installed serves a program outside of this tree: headers, libraries and pkg-config files are enough to build it, with the
# module inside (seamless) and with the call layer alone (tdx); man finds a leaf's page.
# Usage: install.sh SOURCE_ROOT MESON BUILD_ROOT PREFIX COMPILER...
set -eu
. "$(dirname "$0")/installed.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

source=$1
install_into "$2" "$3" "$4"
shift 4
for language in 'c -std=c11' 'c++ -std=c++17'; do
	# shellcheck disable=SC2046,SC2086 # words are wanted
	"$@" -x $language -Wall -Werror $(pkg-config --cflags seamless) -o "$work/first" "$source/examples/first.c" -x none \
		$(pkg-config --libs seamless)
	"$work/first" >"$work/said"
	grep -qFx "    $(cat "$work/said")" "$source/docs/library.md" || { cat "$work/said"; echo 'is not what the guide shows'; exit 1; }
done
"$root/bin/seamless" --version | grep -q "^seamless $(pkg-config --modversion seamless)$"

# The library takes no name from a program but those that its headers declare, and no file of the machine that built it is named.
nm -gP --defined-only "$(pkg-config --variable=libdir seamless)/libseamless.a" | sed -n 's/ .*//p' >"$work/names"
if grep -v -e '^seamless_' -e '^__tdx_' -e '^seamcall' -e '^tdcall' "$work/names"; then
	echo 'are names that the library exports, and no header declares'
	exit 1
fi
if grep -e '^Libs:.*\.so' -e '^Cflags:.*-I/usr/include' "$PKG_CONFIG_PATH/seamless.pc"; then
	echo 'names a place of the machine that built it'
	exit 1
fi

# Each header stands alone, in C11 and C++17.
for header in "$root"/include/tdx/*.h "$root"/include/seamless/*.h; do
	name=${header#"$root"/include/}
	case $name in tdx/tdh_extern.h) defined=-DTDX_OUT_OF_LINE ;; *) defined=-DNOTHING ;; esac
	for language in 'c -std=c11' 'c++ -std=c++17'; do
		# shellcheck disable=SC2046,SC2086 # words are wanted
		echo "#include <$name>" | "$@" -x $language -Wall -Wextra -Wconversion -Wno-sign-conversion -Werror $defined $(pkg-config --cflags seamless) \
			-fsyntax-only - || { echo "$name does not stand alone: $language"; exit 1; }
	done
done

# The call layer alone: headers and the source of the thunk, nothing to link.
cat >"$work/layer.c" <<'END'
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <tdx/tdx.h>

static void no_tdx_here(int number)
{
	(void)number;
	puts("the instruction");
	exit(0);
}

int main(void)
{
	signal(SIGILL, no_tdx_here);
	signal(SIGSEGV, no_tdx_here);
	return tdx_status_ok(tdh_mem_track(tdx_tdr(0x1000)));
}
END
# shellcheck disable=SC2046 # words are wanted
"$@" -Wall -Wextra -Werror $(pkg-config --cflags tdx) -o "$work/layer" "$work/layer.c" $(pkg-config --variable=thunk tdx)
[ -z "$(pkg-config --libs tdx)" ]
[ "$("$work/layer")" = 'the instruction' ]

man=$root/share/man
[ -f "$root/share/doc/seamless/html/index.html" ]
for page in tdh_mem_page_add tdh_mng_create_retry tdg_vp_vmcall_map_gpa tdh_export_mem_finish tdx; do
	command -v man >/dev/null || { echo "man: not installed, not tried"; break; }
	MANPAGER=cat man -M "$man" "$page" 2>&1 | grep -q "tdx/tdx.h" || { echo "man $page: not the page"; exit 1; }
done

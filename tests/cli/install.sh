#!/bin/sh
# SPDX-License-Identifier: MIT
# What is installed serves a program outside of this tree: headers, libraries and pkg-config files are enough to build it, with the
# module inside (seamless) and with the call layer alone (tdx); man finds a leaf's page.
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
	struct seamless_recording *recording;
	struct seamless_snapshot *snapshot;
	FILE *transcript;
	uint8_t key[32];

	if (!machine) {
		puts(why);
		return 1;
	}
	seamless_report_key(machine, key);
	transcript = fopen("/dev/null", "w");
	recording = seamless_record_start(machine, transcript);
	if (!recording || !seamless_record_end(recording) || fclose(transcript))
		return 1;
	snapshot = seamless_snapshot_take(machine, why, sizeof(why));
	if (!snapshot || !seamless_snapshot_restore(snapshot, machine, why, sizeof(why)))
		return 1;
	seamless_snapshot_free(snapshot);
	seamless_destroy(machine);
	printf("leaf %d\n", (int)TDX_VMCALL_FN_GET_QUOTE);
	return 0;
}
END
pc=$(dirname "$(find "$work/root" -name seamless.pc)")
flags() { # what pkg-config says of the installed copy
	PKG_CONFIG_PATH=$pc pkg-config --static --define-variable=prefix="$work/root$prefix" "$@"
}
# shellcheck disable=SC2046 # words are wanted
"$@" -Wall -Werror $(flags --cflags seamless) -o "$work/program" "$work/program.c" $(flags --libs seamless)
[ "$("$work/program")" = 'leaf 65538' ]
"$work/root$prefix/bin/seamless" --version | grep -q "^seamless $(flags --modversion seamless)$"

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
"$@" -Wall -Wextra -Werror $(flags --cflags tdx) -o "$work/layer" "$work/layer.c" $(flags --variable=thunk tdx)
[ -z "$(flags --libs tdx)" ]
[ "$("$work/layer")" = 'the instruction' ]

man=$work/root$prefix/share/man
[ -f "$work/root$prefix/share/doc/seamless/html/index.html" ]
for page in tdh_mem_page_add tdh_mng_create_retry tdg_vp_vmcall_map_gpa tdh_export_mem_finish tdx; do
	command -v man >/dev/null || { echo "man: not installed, not tried"; break; }
	MANPAGER=cat man -M "$man" "$page" 2>&1 | grep -q "tdx/tdx.h" || { echo "man $page: not the page"; exit 1; }
done

#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs, through apt, the Debian packages that a target needs and that are missing; says which, and why.
# On another distribution it names them and stops. Usage: deps.sh [--list] build|demo|check|long|compare
set -eu

# package               needed from  what for
packages() {
	cat <<-EOF
	gcc                   build  C compiler
	libc6-dev             build  C library headers
	make                  build  the thin front of the build
	python3               build  the generator of the ABI tables (standard library only)
	meson                 build  build system
	ninja-build           build  build system
	pkg-config            build  finds the libraries
	libzydis-dev          build  instruction decoding
	libssl-dev            build  libcrypto: SHA-384, HMAC, AES-GCM, ECDSA, X.509
	libjansson-dev        build  JSON: collateral of quotes, --json output
	libcmocka-dev         build  unit tests
	ovmf                  demo   the stock firmware that the demo measures and enters
	zstd                  check  unpacks the kernel of a bzImage, which boots as an ELF file too
	xz-utils              demo   unpacks the kernel's modules; for the checks, the recorded transcripts
	cpio                  demo   packs the initramfs of the Linux guest
	clang                 check  second compiler, fuzzing
	libclang-rt-14-dev    check  libFuzzer and the sanitizers for clang
	valgrind              long   callgrind counts what each leaf costs (tools/leaf-cost.py)
	afl++                 long   fuzzing over several processes (fuzz/afl.sh)
	g++                   check  the call layer is also C++17
	qemu-system-x86       check  boots the kernels that the call layer's modules are tested in
	acpica-tools          check  iasl, which reads the ACPI tables that a Linux guest gets
	scdoc                 check  makes the manual pages of the command
	mandoc                check  checks the manual pages of the leaves
	man-db                check  finds and shows the installed pages
	gdb                   check  unwinds the stack through the call layer's thunk
	python3-jsonschema    check  holds --json outputs to docs/json
	bochs                 compare  the emulator that tools/bench-loop.py compares with
	bochsbios             compare  its BIOS
	vgabios               compare  and that of its display
	libelf1               check  the kernel packages' own build tool, objtool, runs on it
	EOF
}

list=no
if [ "${1:-}" = --list ]; then
	list=yes
	shift
fi
case ${1:-} in
build) levels='build' ;;
demo) levels='build demo' ;;
check) levels='build demo check' ;;
long) levels='build demo check long' ;;
compare) levels='build demo check compare' ;;
*)
	echo "usage: deps.sh [--list] build|demo|check|long|compare" >&2
	exit 2
	;;
esac

wanted=$(packages | while read -r name level why; do
	case " $levels " in *" $level "*) echo "$name" ;; esac
done)
if [ "$list" = yes ]; then
	echo "$wanted"
	exit 0
fi

if ! command -v apt-get >/dev/null 2>&1 || ! command -v dpkg-query >/dev/null 2>&1; then
	echo "deps: this is not a Debian-like system; what is needed, by the names of Debian's packages:" >&2
	echo "$wanted" | sed 's/^/  /' >&2
	for tool in meson ninja pkg-config python3; do
		command -v $tool >/dev/null 2>&1 || { echo "deps: '$tool' not found: stopping" >&2; exit 1; }
	done
	exit 0
fi

missing=
for name in $wanted; do
	state=$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null || true)
	[ "$state" = installed ] || missing="$missing $name"
done
[ -n "$missing" ] || exit 0

echo "deps: installing what is missing for '$1':$missing"
sudo=
if [ "$(id -u)" != 0 ]; then
	if ! command -v sudo >/dev/null 2>&1; then
		echo "deps: not root and no sudo; run as root: apt-get install$missing" >&2
		exit 1
	fi
	sudo=sudo
fi
$sudo apt-get update -qq
# shellcheck disable=SC2086 # a list of names
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
echo "deps: done"

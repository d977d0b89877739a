#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes BUILD/views/COMPONENT/, the include path of each component: links to the folders it may include from, and
# no others. `#include "module/sept.h"` in a file of vmm/ therefore does not compile. The table below is the rule.
# Usage: include-views.sh SOURCE_ROOT BUILD_ROOT
set -eu
src=$1 build=$2

view() {
	dir=$build/views/$1
	rm -rf "$dir"
	mkdir -p "$dir"
	for name in "$@"; do
		case $name in
		tdx | seamless) ln -s "$src/include/$name" "$dir/$name" ;;
		gen) ln -s "$src/abi/gen" "$dir/gen" ;;
		guest) ln -s "$src/guest" "$dir/guest" ;;
		*) ln -s "$src/src/$name" "$dir/$name" ;;
		esac
	done
}

#    component  may include
view explain    gen tdx
view formats
view fault      explain gen tdx
view platform
view cpu        platform
view vmx        cpu platform gen
view module     fault vmx cpu platform explain gen tdx
view audit      module fault vmx cpu platform explain gen tdx
view lib        fault audit module vmx cpu platform explain gen tdx seamless
view snapshot   lib fault audit module vmx cpu platform explain gen tdx seamless
view strict     lib fault audit module vmx cpu platform explain gen tdx seamless
view replay     formats explain tdx seamless
view vmm        formats explain tdx seamless
view exec       tdx seamless
view trace      explain gen tdx seamless
view attest     formats vmm explain tdx seamless
view gdb        seamless
view bench      attest vmm cpu formats explain tdx seamless
view guest      formats tdx
view cli        trace vmm attest replay exec gdb bench formats explain tdx seamless
view tests      cli trace vmm attest replay exec gdb bench formats explain snapshot strict lib fault audit module vmx cpu platform gen tdx seamless

# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Read by the tests that use what is installed: installs into $work/root and lets pkg-config find that copy alone, as if the prefix were
# there. Sets `root`, the installed prefix.
# Usage: install_into MESON BUILD_ROOT PREFIX
install_into() {
	DESTDIR="$work/root" "$1" install -C "$2" --no-rebuild >"$work/log" 2>&1 || {
		cat "$work/log"
		exit 1
	}
	root=$work/root$3
	pc=$(dirname "$(find "$work/root" -name seamless.pc)")
	sed -i "s|^prefix=.*|prefix=$root|" "$pc/seamless.pc" "$pc/tdx.pc"
	PKG_CONFIG_PATH=$pc
	export PKG_CONFIG_PATH
}

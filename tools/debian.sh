# SPDX-License-Identifier: MIT
# Debian's packages, downloaded and unpacked, not installed. Sourced by scripts that need a kernel or its tools:
#   debian_versioned META PATTERN   the versioned package behind a metapackage
#   debian_unpack ROOT PACKAGE...   downloads what ROOT does not hold yet and unpacks it there

# Fresh containers have no package lists; only root can get them.
debian_lists() {
	apt-cache show "$1" >/dev/null 2>&1 && return
	echo "debian: no package '$1' in apt's lists: apt-get update" >&2
	if [ "$(id -u)" = 0 ]; then
		apt-get update -qq >&2
	elif command -v sudo >/dev/null; then
		sudo apt-get update -qq >&2
	fi
	apt-cache show "$1" >/dev/null || {
		echo "debian: '$1' is not in apt's lists" >&2
		return 1
	}
}

debian_versioned() {
	debian_lists "$1" || return
	apt-cache depends "$1" | awk -v pattern="$2" '$1 ~ /Depends:/ && $2 ~ pattern { print $2; exit }'
}

debian_unpack_one() { # ROOT PACKAGE
	[ ! -f "$1/.unpacked/$2" ] || return 0
	debian_lists "$2" || return
	rm -rf "$1/.download"
	mkdir -p "$1/.download" "$1/.unpacked"
	echo "debian: $2" >&2
	(cd "$1/.download" && apt-get -qq -o APT::Sandbox::User=root download "$2") >&2 || return
	dpkg-deb -x "$1/.download/"*.deb "$1" || return
	rm -rf "$1/.download"
	: >"$1/.unpacked/$2"
}

# Scripts that run at the same time share a root: one at a time in it.
debian_unpack() {
	mkdir -p "$1"
	(
		flock 9
		root=$1
		shift
		for package in "$@"; do
			debian_unpack_one "$root" "$package" || exit 1
		done
	) 9>"$1/.lock"
}

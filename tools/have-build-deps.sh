#!/bin/sh
# SPDX-License-Identifier: MIT
# Says what plain `make` lacks, instead of letting Meson fail halfway.
set -eu
missing=
for tool in meson ninja pkg-config python3 cc; do
	command -v $tool >/dev/null 2>&1 || missing="$missing $tool"
done
if [ -n "$missing" ]; then
	echo "make: not found:$missing; 'make deps' installs what building needs" >&2
	exit 1
fi

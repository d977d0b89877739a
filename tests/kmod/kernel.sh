#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds the kernel modules for both packaged kernels and boots each. Usage: kernel.sh SOURCE_ROOT WORKDIR
set -eu
"$1/kmod/build.sh" "$2"
"$1/kmod/boot.sh" "$2"

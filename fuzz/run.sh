#!/bin/sh
# SPDX-License-Identifier: MIT
# A short run of one fuzz target from its seeds. What it finds new goes to a corpus beside the target, not into the
# seeds, and serves the next run. Usage: run.sh TARGET SEEDS [LIBFUZZER-OPTIONS...]
set -eu
target=$1 seeds=$2
shift 2
mkdir -p "$target.corpus"
# of itself UBSan prints what it finds and goes on: the run would end as if nothing had been
export UBSAN_OPTIONS="${UBSAN_OPTIONS:-halt_on_error=1:print_stacktrace=1}"
exec "$target" "$@" -artifact_prefix="$target." "$target.corpus" "$seeds"

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
# What libFuzzer's entropic schedule keeps of rare features costs more than the executions of most targets: with a thousand
# inputs, ten times as much. Freed memory that ASan keeps from use is touched anew by every execution.
export ASAN_OPTIONS="${ASAN_OPTIONS:-quarantine_size_mb=16}"
exec "$target" -entropic=0 "$@" -artifact_prefix="$target." "$target.corpus" "$seeds"

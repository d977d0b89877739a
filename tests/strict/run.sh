#!/bin/sh
# SPDX-License-Identifier: MIT
# This repository's VMM makes none of the mistakes that --strict-memory reports, over whole lives of TDs: each guest runs
# under it as it does without. Usage: run.sh SEAMLESS GUEST VCPUS [GUEST VCPUS...]
set -u
seamless=$1
shift
bad=0 runs=0

"$seamless" run --guest "$1" --strict-memory=perhaps >/dev/null 2>&1
[ $? = 2 ] || {
	echo "--strict-memory=perhaps is accepted"
	bad=1
}
# runs_clean GUEST VCPUS
runs_clean() {
	without=$("$seamless" run --guest "$1" --smp "$2" --timeout 60 2>/dev/null </dev/null)
	expected=$?
	with=$("$seamless" run --guest "$1" --smp "$2" --timeout 60 --strict-memory=continue 2>&1 >/dev/null </dev/null)
	got=$?
	runs=$((runs + 1))
	case $with in
	*strict-memory*) echo "$1, $2 vCPUs: $with" && bad=1 ;;
	esac
	[ $got = $expected ] || {
		echo "$1, $2 vCPUs: exit status $got under --strict-memory, $expected without ($without): $with"
		bad=1
	}
}

while [ $# -ge 2 ]; do
	runs_clean "$1" "$2"
	shift 2
done
echo "$runs runs, $bad complaints"
[ $bad = 0 ] && [ $runs -ge 6 ]

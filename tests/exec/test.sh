#!/bin/sh
# SPDX-License-Identifier: MIT
# `seamless exec` as a user meets it. Usage: test.sh SEAMLESS PROGRAM PLATFORM_FILE
set -u
seamless=$1 program=$2

# SYS.CONFIG wants every processor initialised; the program's TD needs one only
one_lp=$(mktemp)
trap 'rm -f "$one_lp"' EXIT
sed 's/^lps .*/lps 1/' "$3" >"$one_lp"
failed=0

expect() { # STATUS WHAT COMMAND...
	want=$1 what=$2
	shift 2
	output=$(timeout 60 "$@" 2>&1)
	got=$?
	if [ $got = "$want" ]; then
		echo "ok: $what"
	else
		echo "FAILED: $what: exit status $got, expected $want: $output"
		failed=1
	fi
}

expect_text() { # TEXT WHAT COMMAND...
	text=$1 what=$2
	shift 2
	output=$(timeout 60 "$@" 2>&1)
	case $output in
	*"$text"*) echo "ok: $what" ;;
	*)
		echo "FAILED: $what: '$output' does not say '$text'"
		failed=1
		;;
	esac
}

expect 0 "a TD's life with a guest of the same program" "$seamless" exec --platform "$one_lp" -- "$program" life
expect 0 "threads are logical processors" "$seamless" exec -- "$program" threads
expect 0 "the fault delivered as SIGSEGV" "$seamless" exec -- "$program" segv
expect 132 "another SIGILL is the program's" "$seamless" exec -- "$program" fault
expect 132 "TDCALL outside a guest is the program's SIGILL" "$seamless" exec -- "$program" tdcall
expect 0 "a bad mapping is refused" "$seamless" exec -- "$program" badmap
expect 0 "an ordinary program" "$seamless" exec -- true
expect 1 "its exit status" "$seamless" exec -- false
expect 2 "a program that is not there" "$seamless" exec -- /nonexistent/program
expect_text "No such file" "and why" "$seamless" exec -- /nonexistent/program
expect 2 "a file that is no program" "$seamless" exec -- /etc/passwd
expect 2 "no such platform" "$seamless" exec --platform /nonexistent -- true
expect 2 "no program named" "$seamless" exec
exit $failed

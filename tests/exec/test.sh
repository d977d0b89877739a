#!/bin/sh
# SPDX-License-Identifier: MIT
# `seamless exec` as a user meets it. Usage: test.sh SEAMLESS PROGRAM PLATFORM_FILE
set -u
seamless=$1 program=$2

# SYS.CONFIG wants every processor initialised; the program's TD needs one only
one_lp=$(mktemp)
transcript=$(mktemp)
trap 'rm -f "$one_lp" "$transcript"' EXIT
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
expect 0 "a second TD, with what the first one left" "$seamless" exec --platform "$one_lp" -- "$program" again
expect 0 "a recording" "$seamless" exec --platform "$one_lp" --record "$transcript" -- "$program" again
expect_text ', 0 mismatches' "which replays" "$seamless" replay "$transcript"
expect_text 'TDH.MNG.INIT' "but not without what the program wrote" sh -c "grep -v '^W' '$transcript' | '$seamless' replay /dev/stdin"
expect 0 "a recording of threads" "$seamless" exec --record "$transcript" -- "$program" threads
expect_text ', 0 mismatches' "which replays" "$seamless" replay "$transcript"
expect 1 "the program's exit status, recorded" "$seamless" exec --record "$transcript" -- false
expect 2 "a recording that can't be written" "$seamless" exec --record /nonexistent/file -- true
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

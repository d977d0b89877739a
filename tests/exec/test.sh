#!/bin/sh
# SPDX-License-Identifier: MIT
# `seamless exec` as a user meets it. Usage: test.sh SEAMLESS PROGRAM PLATFORM_FILE
set -u
seamless=$1 program=$2

# SYS.CONFIG wants every processor initialised; the program's TD needs one only
one_lp=$(mktemp)
transcript=$(mktemp)
small=$(mktemp)
trap 'rm -f "$one_lp" "$transcript" "$small"' EXIT
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

# A static program for the 80386: one page at 0x10000, exit(0). Where the kernel runs such programs it has to be stopped.
i386() {
	printf '\177ELF\1\1\1\0\0\0\0\0\0\0\0\0'			   # 32-bit, little-endian
	printf '\2\0\3\0\1\0\0\0\124\0\1\0\64\0\0\0\0\0\0\0\0\0\0\0' # executable, i386, entry 0x10054
	printf '\64\0\40\0\1\0\0\0\0\0\0\0'				   # one program header
	printf '\1\0\0\0\0\0\0\0\0\0\1\0\0\0\1\0\140\0\0\0\140\0\0\0\5\0\0\0\0\20\0\0'
	printf '\61\300\100\61\333\315\200\0\0\0\0\0'			   # xor eax, eax; inc eax; xor ebx, ebx; int 0x80
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
expect 132 "a thread without a processor gets the instruction's signal" "$seamless" exec -- "$program" toomany
expect 0 "bad mappings are refused" "$seamless" exec -- "$program" badmap
expect 135 "a mapping beyond RAM: SIGBUS" "$seamless" exec -- "$program" beyond
expect 139 "another SIGSEGV is the program's" "$seamless" exec -- "$program" pointer
expect 139 "a jump to nowhere too" "$seamless" exec -- "$program" jump
expect 0 "the program's own handlers work" "$seamless" exec -- "$program" handler
expect 1 "without the tracer there is no memory" "$program" life
expect 0 "an ordinary program" "$seamless" exec -- true
expect 1 "its exit status" "$seamless" exec -- false
expect 2 "a program that is not there" "$seamless" exec -- /nonexistent/program
expect_text "No such file" "and why" "$seamless" exec -- /nonexistent/program
expect 2 "a file that is no program" "$seamless" exec -- /etc/passwd
i386 >"$small"
chmod +x "$small"
expect 2 "a 32-bit program" "$seamless" exec -- "$small"
expect 2 "no such platform" "$seamless" exec --platform /nonexistent -- true
expect 2 "seamless exec: give PROGRAM; .seamless help exec. tells more" "$seamless" exec
exit $failed

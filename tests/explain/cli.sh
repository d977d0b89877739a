#!/bin/sh
# SPDX-License-Identifier: MIT
# `seamless decode` and `seamless leaf` as their users meet them: right and wrong input, exit status, JSON.
# Usage: cli.sh SEAMLESS PYTHON
set -u
seamless=$1
python=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0

# expect STATUS PATTERN ARGUMENTS...: exit status, and a line of stdout or stderr that matches.
expect() {
	want=$1 pattern=$2
	shift 2
	"$seamless" "$@" >"$work/out" 2>&1 </dev/null
	got=$?
	[ $got -eq "$want" ] || { echo "seamless $*: exit status $got, not $want"; bad=1; }
	grep -q -- "$pattern" "$work/out" || { echo "seamless $*: no line matches '$pattern'"; cat "$work/out"; bad=1; }
}

json() { # the output is JSON and the expression holds for it
	expression=$1
	shift
	"$seamless" "$@" | "$python" -c "import json,sys; d=json.load(sys.stdin); assert $expression, d" ||
		{ echo "seamless $*: not $expression"; bad=1; }
}

expect 0 'OPERAND_BUSY(SEPT_TREE)' decode 0x8000020000000092
expect 0 'EPT_VIOLATION (48)' decode 48
expect 0 'RDX  *level=3, state=FREE' decode 0xc0000b0000000001 --leaf TDH.MEM.PAGE.ADD RCX=0x8000000000000000 RDX=3
expect 0 'MapGPA(gpa=0x1000, size=0x2000)' decode 77 --leaf 0 RCX=0xfc00 R11=0x10001 R12=0x1000 R13=0x2000
expect 0 'RND_NO_ENTROPY' decode tdx_rnd_no_entropy
expect 0 'DEBUG|SEPT_VE_DISABLE' decode --as td_attributes 0x10000001
expect 0 '^GetQuote' decode --as vmcall 0x10002
expect 1 "^not in the tables; .seamless leaf --class vmcall. lists them" decode --as vmcall 1
# A value that its type does not have says so, and what the type has.
expect 1 '^0x7f  not in the tables: exit_reason is 0 to 34, 36, 37, 39 to 77$' decode --as exit_reason 127
expect 1 '^0x1000a  not in the tables: exit_reason is ' decode --as exit_reason 0x1000a
expect 1 '^7  not in the tables: page_type is 0, 1, 3 to 6, 8$' decode --as page_type 7
expect 1 '^3  not in the tables: page_size is 0 to 2$' decode --as page_size 3
expect 1 '^3  not in the tables: width is 1, 2, 4, 8$' decode --as width 3
expect 1 'state=6  not in the tables: state is 0 to 5, 8, 9, 11, 12, ' decode --as sept_info 0x603
expect 1 '^level=5, state=FREE  not in the tables: level is 0 to 4$' decode --as sept_info 5
expect 1 '^level=7, state=FREE  not in the tables: bits 0x78 are reserved$' decode --as sept_info 127
expect 1 '^7  not in the tables: type is 0 to 6$' decode --as ext_exit_qualification 7
expect 1 'not in the tables: bits 0x2 are reserved$' decode --as td_attributes 3
expect 1 'not in the tables: bits 0x10000 are reserved$' decode --as hkid 0x10000
expect 1 '^0x7f  not in the tables: no metadata field has that number$' decode --as field_id 127
expect 1 '"text":"0x7f  not in the tables: ' decode --as exit_reason 127 --json
expect 0 '^NOTIFICATION$' decode --as EXIT_REASON 75
expect 0 '^none$' decode --as field_id 0xffffffffffffffff
expect 0 '^0xffffffff$' decode --as u32 0xffffffff
expect 2 "--as exit_reason: '-1' is no 64-bit number" decode --as exit_reason -- -1
expect 2 "--as exit_reason: 'EPT' is no 64-bit number" decode --as exit_reason EPT
expect 0 '^0x8000ff000000000d  SEAMCALL_GP$' decode 0x8000ff000000000d
expect 1 'not in the tables' decode 0xdeadbeef00000000
expect 2 'did you mean OPERAND_BUSY' decode OPERAND_BUZY
expect 2 'did you mean TDH.MEM.TRACK' decode 0 --leaf TDH.MEM.TRAK
expect 2 'only with --leaf' decode 0 RCX=1
expect 2 'is not REGISTER=NUMBER' decode 0 --leaf 2 RXX=1
expect 2 'is not REGISTER=NUMBER' decode 0 --leaf 2 garbage
expect 2 'no 64-bit number' decode 0x10000000000000000
expect 2 'lists them' decode --as nothing 1
expect 2 '--as sept_info: 0 values: give one 64-bit number' decode --as sept_info
expect 2 '--as u64: 2 values: give one 64-bit number' decode --as u64 1 2
expect 2 '--leaf NAME goes with a STATUS' decode --leaf TDH.MEM.TRACK
expect 2 '--leaf NAME goes with a STATUS' decode --leaf TDH.MEM.TRACK -
expect 0 'usage:' decode --help
expect 0 '^TDH.MEM.PAGE.ADD  *2  *gpa, tdr, page, source' leaf
expect 0 '^TD states  *INITIALIZED$' leaf tdh_mem_page_add
expect 0 'R11  *failed_gpa' leaf MapGPA
expect 0 '^does  *copy and measure' leaf tdh_mem_page_add
expect 2 'did you mean TDH.MEM.PAGE.ADD' leaf TDH.MEM.PAGE.AD
expect 2 'no TD state' leaf --td-state RUNABLE
expect 2 'did you mean TLB_TRACKING_NOT_DONE' leaf --status TLB_TRACKING_NOT_DON
expect 1 'no leaf passes' leaf --class guest --object PHYMEM
expect 2 'one NAME, or filters' leaf TDH.MEM.TRACK --class host
expect 0 'usage:' leaf --help
json 'd["name"]=="EPT_WALK_FAILED" and d["error"] and "RDX" in d["registers"]' \
	decode 0xc0000b0000000001 --leaf 2 RDX=3 --json
json 'd["number"]==2 and d["in"][0]["register"]=="RCX"' leaf TDH.MEM.PAGE.ADD --json
json 'len(d)>=105 and all(l["name"] for l in d)' leaf --json
json 'all(bool(l.get("does")) == (l["since"] != "2.0") for l in d)' leaf --json

cat >"$work/log" <<'LOG'
[ 10.0] virt/tdx: SEAMCALL (0x0000000000000024) failed: 0xc000010000000001
[ 10.0] virt/tdx: RCX 0x0000000040000000 RDX 0x0000000000000000 R08 0x0000000000000000
[ 11.0] SEAMCALL TDH_MEM_PAGE_ADD failed: 0xc0000b0000000001, rcx 0x8000000000000000, rdx 0x3
[ 12.0] usb 1-1: new device 0x1234567812345678
[ 13.0] tdx: TDCALL (7) failed: 0xc000010000000002
[ 14.0] virt/tdx: SEAMCALL (33) failed: 0x8000ff00ffff0000
[ 15.0] SEAMCALL TDH_MEM_TRACK failed: 0xdeadbeef00000000
[ 16.0] read failed 0xffff888100000000
[ 17.0] SEAMCALL (0x9999) failed: 0xc000010000000000, rcx 0x1
LOG
"$seamless" decode - <"$work/log" >"$work/out" || bad=1
grep -q '\^ TDH.SYS.TDMR.INIT: OPERAND_INVALID(RCX)' "$work/out" || { echo "log: leaf by number"; bad=1; }
grep -q 'TDH.MEM.PAGE.ADD: EPT_WALK_FAILED.*RDX: level=3, state=FREE' "$work/out" || { echo "log: registers"; bad=1; }
grep -q '\^ TDG.VM.RD: OPERAND_INVALID(RDX)' "$work/out" || { echo "log: TDCALL by decimal number"; bad=1; }
grep -q '\^ TDH.SYS.INIT: SEAMCALL_VMFAILINVALID' "$work/out" || { echo "log: a status of Linux's own"; bad=1; }
grep -q '\^ TDH.MEM.TRACK: 0xdeadbeef00000000: this status is in no table' "$work/out" || { echo "log: an unknown status"; bad=1; }
[ "$(grep -c '\^' "$work/out")" -eq 7 ] || { echo "log: lines explained that say nothing"; bad=1; }
grep -q '    ^ OPERAND_INVALID(RAX): [^;]*$' "$work/out" || { echo "log: a leaf that there is not is none of the lines before"; bad=1; }
grep -v '\^' "$work/out" | cmp -s - "$work/log" || { echo "log: its own lines are changed"; bad=1; }
printf '\000\000SEAMCALL (6)\000failed: 0xc0000b0b00000000\n' >"$work/zeros"
"$seamless" decode - <"$work/zeros" >"$work/out"
grep -av '\^' "$work/out" | cmp -s - "$work/zeros" || { echo "log: zeros are lost"; bad=1; }
grep -aq '\^ TDH.MEM.PAGE.AUG: PAGE_SIZE_MISMATCH' "$work/out" || { echo "log: zeros hide a call"; bad=1; }
head -c 300000 /dev/urandom | "$seamless" decode - >/dev/null || { echo "log: random bytes"; bad=1; }
exit $bad

#!/bin/sh
# SPDX-License-Identifier: MIT
# No output of a verb is another of its outputs, or its input, by whatever name: that is told before anything runs or is written.
# Usage: files.sh SEAMLESS GUEST ATTESTED
set -eu
seamless=$(realpath "$1") guest=$2 attested=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
tried=0

fail() {
	echo "files: $*" >&2
	exit 1
}

# refused WORDS ARGUMENTS...: nothing appears, nothing changes, all that is said is one line with these words
refused() {
	words=$1 got=0
	shift
	tried=$((tried + 1))
	find . -type f -exec sha256sum {} + | sort >../before.$$
	"$seamless" "$@" >../said.$$ 2>&1 </dev/null || got=$?
	find . -type f -exec sha256sum {} + | sort >../after.$$
	said=$(cat ../said.$$)
	changed=$(diff ../before.$$ ../after.$$ || true)
	rm -f ../said.$$ ../before.$$ ../after.$$
	[ $got = 2 ] || fail "$*: exit status $got: $said"
	[ -z "$changed" ] || fail "$*: changed: $changed"
	case $said in
	*"
"*) fail "$*: more than a line: $said" ;;
	"seamless $1: "*"$words"*) ;;
	*) fail "$*: no '$words' in: $said" ;;
	esac
}

ln -s . link
mkdir folder
twice='each output needs a file of its own'
input='an input is not written over'
refused "--record: 'x' is the file of --trace, too; $twice" run --guest "$guest" --trace=x --record x
refused "--record: './x' is the file of --trace, too; $twice" run --guest "$guest" --record ./x --trace=x
refused "--record: 'link/x' is the file of --stats, too" run --guest "$guest" --record link/x --stats=x
refused "--record: '$work/x' is the file of --stats, too" run --guest "$guest" --record "$work/x" --stats=x
refused "--trace: 'x.json' is the file of --trace, too" run --guest "$guest" --trace=x.json --trace=leaf:TDH.VP.ENTER,file:x.json
refused "--record: 'kept/report' is the file of --attest, too" run --kernel "$attested" --attest=kept --record kept/report
refused "--trace: 'folder/nonce' is the file of --attest, too" run --kernel "$attested" --attest=folder --trace=folder/nonce
refused "--record: 'store/root.pem' is the file of --quote, too" run --guest "$guest" --quote store --record store/root.pem
refused "--record: 'x' is the file of --trace, too" exec --record x --trace=x -- true
cp "$guest" guest
ln guest same
refused "--record: 'guest' is the file of --guest, too; $input" run --guest guest --record guest
refused "--trace: 'same' is the file of --guest, too; $input" run --guest guest --trace=same
refused "--stats: 'link/guest' is the file of --guest, too; $input" run --guest guest --stats=link/guest
refused "--record: 'same' is the file of the program, too; $input" exec --record same -- ./guest
echo 'TDH.MEM.TRACK OPERAND_BUSY nth=2' >rules
refused "--record: 'rules' is the file of --fault-file, too; $input" run --guest "$guest" --fault-file rules --record rules
refused "--trace: 'rules' is the file of --platform, too; $input" exec --platform rules --trace=rules true
"$seamless" run --guest "$guest" --deterministic --record run.tdx --trace=trace --stats=stats >/dev/null 2>&1 || fail "four outputs"
refused "--snapshot-at: 'run.tdx' is the file of the transcript, too; $input" replay --snapshot-at 9:run.tdx run.tdx
mkdir runs
ln run.tdx runs
refused "--snapshot-at: './run.tdx' is the file of the transcript, too; $input" replay --snapshot-at 9:./run.tdx runs
"$seamless" replay --snapshot-at 99:snapshot run.tdx >/dev/null || fail "a snapshot"
refused "--snapshot-at: 'snapshot' is the file of --restore, too; $input" replay --restore snapshot --snapshot-at 999:snapshot run.tdx

# Standard output and error are outputs as well.
got=0
"$seamless" run --guest "$guest" --record said >said 2>message || got=$?
[ $got = 2 ] && grep -q "^seamless run: --record: 'said' is the file of standard output, too; $twice$" message ||
	fail "standard output: $got: $(cat said message)"
got=0
"$seamless" run --guest "$guest" --trace=said 2>said || got=$?
[ $got = 2 ] && grep -q "^seamless run: --trace: 'said' is the file of standard error, too; $twice$" said ||
	fail "standard error: $got: $(cat said)"

# What keeps nothing may be named as often as one likes.
"$seamless" run --guest "$guest" --record /dev/null --trace=/dev/null --stats=/dev/null >/dev/null 2>&1 ||
	fail "/dev/null three times"

# An option whose value another one would replace, and standard input for two files.
for twice in '--record a --record b' '--stats=a --stats=b' '--smp 1 --smp 2' '--memory 64M -m 128M' '--guest a --guest b' \
	'--timeout 1 --timeout 2' '--strict-memory --strict-memory=continue'; do
	# shellcheck disable=SC2086 # several words
	refused "option '${twice%%[ =]*}' is given twice" run --guest "$guest" $twice
done
refused "option '--leaf' is given twice" decode 0 --leaf 1 --leaf 2
refused "option '--platform' is given twice" exec --platform default --platform default true
refused "option '--order' is given twice" measure --order single --order single c
refused "option '--nonce' is given twice" verify --nonce 00 --nonce 01 c
refused "option '--class' is given twice" leaf --class host --class guest
"$seamless" decode --json --json 0 >/dev/null || fail "an option without a value said twice"
got=0
"$seamless" measure --kernel - --initrd - <guest >said 2>&1 || got=$?
[ $got = 2 ] && grep -q '^seamless: -: standard input is read already, for another file$' said || fail "stdin twice: $got: $(cat said)"
echo "$tried refused"
[ $tried -ge 30 ]

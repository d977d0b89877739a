#!/bin/sh
# SPDX-License-Identifier: MIT
# The command itself: version, help, verbs that are none. Usage: command.sh SEAMLESS VERSION
set -u
seamless=$1 version=$2
bad=0 tried=0

# expect STATUS TEXT ARGUMENTS...: the exit status, and all that is printed, or with TEXT*, its beginning
expect() {
	status=$1 text=$2
	shift 2
	tried=$((tried + 1))
	out=$("$seamless" "$@" 2>&1)
	got=$?
	# shellcheck disable=SC2254 # a pattern is wanted
	case $out in
	$text) [ $got = "$status" ] && return ;;
	esac
	echo "seamless $*: exit status $got, expected $status: $out"
	bad=$((bad + 1))
}

expect 0 "seamless $version
ABI: TDX module 1.5.01" --version
expect 0 'usage: seamless VERB *' --help
expect 0 'usage: seamless VERB *' -h
expect 0 'usage: seamless VERB *' help
expect 2 'usage: seamless VERB *'
verbs=$("$seamless" --help | sed -n 's/^  \([a-z]*\) .*/\1/p')
for verb in $verbs; do
	expect 0 "usage: seamless $verb *" "$verb" --help
	[ "$("$seamless" help "$verb")" = "$("$seamless" "$verb" --help)" ] || {
		echo "seamless help $verb: not what $verb --help says"
		bad=$((bad + 1))
	}
done
expect 2 "seamless: no verb 'mesure': did you mean measure[?]" mesure
expect 2 "seamless: no verb 'VERIFIY': did you mean verify[?]" VERIFIY
expect 2 "seamless: no verb 'decdoe': did you mean decode[?]" help decdoe
expect 2 "seamless: no verb 'frobnicate'; \`seamless --help\` lists them" frobnicate
expect 2 "seamless: no verb ''; \`seamless --help\` lists them" ''
expect 2 "seamless: no verb '$(printf '%0999d' 0)'; *" "$(printf '%0999d' 0)"
for verb in $verbs; do
	expect 2 "seamless $verb: no option '--hepl': did you mean --help[?]" "$verb" --hepl
	expect 2 "seamless $verb: no option '-Q'; \`seamless help $verb\` lists them" "$verb" -Q
	expect 2 "seamless $verb: option '--help' takes no value" "$verb" --help=me
done
expect 2 "seamless verify: no option '--tcbchain': did you mean --tcb-chain[?]" verify --tcbchain=file report
expect 2 "seamless verify: no option '--t': did you mean --time, --tcb, --tcb-chain[?]" verify --t now
expect 2 "seamless verify: option '--time' takes a value" verify --time
expect 2 "seamless measure: option '-m' takes a value" measure -m
expect 2 "seamless leaf: no leaf 'page.add'; did you mean TDH.MEM.PAGE.ADD[?]" leaf page.add
expect 2 "seamless bench: 'fast': only options are expected" bench fast
expect 2 "seamless verify: 'two': one FILE at a time" verify one two
expect 2 "seamless verify: --mrtd: '12' is not 96 hex digits" verify --mrtd 12 report
expect 2 "seamless run: -m: '65G' is not a size from 1M to 64G, such as 512M or 2G" run --guest program -m 65G
expect 2 "seamless: --platform: 'nowhere' is neither built in (default, transcripts) nor a file: *" exec --platform nowhere true
expect 2 "seamless exec: /dev/null: tsc real: needs a cpuid line for leaf 0x15" exec --platform /dev/null true

for value in 0 -1 +1 ' 1' 1x 1.5 '' 99999999999999999999999 nan; do
	expect 2 "seamless run: --smp: '$value' is not a number of vCPUs from 1 to 64" run --guest program --smp "$value"
	expect 2 "seamless measure: --smp: '$value' is not a number of vCPUs from 1 to 64" measure --kernel program --smp "$value"
	expect 2 "seamless run: -m: '$value' is not a size from 1M to 64G, *" run --guest program -m "$value"
	expect 2 "seamless run: --stop-after: '$value' is not a number of TDVMCALLs above 0" run --guest program --stop-after "$value"
	expect 2 "seamless replay: --snapshot-at: '$value:x' is not LINE:FILE, lines from 1" replay --snapshot-at "$value:x" program
done
for value in 0 -1 +1 ' 1' 1x 0x1 '' 1e9 nan inf; do
	expect 2 "seamless run: --timeout: '$value' is not a number of seconds above 0 and below 1e9" run --guest program --timeout "$value"
done
expect 2 "seamless decode: 'RCX=2': RCX is given twice" decode 0 --leaf 2 RCX=1 RCX=2
expect 2 "seamless: '': No such file or directory" measure ''
expect 2 "seamless run: --record: '' is no name of a file" run --guest program --record ''
expect 2 "seamless run: --attest: '' is no name of a file" run --kernel program --attest=
expect 2 "seamless exec: --stats: '' is no name of a file" exec --stats= true
expect 2 "seamless exec: no-such-program: not found in PATH" exec no-such-program
expect 2 "seamless exec: ./no-such-program: No such file or directory" exec ./no-such-program
expect 2 "seamless exec: give PROGRAM; \`seamless help exec\` tells more" exec --
expect 2 "seamless measure: give FILE... or --kernel FILE; \`seamless help measure\` tells more" measure
expect 2 "seamless replay: give FILE or DIRECTORY; \`seamless help replay\` tells more" replay --json
expect 2 "seamless: 'extra': one VERB at a time" help run extra
expect 2 "seamless: 'extra': --version stands alone" --version extra
expect 2 "seamless verify: give FILE; \`seamless help verify\` tells more" verify

# lost STREAM ERROR: no verb succeeds whose results are lost
lost() {
	for words in --version --help 'leaf TDH.MEM.TRACK' 'decode OPERAND_BUSY --json' 'help run'; do
		tried=$((tried + 1))
		# shellcheck disable=SC2086 # several words
		case $1 in
		full) out=$("$seamless" $words 2>&1 >/dev/full) ;;
		closed) out=$("$seamless" $words 2>&1 >&-) ;;
		esac
		got=$?
		case $got$out in
		"2seamless: standard output: $2" | "2seamless: standard output: not all of it could be written") continue ;;
		esac
		echo "seamless $words, standard output $1: exit status $got: $out"
		bad=$((bad + 1))
	done
}
lost full 'No space left on device'
lost closed 'Bad file descriptor'

# What is no text is not shown as it is.
garbage=$(mktemp)
printf '\033[2J\377 1\n' >"$garbage"
expect 2 "seamless exec: $garbage:1: unknown directive '?\[2J?'" exec --platform "$garbage" true
expect 2 "seamless replay: $garbage:1: unknown event '?\[2J?'*" replay "$garbage"
rm -f "$garbage"
echo "$tried calls, $bad complaints"
[ $bad = 0 ] && [ $tried -ge 130 ]

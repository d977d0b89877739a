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
[ $bad = 0 ] && [ $tried -ge 65 ]

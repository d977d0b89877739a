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
echo "$tried calls, $bad complaints"
[ $bad = 0 ] && [ $tried -ge 47 ]

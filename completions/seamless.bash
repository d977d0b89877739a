# SPDX-License-Identifier: MIT
# bash completion for seamless(1).

# The long options of a verb.
_seamless_options()
{
	case $1 in
	decode) echo '--leaf --as --json --help' ;;
	leaf) echo '--class --object --register --status --td-state --since --json --help' ;;
	measure) echo '--kernel --initrd --append --memory --smp --order --match --json --help' ;;
	replay) echo '--json --platform --stop-at-first --fault --fault-file --strict-memory --snapshot-at --restore --help' ;;
	exec) echo '--platform --record --fault --fault-file --trace --stats --strict-memory --help' ;;
	verify) echo '--root --time --crl --tcb --qe-identity --tcb-chain --log --mac-key --nonce --mrtd --json --help' ;;
	run) echo '--kernel --initrd --append --guest --firmware --memory --smp --gpaw --pending-ve --trace --stats --record --fault --fault-file --strict-memory --quote --quote-version --attest --nonce --deterministic --gdb --timeout --stop-after --platform --help' ;;
	bench) echo '--json --help' ;;
	esac
}

# The words that may follow an option; nothing for one that takes a file or a free value.
_seamless_values()
{
	case $1 in
	--class) echo 'host guest vmcall' ;;
	--order) echo 'single two-pass' ;;
	--platform) echo 'default transcripts' ;;
	--quote-version) echo '4 5' ;;
	--gpaw) echo '48 52' ;;
	--pending-ve) echo 'off on flexible' ;;
	--since) echo '1.5.01 1.5.later 2.0' ;;
	--as) seamless decode --as help 2>/dev/null ;;
	esac
}

_seamless()
{
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} verb=${COMP_WORDS[1]}
	local verbs='decode leaf measure replay exec verify run bench' words=

	if [ "$COMP_CWORD" = 1 ]; then
		words="$verbs help --help --version"
	elif [ "$verb" = help ]; then
		words=$verbs
	elif [[ $word == -* ]]; then
		words=$(_seamless_options "$verb")
	else
		words=$(_seamless_values "$before")
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

# What no word completes is a file.
complete -o default -F _seamless seamless

#!/bin/sh
# SPDX-License-Identifier: MIT
# What every file of the tree must keep: a licence line in each source, scripts that their shell can read, no path of
# somebody's machine, no left-over word of unfinished work. Usage: tree.sh SOURCE_ROOT
set -u
cd "$1" || exit 2
bad=0

files() {
	if [ -e .git ] && git ls-files >/dev/null 2>&1; then
		git ls-files
	else
		find . -type f -not -path './build*' -not -path './.git/*' | sed 's,^\./,,'
	fi
}

count=0
for file in $(files); do
	case $file in
	*.c | *.h | *.S | *.py | *.sh | *.abi | *.conf | meson.build | */meson.build | Makefile | .ci/run) ;;
	*) continue ;;
	esac
	[ -f "$file" ] || continue
	count=$((count + 1))
	head -n 3 "$file" | grep -q 'SPDX-License-Identifier: MIT' || {
		echo "$file: no SPDX line"
		bad=$((bad + 1))
	}
done
for file in $(files | grep -E '\.sh$') .ci/run; do
	[ -f "$file" ] || continue
	shell=$(sed -n '1s/^#!.*[/ ]//p' "$file")
	"${shell:-sh}" -n "$file" || bad=$((bad + 1))
done
[ "$count" -gt 20 ] || {
	echo "only $count files looked at"
	bad=$((bad + 1))
}

words='(TO''DO|FIX''ME|X''XX|not implem''ented|unimplem''ented)'
for file in $(files | grep -E '\.(c|h|S|py|sh|md|build)$'); do
	[ -f "$file" ] || continue
	grep -nE "$words" "$file" /dev/null && bad=$((bad + 1))
	grep -nE '(^|[^a-z.])/(work|root|home)/' "$file" /dev/null && bad=$((bad + 1))
done
echo "$count sources looked at, $bad complaints"
[ $bad = 0 ]

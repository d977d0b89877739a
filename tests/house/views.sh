#!/bin/sh
# SPDX-License-Identifier: MIT
# Proves the dependency rule: for each component, including a header of a folder outside its view fails to compile,
# of a folder inside it succeeds, every object is compiled with its own component's view and no other, and no file
# reaches sideways with a relative path. Usage: views.sh SOURCE_ROOT BUILD_ROOT
set -u
src=$1 build=$2
bad=0 tried=0

say() {
	echo "$*"
	bad=$((bad + 1))
}

# one header of each folder, as others would include it
first_header() {
	find "$src/src/$1" -maxdepth 1 -name '*.h' 2>/dev/null | sort | head -n 1
}

includes() { # COMPONENT FOLDER HEADER: does it compile?
	printf '#include "%s/%s"\n' "$2" "$(basename "$3")" |
		cc -std=gnu11 -D_GNU_SOURCE -E -I"$build/views/$1" -xc - >/dev/null 2>&1
}

for component in $(ls "$build/views"); do
	for path in "$src"/src/*/; do
		folder=$(basename "$path")
		header=$(first_header "$folder")
		[ -n "$header" ] || continue
		tried=$((tried + 1))
		if [ -e "$build/views/$component/$folder" ]; then
			includes "$component" "$folder" "$header" || say "$component cannot include $folder, though it may"
		else
			includes "$component" "$folder" "$header" && say "$component includes $folder, which the rule forbids"
		fi
	done
done

# the one that matters most, by name
[ -e "$build/views/vmm/module" ] && say "vmm sees module"
[ -e "$build/views/module/vmm" ] && say "module sees vmm"

python3 - "$src" "$build" <<'EOF' || bad=$((bad + 1))
import json, os, re, sys
src, build = sys.argv[1:]
bad = 0
for entry in json.load(open(os.path.join(build, "compile_commands.json"))):
    path = os.path.relpath(os.path.join(entry["directory"], entry["file"]), src)
    match = re.match(r"src/(\w+)/", path)
    if not match:
        continue
    command = entry.get("command") or " ".join(entry["arguments"])
    views = set(re.findall(r"views/(\w+)", command))
    if views != {match[1]}:
        print(f"{path} is compiled with the views {sorted(views)}, must be {match[1]} alone")
        bad = 1
sys.exit(bad)
EOF

sideways=$(grep -rnE '#[[:space:]]*include[[:space:]]*"(\.\./|[^"]*/\.\./)' "$src/src" "$src/include" 2>/dev/null)
[ -z "$sideways" ] || say "relative includes: $sideways"

[ $tried -gt 20 ] || say "only $tried pairs tried: the test found no headers"
echo "$tried pairs of component and folder tried, $bad violations"
[ $bad = 0 ]

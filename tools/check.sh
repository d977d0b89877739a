#!/bin/sh
# SPDX-License-Identifier: MIT
# `make check`: every stage below, each with its time, then one closing line with the counts of all tests.
# A stage is a build directory with its own compiler or sanitizer and the Meson suites run in it.
# CHECK_STAGES='gcc asan' runs a choice, and the closing line then says so.
set -u
cd "$(dirname "$0")/.."

stages=${CHECK_STAGES:-gcc clang asan tsan state fuzz}
results=$(mktemp)
failures=$(mktemp)
trap 'rm -f "$results" "$failures"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
broken=0
began=$(date +%s)

# setup DIR CC MESON-OPTIONS...: configures once, keeps the directory for the next run
setup() {
	dir=$1 compiler=$2
	shift 2
	if [ ! -f "$dir/build.ninja" ]; then
		CC=$compiler meson setup "$dir" "$@" >"$dir.setup.log" 2>&1 || {
			cat "$dir.setup.log"
			return 1
		}
	fi
	rm -f "$dir.setup.log"
	ninja -C "$dir" >"$dir.build.log" 2>&1 || {
		tail -60 "$dir.build.log"
		return 1
	}
	rm -f "$dir.build.log"
}

# suites DIR ARGS...: runs Meson's tests and adds their verdicts to the results
suites() {
	dir=$1
	shift
	rm -f "$dir/meson-logs/testlog.json"
	meson test -C "$dir" --no-rebuild --print-errorlogs "$@"
	python3 tools/test-counts.py "$dir/meson-logs/testlog.json" "$failures" >>"$results" || broken=1
}

stage() {
	case $1 in
	gcc) setup build gcc && suites build ;;
	clang) setup build-clang clang && suites build-clang --suite quick ;;
	asan)
		export ASAN_OPTIONS=detect_stack_use_after_return=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
		setup build-asan clang -Db_sanitize=address,undefined -Db_lundef=false && suites build-asan --suite quick
		;;
	tsan) setup build-tsan clang -Db_sanitize=thread -Db_lundef=false && suites build-tsan --suite threads ;;
	state) # the whole state checked after every step
		setup build-state gcc -Dcheck-state=true && suites build-state conformance lib-machine lib-guest lib-play example-mapgpa example-faults
		;;
	fuzz)
		setup build-fuzz clang -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false \
			&& suites build-fuzz --suite fuzz
		;;
	*)
		echo "check: no stage '$1'" >&2
		return 1
		;;
	esac
}

for name in $stages; do
	echo "== check: $name"
	start=$(date +%s)
	stage "$name" || {
		echo "== check: $name: the build failed"
		broken=1
	}
	echo "== check: $name took $(($(date +%s) - start)) s"
done

cat "$failures" # again, so that the end of the output tells what failed and why
python3 tools/test-counts.py --summary "$results" || broken=1
echo "check: stages: $stages; $(($(date +%s) - began)) s in all"
python3 tools/test-counts.py --closing "$results" "$broken"
exit $?

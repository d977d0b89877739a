# SPDX-License-Identifier: MIT
# A thin front: Meson and Ninja build; this file names the few things a person does.
#   make             build everything into build/ (the binary is build/seamless)
#   make demo        install what is missing, build, and watch a trust domain live and die
#   make check       install what is missing, build with both compilers and the sanitizers, run all tests
#   make check-long  what does not fit into half an hour; its last result is docs/check-long.md
#   make deps        install what building needs
#   make install     the command, its manual, completions, headers and library (PREFIX and DESTDIR are heeded)
#   make argument    what the call layer costs, measured: docs/argument/ (with Debian 12's compilers)
#   make format      clang-format over the lines that differ from the branch main
BUILD ?= build

all: $(BUILD)/build.ninja
	@ninja -C $(BUILD)

$(BUILD)/build.ninja:
	@tools/have-build-deps.sh
	@meson setup $(BUILD) || { echo "make: 'make deps' installs what building needs" >&2; exit 1; }

deps:
	@tools/deps.sh build

demo:
	@tools/deps.sh demo
	@$(MAKE) --no-print-directory all
	@tools/demo.sh $(BUILD)

check:
	@tools/deps.sh check
	@tools/check.sh

check-long:
	@tools/deps.sh check
	@tools/check-long.sh

generate:
	@python3 tools/abi/generate.py

argument:
	@tools/argument/argument.py

format:
	@git clang-format --force --extensions c,h $$(git merge-base HEAD main 2>/dev/null || echo HEAD) -- \
		':!abi/gen' ':!include/tdx' ':!src/module'

install: all
	@[ -z "$(PREFIX)" ] || meson configure $(BUILD) --prefix "$(PREFIX)"
	@ninja -C $(BUILD)
	@meson install -C $(BUILD) --no-rebuild

clean:
	rm -rf $(BUILD) $(BUILD)-* $(BUILD)*.log

.PHONY: all install deps demo check check-long generate argument format clean

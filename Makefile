# SPDX-License-Identifier: MIT
# A thin front: Meson and Ninja build, this file names the few things a person does.
BUILD ?= build

all: $(BUILD)/build.ninja
	ninja -C $(BUILD)

$(BUILD)/build.ninja:
	meson setup $(BUILD)

.PHONY: all

#!/bin/sh
# SPDX-License-Identifier: MIT
# Feeds the recorded transcripts to test_lines. Usage: lines.sh TEST_LINES ARCHIVE
set -u
tar -xJOf "$2" | "$1" 10000

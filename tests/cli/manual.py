#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The manual pages and the completions know every verb and option that the command knows, and no others; bash completes
them. Usage: manual.py SEAMLESS SOURCE_ROOT"""
import os
import re
import subprocess
import sys

SEAMLESS, ROOT = sys.argv[1:3]
OPTION = re.compile(r"(?<![\w-])--([a-z][a-z-]*[a-z])")
failures = 0


def check(right, what):
    global failures
    if not right:
        failures += 1
        print("FAILED", what)


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        return f.read()


def said(*args):
    return subprocess.run([SEAMLESS, *args], capture_output=True, text=True, timeout=60, check=True).stdout


def complete(*words):
    script = '. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _seamless; printf "%s\\n" "${COMPREPLY[@]}"'
    return subprocess.run(["bash", "-c", script, os.path.join(ROOT, "completions/seamless.bash"), *words],
                          capture_output=True, text=True, timeout=60, check=True).stdout.split()


def check_verb(verb, zsh):
    # Options of other commands are named in text, so only what begins a line of help is the verb's own.
    text = said(verb, "--help")
    usage = text.split("\n\n")[0]
    wanted = set(OPTION.findall(usage)) | set(re.findall(r"^ +(?:-[a-z], )?--([a-z][a-z-]*[a-z])", text, re.M)) | {"help"}
    page = read(f"docs/man/seamless-{verb}.1.scd")
    documented = set(re.findall(r"^\*--([a-z-]+)\*", page, re.M))
    check(wanted == documented, f"{verb}: help and manual page differ in {wanted ^ documented}")
    check(set(complete("seamless", verb, "--")) == {"--" + o for o in documented}, f"{verb}: bash completion")
    line = re.search(rf"^{verb}\) options=\((.*)\) ;;$", zsh, re.M)
    check(line and set(line[1].split()) == {"--" + o for o in documented}, f"{verb}: zsh completion")
    print(f"{verb}: {len(documented)} options")


def main():
    verbs = re.findall(r"^  ([a-z]+) ", said("--help"), re.M)
    zsh = read("completions/_seamless")
    main_page = read("docs/man/seamless.1.scd")
    check(len(verbs) >= 8, f"few verbs: {verbs}")
    check(re.findall(r"^\*([a-z]+)\*$", main_page, re.M) == verbs, "seamless(1) has other verbs")
    check(complete("seamless", "") == verbs + ["help", "--help", "--version"], "bash completion of verbs")
    check(complete("seamless", "help", "") == verbs, "bash completion of help")
    check(re.findall(r"^\t'([a-z]+):", zsh, re.M) == verbs + ["help"], "zsh completion of verbs")
    check(complete("seamless", "run", "--quote-version", "") == ["4", "5"], "bash completion of a value")
    for verb in verbs:
        check_verb(verb, zsh)
    return 1 if failures else 0


sys.exit(main())

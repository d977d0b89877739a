#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""No two checks of the module with different statuses share a sentence: the rule that fail() is given, which is all that
tells one refusal from another. The same rule with the same status may stand in two leaves.

usage: sentences.py SOURCE_ROOT
"""
import collections
import glob
import os
import re
import sys

TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')
SHORT = {'BAD': 'TDX_OPERAND_INVALID', 'NOT_VALID': 'TDX_METADATA_FIELD_VALUE_NOT_VALID'}
CALL = re.compile(r'\b(?:(?:sept_)?fail|REFUSAL)\(')


def arguments(text, at):
    """The text between the parenthesis at `at` and its partner."""
    depth = 1
    for token in re.finditer(r'"(?:[^"\\]|\\.)*"|[()]', text[at:]):
        depth += {'(': 1, ')': -1}.get(token[0], 0)
        if not depth:
            return text[at:at + token.start()]
    return text[at:]


def main():
    rules = collections.defaultdict(set)
    generated = os.path.join(sys.argv[1], 'abi', 'gen', 'checks.c')
    for path in sorted(glob.glob(os.path.join(sys.argv[1], 'src', 'module', '*.c'))) + [generated]:
        with open(path) as f:
            text = f.read()
        for call in CALL.finditer(text):
            inside = arguments(text, call.end())
            rule = re.search(r'"(?:[^"\\]|\\.)*"(?:\s*"(?:[^"\\]|\\.)*")*', inside)
            status = re.search(r'\b(TDX_(?!OPERAND_ID)\w+|BAD|NOT_VALID|BAD_ENTRY)\b', inside)
            if rule and status:
                name = SHORT.get(status[1], status[1])
                rules[''.join(TEXT.findall(rule[0]))].add((name, os.path.basename(path)))
    if len(rules) < 200:
        sys.exit('only %d sentences found: is this the module?' % len(rules))
    shared = {rule: uses for rule, uses in rules.items() if len({status for status, _ in uses}) > 1}
    for rule, uses in sorted(shared.items()):
        print('"%s" is said of %s' % (rule, ', '.join('%s in %s' % use for use in sorted(uses))))
    print('%d sentences, %d shared' % (len(rules), len(shared)))
    sys.exit(1 if shared else 0)


main()

# SPDX-License-Identifier: MIT
"""A copy of the call layer under a prefix, for a tree that has such names already (Linux has): tdh_mem_track becomes
NAME_tdh_mem_track, TDX_SUCCESS NAME_TDX_SUCCESS in capitals, the thunk __NAME_tdx_seamcall."""
import os
import re

_WORD = re.compile(r'\b(__)?((?:tdx|tdh|tdg)_\w*|TDX_\w*|(?:seamcall|tdcall|tdvmcall)(?:_ret|_saved_ret)?\b)')


def rename(text, name):
    def new(match):
        under, word = match[1] or '', match[2]
        return '%s%s_%s' % (under, name.upper() if word[0] == 'T' else name, word)
    lines = [line if line.startswith('#include') else _WORD.sub(new, line) for line in text.split('\n')]
    return '\n'.join(lines)


def copy(source, target, name):
    if not re.fullmatch(r'[a-z][a-z0-9_]*', name):
        raise SystemExit('prefix %r: lower-case letters, digits and _ only' % name)
    os.makedirs(target, exist_ok=True)
    for entry in sorted(os.listdir(source)):
        if entry.endswith(('.h', '.S', '.c')):
            with open(os.path.join(source, entry), encoding='utf-8') as file:
                text = rename(file.read(), name)
            with open(os.path.join(target, entry), 'w', encoding='utf-8') as file:
                file.write(text)

# SPDX-License-Identifier: MIT
"""Compiles every call with every compiler at every level, kernel-like, and collects what each form costs: its size from the
disassembly (measure.py), what runs from running it one instruction at a time (count.c)."""
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [HERE, os.path.join(ROOT, 'tools', 'abi')]

import measure  # noqa: E402
import wrappers  # noqa: E402

INCLUDE = os.path.join(ROOT, 'include')
KERNEL = ('-std=gnu11 -ffreestanding -mno-red-zone -DTDX_NO_RED_ZONE -mcmodel=kernel -fno-pic -mno-sse -mno-mmx '
          '-mno-80387 -fno-stack-protector -fno-asynchronous-unwind-tables -fomit-frame-pointer -march=x86-64 '
          '-mtune=generic -Wno-missing-prototypes').split()
WAYS = [('gcc', '-O2'), ('gcc', '-Os'), ('clang', '-O2'), ('clang', '-Os')]
# The routine that a form of TDH.VP.ENTER consists of, beside its wrapper.
ROUTINES = {'typed_tdh_vp_enter': '__tdx_vp_enter', 'typed_tdh_vp_enter_rbp': '__tdx_vp_enter_rbp',
            'typed_tdh_vp_enter_lean_tdvmcall': '__tdx_vp_enter_lean',
            'typed_tdh_vp_enter_lean_async': '__tdx_vp_enter_lean',
            'base_tdh_vp_enter_copied': 'base_seamcall_saved_ret', 'base_tdh_vp_enter_kept': 'base_seamcall_saved_ret'}


def version(compiler):
    text = subprocess.run([compiler, '--version'], check=True, capture_output=True, text=True).stdout
    return text.split('\n')[0]


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def assemble(work, path):
    target = os.path.join(work, os.path.basename(path) + '.o')
    run('gcc', '-I', INCLUDE, '-c', path, '-o', target)
    return target


def write(path, text):
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)
    return path


class Collection:
    """costs: {(compiler, level): {function: Cost}}; hand: the names of hand-written functions, without hand_."""

    def __init__(self, model, work):
        self.model, self.work, self.costs = model, work, {}
        self.parts = [assemble(work, os.path.join(HERE, name)) for name in ('baseline.S', 'hand.S')]
        self.parts.append(assemble(work, os.path.join(INCLUDE, 'tdx', 'tdx_call.S')))
        self.common = {}
        for part in self.parts:
            self.common.update(measure.functions(part))
        self.hand = [name[len('hand_'):] for name in self.common if name.startswith('hand_')]
        self.source = write(os.path.join(work, 'wrappers.c'), wrappers.source(model))
        rows = write(os.path.join(work, 'rows.c'), wrappers.rows(model, ['hand_' + name for name in self.hand]))
        for path in (os.path.join(HERE, 'count.c'), rows):
            target = os.path.join(work, os.path.basename(path) + '.o')
            run('gcc', '-O1', '-Wall', '-Wextra', '-Werror', '-fno-pic', '-D_GNU_SOURCE', '-I', HERE, '-c', path, '-o', target)
            self.parts.append(target)
        for way in WAYS:
            if shutil.which(way[0]):
                self.costs[way] = self._one_way(*way)
            else:
                print('%s: not installed, not tried' % way[0])

    def object_of(self, way):
        return os.path.join(self.work, ''.join(way) + '.o')

    def _one_way(self, compiler, level):
        target = self.object_of((compiler, level))
        program = target + '.exe'
        run(compiler, level, *KERNEL, '-I', HERE, '-I', INCLUDE, '-c', self.source, '-o', target)
        out = measure.functions(target)
        for name, cost in self.common.items():
            if name.startswith('hand_'):
                out[name] = cost.copy()
        for name, routine in ROUTINES.items():
            out[name].add(self.common[routine])
        run('gcc', '-no-pie', target, *self.parts, '-o', program, '-lZydis')
        for line in run('timeout', '300', program).splitlines():
            name, *numbers = line.split()
            out[name].executed, loads, stores = map(int, numbers)
            out[name].accesses = loads + stores
        return out

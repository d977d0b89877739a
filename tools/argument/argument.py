#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes docs/argument/: what the call layer costs beside the shape of today's code and beside hand-written assembly, call by
call; five calls in C and in machine code; a backtrace through the thunk; what answers each requirement.

The numbers and the machine code belong to the compilers of Debian 12 that PINNED names. With others nothing is written, and
--check compares only what no compiler has a part in.

  argument.py           write
  argument.py --check   compare; exit status 1 if a file is stale, or a file or test that it names does not exist
"""
import argparse
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [HERE, os.path.join(ROOT, 'tools'), os.path.join(ROOT, 'tools', 'budget'), os.path.join(ROOT, 'tools', 'abi')]

import leaves  # noqa: E402
import picture  # noqa: E402
import requirements  # noqa: E402
import text  # noqa: E402
from collect import Collection, version  # noqa: E402
from model import Model  # noqa: E402

OUT = os.path.join(ROOT, 'docs', 'argument')
PINNED = {'gcc': 'gcc (Debian 12.2.0-14+deb12u1) 12.2.0', 'clang': 'Debian clang version 14.0.6'}
MARK = '## What answers each requirement\n'


def missing_tools():
    """Why the numbers can't be made here, or nothing."""
    for compiler, wanted in PINNED.items():
        if not shutil.which(compiler) or version(compiler) != wanted:
            return '%s is not "%s"' % (compiler, wanted)
    return None if shutil.which('gdb') else 'gdb is not installed'


def backtrace(work, call, options):
    program = os.path.join(work, 'unwind')
    subprocess.run(['gcc', '-std=gnu11', '-O2', '-g', '-no-pie', *options, '-I', os.path.join(ROOT, 'include'),
                    os.path.join(ROOT, 'tests', 'tdx', 'unwind.c'), os.path.join(ROOT, 'include', 'tdx', 'tdx_call.S'),
                    '-o', program], check=True)
    said = subprocess.run(['gdb', '-nx', '-q', '-batch', '-iex', 'set debuginfod enabled off', '-iex', 'set width 0', '-ex', 'run',
                           '-ex', 'backtrace', '--args', program, call], check=True, capture_output=True, text=True, timeout=300)
    frames = [line for line in said.stdout.split('\n') if re.match(r'#\d', line)]
    last = next(i for i, line in enumerate(frames) if ' outer ' in line)
    tidy = [re.sub(r'0x[0-9a-f]{12,16} in |(?<= at )%s/' % re.escape(ROOT), '', line) for line in frames[:last + 1]]
    # Addresses of the stack differ between machines; lines of the layer's files move whenever a table changes.
    text_of = re.sub(r'=0x7ff[0-9a-f]+', '=0x7ff...', '\n'.join(tidy)) + '\n'
    return re.sub(r'(include/tdx/\S+):\d+', r'\1', text_of)


def outputs():
    """{file of docs/argument/: its text}"""
    with tempfile.TemporaryDirectory() as work:
        got = Collection(Model(os.path.join(ROOT, 'abi')), work)
        traces = [(title, backtrace(work, call, options)) for title, call, options in text.TRACES]
        files = {'README.md': text.readme(got, PINNED, traces, MARK + '\n' + requirements.table())}
        for way in got.costs:
            files['calls-%s.md' % ''.join(way)] = text.calls(got, way, PINNED)
        code = leaves.disassembly(got.object_of(('gcc', '-O2')) + '.exe')
        files['five-calls.md'] = text.FIVE_TOP % PINNED['gcc'] + leaves.page(got, ('gcc', '-O2'), code)
        files['enter-gcc.svg'] = picture.bars(text.enter_bars(got.costs['gcc', '-O2']), 'Entering a vCPU once: gcc 12.2.0 -O2')
        for compiler in PINNED:
            files['calls-%s.svg' % compiler] = picture.draw(
                got.costs[compiler, '-O2'], text.pictured(got), got.hand,
                'What a TDX module call costs: %s -O2' % re.sub(r'\(.*?\) ?|Debian | version', '', PINNED[compiler]).strip())
    return files


def read(name):
    try:
        with open(os.path.join(OUT, name), encoding='utf-8') as file:
            return file.read()
    except FileNotFoundError:
        return ''


def names_exist():
    bad = 0
    tests = set()
    for path in glob.glob(os.path.join(ROOT, '**', 'meson.build'), recursive=True):
        with open(path, encoding='utf-8') as file:
            tests |= set(re.findall(r"^\s*test\('([^']+)'", file.read(), re.M))
    for number, _, _, files, wanted in requirements.ROWS:
        for name in [f for f in files if not os.path.exists(os.path.join(ROOT, f))] + [t for t in wanted if t not in tests]:
            print('%s: %s does not exist' % (number or 'beyond', name))
            bad += 1
    if MARK + '\n' + requirements.table() not in read('README.md'):
        print('docs/argument/README.md: the requirements are stale')
        bad += 1
    return bad


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--check', action='store_true')
    args = parser.parse_args()
    bad = names_exist() if args.check else 0
    why = missing_tools()
    if why:
        print('%s: numbers and machine code not %s' % (why, 'compared' if args.check else 'written'))
        return 1 if bad or not args.check else 0
    for name, new in outputs().items():
        if read(name) == new:
            continue
        print(('stale, make argument: ' if args.check else 'wrote ') + 'docs/argument/' + name)
        bad += args.check
        if not args.check:
            os.makedirs(OUT, exist_ok=True)
            with open(os.path.join(OUT, name), 'w', encoding='utf-8') as file:
                file.write(new)
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())

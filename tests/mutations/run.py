#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Plants each mistake of mutations.txt in the module and has the property test (tests/model) look for it: by the model
alone and by the checker alone. The one file is compiled as the build compiles it, with the mistake in it, and linked before
the library. A mistake that neither finds, or that can't be planted any more, fails; so does the module without any, if
something is found. The outcome is the table in docs/invariants.md; --update writes it.

--plant: only whether each can be planted.

usage: run.py BUILD_DIRECTORY TARGET [--update] [--only NAME] [--plant]
"""
import argparse
import concurrent.futures
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PAGE = os.path.join(ROOT, 'docs', 'invariants.md')
BEGIN, END = '<!-- mutations -->\n', '<!-- end of mutations -->\n'
SEEDS = {'model': ['1', '40'], 'checker': ['1', '12']}
TIMEOUT = 300


class Mutation:
    def __init__(self, name, text):
        self.name, self.text = name, text
        self.file = self.start = self.old = self.new = ''

    def plant(self):
        """The file's text with the mistake in it."""
        if not self.file.endswith('.c'):
            raise ValueError('%s: %s is compiled only as a part of others; plant it in a .c file' % (self.name, self.file))
        with open(os.path.join(ROOT, self.file), encoding='utf-8') as source:
            text = source.read()
        at = text.find(self.start)
        if at < 0:
            raise ValueError('%s: %s has no "%s"' % (self.name, self.file, self.start))
        pattern = r'\s*'.join(re.escape(word) for word in self.old.split())
        found = re.compile(pattern).search(text, at)
        if not found:
            raise ValueError('%s: %s has no "%s" after "%s"' % (self.name, self.file, self.old, self.start))
        return text[:found.start()] + self.new + text[found.end():]


def read_mutations():
    mutations = []
    with open(os.path.join(HERE, 'mutations.txt'), encoding='utf-8') as lines:
        for line in lines:
            words = line.split(None, 1)
            if not words or line.startswith('#'):
                continue
            rest = words[1].strip() if len(words) > 1 else ''
            if words[0] == 'mutation':
                mutations.append(Mutation(*[part.strip() for part in rest.split('|')]))
            else:
                setattr(mutations[-1], {'from': 'start'}.get(words[0], words[0]), rest)
    return mutations


class Build:
    def __init__(self, directory, target):
        self.directory = os.path.abspath(directory)
        with open(os.path.join(self.directory, 'compile_commands.json'), encoding='utf-8') as commands:
            entries = json.load(commands)
        self.compile = {os.path.normpath(os.path.join(e['directory'], e['file'])): shlex.split(e['command']) for e in entries}
        commands = subprocess.run(['ninja', '-C', self.directory, '-t', 'commands', '-s', target], check=True,
                                  capture_output=True, text=True).stdout
        self.link = shlex.split(commands.strip().splitlines()[-1])

    def run(self, command):
        done = subprocess.run(command, cwd=self.directory, capture_output=True, text=True)
        if done.returncode:
            raise ValueError('%s\n%s' % (' '.join(command), done.stderr))

    def variant(self, mutation, folder):
        """The property test with this mistake in the module; without one, as it is."""
        program = os.path.join(folder, 'test')
        link = list(self.link)
        link[link.index('-o') + 1] = program
        if mutation:
            source = os.path.join(folder, os.path.basename(mutation.file))
            with open(source, 'w', encoding='utf-8') as out:
                out.write(mutation.plant())
            original = os.path.join(ROOT, mutation.file)
            command = list(self.compile[original])
            for option in ('-MF', '-MQ'):
                at = command.index(option)
                del command[at:at + 2]
            command.remove('-MD')
            command[command.index('-o') + 1] = source + '.o'
            command[-1] = source
            self.run(command + ['-Wno-error'])
            first = next(i for i, word in enumerate(link) if word.endswith('.o') and link[i - 1] != '-o')
            link.insert(first, source + '.o')
        self.run(link)
        return program


def look(program, only):
    """Whether it finds something, and what."""
    done = subprocess.run([program, '--only', only, '--no-shrink', '--seeds'] + SEEDS[only], capture_output=True, text=True,
                          timeout=TIMEOUT)
    if done.returncode not in (0, 1):
        raise ValueError('%s ended with %d\n%s%s' % (only, done.returncode, done.stdout[-2000:], done.stderr[-2000:]))
    last = done.stdout.strip().splitlines()[-1]
    return last.startswith('after the last'), last


def try_one(build, mutation):
    """By each way: whether it found something, and what. None: it could not be tried."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            program = build.variant(mutation, folder)
            return {only: look(program, only) for only in SEEDS}
    except (ValueError, subprocess.TimeoutExpired) as error:
        print(error)
        return None


def table(mutations, found):
    def mark(mutation, only):
        return 'yes' if found[mutation.name][only][0] else ''

    rows = ['| mistake | what is wrong then | the model | the checker |\n', '|---|---|---|---|\n']
    for m in mutations:
        rows.append('| `%s` | %s | %s | %s |\n' % (m.name, m.text, mark(m, 'model'), mark(m, 'checker')))
    return ''.join(rows)


def hold(new, update):
    with open(PAGE, encoding='utf-8') as page:
        text = page.read()
    begin, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    if text[begin:end] == new:
        return True
    if not update:
        print('docs/invariants.md says otherwise; tests/mutations/run.py BUILD TARGET --update writes:\n' + new)
        return False
    with open(PAGE, 'w', encoding='utf-8') as page:
        page.write(text[:begin] + new + text[end:])
    return True


def plant_all():
    """Every mistake can still be planted."""
    wrong = 0
    mutations = read_mutations()
    for mutation in mutations:
        try:
            mutation.plant()
        except ValueError as error:
            print(error)
            wrong += 1
    print('%d mistakes, %d can not be planted any more: mend tests/mutations/mutations.txt' % (len(mutations), wrong))
    sys.exit(bool(wrong))


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument('build')
    parser.add_argument('target')
    parser.add_argument('--update', action='store_true')
    parser.add_argument('--only')
    parser.add_argument('--plant', action='store_true')
    args = parser.parse_args()
    if args.plant:
        plant_all()
        return
    build = Build(args.build, args.target)
    mutations = [m for m in read_mutations() if args.only in (None, m.name)]
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        jobs = {m.name if m else '': pool.submit(try_one, build, m) for m in [None] + mutations}
    found = {name: job.result() for name, job in jobs.items()}
    for name, by in found.items():
        if by is None:
            bad += 1
            continue
        caught = [only for only in by if by[only][0]]
        print('%-26s %s' % (name or '(none)', '; '.join('%s: %s' % (o, by[o][1]) for o in caught) or 'nothing is found'))
        bad += bool(caught) != bool(name)
    print('%d mistakes, %d wrong verdicts' % (len(mutations), bad))
    sys.stdout.flush()
    if bad or (not args.only and not hold(table(mutations, found), args.update)):
        sys.exit(1)


main()

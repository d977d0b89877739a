#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Grows the corpus of fuzz_replay from the recorded transcripts, and that of fuzz_transcript: each transcript whole, and
cut at several lines, which is where mutations of its later lines get a short run. `-merge=1` then keeps what covers most.

usage: grow.py FUZZ_REPLAY FUZZ_TRANSCRIPT      (of build-fuzz/fuzz/seamcall)
"""
import os
import subprocess
import sys
import tarfile
import tempfile

ARCHIVE = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, 'tests', 'conformance', 'transcripts.tar.xz')
CUTS = (0.3, 0.6, 1)
LONGEST = 16384


def pieces(directory):
    with tarfile.open(ARCHIVE) as tar:
        for member in tar:
            text = tar.extractfile(member).read()
            lines = [line for line in text.splitlines() if line != b'END']
            for cut in CUTS:
                piece = b'\n'.join(lines[:int(len(lines) * cut)]) + b'\nEND\n'
                if len(piece) <= LONGEST:
                    with open(os.path.join(directory, '%s.%d' % (member.name.replace('/', '_'), cut * 10)), 'wb') as out:
                        out.write(piece)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as directory:
        pieces(directory)
        print('%d pieces of transcripts' % len(os.listdir(directory)))
        for target in sys.argv[1:]:
            corpus = target + '.corpus'
            os.makedirs(corpus, exist_ok=True)
            subprocess.run([target, '-merge=1', '-rss_limit_mb=2048', corpus, directory], check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            print('%s: %d files' % (corpus, len(os.listdir(corpus))))


main()

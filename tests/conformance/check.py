# SPDX-License-Identifier: MIT
"""Replays the transcripts of transcripts.tar.xz and holds expected.txt to be true.

expected.txt names the transcripts that replay without a difference, one per line. It is wrong if a file it names
differs, and, without --listed, also if a file passes that it does not name.

usage: check.py SEAMLESS DIRECTORY [--listed | --update]
  DIRECTORY  where the transcripts are unpacked
  --listed   replay only the files that are named
  --update   write expected.txt anew from what passes
"""
import os
import re
import subprocess
import sys
import tarfile

HERE = os.path.dirname(os.path.abspath(__file__))
ARCHIVE = os.path.join(HERE, "transcripts.tar.xz")
EXPECTED = os.path.join(HERE, "expected.txt")
HEADER = "# Transcripts that replay without a difference. Kept by check.py --update.\n"


def unpack(directory):
    os.makedirs(directory, exist_ok=True)
    with tarfile.open(ARCHIVE) as tar:
        for member in tar:
            path = os.path.join(directory, member.name)
            if not os.path.exists(path):
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path + ".part", "wb") as out:
                    out.write(tar.extractfile(member).read())
                os.rename(path + ".part", path)
        return sorted(tar.getnames())


def read_expected():
    with open(EXPECTED) as f:
        return [line.strip() for line in f if line.strip() and line[0] != "#"]


def replay(seamless, directory, names):
    """The differing files, with the first line said about each, and the program's last line."""
    run = subprocess.run([seamless, "replay"] + names, cwd=directory, text=True, errors="replace",
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    differing = {}
    for line in run.stdout.splitlines():
        found = re.match(r"(?:seamless replay: )?(\S+\.tdx):\d+: ", line)
        if found:
            differing.setdefault(found.group(1), line)
    if run.returncode not in (0, 1, 2) or (run.returncode and not differing):
        sys.exit("seamless replay ended with %d:\n%s" % (run.returncode, run.stdout[-2000:]))
    return differing, run.stdout.splitlines()[-1]


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    seamless, directory, options = os.path.abspath(sys.argv[1]), sys.argv[2], sys.argv[3:]
    names, expected = unpack(directory), read_expected()
    wanted = expected if "--listed" in options else names
    if not wanted:
        print("expected.txt names no transcript")
        return
    differing, summary = replay(seamless, directory, wanted)
    passing = [n for n in wanted if n not in differing]
    print("%d of %d transcripts as recorded; %s" % (len(passing), len(wanted), summary))
    if "--update" in options:
        with open(EXPECTED, "w") as f:
            f.write(HEADER + "".join(n + "\n" for n in passing))
        return
    broken = [n for n in expected if n not in passing]
    new = [n for n in passing if n not in expected]
    for name in broken:
        print("differs, but is expected to pass: %s" % differing.get(name, name))
    for name in new:
        print("passes, but is not in expected.txt: %s (check.py --update)" % name)
    sys.exit(1 if broken or new else 0)


main()

# SPDX-License-Identifier: MIT
"""Changes one recorded answer in each of some transcripts: the replay must notice every one.

usage: bites.py SEAMLESS DIRECTORY COUNT
  DIRECTORY  where the transcripts are unpacked (check.py)
"""
import os
import random
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def changed(value, rng):
    bits = 4 * len(value)
    return "%0*x" % (len(value), int(value, 16) ^ 1 << rng.randrange(bits))


def mutate(line, rng):
    """The line with one bit of one answer changed; None: it has no answer that is a number."""
    head, answer = line.split(" => ")
    answer = answer.split("  #")[0]
    numbers = list(re.finditer(r"=([0-9a-f]+)(?= |$)", answer))
    if not numbers:
        return None
    at = rng.choice(numbers)
    return head + " => " + answer[:at.start(1)] + changed(at.group(1), rng) + answer[at.end(1):]


def bites(seamless, directory, name, rng, work):
    with open(os.path.join(directory, name)) as f:
        lines = f.read().splitlines()
    for at in rng.sample(range(len(lines)), len(lines)):
        line = mutate(lines[at], rng) if " => " in lines[at] else None
        if line:
            lines[at] = line
            break
    else:
        sys.exit("%s: nothing to change" % name)
    path = os.path.join(work, "changed.tdx")
    with open(path, "w") as f:
        f.write("\n".join(lines) + "\n")
    run = subprocess.run([seamless, "replay", path], stdout=subprocess.PIPE, text=True)
    if run.returncode == 1 and ":%d: " % (at + 1) in run.stdout:
        return True
    print("%s:%d: not noticed: %s" % (name, at + 1, line))
    return False


def main():
    seamless, directory, count = os.path.abspath(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    rng = random.Random(1)
    with open(os.path.join(HERE, "expected.txt")) as f:
        names = [line.strip() for line in f if line[0] != "#"]
    with tempfile.TemporaryDirectory() as work:
        good = sum(bites(seamless, directory, n, rng, work) for n in rng.sample(names, count))
    print("%d of %d changed answers noticed" % (good, count))
    sys.exit(good != count)


main()

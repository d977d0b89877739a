#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds docs/tour.md to what the commands in it print.

tour.py BUILD [--update]   runs every command of the tour and compares, or rewrites what differs

A command is a line "$ COMMAND" in a fenced block; its output follows. Commands run in the order of the page, in a folder of
their own, with the build's `seamless` first in PATH; `build` and `tests` are there. In an output "..." stands for any text inside
a line, and alone in a line for any lines; --update leaves such an output alone while it still matches.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/tour.md"
BLOCK = re.compile(r"(?ms)^```\n(\$ .*?)^```\n")


def pattern_of(output):
    parts = [".*\n" if line == "..." else
             ".*".join(re.escape(piece) for piece in line.split("...")) + "\n" for line in output.splitlines()]
    return re.compile("".join("(?:.*\n)*?" if part == ".*\n" else part for part in parts) + r"\Z")


def commands_of(block):
    """(command lines, output) pairs; a command goes on after a backslash at a line's end."""
    lines, found = block.splitlines(keepends=True), []
    while lines:
        command = lines.pop(0)
        while command.endswith("\\\n"):
            command += lines.pop(0)
        output = ""
        while lines and not lines[0].startswith("$ "):
            output += lines.pop(0)
        found.append((command, output))
    return found


def run(command, folder, build):
    env = dict(os.environ, PATH=f"{build}:{os.environ['PATH']}", LC_ALL="C")
    got = subprocess.run(["sh", "-c", command[2:]], cwd=folder, env=env, text=True, timeout=300,
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return "\n".join(line.rstrip() for line in got.stdout.splitlines()) + ("\n" if got.stdout else "")


class Tour:
    def __init__(self, build, folder):
        self.build, self.folder, self.commands, self.stale = build, folder, 0, 0

    def block(self, match):
        text = ""
        for command, output in commands_of(match.group(1)):
            self.commands += 1
            got = run(command, self.folder, self.build)
            if not pattern_of(output).match(got):
                self.stale += 1
                print(f"docs/tour.md: {command}prints\n{got}and not\n{output}")
                output = got
            text += command + output
        return f"```\n{text}```\n"


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    page = PAGE.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(build, pathlib.Path(folder) / "build")
        os.symlink(ROOT / "tests", pathlib.Path(folder) / "tests")
        tour = Tour(build, folder)
        made = BLOCK.sub(tour.block, page)
    if "--update" in sys.argv[2:] and made != page:
        PAGE.write_text(made, encoding="utf-8")
    print(f"tour: {tour.commands} commands, {tour.stale} with another output")
    return 1 if tour.stale or not tour.commands else 0


if __name__ == "__main__":
    sys.exit(main())

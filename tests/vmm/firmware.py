#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Debian's OVMF as a TD, up to its built-in EFI shell, in which commands are typed: the memory map, and power off.
Usage: firmware.py SEAMLESS"""
import os
import re
import subprocess
import sys

SEAMLESS = sys.argv[1]
OVMF = "/usr/share/ovmf/OVMF.fd"
SKIP = 77


class Machine:
    def __init__(self):
        self.output = b""
        self.process = subprocess.Popen([SEAMLESS, "run", "--firmware", OVMF, "--timeout", "400"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def until(self, text):
        """Everything up to the text, which must come."""
        while not self.output.endswith(text):
            byte = self.process.stdout.read(1)
            if not byte:
                print(self.output.decode("latin1"), self.process.stderr.read().decode())
                sys.exit(f"FAILED: no {text!r}")
            self.output += byte
        before, self.output = self.output, b""
        return before.decode("latin1")

    def type(self, text):
        self.process.stdin.write(text)
        self.process.stdin.flush()


def main():
    if not os.path.exists(OVMF):
        print(f"{OVMF} is not installed")
        return SKIP
    machine = Machine()
    machine.until(b'loading Boot0001 "EFI Internal Shell"')
    machine.until(b"any other key to continue.")
    machine.type(b"x")
    machine.until(b"Shell> ")
    machine.type(b"memmap\r")
    pages = re.search(r"Available\s*:\s*([\d,]+) Pages", machine.until(b"Total Memory"))
    machine.until(b"Shell> ")
    machine.type(b"reset -s\r")
    rest, errors = machine.process.communicate()
    if int(pages[1].replace(",", "")) < 40000 or machine.process.returncode:
        sys.exit(f"FAILED: {pages[1]} pages, status {machine.process.returncode}\n{rest}\n{errors.decode()}")
    if b"the guest powered the machine off" not in errors or b"pages proved free" not in errors:
        sys.exit(f"FAILED: {errors.decode()}")
    print(f"the EFI shell sees {pages[1]} free pages and powers off")
    return 0


sys.exit(main())

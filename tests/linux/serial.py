#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Linux's 8250 driver finds the serial port and its interrupt in the ACPI tables and uses both ways: a shell on ttyS0 gets
what is typed, what it prints arrives whole, and the interrupts are counted. Usage: serial.py SOURCE_ROOT BUILD SEAMLESS"""
import os
import re
import subprocess
import sys

SOURCE, BUILD, SEAMLESS = sys.argv[1:4]
PROMPT = b"/ # "
LONG = 3000  # characters, many times what the port's buffer takes


def fail(why, seen):
    print(f"FAILED {why}\n{seen.decode(errors='replace')[-3000:]}")
    sys.exit(1)


class Guest:
    def __init__(self):
        linux = os.path.join(BUILD, "linux")
        self.seen = b""
        self.process = subprocess.Popen(
            [SEAMLESS, "run", "--kernel", os.path.join(linux, "vmlinuz"), "--initrd", os.path.join(linux, "initramfs"),
             "--append", "console=ttyS0 panic=-1 seamless.shell", "-m", "256M", "--timeout", "300"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def until(self, text):
        """What is printed up to the text."""
        while text not in self.seen:
            more = os.read(self.process.stdout.fileno(), 4096)
            if not more:
                fail(f"the run ended before {text!r}", self.seen + self.process.stderr.read())
            self.seen += more
        before, self.seen = self.seen.split(text, 1)
        return before

    def type(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def interrupts(self):
        self.type("grep ttyS0 /proc/interrupts")
        said = self.until(PROMPT)
        found = re.search(rb"^ *\d+: +(\d+) .*IO-APIC +4-edge +ttyS0", said, re.M)
        if not found:
            fail("no interrupt of ttyS0", said)
        return int(found[1])


def main():
    subprocess.run([os.path.join(SOURCE, "guest/linux/build.sh"), BUILD], check=True, timeout=600)
    guest = Guest()
    boot = guest.until(PROMPT)
    if not re.search(rb"ttyS0 at I/O 0x3f8 \(irq = \d+, base_baud = 115200\) is a 16550A", boot):
        fail("the driver did not find the port with its interrupt", boot)
    before = guest.interrupts()
    guest.type(f"i=0; while [ $i -lt {LONG // 10} ]; do printf 0123456789; i=$((i + 1)); done; echo; echo typed $((6 * 7))")
    said = guest.until(b"typed 42")
    if b"0123456789" * (LONG // 10) not in said:
        fail("what the shell printed did not arrive whole", said)
    guest.until(PROMPT)
    after = guest.interrupts()
    if after < before + 60:
        fail(f"{before} interrupts before, {after} after", b"")
    guest.type("exit")
    rest, errors = guest.process.communicate(timeout=300)
    if guest.process.returncode or b"powered the machine off" not in errors:
        fail("it did not power off", rest + errors)
    print(f"ok ttyS0 with interrupts, {before} before and {after} after {LONG} characters")


main()

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Debian's OVMF as a TD, up to its built-in EFI shell, in which commands are typed: the memory map, the ACPI tables, whose checksums are
right, that of the MADT too, to which the firmware added how other processors are woken; and power off.
Usage: firmware.py SEAMLESS"""
import os
import re
import struct
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


    def ask(self, command):
        self.type(command + b"\r")
        return self.until(b"Shell> ")

    def memory(self, address, size):
        """Bytes of the guest's memory, as the shell prints them."""
        text = self.ask(b"dmem %x %x" % (address, size))
        lines = re.findall(r"^ +[0-9A-F]{8}: ((?:[0-9A-F]{2}[ -])+)", text, re.M)
        return bytes.fromhex("".join(lines).replace("-", " "))[:size]


def acpi_tables(machine):
    """By signature, as the root table has them."""
    root = int(re.search(r"ACPI 2\.0 Table +([0-9A-F]{8,16})", machine.ask(b"dmem"))[1], 16)
    xsdt, = struct.unpack_from("<Q", machine.memory(root, 36), 24)
    size, = struct.unpack_from("<I", machine.memory(xsdt, 36), 4)
    tables = {}
    for at, in struct.iter_unpack("<Q", machine.memory(xsdt, size)[36:]):
        signature, length = struct.unpack("<4sI", machine.memory(at, 8))
        tables[signature] = machine.memory(at, length)
    return tables


def check_acpi(machine):
    tables = acpi_tables(machine)
    wrong = [name for name, table in tables.items() if sum(table) % 256]
    if wrong or not {b"FACP", b"APIC"} <= set(tables):
        sys.exit(f"FAILED: tables {tables}, checksums of {wrong}")
    entries, kinds = tables[b"APIC"][44:], set()
    while entries:
        kinds.add(entries[0])
        entries = entries[max(entries[1], 1):]
    if not {0, 1, 0x10} <= kinds:
        sys.exit(f"FAILED: the MADT has entries {kinds}: processors, I/O APIC and wake-up are expected")


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
    check_acpi(machine)
    machine.type(b"reset -s\r")
    rest, errors = machine.process.communicate()
    if int(pages[1].replace(",", "")) < 40000 or machine.process.returncode:
        sys.exit(f"FAILED: {pages[1]} pages, status {machine.process.returncode}\n{rest}\n{errors.decode()}")
    if b"the guest powered the machine off" not in errors or b"pages proved free" not in errors:
        sys.exit(f"FAILED: {errors.decode()}")
    print(f"the EFI shell sees {pages[1]} free pages, ACPI tables with right checksums, and powers off")
    return 0


sys.exit(main())

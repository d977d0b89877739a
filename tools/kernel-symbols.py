#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes an ELF file with nothing but the symbols of a kernel, for gdb's symbol-file, of its System.map or of what
/proc/kallsyms gave in the guest ("ADDRESS TYPE NAME", addresses in hex). Lines of another form, such as the rest of a
console's output, are left out, and so are symbols of modules. Usage: kernel-symbols.py SYMBOLS OUTPUT"""
import re
import struct
import sys

LINE = re.compile(r"([0-9a-f]{16}) ([a-zA-Z]) ([A-Za-z_.$][\w.$]*)\r?$")
HEADER, SECTION, SYMBOL = "<16sHHIQQQIHHHHHH", "<IIQQQQIIQQ", "<IBBHQQ"
SECTION_NAMES = b"\0.text\0.symtab\0.strtab\0.shstrtab\0"
NOBITS, SYMTAB, STRTAB = 8, 2, 3
FUNCTION, OBJECT, GLOBAL = 2, 1, 1


def read(path):
    found = {}
    with open(path, encoding="utf-8", errors="replace") as f:
        for line in f:
            match = LINE.search(line.rstrip("\n"))
            if match and int(match[1], 16) >> 47:
                found[match[3]] = (int(match[1], 16), match[2])
    return sorted((address, kind, name) for name, (address, kind) in found.items())


def tables(symbols):
    """Symbol table and string table; each symbol reaches to the next."""
    strings, table = bytearray(b"\0"), bytearray(struct.calcsize(SYMBOL))
    ends = [address for address, _, _ in symbols[1:]] + [symbols[-1][0] + 1]
    for (address, kind, name), end in zip(symbols, ends):
        what = FUNCTION if kind in "tTwW" else OBJECT
        table += struct.pack(SYMBOL, len(strings), GLOBAL << 4 | what, 0, 1, address, end - address)
        strings += name.encode() + b"\0"
    return bytes(table), bytes(strings)


def elf(symbols):
    table, strings = tables(symbols)
    low, high = symbols[0][0], symbols[-1][0] + 1
    at = struct.calcsize(HEADER)
    names_at, strings_at, table_at = at, at + 64, at + 64 + (len(strings) + 7 & ~7)
    sections_at = table_at + len(table)
    sections = [(0, 0, 0, 0, 0, 0, 0, 0, 0, 0), (1, NOBITS, 7, low, 0, high - low, 0, 0, 1, 0),
                (7, SYMTAB, 0, 0, table_at, len(table), 3, 1, 8, 24), (15, STRTAB, 0, 0, strings_at, len(strings), 0, 0, 1, 0),
                (23, STRTAB, 0, 0, names_at, len(SECTION_NAMES), 0, 0, 1, 0)]
    header = struct.pack(HEADER, b"\x7fELF\x02\x01\x01", 2, 62, 1, 0, 0, sections_at, 0, at, 0, 0,
                         struct.calcsize(SECTION), len(sections), len(sections) - 1)
    return b"".join([header, SECTION_NAMES.ljust(64, b"\0"), strings.ljust(table_at - strings_at, b"\0"), table,
                     *(struct.pack(SECTION, *s) for s in sections)])


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    symbols = read(sys.argv[1])
    if not symbols:
        sys.exit(f"{sys.argv[1]}: no symbols of a kernel (root alone sees addresses in /proc/kallsyms)")
    with open(sys.argv[2], "wb") as f:
        f.write(elf(symbols))
    print(f"{len(symbols)} symbols, 0x{symbols[0][0]:x} to 0x{symbols[-1][0]:x}")


main()

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A firmware image that attests itself: guest/attested.c with a reset vector and TDX metadata, its command line and event log among
what is measured. And something that looks enough like a kernel for firmware to be given it.
Usage: attested_firmware.py ATTESTED_ELF COMMAND_LINE LOG OUT KERNEL_OUT; LOG is empty: none, or "true" or "false": with the event of
what the guest extends RTMR2 by, or another"""
import hashlib
import struct
import sys

PAGE = 0x1000
TOP = 1 << 32
LOG = 0x1A0000
PML4, PDPT, DATA, RESET = (TOP - n * PAGE for n in (4, 3, 2, 1))
HOB = 0x809000
BFV, TD_HOB, TEMP, PAYLOAD, PARAM = 0, 2, 3, 5, 6


def tables():
    pml4 = struct.pack("<Q", PDPT | 7).ljust(PAGE, b"\0")
    return pml4 + b"".join(struct.pack("<Q", n << 30 | 0x87) for n in range(4)).ljust(PAGE, b"\0")


def data(cmdline):
    """A zero page with the address of the command line, which stands after it."""
    text = DATA + 0x400
    return (bytes(0x228) + struct.pack("<I", text)).ljust(0x400, b"\0") + cmdline.encode().ljust(PAGE - 0x400, b"\0")


def reset(entry):
    """From the reset state of a TD to 64-bit mode: page tables, PAE, paging, a descriptor table, a far jump."""
    long_mode, gdt = 0x100, 0x200
    code = b"\xb8" + struct.pack("<I", PML4) + b"\x0f\x22\xd8\x0f\x20\xe0\x83\xc8\x20\x0f\x22\xe0\x0f\x20\xc0\x0d\0\0\0\x80\x0f\x22\xc0"
    code += b"\x0f\x01\x15" + struct.pack("<I", RESET + gdt + 0x20) + b"\xea" + struct.pack("<IH", RESET + long_mode, 8)
    page = bytearray(code.ljust(PAGE, b"\0"))
    after = b"\xb8\x10\0\0\0\x8e\xd8\x8e\xc0\x8e\xd0\xbe" + struct.pack("<I", DATA) + b"\xb8" + struct.pack("<I", entry) + b"\xff\xe0"
    page[long_mode:long_mode + len(after)] = after
    page[gdt:gdt + 0x26] = struct.pack("<QQQQHI", 0, 0x00AF9B000000FFFF, 0x00CF93000000FFFF, 0, 0x17, RESET + gdt)
    page[0xFF0:0xFF5] = b"\xe9" + struct.pack("<i", -0xFF5)
    return page


def segments(elf):
    count, = struct.unpack_from("<H", elf, 56)
    start, = struct.unpack_from("<Q", elf, 32)
    for n in range(count):
        kind, _, offset, _, gpa, size, room, _ = struct.unpack_from("<IIQQQQQQ", elf, start + 56 * n)
        if kind == 1:
            yield gpa, elf[offset:offset + size], (room + PAGE - 1) & -PAGE


def event_log(which):
    def event(register, digest):
        return struct.pack("<IIIH", register, 0xD, 1, 0xC) + digest + struct.pack("<I", 4) + b"test"

    spec = b"Spec ID Event03\0" + struct.pack("<IBBBBIHHB", 0, 0, 2, 0, 2, 1, 0xC, 48, 0)
    header = struct.pack("<II20sI", 1, 3, bytes(20), len(spec)) + spec
    digest = bytes([1]) + bytes(47) if which == "true" else hashlib.sha384(b"another").digest()
    return header + event(3, digest)


def image(elf, cmdline, log):
    payload, sections = b"", []
    contents = [(*segment, PAYLOAD) for segment in segments(elf)] + [(LOG, event_log(log) if log else b"", PAGE, PARAM)]
    for gpa, raw, size, kind in contents:
        sections.append((len(payload) if raw else 0, len(raw), gpa, size, kind if raw else TEMP, 1 if raw else 0))
        payload += raw.ljust(-(-len(raw) // PAGE) * PAGE, b"\0")
    volume = tables() + data(cmdline) + reset(struct.unpack_from("<Q", elf, 24)[0])
    sections.append((len(payload), len(volume), PML4, len(volume), BFV, 1))
    sections.append((0, 0, HOB, 2 * PAGE, TD_HOB, 0))
    out = bytearray(payload + volume)
    metadata = b"TDVF" + struct.pack("<III", 16 + 32 * len(sections), 1, len(sections))
    metadata += b"".join(struct.pack("<IIQQII", *section) for section in sections)
    at = len(out) - 0x400
    out[at:at + len(metadata)] = metadata
    out[-0x20:-0x1C] = struct.pack("<I", at)
    return out


def kernel():
    """The header of a bzImage, of boot protocol 2.12, and one sector."""
    out = bytearray(0x1000)
    out[0x1F1] = 1
    struct.pack_into("<I", out, 0x1F4, 0)
    out[0x1FE:0x206] = b"\x55\xaa\xeb\x66HdrS"
    struct.pack_into("<H", out, 0x206, 0x20C)
    out[0x211] = 1
    struct.pack_into("<IBB", out, 0x230, 0x200000, 1, 21)
    struct.pack_into("<H", out, 0x236, 3)
    struct.pack_into("<QI", out, 0x258, 0x1000000, 0x100000)
    return out


def main():
    elf, cmdline, log, out, kernel_out = sys.argv[1:]
    with open(elf, "rb") as f:
        made = image(f.read(), cmdline, log)
    for path, what in ((out, made), (kernel_out, kernel())):
        with open(path, "wb") as f:
            f.write(what)


main()

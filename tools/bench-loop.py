#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The loops of `seamless bench` in a TD of `seamless run`, in Bochs and in QEMU (TCG, without TDX): the same code, the same
results, millions of instructions a second of processor time. What a start and an end take is measured with no loop and taken
off. Bochs and QEMU come from `tools/deps.sh compare`. Usage: bench-loop.py BUILD [RUNS]"""
import os
import re
import resource
import statistics
import struct
import subprocess
import sys
import tempfile

BUILD = sys.argv[1]
RUNS = int(sys.argv[2]) if len(sys.argv) > 2 else 3
HERE = os.path.dirname(os.path.abspath(__file__))
LOOPS = ["integer", "memory"]
LIMIT = 600
BOCHS = """megs: 32
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
cpu: model=corei7_sandy_bridge_2600k, count=1, ips=200000000
clock: sync=none
display_library: rfb, options="timeout=0"
floppya: 1_44={image}, status=inserted
boot: floppy
com1: enabled=1, mode=file, dev={out}
speaker: enabled=0
log: {folder}/log
panic: action=fatal
"""


def run(command, **more):
    """What it printed, and the seconds of processor time that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = subprocess.run(command, capture_output=True, timeout=LIMIT, check=False, stdin=subprocess.DEVNULL, **more)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return result, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def guest_file(folder, loop, repeats):
    """guest/loop.c with its times written in."""
    with open(os.path.join(BUILD, "guest/loop.elf"), "rb") as f:
        guest = bytearray(f.read())
    struct.pack_into("<QQ", guest, guest.index(b"LOOP TIMES\0") + 16, *(repeats if name == loop else 0 for name in LOOPS))
    path = os.path.join(folder, "loop.elf")
    with open(path, "wb") as f:
        f.write(guest)
    return path


def seamless(folder, loop, repeats, *options):
    result, seconds = run([os.path.join(BUILD, "seamless"), "run", "--guest", guest_file(folder, loop, repeats), *options])
    found = re.search(rb"^%s 0x([0-9a-f]+) 0x([0-9a-f]+) (\d+)$" % loop.encode(), result.stdout, re.M)
    if result.returncode or (repeats and not found):
        sys.exit(f"bench-loop: seamless: {result.stderr.decode()}")
    return seconds, found and (int(found[1], 16), int(found[2], 16)), found and int(found[3])


def floppy(folder, loop, repeats):
    """A boot sector on a disk of 1.44 MB."""
    image = os.path.join(folder, "image")
    subprocess.run(["cc", "-c", f"-DLOOP=cpu_bench_{loop}", "-o", image + ".o", os.path.join(HERE, "bench-loop.S")], check=True)
    subprocess.run(["cc", "-c", "-o", image + "2.o", os.path.join(HERE, "../src/cpu/cpu_bench_code.S")], check=True)
    with open(image + ".ld", "w", encoding="ascii") as f:
        f.write("SECTIONS { . = 0x7c00; .boot : { *(.boot) *(.rodata) } /DISCARD/ : { *(.note*) *(.text) *(.data) *(.bss) } }")
    subprocess.run(["ld", "--oformat", "binary", "-T", image + ".ld", "-o", image, image + ".o", image + "2.o"], check=True)
    with open(image, "rb") as f:
        sector = f.read().replace(b"LOOP", struct.pack("<I", repeats), 1)
    if len(sector) > 510:
        sys.exit(f"bench-loop: the boot sector has {len(sector)} bytes")
    with open(image, "wb") as f:
        f.write(sector.ljust(510, b"\0") + b"\x55\xaa" + bytes(2880 * 512 - 512))
    return image


def emulated(folder, command, out, repeats):
    if os.path.exists(out):
        os.remove(out)
    result, seconds = run(command)
    if not os.path.exists(out):
        sys.exit(f"bench-loop: {command[0]}: {result.stdout[-800:]!r} {result.stderr[-800:]!r}")
    with open(out, "rb") as f:
        sent = f.read()
    if len(sent) != 16:
        sys.exit(f"bench-loop: {command[0]}: {sent!r} {result.stdout[-800:]!r} {result.stderr[-800:]!r}")
    return seconds, struct.unpack("<QQ", sent) if repeats else None, None


def bochs(folder, loop, repeats):
    out, config = os.path.join(folder, "out"), os.path.join(folder, "bochsrc")
    with open(config, "w", encoding="ascii") as f:
        f.write(BOCHS.format(image=floppy(folder, loop, repeats), out=out, folder=folder))
    with open(os.path.join(folder, "go"), "w", encoding="ascii") as f:
        f.write("c\n")
    return emulated(folder, ["bochs", "-q", "-f", config, "-rc", os.path.join(folder, "go")], out, repeats)


def qemu(folder, loop, repeats):
    out = os.path.join(folder, "out")
    return emulated(folder, ["qemu-system-x86_64", "-accel", "tcg,thread=single", "-cpu", "max", "-m", "32", "-nodefaults", "-display",
                             "none", "-serial", "file:" + out, "-no-reboot", "-drive",
                             f"file={floppy(folder, loop, repeats)},format=raw,if=floppy"], out, repeats)


def main():
    print(f"load average {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores; median of {RUNS}")
    for loop in LOOPS:
        with tempfile.TemporaryDirectory() as folder:
            each = seamless(folder, loop, 10, "--deterministic")[2] / 10  # its TSC counts instructions
            speed, results = {}, {}
            for name, machine, repeats in ("seamless", seamless, 300), ("Bochs", bochs, 100), ("QEMU TCG", qemu, 1000):
                with_loop = [machine(folder, loop, repeats) for _ in range(RUNS)]
                without = statistics.median(machine(folder, loop, 0)[0] for _ in range(RUNS))
                seconds = statistics.median(run[0] for run in with_loop) - without
                speed[name] = each * repeats / seconds / 1e6
                results[name] = machine(folder, loop, 20)[1]
                print(f"{loop:<8} {name:<9} {speed[name]:7.0f} million instructions a second")
            if len(set(results.values())) != 1:
                sys.exit(f"bench-loop: {loop}: not the same results: {results}")
            print(f"{loop:<8} seamless is {speed['seamless'] / speed['Bochs']:.2f} times as fast as Bochs, "
                  f"{speed['seamless'] / speed['QEMU TCG']:.2f} times as QEMU TCG")


main()

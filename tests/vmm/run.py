#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`seamless run` with guests that behave and guests that do not, and with images that must be refused: exit status, the
line about it, and after every run that got as far as a TD the proof that its pages are free.
Usage: run.py SEAMLESS GUEST_DIRECTORY IMAGE_DIRECTORY"""
import os
import re
import signal
import struct
import subprocess
import sys
import tempfile
import time

SEAMLESS, GUESTS, IMAGES = sys.argv[1:4]
OVMF = "/usr/share/ovmf/OVMF.fd"
failures = 0


def fail(name, why, result):
    global failures
    failures += 1
    print(f"FAILED {name}: {why}\n  status {result.returncode}\n  stdout {result.stdout[-300:]!r}\n"
          f"  stderr {result.stderr[-600:]!r}")


def seamless(*args, timeout=60):
    return subprocess.run([SEAMLESS, "run", *args], capture_output=True, text=True, timeout=timeout, check=False)


def check(name, result, status, says, prints="", torn_down=True):
    """says, prints: regular expressions that stderr and stdout must match."""
    if result.returncode != status:
        fail(name, f"exit status {result.returncode}, not {status}", result)
    elif not re.search(says, result.stderr):
        fail(name, f"stderr lacks {says!r}", result)
    elif not re.search(prints, result.stdout):
        fail(name, f"stdout lacks {prints!r}", result)
    elif torn_down and not re.search(r"^seamless: TD torn down: [1-9]\d* pages proved free$", result.stderr, re.M):
        fail(name, "the TD was not torn down", result)
    elif not torn_down and result.stderr.count("\n") != 1:
        fail(name, "the error is not one line", result)
    else:
        print(f"ok {name}")


def guest(name):
    return os.path.join(GUESTS, name + ".elf")


def pending_pages():
    name = guest("pending")
    exits = r"vCPU 0: uses private memory that it did not accept: 0x908000\n"
    check("pending pages raise no #VE", seamless("--guest", name), 1, exits, r"guest\n(  ok: .*\n)+an exit is to come\n$")
    check("pending pages raise #VE", seamless("--guest", name, "--pending-ve", "on"), 0, "the guest halted",
          r"guest\n(  ok: .*\n)+PASS\n$")
    check("the guest chooses", seamless("--guest", name, "--pending-ve", "flexible"), 1, exits,
          r"(?s)#VE, with its address.*the guest turns that off.*#VE, with its address.*an exit is to come\n$")


def guests():
    check("test", seamless("--guest", guest("test")), 0, "the guest halted", r"(?s)^test guest: 64 MiB\n.*PASS\n$")
    check("test with vCPUs", seamless("--guest", guest("test"), "--smp", "4", "-m", "128M"), 0, "4 vCPUs",
          r"(?s)^test guest: 128 MiB\n.*all 4 vCPUs are here\nPASS\n$")
    check("more vCPUs than the platform file says", seamless("--guest", guest("test"), "--smp", "12"), 0,
          "12 vCPUs", r"all 12 vCPUs are here\nPASS\n$")
    check("timer", seamless("--guest", guest("timer")), 0, "the guest halted", r"^timer guest\n(  ok: .*\n)+PASS\n$")
    for vcpus in ["1", "2", "4"]:
        check(f"interrupts between {vcpus} vCPUs", seamless("--guest", guest("ipi"), "--smp", vcpus), 0,
              "the guest halted", r"^IPI guest\n(  ok: .*\n)+PASS\n$")
    check("64 vCPUs", seamless("--guest", guest("test"), "--smp", "64"), 0, "64 vCPUs", r"all 64 vCPUs are here\nPASS\n$")
    check("interrupts between 64 vCPUs", seamless("--guest", guest("ipi"), "--smp", "64"), 0, "the guest halted",
          r"^IPI guest\n(  ok: .*\n)+PASS\n$")
    check("a large MapGPA", seamless("--guest", guest("map_large"), "-m", "512M"), 0, "the guest halted", "PASS")
    with tempfile.TemporaryDirectory() as folder:
        for more in [], ["--deterministic"]:
            check(f"a quote with a notification {more}", seamless("--guest", guest("quote_notify"), "--quote", folder, *more),
                  0, "the guest halted", "PASS")
    check("memory above 4 GiB", seamless("--guest", guest("test"), "-m", "5G"), 0, "the guest halted", "PASS")
    for name, *more in [["ve"], ["ve", "--gpaw", "52"], ["vapic"], ["nmi"], ["nmi", "--smp", "2"]]:
        check(f"{name} {more}", seamless("--guest", guest(name), *more), 0, "the guest halted", r"guest\n(  ok: .*\n)+PASS\n$")
    pending_pages()
    for name, *more in [["test"], ["test", "--smp", "4", "-m", "5G"], ["ipi", "--smp", "4"], ["map_large", "-m", "512M"],
                        ["convert", "--smp", "3"]]:
        check(f"{name} with a GPA width of 52 {more}", seamless("--guest", guest(name), "--gpaw", "52", *more), 0,
              "the guest halted", "GPA width 52\n(.*\n)*PASS" if name == "test" else "PASS")
    check("jump to shared memory, GPA width 52", seamless("--guest", guest("bad_jump_shared"), "--gpaw", "52"), 1,
          "executes shared memory: 0x8000000900000\n")
    check("garbage", seamless("--guest", guest("garbage")), 0, "the guest halted", r"calls with garbage\nPASS\n$")
    check("conversion under other vCPUs", seamless("--guest", guest("convert"), "--smp", "3"), 0, "the guest halted", "PASS")
    check("fatal error", seamless("--guest", guest("bad_fatal")), 1,
          r"reported a fatal error 0x0: this guest was made to fail, with a text of 64 characters, see\?\n")
    check("triple fault", seamless("--guest", guest("bad_triple_fault")), 1, "vCPU 0: triple fault\n")
    check("an instruction that is not there", seamless("--guest", guest("bad_instruction")), 1,
          r"vCPU 0: triple fault\nseamless: vCPU 0 was at .*\nseamless: the guest got #UD for instruction vzeroupper at 0x[0-9a-f]+ \(bytes c5 f8 77\)")
    check("jump to unaccepted memory", seamless("--guest", guest("bad_jump_unaccepted")), 1,
          "uses private memory that it did not accept: 0x800000\n")
    check("jump outside memory", seamless("--guest", guest("bad_jump_outside")), 1,
          "uses private memory where there is none: 0x14000000\n")
    check("jump to shared memory", seamless("--guest", guest("bad_jump_shared")), 1,
          "executes shared memory: 0x800000900000\n")
    check("jump to shared code", seamless("--guest", guest("bad_jump_shared_code")), 1,
          "executes shared memory: 0x800000a00000\n")
    check("endless loop", seamless("--guest", guest("bad_loop"), "--timeout", "0.5"), 1,
          r"still ran after 0.5 seconds\nseamless: vCPU 0 was at 0x10[0-9a-f]{4} in ring 0, interrupts off, "
          r"after [1-9]\d* instructions, in guest_main\+0x[0-9a-f]+\n")
    check("enough calls", seamless("--guest", guest("test"), "--stop-after", "3"), 0, "3 TDVMCALLs served\n", "^tes$")


def interrupted(number, text):
    process = subprocess.Popen([SEAMLESS, "run", "--guest", guest("bad_loop")], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    while not process.stdout.readline().startswith("about to loop"):
        pass
    time.sleep(0.1)
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    check(f"signal {number}", subprocess.CompletedProcess([], process.returncode, out, err), 1, text)


def trace():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "trace")
        result = seamless("--guest", guest("test"), f"--trace={path}")
        check("trace to a file", result, 0, "the guest halted", "PASS")
        with open(path, encoding="utf-8") as f:
            lines = f.read()
    for line in [r"^\[0\] TDH\.SYS\.INIT\(attributes=0\) = SUCCESS", r"^\[3\] TDH\.SYS\.LP\.INIT\(\) = SUCCESS",
                 r"^\[0\] TDH\.MNG\.CREATE\(tdr=0x\w+, hkid=0x21\) = SUCCESS$",
                 r"^\[0\]     TDG\.MEM\.PAGE\.ACCEPT\(gpa=0x800000, level=0\) = SUCCESS$",
                 r"^\[0\]     MapGPA\(gpa=0x800000e00000, size=0x1000\)$",
                 r"^\[0\] TDH\.VP\.ENTER\(tdvpr=0x\w+\) -> guest, answers INVALID_OPERAND$",
                 r"^\[0\] TDH\.VP\.ENTER\(tdvpr=0x\w+\) -> guest, answers SUCCESS data=0x60$",
                 r"^\[0\]     TD exit: SUCCESS\(EPT_VIOLATION\) .*gpa=0xa00000$",
                 r"^\[0\] TDH\.PHYMEM\.PAGE\.RDMD\(page=0x\w+\) = SUCCESS page_type=NDA"]:
        if not re.search(line, lines, re.M):
            fail("trace", f"no line {line!r}", result)


def repeated(name, *args):
    """Two runs: what they print and their whole traces, byte by byte."""
    seen = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(2):
            path = os.path.join(folder, "trace")
            result = seamless("--guest", guest(name), "--deterministic", f"--trace={path}", *args)
            check(f"{name} {' '.join(args)} in turns", result, 0, "the guest halted", "PASS")
            with open(path, "rb") as f:
                seen.append((result.stdout, result.stderr, f.read()))
    if seen[0] != seen[1] or len(seen[0][2]) < 100000:
        fail(f"{name} in turns", "two runs are not the same", result)


def deterministic():
    repeated("timer")
    repeated("ipi", "--smp", "4")
    repeated("test", "--smp", "12")
    check("a platform with its own time", seamless("--guest", guest("test"), "--deterministic", "--platform", "default"), 2,
          "leave out --platform", torn_down=False)


def written(folder, name, contents):
    path = os.path.join(folder, name)
    with open(path, "wb") as f:
        f.write(contents)
    return path


def patched(contents, offset, layout, *values):
    return contents[:offset] + struct.pack(layout, *values) + contents[offset + struct.calcsize(layout):]


def bad_guests(folder):
    with open(guest("test"), "rb") as f:
        elf = f.read()
    refused = {
        "truncated ELF": (elf[:100], "not a guest that can run"),
        "half an ELF": (elf[:5000], "not a guest that can run"),
        "no ELF": (b"#!/bin/sh\n", "not a guest that can run"),
        "empty file": (b"", "not a guest that can run"),
        "ELF for another machine": (patched(elf, 18, "<H", 183), "e_machine is 0xb7"),
        "shared object": (patched(elf, 16, "<H", 3), "e_type is 0x3"),
        "32-bit ELF": (patched(elf, 4, "<B", 1), "not a guest that can run"),
        "entry outside": (patched(elf, 24, "<Q", 0x7000000), "e_entry"),
    }
    for name, (contents, says) in refused.items():
        path = written(folder, "guest", contents)
        check(name, seamless("--guest", path), 2, says, torn_down=False)
    check("too little memory", seamless("--guest", guest("test"), "-m", "1M"), 2, "not inside the guest's memory",
          torn_down=False)


def bad_firmware(folder):
    """The sections of the metadata: data offset, raw size, address, size, type, attributes; 32 bytes each."""
    with open(os.path.join(IMAGES, "synth_full.fd"), "rb") as f:
        image = f.read()
    first = image.rindex(b"TDVF") + 16
    gpa = struct.unpack_from("<Q", image, first + 8)[0]
    refused = {
        "truncated image": image[:len(image) // 2],
        "image of an ELF": open(guest("test"), "rb").read(),
        "metadata beyond the file": patched(image, image.rindex(b"TDVF") + 4, "<I", 0x7fffffff),
        "too many sections": patched(image, image.rindex(b"TDVF") + 12, "<I", 0xffffffff),
        "raw data outside the file": patched(image, first, "<I", 0x7ffff000),
        "unaligned section": patched(image, first + 8, "<Q", gpa + 8),
        "sections that overlap": patched(image, first + 32 + 8, "<Q", gpa),
    }
    for name, contents in refused.items():
        path = written(folder, "firmware", contents)
        check(name, seamless("--firmware", path), 2, "not a firmware image with TDX metadata", torn_down=False)
    image = os.path.join(IMAGES, "synth_full.fd")
    check("firmware with a kernel that is none", seamless("--firmware", image, "--kernel", image), 2,
          "synth_full.fd: not a kernel that firmware can boot: ", torn_down=False)
    check("firmware in too little memory", seamless("--firmware", os.path.join(IMAGES, "synth_full.fd"), "-m", "1M"), 2,
          "does not fit", torn_down=False)


def usage():
    for args in [(), ("--guest",), ("--guest", "a", "--firmware", "b"), ("--guest", "a", "-m", "0"),
                 ("--guest", "a", "--gpaw", "47"), ("--guest", "a", "--pending-ve", "maybe"),
                 ("--guest", "a", "-m", "12Q"), ("--guest", "a", "--smp", "65"), ("--guest", "a", "--timeout", "x"),
                 ("--guest", "a", "extra"), ("--guest", "a", "--no-such-option")]:
        result = seamless(*args)
        if result.returncode != 2 or not result.stderr or result.stdout:
            fail(f"usage {args}", "not a usage error", result)
    check("no such file", seamless("--guest", "/nonexistent"), 2, "/nonexistent: No such file", torn_down=False)
    check("no such platform", seamless("--guest", guest("test"), "--platform", "/nonexistent"), 2, "/nonexistent",
          torn_down=False)


def firmware():
    if not os.path.exists(OVMF):
        print(f"note: {OVMF} is not installed: Debian's firmware was not run")
        return
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "trace")
        result = seamless("--firmware", OVMF, "--stop-after", "50", "--timeout", "100", f"--trace={path}", timeout=120)
        check("Debian's firmware", result, 0, "50 TDVMCALLs served")
        with open(path, encoding="utf-8") as f:
            lines = f.read()
    calls = re.findall(r"^\[0\]     (\S+?)\(", lines, re.M)
    if calls[:1] != ["TDG.VP.INFO"] or "TDG.MEM.PAGE.ACCEPT" not in calls or "Instruction.IO" not in calls:
        fail("Debian's firmware", f"its calls begin {calls[:5]}", result)


def main():
    guests()
    interrupted(signal.SIGINT, "stopped by Interrupt\n")
    interrupted(signal.SIGTERM, "stopped by Terminated\n")
    trace()
    deterministic()
    usage()
    with tempfile.TemporaryDirectory() as folder:
        bad_guests(folder)
        bad_firmware(folder)
    firmware()
    return 1 if failures else 0


sys.exit(main())

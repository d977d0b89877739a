#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`seamless run --kernel` with a program in the place of a kernel that prints what it finds: the zero page, the RAM disk,
the RTMRs and the event log, compared with what Python computes; and kernels, RAM disks and memory sizes that must be refused.
Usage: kernel.py SEAMLESS GUEST_DIRECTORY"""
import hashlib
import os
import re
import struct
import subprocess
import sys
import tempfile

SEAMLESS, GUESTS = sys.argv[1:3]
KERNEL = os.path.join(GUESTS, "kernel.elf")
DEFAULT_CMDLINE = "earlyprintk=serial,ttyS0,115200 console=ttyS0 panic=-1 reboot=acpi"
failures = 0


def seamless(*args):
    return subprocess.run([SEAMLESS, "run", *args], capture_output=True, text=True, timeout=120, check=False)


def check(right, name, result):
    global failures
    if right:
        print("ok", name)
        return
    failures += 1
    print(f"FAILED {name}\n  status {result.returncode}\n  stdout {result.stdout[-2000:]!r}\n  stderr {result.stderr[-600:]!r}")


def values(result, word):
    return re.findall(rf"^{word} ?(.*)$", result.stdout, re.M)


def sha384(data):
    return hashlib.sha384(data).digest()


def extended(*digests):
    rtmr = bytes(48)
    for digest in digests:
        rtmr = sha384(rtmr + digest)
    return rtmr.hex()


def events(log):
    """(register, type, digest, text) of each event after the first."""
    size = struct.unpack_from("<I", log, 28)[0]
    at, found = 32 + size, []
    while struct.unpack_from("<I", log, at)[0]:
        register, kind, count, algorithm = struct.unpack_from("<IIIH", log, at)
        assert (count, algorithm) == (1, 12)
        size = struct.unpack_from("<I", log, at + 62)[0]
        found.append((register - 1, kind, log[at + 14:at + 62], log[at + 66:at + 66 + size].decode()))
        at += 66 + size
    return found


def check_measured(name, result, kernel, cmdline, initrd):
    found = events(bytes.fromhex(values(result, "log")[0]))
    wanted = [(1, sha384(kernel), "kernel")]
    wanted += [(2, sha384(cmdline), "command line")] if cmdline else []
    wanted += [(2, sha384(initrd), "initrd")] if initrd else []
    check([(e[0], e[2], e[3]) for e in found if e[0]] == wanted, f"{name}: the log", result)
    for rtmr in range(4):
        replay = extended(*[e[2] for e in found if e[0] == rtmr]) if any(e[0] == rtmr for e in found) else "00" * 48
        check(values(result, f"rtmr{rtmr}") == [replay], f"{name}: RTMR{rtmr}", result)


def ram(result):
    return sum(int(size, 16) for _, size, kind in map(str.split, values(result, "e820")) if kind == "1")


def boot(folder, name, memory, cmdline, initrd, vcpus=1):
    path = os.path.join(folder, "initrd")
    with open(path, "wb") as f:
        f.write(initrd)
    args = ["--kernel", KERNEL, "-m", memory] + (["--append", cmdline] if cmdline != DEFAULT_CMDLINE else [])
    result = seamless(*args, "--smp", str(vcpus), *(["--initrd", path] if initrd else []))
    check(result.returncode == 0 and result.stdout.endswith("PASS\n"), f"{name}: runs", result)
    check(values(result, "woken") == [str(vcpus - 1)], f"{name}: the other vCPUs came by the mailbox", result)
    check(values(result, "cmdline") == [cmdline], f"{name}: command line", result)
    check(values(result, "initrd") == [initrd.hex()], f"{name}: initrd", result)
    with open(KERNEL, "rb") as f:
        check_measured(name, result, f.read(), cmdline.encode(), initrd)
    lost = int(memory[:-1]) * (1 << 20) - ram(result)
    check(lost == (2 << 20) - 0xa0000, f"{name}: all memory but the shim's and the hole is RAM", result)
    return re.search(r"MRTD (\w+)", result.stderr)[1]


def bzimage(kernel_size=0x1000, **fields):
    header = {"setup_sects": 1, "init_size": 0x200000, "alignment": 0x200000, "relocatable": 1, "xload": 0x7f,
              "pref": 0x1000000, "magic": b"HdrS"} | fields
    image = bytearray(1024 + kernel_size)
    image[0x1f1], image[0x201], image[0x211], image[0x234] = header["setup_sects"], 0x6a, 1, header["relocatable"]
    struct.pack_into("<H4sH", image, 0x1fe, 0xaa55, b"\xeb\x6a", 0)
    image[0x202:0x208] = header["magic"] + b"\x0f\x02"
    struct.pack_into("<I", image, 0x22c, 0x7fffffff)
    struct.pack_into("<I", image, 0x230, header["alignment"])
    struct.pack_into("<HI", image, 0x236, header["xload"], 2047)
    struct.pack_into("<QI", image, 0x258, header["pref"], header["init_size"])
    # Where the 64-bit entry is: HLT in kernel mode raises #VE, and there is no handler: a triple fault.
    image[1024 + 0x200:1024 + 0x203] = b"\xfa\xf4\xf4"
    return bytes(image)


def refused(folder):
    cases = {
        "no kernel": (b"#!/bin/sh\n", [], "not a kernel that can boot"),
        "empty": (b"", [], "not a kernel that can boot"),
        "half a header": (bzimage()[:0x230], [], "not a kernel that can boot"),
        "no 64-bit entry": (bzimage(xload=0), [], "XLF_KERNEL_64 is clear"),
        "broken magic": (bzimage(magic=b"HdrX"), [], "not a bzImage"),
        "init_size too small": (bzimage(init_size=16), [], "init_size is 0x10: less than"),
        "needs more memory": (bzimage(init_size=0x7000000), ["-m", "64M"], "init_size is 0x7000000"),
        "no room": (bzimage(0x300000, init_size=0x400000), ["-m", "4M"], "kernel file size is 0x300400"),
        "long command line": (bzimage(), ["--append", "x" * 2048], "does not boot with 0x20000000 bytes of memory: offset 0x0: command line length is 0x800: the kernel takes 0x7ff characters"),
        "one MiB": (bzimage(), ["-m", "1M"], "does not fit"),
        "cut ELF": (open(KERNEL, "rb").read()[:200], [], "not a kernel that can boot"),
    }
    for name, (contents, args, says) in cases.items():
        path = os.path.join(folder, "kernel")
        with open(path, "wb") as f:
            f.write(contents)
        result = seamless("--kernel", path, *args)
        check(result.returncode == 2 and says in result.stderr and result.stderr.count("\n") == 1 and not result.stdout,
              name, result)
    initrd = os.path.join(folder, "initrd")
    with open(initrd, "wb") as f:
        f.truncate(100 << 20)
    result = seamless("--kernel", KERNEL, "--initrd", initrd, "-m", "64M")
    check(result.returncode == 2 and "initrd size is 0x6400000: does not fit" in result.stderr, "large initrd", result)
    with open(initrd, "wb") as f:
        f.truncate((256 << 20) + 1)
    result = seamless("--kernel", KERNEL, "--initrd", initrd, "-m", "64M")
    check(result.returncode == 2 and "too large: more than 268435456 bytes" in result.stderr, "very large initrd", result)


def bzimages(folder):
    """The 64-bit entry is reached, at the place the header asks for or at a lower one."""
    for name, image, memory in [("preferred address", bzimage(), "64M"), ("relocated", bzimage(), "8M"),
                                ("four sectors", bzimage(0x2000, setup_sects=0), "64M")]:
        path = os.path.join(folder, "kernel")
        with open(path, "wb") as f:
            f.write(image)
        result = seamless("--kernel", path, "-m", memory, "--append", "x")
        check(result.returncode == 1 and "triple fault" in result.stderr and "CONFIG_INTEL_TDX_GUEST" in result.stderr and "proved free" in result.stderr, name, result)


def usage():
    for args in [("--kernel", KERNEL, "--guest", KERNEL), ("--initrd", KERNEL), ("--guest", KERNEL, "--append", "x"),
                 ("--kernel",), ("--kernel", "/nonexistent"), ("--kernel", KERNEL, "--initrd", "/nonexistent")]:
        result = seamless(*args)
        check(result.returncode == 2 and result.stderr and not result.stdout, f"usage {args}", result)


def nonces():
    """One that was given reaches the command line; others are refused by their length and what is in them."""
    nonce = "0123456789abcdefABCD" + "e" * 108
    result = seamless("--kernel", KERNEL, "--append", "x", "--attest", "--nonce", nonce)
    check(any(f"x seamless.nonce={nonce.lower()}" in line for line in result.stdout.splitlines()), "a nonce", result)
    for wrong in "", "12", "0" * 127, "0" * 129, "0" * 126 + "xy", "0x" + "0" * 126, " " + "0" * 127:
        result = seamless("--kernel", KERNEL, "--attest", "--nonce", wrong)
        said = f"seamless run: --nonce: '{wrong[:40]}' ({len(wrong)} characters): expected 128 hex digits\n"
        check(result.returncode == 2 and result.stderr == said, f"the nonce '{wrong}'", result)
    result = seamless("--kernel", KERNEL, "--nonce", nonce)
    check(result.returncode == 2 and "--nonce HEX goes with --attest" in result.stderr, "a nonce without --attest", result)


def main():
    with tempfile.TemporaryDirectory() as folder:
        mrtds = {boot(folder, "plain", "64M", "", b""),
                 boot(folder, "default command line", "64M", DEFAULT_CMDLINE, b""),
                 boot(folder, "all", "65M", "console=ttyS0 a=b", bytes(range(256)) * 33, 4),
                 boot(folder, "64 vCPUs", "64M", "x", b"", 64),
                 boot(folder, "high memory", "2100M", "x" * 2047, b"\x01")}
        if len(mrtds) != 1:
            print(f"FAILED MRTD depends on what boots: {mrtds}")
            return 1
        refused(folder)
        bzimages(folder)
    usage()
    nonces()
    return 1 if failures else 0


sys.exit(main())

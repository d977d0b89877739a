#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Debian's cloud kernel to its init: as a TD of `seamless run`, and without TDX in QEMU (TCG), the same kernel and initramfs, in
turns. Then, in the TD, two workers of the same work on one vCPU and on two.
Usage: bench-linux.py BUILD [RUNS]"""
import os
import re
import resource
import statistics
import subprocess
import sys
import time

BUILD = sys.argv[1]
RUNS = int(sys.argv[2]) if len(sys.argv) > 2 else 3
KERNEL, INITRD = (os.path.join(BUILD, "linux", name) for name in ("vmlinuz", "initramfs"))
MEMORY = 256  # MiB
LIMIT = "900"


def seamless(words, vcpus=1):
    return [os.path.join(BUILD, "seamless"), "run", "--kernel", KERNEL, "--initrd", INITRD, "-m", f"{MEMORY}M", "--smp", str(vcpus),
            "--timeout", LIMIT, "--append", "console=hvc0 panic=-1 quiet " + words]


def qemu():
    return ["timeout", LIMIT, "qemu-system-x86_64", "-accel", "tcg,thread=single", "-cpu", "max", "-m", str(MEMORY), "-nodefaults",
            "-display", "none", "-serial", "stdio", "-no-reboot", "-kernel", KERNEL, "-initrd", INITRD,
            "-append", "console=ttyS0 panic=-1 quiet"]


def cpu_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def boot(command):
    """Seconds from the command's start to init's first line, of the processor for the whole run, and all that it printed."""
    start, used = time.monotonic(), cpu_seconds()
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        wall = None
        text = ""
        for line in process.stdout:
            text += line
            if "init: Linux " in line:
                wall = time.monotonic() - start
    if process.returncode or wall is None:
        sys.exit(f"bench-linux: {' '.join(command)}: status {process.returncode}: {text[-2000:]}")
    return wall, cpu_seconds() - used, text


def middle(values):
    return statistics.median(values)


def to_init():
    times = {"seamless": [], "QEMU TCG": []}
    for _ in range(RUNS):
        times["seamless"].append(boot(seamless(""))[:2])
        memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
        times["QEMU TCG"].append(boot(qemu())[:2])
    for name, runs in times.items():
        wall, used = (middle(column) for column in zip(*runs))
        print(f"{name:<9} {wall:6.2f} s from the command to init, {used:6.2f} s of processor time for the whole run")
    for what, column in ("command to init", 0), ("processor time", 1):
        ratio = middle([run[column] for run in times["seamless"]]) / middle([run[column] for run in times["QEMU TCG"]])
        print(f"{what}: {ratio:.2f} times QEMU TCG (aim: at most 4), median of {RUNS}")
    print(f"memory: {memory} MiB, of them {MEMORY} the guest's, all of it accepted: {memory - MEMORY} MiB beyond (aim: under 64)")


def workers():
    seconds = {}
    for vcpus in (1, 2):
        runs = [boot(seamless("seamless.work", vcpus))[2] for _ in range(RUNS)]
        seconds[vcpus] = middle([float(re.search(r"init: two workers took ([0-9.]+) s", text)[1]) for text in runs])
    print(f"two workers: {seconds[1]:.2f} s on one vCPU, {seconds[2]:.2f} s on two: "
          f"{seconds[1] / seconds[2]:.2f} times as fast (aim: 1.7)")


print(f"load average before: {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")
to_init()
workers()
print(f"load average after: {os.getloadavg()[0]:.1f}")

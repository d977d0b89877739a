#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The real gdb with the test guest: registers, memory, break- and watchpoints, steps, vCPUs as threads, detaching and coming
back, the run's end; and that the guest's own account of itself (MRTD, its checks) is what it is without a debugger.
Usage: debugger.py SEAMLESS GUEST_DIRECTORY"""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from stub import Run  # noqa: E402

SEAMLESS, GUESTS = sys.argv[1:3]
TEST = os.path.join(GUESTS, "test.elf")
LOOP = os.path.join(GUESTS, "bad_loop.elf")
failures = 0


def gdb(port, *commands, symbols=TEST):
    args = ["gdb", "-batch", "-nx", "-ex", "set pagination off", "-ex", "set width 0", "-ex", f"file {symbols}",
            "-ex", f"target remote localhost:{port}"]
    for command in commands:
        args += ["-ex", command]
    return subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=90, check=False,
                          stdin=subprocess.DEVNULL).stdout


def check(name, text, *patterns):
    """Each pattern must be found after the one before it."""
    global failures
    at = 0
    for pattern in patterns:
        match = re.compile(pattern, re.M).search(text, at)
        if not match:
            failures += 1
            print(f"FAILED {name}: no {pattern!r} after {text[max(0, at - 60):at]!r} in:\n{text}")
            return
        at = match.end()
    print("ok", name)


def ended(name, run, status, says):
    global failures
    got = run.end()
    if got != status or not re.search(says, run.said) or "pages proved free" not in run.said:
        failures += 1
        print(f"FAILED {name}: status {got}, not {status}, or no {says!r} and tear-down in:\n{run.said}")
    else:
        print("ok", name)


def mrtd(text):
    return re.search(r"MRTD ([0-9a-f]{96})", text)[1]


def whole_session():
    plain = subprocess.run([SEAMLESS, "run", "--guest", TEST, "--smp", "2"], capture_output=True, text=True, timeout=60, check=True)
    run = Run(SEAMLESS, "--guest", TEST, "--smp", "2")
    text = gdb(run.port, "info threads", "info registers rip efer", "x/2i $pc", "break guest_main", "continue", "bt", "info threads",
               "stepi", "info registers", "p $st0", "p $xmm0", "p/x $mxcsr", "x/gx $rsp", "x/i guest_main", "x/gx 0x123456789000",
               "monitor where", "monitor translate 0xa00000", "monitor translate 101000", "monitor translate 800123456789",
               "monitor", "set $cr4 = 0", "set $ds = 24", "set $fs_base = 0x800000000000", "set $cr2 = 0x1234", "p $cr2",
               "set $xmm1.v2_int64[1] = 77", "p $xmm1.v2_int64", "set $st3 = 1.5", "p $st3", "set $r15 = 0x5eed", "p/x $r15",
               "delete", "watch others", "continue", "delete", "tbreak check_report", "continue", "rwatch *(long *)report", "continue",
               "info threads", "delete", "hbreak guest_halt", "continue", "delete", "continue")
    check("the first stop", text, r"^0x0*fffffff0 in ", r"Thread 2 \(at 0xfffffff0 in ring 0, interrupts off, after 0 instr",
          r"^rip +0xfffffff0", r"^efer .*SCE LME NXE \]", r"=> 0xfffffff0:\tjmp")
    check("a breakpoint", text, r"^Thread [12] hit Breakpoint 1, guest_main \(boot=", r"^#1 .* guest_start ", r"^#2 .* _start \(\)")
    check("registers", text, r"^rax ", r"^r15 ", r"^rip +0x[0-9a-f]+ +0x[0-9a-f]+ <guest_main\+\d+>|^rip .*guest_main",
          r"^eflags +0x[0-9a-f]+ +\[", r"^fs_base ", r"^k_gs_base ", r"^cr0 .*\[ PE .*PG", r"^cr2 ", r"^cr3 +0x[1-9a-f]", r"^cr4 .*PAE",
          r"^cr8 ", r"^efer .*LMA", r"^\$1 = 0$", r"^\$2 = \{v4_float", r"^\$3 = 0x1f80")
    check("memory", text, r"^0x[0-9a-f]+:\t0x[0-9a-f]{16}$", r"<guest_main>:\t(mov|push|sub) ", r"Cannot access memory at address 0x123456789000",
          r"^vCPU 0: at 0x", r"^vCPU 1: at 0x", r"0xa00000 is guest-physical 0xa00000: no page there",
          r"0x101000 is guest-physical 0x101000$", r"0x800123456789: not in the guest's page tables", "^monitor where: ")
    check("what can't be written", text, 'Could not write register "ds"; remote failure reply .E.a guest can.t have',
          'Could not write register "fs_base"')
    check("what can", text, r"= \(void \*\) 0x1234$", r"= \{0, 77\}", r"= 1\.5$", r"= 0x5eed$")
    check("watchpoints", text, r"hit Hardware watchpoint 2: others\n\nOld value = 0\nNew value = 1", r"hit Temporary breakpoint 3, check_report",
          r"hit Hardware read watchpoint .*: \*\(long \*\)report\n\nValue = ")
    check("a vCPU that sleeps", text, r"Thread 2 \(halted at 0x[0-9a-f]+ .*__tdx_tdcall")
    check("a hardware breakpoint, the end", text, r"hit Breakpoint \d+, guest_halt", r"\[Inferior 1 \(Remote target\) exited normally\]")
    ended("the run", run, 0, "the guest halted")
    check("the guest's own checks", run.printed.decode(), "PASS")
    check("MRTD", mrtd(run.said) + run.printed.decode(), "^" + mrtd(plain.stderr), "MRTD " + mrtd(plain.stderr))


def steps_and_threads():
    run = Run(SEAMLESS, "--guest", TEST, "--smp", "2")
    text = gdb(run.port, "tbreak guest_main", "continue", "set scheduler-locking on",
               "info threads", *["stepi"] * 4, "info threads", "set scheduler-locking off", "detach")
    before, after = (re.findall(r"Thread ([12]) \(.*?after (\d+) instructions\)", part)
                     for part in (text.split("\n", 1)[0] + text[:text.rfind("Id   Target")], text[text.rfind("Id   Target"):]))
    moved = sum(int(b[1]) != int(a[1]) for b, a in zip(before[-2:], after[-2:]))
    check("steps of one vCPU", f"{moved} vCPU moved", "^1 vCPU moved")
    check("detach", text, "detached")
    ended("the run after detach", run, 0, "the guest halted")


def comes_back():
    run = Run(SEAMLESS, "--guest", LOOP)
    check("detach at once", gdb(run.port, "detach", symbols=LOOP), "detached")
    text = gdb(run.port, "info threads", "p $pc", "stepi", "stepi", "info symbol $pc", symbols=LOOP)  # ends without a word: gdb detaches
    check("the second session", text, r"Thread 1 \(at 0x10", r"\$1 = \(void \(\*\)\(\)\) 0x10", "guest_main|in section")
    text = gdb(run.port, "kill", symbols=LOOP)
    check("kill", text, r"\[Inferior 1 \(Remote target\) killed\]")
    ended("the killed run", run, 1, "stopped by gdb")


def guest_fails():
    run = Run(SEAMLESS, "--guest", os.path.join(GUESTS, "bad_triple_fault.elf"))
    check("a guest that fails", gdb(run.port, "continue"), r"\[Inferior 1 \(Remote target\) exited with code 01\]")
    ended("its run", run, 1, "triple fault")
    run = Run(SEAMLESS, "--guest", LOOP, timeout="2")
    check("a timeout under gdb's eyes", gdb(run.port, "continue", symbols=LOOP), r"exited with code 01\]")
    ended("the run that timed out", run, 1, "the guest still ran after 2 seconds")
    run = Run(SEAMLESS, "--guest", LOOP, timeout="1")
    ended("a timeout before gdb came", run, 1, "the guest still ran after 1 seconds")


def in_turns():
    run = Run(SEAMLESS, "--guest", TEST, "--smp", "2", "--deterministic")
    text = gdb(run.port, "break guest_main", "continue", "continue", "info threads", "delete", "continue")
    check("--deterministic", text, r"Thread 1 hit Breakpoint 1, guest_main", r"Thread 2 hit Breakpoint 1, guest_main", "exited normally")
    ended("its run", run, 0, "the guest halted")


def main():
    whole_session()
    steps_and_threads()
    comes_back()
    guest_fails()
    in_turns()
    return 1 if failures else 0


sys.exit(main())

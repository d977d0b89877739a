#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The real gdb with Debian's kernel, by the kernel's own symbols: it detaches at the first instruction, comes back while the
guest's shell waits, sees the idle vCPUs, stops in a system call, and in panic(), which it lets end.
Usage: linux.py SOURCE_ROOT BUILD SEAMLESS"""
import os
import re
import subprocess
import sys
import tempfile
import time

SOURCE, BUILD, SEAMLESS = sys.argv[1:4]
sys.path.insert(0, os.path.join(SOURCE, "tests/gdb"))
from stub import Run  # noqa: E402

NAMES = "panic|__x64_sys_newuname|do_idle|tdx_halt|tdx_safe_halt|init_uts_ns|jiffies_64"
PROMPT = b"/ # "
failures = 0


def check(name, right, text):
    global failures
    failures += not right
    print(f"ok {name}" if right else f"FAILED {name}:\n{text[-4000:]}")


def gdb_args(port, symbols, *commands):
    args = ["gdb", "-batch", "-nx", "-ex", "set pagination off", "-ex", "set width 0"]
    for command in (*symbols, f"target remote localhost:{port}", *commands):
        args += ["-ex", command]
    return args


def gdb(port, symbols, *commands):
    return subprocess.run(gdb_args(port, symbols, *commands), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300,
                          check=False, stdin=subprocess.DEVNULL).stdout


def in_order(text, *patterns):
    at = 0
    for pattern in patterns:
        match = re.compile(pattern, re.M).search(text, at)
        if not match:
            return False
        at = match.end()
    return True


def kallsyms(run, folder):
    """The addresses of a few symbols, as the shell in the guest tells them, in a file for gdb."""
    since = len(run.printed)
    run.type(f"busybox grep -wE '{NAMES}' /proc/kallsyms; echo the''end")
    run.wait_for(b"theend", 120, since)
    text, elf = os.path.join(folder, "kallsyms"), os.path.join(folder, "symbols")
    with open(text, "wb") as f:
        f.write(run.printed[since:])
    subprocess.run([sys.executable, os.path.join(SOURCE, "tools/kernel-symbols.py"), text, elf], check=True, timeout=60)
    return elf


def main():
    subprocess.run([os.path.join(SOURCE, "guest/linux/build.sh"), BUILD], check=True, timeout=600)
    run = Run(SEAMLESS, "--kernel", os.path.join(BUILD, "linux/vmlinuz"), "--initrd", os.path.join(BUILD, "linux/initramfs"), "--smp", "2",
              "--append", "console=hvc0 panic=-1 reboot=acpi nokaslr seamless.shell PATH=/bin", timeout="800")
    text = gdb(run.port, [], "info threads", "stepi", "detach")
    check("the first instruction", in_order(text, r"Thread 1 \(at 0xfffffff0", r"Thread 2 \(at 0xfffffff0", "^0x0*fffff080 in", "detached"), text)
    run.wait_for(PROMPT, 500)
    with tempfile.TemporaryDirectory() as folder:
        symbols = [f"symbol-file {kallsyms(run, folder)}"]
        text = gdb(run.port, symbols, "info threads", "p/x $cr0", "x/s (char *) &init_uts_ns", "x/gx &jiffies_64", "monitor where")
        check("idle vCPUs", in_order(text, r"Thread 1 \((halted )?at 0x", r"Thread 2 \((halted )?at 0x", r"= 0x8005003[0-9a-f]$", "Linux",
                                     r"<jiffies_64>:\t0x0*[1-9a-f]"), text)
        debugger = subprocess.Popen(gdb_args(run.port, symbols, "break __x64_sys_newuname", f"shell touch {folder}/ready",
                                             "continue", "info threads", "x/2i $pc", "stepi",
                                             "p $pc", "watch *(long *) &jiffies_64", "continue", "delete", "break panic", "continue",
                                             "x/s $rdi", "delete", "continue"),
                                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, stdin=subprocess.DEVNULL)
        while not os.path.exists(f"{folder}/ready") and debugger.poll() is None:
            time.sleep(0.1)
        run.type("busybox uname -a; echo c >/proc/sysrq-trigger")
        text = debugger.communicate(timeout=300)[0]
    check("a system call", in_order(text, "^Thread [12] hit Breakpoint 1, 0x[0-9a-f]+ in __x64_sys_newuname", "=> 0x[0-9a-f]+ <__x64_sys_newuname>",
                                    r"<__x64_sys_newuname\+\d+>"), text)
    check("a watchpoint in the timer interrupt", in_order(text, "hit Hardware watchpoint 2", "Old value = ", "New value = "), text)
    check("panic", in_order(text, "hit Breakpoint 3, 0x[0-9a-f]+ in panic", '"sysrq triggered crash', "exited with code 01"), text)
    status = run.end(100)
    check("the run", status == 1 and "the guest reset the machine" in run.said and "pages proved free" in run.said, f"{status}: {run.said}")
    check("the console", b"Kernel panic - not syncing: sysrq triggered crash" in run.printed, run.printed.decode(errors="replace"))
    return 1 if failures else 0


sys.exit(main())

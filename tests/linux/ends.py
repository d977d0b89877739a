#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How kernels end that do not get to the end of /init, and one that is unpacked: Debian's 6.12 cloud kernel without a root, with
a damaged payload, in too little memory, with #VE for pending pages, stopped while it boots, hung after a panic, with a process that
loops, as an ELF vmlinux; Debian's 6.1, which has no TDX support. Exit status, what is said, and that the TD is gone. Usage: ends.py SOURCE_ROOT BUILD SEAMLESS"""
import os
import re
import struct
import subprocess
import sys
import tempfile
import time

SOURCE, BUILD, SEAMLESS = sys.argv[1:4]
KERNEL = os.path.join(BUILD, "linux/vmlinuz")
INITRD = os.path.join(BUILD, "linux/initramfs")
failures = 0


def run(*args, memory="256M", timeout="500"):
    return subprocess.run([SEAMLESS, "run", "-m", memory, "--timeout", timeout, *args], capture_output=True, check=False,
                          timeout=600, stdin=subprocess.DEVNULL)


def check(name, result, status, out, err):
    """out, err: regular expressions."""
    global failures
    stdout, stderr = (s.decode(errors="replace").replace("\r", "") for s in (result.stdout, result.stderr))
    for right, what in [(result.returncode == status, f"exit status {result.returncode}, not {status}"),
                        (re.search(out, stdout, re.M), f"stdout lacks {out!r}"),
                        (re.search(err, stderr, re.M), f"stderr lacks {err!r}"),
                        (status == 2 or "pages proved free" in stderr, "the TD was not torn down")]:
        if not right:
            failures += 1
            print(f"FAILED {name}: {what}\n{stdout[-2500:]}\n{stderr}")
            return
    print("ok", name)


def payload(image):
    """Where the compressed kernel lies in a bzImage: offset and size, without the length that follows it."""
    offset, size = struct.unpack_from("<II", image, 0x248)
    return ((image[0x1f1] or 4) + 1) * 512 + offset, size - 4


def stopped_at(text, *args, keys=b""):
    """Runs until the console has said `text`, types `keys`, waits a moment, and ends the run by SIGTERM, which tells of the vCPUs
    as a timeout does."""
    process = subprocess.Popen([SEAMLESS, "run", "-m", "256M", "--timeout", "500", *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    out = b""
    while text not in out and (chunk := process.stdout.read1(4096)):
        out += chunk
    process.stdin.write(keys)
    process.stdin.flush()
    time.sleep(3)
    process.terminate()
    rest, err = process.communicate(timeout=100)
    return subprocess.CompletedProcess(process.args, process.returncode, out + rest, err)


def hung():
    vcpus = "".join(rf"\nseamless: vCPU {n} was (halted )?at 0x[0-9a-f]+ in ring %s, interrupts (on|off), after [1-9]\d* instructions"
                    for n in range(2))
    linux = ("--kernel", KERNEL, "--smp", "2", "--append")
    check("a timeout", run(*linux, "console=hvc0", timeout="2"), 1, "", "still ran after 2 seconds" + vcpus % ("0", "0"))
    check("hung after a panic", stopped_at(b"end Kernel panic", *linux, "console=ttyS0 panic=0"), 1, "end Kernel panic",
          "stopped by Terminated" + vcpus % ("0", "0"))
    result = stopped_at(b"/ # ", *linux, "console=hvc0 seamless.shell", "--initrd", INITRD, keys=b"while true; do true; done\r")
    check("a process that loops", result, 1, "", "stopped by Terminated" + vcpus % ("[03]", "[03]"))


def written(folder, name, contents):
    path = os.path.join(folder, name)
    with open(path, "wb") as f:
        f.write(contents)
    return path


def old_kernel():
    """Debian's 6.1: the module that holds it is shared with the tests of the call layer in a kernel."""
    script = f'. {SOURCE}/tools/debian.sh; image=$(debian_versioned linux-image-cloud-amd64 .); ' \
             f'debian_unpack {BUILD}/debian "$image" && echo "vmlinuz-${{image#linux-image-}}"'
    name = subprocess.run(["sh", "-ec", script], capture_output=True, text=True, check=True, timeout=300).stdout.split()[-1]
    return os.path.join(BUILD, "debian/boot", name)


def main():
    subprocess.run([os.path.join(SOURCE, "guest/linux/build.sh"), BUILD], check=True, timeout=600)
    with open(KERNEL, "rb") as f:
        image = f.read()
    at, size = payload(image)
    check("no root file system", run("--kernel", KERNEL), 1, r"Kernel panic - not syncing: VFS: Unable to mount root fs",
          "^seamless: the guest reset the machine$")
    check("a kernel without TDX support", run("--kernel", old_kernel()), 1, "^$",
          r"vCPU 0: triple fault\nseamless: vCPU 0 was at 0x[0-9a-f]+ in ring 0.*\n"
          r"seamless: the kernel made no TDVMCALL before it died: one without CONFIG_INTEL_TDX_GUEST")
    check("#VE for pending pages", run("--kernel", KERNEL, "--pending-ve", "on"), 1, "",
          "reported a fatal error 0x0: TD misconfiguration: SEPT #VE has to be disabled$")
    hung()
    check("too little memory", run("--kernel", KERNEL, memory="48M"), 2, "^$", r"does not boot with 0x3000000 bytes of memory: .*init_size")
    with tempfile.TemporaryDirectory() as folder:
        middle = at + size // 2
        damaged = image[:middle] + bytes(b ^ 0xff for b in image[middle:middle + 256]) + image[middle + 256:]
        check("a damaged bzImage", run("--kernel", written(folder, "damaged", damaged)), 1,
              r"ZSTD-compressed data is corrupt(.|\n)*System halted", "vCPU 0: triple fault")
        vmlinux = subprocess.run(["zstd", "-dcq"], input=image[at:at + size], capture_output=True, check=True, timeout=60).stdout
        result = run("--kernel", written(folder, "vmlinux", vmlinux), "--initrd", INITRD)
        check("an ELF vmlinux", result, 0, r"^init: power off, ", "^seamless: the guest powered the machine off$")
    return 1 if failures else 0


sys.exit(main())

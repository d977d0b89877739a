#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The session in README.md, as far as it is the same each time: what the boot shim alone decides (MRTD, pages, the calls that build
the TD), the refusals of the test guest, the MRTD of Debian's firmware and the RTMR1 of Debian's kernel where these very files are here.
MRTD covers the shim and not the kernel, so a new kernel package leaves it; another compiler makes another shim.
Usage: readme.py SEAMLESS README GUEST_DIRECTORY KNOWN_MRTD VMLINUZ COMPILER"""
import hashlib
import json
import os
import re
import subprocess
import sys

SEAMLESS, README, GUESTS, KNOWN, VMLINUZ, COMPILER = sys.argv[1:]
OVMF = "/usr/share/ovmf/OVMF.fd"
KERNEL = os.path.join(GUESTS, "kernel.elf")
WRITTEN_WITH = "gcc 12."
# leaves whose operands the guest's kernel chooses, not the shim or the VMM
OF_THE_KERNEL = ("TDG.VP.VEINFO.GET", "TDG.MR.REPORT")
failures = checked = 0


def check(name, right, got=""):
    global failures, checked
    checked += 1
    if not right:
        failures += 1
        print(f"FAILED: {name}: {got}")


def one(pattern, text):
    found = re.findall(pattern, text, re.M)
    check(f"README has one line {pattern!r}", len(found) == 1, found)
    return found[0] if found else ""


def command(*args):
    return subprocess.run([SEAMLESS, *args], capture_output=True, text=True, timeout=100, check=False, stdin=subprocess.DEVNULL)


def calls_of(result):
    """The calls in a trace, without the processor's number and what a line repeats."""
    return {re.sub(r"^\[\d+\] +", "", line) for line in result.stderr.splitlines()}


def of_the_shim(readme):
    built = one(r"^seamless: TD built: (\d+) pages, 1 vCPU, MRTD ([0-9a-f]{40,96})\.\.\.$", readme)
    expected = one(r"MRTD expected +as expected: ([0-9a-f]+)\.\.\.$", readme)
    counted = {leaf: (int(count), call) for count, call, leaf in re.findall(r"^ +(\d+) x  ((TD[HG]\.[A-Z.]+)\(.*)$", readme, re.M)}
    freed = one(r"TD torn down: (\d+) pages proved free$", readme)
    if not (built and expected and freed and counted):
        return
    check("as many pages are added as the TD has", counted["TDH.MEM.PAGE.ADD"][0] == int(built[0]), built)
    check("each page is measured in 16 parts", counted["TDH.MR.EXTEND"][0] == 16 * int(built[0]), counted["TDH.MR.EXTEND"])
    check("each page that is free was read", counted["TDH.PHYMEM.PAGE.RDMD"][0] == int(freed), freed)
    if not COMPILER.startswith(WRITTEN_WITH):
        print(f"the shim is of {COMPILER}, README's of {WRITTEN_WITH}x: its MRTD is not compared")
        return
    mrtd = json.loads(command("measure", "--json", "--kernel", KERNEL).stdout)["mrtd"]["single"]
    check("the MRTD of the TD", mrtd.startswith(built[1]), mrtd)
    check("the MRTD in the report", mrtd.startswith(expected), mrtd)
    run = command("run", "--kernel", KERNEL, "-m", "256M", "--trace")
    check("pages and MRTD as built", f"TD built: {built[0]} pages, 1 vCPU, MRTD {mrtd}" in run.stderr, run.stderr[:200])
    calls = calls_of(run)
    for leaf, (_, call) in counted.items():
        if leaf not in OF_THE_KERNEL:
            check(f"{leaf} of the demo is one of this TD", call in calls, call)


def of_the_test_guest(readme):
    refusals = re.findall(r"^TD[HG]\..* = [A-Z_]+\(.*  # .*$", readme, re.M)
    check("README shows refusals", len(refusals) >= 2, refusals)
    calls = calls_of(command("run", "--guest", os.path.join(GUESTS, "test.elf"), "--trace"))
    for line in refusals:
        check("a refusal with its reason", any(call.startswith(line) for call in calls), line)


def of_the_firmware(readme):
    single = one(r"^single +([0-9a-f]{96})  KVM", readme)
    two_pass = one(r"^two-pass +([0-9a-f]{96})  Ubuntu", readme)
    with open(KNOWN, encoding="utf-8") as f:
        known = json.load(f)["images"][0]
    check("the MRTDs that other tools give", (single, two_pass) == (known["single"], known["two-pass"]), (single, two_pass))
    if os.path.exists(OVMF) and digest("sha256", OVMF).hex() == known["sha256"]:
        mrtd = json.loads(command("measure", "--json", OVMF).stdout)["mrtd"]
        check("Debian's firmware", mrtd == {"single": single, "two-pass": two_pass}, mrtd)
    else:
        print("another OVMF, or none: not measured")


def digest(algorithm, path):
    with open(path, "rb") as f:
        return hashlib.new(algorithm, f.read()).digest()


def of_the_kernel(readme):
    version = one(r"^\[ +0\.0+\] Linux version (\S+) ", readme)
    rtmr1 = one(r"RTMR1 expected +as expected: ([0-9a-f]+)\.\.\.$", readme)
    if os.path.exists(VMLINUZ):
        with open(VMLINUZ, "rb") as f:
            same = version.encode() + b" " in f.read(65536)
        value = hashlib.sha384(bytes(48) + digest("sha384", VMLINUZ)).hexdigest()
        check("RTMR1 of README's kernel", not same or value.startswith(rtmr1), value)
        print(f"the kernel is {'' if same else 'not '}README's, {version}")


def main():
    with open(README, encoding="utf-8") as f:
        readme = f.read()
    for part in of_the_shim, of_the_test_guest, of_the_firmware, of_the_kernel:
        part(readme)
    print(f"{checked} checks, {failures} failures")
    return 1 if failures or checked < 15 else 0


sys.exit(main())

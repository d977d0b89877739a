#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Debian's cloud kernel on two vCPUs, twice with --deterministic and the same nonce: console, trace, timeline, statistics, what is
attested and what is said of it are the same, byte by byte. Usage: deterministic.py SOURCE_ROOT BUILD SEAMLESS"""
import filecmp
import json
import os
import subprocess
import sys
import tempfile

SOURCE, BUILD, SEAMLESS = map(os.path.abspath, sys.argv[1:4])
NONCE = "5ea31e55" * 16
FILES = ["out", "err", "trace.txt", "run.json", "stats.json", "kept/nonce", "kept/report", "kept/eventlog"]


def boot(folder):
    os.mkdir(folder)
    with open(os.path.join(folder, "out"), "wb") as out, open(os.path.join(folder, "err"), "wb") as err:
        status = subprocess.run(
            [SEAMLESS, "run", "--kernel", os.path.join(BUILD, "linux/vmlinuz"), "--initrd", os.path.join(BUILD, "linux/initramfs"),
             "--append", "console=hvc0 panic=-1", "-m", "256M", "--smp", "2", "--timeout", "400", "--deterministic", "--attest=kept",
             "--nonce", NONCE, "--trace=trace.txt", "--trace=exit:*,leaf:TDH.*,run.json", "--stats=stats.json"],
            cwd=folder, stdout=out, stderr=err, stdin=subprocess.DEVNULL, timeout=600, check=False).returncode
    with open(os.path.join(folder, "err"), encoding="utf-8", errors="replace") as f:
        said = f.read()
    if status or "VERIFIED: " not in said:
        sys.exit(f"FAILED: status {status}: {said}")


def main():
    subprocess.run([os.path.join(SOURCE, "guest/linux/build.sh"), BUILD], check=True, timeout=600)
    with tempfile.TemporaryDirectory() as folder:
        runs = [os.path.join(folder, name) for name in ("one", "two")]
        for run in runs:
            boot(run)
        different = filecmp.cmpfiles(*runs, FILES, shallow=False)[1:]
        with open(os.path.join(runs[0], "stats.json"), encoding="utf-8") as f:
            stats = json.load(f)
        with open(os.path.join(runs[0], "kept/nonce"), "rb") as f:
            kept = f.read()
        sizes = {name: os.path.getsize(os.path.join(runs[0], name)) for name in FILES}
        with open(os.path.join(runs[0], "run.json"), encoding="utf-8") as f:
            tracks = {event["tid"] for event in json.load(f)["traceEvents"] if event["ph"] == "X"}
    phases = [phase["name"] for phase in stats["phases"]]
    for right, what in [(different == ([], []), f"files that differ or are missing: {different}"),
                        (kept.hex() == NONCE, "another nonce"),
                        (phases == ["module start", "TD build", "boot shim", "kernel", "init", "teardown"], f"phases: {phases}"),
                        (tracks == {1, 2, 3, 4, 5}, f"tracks: {tracks}"),
                        (all(vcpu["instructions"] > 10**8 for vcpu in stats["vcpus"]), f"vCPUs: {stats['vcpus']}")]:
        if not right:
            sys.exit(f"FAILED: {what}")
    print(f"ok: {stats['instructions']} instructions twice; {sizes}")


main()

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`seamless bench --json` gives every figure, and figures that can be. Speed itself is not tested. Usage: bench.py SEAMLESS"""
import json
import subprocess
import sys


def main():
    result = subprocess.run([sys.argv[1], "bench", "--json"], capture_output=True, text=True, timeout=600, check=False)
    if result.returncode:
        print(f"exit status {result.returncode}: {result.stderr}")
        return 1
    figures = json.loads(result.stdout)
    build, trip, interpreter = figures["td_build"], figures["seamcall"], figures["interpreter"]
    measure = figures["measure"]
    right = (0.01 < build["ratio"] <= 1.1 and abs(build["ratio"] - build["sha384_s"] / build["build_s"]) < 0.01 and
             0.01 < measure["ratio"] <= 1.1 and abs(measure["ratio"] - measure["sha384_s"] / measure["measure_s"]) < 0.01 and
             measure["hashed_bytes"] == measure["image_bytes"] // 4096 * (128 + 16 * 384) and
             build["hashed_bytes"] == build["pages"] * (128 + 16 * 384) and trip["ratio"] > 1 and
             trip["seamcall_ns"] > trip["call_ns"] > 0 and interpreter["integer_per_s"] > 1e5 and
             interpreter["memory_per_s"] > 1e5 and 0.5 < figures["verify"]["ratio"] < 100 and
             0.2 < figures["threads"]["ratio"] < 2.5 and figures["decode"]["lines"] == 100000 and figures["decode"]["grep_s"] > 0)
    print(result.stdout)
    bad = subprocess.run([sys.argv[1], "bench", "--no-such"], capture_output=True, timeout=60, check=False)
    return 0 if right and bad.returncode == 2 else 1


sys.exit(main())

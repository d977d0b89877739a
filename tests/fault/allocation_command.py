#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`seamless` with allocations that fail: each verb below is run once as it is, then once for each allocation that it makes, with
that one failing, and again with it and all later ones. It must do what it does otherwise, or end with status 1 or 2 and a message
that there was no memory; in time, not by a signal, and with all memory given back.
Usage: allocation_command.py SEAMLESS_FAILING quick|all GUESTS IMAGES MAKE_FILES EXEC_PROGRAM ONE_LP_PLATFORM [LIFE]"""
import os
import re
import socket
import subprocess
import sys
import tempfile

SEAMLESS, HOW, GUESTS, IMAGES, MAKE_FILES, PROGRAM, PLATFORM = sys.argv[1:8]
QUICK_TRIES = 8
LAST_LINE = re.compile(r"allocations: (\d+) made, (\d+) left\n\Z")
# What differs from run to run: quotes, and times.
VARIES = re.compile(r"[0-9a-f]{1000,}|(?<=:)[0-9.]+")
NO_MEMORY = re.compile(r"out of memory|Cannot allocate memory|no memory|no thread")
PORT = re.compile(r"target remote localhost:(\d+)$")
failures = runs = 0


def complain(what, text):
    global failures
    failures += 1
    print(f"FAILED {what}: {text[:1000]}", flush=True)


def debug(process):
    """A client that lets the guest go at once."""
    said = ""
    for line in process.stderr:
        said += line
        port = PORT.search(line)
        if port:
            try:
                with socket.create_connection(("localhost", int(port[1])), timeout=60) as client:
                    client.sendall(b"+$D#44")
                    while client.recv(1000):
                        pass
            except ConnectionError:
                pass  # it is over before it listens
    return said


def run(arguments, fails):
    """Status, standard output, standard error without its last line, allocations made and left."""
    global runs
    runs += 1
    environment = dict(os.environ, SEAMLESS_FAILS=fails)
    with subprocess.Popen([SEAMLESS, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          errors="replace", env=environment) as process:
        said = debug(process) if "--gdb" in arguments else ""
        try:
            out, rest = process.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            process.kill()
            out, rest = process.communicate()
            return "hangs", out, said + rest, 0, 0
    said += rest
    out = VARIES.sub("(varies)", out)
    last = LAST_LINE.search(said)
    if not last:
        return process.returncode, out, said, 0, "everything is"
    return process.returncode, out, said[:last.start()], int(last[1]), int(last[2])


def judge(what, got, usual):
    status, out, said, _, left = got
    if status not in (usual[0], 1, 2):
        complain(what, f"status {status}: {said}")
    elif status == usual[0] and out != usual[1] and not NO_MEMORY.search(said):
        complain(what, f"other output: {out}\n{said}")
    elif status != usual[0] and not NO_MEMORY.search(said):
        complain(what, f"status {status} without a proper message: {said}")
    if left:
        complain(what, f"{left} left: {said}")


def live(name, arguments):
    usual = run(arguments, "0")
    if usual[0] not in (0, 1) or usual[4] or not usual[3]:
        complain(name, f"as it is: {usual}")
        return
    print(f"{name}: {usual[3]} allocations", flush=True)
    step = 1 if HOW == "all" else -(-usual[3] // QUICK_TRIES)
    for n in range(1, usual[3] + 1, step):
        for fails in f"{n}", f"{n}+":
            judge(f"{name}, allocation {fails}", run(arguments, fails), usual)


def main():
    def guest(name):
        return os.path.join(GUESTS, name + ".elf")

    def path(name):
        return os.path.join(directory, name)

    with tempfile.TemporaryDirectory() as directory:
        subprocess.run([MAKE_FILES, directory], check=True)
        with open(path("rules"), "w", encoding="utf-8") as f:
            f.write("# two\nTDH.MNG.CREATE OPERAND_BUSY(KOT) nth=1\nTDH.MEM.TRACK OPERAND_BUSY nth=1\n")
        with open(PLATFORM, encoding="utf-8") as f, open(path("one_lp"), "w", encoding="utf-8") as out:
            out.write(re.sub(r"(?m)^lps .*", "lps 1", f.read()))
        os.mkdir(path("recorded"))
        test = ["--guest", guest("test")]
        recorded = run(["run", "--deterministic", *test, "--record", path("recorded/run.tdx")], "0")
        if recorded[0]:
            complain("the run that is recorded", str(recorded))
        with open(path("initrd"), "wb") as f:
            f.write(bytes(5000))
        attested = ["run", "--kernel", guest("attested"), "--initrd", path("initrd"), "-m", "64M", "--timeout", "60"]
        lives = {
            "run": ["run", *test],
            "run on two vCPUs": ["run", "--smp", "2", "--guest", guest("ipi")],
            "run in turns, recorded": ["run", "--deterministic", *test, "--record", path("run.tdx")],
            "run with faults": ["run", *test, "--fault", "TDH.MEM.SEPT.ADD OPERAND_BUSY nth=1", "--fault-file", path("rules")],
            "run strictly": ["run", *test, "--strict-memory=continue"],
            "run traced": ["run", *test, "--trace=leaf:TDH.MEM.*," + path("trace"), "--trace=" + path("trace.json"),
                           "--stats=" + path("stats")],
            "run with statistics": ["run", *test, "--stats"],
            "run with quotes": ["run", "--guest", guest("quote"), "--quote", path("keys")],
            "run under gdb": ["run", *test, "--gdb", "0"],
            "run a kernel": ["run", "--kernel", guest("kernel"), "--append", "x", "--timeout", "60"],
            "run with a proof": [*attested, "--attest=" + path("kept"), "--nonce", "07" * 64],
            "run without a quote": [*attested, "--quote", path("keys"), "--attest", "--nonce", "07" * 64],
            "replay": ["replay", "--json", path("recorded")],
            "replay to a snapshot": ["replay", "--snapshot-at", "400:" + path("snapshot"), path("recorded/run.tdx")],
            "replay from a snapshot": ["replay", "--restore", path("snapshot"), "--snapshot-at", "500:" + path("next"),
                                       path("recorded/run.tdx")],
            "replay strictly": ["replay", "--strict-memory=continue", path("recorded")],
            "exec": ["exec", "--platform", path("one_lp"), "--strict-memory=continue", "--", PROGRAM, "life"],
            "measure": ["measure", "--json", os.path.join(IMAGES, "synth_full.fd")],
            "verify": ["verify", path("quote4"), "--root", path("root4.pem"), "--time", "@1750000000"],
            "verify a report": ["verify", "--json", path("report")],
            "decode": ["decode", "-"],
            "leaf": ["leaf", "TDH.MEM.SEPT.ADD"],
            "bench": ["bench", "--json"],
        }
        for name, arguments in lives.items():
            if len(sys.argv) < 9 or sys.argv[8] == name:
                live(name, arguments)
    print(f"{runs} runs, {failures} went wrong")


main()
sys.exit(failures != 0)

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""--trace and --stats of `seamless run` and `seamless exec`: what the words of --trace choose, and which are refused; timelines that
Perfetto can open, also of runs that are broken off; the same of two deterministic runs; statistics that agree with the trace.
Usage: trace.py SEAMLESS GUEST_DIRECTORY SCHEMA_DIRECTORY EXEC_PROGRAM PLATFORM_FILE"""
import collections
import json
import os
import re
import signal
import subprocess
import sys
import tempfile

import jsonschema

SEAMLESS, GUESTS, SCHEMAS, PROGRAM, PLATFORM = sys.argv[1:6]
failures = tried = 0


def check(right, what):
    global failures, tried
    tried += 1
    if not right:
        failures += 1
        print("FAILED", what)


def run(*args, guest="test", status=0):
    result = subprocess.run([SEAMLESS, "run", "--guest", os.path.join(GUESTS, guest + ".elf"), *args], capture_output=True,
                            text=True, timeout=100, check=False)
    check(result.returncode == status, f"{args}: status {result.returncode}: {result.stderr[-400:]}")
    return result


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def refused(words, *says):
    err = run(f"--trace={words}", status=2).stderr
    check(err.count("\n") == 1, f"{words}: not one line: {err}")
    for text in says:
        check(text in err, f"{words}: no {text!r} in {err}")


def wrong_words():
    refused("lef:x", "no key 'lef:'", "did you mean leaf:?")
    refused("color:x", "no key 'color:'", "expected leaf:NAME, vcpu:N, exit:REASON, or a file")
    refused("leaf:TDH.MEM.PAGE.AGU", "'TDH.MEM.PAGE.AGU'", "did you mean TDH.MEM.PAGE.AUG")
    refused("leaf:TDH.MEN.*", "'TDH.MEN.*'", "did you mean TDH.MEM.*")
    refused("leaf:", "no leaf ''")
    refused("leaf:quux*zzzzzzzzzzzz", "`seamless leaf` lists them")
    refused("leaf:" + "*" * 61, "longer than any name")
    refused("exit:EPT_VIOLATON", "did you mean EPT_VIOLATION?")
    refused("exit:128", "no exit reason '128'")
    refused("exit:,vcpu:0", "no exit reason ''")
    for vcpu in "x", "64", "3-1", "0-", "-1", "1x", "", "00000":
        refused(f"vcpu:{vcpu}", f"'{vcpu}' is no vCPU: expected a number from 0 to 63, or a range such as 0-3")
    refused("vcpu:1", "vcpu:1: with --smp 1 the last vCPU is 0")
    refused("", "an empty word")
    refused("vcpu:0,", "an empty word")
    refused("file:", "file: without a name")
    refused("a,b", "'a' and 'b': a trace goes to one file")
    refused("TDH.VP.ENTER", "did you mean leaf:TDH.VP.ENTER?")
    refused("MapGPA", "did you mean leaf:MapGPA?")
    refused("leaf=TDH.*", "did you mean leaf:TDH.*?")
    refused("EPT_VIOLATION", "did you mean exit:EPT_VIOLATION?")
    refused("a" * 201, "too long for a word")
    refused("/no/such/folder/x.json", "/no/such/folder/x.json: No such file or directory")
    refused("/no/such/folder/x", "/no/such/folder/x: No such file or directory")
    err = run(*["--trace"] * 5, status=2).stderr
    check("--trace: at most 4 of them" in err, f"five traces: {err}")
    err = run("--stats=/no/such/folder/x", status=2).stderr
    check("/no/such/folder/x: No such file or directory" in err, f"stats nowhere: {err}")
    for path in "/dev/full", "file:/dev/full":
        err = run(f"--trace={path}", status=2).stderr
        check("/dev/full: No space left on device" in err, f"a full disk: {err}")


def lines_of(folder, words, *args):
    path = os.path.join(folder, "trace.txt")
    run(f"--trace={words},{path}", *args)
    return [line for line in read(path).splitlines() if line.startswith("[")]


def chosen(folder):
    """What the words choose, by what the lines hold."""
    for words, pattern in [("leaf:TDH.MEM.*", r"\[0\] TDH\.MEM\..*"), ("leaf:tdh_mem_page_aug", r"\[0\] TDH\.MEM\.PAGE\.AUG\(.*"),
                           ("leaf:TDG.*", r"\[0\]     (TDG\.|\w+[(.]|TD exit: .*=ACCEPT ).*|\[0\] TDH\.VP\.ENTER.* answers .*"),
                           ("leaf:MapGPA", r"\[0\]     MapGPA\(.*|\[0\] TDH\.VP\.ENTER\(.*\) -> guest, answers .*"),
                           ("leaf:vmcall:0x10001", r"\[0\]     MapGPA\(.*|\[0\] TDH\.VP\.ENTER\(.*\) -> guest, answers .*"),
                           ("leaf:TDH.VP.ENTER", r"\[0\]     TD exit: .*|\[0\] TDH\.VP\.ENTER\(.*"),
                           ("exit:EPT_*", r"\[0\]     (TD|VM) exit: .*EPT_VIOLATION.*"), ("exit:48", r"\[0\]     (TD|VM) exit: .*EPT_VIOLATION.*"),
                           ("exit:CPUID", r"\[0\]     VM exit: CPUID, served by the module; .*"),
                           ("vcpu:0,leaf:TDG.MR.*,exit:CPUID", r"\[0\]     (VM exit: CPUID|TDG\.MR\.).*")]:
        lines = lines_of(folder, words)
        others = [line for line in lines if not re.fullmatch(pattern, line)]
        check(lines and not others, f"{words}: {len(lines)} lines, wrong ones: {others[:3]}")
    seen = {line[1] for line in lines_of(folder, "vcpu:1-2", "--smp", "4")}
    check(seen == {"1", "2"}, f"vcpu:1-2: {seen}")
    whole = run("--trace").stderr
    check("TDH.SYS.INIT" in whole and "TDG.MEM.PAGE.ACCEPT" in whole, "--trace without words")


def overlapping(spans):
    """The first pair of spans that neither nest nor follow each other."""
    open_spans = []
    for begin, end, name in sorted(spans, key=lambda span: (span[0], -span[1])):
        while open_spans and open_spans[-1][0] <= begin:
            open_spans.pop()
        if open_spans and open_spans[-1][0] < end:
            return f"{name} ({begin}, {end}) over {open_spans[-1]}"
        open_spans.append((end, name))
    return None


def ns(number):
    return round(number * 1000)


def timeline(path, vcpus):
    """Reads it and holds it to what Perfetto needs. Returns its events without names of tracks, by track."""
    tracks, named = collections.defaultdict(list), {}
    for event in json.loads(read(path))["traceEvents"]:
        if event["ph"] == "M":
            if event["name"] == "thread_name":
                named[event["tid"]] = event["args"]["name"]
            continue
        tracks[named.get(event["tid"])].append(event)
    check(all(named.get(i + 2) == f"vCPU {i}" for i in range(vcpus)) and named.get(1) == "run", f"tracks {named}")
    check(0 not in named, "a track that Perfetto takes for none")
    check({event["ph"] for events in tracks.values() for event in events} <= {"X", "i"}, "events of another kind")
    check(None not in tracks, "events on a track without a name")
    for name, events in tracks.items():
        ends = [ns(event["ts"]) + ns(event.get("dur", 0)) for event in events]
        check(all(a <= b for a, b in zip(ends, ends[1:])), f"{name}: time goes back")
        spans = [(ns(e["ts"]), ns(e["ts"]) + ns(e["dur"]), e["name"]) for e in events if e["ph"] == "X"]
        check(all(begin <= end for begin, end, _ in spans), f"{name}: a length below zero")
        check(overlapping(spans) is None, f"{name}: {overlapping(spans)}")
    return tracks


def names(events):
    return collections.Counter(event["name"] for event in events)


def timelines(folder):
    path = os.path.join(folder, "run.json")
    run("--smp", "3", f"--trace={path}", guest="ipi")
    tracks = timeline(path, 3)
    for vcpu in range(3):
        seen = names(tracks[f"vCPU {vcpu}"])
        check(seen["guest"] > 2 and seen["TDH.VP.ENTER"] > 2 and seen["idle"] > 0, f"vCPU {vcpu}: {seen}")
        check(any(name.startswith("interrupt 0x") for name in seen), f"vCPU {vcpu} got no interrupt: {seen}")
    check(names(tracks["run"]) == {"module start": 1, "TD build": 1, "guest": 1, "teardown": 1}, f"phases {names(tracks['run'])}")
    run(f"--trace={path}", guest="timer")
    check(names(timeline(path, 1)["vCPU 0"])["timer"] > 0, "no timer in the timeline")
    run("--smp", "2", f"--trace=leaf:TDH.MEM.*,exit:EPT_VIOLATION,vcpu:0,{path}")
    seen = names(timeline(path, 1)["vCPU 0"])
    check(set(seen) and all(re.fullmatch(r"TDH\.MEM\..*|(TD exit )?EPT_VIOLATION", name) for name in seen), f"a timeline with a filter: {seen}")
    run(f"--trace={path}", "--timeout", "0.5", guest="bad_loop", status=1)
    check(names(timeline(path, 1)["vCPU 0"])["guest"] > 0, "a run that timed out")
    interrupted(path)


def interrupted(path):
    process = subprocess.Popen([SEAMLESS, "run", "--guest", os.path.join(GUESTS, "bad_loop.elf"), f"--trace={path}", "--stats"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not process.stdout.readline().startswith("about to loop"):
        pass
    process.send_signal(signal.SIGINT)
    err = process.communicate(timeout=60)[1]
    check(process.returncode == 1 and "stopped by Interrupt" in err, f"interrupted: {process.returncode} {err}")
    check("\n  vCPU  " in err, f"no statistics of an interrupted run: {err}")
    check(names(timeline(path, 1)["run"])["teardown"] == 1, "an interrupted run")


def repeated(folder):
    """Two deterministic runs, all that they leave, and a third one that nobody watches."""
    paths = {name: os.path.join(folder, name) for name in ("t.txt", "t.json", "s.json")}
    seen = []
    for _ in range(2):
        run("--deterministic", "--smp", "4", f"--trace={paths['t.txt']}", f"--trace={paths['t.json']}", f"--stats={paths['s.json']}",
            guest="ipi")
        seen.append([read(path) for path in paths.values()])
    check(seen[0] == seen[1] and len(seen[0][1]) > 100000, "two deterministic runs differ")
    check(json.loads(seen[0][1])["otherData"]["clock"] == "virtual", "the clock of a deterministic run")
    timeline(paths["t.json"], 4)
    run("--deterministic", "--smp", "4", f"--trace={paths['t.txt']}", guest="ipi")
    check(read(paths["t.txt"]) == seen[0][0], "a timeline changes the run")


def statistics(folder):
    path, text = os.path.join(folder, "s.json"), os.path.join(folder, "t.txt")
    schema = json.loads(read(os.path.join(SCHEMAS, "stats.schema.json")))
    result = run("--deterministic", "--smp", "2", f"--stats={path}", f"--trace={text}")
    stats = json.loads(read(path))
    jsonschema.validate(stats, schema)
    calls = {call["leaf"]: call for call in stats["calls"]}
    lines, last = collections.Counter(), None
    for line in read(text).splitlines():
        more = re.match(r"  \.\.\. and (\d+) more like it$", line)
        last = last if more else re.match(r"\[\d+\] +([\w.]+)", line)[1]
        lines[last] += int(more[1]) if more else 1
    for leaf in "TDH.VP.ENTER", "TDH.MEM.PAGE.AUG", "TDH.MR.EXTEND", "TDH.SYS.TDMR.INIT", "TDG.VM.RD", "TDG.MR.REPORT":
        check(calls[leaf]["calls"] == lines[leaf] > 0, f"{leaf}: {calls[leaf]}, {lines[leaf]} lines")
    check(calls["TDH.MEM.RANGE.BLOCK"]["statuses"] == {"EPT_WALK_FAILED": calls["TDH.MEM.RANGE.BLOCK"]["refused"]}, f"refusals {calls}")
    for vmcall in stats["tdvmcalls"]:
        check(vmcall["calls"] == lines[vmcall["name"]], f"{vmcall}: {lines[vmcall['name']]} lines")
    exits = {e["reason"]: e for e in stats["exits"]}
    said = re.search(r"the run had (\d+) TD exits, (\d+) TDVMCALLs, (\d+) KiB", result.stderr)
    check(sum(e["td_exits"] for e in exits.values()) == int(said[1]), f"TD exits: {exits} {said[0]}")
    check(sum(v["calls"] for v in stats["tdvmcalls"]) == int(said[2]) == exits["TDCALL"]["td_exits"], f"TDVMCALLs {said[0]}")
    memory = stats["memory"]
    check(memory["sept_violations"] + memory["shared_ept_violations"] == exits["EPT_VIOLATION"]["td_exits"], f"{memory}")
    check(memory["augmented"]["pages_4k"] * 4 + memory["augmented"]["pages_2m"] * 2048 == int(said[3]), f"{memory} {said[0]}")
    check(stats["instructions"] == sum(v["instructions"] for v in stats["vcpus"]) > 10000, f"{stats['vcpus']}")
    check(stats["clock"] == "virtual" and len(stats["vcpus"]) == 2, "two vCPUs in virtual time")
    table = run("--smp", "2", "--stats").stderr
    for line in [r"  vCPU +instructions +entries +guest s", r"  all +[\d,]+ +[\d,]+ +\d", r"  TDH\.MR\.EXTEND +\d{3}", r"  S-EPT violations +\d",
                 r"  Instruction\.IO +[\d,]+", r"  teardown +0\.\d{3}", r"    EPT_WALK_FAILED +\d"]:
        check(re.search(f"(?m)^{line}", table), f"no {line!r} in the table")


def executed(folder):
    path, timed, stats = (os.path.join(folder, name) for name in ("e.txt", "e.json", "s.json"))
    platform = os.path.join(folder, "platform")
    with open(platform, "w", encoding="utf-8") as f:
        f.write(re.sub(r"(?m)^lps .*", "lps 1", read(PLATFORM)))
    result = subprocess.run([SEAMLESS, "exec", "--platform", platform, f"--trace={path},leaf:TDG.*", f"--trace={timed}", f"--stats={stats}", "--", PROGRAM, "life"],
                            capture_output=True, text=True, timeout=100, check=False)
    check(result.returncode == 0, f"exec: {result.returncode} {result.stderr}")
    check("TDG." in read(path) and "TDH.SYS" not in read(path), "the trace of a program")
    counted = json.loads(read(stats))
    jsonschema.validate(counted, json.loads(read(os.path.join(SCHEMAS, "stats.schema.json"))))
    check(any(call["leaf"] == "TDH.VP.ENTER" for call in counted["calls"]), "the statistics of a program")
    check([phase["name"] for phase in counted["phases"]] == ["program"], "the phases of a program")
    check(names(timeline(timed, 0)["processor 0"])["guest"] > 0, "the timeline of a program")
    result = subprocess.run([SEAMLESS, "exec", "--trace=lef:x", "--", PROGRAM], capture_output=True, text=True, timeout=100, check=False)
    check(result.returncode == 2 and "did you mean leaf:?" in result.stderr, f"exec with a wrong word: {result.stderr}")


def main():
    wrong_words()
    with tempfile.TemporaryDirectory() as folder:
        for part in chosen, timelines, repeated, statistics, executed:
            part(folder)
    print(f"{tried} checks, {failures} failed")
    return 1 if failures else 0


sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Counts test verdicts for `make check`.

test-counts.py TESTLOG.json FAILED   one line per suite of a Meson log: suite passed failed skipped seconds;
                                     what each failed test printed last is appended to the file FAILED
test-counts.py --summary FILE        a table of those lines
test-counts.py --closing FILE BROKEN the closing line; exit status 1 when something failed or nothing ran
"""
import json
import sys


LAST_LINES = 30


def said_by(test):
    lines = ((test.get("stdout") or "") + (test.get("stderr") or "")).strip().splitlines()
    return "\n".join(lines[-LAST_LINES:])


def counts_of_log(path, failed_path):
    rows = {}
    with open(path, encoding="utf-8") as log:
        for line in log:
            test = json.loads(line)
            suite = test["name"].partition(" / ")[0].rpartition(":")[2].rpartition("+")[2]  # "project:a+b / name"
            row = rows.setdefault(suite, [0, 0, 0, 0.0])
            verdict = test["result"]
            index = 0 if verdict in ("OK", "EXPECTEDFAIL") else 2 if verdict == "SKIP" else 1
            row[index] += 1
            if verdict == "SKIP":
                said = (test.get("stdout") or "").strip().splitlines()
                print(f"skipped: {test['name']}: {said[-1] if said else 'no reason given'}", file=sys.stderr)
            if index == 1:
                with open(failed_path, "a", encoding="utf-8") as failed:
                    print(f"== failed: {test['name']}: {verdict}", said_by(test), sep="\n", file=failed)
            row[3] += test["duration"]
    for suite, (passed, failed, skipped, seconds) in sorted(rows.items()):
        print(suite, passed, failed, skipped, f"{seconds:.1f}")


def read_rows(path):
    with open(path, encoding="utf-8") as results:
        return [line.split() for line in results]


def summary(path):
    print(f"{'suite':<14}{'passed':>8}{'failed':>8}{'skipped':>9}{'seconds':>9}")
    totals = {}
    for suite, passed, failed, skipped, seconds in read_rows(path):
        row = totals.setdefault(suite, [0, 0, 0, 0.0])
        for i, value in enumerate((int(passed), int(failed), int(skipped), float(seconds))):
            row[i] += value
    for suite, (passed, failed, skipped, seconds) in sorted(totals.items()):
        print(f"{suite:<14}{passed:>8}{failed:>8}{skipped:>9}{seconds:>9.1f}")


def closing(path, broken):
    rows = read_rows(path)
    passed, failed, skipped = (sum(int(row[i]) for row in rows) for i in (1, 2, 3))
    if broken and not failed:
        failed = 1
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    if sys.argv[1] == "--summary":
        summary(sys.argv[2])
    elif sys.argv[1] == "--closing":
        sys.exit(closing(sys.argv[2], sys.argv[3] != "0"))
    else:
        counts_of_log(sys.argv[1], sys.argv[2])

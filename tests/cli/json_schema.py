# SPDX-License-Identifier: MIT
"""Every --json output is as docs/json says: each verb that has the option has a schema, and what it prints for several inputs
is valid. --stats=FILE has one too, to which tests/trace holds it. Usage: json_schema.py SEAMLESS ROOT MAKE_FILES"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import jsonschema

seamless, root, make_files = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
images = sorted(str(path) for path in (root / "tests/data/images").glob("*.fd"))
LOG = 'TDX "module"\n\xff\nSEAMCALL (0x6) failed: 0xc0000b0b00000000\n' + "x" * 20000 + "\nSEAMCALL (0x9) failed: 0x1234\n"


def run(*args, stdin=""):
    return subprocess.run([seamless, *args], input=stdin.encode("latin-1"), capture_output=True, timeout=300, check=False)


def cases(folder):
    yield "decode", ["0xc0000b0b00000000"], ""
    yield "decode", ["0xdeadbeef00000000"], ""
    yield "decode", ["EPT_WALK_FAILED", "--leaf", "TDH.MEM.PAGE.AUG", "RCX=1", "RDX=0x401"], ""
    yield "decode", ["-"], LOG
    yield "decode", ["-"], ""
    for name in run("decode", "--as", "help").stdout.decode().split():
        yield "decode", ["--as", name, "0x10001"], ""
    yield "leaf", [], ""
    yield "leaf", ["TDH.VP.ENTER"], ""
    yield "measure", [images[0]], ""
    yield "measure", [*images, "--order", "single", "--match", "0" * 96], ""
    for kind in "quote4", "quote5", "report":
        path = str(pathlib.Path(folder, kind))
        yield "verify", [path], ""
        yield "measure", [images[0], "--match", path], ""
    yield "verify", [images[0]], ""
    log = str(root / "fuzz/seeds/eventlog/two_events")
    yield "verify", [log], ""
    yield "verify", [str(pathlib.Path(folder, "report")), "--log", log], ""
    yield "replay", [folder], ""


def schema_of(verb):
    schema = json.loads((root / f"docs/json/{verb}.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft7Validator.check_schema(schema)
    return schema


def check(verb, args, stdin):
    got = run(verb, "--json", *args, stdin=stdin)
    try:
        jsonschema.validate(json.loads(got.stdout), schema_of(verb))
    except (ValueError, jsonschema.ValidationError) as error:
        print(f"{verb} --json {' '.join(args)}: {error}\n{got.stdout[:500]!r}{got.stderr[:500]!r}")
        return 1
    return 0


def verbs_with_json():
    verbs = re.findall(r"(?m)^  (\w+) ", run("--help").stdout.decode())
    return {verb for verb in verbs if b"--json" in run(verb, "--help").stdout} | {"stats"}


with tempfile.TemporaryDirectory() as directory:
    subprocess.run([make_files, directory], check=True)
    tried = list(cases(directory))
    subprocess.run(["tar", "-C", directory, "-xJf", root / "tests/conformance/transcripts.tar.xz"], check=True)
    bad = sum(check(*case) for case in tried)

described = {path.name.partition(".")[0] for path in (root / "docs/json").glob("*.schema.json")}
if described != verbs_with_json():
    bad += 1
    print(f"schemas of {sorted(described)}, but --json in {sorted(verbs_with_json())}")
print(f"{len(tried)} outputs, {bad} complaints")
sys.exit(bad != 0)

# SPDX-License-Identifier: MIT
"""`seamless measure` as a user meets it: the known MRTDs in both orders, --json, --order, --match, and every kind of
wrong image. Usage: measure.py SEAMLESS MAKE_FILES IMAGES"""
import hashlib
import json
import os
import subprocess
import sys
import tempfile

seamless, make_files, images = sys.argv[1:]
tried = bad = 0


def run(*args):
    return subprocess.run([seamless, "measure", *args], capture_output=True, text=True, timeout=120)


def complain(text):
    global bad
    bad += 1
    print(text)


def expect(status, words, *args):
    """The exit status, and words somewhere in the output."""
    global tried
    tried += 1
    got = run(*args)
    if got.returncode != status or words not in got.stdout + got.stderr:
        complain(f"measure {' '.join(args)}: status {got.returncode}, expected {status} and '{words}': "
                 f"{got.stdout}{got.stderr}")


def compare(path, entry):
    """Both orders at once, each alone, and the match of each."""
    global tried
    tried += 1
    got = run("--json", path)
    want = {"mrtd": {"single": entry["single"], "two-pass": entry["two-pass"]}}
    if got.returncode or json.loads(got.stdout) != want:
        complain(f"{path}: {got.stdout}{got.stderr}, expected {want}")
    for order in "single", "two-pass":
        expect(0, '{"mrtd":{"%s":"%s"}}' % (order, entry[order]), "--json", "--order", order, path)
    if entry["single"] != entry["two-pass"]:
        expect(0, '"match":["two-pass"]', "--json", "--match", entry["two-pass"], path)
        expect(1, "no match", "--order", "single", "--match", entry["two-pass"], path)


with open(os.path.join(images, "known_mrtd.json"), encoding="utf-8") as f:
    known = {entry["sha256"]: entry for entry in json.load(f)["images"]}


def entry_of(path):
    with open(path, "rb") as f:
        return known.get(hashlib.sha256(f.read()).hexdigest())


synthetic = sorted(name for name in os.listdir(images) if name.endswith(".fd"))
if len(synthetic) < 5:
    complain(f"only {len(synthetic)} synthetic images")
for name in synthetic:
    compare(os.path.join(images, name), entry_of(os.path.join(images, name)))

first, second = (os.path.join(images, name) for name in synthetic[:2])
expect(0, f"{second}:\nsingle    {entry_of(second)['single']}  KVM, QEMU 9 and later  MATCHES",
       "--match", entry_of(second)["single"], first, second)
expect(0, '{"images":[{"file":"%s","mrtd":{"single":"%s"},"match":[]},{' % (first, entry_of(first)["single"]),
       "--json", "--order", "single", "--match", entry_of(second)["single"], first, second)
expect(2, "17 files; at most 16", *[first] * 17)

stock = "/usr/share/ovmf/OVMF.fd"
halves = ["/usr/share/OVMF/OVMF_VARS.fd", "/usr/share/OVMF/OVMF_CODE.fd"]
entry = entry_of(stock) if os.path.exists(stock) else None
if entry:
    compare(stock, entry)
    expect(0, entry["single"], *halves)
    expect(0, entry["two-pass"], *reversed(halves))
    expect(1, "This is the CODE half", halves[1])
    expect(1, "the files together are no image", stock, halves[1])
    expect(1, "sections take 0x200000 bytes, the files have 0x3e0000", halves[1], stock)
    expect(1, "not a TDVF image", halves[0])
else:
    print(f"{stock}: not there or another build: its MRTD is not compared")

with tempfile.TemporaryDirectory() as directory:
    subprocess.run([make_files, directory], check=True)
    first = os.path.join(images, synthetic[0])
    with open(first, "rb") as f:
        image = f.read()

    def broken(name, data):
        path = os.path.join(directory, name)
        with open(path, "wb") as f:
            f.write(data)
        return path

    expect(1, "too small for a firmware image", broken("empty", b""))
    expect(1, "not a TDVF image", broken("cut", image[:-1]))
    expect(1, "not a TDVF image", broken("noise", bytes(range(256)) * 32))
    at = image.index(b"TDVF")
    expect(1, "NumberOfSectionEntry is 0xffffffff",
           broken("count", image[:at + 12] + b"\xff" * 4 + image[at + 16:]))
    expect(1, "section 0 (BFV) DataOffset",
           broken("outside", image[:at + 16] + b"\x00\xf0\xff\xff" + image[at + 20:]))
    expect(1, "no match", "--match", os.path.join(directory, "quote5"), first)
    expect(1, '"match":[]', "--json", "--match", os.path.join(directory, "report"), first)
    expect(2, "no TDREPORT", "--match", first, first)
    expect(2, "No such file", "--match", "abcd", first)
    expect(2, "No such file", os.path.join(directory, "absent"))
    expect(2, "no order 'twice'", "--order", "twice", first)
    expect(2, "seamless measure: give FILE... or --kernel FILE; ")
    expect(0, "usage:", "--help")

print(f"{tried} calls, {bad} complaints")
sys.exit(bad != 0)

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The manual made of the tables: every leaf and every function of the call layer has a page, mandoc and man have nothing to
complain about, links of the HTML lead somewhere, every example compiles, and what the pages say of calls that have a form of
their own is what the header says. Usage: leaf_manual.py SOURCE_ROOT MAN3 MAN7 HTML"""
import glob
import html.parser
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
ROOT, MAN3, MAN7, HTML = (os.path.abspath(path) for path in sys.argv[1:5])
sys.path[:0] = [os.path.join(ROOT, "tools", "manual"), os.path.join(ROOT, "tools", "abi")]

import pages  # noqa: E402
from model import Model  # noqa: E402

failures = 0


def check(right, what):
    global failures
    if not right:
        failures += 1
        print("FAILED", what)


def read(*parts):
    with open(os.path.join(*parts), encoding="utf-8") as file:
        return file.read()


def functions_of_headers():
    names = set()
    for header in ("tdh.h", "tdg.h", "tdvmcall.h", "tdh_policy.h"):
        names |= set(re.findall(r"^(?:TDX_TYPED|TDX_INLINE) tdx_(?:status|answer)_t (t\w+)\(",
                                read(ROOT, "include", "tdx", header), re.M))
    return names


def check_pages(model):
    for leaf in model.leaves + model.vmcalls:
        name = pages.page_name(leaf)
        for path in (os.path.join(MAN3, name + ".3"), os.path.join(HTML, name + ".html")):
            check(os.path.exists(path), f"{leaf.name}: no {path}")
        check(f'href="{name}.html"' in read(HTML, "index.html"), f"{leaf.name} is not in the index")
        text = read(MAN3, name + ".3")
        for status, _ in leaf.statuses:
            check(f'.It Sy "{status}"' in text, f"{name}: says nothing of {status}")
        for op in leaf.ins + leaf.outs:
            check(f'Sy "{op.reg}"' in text, f"{name}: says nothing of {op.reg}")
    functions = functions_of_headers()
    check(len(functions) > 110, f"few functions in the headers: {len(functions)}")
    for name in functions:
        check(os.path.exists(os.path.join(MAN3, name + ".3")), f"{name}() has no page")


def check_own_forms():
    header = " ".join(read(ROOT, "include", "tdx", "call.h").split())
    for leaf, prototypes in pages.OWN_FORM.items():
        for prototype in prototypes:
            check(prototype in header, f"{leaf}: call.h has no {prototype}")


def check_man():
    real = []
    for path in sorted(glob.glob(MAN3 + "/*.3") + glob.glob(MAN7 + "/*.7")):
        text = read(path)
        if text.startswith(".so "):
            check(os.path.exists(os.path.join(os.path.dirname(MAN3), text.split()[1])), f"{path} leads nowhere")
        else:
            real.append(path)
    # man takes long: every tenth page, of all kinds
    for command, some in ((["mandoc", "-T", "lint", "-W", "warning"], real), (["man", "--warnings=all", "-l"], real[::10])):
        if not shutil.which(command[0]):
            print(f"{command[0]}: not installed, not tried")
            continue
        for at in range(0, len(some), 20):
            done = subprocess.run(command + some[at:at + 20], capture_output=True, text=True, timeout=120, check=False,
                                  env={**os.environ, "MANPAGER": "cat", "MANWIDTH": "100", "LC_ALL": "C.UTF-8"})
            said = done.stdout if command[0] == "mandoc" else done.stderr
            check(done.returncode == 0 and not said.strip(), f"{command[0]}: {said[:600]}")


class Anchors(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.ids, self.links, self.open = [], [], []

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if "id" in attrs:
            self.ids.append(attrs["id"])
        if "href" in attrs:
            self.links.append(attrs["href"])
        check(tag != "script", "a script")
        if tag not in ("meta", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        check(self.open and self.open.pop() == tag, f"</{tag}> closes nothing")


def check_html():
    parsed = {}
    for path in glob.glob(HTML + "/*.html"):
        parsed[os.path.basename(path)] = page = Anchors()
        page.feed(read(path))
        check(not page.open, f"{path}: {page.open} stay open")
        check(len(page.ids) == len(set(page.ids)), f"{path}: an id twice")
    for name, page in parsed.items():
        for link in page.links:
            target, _, anchor = link.partition("#")
            check(os.path.exists(os.path.join(HTML, target)), f"{name}: {link} leads nowhere")
            check(not anchor or anchor in parsed[target].ids, f"{name}: {link} has no such place")


def check_examples(model):
    """Each as a function of its own in one source, in C and in C++."""
    manual = pages.Manual(model, read(ROOT, "include", "tdx", "tdh_policy.h"))
    source, count = "#define TDX_WANT_IDLE_LEAVES\n#include <tdx/tdx.h>\n", 0
    for page in manual.pages.values():
        for title, blocks in page.sections:
            if title == "EXAMPLES":
                count += 1
                text = blocks[0].text
                check(max(len(line.expandtabs(8)) for line in text.split("\n")) <= 100, f"{page.name}: long lines")
                body = text.replace(" example(", f" example_{page.name}(", 1)
                source += re.match(r"(.*?)\n\{", body, re.S)[1] + ";\n" + body
    check(count > 100, f"few examples: {count}")
    with tempfile.TemporaryDirectory() as work:
        for compiler, options in (("gcc", "-std=c11 -x c"), ("clang", "-std=c11 -x c"), ("g++", "-std=c++20 -x c++ -Wno-missing-field-initializers")):
            if not shutil.which(compiler):
                print(f"{compiler}: not installed, not tried")
                continue
            path = os.path.join(work, "examples.c")
            with open(path, "w", encoding="utf-8") as file:
                file.write(source)
            done = subprocess.run([compiler, "-Wall", "-Wextra", "-Werror", *options.split(), "-fsyntax-only", "-I",
                                   os.path.join(ROOT, "include"), path], capture_output=True, text=True, timeout=120, check=False)
            check(done.returncode == 0, f"{compiler}: {done.stderr[:1500]}")
    print(f"{count} examples")


def main():
    model = Model(os.path.join(ROOT, "abi"))
    check_examples(model)
    check_pages(model)
    check_own_forms()
    check_man()
    check_html()
    return 1 if failures else 0


sys.exit(main())

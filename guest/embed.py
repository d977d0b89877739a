# SPDX-License-Identifier: MIT
"""Turns a file into a C array NAME and its size NAME_size. Usage: embed.py FILE OUTPUT NAME"""
import sys

path, out, name = sys.argv[1:4]
with open(path, "rb") as f:
    data = f.read()
rows = ["\t" + ", ".join(f"0x{b:02x}" for b in data[at:at + 16]) for at in range(0, len(data), 16)]
with open(out, "w", encoding="ascii") as f:
    f.write(f"#include <stddef.h>\n#include <stdint.h>\n\n"
            f"extern const uint8_t {name}[];\nextern const size_t {name}_size;\n\n"
            f"const uint8_t {name}[] = {{\n" + ",\n".join(rows) + f"\n}};\nconst size_t {name}_size = {len(data)};\n")

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Derives C from the tables in abi/. Without arguments: writes every output that changed. --check: writes nothing, lists
the outputs that differ from the tables and exits 1 if there is one. --prefix NAME --output DIR: copies the call layer
(include/tdx) to DIR with every public name prefixed."""
import argparse
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import emit_calls  # noqa: E402
import emit_checks  # noqa: E402
import emit_core  # noqa: E402
import emit_exits  # noqa: E402
import emit_features  # noqa: E402
import emit_layout  # noqa: E402
import emit_leaves  # noqa: E402
import emit_metadata  # noqa: E402
import emit_policy  # noqa: E402
import emit_sept  # noqa: E402
import emit_status  # noqa: E402
import emit_structures  # noqa: E402
import emit_tests  # noqa: E402
import emit_values  # noqa: E402
import emit_vmcalls  # noqa: E402
import emit_vmcs  # noqa: E402
from abiparse import AbiError  # noqa: E402
import prefix  # noqa: E402
from model import Model  # noqa: E402

INTERNAL = "Structures, bit layouts and enumerations under the specification's names."
PUBLIC = INTERNAL + ' Offsets and sizes in bytes; _SHIFT and _MASK in a register; _BIT and _BITS from the start.'


def outputs(model):
    return {
        'include/tdx/status.h': emit_status.emit(model),
        'include/tdx/structures.h': emit_structures.emit(model, 'TDX_', 'TDX_STRUCTURES_H', PUBLIC),
        'include/tdx/metadata.h': emit_metadata.emit_ids(model),
        'include/tdx/tdh.h': emit_calls.emit(model, 'host'),
        'include/tdx/tdh_types.h': emit_core.emit_types(model),
        'include/tdx/tdh_extern.h': emit_core.emit_extern(model),
        'include/tdx/tdx_core.c': emit_core.emit_core(model),
        'include/tdx/tdh_policy.h': emit_policy.emit(model),
        'include/tdx/tdg.h': emit_calls.emit(model, 'guest'),
        'include/tdx/tdvmcall.h': emit_vmcalls.emit(model),
        'tests/tdx/typed_calls.h': emit_tests.emit(model),
        'abi/gen/structures.h': emit_structures.emit(model, '', 'GEN_STRUCTURES_H', INTERNAL),
        'abi/gen/exits.h': emit_exits.emit_header(model),
        'abi/gen/exits.c': emit_exits.emit_source(model),
        'abi/gen/layout.h': emit_layout.emit(model),
        'abi/gen/leaves.h': emit_leaves.emit_header(model),
        'abi/gen/leaves.c': emit_leaves.emit_source(model),
        'abi/gen/checks.h': emit_checks.emit_header(model),
        'abi/gen/checks.c': emit_checks.emit_source(model),
        'abi/gen/sept.h': emit_sept.emit_header(model),
        'abi/gen/sept.c': emit_sept.emit_source(model),
        'abi/gen/features.h': emit_features.emit_header(model),
        'abi/gen/features.c': emit_features.emit_source(model),
        'abi/gen/values.h': emit_values.emit_header(model),
        'abi/gen/values.c': emit_values.emit_source(model),
        'abi/gen/vmcs.h': emit_vmcs.emit_header(model),
        'abi/gen/vmcs.c': emit_vmcs.emit_source(model),
        'abi/gen/metadata.h': emit_metadata.emit_header(model),
        'abi/gen/metadata.c': emit_metadata.emit_source(model),
    }


def read(path):
    try:
        with open(path, encoding='utf-8') as source:
            return source.read()
    except FileNotFoundError:
        return None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--check', action='store_true', help='compare only')
    parser.add_argument('--prefix', metavar='NAME', help='make a copy of the call layer under this prefix')
    parser.add_argument('--output', metavar='DIR', help='where that copy goes')
    args = parser.parse_args()
    if bool(args.prefix) != bool(args.output):
        parser.error('--prefix and --output go together')
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    if args.prefix:
        prefix.copy(os.path.join(root, 'include', 'tdx'), args.output, args.prefix)
        return 0
    try:
        files = outputs(Model(os.path.join(root, 'abi')))
    except AbiError as error:
        sys.exit(str(error))
    stale = [name for name, text in files.items() if read(os.path.join(root, name)) != text]
    for name in stale:
        print(('stale: ' if args.check else 'wrote ') + name)
        if not args.check:
            os.makedirs(os.path.dirname(os.path.join(root, name)), exist_ok=True)
            with open(os.path.join(root, name), 'w', encoding='utf-8') as target:
                target.write(files[name])
    return 1 if stale and args.check else 0


if __name__ == '__main__':
    sys.exit(main())

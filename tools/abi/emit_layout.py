# SPDX-License-Identifier: MIT
"""abi/gen/layout.h: the pages of a TD's control structures as C, a member for each metadata field at its offset, and the
structures in memory that the module reads or writes as a whole."""
from emit import define, header_top

TEXT = ('The control structures of a TD as they lie in its pages: each metadata field at its offset, and fields of our '
        'own in the gaps (abi/layout.abi). Structures in memory that the module uses as a whole.')
PAGE = 4096
C_TYPE = {1: 'uint8_t', 2: 'uint16_t', 4: 'uint32_t', 8: 'uint64_t'}


def declare(c_type, name):
    base, bracket, dims = c_type.partition('[')
    return '%s %s%s' % (base.replace('struct:', 'struct '), name, bracket + dims)


def dims(*counts):
    return ''.join('[%d]' % n for n in counts if n > 1)


def field_name(field):
    name = field.name.lower()
    return 'msr_' + name[5:] if name.startswith('ia32_') else name


def members(model, structure, fields):
    """(offset, size, declaration, comment) of each member; a row of "member" names or types a field in its own way."""
    rows = [row.columns for row in model.tables['member'] if row.columns['structure'] == structure]
    own = {row['field']: row for row in rows}
    for f in fields:
        size = f.size * f.fields * f.elements
        if f.offset is not None and f.offset + size <= PAGE and f.since == '1.5.01':
            row = own.pop(f.name, {'name': field_name(f), 'type': '-', 'text': '-'})
            c_type = C_TYPE[f.size] + dims(f.fields, f.elements) if row['type'] == '-' else row['type']
            yield f.offset, f.size, declare(c_type, row['name']), row['text']
    for at, row in own.items():
        if not at.startswith('0x'):
            raise SystemExit('member %s: %s has no field %s' % (row['name'], structure, at))
        base = row['type'].partition('[')[0]
        size = next((n for n, t in C_TYPE.items() if t == base), 8)
        yield int(at, 16), size, declare(row['type'], row['name']), row['text']


def page(model, structure, fields):
    out = '\nstruct %s {\n\tunion {\n\t\tuint8_t page[%d];\n' % (structure.lower(), PAGE)
    for offset, size, text, comment in sorted(members(model, structure, fields), key=lambda m: m[0]):
        packed = '__attribute__((packed)) ' if offset % size else ''
        name = text.split()[-1].partition('[')[0]
        out += '\t\tstruct %s{ uint8_t before_%s[0x%03x]; %s; };%s\n' % (
            packed, name, offset, text, '' if comment == '-' else ' /* %s */' % comment)
    return out + '\t};\n};\n\n_Static_assert(sizeof(struct %s) == %d, "%s");\n' % (structure.lower(), PAGE, structure)


def pieces(item, own):
    """(name, offset, size) of fields and of groups of bits, without those that view what is there already."""
    first, last = {}, {}
    for line in item.all('bits'):
        group, dot, _ = line[1][0].partition('.')
        name = group if dot else line[1][0]
        first.setdefault(name, int(line[1][1]))
        last[name] = int(line[1][1]) + int(line[1][2])
    found = [(name, first[name] // 8, (last[name] - first[name]) // 8) for name in first]
    found += [(line[1][0].replace('.', '_'), int(line[1][1]), int(line[1][2])) for line in item.all('field')]
    end = 0
    for name, offset, size in sorted(found, key=lambda piece: piece[1]):
        if offset < end:
            continue
        if offset > end:
            item.fail('a gap before ' + name)
        end = offset + size
        row = own.get(name)
        default = C_TYPE.get(size, 'uint8_t[%d]' % size) if offset % min(size, 8) == 0 else 'uint8_t[%d]' % size
        yield declare(row['type'] if row and row['type'] != '-' else default, row['name'] if row else name)


def structure(model, item, name):
    own = {row.columns['field']: row.columns for row in model.tables['member']
           if row.columns['structure'] == item.name}
    body = ''.join('\t%s;\n' % text for text in pieces(item, own))
    return '\nstruct %s {\n%s};\n\n_Static_assert(sizeof(struct %s) == %s, "%s");\n' % (
        name, body, name, item.one('size'), item.name)


def masks(model):
    """Bits of registers and words by the module's names."""
    whole = {item.name: item for item in model.tables['struct']}
    out = '\n'
    for row in (item.columns for item in model.tables['mask']):
        item = whole[row['structure']]
        bits = {line[1][0]: (int(line[1][1]), int(line[1][2])) for line in item.all('bits')}
        first, count = bits[row['field']]
        suffix = 'ull' if int(item.one('size')) == 8 else 'u'
        out += define(row['name'], '0x%x%s' % ((1 << count) - 1 << first, suffix))
    return out


def pages(model):
    return '\n' + ''.join(define(row['name'], row['number'] + 'u', '' if row['text'] == '-' else row['text'])
                          for row in (item.columns for item in model.tables['page']))


def counts(model):
    limits = dict(model.enums['limit'])
    return '\n' + ''.join(define(row['name'], '%su' % limits['LIMIT_' + row['limit']])
                          for row in (item.columns for item in model.tables['count']))


def emit(model):
    out = header_top('GEN_LAYOUT_H', TEXT) + '#include <stdint.h>\n'
    whole = {item.name: item for item in model.tables['struct']}
    for item in model.tables['layout']:
        out += structure(model, whole[item.name], item.words[1] if item.words[1:] else item.name.lower())
    td = model.fields['td']
    out += page(model, 'TDR', [f for f in td if f.cls < 16])
    out += page(model, 'TDCS', [f for f in td if f.cls >= 16])
    return out + page(model, 'TDVPS', model.fields['vp']) + masks(model) + pages(model) + counts(model) + '\n#endif\n'

# SPDX-License-Identifier: MIT
"""The tables as Python objects: leaves with operands, statuses, fields. Checks what C could not check later."""
from abiparse import REGISTERS, VERSIONS, Tables

WHEN = ['always', 'success', 'sept_error', 'error', 'cpuid_config']
LOCKS = ['none', 'SH', 'EX']
STATUS_BITS = 0xFFFFFFFF00000000


class Operand:
    def __init__(self, leaf, words, text, types):
        self.reg, self.name, self.type = words[0], words[1], words[2]
        self.text = text
        self.lock, self.page, self.when, self.version, self.keyed = 'none', None, 'always', 0, False
        self.unused = False
        if self.reg not in REGISTERS or self.type not in types:
            leaf.item.fail('operand %s: unknown register or type' % self.name)
        for word in words[3:]:
            key, _, value = word.partition('=')
            if key == 'lock' and value in LOCKS:
                self.lock = value
            elif key == 'pt':
                self.page = value
            elif key == 'when' and value in WHEN:
                self.when = value
            elif word == 'v1':
                self.version = 1
            elif word == 'keyed':
                self.keyed = True
            elif word == 'unused':
                self.unused = True
            else:
                leaf.item.fail('operand %s: attribute %s' % (self.name, word))

    @property
    def index(self):
        return REGISTERS.index(self.reg)


class Leaf:
    def __init__(self, item, types):
        self.item, self.name, self.brief = item, item.name, item.text
        self.number = int(item.one('number'), 0)
        self.since = item.one('since', VERSIONS[0])
        self.cls = item.one('class', 'host')
        self.versions = [int(v) for v in item.words_of('versions')]
        self.ins = [Operand(self, line[1], line[2], types) for line in item.all('in')]
        self.outs = [Operand(self, line[1], line[2], types) for line in item.all('out')]
        self.op_states = item.words_of('op_states')
        self.sept_states = item.words_of('sept_states')
        self.context = item.one('context', '')
        self.retry = item.words_of('retry')
        self.checks = [line[1] for line in item.all('check')]
        self.sentence = {' '.join(line[1]): line[2] for line in item.all('check')}
        self.statuses = [(line[1][0], line[1][1:] or ['-']) for line in item.all('status')]
        if self.since not in VERSIONS:
            item.fail('since ' + self.since)
        if not self.context and any(op.type == 'field_id' for op in self.ins + self.outs):
            item.fail('whose metadata? (context)')

    @property
    def c_name(self):
        return self.name.replace('.', '_')

    @property
    def prose(self):
        out = {key: self.item.one(key, '') for key in ('locks', 'requires', 'resume', 'note')}
        out['brief'] = self.brief
        out['change'] = '; '.join('since %s: %s' % (line[1][0], ' '.join(line[1][1:]))
                                  for line in self.item.all('change'))
        out['uses'] = ', '.join(line[3] for line in self.item.all('uses'))
        out['checks'] = '\n'.join(' '.join(words).partition(' ->')[0] for words in self.checks if words[0] not in ('call', 'set', 'copy'))
        return out

    def lock_of(self, check, key):
        """The mode that a check line such as "td_state op_state=SH" names."""
        for words in self.checks:
            if words[0] == check:
                for word in words[1:]:
                    if word.startswith(key + '='):
                        return word[len(key) + 1:]
        return 'none'

    def lock_line(self, name):
        for words in self.checks:
            if words[0] == 'lock' and words[1] == name:
                return words[2]
        return 'none'


class Status:
    def __init__(self, columns):
        self.name, self.value = columns['name'], int(columns['value'], 16)
        self.since, self.detail = columns['since'], columns['detail']
        self.returned, self.meaning = columns['returned'] == 'yes', columns['meaning']


STATUS_BIT = {'ERROR': 63, 'NON_RECOVERABLE': 62, 'FATAL': 61}


def advice_of(status, rows):
    """What to do next about a status: the first row of the table "next" that fits."""
    for row in rows:
        what = row.columns['what']
        bits = [] if what == 'any' else what.split('+')
        if what == status.name or all(b in STATUS_BIT and status.value >> STATUS_BIT[b] & 1 for b in bits):
            return row.columns['text']
    raise SystemExit('status %s: no row of "next" fits' % status.name)


class Field:
    def __init__(self, item):
        c = item.columns
        self.name, self.id, self.since = c['name'], int(c['id'], 16), c['since']
        self.fields, self.elements = int(c['fields']), int(c['elements'])
        self.offset = None if c['offset'] == '-' else int(c['offset'], 16)
        self.size = 1 << (self.id >> 32 & 3)
        self.cls = self.id >> 56 & 0x3F
        self.context = self.id >> 52 & 7
        self.code = self.id & 0xFFFFFF
        self.inc = 2 if self.id >> 50 & 1 else 1
        self.non_arch = self.id >> 63
        self.masks = [self._mask(c[k]) for k in 'prd pwr drd dwr grd gwr mrd mwr exp imp'.split()]
        self.tags, self.special, self.attr = c['tags'].split('/'), c['special'], c['attr']

    def _mask(self, word):
        if word == '-':
            return 0
        return (1 << 8 * self.size) - 1 if word == '*' else int(word, 16)


class Model:
    def __init__(self, directory):
        self.tables = t = Tables(directory)
        self.types = [row.columns for row in t['type']]
        self.type_names = [row['name'] for row in self.types]
        self.type_of = {row['name']: row for row in self.types}
        self.leaves = [Leaf(item, self.type_names) for item in t['leaf']]
        self.vmcalls = [Leaf(item, self.type_names) for item in t['subfunction']]
        self.statuses = [Status(row.columns) for row in t['status']]
        for status in self.statuses:
            status.advice = advice_of(status, t['next'])
        self._chances()
        self.operand_ids = [(r.columns['name'], int(r.columns['id']), r.columns['since']) for r in t['operand']]
        self.sept_states = [row.columns for row in t['sept_state']]
        self.enums = {item.name: [(line[1][0], int(line[1][1], 0)) for line in item.all('value')]
                      for item in t['enum']}
        self.fields = {kind: [Field(item) for item in t['field_' + kind]]
                       for kind in ('sys', 'td', 'vp', 'vmcs', 'vmcs_l2')}
        self._dispatch()
        self._check()

    def _chances(self):
        """What a status that comes by chance is caused by."""
        causes = {row.columns['status']: row.columns['cause'] for row in self.tables['chance']}
        for status in self.statuses:
            status.cause = causes.pop(status.name, 'none')
        if causes:
            raise SystemExit('table "chance": no status %s' % ', '.join(causes))

    def _dispatch(self):
        """Adds to each leaf what the dispatcher returns before it."""
        for item in self.tables['dispatch']:
            for leaf in self.leaves:
                if leaf.cls == item.name and leaf.since == VERSIONS[0]:
                    for line in reversed(item.all('status')):
                        self._add_status(leaf, line[1])

    @staticmethod
    def _add_status(leaf, words):
        name, rest = words[0], words[1:]
        details, exceptions = rest, []
        if 'except' in rest:
            details, exceptions = rest[:rest.index('except')], rest[rest.index('except') + 1:]
        if str(leaf.number) in exceptions:
            return
        had = [old for status, old in leaf.statuses if status == name]
        merged = (details or ['-']) + [d for old in had for d in old if d not in details]
        if had and not details:
            return
        leaf.statuses = [(name, merged)] + [row for row in leaf.statuses if row[0] != name]

    def _check(self):
        names = {status.name for status in self.statuses}
        states = {name for name, _ in self.enums['op_state']}
        sept = {row['name'] for row in self.sept_states}
        seen = set()
        for leaf in self.leaves:
            if (leaf.cls, leaf.number) in seen:
                leaf.item.fail('number used twice')
            seen.add((leaf.cls, leaf.number))
            if leaf.since != '2.0' and not leaf.brief:
                leaf.item.fail('nothing is said of what it does')
            for name, _ in leaf.statuses:
                if name not in names:
                    leaf.item.fail('unknown status ' + name)
            for name in leaf.op_states:
                if name != 'any' and 'OP_STATE_' + name not in states:
                    leaf.item.fail('unknown TD state ' + name)
            for name in leaf.sept_states:
                if name != 'any' and name not in sept:
                    leaf.item.fail('unknown S-EPT state ' + name)
        for status in self.statuses:
            if status.value & ~STATUS_BITS and status.name != 'UNINITIALIZE_ERROR':
                raise SystemExit('status %s has low bits' % status.name)

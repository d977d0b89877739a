# SPDX-License-Identifier: MIT
"""What the tables say of a leaf, as texts for its page: order of checks, locks, statuses, repeats."""
import re

from doc import Link, Name, joined, sentence

MODES = {'SH': 'shared', 'EX': 'exclusive'}
WHEN = {'success': 'on success', 'error': 'on error', 'cpuid_config': 'on OPERAND_INVALID(CPUID_CONFIG)',
        'sept_error': 'when the walk of the secure EPT or the state of its entry was the reason', 'always': ''}
PARTS = {'global': 'the module as a whole', 'kot': 'the table of key ids', 'epoch': 'the TLB epoch of the TD',
         'sept_tree': 'the secure EPT', 'rtmr': 'the run-time measurement registers',
         'servtd_bindings': 'the bindings of service TDs', 'mig': 'the state of the migration',
         'wbcache': 'the write-back of the package\'s caches'}
# What a check of the engine may answer, as far as the leaf's own list of statuses has it.
MAY_ANSWER = {
    'page': ['OPERAND_INVALID %r', 'OPERAND_ADDR_RANGE_ERROR %r', 'OPERAND_BUSY %r', 'PAGE_METADATA_INCORRECT %r'],
    'owner_tdr': ['OPERAND_BUSY TDR'],
    'td_state': ['TD_FATAL', 'TD_KEYS_NOT_CONFIGURED', 'TDCS_NOT_ALLOCATED', 'OPERAND_BUSY OP_STATE', 'OP_STATE_INCORRECT'],
    'sept_entry_lock': ['OPERAND_BUSY SEPT_ENTRY', 'OPERAND_BUSY %r'],
    'sept_walk': ['OPERAND_BUSY SEPT_TREE'],
    'shared': ['OPERAND_INVALID %r'],
    'lock': ['OPERAND_BUSY %R', 'OPERAND_BUSY TD_%R', 'SYS_BUSY'],
}
REPEAT = {
    'busy': 'Another flow may hold a lock: OPERAND_BUSY and its like. How often to try again is the caller\'s choice: '
            'tdx_while_busy().',
    'entropy': 'The processor may have no random number at the moment: the same call may succeed at once.',
    'resumable': 'A pending interrupt ends the call with INTERRUPTED_RESUMABLE; what was done is kept. Call again with what it '
                 'returned.',
    'restartable': 'A pending interrupt ends the call with INTERRUPTED_RESTARTABLE; nothing is kept. Call again with the same '
                   'operands.',
    'incremental': 'One call does a bounded part of the work: call until all is done.',
}


def operand_of(leaf, reg):
    for op in leaf.ins:
        if op.reg == reg:
            return op
    return None


def named(leaf, reg):
    op = operand_of(leaf, reg)
    return [Name(reg)] + ([' (', Name(op.name), ')'] if op else [])


def status_text(name, detail):
    return [Link('status', name)] + (['(%s)' % detail] if detail not in ('-', '') else [])


def _page(leaf, words):
    reg = words[1]
    op = operand_of(leaf, reg)
    if words[2:] == ['at_level']:
        return named(leaf, reg) + [' is free memory of the size that the level names.']
    text = ' is a page of the TD\'s memory regions'
    if op and op.page:
        text = ' is a page of type %s' % op.page
    lock = ', locked %s' % MODES[op.lock] if op and op.lock != 'none' else ''
    return named(leaf, reg) + [text + lock + '.']


def _locked(words, key, what):
    """" (WHAT locked shared)" or nothing: then a lock that is held already covers it."""
    for word in words:
        if word.startswith(key + '=') and word[len(key) + 1:] != 'none':
            return ' (%s locked %s)' % (what, MODES[word[len(key) + 1:]])
    return ''


def check_text(leaf, words):
    kind = words[0]
    if kind == 'page':
        return _page(leaf, words)
    if kind == 'gpa_level':
        top = 'the highest that the TD has' if words[3] == 'root' else words[3]
        level = 'level %s' % words[2] if words[2] == words[3] else 'level %s to %s' % (words[2], top)
        return named(leaf, words[1]) + [' is aligned to its level: %s.' % level]
    if kind == 'shared':
        return named(leaf, words[1]) + [' is an address of the host\'s own memory, aligned to %s bytes.' % words[2]]
    if kind == 'lock':
        return ['A lock is taken, %s: %s.' % (MODES[words[2]], PARTS[words[1]])]
    if kind == 'require':
        return ['It holds that %s.' % ' '.join(words[1:words.index('->')])]
    if kind == 'zero':
        return ['%s is 0.' % words[1]]
    if kind == 'call':
        return ['What only this leaf checks: %s.' % words[1].partition('(')[0].replace('_', ' ')]
    return [{
        'owner_tdr': 'The TD that owns the vCPU is there%s.' % _locked(words, 'lock', 'its TDR'),
        'td_state': 'The TD is not fatal, has its keys and its control structure, and is in a state that allows the leaf%s.' %
                    _locked(words, 'op_state', 'the state'),
        'tdvps_complete': 'The vCPU has all its pages.',
        'vcpu_associate': 'The vCPU is on this logical processor, or on none and comes to this one.',
        'sept_walk': 'The address is private; the secure EPT is walked to the level%s.' % _locked(words, 'tree', 'the tree'),
        'sept_entry_lock': 'The entry is locked.',
        'sept_state': 'The entry is in a state that the leaf accepts.',
        'tlb_tracked': 'The range was blocked and every TLB tracked since, where the state of the TD asks for it.',
    }[kind]]


def _may_answer(leaf, words):
    reg = words[1] if len(words) > 1 else ''
    own = {(name, detail) for name, details in leaf.statuses for detail in details}
    for pattern in MAY_ANSWER.get(words[0], []):
        name, _, detail = pattern.replace('%r', reg).replace('%R', reg.upper()).partition(' ')
        if (name, detail or '-') in own:
            yield name, detail or '-'


def check_steps(leaf, dispatch):
    """The checks in their order, each with the statuses that it may answer."""
    steps = [(['The leaf and its version exist, reserved bits of ', Name('RAX'), ' are 0, the module is in a state for it.'],
              [(name, detail) for name, details in leaf.statuses for detail in details if (name, detail) in dispatch])]
    for words in leaf.checks:
        if words[0] in ('set', 'copy'):
            continue
        if words[0] == 'fail':
            answer = (words[1], words[2] if len(words) > 2 else '-')
            if answer not in steps[-1][1]:
                steps[-1][1].append(answer)
        else:
            steps.append((check_text(leaf, words), list(_may_answer(leaf, words))))
    return [text + ([' Else: '] + joined([status_text(*a) for a in answers]) + ['.'] if answers else [])
            for text, answers in steps]


def locks_text(leaf):
    text = leaf.prose['locks']
    if not text:
        return []
    words = re.sub(r'\bSH\b', 'shared', re.sub(r'\bEX\b', 'exclusive', text))
    return [sentence(words) + ' Locks are tried, never waited for: a conflict is a busy status at once. Leaves that take the '
            'same lock shared run side by side on other logical processors.']


def use_links(leaf, structs):
    """The structures that a leaf reads or writes in memory."""
    out = []
    for line in leaf.item.all('uses'):
        word = re.match(r'\w+', line[3])[0]
        known = [s for s in structs if s == word or s.startswith(word + '_')]
        rest = line[3][len(word):]
        out.append([Link('struct', known[0], word) if known else word, rest])
    return out

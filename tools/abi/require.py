# SPDX-License-Identifier: MIT
"""The lines "check require CONDITION -> STATUS OPERAND | sentence" as C: what must hold, over operands and fields of the
control structures by name (abi/README.md), else the status with a sentence that tells the values named in {braces}."""
import re

from abiparse import REGISTERS
from emit import string

# Names with a dot: the structure before it, the C member after it.
STRUCTURES = {'PARAMS': 'c->params.', 'TDR': 'c->td.tdr->', 'TDCS': 'c->td.tdcs->', 'TDVPS': 'c->vp.vps->', 'SYS': 'c->m->', 'LP': 'c->lp->',
              'PAGE': 'c->page.', 'PAMT': 'c->page.pamt->', 'KOT': 'c->m->kot[c->td.tdr->hkid].',
              'CONFIG': 'c->m->plat->config.'}
VALUES = {'TD': 'c->td.pa', 'TDCS': 'c->td.tdcs', 'VCPU': 'c->vp.pa', 'LP': 'c->lp_id', 'PAGE': 'c->page.pa', 'GPA': 'c->gpa',
          'LEVEL': 'c->level', 'FLAGS': 'c->flags', 'DEBUG': 'td_debug(&c->td)', 'NUMBER': 'number', 'ELEMENT': 'element'}
FUNCTIONS = {'guest_private': 'guest_gpa_valid(&c->td, %s, true)', 'guest_valid': 'guest_gpa_valid(&c->td, %s, false)',
             'private_hkid': 'keyid_private(c->m, %s)', 'random': 'random_words(c, c->scratch, %s)',
             'mapped': '(sept_pa(&c->sept) == %s << 12 >> 12)', 'memory': 'shared_out(c, %s)',
             'package_fms': 'sys_package_fms(c->m, %s)', 'cmr_base': 'sys_cmr_base(c->m, %s)', 'cmr_size': 'sys_cmr_size(c->m, %s)',
             'handoff_head': 'sys_handoff_head(c->m)', 'xfam_allowed': 'xfam_allowed(c->m)',
             'cpuid_config_leaf': 'cpuid_config_leaf(%s)', 'cpuid_config_bits': 'cpuid_config_bits(%s)',
             'fms_num_allowed': 'fms_num_allowed(c->m)', 'fms_allowed': 'fms_allowed(c->m, %s)',
             'msr': 'platform_rdmsr(c->m->plat, c->lp_id, MSR_%s)',
             'attributes_problem': 'td_attributes_problem(%s)', 'eptp_problem': 'td_eptp_problem(c->m, %s)',
             'xfam_valid': 'xfam_valid(c->m, %s)', 'xsave_layout': 'xsave_layout(c->m, %s, c->td.tdcs->xbuff_offsets)',
             'sept_root': 'keyid_strip(c->m, c->td.tdr->tdcx_pa[TDCS_PAGE_SEPT_ROOT])',
             'handoff_area': 'handoff_area(c->m)', 'handoff_data': 'handoff_data(c->m)',
             'gpa_width': 'td_gpa_width(&c->td)', 'pair': 'pair32(%s)'}
KINDS = {'TDR.lifecycle': 'l', 'TDCS.op_state': 'o', 'TDVPS.state': 'v', 'PAMT.type': 't'}  # of call_fail()
TOKEN = re.compile(r'\s*(?:(\w+)\(([^()]*)\)|([A-Z]\w*\.\w+(?:\.\w+)*)|(\w+)|(&&|\|\||[=!<>]=|<<|>>|[-!<>()&|+*~%]))')
BRACES = re.compile(r'\{([^}]*?)(?::(\w))?\}')


def name(word):
    head, dot, member = word.partition('.')
    if dot:
        return STRUCTURES[head] + member
    return VALUES.get(word) or ('c->in[GPR_%s]' % word if word in REGISTERS else word)


def expression(item, text):
    out, at = '', 0
    while text[at:].strip():
        token = TOKEN.match(text, at)
        if not token:
            item.fail('require: %s is no condition' % text)
        function, inside, dotted, word, operator = token.groups()
        if function:
            if function not in FUNCTIONS:
                item.fail('require: no function ' + function)
            args = ', '.join(expression(item, part).strip() for part in inside.split(','))
            out += FUNCTIONS[function] % args if '%s' in FUNCTIONS[function] else FUNCTIONS[function]
        elif dotted and dotted.partition('.')[0] not in STRUCTURES:
            item.fail('require: no structure ' + dotted)
        else:
            out += name(dotted or word) if dotted or word else operator
        glue = operator in ('!', '~', '(') or text[token.end():token.end() + 1] in ('', ')')
        out += '' if glue else ' '
        at = token.end()
    return out


def assignment(item, words):
    """The statement of a line "set TARGET = EXPRESSION", or "copy TARGET = ARRAY": a target without a dot is a register."""
    if len(words) < 4 or words[2] != '=':
        item.fail('%s: TARGET = EXPRESSION' % words[0])
    target = name(words[1]) if '.' in words[1] else 'c->regs->gpr[GPR_%s]' % words[1]
    value = expression(item, ' '.join(words[3:])).strip()
    if words[0] == 'copy':
        return 'memcpy(%s, %s, sizeof(%s));' % (target, value, target)
    return '%s = (__typeof__(%s))(%s);' % (target, target, value)


def detail(word, ids):
    if word in REGISTERS:
        return 'GPR_' + word
    if word.startswith('msr:'):
        return 'MSR_' + word[4:]
    return 'TDX_OPERAND_ID_' + word if word in ids else word


def sentence(item, text):
    values = []

    def value(found):
        values.append(expression(item, found[1]).strip())
        return '%' + (found[2] or KINDS.get(found[1], 'x'))

    rule = BRACES.sub(value, text)
    if len(values) > 4:
        item.fail('require: more than four values in "%s"' % text)
    return ', '.join([string(rule)] + values)


def body(item, words, text, ids):
    """The function's lines that check one such line of a leaf's stanza."""
    if '->' not in words or not text:
        item.fail('require: CONDITION -> STATUS | sentence')
    at = words.index('->')
    status = ' | '.join(['TDX_' + words[at + 1]] + [detail(word, ids) for word in words[at + 2:]])
    condition = expression(item, ' '.join(words[1:at])).strip()
    return '{\n\tif (%s)\n\t\treturn TDX_SUCCESS;\n\treturn fail(c, %s, %s);\n}\n' % (
        condition, status, sentence(item, text))

# SPDX-License-Identifier: MIT
"""The pages of the manual from the tables: one per leaf and TDVMCALL sub-function, and those that they refer to."""
import re

import example
import facts
from cfunc import C_TYPES, Call
from doc import Code, Items, Link, Name, Page, Para, Prototype, Steps, joined, sentence
from emit_calls import signature, structs
from emit_vmcalls import Vmcall, snake

# Calls of a form of their own, as call.h declares them (tests/manual holds the two together).
OWN_FORM = {
    'TDH.VP.ENTER': ['tdx_status_t tdh_vp_enter(tdx_tdvpr_t tdvpr, tdx_u64 flags, void *regs)',
                     'tdx_status_t tdh_vp_enter_rbp(tdx_tdvpr_t tdvpr, tdx_u64 flags, void *regs)',
                     'tdx_status_t __tdx_vp_enter_lean(void *regs, tdx_u64 rcx, int answer)'],
    'TDG.VP.VMCALL': ['tdx_status_t tdvmcall(struct tdx_module_args *args)'],
}
OWN_TEXT = {
    'TDH.VP.ENTER': 'regs is an array of sixteen 64-bit registers in register-index order; it is used in place. The caller\'s RBP '
                    'survives; no register holds a value of the guest afterwards. tdh_vp_enter_rbp() also passes RBP, for TDs '
                    'without NO_RBP_MOD. __tdx_vp_enter_lean() moves operands only around a TDVMCALL.',
    'TDG.VP.VMCALL': 'args->rcx is the mask of exposed registers. Every exposed register comes back as the VMM left it. The '
                     'sub-functions of the guest-host interface have typed calls of their own: see SEE ALSO.',
}
OWN_EXAMPLE = {
    'TDH.VP.ENTER': '''tdx_status_t example(tdx_tdvpr_t tdvpr, tdx_u64 regs[16])
{
	tdx_status_t status = tdh_vp_enter(tdvpr, 0, regs);

	if (tdx_status_ok(status) && tdx_status_exit_reason(status) == TDX_EXIT_REASON_TDCALL)
		regs[10] = TDX_VMCALL_INVALID_OPERAND; /* the answer of the next entry */
	return status;
}
''',
    'TDG.VP.VMCALL': '''tdx_status_t example(tdx_u64 *answer)
{
	struct tdx_module_args args = { 0 };
	tdx_status_t status;

	args.rcx = TDX_VMCALL_R10 | TDX_VMCALL_R11;
	args.r11 = TDX_VMCALL_FN_INSTRUCTION_HLT;
	status = tdvmcall(&args);
	*answer = args.r10; /* the VMM's word */
	return status;
}
''',
}


def page_name(leaf):
    return 'tdg_vp_vmcall_' + snake(leaf.name) if leaf.cls == 'vmcall' else leaf.c_name.lower()


def _prototype(text):
    text = re.sub(r'^(TDX_TYPED|TDX_INLINE) ', '', text)
    match = re.match(r'(.*?)(\w+)\((.*)\)$', text)
    return Prototype(match[1].strip(), match[2], match[3].split(', '))


class Manual:
    def __init__(self, model, policy):
        """policy: the text of tdh_policy.h, which says what repeats a leaf has."""
        self.model = model
        self.structs = [item.name for item in model.tables['struct']]
        self.policy = policy
        for leaf in model.vmcalls:
            leaf.cls = 'vmcall'
        self.leaves = model.leaves + model.vmcalls
        self.pages = {leaf.name: self._leaf_page(leaf) for leaf in self.leaves}

    def calls_of(self, leaf):
        return [] if leaf.item.one('typed') == 'no' or leaf.cls == 'vmcall' else [
            Call(self.model, leaf, version) for version in leaf.versions]

    def _suffixes(self, call):
        return [s for s in ('_retry', '_finish') if ' %s%s(' % (call.name, s) in self.policy]

    def _leaf_page(self, leaf):
        page = Page(page_name(leaf), '3', leaf.name, leaf.brief or 'a leaf of module ' + leaf.since)
        if leaf.cls == 'vmcall':
            self._vmcall(page, leaf)
        else:
            self._leaf(page, leaf)
        page.add('SEE ALSO', Para(*joined(self._see_also(leaf))))
        return page

    # ---- a leaf ----

    def _leaf(self, page, leaf):
        calls = self.calls_of(leaf)
        page.add('SYNOPSIS', *self._synopsis(page, leaf, calls))
        page.add('DESCRIPTION', *self._description(leaf))
        page.add('OPERANDS', self._operands(leaf, leaf.ins), self._needs(leaf))
        page.add('OUTPUTS', self._operands(leaf, leaf.outs, True))
        uses = facts.use_links(leaf, self.structs)
        page.add('MEMORY', Para('The call reads or writes ', *joined(uses), '.') if uses else None)
        page.add('STATES', *self._states(leaf))
        page.add('LOCKS AND CONCURRENCY', *[Para(t) for t in facts.locks_text(leaf)])
        page.add('ORDER OF CHECKS', *self._checks(leaf))
        page.add('RETURN VALUES', *self._statuses(leaf))
        page.add('REPEATING THE CALL', *self._repeats(leaf, calls))
        text = OWN_EXAMPLE.get(leaf.name) or (example.leaf_example(calls[0], self._suffixes(calls[0])) if calls else '')
        page.add('EXAMPLES', Code(text) if text else None)

    def _synopsis(self, page, leaf, calls):
        asked = leaf.item.one('typed') == 'asked'
        own = OWN_FORM.get(leaf.name, [])
        if not calls and not own:
            return [Para('No typed call: the tables know the leaf by its number only.' if not leaf.ins
                         else 'No typed call.')]
        blocks = [Code('#define TDX_WANT_IDLE_LEAVES\n')] if asked else []
        blocks += [Prototype('', 'include', ['tdx/tdx.h'])]
        declared = ''.join(structs(call) for call in calls)
        blocks += [Code(declared.rstrip() + '\n')] if declared else []
        blocks += [_prototype(text) for text in own]
        for call in calls:
            blocks.append(_prototype(signature(call)))
            page.also.append(call.name)
            for helper in [call.name + s for s in self._suffixes(call)]:
                page.also.append(helper)
                blocks.append(_prototype(' '.join(re.search(r'tdx_status_t %s\([^)]*\)' % helper, self.policy)[0].split())))
        page.also = [n for n in page.also + [_prototype(t).name for t in own] if n != page.name]
        return blocks

    def _description(self, leaf):
        how = 'SEAMCALL' if leaf.cls == 'host' else 'TDCALL'
        versions = 'versions %s' % ', '.join(map(str, leaf.versions)) if len(leaf.versions) > 1 else 'version 0'
        intro = '%s is leaf %d of %s, %s, since module %s.' % (leaf.name, leaf.number, how, versions, leaf.since)
        blocks = [Para(intro)]
        if leaf.name in OWN_TEXT:
            blocks.append(Para(OWN_TEXT[leaf.name]))
        for key in ('note', 'change'):
            if leaf.prose[key]:
                blocks.append(Para(sentence(leaf.prose[key])))
        return blocks

    def _operands(self, leaf, ops, outputs=False):
        items = []
        for op in ops:
            c_type = C_TYPES.get(self.model.type_of[op.type]['c'].partition('+')[0], 'tdx_u64')
            text = [sentence(op.text or self.model.type_of[op.type]['meaning'])]
            if facts.WHEN[op.when]:
                text.append(' Only %s.' % facts.WHEN[op.when])
            if op.version:
                text.append(' Version %d only.' % op.version)
            if op.page:
                text.append(' Page type %s%s.' % (op.page, ', locked ' + facts.MODES[op.lock] if op.lock != 'none' else ''))
            if c_type != 'tdx_u64':
                text += [' ', Link('type', c_type)]
            items.append(([Name(op.reg), ' ', Name(op.name)], text))
        if outputs and items:
            return Items(items + [([Name('RAX')], ['The status: see RETURN VALUES.'])])
        return Items(items) if items else None

    @staticmethod
    def _needs(leaf):
        return Para('Requires: ' + sentence(leaf.prose['requires'])) if leaf.prose['requires'] else None

    @staticmethod
    def _states(leaf):
        out = []
        for what, states in (('The TD', leaf.op_states), ('The entry of the secure EPT', leaf.sept_states)):
            if states:
                which = 'any of these states: ' if len(states) > 1 else 'state '
                out.append(Para('%s is in %s%s.' % (what, which, ', '.join(states))))
        return out

    def _checks(self, leaf):
        dispatch = {(line[1][0], line[1][1] if len(line[1]) > 1 and line[1][1] != 'except' else '-')
                    for item in self.model.tables['dispatch'] if item.name == leaf.cls for line in item.all('status')}
        if not leaf.checks:
            return []
        return [Para('The first check that fails gives the status.'), Steps(facts.check_steps(leaf, dispatch))]

    def _statuses(self, leaf):
        by_name = {s.name: s for s in self.model.statuses}
        items = []
        for name, details in leaf.statuses:
            status = by_name[name]
            about = [detail for detail in details if detail != '-']
            about = ' About: %s.' % ', '.join(about) if about else ''
            items.append(([Link('status', name)], [sentence(status.meaning) + about + ' Next: %s.' % status.advice]))
        if 'SUCCESS' not in [name for name, _ in leaf.statuses]:
            items.insert(0, ([Link('status', 'SUCCESS')], ['Done.']))
        software = ' A host leaf can also return TDX_SEAMCALL_VMFAILINVALID, TDX_SEAMCALL_GP or TDX_SEAMCALL_UD: no module answered.'
        return [Para('A status is compared by tdx_status_is(): its low half is a detail.' +
                     (software if leaf.cls == 'host' else '')), Items(items)]

    def _repeats(self, leaf, calls):
        out = [Para(facts.REPEAT[word]) for word in leaf.retry]
        if leaf.prose['resume']:
            out.append(Para(sentence(leaf.prose['resume'])))
        helpers = [call.name + s for call in calls for s in self._suffixes(call)]
        if helpers:
            out.append(Para('Ready-made: ' + ', '.join(name + '()' for name in helpers) + '.'))
        return out

    # ---- a sub-function of TDG.VP.VMCALL ----

    def _vmcall(self, page, leaf):
        call = Vmcall(self.model, leaf)
        declared = ''
        for kind, wanted, types, ops in (('args', call.args_struct, call.in_types, leaf.ins),
                                         ('out', call.out_struct, call.out_types, leaf.outs)):
            if wanted:
                members = ''.join('\t%s %s;\n' % (t, op.name) for t, op in zip(types, ops))
                declared += 'struct %s_%s {\n%s};\n' % (call.name, kind, members)
        page.add('SYNOPSIS', Prototype('', 'include', ['tdx/tdx.h']), Code(declared) if declared else None,
                 _prototype(call.signature()))
        page.add('DESCRIPTION', Para('%s is sub-function 0x%X of ' % (leaf.name, leaf.number), Link('leaf', 'TDG.VP.VMCALL'),
                                     ' in the guest-host interface, since module %s. ' % leaf.since,
                                     'It exposes these registers and no others: %s.' % ', '.join(call.regs)),
                 Para('The VMM is not trusted: whatever it returns may be wrong on purpose.'))
        page.add('OPERANDS', self._operands(leaf, leaf.ins))
        page.add('OUTPUTS', self._operands(leaf, leaf.outs))
        rows = [([Name('TDX_VMCALL_' + item.name)], [sentence(item.text)]) for item in self.model.tables['vmcall_status']]
        page.add('RETURN VALUES', Para('R10, the VMM\'s answer, or the module\'s status if the module refused the call itself.'),
                 Items(rows))
        page.add('EXAMPLES', Code(example.vmcall_example(call)))

    # ---- between pages ----

    def _see_also(self, leaf):
        if leaf.name == 'TDG.VP.VMCALL':
            near = [other.name for other in self.model.vmcalls]
        elif leaf.cls == 'vmcall':
            near = ['TDG.VP.VMCALL']
        else:
            stem = '.'.join(leaf.name.split('.')[:2]) + '.'
            near = [other.name for other in self.model.leaves if other is not leaf and other.name.startswith(stem)]
        return [[Link('leaf', name)] for name in near] + [
            [Link('page', 'tdx')], [Link('page', 'tdx_status')], [Link('page', 'tdx_types')]]

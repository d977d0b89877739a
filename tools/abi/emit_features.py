# SPDX-License-Identifier: MIT
"""abi/gen/features.h, features.c: what a TD has or has not, by name."""
from emit import header_top, source_top
import require

TEXT = 'What a TD has or has not.'
HEADER = '''#include <stdbool.h>

struct module;
struct tdcs;

enum td_feature {
%s};

bool td_has(const struct module *m, const struct tdcs *t, enum td_feature feature);

#endif
'''
FUNCTION = '''bool td_has(const struct module *m, const struct tdcs *t, enum td_feature feature)
{
	switch (feature) {
%s	}
	return false;
}
'''


def known(model):
    return {row.name for row in model.tables['td_feature']}


def constant(item, name, model):
    if name not in known(model):
        item.fail('no feature ' + name)
    return 'TD_FEATURE_' + name


def emit_header(model):
    rows = ''.join('\tTD_FEATURE_%s,\n' % row.name for row in model.tables['td_feature'])
    return header_top('GEN_FEATURES_H', TEXT) + HEADER % rows


def emit_source(model):
    rows = ''
    for item in model.tables['td_feature']:
        condition = require.expression(item, item.columns['condition']).strip()
        rows += '\tcase TD_FEATURE_%s: return %s;\n' % (
            item.name, condition.replace('c->td.tdcs->', 't->').replace('c->m->', 'm->'))
    return source_top(TEXT) + '#include "gen/features.h"\n\n#include "module/state.h"\n#include "vmx/x86.h"\n\n' + FUNCTION % rows

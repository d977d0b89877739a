# SPDX-License-Identifier: MIT
"""Pages as mdoc."""
import re
import textwrap

from doc import Code, Items, Link, Name, Para, Prototype, Steps

SECTION_OF_PAGE = {'tdx': '7', 'tdx_status': '3', 'tdx_types': '3', 'tdx_structures': '3'}


def _escape(text):
    return text.replace('\\', '\\e')


def _lines(text):
    """Text lines of an input file: sentences begin on new lines, none is long, none looks like a request."""
    out = []
    for part in re.split(r'(?<=[.:?!])\s+', ' '.join(text.split())):
        out += textwrap.wrap(part, 78, break_long_words=False, break_on_hyphens=False)
    return ''.join(('\\&' if line[:1] in ".'" else '') + line + '\n' for line in out)


def _reference(link, name_of):
    if link.kind == 'leaf':
        return '\\fB%s\\fR(3)' % name_of(link.name)
    if link.kind == 'page':
        return '\\fB%s\\fR(%s)' % (link.name, SECTION_OF_PAGE[link.name])
    return '\\fB%s\\fR' % _escape(link.text)


def _flow(parts, name_of):
    out = ''
    for part in parts:
        if isinstance(part, str):
            out += re.sub(r'\b(\w+)\(\)', r'\\fB\1\\fR()', _escape(part))
        elif isinstance(part, Name):
            out += '\\fB%s\\fR' % _escape(part.text)
        else:
            out += _reference(part, name_of)
    return _lines(out)


def _term(parts):
    words = []
    for part in parts:
        text = part if isinstance(part, str) else part.text
        if text.strip():
            words.append('%s "%s"' % ('No' if isinstance(part, str) else 'Sy', _escape(text.strip())))
    return '.It ' + ' '.join(words) + '\n'


def _code(text):
    lines = [_escape(line).replace('-', '\\-').replace('\t', '        ') for line in text.rstrip('\n').split('\n')]
    body = ''.join(('\\&' if line[:1] in ".'" else '') + line + '\n' for line in lines)
    return '.Bd -literal -offset 2n\n%s.Ed\n' % body


def _prototype(block):
    if block.name == 'include':
        return '.In %s\n' % block.params[0]
    out = '.Ft %s\n.Fo %s\n' % (block.returns, block.name)
    return out + ''.join('.Fa "%s"\n' % param for param in block.params) + '.Fc\n'


def _see_also(parts, name_of):
    """Cross references, in the order that the format wants: by section, then by name."""
    links = [(SECTION_OF_PAGE.get(p.name, '3'), p.name if p.kind == 'page' else name_of(p.name))
             for p in parts if isinstance(p, Link)]
    rows = ['.Xr %s %s' % (name, section) for section, name in sorted(set(links))]
    return ' ,\n'.join(rows) + '\n'


class Writer:
    def __init__(self, version, date, name_of):
        self.version, self.date, self.name_of = version, date, name_of

    def _block(self, block, first):
        if isinstance(block, Para):
            return ('' if first else '.Pp\n') + _flow(block.text, self.name_of)
        if isinstance(block, Items):
            out = '.Bl -tag -width 18n\n'
            return out + ''.join(_term(t) + _flow(m, self.name_of) for t, m in block.items) + '.El\n'
        if isinstance(block, Steps):
            return '.Bl -enum\n' + ''.join('.It\n' + _flow(t, self.name_of) for t in block.texts) + '.El\n'
        if isinstance(block, Code):
            return _code(block.text)
        assert isinstance(block, Prototype)
        return _prototype(block)

    def page(self, page):
        names = [page.name] + page.also
        out = '.\\" SPDX-License-Identifier: MIT\n.\\" Made by tools/manual/manual.py from the tables in abi/.\n'
        out += '.Dd %s\n.Dt %s %s\n.Os "Seamless %s"\n.Sh NAME\n' % (
            self.date, page.name.upper(), page.section, self.version)
        out += ''.join('.Nm %s\n' % name if name == names[-1] else '.Nm %s ,\n' % name for name in names)
        out += '.Nd %s\n' % page.brief
        for title, blocks in page.sections:
            out += '.Sh %s\n' % title.upper()
            if title == 'SEE ALSO':
                out += _see_also(blocks[0].text, self.name_of)
            else:
                out += ''.join(self._block(b, i == 0) for i, b in enumerate(blocks))
        return out


def alias(page):
    """A file that shows another page."""
    return '.so man%s/%s.%s\n' % (page.section, page.name, page.section)



# SPDX-License-Identifier: MIT
"""Pages as HTML: one style sheet, no script."""
import html

from doc import Code, Items, Link, Name, Para, Steps

TOP = '''<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>%s</title>
<link rel="stylesheet" href="style.css">
</head>
<body>
<nav><a href="index.html">All calls</a><a href="tdx.html">The layer</a><a href="tdx_status.html">Statuses</a><a
href="tdx_types.html">Types</a><a href="tdx_structures.html">Structures</a></nav>
'''
TARGET = {'status': 'tdx_status.html#TDX_%s', 'struct': 'tdx_structures.html#%s', 'type': 'tdx_types.html#%s',
          'page': '%s.html'}


class Writer:
    def __init__(self, name_of):
        self.name_of = name_of

    def _href(self, link):
        return self.name_of(link.name) + '.html' if link.kind == 'leaf' else TARGET[link.kind] % link.name

    def _flow(self, parts):
        out = ''
        for part in parts:
            if isinstance(part, str):
                out += html.escape(part)
            elif isinstance(part, Link):
                out += '<a href="%s">%s</a>' % (self._href(part), html.escape(part.text))
            else:
                out += '<code>%s</code>' % html.escape(part.text)
        return out

    def _row(self, term, meaning):
        first = next((part for part in term if isinstance(part, Name)), None)
        anchor = ' id="%s"' % html.escape(first.text) if first and len(term) == 1 else ''
        return '<tr%s><th>%s</th><td>%s</td></tr>\n' % (anchor, self._flow(term), self._flow(meaning))

    def _block(self, block):
        if isinstance(block, Para):
            return '<p>%s</p>\n' % self._flow(block.text)
        if isinstance(block, Items):
            return '<table>\n%s</table>\n' % ''.join(self._row(t, m) for t, m in block.items)
        if isinstance(block, Steps):
            return '<ol>\n%s</ol>\n' % ''.join('<li>%s</li>\n' % self._flow(t) for t in block.texts)
        if isinstance(block, Code):
            return '<pre>%s</pre>\n' % html.escape(block.text.expandtabs(8).rstrip('\n'))
        if block.name == 'include':
            return '<pre>#include &lt;%s&gt;</pre>\n' % block.params[0]
        lines = ',\n    '.join(self._parameter(p) for p in block.params)
        return '<pre>%s %s(\n    %s)</pre>\n' % (html.escape(block.returns), block.name, lines)

    @staticmethod
    def _parameter(text):
        kind, _, rest = text.partition(' ')
        if kind.startswith('tdx_') and kind.endswith('_t'):
            return '<a href="tdx_types.html#%s">%s</a> %s' % (kind, kind, rest)
        return html.escape(text)

    def page(self, page, rows_are_targets=False):
        out = TOP % html.escape('%s: %s' % (page.title, page.brief))
        out += '<h1>%s</h1>\n<p>%s</p>\n' % (html.escape(page.title), html.escape(page.brief))
        for title, blocks in page.sections:
            body = ''.join(self._block(block) for block in blocks)
            if not rows_are_targets:
                body = _without_ids(body)
            out += '<h2 id="%s">%s</h2>\n%s' % (html.escape(title.replace(' ', '-')), html.escape(title), body)
        return out + '</body>\n</html>\n'

    def index(self, groups):
        """groups: (title, [(page, extra)])"""
        out = TOP % 'Calls of the TDX module'
        out += '<h1>Calls of the TDX module</h1>\n<p>One page per leaf, from the same tables as the code.</p>\n'
        for title, rows in groups:
            out += '<h2>%s</h2>\n<table>\n' % html.escape(title)
            for page, extra in rows:
                out += '<tr><th><a href="%s.html">%s</a></th><td>%s</td><td>%s</td></tr>\n' % (
                    page.name, html.escape(page.title), html.escape(page.brief), html.escape(extra))
            out += '</table>\n'
        return out + '</body>\n</html>\n'


def _without_ids(body):
    """Where rows are no targets, a name may stand in several."""
    parts = body.split('<tr id="')
    return parts[0] + ''.join('<tr>' + part[part.index('>') + 1:] for part in parts[1:])

# SPDX-License-Identifier: MIT
"""The table of all calls as a picture: three panels, a column per call, its cost in the baseline's shape and as it is."""

import svg

BASE, TYPED, HAND, INK, FAINT, GRID = svg.RED, svg.BLUE, '#111111', svg.INK, svg.FAINT, svg.GRID
STEP, LEFT, RIGHT, PANEL, GAP, TOP = 8, 64, 24, 170, 50, 110
PANELS = [('executed', 'instructions executed per call'), ('accesses', 'memory accesses per call, stack included'),
          ('bytes', 'bytes of the wrapper')]


def _scale(top):
    """A round step and a round top."""
    for step in (5, 10, 20, 50, 100, 200, 500):
        if top / step <= 6:
            return step, step * (int(top / step) + 1)
    return 1000, 1000 * (int(top / 1000) + 1)


class Panel:
    def __init__(self, index, top, width):
        self.y0 = TOP + index * (PANEL + GAP) + PANEL
        self.step, self.top = _scale(top)
        self.width = width

    def y(self, value):
        return self.y0 - PANEL * value / self.top

    def frame(self, title):
        out = svg.text(LEFT, self.y0 - PANEL - 10, title, 13, INK, weight='bold')
        for value in range(0, self.top + 1, self.step):
            out += '<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" stroke="%s"/>\n' % (
                LEFT, self.y(value), LEFT + self.width, self.y(value), GRID)
            out += svg.text(LEFT - 8, self.y(value) + 4, str(value), 11, FAINT, 'end')
        return out

    def column(self, x, base, typed, hand):
        out = '<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s" stroke-width="1" opacity="0.45"/>\n' % (
            x, self.y(base), x, self.y(typed), BASE)
        out += '<circle cx="%.1f" cy="%.1f" r="2.6" fill="%s"/>\n' % (x, self.y(base), BASE)
        out += '<circle cx="%.1f" cy="%.1f" r="2.8" fill="%s"/>\n' % (x, self.y(typed), TYPED)
        if hand is not None:
            out += '<path d="M%.1f %.1f h7" stroke="%s" stroke-width="1.6"/>\n' % (x - 3.5, self.y(hand), HAND)
        return out


def _legend(width):
    out, x = '', LEFT
    for color, text in ((BASE, 'a struct zeroed on the stack, passed by pointer'), (TYPED, 'typed call')):
        out += '<circle cx="%d" cy="56" r="4" fill="%s"/>\n' % (x + 4, color) + svg.text(x + 14, 60, text)
        x += 40 + 7 * len(text)
    out += '<path d="M%d 56 h9" stroke="%s" stroke-width="2"/>\n' % (x, HAND)
    return out + svg.text(x + 14, 60, 'written by hand (fifteen of them)')


def draw(costs, names, hand, title):
    """costs: {function: Cost} of one compiler at one level; names: calls with a typed_ and a base_ form."""
    order = sorted(names, key=lambda n: (costs['base_' + n].executed, costs['base_' + n].bytes, costs['typed_' + n].bytes, n))
    width = STEP * len(order)
    total = (LEFT + width + RIGHT, TOP + len(PANELS) * (PANEL + GAP) + 8)
    out = svg.begin(*total, 'tools/argument/argument.py')
    out += svg.text(LEFT, 30, title, 17, INK, weight='bold') + _legend(width)
    for index, (key, label) in enumerate(PANELS):
        panel = Panel(index, max(getattr(costs['base_' + n], key) for n in order), width)
        out += panel.frame(label)
        for column, name in enumerate(order):
            by_hand = getattr(costs['hand_' + name], key) if name in hand else None
            out += panel.column(LEFT + STEP * (column + 0.5), getattr(costs['base_' + name], key),
                                getattr(costs['typed_' + name], key), by_hand)
        means = [sum(getattr(costs[form + n], key) for n in order) / len(order) for form in ('base_', 'typed_')]
        out += svg.text(LEFT + width, panel.y0 - PANEL - 10, 'mean %.1f: %.1f' % tuple(means), 12, FAINT, 'end')
    out += svg.text(LEFT + width, panel.y0 + 18, '%d calls, in the order of the first panel\'s red dots' % len(order), 11,
                 FAINT, 'end')
    return out + '</svg>\n'


def bars(rows, title):
    """rows: (label, is it ours, instructions executed, memory accesses)"""
    label, unit, height, top = 370, 4.2, 46, 76
    width = label + int(unit * max(row[2] for row in rows)) + 60
    out = svg.begin(width, top + height * len(rows) + 10, 'tools/argument/argument.py') + svg.text(24, 30, title, 17, INK, weight='bold')
    out += svg.text(24, 54, 'upper bar: instructions executed; lower bar: memory accesses', 12, FAINT)
    for index, (text, ours, *values) in enumerate(rows):
        y = top + height * index
        out += svg.text(label - 12, y + 21, text, 12, INK, 'end')
        for line, value in enumerate(values):
            out += '<rect x="%d" y="%d" width="%.1f" height="15" fill="%s" opacity="%s"/>\n' % (
                label, y + 17 * line, unit * value, TYPED if ours else BASE, '1' if line == 0 else '0.55')
            out += svg.text(label + unit * value + 6, y + 17 * line + 12, str(value), 11, FAINT)
    return out + '</svg>\n'

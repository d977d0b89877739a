# SPDX-License-Identifier: MIT
"""The little that our pictures share: colours, the frame of an SVG file, text in it."""

RED, BLUE, INK, FAINT, GRID = '#d1495b', '#1b6ca8', '#222222', '#666666', '#e3e6ea'


def text(x, y, words, size=12, fill=INK, anchor='start', weight='normal'):
    return '<text x="%.1f" y="%.1f" font-size="%d" fill="%s" text-anchor="%s" font-weight="%s">%s</text>\n' % (
        x, y, size, fill, anchor, weight, words.replace('&', '&amp;').replace('<', '&lt;'))


def begin(width, height, maker):
    out = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" ' % (width, height, width, height)
    out += 'font-family="DejaVu Sans, Liberation Sans, Arial, sans-serif">\n<!-- SPDX-License-Identifier: MIT; made by '
    return out + maker + ' -->\n<rect width="100%" height="100%" fill="#ffffff"/>\n'

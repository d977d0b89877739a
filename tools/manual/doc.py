# SPDX-License-Identifier: MIT
"""What a page of the manual is made of, whatever it is written as. A text is a list of strings, Links and Names."""
import re


class Link:
    """A reference to a page, or to a place in it: kind is leaf, status, struct, type or page."""

    def __init__(self, kind, name, text=None):
        self.kind, self.name, self.text = kind, name, text or name


class Name:
    """A word of C: a parameter, a register, a constant."""

    def __init__(self, text):
        self.text = text


class Para:
    def __init__(self, *text):
        self.text = list(text)


class Items:
    """Terms with what they mean: (term text, [meaning text, ...])."""

    def __init__(self, items):
        self.items = list(items)


class Steps:
    """Texts in an order that matters."""

    def __init__(self, texts):
        self.texts = list(texts)


class Code:
    def __init__(self, text):
        self.text = text


class Prototype:
    def __init__(self, returns, name, params):
        self.returns, self.name, self.params = returns, name, params


class Page:
    """name: also the file's; also: other names that lead here; brief: one line, no full stop."""

    def __init__(self, name, section, title, brief):
        self.name, self.section, self.title, self.brief = name, section, title, brief
        self.also, self.sections = [], []

    def add(self, title, *blocks):
        blocks = [b for b in blocks if b]
        if blocks:
            self.sections.append((title, blocks))


def sentence(text):
    """A fragment of the tables as a sentence. A name keeps its first letter."""
    text = text.strip()
    if not text:
        return ''
    first = re.match(r'\S+', text)[0]
    if re.fullmatch(r'[a-z]+[,;:]?', first):
        text = text[0].upper() + text[1:]
    return text if text[-1] == '.' else text + '.'


def joined(texts, comma=', '):
    """Texts in a row."""
    out = []
    for index, text in enumerate(texts):
        out += ([comma] if index else []) + text
    return out

"""Parsing with tree-sitter: in the text's own offsets, in bounded time and memory."""

from __future__ import annotations

import re
import sys

import numpy as np
from tree_sitter import Node, Parser, Tree

from ctxpipe.compress.text.code.grammars import LoadedGrammar
from ctxpipe.compress.text.code.preprocessor import with_plain_directives

BLOCK = 1 << 21
"""Most characters parsed at once; a tree takes 40 to 100 bytes a character."""
DEEPEST = 200
"""Most brackets open at once. Errors among thousands of them take gigabytes to recover from; code has some dozens."""
STEEPEST = 100
"""Most levels of indentation. The scanners of some grammars keep a level each in a buffer of 1,024 bytes."""

_LETTERS = re.compile(r"[^\x00-\x7f\s\ufeff\u200b-\u200f\u2060]+")
_SPACES = re.compile(r"[^\t\n\r -~]+")
_TOP_LEVEL = re.compile(r"\n(?=[A-Za-z@#/_])")
_WIDE_INDENT = re.compile(rb"^[ \t]{%d}" % STEEPEST, re.MULTILINE)
_INDENT = re.compile(rb"^[ \t]*(?=[^ \t\r\n])", re.MULTILINE)
_ITEMS = re.compile(rb"(?:[-?:][ \t]+){%d}" % STEEPEST)
_GENERICS = re.compile(rb"<(?:[\w.:,\s]{0,80}<){60}")
_PAGE = 1 << 12
_BURST = 400.0
_CHARACTERS_PER_STEP = 40
_STEPS_PER_PAGE = 0.5
_MEMORY = 1 << 29
_MEMORY_PER_CHARACTER = 150


def parse(text: str, grammar: LoadedGrammar) -> Tree | None:
    """Parse a text whose tree has one byte for each character; None where that would take too long.

    What is not ASCII is replaced by a letter, and what is not printable by a space. Neither changes where statements
    begin and end but in languages that have other operators, and lone surrogates and NUL bytes become harmless.
    """
    if grammar.has_preprocessor:
        text = with_plain_directives(text)
    letters = _LETTERS.sub(lambda m: "x" * (m.end() - m.start()), text)
    source = _SPACES.sub(lambda m: " " * (m.end() - m.start()), letters).encode("ascii")
    if _depth(source) > DEEPEST or _is_steep(source):
        return None
    meter = _Meter(source)
    try:
        return Parser(grammar.language).parse(meter.read, progress_callback=meter.stop)
    except ValueError:
        return None


def blocks(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Cut a range into blocks of about ``BLOCK`` characters, at lines without indentation where there are any."""
    cuts = [start]
    while end - cuts[-1] > BLOCK + BLOCK // 4:
        at = cuts[-1] + BLOCK
        found = _TOP_LEVEL.search(text, at, at + BLOCK // 4)
        newline = text.find("\n", at, at + BLOCK // 4)
        cuts.append(found.end() if found else newline + 1 if newline >= 0 else at)
    return list(zip(cuts, [*cuts[1:], end], strict=True))


def is_sound(root: Node) -> bool:
    """Whether a tree says more of its text than indentation would: most of what it consists of are statements."""
    if not root.is_error:
        return True
    children = root.children
    return 2 * sum(child.is_named and child.child_count > 0 for child in children) > len(children)


class _Meter:
    """Ends a parse that does not get on, counted in the parser's own steps so that no machine decides otherwise.

    Real code, with errors or not, takes a step (100 of the parser's operations) for 50 to 200 characters, and reads a
    page some dozen times for its lookahead. What takes far more is nonsense, or a grammar that goes astray in it. So is
    what takes hundreds of megabytes, as deep nesting with errors does.
    """

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.left = _BURST
        self.reached = 0
        self.most = _peak() + _MEMORY + _MEMORY_PER_CHARACTER * len(source)

    def read(self, at: int, _: object) -> bytes:
        self.left -= _STEPS_PER_PAGE
        return self.source[at : at + _PAGE] if self.left >= 0 else b""

    def stop(self, at: int, _: bool) -> bool:
        gained = max(0, at - self.reached) / _CHARACTERS_PER_STEP
        if self.reached < len(self.source) - 1 <= at:
            # The whole tree is balanced once the end is reached, which takes steps for every node of it.
            self.left += gained + len(self.source) / _CHARACTERS_PER_STEP
        elif self.left >= 0:
            self.left = min(max(_BURST, self.left), self.left + gained)
        self.reached = max(at, self.reached)
        self.left -= 1
        return self.left < 0 or _peak() > self.most


def _is_steep(source: bytes) -> bool:
    if _ITEMS.search(source) or _GENERICS.search(source):
        return True
    if not _WIDE_INDENT.search(source):
        return False
    levels = [0]
    for match in _INDENT.finditer(source):
        indent = match.end() - match.start()
        while levels and levels[-1] >= indent:
            levels.pop()
        levels.append(indent)
        if len(levels) > STEEPEST:
            return True
    return False


def _peak() -> int:
    """Most bytes of memory that the process has held so far; 0 where the system does not tell."""
    if sys.platform == "win32":
        return 0
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _depth(source: bytes) -> int:
    steps = np.frombuffer(source.translate(_BRACKETS), dtype=np.int8).cumsum(dtype=np.int32)
    if not steps.size:
        return 0
    return int((steps - np.minimum(np.minimum.accumulate(steps), 0)).max())


_BRACKETS = bytes(1 if c in b"([{" else 255 if c in b")]}" else 0 for c in range(256))

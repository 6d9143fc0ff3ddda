"""Parsing with tree-sitter: in the text's own offsets, in bounded time and memory."""

from __future__ import annotations

import re

from tree_sitter import Parser, Tree

from ctxpipe.compress.text.code.grammars import Loaded

BLOCK = 1 << 21
"""Most characters parsed at once; a tree takes 40 to 100 bytes a character."""

_LETTERS = re.compile(r"[^\x00-\x7f\s\ufeff\u200b-\u200f\u2060]+")
_SPACES = re.compile(r"[^\t\n\r -~]+")
_STEPS = 2_000
_CHARACTERS_PER_STEP = 16
_TOP_LEVEL = re.compile(r"\n(?=[A-Za-z@#/_])")


def parse(text: str, grammar: Loaded) -> Tree | None:
    """Parse a text whose tree has one byte for each character; None where the parser takes too long.

    What is not ASCII is replaced by a letter, and what is not printable by a space. Neither changes where statements
    begin and end but in languages that have other operators, and lone surrogates and NUL bytes become harmless.

    How long it takes is counted in the parser's own steps, so that the outcome does not depend on the machine. Real
    code takes one step for 100 to 200 characters.
    """
    letters = _LETTERS.sub(lambda m: "x" * (m.end() - m.start()), text)
    source = _SPACES.sub(lambda m: " " * (m.end() - m.start()), letters).encode("ascii")
    left = _STEPS + len(source) // _CHARACTERS_PER_STEP

    def stop(at: int, has_error: bool) -> bool:
        nonlocal left
        left -= 1
        return left < 0

    def read(at: int, point: object) -> bytes:
        return source[at : at + (1 << 16)]

    try:
        return Parser(grammar.language).parse(read, progress_callback=stop)
    except ValueError:
        return None


def blocks(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Cut a range into blocks of at most about ``BLOCK`` characters, at lines without indentation where there are any."""
    cuts = [start]
    while end - cuts[-1] > BLOCK + BLOCK // 4:
        at = cuts[-1] + BLOCK
        found = _TOP_LEVEL.search(text, at, at + BLOCK // 4)
        newline = text.find("\n", at, at + BLOCK // 4)
        cuts.append(found.end() if found else newline + 1 if newline >= 0 else at)
    return list(zip(cuts, [*cuts[1:], end], strict=True))

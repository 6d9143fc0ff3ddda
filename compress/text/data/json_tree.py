"""JSON as a tree of offsets, so that members can be dropped and the rest stays valid JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

LONG_STRING = 320
"""A string of more characters than this is cut by sentence; a shorter one is kept or dropped whole."""

_TOKEN = re.compile(r'[ \t\r\n]*+(?:([{}\[\],:])|("(?:[^"\\]++|\\.)*+")|([^\s{}\[\],:"]+))', re.DOTALL)


@dataclass(slots=True, kw_only=True)
class Node:
    """A value, with its key when it is a member of an object.

    Attributes:
        start: Offset of the key, or of the value when there is none.
        value: Offset of the value.
        end: End of the value.
        lead: Offset of the comma before it, or ``start``.
        parent: Index of the container's node, or -1.
        container: True for objects, arrays and long strings, whose text from ``start`` to ``open_end`` opens them.
        open_end: End of the opening bracket or quote.
        key: Its key, or empty.
    """

    start: int
    value: int
    end: int
    lead: int
    parent: int
    container: bool
    open_end: int
    key: str


class _JsonScanner:
    """Builds the nodes of valid JSON from its tokens."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.stack: list[int] = []
        self.in_object: list[bool] = []
        self.key_follows = False
        self.key = (-1, "")
        self.comma = -1

    def mark(self, mark: str, at: int) -> None:
        if mark in "{[":
            self.add(at, at + 1, container=True)
            self.stack.append(len(self.nodes) - 1)
            self.in_object.append(mark == "{")
            self.key_follows = mark == "{"
        elif mark in "}]":
            self.nodes[self.stack.pop()].end = at + 1
            self.in_object.pop()
            self.key_follows = False
            self.comma = -1
        elif mark == ",":
            self.comma = at
            self.key_follows = self.in_object[-1]

    def string(self, text: str, start: int, end: int) -> None:
        if self.key_follows:
            self.key = (start, text[start + 1 : end - 1])
            self.key_follows = False
        else:
            self.add(start, end, container=end - start > LONG_STRING)

    def add(self, start: int, end: int, *, container: bool) -> None:
        parent = self.stack[-1] if self.stack else -1
        begin, label = self.key if self.key[0] >= 0 else (start, "")
        self.nodes.append(
            Node(
                start=begin,
                value=start,
                end=end,
                lead=self.comma if self.comma >= 0 else begin,
                parent=parent,
                container=container,
                open_end=start + 1 if container else end,
                key=label,
            )
        )
        self.key, self.comma = (-1, ""), -1


def is_json(text: str) -> bool:
    """Whether ``text`` is one JSON value, or one a line, that has an object, an array or a string in it."""
    if not re.search(r"[\[{\"]", text[:4096]):
        return False
    return _is_value(text) or _is_json_lines(text)


def bare_decoder() -> json.JSONDecoder:
    """Finds where JSON ends, and whether it is valid, without its values.

    An integer of thousands of digits would be refused where it is turned into one.
    """
    count: Callable[..., int] = len
    return json.JSONDecoder(object_pairs_hook=count, parse_int=count, parse_float=count)


def _is_value(text: str) -> bool:
    try:
        bare_decoder().decode(text)
    except RecursionError:
        return _is_deep_value(text)
    except ValueError:
        return False
    return True


def _is_json_lines(text: str) -> bool:
    seen = False
    for match in re.finditer(r"[^\n]+", text):
        if not match.group().isspace():
            if not _is_value(match.group()):
                return False
            seen = True
    return seen


def _is_deep_value(text: str) -> bool:
    """The same for a value nested deeper than the interpreter's stack: brackets are counted, their insides parsed."""
    closers: list[str] = []
    before, done = "", False
    for match in _TOKEN.finditer(text):
        mark = match.group(1) or ("s" if match.group(2) else "v")
        if done or mark not in _after(before, closers) or (mark in "sv" and not _is_scalar(match.group().strip())):
            return False
        if mark in "{[":
            closers.append("}" if mark == "{" else "]")
        elif mark in "}]":
            closers.pop()
        # A string where a key belongs is no value.
        before = "k" if mark == "s" and closers[-1:] == ["}"] and before in ("{", ",") else mark
        done = not closers and before != "k"
    return done and not _TOKEN.sub("", text).strip(" \t\r\n")


def _after(before: str, closers: list[str]) -> str:
    """Marks that may follow one: brackets, comma, colon, ``s`` for a string, ``v`` for any other scalar."""
    value = "{[sv"
    if before in ("", ":"):
        return value
    if before == "k":
        return ":"
    if before == "{":
        return "s}"
    if before == "[":
        return value + "]"
    if before == ",":
        return "s" if closers[-1] == "}" else value
    return "," + closers[-1]


def _is_scalar(text: str) -> bool:
    try:
        json.loads(text, parse_int=len)
    except ValueError:
        return False
    return True


def scan(text: str) -> list[Node]:
    """The nodes of valid JSON or JSON lines, in order of their start, parents before children."""
    scanner = _JsonScanner()
    for match in _TOKEN.finditer(text):
        if match.group(1) is not None:
            scanner.mark(match.group(1), match.start(1))
        elif match.group(2) is not None:
            scanner.string(text, *match.span(2))
        else:
            scanner.add(*match.span(3), container=False)
    return scanner.nodes

"""Units of JSON: members and elements under the brackets that hold them, so that what is kept is valid JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ctxpipe.compress.text.answers import Answers
from ctxpipe.compress.text.data.json_columns import columns
from ctxpipe.compress.text.data.json_tree import Node, scan
from ctxpipe.compress.text.sentences import sentences
from ctxpipe.compress.text.unit import Unit

RECORD = 320
"""An object or array of at most this many characters is one unit; so are neighbouring scalars of an array."""
_WHOLE = 100
"""Most characters of a text that is one unit itself: a budget may have room for a part of a longer one."""
_NAMES = re.compile(r"(?:^|_)(?:name|id|key|title|label|slug|host|sku|code|uuid)$|(?:Name|Id|Key)$", re.IGNORECASE)
_WHO = re.compile(r"role|from|speaker|author|sender|user|username|kind|type", re.IGNORECASE)
_DESCRIBES = re.compile(r"meta|metadata|header|info|identity", re.IGNORECASE)
_ASKS = re.compile(r"[?？؟]\"\s*[,}\]]")
_LONGEST_NAME = 80
_LONGEST_QUESTION = 2000


def json_units(text: str) -> list[Unit]:
    """The units of valid JSON or JSON lines, in order.

    A container longer than ``RECORD`` is a unit of its key and opening bracket, closed by the other bracket, under
    which its members stand; a long string is one of its quotes, under which its sentences stand. In an object that is
    an element of an array the members stand under the one that names it (``name``, ``id``, ``title``...), since
    nothing else tells the elements apart. Where a table is held by column, a row is kept in all columns or in none.
    """
    nodes = scan(text)
    children: list[list[int]] = [[] for _ in nodes]
    for index, node in enumerate(nodes):
        if node.parent >= 0:
            children[node.parent].append(index)
    return _UnitWriter(text, nodes, children).units()


def is_question(text: str, unit: Unit) -> bool:
    """Whether a member is a message that asks."""
    return text[unit.start] == "{" and _ASKS.search(text, unit.start, unit.end) is not None


class _UnitWriter:
    """Turns nodes into units, from the outside in."""

    def __init__(self, text: str, nodes: Sequence[Node], children: Sequence[Sequence[int]]) -> None:
        self.text = text
        self.nodes = nodes
        self.children = children
        self.columns = columns(text, nodes, children, RECORD)
        self.made: list[Unit] = []
        self.asked: dict[int, int] = {}
        self._is_single = sum(node.parent < 0 for node in nodes) == 1

    def units(self) -> list[Unit]:
        covered = -1
        names: dict[int, int] = {}
        self.asked = self._answered()
        for index, node in enumerate(self.nodes):
            if node.start < covered:
                continue
            most = _WHOLE if self._is_single and node.parent < 0 else RECORD
            is_open = node.container and (node.end - node.start > most or index in self.columns.cut)
            is_open = is_open and node.parent not in self.columns.cut
            if is_open and self.text[node.value] != '"':
                name = self._name(index)
                if name >= 0:
                    names[index] = name
                self._open(index, names, name)
            else:
                covered = node.end
                self._leaf(index, names, cut=is_open)
        return self.made

    def _open(self, index: int, names: dict[int, int], name: int) -> None:
        node = self.nodes[index]
        title = node.key or (self._value(name) if name >= 0 else "")
        self.made.append(self._unit(index, names, end=node.open_end, title=title, closed=True))

    def _leaf(self, index: int, names: dict[int, int], *, cut: bool) -> None:
        node = self.nodes[index]
        if cut:
            self.made.append(self._unit(index, names, end=node.open_end, title=node.key, closed=True))
            self.made += [
                Unit(a, b, "sentence", node.start) for a, b in sentences(self.text, node.open_end, node.end - 1)
            ]
            return
        last = self.made[-1] if self.made else None
        if last is not None and node.parent not in self.columns.cut and self._is_run(last, node):
            self.made[-1] = last._replace(end=node.end)
            return
        title = self._value(index) if node.parent in self.columns.cut else ""
        self.made.append(self._unit(index, names, end=node.end, title=title, closed=False))

    def _is_run(self, last: Unit, node: Node) -> bool:
        """Whether a value goes into one unit with the one before it: neighbouring scalars of an array do."""
        above = self.nodes[node.parent] if node.parent >= 0 else None
        return (
            above is not None
            and self.text[above.value] == "["
            and not node.container
            and last.container == above.start
            and last.close < 0
            and node.end - last.start <= RECORD
            and self.text[last.start] not in "{["
        )

    def _unit(self, index: int, names: dict[int, int], *, end: int, title: str, closed: bool) -> Unit:
        node = self.nodes[index]
        container = self.nodes[node.parent].start if node.parent >= 0 else -1
        name = names.get(node.parent, -1)
        above = self.nodes[name].start if name >= 0 and index not in (name, self.nodes[name].parent) else container
        beside = self.columns.above.get(index, self.asked.get(index, -1))
        return Unit(
            node.start,
            end,
            "member",
            self.nodes[beside].start if beside >= 0 else above,
            node.end - 1 if closed else -1,
            node.end if closed else -1,
            node.lead if node.lead < node.start else -1,
            container,
            title,
        )

    def _answered(self) -> dict[int, int]:
        """For each message of a conversation that answers a question of somebody else, the question."""
        questions: dict[int, int] = {}
        for beside in ([i for i, node in enumerate(self.nodes) if node.parent < 0], *self._lists()):
            answers = Answers()
            for index in beside:
                name = self._speaker(index)
                question = answers.take(index, name, asks=bool(name) and self._asks(index))
                if question >= 0:
                    questions[index] = question
        return questions

    def _lists(self) -> Iterator[Sequence[int]]:
        return (below for node, below in zip(self.nodes, self.children, strict=True) if self.text[node.value] == "[")

    def _speaker(self, index: int) -> str:
        """Who says an element of a list, or a line; empty for what nobody says."""
        if self.text[self.nodes[index].value] != "{":
            return ""
        who = self._who(self.children[index])
        return self.text[self.nodes[who].value : self.nodes[who].end] if who >= 0 else ""

    def _asks(self, index: int) -> bool:
        node = self.nodes[index]
        return node.end - node.value <= _LONGEST_QUESTION and _ASKS.search(self.text, node.value, node.end) is not None

    def _name(self, index: int) -> int:
        """The member that names an object in an array or in a line; -1 when there is none."""
        node = self.nodes[index]
        if self.text[node.value] != "{" or (node.parent >= 0 and self.text[self.nodes[node.parent].value] != "["):
            return -1
        scalars = [
            child
            for child in self.children[index]
            if not self.nodes[child].container and self.nodes[child].end - self.nodes[child].value <= _LONGEST_NAME
        ]
        member = next((child for child in scalars if _NAMES.search(self.nodes[child].key)), -1)
        if member < 0:
            member = self._described(index)
        return member if member >= 0 else self._who(scalars)

    def _who(self, members: Sequence[int]) -> int:
        """The member that says who speaks; in exports of chats every message has the type of a message."""
        known = [member for member in members if _WHO.fullmatch(self.nodes[member].key)]
        return min(known, key=lambda member: self.nodes[member].key.lower() in ("kind", "type"), default=-1)

    def _described(self, index: int) -> int:
        """What names an object in a part of it that describes it (``metadata``); the part itself where it is a unit."""
        for child in self.children[index]:
            node = self.nodes[child]
            if node.container and self.text[node.value] == "{" and _DESCRIBES.fullmatch(node.key):
                if node.end - node.start <= RECORD:
                    # What the title of the whole is tells nothing in it apart.
                    is_all = self.nodes[index].parent < 0 and self._is_single
                    keys = {self.nodes[inner].key for inner in self.children[child]} - ({"title"} if is_all else set())
                    return child if any(map(_NAMES.search, keys)) else -1
                return next(
                    (
                        inner
                        for inner in self.children[child]
                        if not self.nodes[inner].container and _NAMES.search(self.nodes[inner].key)
                    ),
                    -1,
                )
        return -1

    def _value(self, index: int) -> str:
        node = self.nodes[index]
        return " ".join(self.text[node.value : node.end].strip('"').split())[:_LONGEST_NAME]

"""Chat messages and tool schemas in JSON, told by their shape: all of them stays but the inside of long texts.

A list of messages is an array of objects that have a known ``role``. A list of tools is an array of objects with a
``name`` and a JSON schema under ``parameters``, ``input_schema`` or ``inputSchema``, or of objects of ``type``
``function`` that hold such an object. Either may be the whole text, the value of ``messages`` or ``input`` and of
``tools`` or ``functions`` in an object, or stand in a line of JSON lines.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from ctxpipe.compress.text.json_tree import LONG_STRING, Node

ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function", "human", "ai", "model", "critic"})
INSTRUCTIONS = frozenset({"system", "developer"})
"""Roles whose text is no document but says what to do, and stays whole."""
_MESSAGES = ("messages", "input")
_TOOLS = ("tools", "functions")
_SCHEMAS = ("parameters", "input_schema", "inputSchema")
_TEXT_PARTS = frozenset({"text", "input_text", "output_text", "tool_result"})
_DATA = frozenset({"enum", "const", "default", "examples", "example", "required"})
"""Keys of a schema below which nothing is a description."""
_HINT = re.compile(r'"(?:role|function|parameters|input_?[sS]chema)"')


class _Tree:
    """The nodes of a text with their keys and children."""

    def __init__(self, text: str, nodes: Sequence[Node]) -> None:
        self.text = text
        self.nodes = nodes
        self.children: list[list[int]] = [[] for _ in nodes]
        self.roots: list[int] = []
        for index, node in enumerate(nodes):
            (self.children[node.parent] if node.parent >= 0 else self.roots).append(index)

    def key(self, index: int) -> str:
        node = self.nodes[index]
        return "" if node.start == node.value else self._parsed(node.start, self._key_end(node))

    def string(self, index: int) -> str | None:
        """The value of a short string; None for anything else."""
        node = self.nodes[index]
        if self.text[node.value] != '"' or node.end - node.value > LONG_STRING:
            return None
        return self._parsed(node.value, node.end)

    def members(self, index: int) -> dict[str, int]:
        """Members of an object by key, the last of each; empty for anything else."""
        if self.kind(index) != "{":
            return {}
        return {self.key(child): child for child in self.children[index]}

    def kind(self, index: int) -> str:
        """First character of the value."""
        return self.text[self.nodes[index].value]

    def _key_end(self, node: Node) -> int:
        at = node.start + 1
        while self.text[at] != '"':
            at += 2 if self.text[at] == "\\" else 1
        return at + 1

    def _parsed(self, start: int, end: int) -> str:
        return str(json.loads(self.text[start:end]))


def mark_frames(text: str, nodes: list[Node]) -> None:
    """Mark what must stay when a text is a list of chat messages or tools, or holds one; change nothing otherwise.

    Args:
        text: The JSON.
        nodes: Its nodes. Where the shape fits, all become ``fixed``, know their ``record``, and of strings only the
            texts that may be cut stay containers.
    """
    if not _HINT.search(text):
        return
    tree = _Tree(text, nodes)
    lists = [found for root in tree.roots for found in _lists(tree, root)]
    # Lines or members of any other shape: then it is data, and what matters in it is not ours to say.
    if not lists or any(not list(_lists(tree, root)) for root in tree.roots):
        return
    texts: set[int] = set()
    record: dict[int, int] = {}
    for kind, index in lists:
        for child in tree.children[index]:
            role = tree.string(tree.members(child)["role"]) if kind == "messages" else ""
            texts.update(_message_texts(tree, child, role or "") if kind == "messages" else _descriptions(tree, child))
            if role not in INSTRUCTIONS:
                record[child] = child
    for index, node in enumerate(nodes):
        node.fixed = True
        node.record = record.get(index, nodes[node.parent].record if node.parent >= 0 else -1)
        if text[node.value] == '"' and (index not in texts or node.end - node.value <= LONG_STRING):
            node.container = False
            node.open_end = node.end


def _lists(tree: _Tree, root: int) -> Iterator[tuple[str, int]]:
    """Kind and node of the lists of messages or tools that a value is or has as members."""
    members = tree.members(root)
    places = [("messages", root), ("tools", root)]
    places += [("messages", members[name]) for name in _MESSAGES if name in members]
    places += [("tools", members[name]) for name in _TOOLS if name in members]
    if not members or "role" not in members:
        for kind, index in places:
            children = tree.children[index] if tree.kind(index) == "[" else []
            fits = _is_message if kind == "messages" else _is_tool
            if children and all(fits(tree, child) for child in children):
                yield kind, index


def _is_message(tree: _Tree, index: int) -> bool:
    members = tree.members(index)
    return "role" in members and tree.string(members["role"]) in ROLES


def _is_tool(tree: _Tree, index: int) -> bool:
    members = tree.members(index)
    if "function" in members:
        return "name" in tree.members(members["function"])
    typed = "type" in members and tree.string(members["type"]) == "function"
    return "name" in members and (typed or any(name in members for name in _SCHEMAS))


def _message_texts(tree: _Tree, index: int, role: str) -> Iterator[int]:
    """Strings of a message that are text: its content, or the text of its content's parts."""
    if role not in INSTRUCTIONS:
        content = tree.members(index).get("content")
        if content is not None:
            yield from _content(tree, content)


def _content(tree: _Tree, index: int) -> Iterator[int]:
    waiting = [index]
    while waiting:
        at = waiting.pop()
        if tree.kind(at) == '"':
            yield at
        for part in tree.children[at] if tree.kind(at) == "[" else ():
            members = tree.members(part)
            if "type" in members and tree.string(members["type"]) in _TEXT_PARTS:
                waiting.extend(members[name] for name in ("text", "content") if name in members)


def _descriptions(tree: _Tree, index: int) -> Iterator[int]:
    """Every ``description`` of a tool and its schema that is a string."""
    waiting = [index]
    while waiting:
        at = waiting.pop()
        members = tree.members(at)
        for key, child in members.items():
            if key == "description" and tree.kind(child) == '"':
                yield child
            elif key not in _DATA:
                waiting.append(child)
        if not members:
            waiting.extend(tree.children[at])

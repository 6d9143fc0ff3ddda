"""Texts of messages cut like documents, also those that JSON holds in its strings: files, outputs, JSON in JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import NamedTuple

from ctxpipe.compress.compressor import Compressor
from ctxpipe.compress.select.formats import MARK
from ctxpipe.compress.text.data.json_tree import is_json, scan
from ctxpipe.compress.text.sentences import is_blank
from ctxpipe.compress.types import Document, Kind

_LONG = 400
"""Characters from which on a string is cut as a text of its own."""
_MOST = 4
"""Strings up to which this is done; of more, those that answer are chosen as members."""
_SHARE = 0.5
"""Part of the JSON that they make up at least."""
_ROUNDS = 4
_SURROGATE = re.compile("[\ud800-\udfff]")

Count = Callable[[str], int]
Cut = Callable[[str, int], str]


class _Held(NamedTuple):
    """A string of JSON: where it stands with its quotes, and its text."""

    start: int
    end: int
    text: str


def cut_text(compressor: Compressor, text: str, longest: int, question: str | None) -> str:
    """A text of a message in at most so many tokens.

    Args:
        compressor: Cuts it.
        text: The text.
        longest: Most tokens.
        question: What the kept text should serve.
    """
    count = compressor.tokenizer.count
    held = cut_held(text, longest, count=count, cut=lambda inner, most: cut_text(compressor, inner, most, question))
    if held is not None:
        return held
    return compressor.compress([message_document(text)], question=question, budget=longest).text


def message_document(text: str) -> Document:
    """A text of a message as a document; what tools give is often JSON, which is cut by member."""
    kind: Kind = "json" if text.lstrip()[:1] in ("{", "[") and is_json(text) else "text"
    return Document(text=text, source="message", kind=kind)


def cut_held(text: str, longest: int, *, count: Count, cut: Cut) -> str | None:
    """JSON with its long strings cut as texts of their own, and everything else as it was.

    Args:
        text: The JSON.
        longest: Most tokens.
        count: Tokens of a text.
        cut: Cuts a text to so many tokens.

    Returns:
        The JSON, still valid; None where no long strings make up most of it, or where the rest leaves them no room.
    """
    held = _held(text)
    if not held:
        return None
    edges = [0, *(edge for one in held for edge in (one.start, one.end)), len(text)]
    parts = [text[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True)]
    room = longest - sum(map(count, parts))
    if room * 2 < longest:
        return None
    new = dict[int, str]()
    for left, one in zip(range(len(held), 0, -1), sorted(held, key=lambda one: len(one.text)), strict=True):
        new[one.start] = _fitted(one.text, room // left, count=count, cut=cut)
        room -= count(new[one.start])
    made = parts[0] + "".join(new[one.start] + part for one, part in zip(held, parts[1:], strict=True))
    return made if count(made) <= longest else None


def _held(text: str) -> list[_Held]:
    if text.lstrip()[:1] not in ("{", "[") or not is_json(text):
        return []
    nodes = [node for node in scan(text) if text[node.value] == '"' and node.end - node.value >= _LONG]
    if len(nodes) > _MOST or sum(node.end - node.value for node in nodes) < _SHARE * len(text):
        return []
    held = [_Held(node.value, node.end, json.loads(text[node.value : node.end], strict=False)) for node in nodes]
    # Half of a character outside of the basic plane cannot be encoded.
    return [] if any(_SURROGATE.search(one.text) for one in held) else held


def _fitted(text: str, room: int, *, count: Count, cut: Cut) -> str:
    """A string of JSON, with its quotes, of at most so many tokens as far as that can be done."""
    whole = json.dumps(text, ensure_ascii=False)
    if count(whole) <= room:
        return whole
    aim, made = room, json.dumps(MARK, ensure_ascii=False)
    for _ in range(_ROUNDS):
        if aim < 1:
            break
        found = json.dumps(_marked(cut(text, aim), text), ensure_ascii=False)
        over = count(found) - room
        if over <= 0:
            return found
        aim -= over + 1
    return made


def _marked(new: str, text: str) -> str:
    """A cut text with a mark where its beginning or its end was left out."""
    new = new.strip()
    if not new:
        return MARK
    first, last = text.find(new.partition("\n")[0][:80]), text.rfind(new.rpartition("\n")[2][-80:])
    before = "" if new.startswith(MARK) or first < 0 or is_blank(text, 0, first) else f"{MARK}\n"
    after = "" if new.endswith(MARK) or text.rstrip().endswith(new[-20:]) or last < 0 else f"\n{MARK}"
    return before + new + after

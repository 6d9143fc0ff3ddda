"""Turns of a conversation and quoted lines of messages."""

from __future__ import annotations

import json

import pytest

from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.types import Document, Kind

REPLY = """It is 45 now.

On Monday, Bo wrote:
> It is 31, right?
>
> On Sunday, Cy wrote:
>> What is the fee?

Best, Ann
"""


def above(text: str, words: str, kind: Kind = "text") -> list[str]:
    document = Document(text=text, source="x", kind=kind)
    made = outline(document)
    at = text.index(words)
    unit = next(u for u in made.units(0, len(text)) if u.start <= at < u.end)
    return [text[u.start : u.end].lstrip("> \r\n") for u in reversed(made.chain(unit))]


@pytest.mark.parametrize("text", [REPLY, REPLY.replace("wrote:\n", "wrote:\n\n", 1), REPLY.replace("\n", "\r\n")])
def test_quoted_lines_stand_under_who_wrote_them(text: str) -> None:
    assert above(text, "It is 31") == ["On Monday, Bo wrote:"]
    assert above(text, "What is the fee") == ["On Monday, Bo wrote:", "On Sunday, Cy wrote:"]
    assert above(text, "It is 45") == []
    assert above(text, "Best, Ann") == []


def test_every_character_of_a_reply_is_in_one_unit() -> None:
    units = outline(Document(text=REPLY, source="x")).units(0, len(REPLY))
    assert "".join("".join(REPLY[u.start : u.end] for u in units).split()) == "".join(REPLY.split())


@pytest.mark.parametrize("mark", ["{}:", "**{}**:", "**{}:**", "{}："])
def test_a_turn_of_a_conversation_is_one_unit(mark: str) -> None:
    lines = [(who, f"It costs {n}. It goes up in May.") for who, n in (("Ann", 31), ("Bo", 45), ("Ann", 52), ("Bo", 9))]
    text = "\n\n".join(f"{mark.format(who)} {said}" for who, said in lines)
    made = outline(Document(text=text, source="x", kind="markdown"))
    assert [text[u.start : u.end] for u in made.units(0, len(text))] == text.split("\n\n")


def test_a_paragraph_with_a_colon_is_no_turn() -> None:
    text = "Note: it costs 31. It goes up.\n\nIt costs 45 in May. It goes down.\n"
    assert len(outline(Document(text=text, source="x")).units(0, len(text))) == 4


def test_what_a_message_says_stands_under_its_role() -> None:
    text = json.dumps({"messages": [{"content": "It costs 31. " * 40, "role": role} for role in ("user", "assistant")]})
    document = Document(text=text, source="x", kind="json")
    made = outline(document)
    said = [u for u in made.units(0, len(text)) if u.kind == "sentence"]
    assert any('"role": "user"' in text[a.start : a.end] for a in made.chain(said[0]))
    assert any('"role": "assistant"' in text[a.start : a.end] for a in made.chain(said[-1]))

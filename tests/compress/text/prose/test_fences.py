"""Fenced code, and lines of marks that are no fence."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.text.prose.fences import fences
from ctxpipe.compress.types import Document


def found(text: str, marks: str = "`~") -> list[tuple[str, str, str]]:
    """What opens, what is inside and the language of each."""
    return [(text[f.start : f.opened], text[f.opened + 1 : f.closing], f.info) for f in fences(text, marks)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("```\na\n```", [("```", "a\n", "")]),
        ("```py\na\n\nb\n``` ", [("```py", "a\n\nb\n", "py")]),
        ("  ~~~ sh x=1\na\n  ~~~~", [("  ~~~ sh x=1", "a\n", "sh")]),
        ("````\n```\na\n```\n````", [("````", "```\na\n```\n", "")]),
        ("```\na\n~~~\nb\n```", [("```", "a\n~~~\nb\n", "")]),
        ("```\n```\n```\n```", [("```", "", ""), ("```", "", "")]),
        ("````\na\n```\nb\n```", [("```", "b\n", "")]),
        ("```\na", []),
        ("Use ```a``` here\n```b```\n", []),
    ],
)
def test_fences(text: str, expected: list[tuple[str, str, str]]) -> None:
    assert found(text) == expected


def test_tildes_are_no_fence_in_plain_text() -> None:
    assert found("~~~~\n```\na\n```\n~~~~", "`") == [("```", "a\n", "")]


def test_tildes_below_a_title_are_its_underline() -> None:
    text = "Ferries\n~~~~~~~\n\nThey run daily.\n\nTrams\n~~~~~\n\nThey run hourly.\n\ncode:\n~~~~\na = 1\n~~~~\n"
    assert found(text) == [("~~~~", "a = 1\n", "")]
    known = outline(Document(text=text, kind="markdown"))
    said = {text[u.start : u.end]: known.trail(u) for u in known.units(0, len(text)) if u.kind == "sentence"}
    assert said["They run daily."] == ("Ferries",)
    assert said["They run hourly."] == ("Trams",)


@pytest.mark.parametrize("line", ["```x\n", "~~~\n\n", "```` a\n", "~~~~ b\na\n"])
def test_time_grows_with_the_length(line: str) -> None:
    started = time.process_time()
    list(fences(line * 40_000 + "".join(f"{'`' * n} a\n" for n in range(3, 400)), "`~"))
    assert time.process_time() - started < 5


@given(st.text("`~ a\n", max_size=60))
def test_fences_are_in_order_and_made_of_lines(text: str) -> None:
    at = 0
    for fence in fences(text, "`~"):
        assert at <= fence.start < fence.opened < fence.closing <= fence.end <= len(text)
        assert text[fence.opened] == "\n"
        assert fence.start == 0 or text[fence.start - 1] == "\n"
        assert text[fence.closing - 1] == "\n"
        at = fence.end

"""The structure of a text found in parts is that of the whole text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.text.prose import parts
from ctxpipe.compress.types import Document, Kind

T = TypeVar("T")
R = TypeVar("R")
S = TypeVar("S")

HEADINGS = {"markdown": "## Berth {n}\n\n", "text": "{n}. THE BERTH\n\n", "tex": "\\section{{Berth {n}}}\n\n"}
BLOCKS = (
    "A mooring costs {n} euros a night. It is paid in advance[^{n}].\n\n",
    "The fees of berth {n} are:\n\n",
    "- small: {n} euros\n- large:\n  twice as much\n\n",
    "[^{n}]: Not in July.\n[^1]: Not for ships.\n\n",
    "| boat | fee |\n|---|---|\n| small | {n} |\n\n",
    "```\nset fee {n}\n\n# not a heading\n```\n\n",
    "> Who pays {n}?\n> The keeper.\n\n",
    "Ada: Is berth {n} free?\n\nBert: It is.\n\n",
    "2024-03-0{n} 10:00:00 ERROR refused\nTraceback (most recent call last):\n  at berth {n}\n\n",
    "Caused by: a fee of {n} euros\n  at the gate\n\n",
    "    What stands further in says more of {n},\n\n",
    "the sentence goes on after {n} pages.\n\n",
    "\f  Harbour rules {n}\n\n",
    "Keeper [Page {n}]\n\n",
    "\\begin{{itemize}}\n\\item Berth {n}.\n\\end{{itemize}}\n\n",
    "ADA. Is berth {n} free?\nBERT. It is. It was free in May.\n\n",
    "Berth: {n}\nFee: 9\n---\nBerth: 1{n}\nFee: 8\n---\nBerth: 2{n}\nFee: 7\n\n",
    "**Berth {n}**\\\nIt costs 9.\\\nIt is free.\n\n",
    "==== Berth {n} ====\n\n",
    "From: ada@example.org\nSubject: Berth {n}\n\n",
)


class Here:
    """Does all things in this process, one after the other."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.most = 0

    def map(self, function: Callable[[S, T], R], shared: S, items: Sequence[T]) -> Iterable[R]:
        self.most = len(items)
        return [function(shared, item) for item in reversed(items)][::-1]


@pytest.fixture(autouse=True, scope="module")
def every_size() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "_LEAST", 1)
        patch.setattr(parts, "_NEAR", 100)
        yield


@given(
    st.sampled_from(sorted(HEADINGS)),
    st.lists(st.integers(0, len(BLOCKS) + 3), min_size=10, max_size=80),
    st.integers(2, 5),
    st.booleans(),
)
def test_parts_make_the_whole(name: str, drawn: list[int], size: int, returns: bool) -> None:
    kind: Kind = "markdown" if name == "markdown" else "text"
    blocks = [BLOCKS[one] if one < len(BLOCKS) else HEADINGS[name] for one in drawn]
    text = "".join(block.format(n=index % 9 + 1) for index, block in enumerate(blocks))
    if returns:
        text = text.replace("\n", "\r\n")
    document = Document(source="berths", text=text, kind=kind, language="tex" if name == "tex" else "")
    assert outline(document, Here(size)).regions == outline(document).regions


def test_a_text_with_headings_is_walked_over_in_as_many_parts_as_wanted() -> None:
    text = "".join(HEADINGS["markdown"].format(n=n) + BLOCKS[0].format(n=n) for n in range(40))
    here = Here(4)
    assert outline(Document(source="berths", text=text, kind="markdown"), here).regions
    assert here.most == 32


def test_no_part_begins_where_a_page_ends_or_below_nothing() -> None:
    text = "A mooring costs 54 euros and\n\n\f HARBOUR RULES\n\nmore. " * 40
    assert parts.cuts(text, [text.index("\f") + 2], 2) == []
    assert parts.cuts("A mooring.\n\n" * 40, [], 2) == []

"""The copied splitters cut as the published package does, which is installed for the tests."""

from __future__ import annotations

import langchain_text_splitters as published
import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import library

from ctxpipe.compress.text.langchain_text_splitters.base import Language
from ctxpipe.compress.text.langchain_text_splitters.character import RecursiveCharacterTextSplitter as Copied

PIECES = ["\n\n", "\n", " ", ". ", "。", "# ", "## ", "class ", "def ", "function ", "<h1>", "```", "ab", "é中", "x=1;"]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=80).map("".join)
OPTIONS = {"chunk_overlap": 0, "keep_separator": "start", "strip_whitespace": False}
LANGUAGES = [member.value for member in Language]
OTHERS = [["\n\n", "\n"], ["\n\n", "\n", ". ", "。", " "]]


def separators(name: str) -> list[str] | None:
    """Those of a language; None for one of which only the name is known."""
    try:
        return Copied.get_separators_for_language(Language(name))
    except ValueError:
        return None


def both(text: str, size: int, cuts: list[str], is_regex: bool) -> tuple[list[str], list[str]]:
    made = [
        kind(separators=cuts, is_separator_regex=is_regex, chunk_size=size, **OPTIONS).split_text(text)
        for kind in (Copied, published.RecursiveCharacterTextSplitter)
    ]
    return made[0], made[1]


def test_the_languages_and_their_separators_are_the_same() -> None:
    assert [member.value for member in published.Language] == LANGUAGES
    theirs = published.RecursiveCharacterTextSplitter.get_separators_for_language
    for name in filter(separators, LANGUAGES):
        assert separators(name) == theirs(published.Language(name))


@given(text=TEXTS, size=st.integers(2, 60), name=st.sampled_from([name for name in LANGUAGES if separators(name)]))
def test_any_text_is_cut_the_same(text: str, size: int, name: str) -> None:
    cuts = [one for one in separators(name) or [] if one]
    ours, theirs = both(text, size, cuts, True)
    assert ours == theirs


@pytest.mark.parametrize("cuts", OTHERS)
@pytest.mark.parametrize("name", sorted(library()))
def test_documents_are_cut_the_same(name: str, cuts: list[str]) -> None:
    ours, theirs = both(library()[name].text[:50_000], 800, cuts, False)
    assert ours == theirs

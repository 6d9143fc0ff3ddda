from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctxpipe.evals.scores.text import contains, contains_text, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Cat, a dog; AN owl!", "cat dog owl"),
        ("3,677 people paid $1,496.5", "3677 people paid 1496.5"),
        ("1,2,3 and 12,34", "1 2 3 and 12 34"),
        ("the U.S. and the US", "us and us"),
        ("don't, O’Neill, Nicklaus's", "dont oneill nicklaus"),
        ("mid-10th century", "mid 10th century"),
        ("１２ ｋｍ", "12 km"),
        ("北京是首都", "北 京 是 首 都"),
        ("Straße", "strasse"),
        ("version 3.10.2.", "version 3.10.2"),
    ],
)
def test_words(text: str, expected: str) -> None:
    assert words(text) == expected.split()


def test_articles_can_be_kept() -> None:
    assert words("The cat", articles=True) == ["the", "cat"]


@given(st.text(max_size=60))
def test_words_of_words_are_the_same(text: str) -> None:
    once = words(text)
    assert words(" ".join(once)) == once


@pytest.mark.parametrize(
    ("text", "answer", "expected"),
    [
        ("He was born in 1912.", "12", False),
        ("He was born on the 12 of May.", "12", True),
        ("It cost 1.5 million", "15", False),
        ("from Las Vegas, Nevada", "las vegas nevada", True),
        ("from Las Cruces and Vegas", "Las Vegas", False),
        ("我住在北京市", "北京", True),
        ("is it C or C++?", "++", True),
        ("nothing", "", False),
        ("nothing", " ", False),
    ],
)
def test_an_answer_stands_at_word_boundaries(text: str, answer: str, expected: bool) -> None:
    assert contains_text(text, answer) is expected


@given(st.lists(st.sampled_from("ab"), max_size=8), st.lists(st.sampled_from("ab"), max_size=3))
def test_contains_is_a_run_of_the_sequence(haystack: list[str], needle: list[str]) -> None:
    runs = [haystack[i : i + len(needle)] for i in range(len(haystack) - len(needle) + 1)]
    assert contains(haystack, needle) is (bool(needle) and needle in runs)

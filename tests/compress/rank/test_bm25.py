"""Words that BM25 counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctxpipe.compress.rank.bm25 import BM25Index, Vocabulary, bm25


def test_an_index_logs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    assert BM25Index.of(["The light is kept by Ada.", "Tea is at five."]).scores("Who keeps the light?")[0] > 0
    assert not caplog.records


@pytest.mark.parametrize(
    ("question", "form"), [("Faroの係留料は", "{}の係留料は一泊です"), ("ค่าจอดเรือ Faro", "ท่าเรือ{}อยู่ใกล้สถานี")]
)
def test_a_name_among_letters_of_a_script_without_spaces_is_a_word(question: str, form: str) -> None:
    towns = ["Lagos", "Porto", "Faro", "Sines"]
    scores = bm25([form.format(town) for town in towns], question)
    assert scores.argmax() == towns.index("Faro")


def test_words_of_scripts_without_spaces_are_characters() -> None:
    assert len(Vocabulary().ids("停泊费 per night 7.5")) == 6


@given(st.text(st.characters(max_codepoint=127), max_size=80))
def test_words_are_the_same_beside_other_scripts(text: str) -> None:
    """Text in ASCII takes a faster way."""
    alone, beside = Vocabulary(), Vocabulary()
    names = [alone.ids(text), beside.ids(f"{text} ж")[:-1]]
    assert names[0] == names[1]
    assert list(alone.stems) == list(beside.stems)[:-1]


@pytest.mark.parametrize(
    ("said", "asked"),
    [("Пермь", "в Перми"), ("билеты на паром", "билет"), ("ميناء التذكرة", "تذكرة"), ("λιμάνια", "λιμάνι")],
)
def test_words_of_other_scripts_are_found_in_other_forms(said: str, asked: str) -> None:
    scores = bm25([said, "Омск", "ميناء", "πόλη"], asked)
    assert scores[0] > 0

"""Words that BM25 counts."""

from __future__ import annotations

import pytest

from ctxpipe.compress.rank.bm25 import BM25Index, Vocabulary, bm25


def test_an_index_logs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    assert BM25Index(["The light is kept by Ada.", "Tea is at five."]).scores("Who keeps the light?")[0] > 0
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

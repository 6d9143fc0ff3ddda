"""Exact rare words of a question, alone and together."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from ctxpipe.compress.select.exact import exact_bonus, exact_words

TOWNS = ("Faro", "Lagos", "Sines", "Tavira", "Porto", "Braga")
ROWS = [f"{town},{year},Q{q}" for town, year, q in itertools.product(TOWNS, (2023, 2024, 2025), (1, 2, 3, 4))]


def test_words_that_are_frequent_alone_are_rare_together() -> None:
    bonus = exact_bonus("What was the fee in Faro in Q3 of 2024?", ROWS, [()] * len(ROWS))
    assert bonus is not None
    assert ROWS[int(bonus.argmax())] == "Faro,2024,Q3"
    assert (bonus > 0).sum() == 1


@pytest.mark.parametrize("word", ["text/x-gull", "birds/gull+xml", "src/boats/tern-2.c", "app.kubernetes.io/part-of"])
def test_a_path_or_type_is_one_word_with_its_hyphens(word: str) -> None:
    assert exact_words(f"What is {word} an alias of?") == (word,)


def test_words_above_a_text_count_with_its_own() -> None:
    rows = [f"row {town} of Q{q}" for town, q in itertools.product(TOWNS, (1, 2, 3, 4))] * 3
    above = [(f"Fees of {year}",) for year in (2023, 2024, 2025) for _ in range(24)]
    bonus = exact_bonus("What was the fee in Lagos in Q3 of 2024?", rows, above)
    assert bonus is not None
    best = int(bonus.argmax())
    assert (rows[best], above[best]) == ("row Lagos of Q3", ("Fees of 2024",))


@pytest.mark.parametrize("question", ["What is the fee?", "Which fee has Evora?"])
def test_without_an_exact_word_nothing_is_added(question: str) -> None:
    assert exact_bonus(question, ROWS, [()] * len(ROWS)) is None


def test_a_header_row_counts_as_much_for_rows_of_groups_as_for_rows_of_none() -> None:
    question = "What was the fee in 2024?"
    texts = [*(f"town {name}" for name in "abcdefgh"), "prose", "more prose"]
    flat = exact_bonus(question, texts, [*[("Fees 2024",)] * 8, ("Note",), ("Other",)])
    grouped = exact_bonus(
        question, texts, [*[("Fees 2024", f"group {i // 2}") for i in range(8)], ("Note",), ("Other",)]
    )
    assert flat is not None
    assert grouped is not None
    assert (grouped[:8] >= flat[:8]).all()
    assert (flat[:8] > 0).all()
    assert not grouped[8:].any()


def test_a_name_that_only_headings_hold_tells_like_rows_apart() -> None:
    days = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
    above = [(day,) for day in days for _ in range(2)]
    texts = [text for day in days for text in (f"09:30 {day[0]}", f"11:00 {day[1]}")]
    found = exact_bonus("What is at 09:30 on Thursday?", texts, above)
    assert found is not None
    assert texts[int(found.argmax())] == "09:30 T"
    assert above[int(found.argmax())] == ("Thursday",)


@pytest.mark.parametrize(
    ("question", "texts", "best"),
    [
        ("泊位费是多少？", ["新船停在北港旁边。", "泊位费改为每晚五十四元。", "渡轮八点开船。"], 1),
        (
            "長崎港の乗船券はいくらですか？",
            ["長崎港は駅の近くです。", "横浜港の乗船券は五百円です。", "窓口は八時に開きます。"],
            0,
        ),
        ("新しい船はどこにありますか？", ["窓口は八時に開きます。", "犬は乗れません。"], None),
    ],
)
def test_words_of_scripts_without_spaces_are_exact(question: str, texts: list[str], best: int | None) -> None:
    bonus = exact_bonus(question, texts, [()] * len(texts))
    assert (best is None and bonus is None) or (bonus is not None and bonus[best] == bonus.max() > 0)


def test_frequent_words_of_scripts_without_spaces_are_rare_together() -> None:
    ports = ["函館港", "横浜港", "神戸港", "長崎港", "那覇港"]
    texts = [text for _ in ports for text in ("乗船券は五百円です。", "窓口は八時に開きます。")]
    above = [(port,) for port in ports for _ in range(2)]
    bonus = exact_bonus("長崎港の乗船券はいくらですか？", texts, above)
    assert bonus is not None
    assert int(bonus.argmax()) == 6


def test_a_number_is_no_part_of_a_time() -> None:
    texts = ["[00:00:17] All right.", "[00:00:51] What colour is boat 17?", "17.5 knots", "[00:01:02] Fine."]
    bonus = exact_bonus("What colour is boat 17?", texts, [()] * len(texts))
    assert bonus is not None
    assert np.flatnonzero(bonus).tolist() == [1]


def test_a_name_that_few_rows_hold_counts_in_rows_alone() -> None:
    listed = np.array([True, True, False, True])
    texts = ["Faro 31", "Lagos 45", "Faro is a town.", "Sines 61"]
    bonus = exact_bonus("What is the fee of Faro?", texts, [()] * 4, listed)
    assert bonus is not None
    assert np.flatnonzero(bonus).tolist() == [0]

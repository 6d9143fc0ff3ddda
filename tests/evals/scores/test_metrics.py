from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctxpipe.evals.scores import metrics
from ctxpipe.evals.scores.details import detail_survival, names
from ctxpipe.evals.types import Evidence, Passage, Sample


def sample(**changes: object) -> Sample:
    fields: dict[str, object] = {
        "id": "1",
        "dataset": "d",
        "cluster": "c",
        "documents": (Passage(text="Ann paid $5 million in 2019.", gold=True), Passage(text="Bob did not.")),
        "question": "who?",
        "answers": ("Ann",),
    }
    return Sample(**fields | changes)  # type: ignore[arg-type]


def test_survival_needs_one_answer_or_all() -> None:
    assert metrics.survival("the year 2019 alone", ["2018", "2019"]) == 1
    assert metrics.survival("the year 2019 alone", ["2018", "2019"], "all") == 0
    assert metrics.survival("2018 and 2019", ["2018", "2019"], "all") == 1
    assert metrics.survival("12019", ["2019"]) == 0


def test_context_scores_say_what_is_left() -> None:
    one = sample(evidence=(Evidence(document=0, start=0, end=3),))
    raw = "Ann paid $5 million in 2019. Bob did not."
    scores = metrics.context_scores(one, "Ann paid 5 in 2019", raw, [(0, 0, 8)])
    assert scores == {
        "survival": 1,
        "evidence": 1,
        "gold": 7 / 23,
        "whole": 0,
        "numbers": 1,
        "units": 0,
        "negations": 0,
    }
    assert metrics.context_scores(one, raw, raw)["survival"] == 1
    assert "evidence" not in metrics.context_scores(one, raw, raw), "without spans it is not known"


def test_what_was_never_in_the_context_cannot_be_lost() -> None:
    raw = "Ann paid $5 million in 2019."
    assert "survival" not in metrics.context_scores(sample(answers=("a sum of 7",)), "Ann", raw)
    assert metrics.context_scores(sample(), "Bob", raw)["survival"] == 0


@pytest.mark.parametrize(
    ("spans", "share"),
    [
        ([], 0.0),
        ([(0, 0, 11)], 1.0),
        ([(0, 0, 5)], 0.5),
        ([(0, 0, 3), (0, 2, 5)], 0.5),
        ([(1, 0, 11)], 0.0),
        ([(0, 5, 6)], 0.0),
    ],
)
def test_evidence_recall_counts_solid_characters_once(spans: list[tuple[int, int, int]], share: float) -> None:
    evidence = [Evidence(document=0, start=0, end=11), Evidence(document=0, start=0, end=4)]
    assert metrics.evidence_recall(["three words", "three words"], evidence, spans) == share


def test_detail_survival_is_1_for_the_same_text_and_absent_where_there_is_nothing() -> None:
    raw = "In May, Ann Lee never paid 5 kg to ACME."
    assert detail_survival(raw, raw) == {"numbers": 1, "units": 1, "negations": 1, "names": 1}
    assert detail_survival("", "all quiet here") == {}


@given(
    st.lists(
        st.sampled_from("The the U.S. Ann Lee's O'Neill don't 5kg 3,677 ( ) . \n - Of New 10th".split(" ")), max_size=12
    )
)
def test_a_text_keeps_all_details_of_itself(pieces: list[str]) -> None:
    text = " ".join(pieces)
    assert set(detail_survival(text, text).values()) <= {1}


def test_a_number_that_lost_its_unit_is_still_a_number() -> None:
    assert detail_survival("it weighs 5", "it weighs 5 kg and 6 kg") == {"numbers": 0.5, "units": 0}
    assert detail_survival("it weighs 6 kilograms", "it weighs 5 kg and 6 kg") == {"numbers": 0.5, "units": 0.5}


def test_negations_are_counted_as_often_as_they_occur() -> None:
    assert detail_survival("he did not", "he did not and would not, nor can't")["negations"] == 0.25


def test_names_are_not_what_merely_begins_a_sentence() -> None:
    text = "The Panthers lost. Later Peyton Manning met Denver. Nobody saw it. “Hello,” said Ann."
    assert names(text) == {("panthers",), ("later", "peyton", "manning"), ("denver",), ("ann",)}


@pytest.mark.parametrize(
    ("answer", "golds", "expected"),
    [
        ("It was in 2012", ["12"], 0),
        ("It was 12.", ["12"], 1),
        ("Las Vegas, Nevada", ["las vegas nevada"], 1),
        ("word " * 64 + "gold", ["gold"], 0),
        ("word " * 63 + "gold", ["gold"], 1),
        ("x " * 100, ["x " * 100], 1),
    ],
)
def test_containment_has_boundaries_and_a_cap(answer: str, golds: list[str], expected: float) -> None:
    assert metrics.containment(answer, golds) == expected


def test_token_f1_is_squads() -> None:
    # evaluate-v1.1 of SQuAD: 2 of 3 words right, 2 of 4 wanted words found
    assert metrics.token_f1("The quick brown wolf", "a quick brown fox jumps") == pytest.approx(4 / 7)
    assert metrics.token_f1("fox fox", "fox") == pytest.approx(2 / 3)
    assert metrics.token_f1("nothing alike", "fox") == 0
    assert metrics.token_f1("+", "+") == 1
    assert metrics.token_f1("", "fox") == 0


def test_rouge_l_gives_the_values_of_its_paper() -> None:
    # Lin (2004), section 3.1: S1 "police killed the gunman" against S2 and S3
    assert metrics.rouge_l("police kill the gunman", "police killed the gunman") == 0.75
    assert metrics.rouge_l("the gunman kill police", "police killed the gunman") == 0.5
    assert metrics.rouge_l("", "police") == 0


@given(st.lists(st.sampled_from("abc"), max_size=9), st.lists(st.sampled_from("abc"), max_size=9))
def test_rouge_l_is_the_longest_common_subsequence(a: list[str], b: list[str]) -> None:
    @cache
    def longest(i: int, j: int) -> int:
        if i == len(a) or j == len(b):
            return 0
        if a[i] == b[j]:
            return 1 + longest(i + 1, j + 1)
        return max(longest(i + 1, j), longest(i, j + 1))

    expected = 2 * longest(0, 0) / (len(a) + len(b)) if a and b else 0.0
    assert metrics.rouge_l(" ".join(a), " ".join(b)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("answer", "golds", "scale", "expected"),
    [
        ("In 2018 they spent $12.47 million.", ["12.47"], "million", 1),
        ("In 2018 they spent $12.47 thousand.", ["12.47"], "million", 0),
        ("3677", ["3,677"], "", 1),
        ("367", ["3,677"], "", 0),
        ("I do not know", ["3,677"], "", 0),
        ("Ann", ["Ann"], "", None),
    ],
)
def test_numeric_match(answer: str, golds: list[str], scale: str, expected: float | None) -> None:
    assert metrics.numeric_match(answer, golds, scale=scale) == expected


def test_numeric_match_of_several_needs_all() -> None:
    golds = ["(19)", "(41)"]
    assert metrics.numeric_match("-19 and -41", golds, rule="all") == 1
    assert metrics.numeric_match("-19 and 41", golds, rule="all") == 0
    assert metrics.numeric_match("-19 and 41", golds) == 1
    assert metrics.numeric_match("19 in May", ["19", "May"], rule="all") == 1
    assert metrics.numeric_match("19 in June", ["19", "May"], rule="all") == 0


def test_answer_scores_follow_the_sample() -> None:
    assert metrics.answer_scores(sample(), "It was Ann.") == {"contains": 1, "f1": 0.5, "abstained": 0, "answer": 1}
    number = sample(answers=("5",), scale="million")
    assert metrics.answer_scores(number, "$5 million")["numeric"] == 1
    summary = sample(answers=("Ann paid", "Bob paid nothing"), metric="rouge")
    assert metrics.answer_scores(summary, "Ann paid")["rouge_l"] == 1


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("", True),
        ("I don't know.", True),
        ("The text does not say; it is not mentioned.", True),
        ("It cannot be determined from this.", True),
        ("Knowing Ann, it was Bob.", False),
        ("No, it was Bob.", False),
    ],
)
def test_abstaining_is_told_from_answering(answer: str, expected: bool) -> None:
    assert metrics.abstained(answer) is expected


def test_a_long_list_may_take_more_words() -> None:
    golds = [f"place{i} granary" for i in range(14)]
    answer = " ".join(f"The {gold} was sold to the town that year." for gold in golds)
    assert metrics.containment(answer, golds, rule="all") == 1
    assert metrics.containment("word " * 300 + answer, golds, rule="all") == 0
    assert metrics.containment("word " * 64 + " ".join(golds[:4]), golds[:4], rule="all") == 0

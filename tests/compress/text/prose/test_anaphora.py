"""Sentences that begin with a pronoun, and the sentence that names what it stands for."""

from __future__ import annotations

import pytest
from units_support import above

from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.types import Document


def antecedent_of(text: str, sentence: str) -> str | None:
    document = Document(text=text, source="port.txt")
    structure = outline(document)
    unit = next(u for u in structure.units(0, len(text)) if text.startswith(sentence, u.start))
    found = structure.leant_on(unit)
    return None if found is None else text[found.start : found.end]


@pytest.mark.parametrize(
    ("text", "sentence", "named"),
    [
        ("The crane is old. It lifts nine tons.", "It lifts", "The crane is old."),
        ("The crane is old. It lifts nine tons. It is red.", "It is red", "The crane is old."),
        ("The crane is old. It is red. The quay is long. It\nholds six ships.", "It\nholds", "The quay is long."),
        ("Der Kran ist alt. Er hebt neun Tonnen.", "Er hebt", "Der Kran ist alt."),
        ("La grue est vieille. Elle soulève neuf tonnes.", "Elle soulève", "La grue est vieille."),
        ("La grúa es vieja. Esta levanta nueve toneladas.", "Esta levanta", "La grúa es vieja."),
        ("The crane is old. But this rule holds. Pay here.", "But this", "The crane is old."),
        ("The crane is old. However, it\nlifts nine tons.", "However, it", "The crane is old."),
        ("The crane may fail. In that case, call Ada.", "In that case", "The crane may fail."),
        ("The crane may fail. If so, call Ada.", "If so", "The crane may fail."),
        ("You may leave until May. After that nothing is paid.", "After that", "You may leave until May."),
        ("The crane is old. But the quay is new.", "But the", None),
        ("The crane is old. In this section we name it.", "In this section", None),
        ("The crane is old. And then it fell.", "And then", None),
        ("It is old. It lifts nine tons.", "It lifts", None),
        ("The crane is old.\n\nIt lifts nine tons.", "It lifts", None),
        ("The crane is old. Its-like names stay.", "Its-like", None),
        ("The crane is old. Itself it is red.", "Itself", None),
        ("The crane is old. The quay is long.", "The quay", None),
    ],
)
def test_the_antecedent_is_the_nearest_sentence_of_the_paragraph_that_names_something(
    text: str, sentence: str, named: str | None
) -> None:
    assert antecedent_of(text, sentence) == named


@pytest.mark.parametrize(
    "line",
    ["[00:01:{0}0] {1}", "[00:01:{0}0.100 --> 00:01:{0}9.000] SPEAKER_0{0}: {1}", "{0}:10 <user{0}> {1}"],
)
def test_what_is_said_of_what_somebody_else_named_stands_under_it(line: str) -> None:
    said = (
        "We come to the Amber lock.",
        "It is 31 metres long.",
        "It leaks.",
        "Then there is the Basalt lock.",
        "Its gate is 42 metres high.",
        "The guard sleeps.",
    )
    text = "\n".join(line.format(at % 6, words) for at, words in enumerate(said)) + "\n"
    assert above(text, "42 metres")[-1].endswith("Basalt lock.")
    assert above(text, "It leaks")[-1].endswith("Amber lock.")
    assert above(text, "The guard") == above(text, "Then there") == above(text, "We come")


def test_what_was_said_long_ago_is_not_meant() -> None:
    lines = ["The Amber lock is old.", *["It leaks."] * 5]
    text = "\n".join(f"{at}:10 <user> {words}" for at, words in enumerate(lines)) + "\n"
    assert above(text, "5:10") == []
    assert above(text, "3:10") == ["0:10 <user> The Amber lock is old."]

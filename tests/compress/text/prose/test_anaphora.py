"""Sentences that begin with a pronoun, and the sentence that names what it stands for."""

from __future__ import annotations

import pytest

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

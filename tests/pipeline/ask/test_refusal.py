"""The statement that the documents hold no answer, told from an answer."""

from __future__ import annotations

import pytest

from ctxpipe.pipeline.ask.marks import marks, statements
from ctxpipe.pipeline.ask.prompt import REFUSAL
from ctxpipe.pipeline.ask.refusal import refuses


def refused(answer: str) -> bool:
    return refuses(statements(answer, marks(answer, "", 9)))


@pytest.mark.parametrize(
    "answer",
    [
        REFUSAL,
        f"{REFUSAL} [1]",
        f"**{REFUSAL}**",
        "The context does not provide information about the capital of Peru.",
        "The provided context doesn't mention who won the race.",
        "The context provided doesn’t say what the fee is.",
        "Based on the given context, there is no information about the number of spoons.",
        "I'm sorry, but the context does not specify the date.",
        "Unfortunately, the excerpts do not explicitly state this.",
        "There is no mention of a harbour in the excerpts.",
        "The answer is not in the context.",
        "The date of the storm is not mentioned in the provided excerpts.",
        "It is not possible to determine from the context who won.",
        "This cannot be determined from the context.",
        "I cannot answer the question from the given context.",
        "Not mentioned in the context.",
        "None of the excerpts say who it was.",
        "The information provided does not include the price.",
        "No information is given about the fee.",
        "The excerpts [1] and [2] do not say.",
        "The documents do not say how many spoons were hidden under the stairs.",
        "The context says nothing about it.",
        "Unknown.",
        "I don't know.",
        "The documents do not say. They describe the harbour and its masters.",
    ],
)
def test_refusals(answer: str) -> None:
    assert refused(answer)


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "No.",
        "None.",
        "No data was lost.",
        "No, the auditors did not find any errors.",
        "Nobody knows.",
        "The context manager does not hold a lock.",
        "If the text does not contain a newline, readline returns an empty string.",
        "There is no evidence that the master lied.",
        "There is no reference counting in that version.",
        "The document was signed by Ada.",
        "The texts were not found until 1931.",
        "The scope cannot be determined unambiguously.",
        "The statement does not allow rebinding.",
        "The text does not wrap at the margin.",
        "He did not give any information to the police.",
        "The first master was Ada Brennan [2]. The documents do not say when she left.",
        "The documents do not say when it opened, but the first master was Ada Brennan [1].",
        "The documents do not say when. The first master was Ada Brennan [1].",
    ],
)
def test_answers(answer: str) -> None:
    assert not refused(answer)


def test_a_long_answer_takes_no_time() -> None:
    assert not refused(f"{'The harbour of the port of the pier and ' * 2000}.")

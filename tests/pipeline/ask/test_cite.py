"""Citations: what the answer says is found where it stands."""

from __future__ import annotations

from ctxpipe import Document, Pipeline
from ctxpipe.pipeline.ask.cite import THRESHOLD, cite

TEXT = (
    "The harbour opened in 1907. Its first master was Ada Brennan. She kept three dogs. "
    "The lamp was lit with whale oil until 1931. A storm broke the pier. Fish was sold on Fridays."
)


def cited(answer: str) -> list[str]:
    context = Pipeline(rank="bm25").compress(Document(text=TEXT), question="Who was the master?", budget=10_000)
    found = cite(answer, context)
    assert all(TEXT[c.start : c.end] == c.text and THRESHOLD <= c.support <= 1 for c in found)
    return [c.text for c in found]


def test_each_sentence_of_an_answer_finds_its_source() -> None:
    found = cited("The first master was Ada Brennan. Whale oil was used until 1931.")
    assert set(found) == {"Its first master was Ada Brennan.", "The lamp was lit with whale oil until 1931."}


def test_what_no_source_says_is_not_cited() -> None:
    assert cited("Penguins prefer quantum chromodynamics.") == []
    assert cited("") == []


def test_a_source_is_cited_once() -> None:
    assert cited("Ada Brennan was master. The master was Ada Brennan.") == ["Its first master was Ada Brennan."]

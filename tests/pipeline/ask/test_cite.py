"""Citations: what the answer says is found where it stands."""

from __future__ import annotations

import dataclasses

import pytest

from ctxpipe import Document, Pipeline
from ctxpipe.compress.types import CompressedContext
from ctxpipe.pipeline.ask.cite import THRESHOLD, cite, cite_numbers, why_unanswered

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
    assert found == ["Its first master was Ada Brennan.", "The lamp was lit with whale oil until 1931."]
    found = cited("Whale oil was used until the year 1931. Its first master was Ada Brennan.")
    assert found == ["The lamp was lit with whale oil until 1931.", "Its first master was Ada Brennan."]


def test_what_no_source_says_is_not_cited() -> None:
    assert cited("Penguins prefer quantum chromodynamics.") == []
    assert cited("") == []


def test_a_source_is_cited_once() -> None:
    assert cited("Ada Brennan was master. The master was Ada Brennan.") == ["Its first master was Ada Brennan."]


def test_a_form_that_the_question_does_not_have_is_evidence() -> None:
    text = "Solving equations undoes what multiplying did. Type solve(A, b) for the result. Nothing else does."
    context = Pipeline(rank="bm25").compress(Document(text=text), question="Which function solves equations?", rate=1.0)
    (found,) = cite("The function that solves equations is solve.", context)
    assert found.text == "Type solve(A, b) for the result."


@pytest.mark.parametrize(
    ("question", "answer", "source"),
    [
        ("Which option lists the tides?", "The option that lists the tides is `-t`.", "Use -t for that."),
        ("Which option lists the tides?", "The option that lists the tides is -T.", "Or use -T, which is older."),
        ("Which mode lists the tides?", "The mode that lists the tides is 'a'.", "In a hurry, set 'a'."),
        ("Which operator adds tides?", "The operator that adds tides is `%+%`.", "Write a %+% b for sums."),
    ],
)
def test_an_option_an_operator_and_a_letter_in_quotes_are_evidence(question: str, answer: str, source: str) -> None:
    text = (
        "All options that list and add tides are listed in a mode with the operator of the tides. Use -t for that. "
        "Or use -T, which is older. In a hurry, set 'a'. Write a %+% b for sums. Nothing else does."
    )
    context = Pipeline(rank="bm25").compress(Document(text=text), question=question, rate=1.0)
    (found,) = cite(answer, context)
    assert found.text == source


@pytest.mark.parametrize("beginning", ["Based on the context provided, ", "According to the documents: ", "No, "])
def test_a_beginning_that_says_nothing_is_no_evidence(beginning: str) -> None:
    (found,) = cite(f"{beginning}it was sold.", numbered("labelled"))
    assert (found.text, found.support) == ("Fish was sold on Fridays.", 1.0)


def test_an_unfinished_sentence_is_cited_with_the_line_that_it_leads_to() -> None:
    text = "Tide tables of all ports are printed with\n\ntides --all\n\nThey are of 1907. A storm broke the pier."
    context = Pipeline(rank="bm25").compress(Document(text=text), question="How are tides printed?", rate=1.0)
    (found,) = cite("Tide tables of all ports are printed with tides --all.", context)
    assert found.text == "Tide tables of all ports are printed with\n\ntides --all"


# Numbers

OTHER = "The inn stood on Quay Street. It burned in 1931. Ada Brennan paid 40 pounds for it. See note [2] there."


def numbered(format: str = "numbered") -> CompressedContext:
    made = [Document(text=TEXT, source="harbour.txt"), Document(text=OTHER, source="inn.txt")]
    return Pipeline(rank="bm25", format=format).compress(made, question="Who was the master?", rate=1.0)


@pytest.mark.parametrize("format", ["numbered", "xml"])
def test_a_number_cites_the_sentence_of_its_excerpt_that_supports_best(format: str) -> None:
    found = cite("Ada Brennan was the first master [1]. She paid 40 pounds for the inn [2].", numbered(format))
    assert [(c.number, c.source, c.text) for c in found] == [
        (1, "harbour.txt", "Its first master was Ada Brennan."),
        (2, "inn.txt", "Ada Brennan paid 40 pounds for it."),
    ]
    assert all(c.text == {"harbour.txt": TEXT, "inn.txt": OTHER}[c.source][c.start : c.end] for c in found)


def test_several_numbers_on_one_sentence_cite_each() -> None:
    found = cite("Ada Brennan was master and paid 40 pounds [1, 2].", numbered())
    assert [c.number for c in found] == [1, 2]
    assert cite("Ada Brennan was master and paid 40 pounds [1-9].", numbered()) == found
    assert cite("Ada Brennan was master and paid 40 pounds [1][2].", numbered()) == found


def test_a_sentence_that_shares_no_word_with_its_excerpt_is_cited_for_the_whole_answer() -> None:
    (found,) = cite("Fish was sold on Fridays.\n\nSources: [1]", numbered())
    assert found.text == "Fish was sold on Fridays."


def test_a_citation_of_nothing_leaves_the_words_to_decide() -> None:
    for answer in ("Fish was sold on Fridays [7].", "Fish was sold on Fridays."):
        (found,) = cite(answer, numbered())
        assert (found.text, found.number) == ("Fish was sold on Fridays.", None)
    assert cite("Fish was sold on Fridays [7], Ada said [2].", numbered())[0].number == 2


def test_a_number_that_the_source_says_is_no_citation() -> None:
    assert cite_numbers("See note [2] there.", numbered()) == ()
    assert cite_numbers("It burned in 1931 [2].", numbered())[0].text == "It burned in 1931."


def test_contexts_without_numbers_are_cited_by_words() -> None:
    assert cite_numbers("It burned in 1931 [2].", numbered("labelled")) == ()
    assert [c.text for c in cite("It burned in 1931 [2].", numbered("labelled"))] == ["It burned in 1931."]


def test_what_says_that_the_documents_do_not_say_is_no_answer() -> None:
    assert why_unanswered("The documents do not say.", numbered(), ()) == "said"
    assert why_unanswered("It burned in 1931 [2].", numbered(), cite("It burned in 1931 [2].", numbered())) is None


@pytest.mark.parametrize(
    ("question", "text", "expected"),
    [
        ("Which river flows through the capital of Peru?", TEXT, "unrelated"),
        ("Which river flows through the capital of Peru?", "", "unrelated"),
        ("Which master of the harbour kept dogs?", TEXT, None),
        ("What was decided?", TEXT, None),  # too short to tell
        ("Durch welche Hauptstadt fließt der Fluss Rímac?", TEXT, None),  # in another language no word is shared
        ("Which river flows through the capital of Peru?", "Der Hafen wurde 1907 eröffnet. Ada führte ihn.", None),
        ("river capital Peru mountain", TEXT, None),
    ],
)
def test_an_answer_from_nowhere_to_a_question_about_something_else(
    question: str, text: str, expected: str | None
) -> None:
    documents = [Document(text=text), Document(text="A.")]
    context = Pipeline(rank="bm25", format="numbered").compress(documents, question=question, rate=1.0)
    if not text:
        context = dataclasses.replace(context, text="", spans=(), frames=(), excerpts=())
    assert why_unanswered("The Rímac.", context, cite("The Rímac.", context)) == expected
    assert why_unanswered("Ada kept three dogs [1].", numbered(), cite("Ada kept three dogs [1].", numbered())) is None

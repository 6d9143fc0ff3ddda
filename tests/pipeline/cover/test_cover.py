"""Answers from all of the documents: what is asked, joined, counted, left out and cited."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from samples import prose

from ctxpipe import Document, Pipeline
from ctxpipe.errors import EngineError, UsageError, WindowError
from ctxpipe.pipeline.cover.notes import finished
from ctxpipe.pipeline.cover.prompts import is_counting
from ctxpipe.pipeline.cover.types import Cost, Cover
from ctxpipe.serving.fake import FakeEngine
from ctxpipe.serving.types import Answer, Message

DECIDED = ("a new boat is bought", "the roof is repaired in June", "the gate is painted green")
QUESTION = "What was decided?"


def minutes(facts: Sequence[str] = DECIDED, *, between: int = 60) -> Document:
    """Decisions far apart from each other."""
    parts = [f"{prose(between, seed=i)}\n\nIt was decided that {fact}." for i, fact in enumerate(facts)]
    return Document(text="\n\n".join([*parts, prose(between, seed=99)]), source="minutes.txt")


def is_window(messages: Sequence[Message]) -> bool:
    return "Excerpts:" in messages[-1].content


def reader(pattern: str = r"It was decided that [^.]*\.") -> Callable[[Sequence[Message]], str]:
    """Answers with every match in its prompt, with the number of its excerpt where there is one."""

    def answer(messages: Sequence[Message]) -> str:
        text = messages[-1].content
        found = []
        for match in re.finditer(pattern, text):
            number = re.findall(r"^\[(\d+)\]", text[: match.start()], re.MULTILINE)
            found.append(f"{match.group()} [{number[-1]}]" if is_window(messages) else match.group())
        return "\n".join(dict.fromkeys(found)) or "nothing"

    return answer


def pipeline(engine: Any, **options: Any) -> Pipeline:
    return Pipeline(target=engine, score_cache=0, **{"max_tokens": 200, **options})


def test_every_window_is_read_and_what_they_said_is_joined_with_its_sources() -> None:
    document = minutes()
    engine = FakeEngine(reader())
    run = pipeline(engine).cover(document, question=QUESTION, window=600)
    assert all(fact in run.answer.text for fact in DECIDED)
    cited = {c.text for c in run.citations}
    assert cited == {f"It was decided that {fact}." for fact in DECIDED}
    assert all(document.text[c.start : c.end] == c.text for c in run.citations)
    assert run.cover is not None
    assert run.cover.windows == sum(is_window(call.messages) for call in engine.calls) > 5
    assert run.cover.calls == len(engine.calls) == run.cover.windows + 1
    assert run.cover.prompt_tokens == sum(engine.count(call.messages) for call in engine.calls)
    # The context is the evidence, and the numbers in the notes point into it.
    texts = [document.text[a:b] for e in run.context.excerpts for a, b in e.stretches]
    assert texts == [f"It was decided that {fact}." for fact in DECIDED]
    last = engine.calls[-1].messages[-1].content
    for number, fact in enumerate(DECIDED, start=1):
        assert f"{fact}. [{number}]" in last


def test_windows_share_the_beginning_of_their_prompts() -> None:
    engine = FakeEngine(reader())
    pipeline(engine).cover(minutes(), question=QUESTION, window=600)
    windows = [call.messages for call in engine.calls if is_window(call.messages)]
    assert len({(m[0].content, m[1].content.split("Excerpts:")[0]) for m in windows}) == 1
    assert QUESTION in windows[0][1].content.split("Excerpts:")[0]


def test_notes_that_do_not_fit_together_are_joined_in_a_tree() -> None:
    facts = [f"the boat number {i} of the harbour is sold to the town of Larkmoor in spring" for i in range(40)]
    document = minutes(facts, between=12)
    engine = FakeEngine(reader(), window=700)
    run = pipeline(engine, max_tokens=150).cover(document, question=QUESTION, window=300)
    joins = [call for call in engine.calls if "Notes:" in call.messages[-1].content]
    assert run.cover is not None
    assert len(joins) >= 3
    assert run.cover.calls == len(engine.calls) == run.cover.windows + len(joins) + 1
    assert run.prompt_tokens <= 700 - 150


def test_a_document_of_one_window_is_asked_once() -> None:
    engine = FakeEngine(reader())
    run = pipeline(engine).cover(Document(text="It was decided that all is well."), question=QUESTION)
    assert len(engine.calls) == 1
    assert run.context.text == "[1]\nIt was decided that all is well."


def test_lists_are_merged_and_repetitions_named_once() -> None:
    names = [f"Larkmoor {i}" for i in range(30)]
    text = "\n\n".join(f"{prose(6, seed=i)} The station {name} was closed." for i, name in enumerate(names))
    text += "\n\nThe station Larkmoor 3 was closed. The station LARKMOOR 4 was closed."
    engine = FakeEngine(lambda messages: "\n".join(
        f"{place}. {name}" for place, name in enumerate(re.findall(r"station (\w+ \d+) was", messages[-1].content), 1)
    ) or "None.")  # fmt: skip
    made = pipeline(engine)
    run = made.cover(Document(text=text), question="List every station that was closed.", window=600)
    lines = [re.sub(r" (\[\d+\])+$", "", line).removeprefix("- ") for line in run.answer.text.splitlines()]
    assert lines == names
    assert all(is_window(call.messages) for call in engine.calls)
    assert run.citations
    counted = FakeEngine(lambda messages: engine._compose(messages) if is_window(messages) else messages[-1].content)
    run = pipeline(counted).cover(Document(text=text), question="How many stations were closed?")
    assert "They hold 30 such entries" in run.answer.text


@pytest.mark.parametrize(
    ("question", "counts"),
    [
        ("How many stations were closed?", True),
        ("How many ships did the harbour refuse?", True),
        ("How many ports can take ships of 20 m?", True),
        ("How many endpoints does the interface have?", True),
        ("How many functions do the modules define?", True),
        ("What is the number of ports?", True),
        ("How many commands does the history save?", False),
        ("How many sailors does a crossing need?", False),
        ("How many minutes is a ticket valid?", False),
        ("How many years did the fee exceed 5 crowns?", True),
        ("Who closed the stations?", False),
    ],
)
def test_a_number_that_a_text_says_is_not_counted(question: str, counts: bool) -> None:
    assert is_counting(question) == counts


def test_a_list_that_was_cut_off_loses_its_last_line() -> None:
    engine = FakeEngine(lambda _: "\n".join(f"entry {i}" for i in range(400)))
    run = pipeline(engine).cover(minutes(), question="List all entries.", window=2000)
    assert run.answer.text.splitlines() == [f"- entry {i}" for i in range(299)]


def test_a_note_that_rests_on_nothing_is_left_out_where_others_rest_on_something() -> None:
    def answer(messages: Sequence[Message]) -> str:
        found = reader()(messages)
        return "Elves founded Atlantis beneath glaciers." if found == "nothing" else found

    engine = FakeEngine(answer)
    run = pipeline(engine).cover(minutes(), question=QUESTION, window=600)
    assert "Atlantis" not in engine.calls[-1].messages[-1].content
    assert all(fact in run.answer.text for fact in DECIDED)


def test_one_failure_is_a_line_and_the_rest_goes_on() -> None:
    def answer(messages: Sequence[Message]) -> str:
        if is_window(messages) and DECIDED[1] in messages[-1].content:
            raise EngineError("the server coughed")
        return reader()(messages)

    run = pipeline(FakeEngine(answer)).cover(minutes(), question=QUESTION, window=600, concurrency=1)
    assert DECIDED[0] in run.answer.text
    assert DECIDED[2] in run.answer.text
    notes = [note for note in run.context.notes if note.startswith("left out: minutes.txt, from character ")]
    assert run.cover is not None
    assert 1 <= len(notes) == run.cover.failed <= 2
    assert notes[0].endswith("the server coughed")


def test_a_window_that_failed_is_asked_once_more() -> None:
    coughed: list[str] = []

    def answer(messages: Sequence[Message]) -> str:
        if is_window(messages) and DECIDED[1] in messages[-1].content and not coughed:
            coughed.append(messages[-1].content)
            raise EngineError("the server coughed")
        return reader()(messages)

    run = pipeline(FakeEngine(answer)).cover(minutes(), question=QUESTION, window=600, concurrency=1)
    assert coughed
    assert all(fact in run.answer.text for fact in DECIDED)
    assert run.cover is not None
    assert run.cover.failed == 0
    assert not [note for note in run.context.notes if note.startswith("left out")]


def test_nothing_but_failures_is_an_error_and_is_found_out_early() -> None:
    calls = 0

    def answer(messages: Sequence[Message]) -> str:
        nonlocal calls
        calls += 1
        raise EngineError("no such model")

    made = pipeline(FakeEngine(answer))
    with pytest.raises(EngineError, match="no such model"):
        made.cover(minutes(between=300), question=QUESTION, window=300, concurrency=2)
    assert calls < 12


def test_documents_that_say_nothing_on_it() -> None:
    engine = FakeEngine(lambda _: "Nothing in these excerpts.")
    run = pipeline(engine).cover(minutes(), question=QUESTION, window=600)
    assert (run.answer.text, run.unanswered) == ("The documents do not say.", "said")
    assert (run.citations, run.cover.notes if run.cover else None) == ((), 0)


def test_compressed_windows_are_fewer_and_hold_what_was_asked_for() -> None:
    document = minutes()
    engine = FakeEngine(reader())
    run = pipeline(engine, rank="bm25").cover(document, question=QUESTION, how="compress", window=500)
    whole = pipeline(FakeEngine(reader())).cover(document, question=QUESTION, window=500)
    assert run.cover is not None
    assert whole.cover is not None
    assert run.cover.windows < whole.cover.windows / 2
    assert all(fact in run.answer.text for fact in DECIDED)
    assert all(document.text[c.start : c.end] == c.text for c in run.citations)


def test_the_cost_is_told_before_and_can_be_refused() -> None:
    told: list[Cost] = []

    def refuse(cost: Cost) -> None:
        told.append(cost)
        raise UsageError("too much")

    engine = FakeEngine(reader())
    with pytest.raises(UsageError, match="too much"):
        pipeline(engine).cover(minutes(), question=QUESTION, window=600, on_cost=refuse)
    assert engine.calls == []
    run = pipeline(engine).cover(minutes(), question=QUESTION, window=600, on_cost=told.append)
    assert run.cover is not None
    assert told[0] == told[1]
    assert told[0].calls == run.cover.calls
    assert told[0].stored == 0


def test_counts_that_differ_from_the_tokenizer_s_still_fit() -> None:
    engine = FakeEngine(reader(), window=900, count=lambda text: 2 * len(text.split()))
    run = pipeline(engine, max_tokens=100).cover(minutes(), question=QUESTION, window=5000)
    assert run.cover is not None
    assert run.cover.failed == 0
    assert all(engine.count(call.messages) + call.max_tokens <= 900 for call in engine.calls)


def test_progress_goes_up_to_all_windows() -> None:
    seen: list[tuple[str, int, int]] = []
    made = pipeline(FakeEngine(reader()), on_stage=lambda *stage: seen.append(stage))
    run = made.cover(minutes(), question=QUESTION, window=600)
    assert run.cover is not None
    total = run.cover.windows
    assert [done for stage, done, _ in seen if stage == "cover"] == list(range(total + 1))
    assert {of for stage, _, of in seen if stage == "cover"} == {total}


@pytest.mark.parametrize("options", [{"window": 0}, {"concurrency": 0}, {"how": "some"}])
def test_senseless_options(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        Cover(**options)


def test_a_window_without_room() -> None:
    with pytest.raises(WindowError):
        pipeline(FakeEngine("x", window=100), max_tokens=10).cover(minutes(), question=QUESTION)
    with pytest.raises(EngineError, match="no text"):
        pipeline(FakeEngine("x")).cover(Document(text="  \n "), question=QUESTION)


def test_a_note_says_each_sentence_once_and_ends_where_it_was_not_cut_off() -> None:
    said = "The roof leaks.\n- The gate is green. The roof  leaks. The gate is green. The bo"
    cut = Answer(text=said, model="m", prompt_tokens=1, completion_tokens=9, finish_reason="length", seconds=0.1)
    assert finished(cut) == "The roof leaks.\n- The gate is green."
    assert finished(replace(cut, finish_reason="stop")) == "The roof leaks.\n- The gate is green. The bo"
    assert finished(replace(cut, text="The roof leaks and")) == "The roof leaks and"
    assert finished(replace(cut, text="")) == ""


def test_what_a_window_repeats_is_joined_once() -> None:
    decision = "It was decided that a new boat is bought. "
    engine = FakeEngine(lambda messages: decision * (9 if is_window(messages) else 1))
    pipeline(engine).cover(minutes(), question=QUESTION, window=600)
    notes = engine.calls[-1].messages[-1].content.split("\n\n")
    assert max(note.count(decision.strip()) for note in notes) == 1

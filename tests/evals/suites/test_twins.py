from __future__ import annotations

import io
import json
import tomllib
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from configparser import ConfigParser

import pytest
import regex

from ctxpipe.errors import UsageError
from ctxpipe.evals.scores.attributed import attributed
from ctxpipe.evals.scores.metrics import context_scores
from ctxpipe.evals.suites.suites import default_suites, suite_samples
from ctxpipe.evals.suites.twins.twins import SHAPES, SHORTEST, generate_twins, shape_of
from ctxpipe.evals.types import Sample
from ctxpipe.pipeline.readers.load import load

ROUND = len(SHAPES)


def count(texts: Sequence[str]) -> list[int]:
    return [max(1, len(text) // 4) for text in texts]


def made(tokens: int = 1000, limit: int = 2 * ROUND, seed: int = 0) -> list[Sample]:
    return list(generate_twins(tokens=tokens, limit=limit, seed=seed, count_many=count))


def labelled(sample: Sample) -> str:
    return "\n\n".join(f"[{passage.source}]\n{passage.text}" for passage in sample.documents)


def times(text: str, words: str) -> int:
    return len(regex.findall(rf"(?i)(?<![^\W_]){regex.escape(words)}(?![^\W_])", text))


@pytest.mark.parametrize("tokens", [SHORTEST, 1000, 6000])
def test_a_value_stands_once_and_under_its_own_names(tokens: int) -> None:
    for sample in made(tokens):
        text = labelled(sample)
        asked = sample.twins[0]
        assert sample.answers == (asked.value,)
        assert len({twin.names for twin in sample.twins}) == len(sample.twins) >= 2
        assert len({twin.value for twin in sample.twins}) == len(sample.twins)
        for twin in sample.twins:
            assert times(text, twin.value) == 1, sample.id
            others = [other for other in sample.twins if other != twin]
            assert attributed(text, [twin, *others]) == 1, sample.id


def test_the_value_alone_does_not_say_whose_it_is() -> None:
    """The line of a value is that of every other twin, once both values and names are taken out."""
    for sample in made():
        lines = set()
        for twin in sample.twins:
            text = next(p.text for p in sample.documents if times(p.text, twin.value))
            at = regex.search(rf"(?<![^\W_]){regex.escape(twin.value)}(?![^\W_])", text).start()
            line = text[max(0, at - 12) : at]
            for name in twin.names:
                line = regex.sub(rf"(?i){regex.escape(name)}", "", line)
            lines.add(regex.sub(r"[^\p{L}]+", " ", line).split(" ")[-2:][0])
        if shape_of(sample) in ("markdown", "html", "rst", "slides", "files", "toml", "ini", "yaml", "xml", "classes"):
            assert len(lines) == 1, (sample.id, lines)


def test_files_are_told_apart_by_their_names_alone() -> None:
    for sample in made(limit=ROUND * 4):
        if shape_of(sample) == "files":
            assert attributed("\n\n".join(p.text for p in sample.documents), sample.twins) == 0
            assert not any(times(p.text, name) for p in sample.documents for t in sample.twins for name in t.names)


def test_lengths_are_met_and_share_their_questions() -> None:
    short, long = made(700), made(5000)
    for one, other in zip(short, long, strict=True):
        assert (one.question, one.answers, one.cluster) == (other.question, other.answers, other.cluster)
        assert one.twins[0] == other.twins[0]
        assert set(one.twins) <= set(other.twins)
        assert (one.stratum, other.stratum) == ("twins@700", "twins@5000")
        for sample, tokens in ((one, 700), (other, 5000)):
            assert 0.93 * tokens <= sum(count([p.text for p in sample.documents])) <= tokens, sample.id


def test_the_seed_decides() -> None:
    assert made(limit=ROUND) == made(limit=ROUND)
    assert made(limit=5) == made(limit=ROUND)[:5]
    assert not {s.documents for s in made(limit=ROUND)} & {s.documents for s in made(limit=ROUND, seed=1)}


def test_shapes_take_turns_and_questions_vary() -> None:
    samples = made(limit=ROUND * 6)
    assert ROUND >= 12
    assert [shape_of(sample) for sample in samples[: 2 * ROUND]] == [*SHAPES, *SHAPES]
    for shape in SHAPES:
        asked = [s.question for s in samples if shape_of(s) == shape]
        bare = set()
        for sample in samples:
            if shape_of(sample) == shape:
                question = sample.question
                for name in sample.twins[0].names:
                    question = regex.sub(rf"(?i){regex.escape(name)}", "", question)
                bare.add(question)
        assert len(set(asked)) > 3
        assert len(bare) > 1, shape
    positions = [s.evidence[0].start / len(s.documents[s.evidence[0].document].text) for s in samples]
    assert min(positions) < 0.1
    assert max(positions) > 0.9


def test_the_evidence_holds_the_answer() -> None:
    for sample in made():
        (one,) = sample.evidence
        held = sample.documents[one.document].text[one.start : one.end]
        assert sample.answers[0] in held
        assert context_scores(sample, held, labelled(sample))["survival"] == 1


def test_everything_kept_is_whole_and_under_its_chain() -> None:
    """The scores' rules and the shapes agree: a text with all labels has nothing to find fault with."""
    for sample in made():
        text, spans, at = "", [], 0
        for i, passage in enumerate(sample.documents):
            text += f"[{passage.source}]\n"
            spans.append((i, 0, len(passage.text)))
            text += f"{passage.text}\n\n"
            at = len(text)
        assert at
        scores = context_scores(sample, text, text, spans)
        assert (scores["attributed"], scores["whole"], scores.get("trail", 1)) == (1, 1, 1), sample.id
        chained = shape_of(sample) not in ("log", "chat", "records") and len(sample.documents) > 1
        assert not chained or "trail" in scores


def test_data_and_code_can_be_parsed() -> None:
    parsers = {
        "toml": tomllib.loads,
        "ini": lambda text: ConfigParser().read_file(io.StringIO(text)),
        "json": json.loads,
        "records": json.loads,
        "xml": ET.fromstring,
        "classes": lambda text: compile(text, "fleet.py", "exec"),
    }
    parsed = set()
    for tokens in (SHORTEST, 4000):
        for sample in made(tokens):
            if parse := parsers.get(shape_of(sample)):
                parse(sample.documents[0].text)
                parsed.add(shape_of(sample))
    assert parsed == set(parsers)


def test_documents_are_what_their_readers_make_of_them() -> None:
    for sample in made():
        for passage in sample.documents:
            if passage.source.endswith((".html", ".pptx")):
                continue
            read = load(passage.text.encode(), source=passage.source, name=passage.source)
            assert (read.text, read.title) == (passage.text, passage.title)
        slides = [p for p in sample.documents if p.source.endswith(".pptx")]
        for passage in slides:
            assert all(passage.text.startswith("# ", start) for start in passage.page_starts)


def test_the_suite_has_a_name() -> None:
    assert "twins" in default_suites(None)
    found = list(suite_samples("twins", data=None, limit=2, seed=3, lengths=[500, 900], count_many=count))
    assert [sample.stratum for sample in found] == ["twins@500"] * 2 + ["twins@900"] * 2


@pytest.mark.parametrize(("tokens", "limit"), [(SHORTEST - 1, 1), (1000, 0)])
def test_what_makes_no_sense_is_refused(tokens: int, limit: int) -> None:
    with pytest.raises(UsageError):
        generate_twins(tokens=tokens, limit=limit, seed=0, count_many=count)

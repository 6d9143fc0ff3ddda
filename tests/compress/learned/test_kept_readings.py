"""What the network said is kept by question and passage."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from samples import prose

from ctxpipe.compress.cache.score_cache import ScoreCache
from ctxpipe.compress.learned.cached import RememberingReader
from ctxpipe.compress.learned.model import LearnedModel, PassageTokens


@pytest.fixture(scope="module")
def model(tiny_pruner: Path) -> LearnedModel:
    return LearnedModel.load(tiny_pruner / "int8")


@pytest.fixture
def cache(tmp_path: Path) -> ScoreCache:
    return ScoreCache(tmp_path / "scores")


def passages(model: LearnedModel, *texts: str, title: str = "") -> list[PassageTokens]:
    words = model.layout.words
    return [PassageTokens(words.ids(title), words.ids(text)) for text in texts]


def test_a_passage_is_read_once_under_a_question(
    model: LearnedModel, cache: ScoreCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = model.layout.asked("Which river?")
    given = passages(model, prose(3), prose(60), "")
    expected = model.read(asked, given)
    ran: list[int] = []
    run = LearnedModel.run
    monkeypatch.setattr(LearnedModel, "run", lambda self, rows, *more: ran.append(len(rows)) or run(self, rows, *more))
    RememberingReader(lambda: model, model.files, model.layout, cache).read(asked, given[:2])
    assert ran.pop()
    reader = RememberingReader(lambda: pytest.fail("loaded"), model.files, model.layout, cache)
    for found, wanted in zip(reader.read(asked, given[1::-1]), expected[1::-1], strict=True):
        np.testing.assert_array_equal(found.keep, wanted.keep)
        np.testing.assert_array_equal(found.relevance, wanted.relevance)
    assert not ran


@pytest.mark.parametrize("other", ["question", "title", "text", "revision"])
def test_whatever_changes_a_reading_is_part_of_its_key(model: LearnedModel, cache: ScoreCache, other: str) -> None:
    question, title, text, files = "Which river?", "Rivers", prose(3), model.files
    loaded: list[str] = []

    def load() -> LearnedModel:
        loaded.append(other)
        return model

    RememberingReader(load, files, model.layout, cache).read(
        model.layout.asked(question), passages(model, text, title=title)
    )
    if other == "revision":
        files = replace(files, hashes={**files.hashes, "tokenizer.json": "0"})
    question, title, text = (
        value + (" And why?" if name == other else "")
        for name, value in (("question", question), ("title", title), ("text", text))
    )
    RememberingReader(load, files, model.layout, cache).read(
        model.layout.asked(question), passages(model, text, title=title)
    )
    assert len(loaded) == 2


def test_bytes_that_cannot_be_a_reading_are_read_again(model: LearnedModel, cache: ScoreCache) -> None:
    asked, given = model.layout.asked("Which river?"), passages(model, prose(3))
    reader = RememberingReader(lambda: model, model.files, model.layout, cache)
    (expected,) = reader.read(asked, given)
    get = cache.get
    cache.get = lambda keys, *more: {key: value[:-4] for key, value in get(keys, *more).items()}  # type: ignore[method-assign]
    (found,) = reader.read(asked, given)
    np.testing.assert_array_equal(found.keep, expected.keep)


def test_a_second_budget_of_a_new_process_runs_no_network(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text(prose(80), encoding="utf-8")
    code = (
        "import json, sys\n"
        "from ctxpipe import Pipeline\n"
        "pipeline = Pipeline(rank='learned')\n"
        "ask = lambda b: pipeline.compress(sys.argv[1], question='Which river did the market reach?', budget=int(b))\n"
        "print(json.dumps([[ask(b).text for b in sys.argv[2:]], 'onnxruntime' in sys.modules]))\n"
    )

    def run(*budgets: str) -> tuple[list[str], bool]:
        done = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / "note.txt"), *budgets],
            env={**os.environ, "CTXPIPE_SCORES": str(tmp_path / "scores")},
            capture_output=True,
            text=True,
            check=True,
        )
        texts, loaded = json.loads(done.stdout)
        return texts, loaded

    first, loaded = run("300", "90")
    assert loaded is True
    assert run("90") == ([first[1]], False)

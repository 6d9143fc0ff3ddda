"""Rankers, scorers, engines and readers of another package: by their names and as objects, with all that ours have."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from outside_package import install
from samples import prose

from ctxpipe import Document, Pipeline
from ctxpipe.compress.cache.score_cache import Caching
from ctxpipe.compress.fake import FakeRanker, FakeScorer
from ctxpipe.compress.learned.ranker import LearnedRanker
from ctxpipe.compress.prune.baselines import NoScorer, RandomScorer
from ctxpipe.compress.rank.bm25 import BM25Ranker
from ctxpipe.compress.rank.embedding import EmbeddingRanker
from ctxpipe.compress.rank.hybrid import HybridRanker
from ctxpipe.compress.scorers import Pruning
from ctxpipe.errors import UnknownNameError, UsageError
from ctxpipe.evals.runs.arms import Arm, parse_arms
from ctxpipe.evals.runs.records import load_records
from ctxpipe.evals.runs.runner import RunPlan, run
from ctxpipe.serving.engines import Target
from ctxpipe.serving.fake import FakeEngine

NEEDLE = "The keeper hid 14 silver spoons under the stairs."
QUESTION = "Where are the spoons?"
DOCUMENT = Document(text=f"{prose(30)}\n\n{NEEDLE}\n\n{prose(30, 1)}", source="report")


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(install(tmp_path)))
    monkeypatch.delitem(sys.modules, "outside_things", raising=False)
    return import_module("outside_things")


def test_names_of_another_package_work_everywhere(tmp_path: Path) -> None:
    """In a process of its own, since entry points are read once."""
    code = (
        "import json, sys\n"
        "from ctxpipe import Document, Pipeline\n"
        "from ctxpipe.cli import main\n"
        "from ctxpipe.evals.runs.arms import parse_arms\n"
        "pipeline = Pipeline(rank='nearest', prune='long-words', prune_model='long', target='parrot', max_tokens=50)\n"
        "document = Document(text=open(sys.argv[1]).read())\n"
        "run = pipeline.query(document, question=sys.argv[2], budget=200)\n"
        "print(json.dumps([run.context.rank, run.context.prune, run.target, run.answer.text, run.context.notes]))\n"
        "print(json.dumps([arm.name for arm in parse_arms(['nearest+long-words@0.5'])]))\n"
        "print(json.dumps([[d.text, d.title, *d.notes] for d in Pipeline().read([sys.argv[3]])]))\n"
        "options = ['--rank', 'nearest', '--prune', 'long-words', '--rate', '0.2', '--json', '--quiet']\n"
        "sys.exit(main(['compress', sys.argv[1], '-q', sys.argv[2], *options]))\n"
    )
    path = tmp_path / "report.txt"
    path.write_text(DOCUMENT.text, encoding="utf-8")
    turned = tmp_path / "tale.turned"
    turned.write_text("DNE" + "Once upon a time."[::-1], encoding="utf-8")
    folders = os.pathsep.join(filter(None, (str(install(tmp_path)), os.environ.get("PYTHONPATH"))))
    environ = os.environ | {"PYTHONPATH": folders}
    done = subprocess.run(
        [sys.executable, "-c", code, str(path), QUESTION, str(turned)],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    asked, arms, texts, compressed = map(json.loads, done.stdout.splitlines())
    assert asked[:3] == ["nearest", "long-words", "parrot"]
    assert asked[3].endswith("words")
    assert [note.partition(" ranked ")[0] for note in asked[4]] == ["nearest"]
    assert texts == [["Once upon a time.", "tale", "turned round"]]
    assert arms == ["nearest+long-words@0.5"]
    assert (compressed["rank"], compressed["prune"]) == ("nearest", "long-words")
    assert compressed["notes"][0].startswith("nearest ranked")


def test_a_ranker_of_another_package_is_lent_embedder_cache_and_notes(outside: Any, tmp_path: Path) -> None:
    cache = Caching(path=tmp_path / "scores.sqlite3")
    first, second, third = (outside.NearestRanker() for _ in range(3))
    context = Pipeline(rank=first, score_cache=cache).compress(DOCUMENT, question=QUESTION, rate=0.5)
    assert NEEDLE in context.text
    assert (context.rank, context.notes) == ("nearest", (f"nearest ranked {first.computed} texts",))
    again = Pipeline(rank=second, score_cache=cache).compress(DOCUMENT, question=QUESTION, rate=0.5)
    assert (again.text, second.computed) == (context.text, 0)
    alone = Pipeline(rank=third, score_cache=0).compress(DOCUMENT, question=QUESTION, rate=0.2)
    assert (third.computed, third.resources) == (first.computed, None)
    assert NEEDLE in alone.text


def test_a_scorer_of_another_package_is_remembered(outside: Any, tmp_path: Path) -> None:
    cache = Caching(path=tmp_path / "scores.sqlite3")
    first, second = outside.LongWordsScorer(), outside.LongWordsScorer()
    context = Pipeline(rank="bm25", prune=first, score_cache=cache).compress(DOCUMENT, question=QUESTION, rate=0.5)
    again = Pipeline(rank="bm25", prune=second, score_cache=cache).compress(DOCUMENT, question=QUESTION, rate=0.4)
    assert (context.prune, again.prune) == ("long-words", "long-words")
    assert first.computed > second.computed == 0


def test_an_engine_of_another_package_answers(outside: Any) -> None:
    pipeline = Pipeline(rank="bm25", target=outside.ParrotEngine(window=1500), max_tokens=50)
    run = pipeline.query(DOCUMENT, question=QUESTION)
    assert (run.target, run.answer.model, run.window) == ("parrot", "parrot-1", 1500)
    assert (run.context.tokenizer, run.context.notes) == ("smollm2-135m", ())


@pytest.mark.parametrize(
    ("ranker", "name"),
    [
        (BM25Ranker(), "bm25"),
        (EmbeddingRanker(), "embedding"),
        (HybridRanker(), "hybrid"),
        (LearnedRanker(), "learned"),
    ],
)
def test_an_object_does_what_its_name_does(ranker: Any, name: str, tmp_path: Path) -> None:
    cache = Caching(path=tmp_path / "scores.sqlite3")
    by_name = Pipeline(rank=name, score_cache=cache)
    by_object = Pipeline(rank=ranker, score_cache=cache)
    contexts = [p.compress(DOCUMENT, question=QUESTION, rate=0.2) for p in (by_name, by_object)]
    one, other = (replace(context, timings={}) for context in contexts)
    assert one == other
    assert by_name.remembers == by_object.remembers == (name != "bm25")


class _HeadlinesOnly(HybridRanker):
    """What is made of a ranker of ours keeps what is its own."""

    name = "headlines"

    def rank(self, texts: Any, question: str, on_progress: Any = None) -> Any:
        return super().rank(texts, question, on_progress) * 0 + [float(text.text == NEEDLE) for text in texts]


def test_what_is_lent_leaves_the_object_and_its_class_as_they_are() -> None:
    ranker = _HeadlinesOnly()
    before = dict(vars(ranker))
    context = Pipeline(rank=ranker).compress(DOCUMENT, question=QUESTION, budget=20)
    assert context.rank == "headlines"
    assert NEEDLE in context.text
    assert vars(ranker) == before


def test_an_embedder_that_was_chosen_is_not_replaced() -> None:
    class Constant:
        asked = 0

        def encode(self, texts: Any, *, on_progress: Any = None) -> Any:
            import numpy as np

            self.asked += 1
            return np.ones((len(texts), 1), dtype=np.float32)

    embedder = Constant()
    Pipeline(rank=EmbeddingRanker(embedder=embedder)).compress(DOCUMENT, question=QUESTION, rate=0.2)
    assert embedder.asked == 2


def test_arms_take_objects(outside: Any, tmp_path: Path) -> None:
    arms = (
        Arm.of("nearest-long", 0.5, rank=outside.NearestRanker(), prune=outside.LongWordsScorer()),
        Arm.of("nearest-whole", 30, rank=outside.NearestRanker(), prune="none"),
    )
    assert [(arm.name, arm.rate, arm.budget) for arm in arms] == [
        ("nearest-long@0.5", 0.5, None),
        ("nearest-whole@30", None, 30),
    ]
    plan = RunPlan(suites=("facts",), arms=(*parse_arms(["raw"]), *arms), out=tmp_path / "run", limit=2, lengths=(200,))
    assert run(plan).errors == 0
    records = load_records(tmp_path / "run" / "records.jsonl").records
    assert {record.arm for record in records} == {"raw", "nearest-long@0.5", "nearest-whole@30"}
    assert all(record.kept_tokens <= 30 for record in records if record.arm == "nearest-whole@30")
    with pytest.raises(UsageError, match="cannot name a method"):
        Arm.of("a@b", 0.5, rank="bm25")


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"rank": BM25Ranker}, r"BM25Ranker is a class; give an object of it: BM25Ranker\(\)"),
        ({"rank": 3}, "int is no ranker: it has no method rank"),
        ({"rank": FakeScorer()}, "FakeScorer is no ranker: it has no method rank"),
        ({"prune": FakeRanker()}, "FakeRanker is no scorer: it has no method score"),
        ({"prune": FakeScorer(), "prune_model": "x"}, "fake is an object with its own model"),
        ({"prune": FakeScorer(), "prune_url": "http://127.0.0.1:9"}, "fake is an object with its own model"),
        ({"target": FakeScorer()}, "FakeScorer is no target: it has no method answer"),
        ({"target": FakeEngine(), "model": "x"}, "fake is an object and has its model"),
        ({"decode_errors": "ignore"}, "decode_errors must be 'strict' or 'replace', not 'ignore'"),
        ({"target": "locale"}, "unknown target 'locale'; did you mean local"),
        ({"target": "127.0.0.1:8000"}, "is not the URL of a server"),
    ],
)
def test_what_does_not_fit_is_refused_at_once(options: dict[str, Any], line: str) -> None:
    with pytest.raises(UsageError, match=line):
        Pipeline(**options)


def test_option_objects_say_what_plain_options_say() -> None:
    assert Pruning.of("llmlingua2", model="m") == Pruning(scorer="llmlingua2", model="m")
    assert Pruning.of(Pruning(scorer="llmlingua2", model="m"), model="n").model == "n"
    assert Pruning().name == "none"
    assert Pruning(scorer="surprisal") == Pruning(scorer="llmlingua")
    assert Target.of("local", model="m") == Target(model="m")
    assert Target.of(Target(window=9), model="m") == Target(model="m", window=9)
    with pytest.raises(UnknownNameError, match="did you mean llmlingua"):
        Pruning(scorer="llmlingau")
    for wrong in ({"window": 0}, {"timeout": 0.0}, {"timeout": float("nan")}, {"endpoint": "chatter"}):
        with pytest.raises(UsageError):
            Target(**wrong)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="at least 0 megabytes"):
        Caching(megabytes=-1)


def test_only_what_a_scorer_takes_is_given_to_it() -> None:
    """A scorer without code of its own is not asked whether such code may run."""
    for scorer in ("learned", "random", RandomScorer(), NoScorer()):
        made = Pipeline(prune=scorer, trust_remote_code=True).compress(DOCUMENT, budget=80)
        assert made.kept_tokens <= 80

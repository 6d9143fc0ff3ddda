"""The scorer under one budget: every kind of document, and what upstream loses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from accounts import check_accounts
from samples import library

from ctxpipe.arrays import FloatArray
from ctxpipe.compress.compressor import Compressor
from ctxpipe.compress.prune.llmlingua2 import scorer as module
from ctxpipe.compress.prune.llmlingua2.classifier import TokenRow
from ctxpipe.compress.prune.llmlingua2.scorer import LLMLingua2Scorer
from ctxpipe.compress.prune.per_unit import by_unit
from ctxpipe.compress.rankers import RANKERS
from ctxpipe.compress.text.words import words
from ctxpipe.compress.types import Document, ScoringText
from ctxpipe.models.tokenizer import TargetTokenizer

QUESTION = "How much copper did the market not reach in 1950?"
END = 9000
COARSE = {"emoji", "control", "csv"}
"""Documents whose smallest pieces are several tokens each, so that not every small budget can be reached."""


@pytest.fixture(scope="module")
def tokenizer(smollm2_dir: object) -> TargetTokenizer:
    return TargetTokenizer.load("smollm2-135m")


@pytest.fixture(scope="module")
def scorer(xlmr: Path) -> LLMLingua2Scorer:
    return LLMLingua2Scorer(model=str(xlmr), device="cpu")


def shortened(whole: Document) -> Document:
    """The beginning of a document; of JSON whole records."""
    text = whole.text[:END]
    if whole.source.endswith("jsonl"):
        text = text[: text.rindex("\n")]
    elif whole.kind == "json":
        text = text[: text.rindex("\n },") + 3] + "]"
    return Document(text=text, source=whole.source, kind=whole.kind, language=whole.language)


def scoring(text: str) -> ScoringText:
    pieces = words(text, 0, len(text))
    start, end = ([getattr(piece, side) for piece in pieces] for side in ("start", "end"))
    return ScoringText(text=text, headings=(), start=np.array(start, dtype=np.int64), end=np.array(end, dtype=np.int64))


@pytest.mark.parametrize("question", [None, QUESTION], ids=["unasked", "asked"])
@pytest.mark.parametrize("name", list(library()))
def test_budget_is_met_and_text_is_traced(
    name: str, question: str | None, tokenizer: TargetTokenizer, scorer: LLMLingua2Scorer
) -> None:
    document = shortened(library()[name])
    compressor = Compressor(
        tokenizer=tokenizer, ranker=RANKERS.create("bm25"), scorer=scorer, rank="bm25", prune="llmlingua2"
    )
    for budget in (7, 50, 333, 1500):
        context = compressor.compress([document], question=question, budget=budget)
        assert tokenizer.count(context.text) == context.kept_tokens <= budget
        if context.source_tokens > budget >= 333:
            unused = budget - context.kept_tokens
            # Records stay whole, so a budget of a few of them has room for a part of one.
            longest = max(map(tokenizer.count, document.text.splitlines())) if name == "jsonl" else 0
            assert unused <= max(longest, (0.25 if name in COARSE else 0.1) * budget)
        check_accounts(context)
        if document.kind == "json" and context.text:
            for line in context.text.split("\n") if document.source.endswith("l") else [context.text]:
                json.loads(line)


@pytest.mark.parametrize("family", ["bert", "xlmr", "modernbert"])
def test_every_unit_has_a_probability(family: str, request: pytest.FixtureRequest) -> None:
    made = LLMLingua2Scorer(model=str(request.getfixturevalue(family)), device="cpu", dtype="fp32", runtime="torch")
    texts = [
        "🎉 good 👩‍👩‍👧‍👦🏽",
        "河边的市场没有卖出3公斤铜。",
        "\n\n\t  if x:\n\t\treturn 1\n",
        "\u200b \u00ad",
        "",
        "\ud800x",
    ]
    given = [scoring(text) for text in texts]
    found = made.score(given, None)
    assert [len(scores) for scores in found] == [len(text.start) for text in given]
    values = np.concatenate(found)
    assert values.dtype == np.float32
    assert ((values >= 0) & (values <= 1)).all()
    assert made.config.revision


def test_unspaced_characters_are_judged_apart_and_the_last_sentence_is_judged(scorer: LLMLingua2Scorer) -> None:
    text = "市场没有卖出三公斤铜" * 200 + "灯笼照亮了花园"
    (scores,) = scorer.score([scoring(text)], None)
    assert len(scores) == len(text)
    assert len(np.unique(scores)) > 100
    assert len(np.unique(scores[-7:])) > 1


def test_a_text_is_judged_the_same_in_any_company(
    scorer: LLMLingua2Scorer, texts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    given = [scoring(text) for text in texts]
    together = scorer.score(given, "a question")
    steps: list[tuple[int, int]] = []
    monkeypatch.setattr(module, "GROUP_CHARACTERS", 3000)
    grouped = scorer.score(given[::-1], None, lambda done, total: steps.append((done, total)))
    assert all(np.array_equal(a, b) for a, b in zip(together, grouped[::-1], strict=True))
    assert steps == sorted(steps)
    assert steps[-1] == (sum(map(len, texts)),) * 2
    assert scorer.score([], None) == []


def test_the_network_reads_its_own_special_tokens(xlmr: Path, modernbert: Path) -> None:
    seen: list[TokenRow] = []

    def keep(rows: list[TokenRow]) -> list[FloatArray]:
        seen.extend(rows)
        return [np.linspace(0, 1, len(row), dtype=np.float32) for row in rows]

    for place, begin, finish in ((xlmr, 0, 2), (modernbert, 0, 1)):
        seen.clear()
        made = LLMLingua2Scorer(model=str(place), classifier=_Elsewhere(keep))
        text = scoring("The river carried copper. " * 300)
        (scores,) = made.score([text], None)
        assert {(int(row[0]), int(row[-1])) for row in seen} == {(begin, finish)}
        assert len(seen) > 1
        assert max(map(len, seen)) <= 512
        assert len(scores) == len(text.start)
        assert made.identity() is None


class _Elsewhere:
    """A ``TokenClassifier`` that is no local network."""

    def __init__(self, keep: Callable[[list[TokenRow]], list[FloatArray]]) -> None:
        self._keep = keep

    def keep_probabilities(self, rows: list[TokenRow], on_progress: object = None) -> list[FloatArray]:
        return self._keep(rows)


def test_scores_are_known_by_model_precision_and_window(xlmr: Path, scorer: LLMLingua2Scorer) -> None:
    other = LLMLingua2Scorer(model=str(xlmr), device="cpu", dtype="fp32")
    mine, theirs = scorer.identity(), other.identity()
    assert mine is not None
    assert theirs is not None
    assert (mine.dtype, theirs.dtype) == ("int8", "float32")
    assert mine.revision == theirs.revision == scorer.config.revision
    assert not mine.asks
    tokens = scorer.score_tokens([scoring("copper and tin")], None)[0]
    (again,) = by_unit([scoring("copper and tin")], [tokens])
    assert np.array_equal(again, scorer.score([scoring("copper and tin")], None)[0])


def test_it_is_registered_by_name() -> None:
    from ctxpipe.compress.scorers import SCORERS

    assert isinstance(SCORERS.create("llmlingua2"), LLMLingua2Scorer)

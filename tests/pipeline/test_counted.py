"""Budgets in the tokens of Anthropic's models: by its API where there is a key, else estimated from above, and said."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest
from gateway_support import Exchange, Target, target
from samples import prose

from ctxpipe import Document, Pipeline, compress
from ctxpipe.cli import main
from ctxpipe.models.tokenizer import TargetTokenizer

MODEL = "claude-sonnet-4-5"
QUESTION = "What did Mr. Hale carry in 1911?"
DOCUMENT = Document(text=prose(120))
FRAME = 7
KEY = "sk-ant-0123456789"


def real(text: str) -> int:
    """Tokens as the API of these tests counts them: another number for each word than any estimate has."""
    return FRAME + sum(1 + len(word) // 6 for word in text.split())


def count(x: Exchange) -> None:
    (message,) = x.got.json["messages"]
    x.json({"input_tokens": real(message["content"])})


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Target]:
    with target(count_tokens=count) as made:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", made.url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
        yield made


def asked(api: Target) -> int:
    return len(api.asked("/v1/messages/count_tokens"))


@pytest.mark.parametrize("budget", [20, 100, 400, 1000])
@pytest.mark.parametrize("off", [0.3, 1.0, 3.0])
def test_the_budget_holds_as_the_api_counts(
    api: Target, monkeypatch: pytest.MonkeyPatch, budget: int, off: float
) -> None:
    """However far the estimate is off, with few requests, and without leaving much unused."""
    monkeypatch.setattr("ctxpipe.models.closed.FACTOR", off)
    context = compress(DOCUMENT, question=QUESTION, budget=budget, tokenizer=MODEL, rank="bm25")
    assert context.kept_tokens == real(context.text) <= budget == context.budget
    assert context.kept_tokens >= min(0.8 * budget, budget - 40)
    assert asked(api) <= (3 if budget >= 100 else 5)
    assert context.source_tokens == pytest.approx(real(DOCUMENT.text), rel=0.3)
    assert context.source_tokens == sum(source.tokens for source in context.sources)
    assert any(
        f"{api.url} counted what was kept, to which that was sent, and a sample" in note for note in context.notes
    )


def test_the_request_is_one_that_the_api_knows(api: Target) -> None:
    compress(DOCUMENT, question=QUESTION, budget=100, tokenizer=f"anthropic/{MODEL}", rank="bm25")
    got = api.last("/v1/messages/count_tokens")
    assert (got.method, got.header("x-api-key"), got.header("authorization")) == ("POST", KEY, None)
    assert got.header("anthropic-version") == "2023-06-01"
    assert got.json["model"] == MODEL
    assert set(got.json) == {"model", "messages"}


def test_a_text_that_fits_stays_whole(api: Target) -> None:
    """Though the estimate says that it does not fit."""
    size = real(DOCUMENT.text) + 5
    assert TargetTokenizer.load(MODEL).count(DOCUMENT.text) > size
    context = compress(DOCUMENT, question=QUESTION, budget=size, tokenizer=MODEL, rank="bm25")
    assert context.text == DOCUMENT.text
    assert context.kept_tokens == real(DOCUMENT.text) <= size


def test_a_share_is_counted_once(api: Target) -> None:
    context = compress(DOCUMENT, question=QUESTION, rate=0.25, tokenizer=MODEL, rank="bm25")
    assert context.kept_tokens == real(context.text) <= context.budget
    assert 0.15 < context.rate <= 0.26
    assert asked(api) == 1


def refuse(x: Exchange) -> None:
    x.json({"error": {"message": f"invalid x-api-key {KEY}"}}, status=401)


def rubbish(x: Exchange) -> None:
    x.json({"input_tokens": "many"})


def growing(x: Exchange) -> None:
    x.json({"input_tokens": 1_000_000})


@pytest.mark.parametrize(
    ("behaviour", "told"), [(refuse, "x-api-key"), (rubbish, "without a count"), (growing, "more tokens than expected")]
)
def test_an_api_that_does_not_count_leaves_the_estimate(
    api: Target, behaviour: Any, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    api.routes["/v1/messages/count_tokens"] = behaviour
    context = compress(DOCUMENT, question=QUESTION, budget=300, tokenizer=MODEL, rank="bm25")
    assert context.kept_tokens == TargetTokenizer.load(MODEL).count(context.text) <= 300
    (note,) = (note for note in context.notes if "does not count" in note)
    assert told in note
    assert "estimated, rather too many than too few" in note
    assert KEY not in note


def test_without_a_key_tokens_are_estimated_from_above(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    (tmp_path / "a.txt").write_text(DOCUMENT.text)
    options = ["--budget", "200", "--tokenizer", MODEL, "--rank", "bm25"]
    assert main(["compress", str(tmp_path / "a.txt"), "-q", QUESTION, *options]) == 0
    said = capsys.readouterr()
    assert "ANTHROPIC_API_KEY is not set" in said.err
    assert "estimated, rather too many than too few" in said.err
    kept = TargetTokenizer.load("smollm2-135m").count(said.out.strip())
    assert 0.7 * 200 / 1.75 < kept <= 200 / 1.75


@pytest.mark.parametrize("text", ["", "a", "The lamp 🏮 burns.", "x" * 500, "雪が降る。" * 30])
def test_the_estimate_is_whole(text: str) -> None:
    ours, base = TargetTokenizer.load(MODEL), TargetTokenizer.load("smollm2-135m")
    offsets = ours.offsets(text)
    assert ours.count(text) == len(offsets) == math.ceil(1.75 * base.count(text))
    assert (offsets[1:] >= offsets[:-1]).all()
    assert {tuple(pair) for pair in offsets} == {tuple(pair) for pair in base.offsets(text)}


def test_chats_are_estimated_and_say_so(api: Target) -> None:
    chat = [{"role": "user", "content": DOCUMENT.text}, {"role": "assistant", "content": "Noted."}]
    made = Pipeline(tokenizer=MODEL, rank="bm25").compress_messages(
        [*chat, {"role": "user", "content": QUESTION}], budget=300
    )
    assert any("are estimated, rather too many than too few" in note for note in made.notes)
    assert asked(api) == 0


def test_a_pipeline_asks_where_the_key_was(api: Target) -> None:
    pipeline = Pipeline(tokenizer=MODEL, rank="bm25")
    first = pipeline.compress(DOCUMENT, question=QUESTION, budget=100)
    again = pipeline.compress(DOCUMENT, question=QUESTION, budget=100)
    assert first.text == again.text

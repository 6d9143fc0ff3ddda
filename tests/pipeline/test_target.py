"""Budgets count in the target's tokens, whether or not it was asked before, or a note says that they could not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from http_support import Server, count_words, echo, list_models, servers
from samples import prose

from ctxpipe import Document, Pipeline
from ctxpipe.cli import main
from ctxpipe.compress.types import CompressedContext
from ctxpipe.models.tokenizer import TargetTokenizer
from ctxpipe.serving.engines import Target
from ctxpipe.serving.openai.engine import OpenAIEngine

IN_PLACE = "so tokens of smollm2-135m are counted in its place; name another with --tokenizer"
QUESTION = "What did Mr. Hale carry in 1911?"
DOCUMENT = Document(text=prose(60))
Serve = Callable[..., Server]


@pytest.fixture
def serve() -> Iterator[Serve]:
    with servers(chat=echo, tokenize=count_words) as start:
        yield start


def models(root: Path | str, **more: Any) -> Any:
    return list_models({"id": "m", "root": str(root), "max_model_len": 4000, **more})


def compressed(pipeline: Pipeline) -> CompressedContext:
    return pipeline.compress(DOCUMENT, question=QUESTION, budget=200)


def pipelines(server: Server) -> list[Pipeline]:
    """A target given in every way."""
    return [
        Pipeline(target=server.url, rank="bm25", max_tokens=50),
        Pipeline(target=server.url, model="m", rank="bm25", max_tokens=50),
        Pipeline(target=Target(engine=server.url, model="m", window=3000), rank="bm25", max_tokens=50),
        Pipeline(target=OpenAIEngine(server.url), rank="bm25", max_tokens=50),
    ]


@pytest.mark.parametrize("asked_first", [True, False])
@pytest.mark.parametrize("way", range(4))
def test_a_server_s_tokens_count_in_both_orders(serve: Serve, minilm_dir: Path, way: int, asked_first: bool) -> None:
    """The server's model has another tokenizer than the embedded one that counts where nobody knows better."""
    pipeline = pipelines(serve(models=models(minilm_dir)))[way]
    if asked_first:
        context = pipeline.query(DOCUMENT, question=QUESTION, budget=200).context
        assert context.tokenizer == str(minilm_dir)
    context = compressed(pipeline)
    assert (context.tokenizer, context.notes) == (str(minilm_dir), ())
    assert context.kept_tokens == TargetTokenizer.load(str(minilm_dir)).count(context.text) <= 200
    assert context.kept_tokens != TargetTokenizer.load("smollm2-135m").count(context.text)
    assert pipeline.query(DOCUMENT, question=QUESTION, budget=200).context.tokenizer == str(minilm_dir)


@pytest.mark.parametrize("asked_first", [True, False])
def test_a_tokenizer_out_of_reach_is_noted_in_both_orders(serve: Serve, asked_first: bool) -> None:
    pipeline = Pipeline(target=serve(models=models("/nowhere")).url, rank="bm25", max_tokens=50)
    told = (f"the tokenizer of m is out of reach, {IN_PLACE}",)
    if asked_first:
        assert pipeline.query(DOCUMENT, question=QUESTION, budget=200).context.notes == told
    for _ in range(2):
        context = compressed(pipeline)
        assert (context.tokenizer, context.notes) == ("smollm2-135m", told)


def test_a_server_that_is_down_is_tried_once_and_again_the_next_time(serve: Serve, minilm_dir: Path) -> None:
    state = {"up": False}

    def list_them(x: Any) -> None:
        if state["up"]:
            models(minilm_dir)(x)
        else:
            x.error(503, "starting")

    server = serve(models=list_them)
    pipeline = Pipeline(target=server.url, rank="bm25", max_tokens=50)
    context = compressed(pipeline)
    assert len(server.asked("/v1/models")) == 1
    (note,) = context.notes
    assert note.startswith(f"{server.url} does not say which model it has (the server answered 503: starting")
    assert note.endswith(IN_PLACE)
    state["up"] = True
    context = compressed(pipeline)
    assert (context.tokenizer, context.notes) == (str(minilm_dir), ())
    compressed(pipeline)
    assert len(server.asked("/v1/models")) == 2


def test_a_server_that_hangs_is_not_waited_for(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctxpipe.serving.openai.engine._LOOK_SECONDS", 0.2)
    server = serve(models=lambda x: x.hang())
    (note,) = compressed(Pipeline(target=server.url, rank="bm25")).notes
    assert "within 0.2 s" in note
    assert len(server.asked("/v1/models")) == 1


def test_nothing_is_asked_of_a_server_whose_tokens_do_not_count(serve: Serve, minilm_dir: Path) -> None:
    server = serve(models=models("/nowhere"))
    for options in ({"tokenizer": str(minilm_dir)}, {"model": str(minilm_dir)}):
        context = compressed(Pipeline(target=server.url, rank="bm25", **options))
        assert (context.tokenizer, context.notes) == (str(minilm_dir), ())
    assert server.seen == []


def test_one_of_several_models_must_be_named(serve: Serve, minilm_dir: Path) -> None:
    two = list_models({"id": "m", "root": str(minilm_dir), "max_model_len": 4000}, {"id": "n", "root": "/nowhere"})
    server = serve(models=two)
    (note,) = compressed(Pipeline(target=server.url, rank="bm25")).notes
    assert "serves several models; choose one with --model: m, n" in note
    assert compressed(Pipeline(target=server.url, model="m", rank="bm25")).tokenizer == str(minilm_dir)


def test_the_command_counts_in_the_tokens_of_the_target_in_the_settings(
    serve: Serve, minilm_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import json

    path = tmp_path / "a.txt"
    path.write_text(DOCUMENT.text, encoding="utf-8")
    monkeypatch.setenv("CTXPIPE_TARGET", serve(models=models(minilm_dir)).url)
    assert main(["compress", str(path), "--rank", "none", "--budget", "100", "--json", "--quiet"]) == 0
    assert json.loads(capsys.readouterr().out)["tokenizer"] == str(minilm_dir)


# The default model on this machine


@pytest.fixture
def local(tiny_causal: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A small model where the embedded ones would be; the names that were resolved."""
    asked: list[str] = []

    def resolve(name: str, *, on_progress: Any = None) -> str:
        asked.append(name)
        if on_progress is not None:
            on_progress("downloading", 1_000_000, 491_400_064)
        return str(tiny_causal)

    monkeypatch.setattr("ctxpipe.pipeline.target.resolve", resolve)
    monkeypatch.setattr("ctxpipe.models.tokenizer.resolve", resolve)
    return asked


@pytest.mark.parametrize("asked_first", [True, False])
def test_compressing_alone_fetches_no_model(local: list[str], asked_first: bool) -> None:
    pipeline = Pipeline(rank="bm25", max_tokens=10)
    if asked_first:
        pipeline.query(DOCUMENT, question=QUESTION, budget=200)
        local.clear()
    assert (compressed(pipeline).tokenizer, local) == ("smollm2-135m", [])


def test_the_model_that_answers_counts_for_it(local: list[str], tiny_causal: Path) -> None:
    context = Pipeline(rank="bm25", max_tokens=10).query(DOCUMENT, question=QUESTION, budget=200).context
    assert (context.tokenizer, set(local)) == ("qwen2.5-coder-0.5b", {"qwen2.5-coder-0.5b"})
    assert context.kept_tokens == TargetTokenizer.load(str(tiny_causal)).count(context.text) <= 200


def test_a_download_is_told_with_its_size(local: list[str]) -> None:
    told: list[tuple[str, int, int]] = []
    pipeline = Pipeline(rank="bm25", max_tokens=10, on_stage=lambda *stage: told.append(stage))
    pipeline.query(DOCUMENT, question=QUESTION, budget=200)
    assert ("downloading qwen2.5-coder-0.5b, 491 MB", 1_000_000, 491_400_064) in told

"""The target's window filled by the target's own count, whatever counts the budget."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from http_support import Server, echo, list_models, servers
from samples import prose

from ctxpipe import Document, Pipeline
from ctxpipe.cli import main
from ctxpipe.compress.types import CompressedContext
from ctxpipe.errors import WindowError
from ctxpipe.models.tokenizer import TargetTokenizer
from ctxpipe.pipeline.ask.fit import WELL_READ
from ctxpipe.serving.fake import FakeEngine

QUESTION = "What did Mr. Hale carry in 1911?"
METRICS = """vllm:prompt_tokens_total{model_name="m"} %d
vllm:prefix_cache_hits_total{model_name="m"} %d
vllm:time_to_first_token_seconds_sum{model_name="m"} %f
vllm:time_to_first_token_seconds_count{model_name="m"} %d
"""


@pytest.fixture(scope="module")
def tokenizer(smollm2_dir: Path) -> TargetTokenizer:
    return TargetTokenizer.load("smollm2-135m")


@pytest.fixture(scope="module")
def document() -> Document:
    return Document(text=prose(300))


@pytest.mark.parametrize("factor", [0.5, 0.8, 0.97, 1.0, 1.2, 2.5])
def test_the_window_is_filled_by_the_target_s_own_count(
    tokenizer: TargetTokenizer, document: Document, factor: float
) -> None:
    engine = FakeEngine("yes", window=1500, count=lambda text: int(factor * tokenizer.count(text)))
    run = Pipeline(target=engine, rank="bm25", max_tokens=100).query(document, question=QUESTION)
    assert 0.95 * 1500 <= run.prompt_tokens + 100 <= 1500


@pytest.mark.parametrize("size", [{"budget": 300}, {"rate": 0.05}])
def test_who_names_a_size_gets_no_more_than_that(
    tokenizer: TargetTokenizer, document: Document, size: dict[str, Any]
) -> None:
    engine = FakeEngine("yes", window=1500, count=lambda text: int(0.5 * tokenizer.count(text)))
    pipeline = Pipeline(target=engine, rank="bm25", max_tokens=100, format="plain")
    context = pipeline.query(document, question=QUESTION, **size).context
    wanted = size.get("budget", 0.05 * context.source_tokens)
    assert 0.98 * wanted <= context.kept_tokens <= wanted


def test_a_budget_above_the_room_is_used_as_far_as_it_fits(tokenizer: TargetTokenizer, document: Document) -> None:
    engine = FakeEngine("yes", window=1500, count=lambda text: int(0.5 * tokenizer.count(text)))
    run = Pipeline(target=engine, rank="bm25", max_tokens=100).query(document, question=QUESTION, budget=2000)
    assert 0.98 * 2000 <= run.context.kept_tokens <= 2000
    assert run.prompt_tokens <= 1400


def test_a_document_that_fits_is_sent_whole(tokenizer: TargetTokenizer) -> None:
    engine = FakeEngine("yes", window=4000, count=tokenizer.count)
    text = prose(20)
    run = Pipeline(target=engine, rank="bm25").query(Document(text=text), question=QUESTION)
    assert run.context.text == f"[1]\n{text}"
    run = Pipeline(target=engine, rank="bm25", format="plain").query(Document(text=text), question=QUESTION)
    assert run.context.text == text


# What is sent when nobody names a size


def whole(context: CompressedContext, text: str) -> bool:
    """Whether everything was kept, whatever stands between."""
    kept = "".join(text[span.start : span.end] for span in context.spans)
    return "".join(kept.split()) == "".join(text.split())


class Modest(FakeEngine):
    well_read: int | None = 300


def test_a_modest_engine_gets_what_it_reads_well(tokenizer: TargetTokenizer, document: Document) -> None:
    pipeline = Pipeline(target=Modest("yes", window=4000, count=tokenizer.count), rank="bm25", max_tokens=100)
    run = pipeline.query(document, question=QUESTION)
    assert 0.9 * 300 <= run.context.kept_tokens <= 300
    frame = run.prompt_tokens - run.context.kept_tokens
    assert run.spare == pytest.approx(4000 - 100 - frame - 300, abs=2)  # tokens can merge where they meet
    for size in ({"budget": 600}, {"rate": 0.2}):
        named = pipeline.query(document, question=QUESTION, **size)
        assert named.context.kept_tokens > 300
        assert named.spare == 0


def test_a_modest_engine_gets_a_short_document_whole(tokenizer: TargetTokenizer) -> None:
    pipeline = Pipeline(target=Modest("yes", window=4000, count=tokenizer.count), rank="bm25", max_tokens=100)
    text = prose(10)
    run = pipeline.query(Document(text=text), question=QUESTION)
    assert tokenizer.count(text) < 290
    assert (whole(run.context, text), run.spare) == (True, 0)
    assert pipeline.query(Document(text=prose(40)), question=QUESTION, raw=True).spare == 0


@pytest.mark.parametrize(("window", "most"), [(10**7, WELL_READ), (20_000, 20_000)])
def test_a_window_of_millions_is_not_filled(tokenizer: TargetTokenizer, window: int, most: int) -> None:
    engine = FakeEngine("yes", window=window, count=tokenizer.count)
    run = Pipeline(target=engine, rank="bm25", max_tokens=100).query(Document(text=prose(5000)), question=QUESTION)
    assert 0.95 * most <= run.context.kept_tokens <= most
    assert (run.spare > 0) == (window > WELL_READ)


def test_what_fits_is_sent_whole_up_to_a_limit(tokenizer: TargetTokenizer) -> None:
    engine = FakeEngine("yes", window=10**7, count=tokenizer.count)
    text = prose(1200)
    assert 20_000 < tokenizer.count(text) < WELL_READ
    run = Pipeline(target=engine, rank="bm25", max_tokens=100).query(Document(text=text), question=QUESTION)
    assert (whole(run.context, text), run.spare) == (True, 0)


# What counts for a server


Serve = Callable[..., Server]


def count(tokenizer: TargetTokenizer) -> Callable[[Any], None]:
    def tokenize(x: Any) -> None:
        turns = x.body.get("messages") or [{"content": x.body["prompt"]}]
        x.json({"count": sum(tokenizer.count(turn["content"]) + 4 for turn in turns), "tokens": []})

    return tokenize


def models(root: str) -> Any:
    return list_models({"id": "m", "root": root, "max_model_len": 1500})


@pytest.fixture
def serve(tokenizer: TargetTokenizer) -> Iterator[Serve]:
    with servers(chat=echo, tokenize=count(tokenizer)) as start:
        yield start


def test_a_server_s_own_files_count_when_its_name_says_nothing(
    serve: Serve, document: Document, smollm2_dir: Path
) -> None:
    server = serve(models=models(str(smollm2_dir)))
    run = Pipeline(target=server.url, rank="bm25", max_tokens=100).query(document, question=QUESTION)
    assert (run.context.tokenizer, run.context.notes) == (str(smollm2_dir), ())
    assert 0.95 * 1500 <= run.prompt_tokens + 100 <= 1500


def test_a_server_s_files_out_of_reach_are_noted_and_the_window_filled_all_the_same(
    serve: Serve, document: Document
) -> None:
    def tokenize(x: Any) -> None:
        x.json({"count": sum(len(turn["content"].split()) + 4 for turn in x.body["messages"]), "tokens": []})

    server = serve(models=models("/models/nowhere"), tokenize=tokenize)
    run = Pipeline(target=server.url, rank="bm25", max_tokens=100).query(document, question=QUESTION)
    assert run.context.tokenizer == "smollm2-135m"
    (note,) = run.context.notes
    assert note.startswith("the tokenizer of m is out of reach")
    assert 0.95 * 1500 <= run.prompt_tokens + 100 <= 1500


def test_a_server_that_cannot_count_and_refuses_is_asked_with_less(
    serve: Serve, document: Document, tokenizer: TargetTokenizer, smollm2_dir: Path
) -> None:
    def chat(x: Any) -> None:
        tokens = int(1.3 * sum(tokenizer.count(turn["content"]) + 4 for turn in x.body["messages"]))
        if tokens + x.body["max_tokens"] > 1500:
            told = f"The context length is 1500 tokens; your messages resulted in {tokens} tokens"
            x.error(400, told)
        else:
            echo(x)

    server = serve(models=models(str(smollm2_dir)), tokenize=None, chat=chat)
    run = Pipeline(target=server.url, rank="bm25", max_tokens=100).query(document, question=QUESTION)
    assert len(server.asked("/v1/chat/completions")) == 2
    assert 0.85 * 1400 <= 1.3 * run.context.kept_tokens <= 1400
    with pytest.raises(WindowError, match="the server said: The context length is 1500"):
        Pipeline(target=server.url, max_tokens=100).query(Document(text=prose(48)), question=QUESTION, raw=True)


def test_no_server_names_code_that_runs_here(serve: Serve, document: Document, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    folder = tmp_path / "theirs"
    folder.mkdir()
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"auto_map": {"AutoTokenizer": ["evil.Tokenizer", None]}, "tokenizer_class": "Tokenizer"})
    )
    (folder / "config.json").write_text(json.dumps({"model_type": "llama"}))
    (folder / "evil.py").write_text(f"open({str(marker)!r}, 'w').close()\n")
    server = serve(models=models(str(folder)))
    pipeline = Pipeline(target=server.url, rank="bm25", max_tokens=100, trust_remote_code=True)
    assert pipeline.query(document, question=QUESTION).context.tokenizer == "smollm2-135m"
    assert not marker.exists()


def test_the_command_shows_what_the_server_counted(
    serve: Serve, tmp_path: Path, capsys: pytest.CaptureFixture[str], smollm2_dir: Path
) -> None:
    path = tmp_path / "a.txt"
    path.write_text(prose(20))
    readings = [METRICS % (50, 0, 1.0, 1), METRICS % (650, 512, 1.25, 2)]
    server = serve(
        models=models(str(smollm2_dir)),
        metrics=lambda x: x.send(readings[len(server.asked("/v1/chat/completions"))], kind="text/plain"),
    )
    assert (
        main(["query", str(path), "-q", QUESTION, "--target", server.url, "--max-tokens", "50", "--json", "--verbose"])
        == 0
    )
    captured = capsys.readouterr()
    assert json.loads(captured.out)["server"] == {
        "requests": 1,
        "prompt_tokens": 600,
        "cache_queries": 0,
        "cache_hits": 512,
        "cache_usage": 0.0,
        "first_token_seconds": 0.25,
    }
    assert "512 of 600 prompt tokens cached, first token after 0.25 s" in captured.err
    plain = serve(models=models(str(smollm2_dir)))
    assert (
        main(["query", str(path), "-q", QUESTION, "--target", plain.url, "--max-tokens", "50", "--json", "--verbose"])
        == 0
    )
    captured = capsys.readouterr()
    assert "server" not in json.loads(captured.out)
    assert "cached" not in captured.err

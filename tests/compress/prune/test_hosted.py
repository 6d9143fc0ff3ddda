"""Scorers whose network stands behind a server's endpoints: equal to the same network here; clear when it is not."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from http_support import Server, list_models, servers
from samples import prose
from scoring_server import Network

from ctxpipe import Document, Pipeline
from ctxpipe.cli import main
from ctxpipe.compress.compressor import Compressor
from ctxpipe.compress.prune.hosted.scorer import HostedScorer
from ctxpipe.compress.prune.llmlingua import LLMLinguaScorer, LongLLMLinguaScorer
from ctxpipe.compress.prune.llmlingua2.scorer import LLMLingua2Scorer
from ctxpipe.compress.text.words import words
from ctxpipe.compress.types import ScoringText
from ctxpipe.errors import ModelError, RejectedError, UnreachableError, UsageError

Serve = Callable[..., Server]
QUESTION = "What did Mr. Hale carry?"


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory, minilm_dir: Path) -> Path:
    """A small BERT with random weights and MiniLM's vocabulary."""
    import torch
    from transformers import AutoTokenizer, BertConfig, BertForTokenClassification

    folder = tmp_path_factory.mktemp("classifier")
    AutoTokenizer.from_pretrained(minilm_dir).save_pretrained(folder)
    config = BertConfig(hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, num_labels=2)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = BertForTokenClassification(config)
        torch.nn.init.normal_(model.classifier.weight, std=2.0)
    model.save_pretrained(folder)
    return folder


def scoring(text: str, headings: tuple[str, ...] = ()) -> ScoringText:
    found = words(text, 0, len(text))
    start = np.array([w.start for w in found], dtype=np.int64)
    return ScoringText(text=text, headings=headings, start=start, end=np.array([w.end for w in found], dtype=np.int64))


TEXTS = [scoring(prose(60)), scoring("Short.", ("A heading",)), scoring("naïve 日本語 👍"), scoring(prose(9, 1))]


@pytest.fixture
def serve() -> Iterator[Serve]:
    with servers() as start:
        yield start


def models(*names: str, root: str | None = None, window: int = 512) -> Any:
    return list_models(*({"id": name, "root": root or name, "max_model_len": window} for name in names))


def classifying(serve: Serve, folder: Path, **options: Any) -> tuple[Server, Network]:
    network = Network(folder, floats=options.pop("floats", False))
    routes = {"models": models("m", root=str(folder)), "tokenize": network.tokenize, "pooling": network.pooling}
    return serve(**{**routes, **options}), network


def causal(serve: Serve, folder: Path, **options: Any) -> tuple[Server, Network]:
    network = Network(folder)
    routes = {"tokenize": network.tokenize, "completions": network.completions}
    return serve(**{**routes, "models": models("m", root=str(folder), window=2048), **options}), network


def same(found: Any, wanted: Any, **tolerance: float) -> None:
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, **tolerance)


# Equal to the network here


@pytest.mark.parametrize("floats", [False, True], ids=["base64", "written-out"])
def test_a_classifier_on_a_server_scores_as_it_does_here(serve: Serve, classifier: Path, floats: bool) -> None:
    server, network = classifying(serve, classifier, floats=floats)
    steps: list[tuple[int, int]] = []
    hosted = HostedScorer("llmlingua2", server.url, concurrency=2)
    found = hosted.score(TEXTS, None, lambda done, total: steps.append((done, total)))
    native = LLMLingua2Scorer(model=str(classifier), runtime="torch", dtype="float32", device="cpu")
    same(found, native.score(TEXTS, None), atol=1e-6)
    assert found[0].std() > 0.05, "the scores tell nothing apart"
    assert steps == sorted(steps)
    assert steps[-1][0] == steps[-1][1] == sum(len(text.text) for text in TEXTS)
    assert network.most <= 2
    assert all(body["model"] == "m" for body in server.asked("/pooling"))
    assert max(len(row) for body in server.asked("/pooling") for row in body["input"]) <= 512


@pytest.mark.parametrize(("name", "native"), [("llmlingua", LLMLinguaScorer), ("longllmlingua", LongLLMLinguaScorer)])
def test_a_causal_model_on_a_server_scores_as_it_does_here(
    serve: Serve, tiny_causal: Path, name: str, native: Any
) -> None:
    server, network = causal(serve, tiny_causal)
    found = HostedScorer(name, server.url, concurrency=3).score(TEXTS, QUESTION)
    same(found, native(model=str(tiny_causal), dtype="float32", device="cpu").score(TEXTS, QUESTION), atol=1e-4)
    assert found[0].std() > 0.05
    assert network.most <= 3


def test_windows_follow_the_server_s(serve: Serve, tiny_causal: Path) -> None:
    server, _ = causal(serve, tiny_causal, models=models("m", root=str(tiny_causal), window=65))
    HostedScorer("llmlingua", server.url).score(TEXTS, None)
    assert max(len(row) for body in server.asked("/v1/completions") for row in body["prompt"]) == 64


def test_a_pipeline_keeps_the_same_words(serve: Serve, classifier: Path) -> None:
    server, _ = classifying(serve, classifier)
    document = Document(text=prose(40))
    pipeline = Pipeline(prune="llmlingua2", rank="none", prune_url=server.url)
    native = Compressor(
        tokenizer=pipeline.tokenizer,
        ranker=None,
        scorer=LLMLingua2Scorer(model=str(classifier), runtime="torch", dtype="float32", device="cpu"),
        rank="none",
        prune="llmlingua2",
    )
    assert pipeline.compress(document, rate=0.4).text == native.compress([document], rate=0.4).text
    assert server.asked("/pooling")


def test_nothing_to_score_asks_nothing_of_the_network(serve: Serve, classifier: Path) -> None:
    server, _ = classifying(serve, classifier)
    hosted = HostedScorer("llmlingua2", server.url)
    assert server.seen == []
    assert list(hosted.score([], None)) == []
    assert server.asked("/pooling") == []


# Servers that fail


def failing_first(behaviour: Any, *statuses: int) -> Any:
    left = list(statuses)
    return lambda x: x.error(left.pop(0), "busy") if left else behaviour(x)


def test_temporary_failures_are_tried_again_request_by_request(serve: Serve, classifier: Path) -> None:
    network = Network(classifier)
    server, _ = classifying(serve, classifier, pooling=failing_first(network.pooling, 503, 429))
    found = HostedScorer("llmlingua2", server.url, backoff=0.01).score(TEXTS, None)
    assert len(found) == len(TEXTS)
    assert len(server.asked("/pooling")) == 3


@pytest.mark.parametrize(
    "pooling",
    [
        None,
        lambda x: x.error(400, "Unsupported task: 'token_classify' Supported tasks: ('embed',)"),
        lambda x: x.error(501, "The model does not support Pooling API"),
    ],
)
def test_a_server_without_the_task_is_told_in_one_line(serve: Serve, classifier: Path, pooling: Any) -> None:
    server, _ = classifying(serve, classifier, pooling=pooling)
    with pytest.raises(
        ModelError, match=r"does not serve a token classifier; start it with .*--runner pooling"
    ) as caught:
        HostedScorer("llmlingua2", server.url).score(TEXTS, None)
    assert "\n" not in str(caught.value)
    assert len(server.asked("/pooling")) <= 1


def test_an_encoder_is_no_causal_model(serve: Serve, classifier: Path) -> None:
    server, _ = classifying(serve, classifier)
    with pytest.raises(ModelError, match="is not a causal model: its tokenizer has no BOS token"):
        HostedScorer("llmlingua", server.url).score(TEXTS, None)


def no_logprobs(x: Any) -> None:
    x.json({"choices": [{"index": i, "text": "x", "prompt_logprobs": None} for i in range(len(x.body["prompt"]))]})


@pytest.mark.parametrize("completions", [None, no_logprobs, lambda x: x.error(400, "does not support Completions API")])
def test_a_server_without_log_probabilities_is_told_in_one_line(
    serve: Serve, tiny_causal: Path, completions: Any
) -> None:
    server, _ = causal(serve, tiny_causal, completions=completions)
    with pytest.raises(ModelError, match="returns no log-probabilities of prompts; start it with 'vllm serve MODEL'"):
        HostedScorer("llmlingua", server.url).score(TEXTS, None)


@pytest.mark.parametrize("data", ["!!", "AAAA", [[0.5, 0.5]], [], None, 5, [["a", "b"]], [[0.1], [0.2, 0.3]]], ids=repr)
def test_other_numbers_than_asked_for_are_refused(serve: Serve, classifier: Path, data: Any) -> None:
    rows = [{"index": index, "data": data} for index in range(8)]
    server, _ = classifying(serve, classifier, pooling=lambda x: x.json({"data": rows}))
    with pytest.raises(ModelError, match=r"sent .* numbers for \d+ tokens with 2 labels each"):
        HostedScorer("llmlingua2", server.url).score(TEXTS, None)


def test_answers_in_another_order_are_not_mixed_up(serve: Serve, classifier: Path) -> None:
    network = Network(classifier)

    def pooling(x: Any) -> None:
        send = x.json
        x.json = lambda body: send({**body, "data": body["data"][::-1]})
        network.pooling(x)

    server, _ = classifying(serve, classifier, pooling=pooling)
    with pytest.raises(ModelError, match="numbers for"):
        HostedScorer("llmlingua2", server.url).score(TEXTS, None)


def test_a_refusal_is_told_and_ends_the_other_requests(serve: Serve, tiny_causal: Path) -> None:
    def completions(x: Any) -> None:
        if len(x.body["prompt"]) < 8:
            x.error(400, "no more today")
        else:
            x.hang()

    server, _ = causal(serve, tiny_causal, completions=completions)
    started = time.perf_counter()
    with pytest.raises(RejectedError, match="400: no more today"):
        HostedScorer("llmlingua", server.url, timeout=100).score([scoring(prose(6, n)) for n in range(20)], None)
    assert time.perf_counter() - started < 60


def test_nobody_there_is_one_line() -> None:
    with pytest.raises(UnreachableError, match=r"no answer from http://127.0.0.1:9/v1"):
        HostedScorer("llmlingua", "http://127.0.0.1:9", retries=0).score(TEXTS, None)


# Which model, which key


def test_a_server_that_cuts_text_otherwise_serves_another_model(
    serve: Serve, classifier: Path, tiny_causal: Path
) -> None:
    server, _ = classifying(serve, classifier)
    with pytest.raises(ModelError, match=r"serves m, which splits a text into \d+ tokens, .* into \d+; --prune-model"):
        HostedScorer("llmlingua", server.url, model=str(tiny_causal)).score(TEXTS, None)
    assert server.asked("/pooling") == []


def test_one_of_several_models_is_asked_by_its_name(serve: Serve, classifier: Path) -> None:
    server, _ = classifying(serve, classifier, models=models("other", str(classifier)))
    with pytest.raises(UsageError, match=r"serves these models: .*; name one with --prune-model"):
        HostedScorer("llmlingua2", server.url).score(TEXTS, None)
    HostedScorer("llmlingua2", server.url, model=str(classifier)).score(TEXTS, None)
    assert {body["model"] for body in server.asked("/pooling")} == {str(classifier)}


def test_a_model_whose_tokenizer_is_nowhere_is_to_be_named(serve: Serve, classifier: Path) -> None:
    server, _ = classifying(serve, classifier, models=models("nobody/nothing"))
    with pytest.raises(ModelError, match=r"needed on this machine and cannot be loaded: .*; name the model with"):
        HostedScorer("llmlingua2", server.url).score(TEXTS, None)


def test_the_key_has_a_variable_of_its_own(serve: Serve, classifier: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server, _ = classifying(serve, classifier)
    monkeypatch.setenv("CTXPIPE_API_KEY", "the-target-s")
    HostedScorer("llmlingua2", server.url).score(TEXTS, None)
    assert not any("the-target-s" in str(headers) for _, headers, _ in server.seen)
    monkeypatch.setenv("CTXPIPE_PRUNE_API_KEY", "sk-scorer-0123")
    HostedScorer("llmlingua2", server.url).score(TEXTS, None)
    assert server.seen[-1][1]["authorization"] == "Bearer sk-scorer-0123"
    refusing = serve(models=lambda x: x.error(401, f"bad {x.handler.headers['Authorization']}"))
    with pytest.raises(RejectedError, match=r"401: bad Bearer \[key\]; the key came from \$CTXPIPE_PRUNE_API_KEY"):
        HostedScorer("llmlingua2", refusing.url).score(TEXTS, None)
    monkeypatch.delenv("CTXPIPE_PRUNE_API_KEY")
    with pytest.raises(RejectedError, match=r"no key is set; put it into CTXPIPE_PRUNE_API_KEY$"):
        HostedScorer("llmlingua2", refusing.url).score(TEXTS, None)


def test_only_scorers_with_a_network_go_to_a_server() -> None:
    with pytest.raises(UsageError, match="--prune-url goes with --prune llmlingua2, llmlingua, longllmlingua, "):
        Pipeline(prune="none", prune_url="http://127.0.0.1:9")
    with pytest.raises(UsageError, match="is not the URL of a server"):
        Pipeline(prune="llmlingua", prune_url="nonsense")


def test_the_command_takes_the_option_and_the_setting(
    serve: Serve, tiny_causal: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    server, _ = causal(serve, tiny_causal)
    path = tmp_path / "a.txt"
    path.write_text(prose(20))
    arguments = ["compress", str(path), "--rate", "0.5", "--prune", "llmlingua", "--quiet"]
    assert main([*arguments, "--prune-url", server.url]) == 0
    asked = len(server.asked("/v1/completions"))
    assert asked > 0
    first = capsys.readouterr().out
    monkeypatch.setenv("CTXPIPE_SCORER_URL", server.url)
    assert main(arguments) == 0
    assert len(server.asked("/v1/completions")) == 2 * asked
    assert capsys.readouterr().out == first
    assert main(["compress", str(path), "--rate", "0.5", "--prune", "none"]) == 2

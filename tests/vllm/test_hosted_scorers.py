"""Scorers whose network runs in a real vLLM server, held to the same network in this process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from samples import prose
from vllm_support import Served

from ctxpipe import Document, Pipeline
from ctxpipe.compress.prune.hosted.scorer import HostedScorer
from ctxpipe.compress.prune.llmlingua import LLMLinguaScorer, LongLLMLinguaScorer
from ctxpipe.compress.prune.llmlingua2.scorer import LLMLingua2Scorer
from ctxpipe.compress.text.words import words
from ctxpipe.compress.types import ScoringText
from ctxpipe.errors import ModelError

# Starting a server is part of the first test, and a busy machine takes long to read a window.
pytestmark = pytest.mark.timeout(900)
QUESTION = "What did Mr. Hale carry in 1911?"


def scoring(text: str, headings: tuple[str, ...] = ()) -> ScoringText:
    found = words(text, 0, len(text))
    start = np.array([w.start for w in found], dtype=np.int64)
    return ScoringText(text=text, headings=headings, start=start, end=np.array([w.end for w in found], dtype=np.int64))


TEXTS = [scoring(prose(50)), scoring("Short.", ("A heading",)), scoring("naïve 日本語 👍, x = -1\n\n\tend")]


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory, minilm_dir: Path) -> Path:
    """The body of MiniLM-L6 with a seeded random head of two classes."""
    import torch
    from transformers import AutoTokenizer, BertForTokenClassification

    folder = tmp_path_factory.mktemp("classifier")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = BertForTokenClassification.from_pretrained(minilm_dir, num_labels=2)
        torch.nn.init.normal_(model.classifier.weight, std=0.5)
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(minilm_dir).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def pooling(start_vllm: Any, classifier: Path) -> Iterator[Served]:
    with start_vllm(classifier, "--runner", "pooling", "--dtype", "float32", name="keep") as served:
        yield served


def test_a_classifier_in_vllm_scores_as_it_does_here(pooling: Served, classifier: Path) -> None:
    hosted = HostedScorer("llmlingua2", pooling.url).score(TEXTS, None)
    native = LLMLingua2Scorer(model=str(classifier), runtime="torch", dtype="float32", device="cpu")
    for found, wanted in zip(hosted, native.score(TEXTS, None), strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-5)
    assert hosted[0].std() > 0.02, "the scores tell nothing apart"


def test_a_document_is_pruned_by_the_server(pooling: Served) -> None:
    document = Document(text=prose(120))
    context = Pipeline(prune="llmlingua2", rank="none", prune_url=pooling.url).compress(document, rate=0.3)
    assert 0.27 <= context.rate <= 0.3
    assert context.prune == "llmlingua2"


@pytest.mark.parametrize(("name", "native"), [("llmlingua", LLMLinguaScorer), ("longllmlingua", LongLLMLinguaScorer)])
def test_a_causal_model_in_vllm_scores_as_it_does_here(
    server: Served, smollm2_dir: Path, name: str, native: Any
) -> None:
    texts = [scoring(prose(12)), *TEXTS[1:]]
    hosted = HostedScorer(name, server.url).score(texts, QUESTION)
    here = native(model="smollm2-135m", dtype="bfloat16", device="cpu").score(texts, QUESTION)
    for found, wanted in zip(hosted, here, strict=True):
        # Two implementations in bfloat16: single tokens differ by some tenths of a nat, all together hardly.
        np.testing.assert_allclose(found, wanted, atol=0.6, rtol=0.05)
    assert abs(float(hosted[0].mean() - here[0].mean())) < 0.05
    assert np.corrcoef(hosted[0], here[0])[0, 1] > 0.98


def test_servers_that_lack_the_task_are_told_apart(server: Served, pooling: Served, classifier: Path) -> None:
    with pytest.raises(ModelError, match=r"is no token classifier|does not serve a token classifier"):
        HostedScorer("llmlingua2", server.url).score(TEXTS, None)
    with pytest.raises(ModelError, match="which splits a text into"):
        HostedScorer("llmlingua2", server.url, model=str(classifier)).score(TEXTS, None)
    with pytest.raises(ModelError, match="is not a causal model: its tokenizer has no BOS token"):
        HostedScorer("llmlingua", pooling.url, model=str(classifier)).score(TEXTS, None)

"""What goes wrong for users of llmlingua 0.2.2, and does not here; each test is named by the fault.

That the package itself runs under today's transformers, without a network and without changing the process, is held in
``test_reference.py``; decisions equal to its own, in ``llmlingua2/test_parity.py`` and ``test_walk.py``.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from samples import library, prose

from ctxpipe.compress.compressor import Compressor
from ctxpipe.compress.prune.llmlingua2.scorer import LLMLingua2Scorer
from ctxpipe.compress.scorers import SCORERS
from ctxpipe.compress.text.words import words
from ctxpipe.compress.types import CompressedContext, Document, Scorer, ScoringText
from ctxpipe.errors import UsageError
from ctxpipe.models.tokenizer import TargetTokenizer
from ctxpipe.pipeline.pipeline import Pipeline

MODELS = ("llmlingua", "longllmlingua", "llmlingua2")
QUESTION = "Where did the keeper of Skellig hide the spoons?"
NEEDLE = "The keeper of Skellig hid 14 silver spoons under the stairs."

Compress = Callable[..., CompressedContext]


@pytest.fixture(scope="module")
def folders(tiny_causal: Path, tiny_classifier: Path) -> dict[str, str]:
    return {"llmlingua": str(tiny_causal), "longllmlingua": str(tiny_causal), "llmlingua2": str(tiny_classifier)}


@pytest.fixture(scope="module")
def compress(folders: dict[str, str], smollm2_dir: Path) -> Compress:
    """A pipeline for each pruner, ranking by words where there is a question."""
    known: dict[str, Pipeline] = {}

    def run(prune: str, documents: Document | Sequence[Document], **asked: object) -> CompressedContext:
        if prune not in known:
            known[prune] = Pipeline(rank="bm25", prune=prune, prune_model=folders[prune], score_cache=0)
        question = asked.pop("question", QUESTION if prune == "longllmlingua" else None)
        return known[prune].compress(documents, question=question, **asked)

    return run


def child(code: str, *arguments: str) -> str:
    """Standard output of a process of its own, for which no GPU is visible and the Hub is off."""
    environ = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, "-W", "error::UserWarning", "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environ).stdout


@pytest.mark.parametrize("prune", ["llmlingua", "longllmlingua", "llmlingua-walk", "longllmlingua-walk"])
def test_it_fails_at_the_second_segment_under_transformers_5(prune: str, tiny_causal: Path) -> None:
    text = prose(60)
    found = words(text, 0, len(text))
    start, end = (np.array([getattr(w, side) for w in found]) for side in ("start", "end"))
    scorer = SCORERS.create(prune, model=str(tiny_causal))
    (scores,) = scorer.score([ScoringText(text=text, headings=(), start=start, end=end)], QUESTION)
    assert len(scores) == len(found) > 600
    assert np.isfinite(scores).all()
    assert len(np.unique(scores[-200:])) > 100


def test_its_constructor_downloads_tiktokens_file(folders: dict[str, str]) -> None:
    code = (
        "import socket, sys\n"
        "def refuse(*_): raise OSError('no network')\n"
        "socket.socket.connect = refuse\n"
        "from ctxpipe import Document, Pipeline\n"
        "text = ' '.join(f'The market did not sell copper in {year}.' for year in range(1900, 1940))\n"
        "for prune, model in zip(sys.argv[1::2], sys.argv[2::2]):\n"
        "    found = Pipeline(prune=prune, prune_model=model).compress(Document(text=text), budget=60)\n"
        "    print(found.kept_tokens, 'tiktoken' in sys.modules)\n"
    )
    out = child(code, "llmlingua", folders["llmlingua"], "llmlingua2", folders["llmlingua2"])
    lines = [line.split() for line in out.splitlines()]
    assert len(lines) == 2
    assert all(54 <= int(kept) <= 60 and loaded == "False" for kept, loaded in lines)


@pytest.mark.parametrize("prune", MODELS)
def test_its_budgets_count_the_tokens_of_another_model(prune: str, compress: Compress, folders: dict[str, str]) -> None:
    document = Document(text=library()["chinese"].text[:1500])
    for tokenizer in ("smollm2-135m", folders["llmlingua2"]):
        pipeline = Pipeline(rank="bm25", prune=prune, prune_model=folders[prune], tokenizer=tokenizer, score_cache=0)
        budget = pipeline.tokenizer.count(document.text) // 2
        context = pipeline.compress(document, question=QUESTION, budget=budget)
        assert pipeline.tokenizer.count(context.text) == context.kept_tokens
        assert 0.95 * budget <= context.kept_tokens <= budget


@pytest.mark.parametrize("prune", MODELS)
@pytest.mark.parametrize(("sentences", "rate"), [(5, 0.5), (260, 0.33)], ids=["below 150 tokens", "above 5000 tokens"])
def test_the_rate_is_missed(prune: str, sentences: int, rate: float, compress: Compress) -> None:
    context = compress(prune, Document(text=prose(sentences)), rate=rate)
    assert context.source_tokens < 150 or context.source_tokens > 5000
    assert rate - 0.02 < context.rate <= rate


@pytest.mark.parametrize("prune", MODELS)
def test_a_rate_of_a_hundredth_gives_nothing(prune: str, compress: Compress) -> None:
    for rate in (0.01, 0.004):
        context = compress(prune, Document(text=prose(100)), rate=rate)
        assert 1 <= context.kept_tokens <= max(1, rate * context.source_tokens)


@pytest.mark.parametrize("prune", MODELS)
def test_a_rate_of_nothing_raises_something(prune: str, compress: Compress) -> None:
    for rate in (0.0, -0.1, 1.1):
        with pytest.raises(UsageError, match="the rate must be above 0 and at most 1"):
            compress(prune, Document(text=prose(5)), rate=rate)


@pytest.mark.parametrize("prune", MODELS)
def test_text_without_words_raises_an_index_error(prune: str, compress: Compress) -> None:
    for text in (" \n\t\n " * 60, ". . . ! ? " * 60, "----\n" * 60, "\u200b\ufeff" * 60):
        context = compress(prune, Document(text=text), budget=10)
        assert context.kept_tokens <= 10


@pytest.mark.parametrize("prune", MODELS)
def test_empty_input_divides_by_zero(prune: str, compress: Compress) -> None:
    context = compress(prune, Document(text=""), budget=100)
    assert (context.text, context.kept_tokens, context.rate) == ("", 0, 1.0)
    both = compress(prune, [Document(text=""), Document(text=prose(20))], budget=50)
    assert 49 <= both.kept_tokens <= 50


def test_special_tokens_are_fed_as_unknown_ones(folders: dict[str, str]) -> None:
    from transformers import AutoTokenizer

    class Seen:
        rows: list[list[int]] = []  # noqa: RUF012 - one test's own

        def keep_probabilities(self, rows: Sequence[np.ndarray], on_progress: object = None) -> list[np.ndarray]:
            self.rows.extend(row.tolist() for row in rows)
            return [np.linspace(0, 1, len(row), dtype=np.float32) for row in rows]

    text = "The market sold copper."
    seen = Seen()
    scorer = LLMLingua2Scorer(model=folders["llmlingua2"], classifier=seen)
    places = words(text, 0, len(text))
    start, end = (np.array([getattr(w, side) for w in places]) for side in ("start", "end"))
    scorer.score([ScoringText(text=text, headings=(), start=start, end=end)], None)
    tokenizer = AutoTokenizer.from_pretrained(folders["llmlingua2"])
    assert seen.rows == [tokenizer(text)["input_ids"]]
    assert (seen.rows[0][0], seen.rows[0][-1]) == (tokenizer.bos_token_id, tokenizer.eos_token_id)
    assert tokenizer.unk_token_id not in seen.rows[0]


@pytest.mark.parametrize("prune", MODELS)
def test_newlines_and_indentation_vanish(prune: str, compress: Compress) -> None:
    code = "\n".join(library()["code"].text[:6000].split("\n")[:-1])
    context = compress(prune, Document(text=code, kind="code", language="python"), rate=0.5)
    assert {line for line in context.text.split("\n") if line.strip() != "# …"} <= set(code.split("\n"))
    assert any(line.startswith("        ") for line in context.text.split("\n"))
    items = "\n".join(f"- item {i}\n  - part of {i}\n" for i in range(60))
    lines = compress(prune, Document(text=items, kind="markdown"), rate=0.5).text.split("\n")
    assert any(line.startswith("  ") for line in lines)


@pytest.mark.parametrize("prune", MODELS)
def test_markdown_is_mangled(prune: str, compress: Compress) -> None:
    rows = "\n".join(f"| {i} | stone {i} | {i * 2.5} kg |" for i in range(60))
    text = f"# Stones\n\n{prose(8)}\n\n| n | name | mass |\n|---|---|---|\n{rows}\n\n```sh\n{'ls -la /tmp' * 1}\n```\n"
    context = compress(prune, Document(text=text, kind="markdown"), rate=0.4)
    lines = context.text.split("\n")
    kept = [line for line in lines if line.startswith("|")]
    assert set(kept) <= set(text.split("\n"))
    assert kept[:1] in ([], ["| n | name | mass |"])
    assert sum(line.startswith("```") for line in lines) % 2 == 0


@pytest.mark.parametrize("prune", MODELS)
def test_emoji_and_unknown_tokens_are_dropped(prune: str, compress: Compress) -> None:
    text = " ".join(f"word{i} 🎉 𓀀 ok" for i in range(60))
    context = compress(prune, Document(text=text), rate=0.9)
    assert context.rate > 0.88
    assert context.text.count("🎉") > 30
    assert context.text.count("𓀀") > 30
    assert "�" not in context.text


@pytest.mark.parametrize("prune", MODELS)
def test_unspaced_chinese_is_one_word(prune: str, compress: Compress) -> None:
    text = "".join(random.Random(0).choices("河边的市场没有卖出公斤铜灯笼照亮了花园", k=400))
    context = compress(prune, Document(text=text), rate=0.5)
    assert 0.48 < context.rate <= 0.5
    assert len(context.spans) > 5


@pytest.mark.parametrize("prune", MODELS)
def test_words_are_glued(prune: str, compress: Compress) -> None:
    text = prose(60)
    for rate in (0.1, 0.4):
        assert set(compress(prune, Document(text=text), rate=rate).text.split()) <= {*text.split(), "…"}


@pytest.mark.parametrize("prune", MODELS)
def test_the_last_sentence_is_lost(prune: str, compress: Compress) -> None:
    text = f"{prose(60)} {NEEDLE}"
    assert compress(prune, Document(text=text), rate=1).text == text
    kept = compress(prune, Document(text=text), rate=0.95).text
    assert len({*kept.split()[-8:]} & {*NEEDLE.split()}) >= 5
    ranked = compress(prune, Document(text=text), question=QUESTION, rate=0.1).text
    assert "spoons" in ranked


@pytest.mark.parametrize("prune", MODELS)
def test_text_with_an_angle_bracket_is_deleted(prune: str, compress: Compress) -> None:
    text = " ".join(f"If x < {i} and <b>bold{i}</b> then y > 3 holds." for i in range(60))
    kept = compress(prune, Document(text=text), rate=0.8).text
    assert kept.count("<") > 40
    assert kept.count("<b>bold") > 30


def test_llmlingua2_ignores_the_question(compress: Compress) -> None:
    text = f"{prose(50)}\n\n{NEEDLE}\n\n{prose(50, 1)}"
    asked = compress("llmlingua2", Document(text=text), question=QUESTION, budget=80)
    assert "spoons" in asked.text
    assert "Skellig" in asked.text


def test_ranking_and_classifier_cannot_be_combined(compress: Compress) -> None:
    documents = [Document(text=prose(30, i), source=str(i)) for i in range(8)]
    documents[5] = Document(text=f"{prose(10)} {NEEDLE} {prose(10)}", source="5")
    context = compress("llmlingua2", documents, question=QUESTION, budget=200)
    assert 196 <= context.kept_tokens <= 200
    assert (context.rank, context.prune) == ("bm25", "llmlingua2")
    assert "spoons" in context.text


class Valued:
    """A network in place of both kinds: it values every token of a varied row and none of a row that repeats itself."""

    window = 1024

    def __init__(self) -> None:
        self.passes = 0

    def keep_probabilities(self, rows: Sequence[np.ndarray], on_progress: object = None) -> list[np.ndarray]:
        return [np.full(len(row), len(set(row.tolist())) > 30, dtype=np.float32) for row in rows]

    def losses(
        self, rows: Sequence[Sequence[int]], contexts: Sequence[int], on_progress: object = None
    ) -> list[np.ndarray]:
        self.passes += 1  # the second is the one with the question, which makes every token certain
        return [
            np.full(len(row) - context, self.passes == 1 and len(set(row)) > 30, dtype=np.float32)
            for row, context in zip(rows, contexts, strict=True)
        ]


@pytest.mark.parametrize("prune", MODELS)
def test_every_chunk_keeps_the_same_share(prune: str, folders: dict[str, str], smollm2_dir: Path) -> None:
    """What the network values little leaves all of its room to what it values."""
    given = {"classifier" if prune == "llmlingua2" else "losses": Valued()}
    compressor = Compressor(
        tokenizer=TargetTokenizer.load("smollm2-135m"),
        ranker=None,
        scorer=SCORERS.create(prune, model=folders[prune], **given),
        rank="none",
        prune=prune,
    )
    documents = [Document(text="the of and " * 200, source="dull"), Document(text=prose(60), source="rich")]
    context = compressor.compress(documents, question=QUESTION if prune == "longllmlingua" else None, rate=0.3)
    shares = [
        sum(s.end - s.start for s in context.spans if s.document == i) / len(d.text) for i, d in enumerate(documents)
    ]
    assert shares[0] < 0.01
    assert shares[1] > context.rate + 0.05


@pytest.mark.parametrize("prune", MODELS)
def test_a_list_of_texts_keeps_far_less_than_asked(prune: str, compress: Compress) -> None:
    documents = [Document(text=prose(20, i), source=str(i)) for i in range(6)]
    context = compress(prune, documents, rate=0.5)
    assert 0.49 < context.rate <= 0.5


def test_its_default_device_fails_without_a_gpu(folders: dict[str, str]) -> None:
    code = (
        "import json, random, sys\n"
        "import numpy, torch\n"
        "from ctxpipe import Document, Pipeline\n"
        "states = [random.getstate(), numpy.random.get_state()[1].tolist(), torch.get_rng_state().tolist()]\n"
        "for prune, model in zip(sys.argv[1::2], sys.argv[2::2]):\n"
        "    Pipeline(prune=prune, prune_model=model).compress(Document(text='A market of stone. ' * 60), budget=60)\n"
        "after = [random.getstate(), numpy.random.get_state()[1].tolist(), torch.get_rng_state().tolist()]\n"
        "print(json.dumps([torch.cuda.is_available(), states == after]))\n"
    )
    out = child(code, "llmlingua", folders["llmlingua"], "llmlingua2", folders["llmlingua2"])
    # No GPU, and no seed of the process was set.
    assert json.loads(out) == [False, True]


@pytest.mark.parametrize("prune", MODELS)
def test_code_that_comes_with_a_model_runs_unasked(prune: str, folders: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    for file in Path(folders[prune]).iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    marker = tmp_path / "ran"
    (folder / "evil.py").write_text(f"open({str(marker)!r}, 'w').close()\n")
    config = json.loads((folder / "config.json").read_text())
    names = ("AutoConfig", "AutoModelForCausalLM", "AutoModelForTokenClassification")
    config["auto_map"] = {name: f"evil.{name}" for name in names}
    (folder / "config.json").write_text(json.dumps(config))
    pipeline = Pipeline(rank="bm25", prune=prune, prune_model=str(folder), score_cache=0)
    assert pipeline.compress(Document(text=prose(20)), question=QUESTION, budget=40).kept_tokens <= 40
    assert not marker.exists()


def test_the_kind_of_model_is_guessed_from_its_folders_name(folders: dict[str, str], tmp_path: Path) -> None:
    """A folder named after another family is read for what its config says."""
    folder = tmp_path / "bert-base-multilingual-cased-meetingbank"
    folder.symlink_to(folders["llmlingua2"])

    def scores(scorer: Scorer) -> list[float]:
        text = "The market did not sell 3,000 kg of copper."
        places = words(text, 0, len(text))
        start, end = (np.array([getattr(w, side) for w in places]) for side in ("start", "end"))
        (values,) = scorer.score([ScoringText(text=text, headings=(), start=start, end=end)], None)
        found: list[float] = values.tolist()
        return found

    named, plain = (LLMLingua2Scorer(model=str(f), runtime="torch") for f in (folder, folders["llmlingua2"]))
    assert scores(named) == scores(plain)
    assert len(set(scores(named))) > 1

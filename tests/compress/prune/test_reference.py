"""The llmlingua package behind its adapter: equal where it works by itself, working where it does not."""

from __future__ import annotations

import os
import pydoc_data.topics
import random
import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from accounts import check_accounts
from hypothesis import given
from hypothesis import strategies as st
from samples import library

from ctxpipe.compress.compressor import Compressor
from ctxpipe.compress.prune.reference import align
from ctxpipe.compress.prune.reference.adapter import LLMLinguaReference
from ctxpipe.compress.prune.reference.encoders import CountEncoder
from ctxpipe.compress.prune.reference.scorer import ReferenceScorer, per_unit
from ctxpipe.compress.prune.reference.types import PackagePieces
from ctxpipe.compress.scorers import SCORERS
from ctxpipe.compress.types import Document, ScoringText
from ctxpipe.errors import CtxpipeError, MissingExtraError, ModelError, UnknownNameError, UsageError
from ctxpipe.models.tokenizer import TargetTokenizer

support = SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[2] / "llmlingua_support.py")))

TOPICS = pydoc_data.topics.topics
PROSE = TOPICS["assert"] + TOPICS["assignment"][:1300]
QUESTION = "What does an assert statement do?"
ODD = "Tea 🎉 costs £3.\n\n    日本語のテキスト。\n<b>x < y</b>\tThe last sentence stays.  \n"


@pytest.fixture(scope="module")
def folders(minilm_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One small model of each kind, in folders whose names say nothing."""
    corpus = [*list(TOPICS.values())[:12], library()["chinese"].text[:3000]]
    return {
        "bert": support.bert_classifier(tmp_path_factory.mktemp("one"), minilm_dir),
        "xlm-roberta": support.xlmr_classifier(tmp_path_factory.mktemp("two"), [PROSE, *corpus]),
        "llama": support.llama(tmp_path_factory.mktemp("three"), [PROSE]),
    }


@pytest.fixture(scope="module")
def references(folders: dict[str, Path]) -> dict[str, LLMLinguaReference]:
    return {kind: LLMLinguaReference(model=str(folder), device="cpu") for kind, folder in folders.items()}


def kept_text(text: str, pieces: PackagePieces) -> list[str]:
    return [text[a:b] for a, b, kept in zip(pieces.start, pieces.end, pieces.kept, strict=True) if kept]


@pytest.mark.parametrize("kind", ["bert", "xlm-roberta"])
@pytest.mark.parametrize("rate", [0.2, 0.5])
def test_words_and_decisions_are_the_package_s_own(
    folders: dict[str, Path], references: dict[str, LLMLinguaReference], kind: str, rate: float
) -> None:
    texts = [PROSE, library()["markdown"].text[:3000]]
    theirs = support.upstream_words(support.upstream(folders[kind]), texts, rate)
    ours = references[kind].pieces(texts, rate=rate)
    assert np.concatenate([p.kept for p in ours]).astype(int).tolist() == theirs.labels
    words = [text[a:b] for text, p in zip(texts, ours, strict=True) for a, b in zip(p.start, p.end, strict=True)]
    alike = [ours.lower() == theirs.lower().strip("▁ ") for ours, theirs in zip(words, theirs.words, strict=True)]
    assert np.mean(alike) > 0.999


def test_force_tokens_of_several_pieces_are_kept_where_they_stand(references: dict[str, LLMLinguaReference]) -> None:
    text = "A New York minute in New York. " * 3
    (found,) = references["bert"].pieces([text], rate=0.3, force_tokens=["New York", "."])
    assert kept_text(text, found).count("New York") == 6
    assert kept_text(text, found).count(".") == 3


def test_the_package_by_itself_fails_at_the_second_segment_and_the_adapter_does_not(
    folders: dict[str, Path], references: dict[str, LLMLinguaReference]
) -> None:
    alone = support.upstream(folders["llama"], llmlingua2=False)
    with pytest.raises((ValueError, TypeError, AttributeError)):
        alone.compress_prompt([PROSE], rate=0.5, use_context_level_filter=False)
    (found,) = references["llama"].pieces([PROSE], rate=0.5)
    assert 0.4 < found.kept.mean() < 0.6


@pytest.mark.parametrize("rank", [False, True])
def test_longllmlingua_ranks_and_compares(references: dict[str, LLMLinguaReference], rank: bool) -> None:
    texts = [PROSE[i : i + 700] for i in range(0, 2100, 700)]
    found = references["llama"].pieces(texts, question=QUESTION, rate=0.3, rank=rank, dynamic=0.2 if rank else 0.0)
    assert any(len(p) == 0 for p in found) == rank
    assert any(p.kept.any() for p in found)
    if not rank:
        plain = references["llama"].pieces(texts, rate=0.3)
        assert not np.array_equal(found[-1].values, plain[-1].values)


@pytest.mark.parametrize("kind", ["bert", "xlm-roberta", "llama"])
@pytest.mark.parametrize(
    "texts",
    [[], [""], ["   ", "\n"], ["", "a word", " "], ["🎉"], ["a"], ["##ing"], [ODD], ["語" * 90], ["x" * 600]],
    ids=range(10),
)  # fmt: skip
@pytest.mark.parametrize("rate", [0.001, 0.5, 1.0])
def test_offsets_ascend_inside_any_text(
    references: dict[str, LLMLinguaReference], kind: str, texts: list[str], rate: float
) -> None:
    found = references[kind].pieces(texts, rate=rate)
    assert len(found) == len(texts)
    for text, pieces in zip(texts, found, strict=True):
        assert len(pieces) == 0 or text.strip()
        assert (pieces.start <= pieces.end).all()
        assert (np.diff(pieces.end) >= 0).all()
        assert not len(pieces) or (pieces.start.min() >= 0 and pieces.end.max() <= len(text))
        assert rate < 1 or pieces.kept.all()


@pytest.mark.parametrize("kind", ["bert", "xlm-roberta"])
def test_a_rate_near_nothing_keeps_something_and_one_near_everything_nearly_all(
    references: dict[str, LLMLinguaReference], kind: str
) -> None:
    for rate, least, most in ((0.0001, 1e-9, 0.05), (0.01, 1e-9, 0.05), (0.99, 0.9, 1), (1, 1, 1)):
        (found,) = references[kind].pieces([PROSE], rate=rate)
        assert least <= found.kept.mean() <= most


@pytest.mark.parametrize(("rate", "budget"), [(0, None), (-1, None), (1.1, None), (None, 0), (None, None), (0.5, 5)])
def test_a_size_that_makes_no_sense_is_refused(
    references: dict[str, LLMLinguaReference], rate: float | None, budget: int | None
) -> None:
    with pytest.raises(UsageError):
        references["bert"].pieces(["text"], rate=rate, budget=budget)


def test_budgets_count_in_the_encoder_s_tokens(folders: dict[str, Path]) -> None:
    counted: list[str] = []

    def count(text: str) -> int:
        counted.append(text)
        return len(text)

    reference = LLMLinguaReference(model=str(folders["bert"]), device="cpu", encoder=CountEncoder(count))
    (found,) = reference.pieces([PROSE], budget=len(PROSE) // 4)
    assert counted
    letters = sum(len(word) for word in kept_text(PROSE, found))
    assert 0.15 < letters / len("".join(PROSE.split())) < 0.35


def test_model_and_question_choose_the_mode(references: dict[str, LLMLinguaReference]) -> None:
    assert references["xlm-roberta"].mode(QUESTION) == "llmlingua2"
    assert references["llama"].mode(None) == "llmlingua"
    assert references["llama"].mode(QUESTION) == "longllmlingua"
    assert references["llama"].mode(QUESTION, "llmlingua") == "llmlingua"
    for kind, question, wanted in (
        ("bert", QUESTION, "longllmlingua"), ("llama", None, "llmlingua2"), ("llama", None, "longllmlingua"),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=wanted):
            references[kind].mode(question, wanted)
    with pytest.raises(UnknownNameError, match="llmlingua2"):
        ReferenceScorer(mode="llmlingua3")


def test_a_classifier_that_the_package_does_not_know_is_refused(tmp_path: Path, minilm_dir: Path) -> None:
    from transformers import AutoTokenizer, DistilBertConfig, DistilBertForTokenClassification

    config = DistilBertConfig(vocab_size=30_522, dim=32, hidden_dim=32, n_layers=1, n_heads=2)
    DistilBertForTokenClassification(config).save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(minilm_dir).save_pretrained(tmp_path)
    with pytest.raises(ModelError, match="BERT and XLM-R, not distilbert"):
        LLMLinguaReference(model=str(tmp_path), device="cpu").pieces(["text"], rate=0.5)


def test_no_global_state_is_left_changed(folders: dict[str, Path]) -> None:
    import torch

    def state() -> tuple[Any, ...]:
        cudnn = torch.backends.cudnn
        seed = os.environ.get("PYTHONHASHSEED")
        numbers = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
        return *numbers, seed, cudnn.deterministic, cudnn.benchmark

    before = state()
    for kind in ("bert", "llama"):
        LLMLinguaReference(model=str(folders[kind])).pieces(["Some words to read."], rate=0.5)
    assert state() == before


def test_it_runs_where_there_is_no_gpu_and_no_network(folders: dict[str, Path]) -> None:
    """Upstream's constructor downloads an encoding and wants CUDA."""
    code = (
        "import socket, sys\n"
        "def refuse(*_, **__): raise OSError('no network here')\n"
        "socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse\n"
        "from ctxpipe.compress.prune.reference.adapter import LLMLinguaReference\n"
        "for folder in sys.argv[1:]:\n"
        "    (found,) = LLMLinguaReference(model=folder).pieces(['Some words to read, twice.'], rate=0.6)\n"
        "    print(len(found), bool(found.kept.any()))\n"
    )
    given = [sys.executable, "-c", code, str(folders["bert"]), str(folders["llama"])]
    done = subprocess.run(
        given, env={**os.environ, "CUDA_VISIBLE_DEVICES": ""}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert [line.split()[1] for line in done.stdout.splitlines()] == ["True", "True"]


def test_without_the_package_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "llmlingua", None)
    with pytest.raises(
        MissingExtraError, match=r'the llmlingua package .*pip install "ctxpipe\[llmlingua\]"'
    ) as caught:
        SCORERS.create("reference")
    assert isinstance(caught.value, CtxpipeError)


def test_code_that_comes_with_a_model_is_not_run(folders: dict[str, Path], tmp_path: Path) -> None:
    import json
    import shutil

    shutil.copytree(folders["llama"], tmp_path / "model")
    place = tmp_path / "model" / "config.json"
    config = json.loads(place.read_text()) | {"auto_map": {"AutoConfig": "own.Config"}, "model_type": "own"}
    place.write_text(json.dumps(config))
    marker = tmp_path / "ran"
    (tmp_path / "model" / "own.py").write_text(f"open({str(marker)!r}, 'w')\n")
    with pytest.raises(ModelError):
        LLMLinguaReference(model=str(tmp_path / "model")).pieces(["text"], rate=0.5)
    assert not marker.exists()


@pytest.mark.parametrize("kind", ["bert", "xlm-roberta", "llama"])
@pytest.mark.parametrize("question", [None, QUESTION], ids=["unasked", "asked"])
def test_the_scorer_fills_our_budget_where_the_package_misses_its_own(
    folders: dict[str, Path], smollm2_dir: Path, kind: str, question: str | None
) -> None:
    scorer = SCORERS.create("reference", model=str(folders[kind]), device="cpu")
    tokenizer = TargetTokenizer.load("smollm2-135m")
    compressor = Compressor(tokenizer=tokenizer, ranker=None, scorer=scorer, rank="none", prune="reference")
    document = Document(text=ODD * 6 + PROSE[:1500] + "\n\nThe very last sentence <stays> here.", source="note")
    for budget in (60, 140):
        context = compressor.compress([document], question=question, budget=budget)
        assert 0.9 * budget <= context.kept_tokens <= budget
        check_accounts(context)


def test_units_take_the_mean_of_the_pieces_they_share_characters_with() -> None:
    def column(*values: int) -> np.ndarray:
        return np.array(values, dtype=np.int64)

    text = ScoringText(text="ab cd efgh i", headings=(), start=column(0, 3, 6, 8, 11), end=column(2, 5, 8, 10, 12))
    values = np.array([1, np.nan, 4, 2], dtype=np.float32)
    pieces = PackagePieces(
        start=column(0, 3, 4, 6), end=column(2, 4, 5, 10), values=values, kept=np.ones(4, dtype=np.bool_)
    )
    assert per_unit(text, pieces).tolist() == [1, 4, 2, 2, 1]
    assert per_unit(text, PackagePieces.none()).tolist() == [0] * 5


@given(
    st.text("ab c", max_size=30),
    st.dictionaries(st.text("abc ", min_size=1, max_size=3), st.text("XY", max_size=4), max_size=3),
)
def test_replacing_remembers_where_characters_are_from(text: str, names: dict[str, str]) -> None:
    expected = text
    for old, new in names.items():
        expected = expected.replace(old, new)
    found, start, end = align.replaced(text, names)
    assert found == expected
    assert len(start) == len(end) == len(found)
    for character, a, b in zip(found, start, end, strict=True):
        assert character in "XY" or text[a:b] == character
    assert (np.diff(start) >= 0).all()


@given(st.lists(st.sampled_from(["ab", "c", "dd", "e"]), max_size=60), st.data())
def test_pieces_read_again_stand_where_they_stood(source: list[str], data: st.DataObject) -> None:
    end = np.cumsum([len(piece) for piece in source], dtype=np.int64)
    start = end - [len(piece) for piece in source] if source else end
    dropped = data.draw(st.sets(st.integers(0, max(0, len(source) - 1)), max_size=2))
    other = [piece for i, piece in enumerate(source) if i not in dropped]
    first, last = align.spans(source, start, end, other, [1] * len(other))
    text = "".join(source)
    assert (first <= last).all()
    assert (np.diff(last) >= 0).all()
    if not dropped:
        assert [text[a:b] for a, b in zip(first, last, strict=True)] == other


def test_a_changed_word_in_a_long_text_costs_no_other_its_place() -> None:
    words = [f"w{i}" for i in range(20_000)]
    end = np.cumsum([len(word) for word in words], dtype=np.int64)
    start = end - [len(word) for word in words]
    other = [*words[:9000], "changed", "twice", *words[9001:]]
    first, last = align.spans(words, start, end, other, [1] * len(other))
    same = [i for i in range(len(other)) if i not in (9000, 9001)]
    places = [i if i < 9000 else i - 1 for i in same]
    np.testing.assert_array_equal(first[same], start[places])
    np.testing.assert_array_equal(last[same], end[places])

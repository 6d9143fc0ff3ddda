"""Small classifiers of each family with seeded weights, and documents to judge."""

from __future__ import annotations

import os
import pydoc_data.topics
import runpy
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from samples import library

from ctxpipe.models.quiet import quiet

SUPPORT = Path(__file__).parents[3] / "llmlingua_support.py"
CHARACTERS = 1200
"""Of each document: one chunk of prose, two of code and data."""


@pytest.fixture(scope="session")
def support() -> SimpleNamespace:
    return SimpleNamespace(**runpy.run_path(str(SUPPORT), run_name="llmlingua_support"))


@pytest.fixture(scope="session")
def texts(repository: Path) -> list[str]:
    """The beginnings of ten documents: a reference manual, a licence, and one of each kind and script."""
    topics = "\n".join(pydoc_data.topics.topics[name] for name in ("if", "for", "class", "import"))
    kinds = ("text", "markdown", "code", "json", "csv", "chinese", "arabic", "thai")
    licence = (repository / "LICENSE").read_text(encoding="utf-8")
    return [text[:CHARACTERS] for text in (topics, licence, *(library()[kind].text for kind in kinds))]


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory, minilm_dir: Path) -> Iterator[Path]:
    """A folder for models, and a cache beside it that parallel workers share."""
    folder = tmp_path_factory.mktemp("classifiers")
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CTXPIPE_CACHE", str(shared / "classifier-cache"))
        patch.setenv("CTXPIPE_MODELS", str(minilm_dir.parent))
        yield folder


@pytest.fixture(scope="session")
def bert(models: Path, support: SimpleNamespace, minilm_dir: Path) -> Path:
    """MiniLM-L6's body with a random head."""
    return support.bert_classifier(models / "bert", minilm_dir)


@pytest.fixture(scope="session")
def xlmr(models: Path, support: SimpleNamespace, texts: list[str]) -> Path:
    """A small XLM-R of random weights, its Unigram tokenizer trained on the documents."""
    return support.xlmr_classifier(models / "xlmr", texts)


@pytest.fixture(scope="session")
def modernbert(models: Path, texts: list[str]) -> Path:
    """A small ModernBERT of random weights with a window inside its rows, its labels named in words."""
    import torch
    from tokenizers import Tokenizer, decoders, pre_tokenizers, processors, trainers
    from tokenizers import models as kinds
    from transformers import ModernBertConfig, ModernBertForTokenClassification, PreTrainedTokenizerFast

    special = ["[CLS]", "[SEP]", "[PAD]", "[UNK]", "[MASK]"]
    tokenizer = Tokenizer(kinds.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=1500, special_tokens=special, initial_alphabet=alphabet)
    tokenizer.train_from_iterator(texts, trainer)
    frame = [("[CLS]", 0), ("[SEP]", 1)]
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=frame)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, cls_token="[CLS]", sep_token="[SEP]", pad_token="[PAD]", unk_token="[UNK]"
    )
    config = ModernBertConfig(
        vocab_size=len(fast), hidden_size=64, intermediate_size=96, num_hidden_layers=3, num_attention_heads=4,
        local_attention=32, global_attn_every_n_layers=3, max_position_embeddings=8192, cls_token_id=0, sep_token_id=1,
        pad_token_id=2, bos_token_id=0, eos_token_id=1,
        id2label={0: "keep", 1: "drop"}, label2id={"keep": 0, "drop": 1},
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]), quiet():
        torch.manual_seed(3)
        model = ModernBertForTokenClassification(config)
        torch.nn.init.normal_(model.classifier.weight, std=1)
        model.save_pretrained(models / "modernbert")
    fast.save_pretrained(models / "modernbert")
    return models / "modernbert"
